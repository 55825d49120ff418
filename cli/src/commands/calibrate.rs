use core::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use modelspec_core::Analysis;
use modelspec_core::edit::{self, Command};
use modelspec_core::spec::{self, Duration, FineDuration};
use modelspec_core::text;
use modelspec_core::yaml::Fragment;
use serde_json::json;
use wgpu_sim::CALIBRATED;
use wgpu_sim::network::Continuous;
use wgpu_sim::service::calibrate::{self, Fit};
use wgpu_sim::service::measurements::{self, Measurements};
use wgpu_sim::service::{StepTime, replay};

use crate::source::{self, Source};
use crate::{Failure, Outcome, print};

/// Fit the service time of a node to measurements of your own.
///
/// The measurements are a table of comma-separated values, known by its headings: `batch,time` for
/// batches; `sequences,contextTokens,generatedTokens,tpot` for a server that always held so many
/// requests; `arrival,contextTokens,generatedTokens,ttft,tpot` for requests one by one, which are
/// replayed on the node's server as its `placement.batch` states it. Times have their unit, as in
/// `9.2ms`, or their heading has it: `tpot_ms`.
///
/// Told are the coefficients and how far they are off each measurement.
#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    /// A file; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The node that was measured.
    #[arg(long, value_name = "NODE")]
    node: String,
    /// The table of measurements.
    #[arg(long, value_name = "CSV")]
    measurements: PathBuf,
    /// Put the service time into the file; nothing else of it is changed.
    #[arg(long)]
    write: bool,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// The measurements farthest from the fit that a report shows.
const FARTHEST: usize = 5;

impl Calibrate {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut source = source::read(&self.file)?;
        let table = source::read(&self.measurements)?;
        let measured = measurements::read(&table.text)
            .map_err(|error| Failure(format!("{}: {error}", table.name)))?;
        let analysis = Analysis::read(&*source.text);
        let node = node(&analysis, &source, &self.node)?;
        let fitted = Fitted::new(node, &measured)
            .map_err(|reason| Failure(format!("{}: `{}`: {reason}", table.name, self.node)))?;
        if self.write {
            let label = fitted.label(&table.name);
            self.write(&mut source, &fitted, label)?;
        }
        print(&match self.format {
            Format::Text => fitted.text(&self.node, &table.name),
            Format::Json => fitted.json(&self.node)?,
        })?;
        Ok(Outcome::Fine)
    }

    fn write(&self, source: &mut Source, fitted: &Fitted, label: String) -> Result<(), Failure> {
        let Some(path) = &source.path else {
            return Err(Failure(
                "`--write` needs a file, not standard input".to_owned(),
            ));
        };
        let at = |keys: &[&str]| -> Vec<String> {
            let base = ["spec", "nodes", &self.node].into_iter();
            base.chain(keys.iter().copied())
                .map(str::to_owned)
                .collect()
        };
        let commands = [
            (at(&["service"]), fitted.service()),
            (at(&["annotations", CALIBRATED]), Fragment::text(label)),
        ];
        for (path, value) in commands {
            // The edits of one command move the places of the next.
            let analysis = Analysis::read(&*source.text);
            let change = edit::plan(&analysis, &Command::Set { path, value })?;
            source.text = text::apply(&source.text, &change.edits)?.text;
        }
        std::fs::write(path, &source.text)
            .map_err(|error| Failure(format!("{}: {error}", source.name)))
    }
}

/// The node of this name.
fn node<'a>(
    analysis: &'a Analysis,
    source: &Source,
    name: &str,
) -> Result<&'a spec::Node, Failure> {
    let file = &source.name;
    let Some((graph, _)) = analysis
        .reading
        .graph()
        .filter(|_| analysis.reading.is_well_formed())
    else {
        return Err(Failure(format!(
            "{file}: it holds no graph that can be read; `modelspec check` says why"
        )));
    };
    graph.node(name).ok_or_else(|| {
        let names: Vec<&str> = graph.nodes().map(|node| &*node.name.value).collect();
        let names = names.join(", ");
        Failure(format!(
            "{file}: there is no node `{name}`; there are {names}"
        ))
    })
}

/// A service time and how far it is off the measurements.
struct Fitted {
    /// The word of the service.
    kind: &'static str,
    /// What each measurement is.
    what: &'static str,
    /// Each coefficient by its key, as a document states it.
    coefficients: Vec<(&'static str, String)>,
    /// For each line of the table that was fitted: fitted / measured − 1.
    residuals: Vec<f64>,
    median: f64,
}

impl Fitted {
    fn new(node: &spec::Node, measured: &Measurements) -> Result<Self, String> {
        match measured {
            Measurements::Batches(batches) => {
                let fit = calibrate::batch(batches)?;
                let coefficients = vec![
                    ("base", time(fit.value.base)),
                    ("perItem", time(fit.value.item)),
                ];
                Ok(Self::of("batch", "batches", coefficients, fit))
            }
            Measurements::Steps(steps) => {
                let fit = calibrate::step(steps)?;
                Ok(Self::of("continuous", "loads", step(&fit.value), fit))
            }
            Measurements::Requests { requests, times } => {
                let server = Continuous::stated(node)?;
                let fit = replay::fit(&server, requests, times)?;
                Ok(Self::of("continuous", "requests", step(&fit.value), fit))
            }
        }
    }

    fn of<T>(
        kind: &'static str,
        what: &'static str,
        coefficients: Vec<(&'static str, String)>,
        fit: Fit<T>,
    ) -> Self {
        Self {
            kind,
            what,
            coefficients,
            median: fit.median_error(),
            residuals: fit.residuals,
        }
    }

    /// `{batch: {base: 1.9ms, perItem: 140us}}`.
    fn service(&self) -> Fragment {
        let coefficients = self.coefficients.iter();
        let inner = coefficients.map(|(key, time)| (*key, Fragment::text(time.clone())));
        Fragment::map([(self.kind, Fragment::map(inner))])
    }

    /// What the document tells of where the service comes from.
    fn label(&self, table: &str) -> String {
        format!(
            "fitted to {} {} of {table}; half of them lie within {}",
            self.residuals.len(),
            self.what,
            percent(self.median)
        )
    }

    fn text(&self, node: &str, table: &str) -> String {
        let mut text = format!("{node}: {}\n", self.label(table));
        let mut order: Vec<(u32, f64)> = (1..).zip(self.residuals.iter().copied()).collect();
        order.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        for (number, residual) in order.iter().take(FARTHEST) {
            let side = if *residual < 0.0 { "shorter" } else { "longer" };
            let off = percent(residual.abs());
            let _ = writeln!(
                text,
                "  measurement {number}: fitted {off} {side} than measured"
            );
        }
        let inner: Vec<String> = self
            .coefficients
            .iter()
            .map(|(key, time)| format!("{key}: {time}"))
            .collect();
        let (kind, inner) = (self.kind, inner.join(", "));
        let _ = writeln!(text, "service: {{{kind}: {{{inner}}}}}");
        text
    }

    fn json(&self, node: &str) -> Result<String, Failure> {
        let coefficients = self.coefficients.iter();
        let coefficients: serde_json::Map<_, _> = coefficients
            .map(|(key, time)| ((*key).to_owned(), json!(time)))
            .collect();
        let result = json!({
            "node": node,
            "service": {self.kind: coefficients},
            "medianError": self.median,
            "residuals": self.residuals,
        });
        Ok(format!("{}\n", serde_json::to_string_pretty(&result)?))
    }
}

fn step(step: &StepTime) -> Vec<(&'static str, String)> {
    vec![
        ("step", time(step.base)),
        ("perToken", time(step.token)),
        ("perContextToken", fine(step.context)),
        ("perPrefillSquared", fine(step.prefill)),
    ]
}

/// A time in nanoseconds, as a document states it.
fn time(nanos: f64) -> String {
    Duration(digits(nanos)).to_string()
}

fn fine(nanos: f64) -> String {
    FineDuration(digits(1e3 * nanos)).to_string()
}

/// A whole number of four digits and zeros: more no measurement tells.
fn digits(value: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let whole = value.round() as u64;
    let mut unit = 1;
    while whole / unit >= 10_000 {
        unit *= 10;
    }
    (whole + unit / 2) / unit * unit
}

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}
