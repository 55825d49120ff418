use core::fmt::Write as _;
use core::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use modelspec_core::check::{Diagnostic, Severity};
use serde_json::{Map, Value, json};
use wgpu_sim::{Compilation, EngineChoice, Outcome as Simulated, Settings, Summary, Warmup};

use crate::source::{Source, bundle};
use crate::{Failure, Outcome, print, source};

/// Simulate each node as a station of its own: wait, service and sojourn at its share of the load.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The document; `-` is standard input.
    file: PathBuf,
    /// Requests counted at each node, all replications together.
    #[arg(long, default_value_t = 1_000_000)]
    requests: u64,
    /// Independent runs; confidence intervals come from their spread.
    #[arg(long, default_value_t = 64)]
    replications: u32,
    /// Requests of each replication that are simulated and not counted.
    #[arg(long)]
    warmup: Option<u32>,
    /// Equal seeds give equal results.
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// What computes; it makes no difference to the figures.
    #[arg(long, value_enum, default_value = "auto")]
    engine: Engine,
    /// Requests a second, in place of the document's workload.
    #[arg(long)]
    rate: Option<f64>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Engine {
    Auto,
    Cpu,
    Gpu,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Simulate {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let source = source::read(&self.file)?;
        let analysis = bundle::analysed(&source, None);
        let errors = analysis.count(Severity::Error);
        let Some((graph, ..)) = analysis.whole().filter(|_| errors == 0) else {
            let name = &source.name;
            let message =
                format!("{name} has {errors} errors; `modelspec check {name}` shows them");
            eprintln!("error: {message}");
            return Ok(Outcome::Findings);
        };
        let place = |note: &mut Diagnostic| note.span = analysis.place(note.span);
        let compilation = match wgpu_sim::from_graph(graph, self.rate) {
            Ok(mut compilation) => {
                compilation.notes.iter_mut().for_each(place);
                compilation
            }
            Err(mut found) => {
                found.iter_mut().for_each(place);
                eprint!("{}", notes(&source, &found));
                eprintln!("error: nothing can be simulated");
                return Ok(Outcome::Findings);
            }
        };
        let simulated = self.simulate(&compilation)?;
        match self.format {
            Format::Text => {
                eprint!("{}", notes(&source, &compilation.notes));
                print(&table(&compilation, &simulated))?;
            }
            Format::Json => print(&json(&compilation, &simulated)?)?,
        }
        Ok(Outcome::Fine)
    }

    fn simulate(&self, compilation: &Compilation) -> Result<Simulated, Failure> {
        let settings = Settings {
            seed: self.seed,
            replications: self.replications,
            requests: self.requests,
            warmup: self.warmup.map_or(Warmup::Auto, Warmup::Requests),
        };
        let choice = match self.engine {
            Engine::Auto => EngineChoice::Auto,
            Engine::Cpu => EngineChoice::Cpu,
            Engine::Gpu => EngineChoice::Gpu,
        };
        let start = Instant::now();
        let clock = || start.elapsed().as_secs_f64() * 1e3;
        let mut said = Duration::ZERO;
        let progress = &mut |state: wgpu_sim::Progress| {
            let elapsed = start.elapsed();
            if elapsed > said + Duration::from_secs(1) {
                said = elapsed;
                let share = 100.0 * state.done as f64 / state.total.max(1) as f64;
                eprintln!("{share:.0} %");
            }
            ControlFlow::Continue(())
        };
        let program = &compilation.program;
        Ok(pollster::block_on(wgpu_sim::simulate(
            program, &settings, choice, &clock, progress,
        ))?)
    }
}

fn notes(source: &Source, found: &[Diagnostic]) -> String {
    let lines = modelspec_core::text::LineIndex::new(&source.text);
    let mut text = String::new();
    for note in found {
        let line = lines.position(&source.text, note.span.start).line;
        let level = note.severity.word();
        let _ = writeln!(text, "{level}: {}:{line}: {}", source.name, note.message);
        if let Some(help) = &note.help {
            let _ = writeln!(text, "  help: {help}");
        }
    }
    text
}

fn table(compilation: &Compilation, simulated: &Simulated) -> String {
    let widest = simulated
        .stations
        .iter()
        .map(|station| station.name.len())
        .max();
    let width = widest.unwrap_or(0).max(4);
    let mut text = format!(
        "{:width$}  {:>6}  {:>9}  {:>9}  {:>9}  {:>9}  service time\n",
        "node", "use", "mean wait", "p50", "p95", "p99"
    );
    let time =
        |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2} ms"));
    for station in &simulated.stations {
        let sojourn = station.sojourn.as_ref();
        let of = |get: fn(&Summary) -> f64| time(sojourn.map(get));
        let origin = compilation
            .origins
            .get(&station.name)
            .map_or("", |origin| origin.word());
        let _ = writeln!(
            text,
            "{:width$}  {:>4.0} %  {:>9}  {:>9}  {:>9}  {:>9}  {origin}{}",
            station.name,
            100.0 * station.utilisation,
            time(station.wait.as_ref().map(|wait| wait.mean_ms)),
            of(|summary| summary.p50_ms),
            of(|summary| summary.p95_ms),
            of(|summary| summary.p99_ms),
            if station.stable {
                ""
            } else {
                "; cannot keep up: add replicas or lower the rate"
            },
        );
    }
    let _ = writeln!(
        text,
        "\n{} requests a second, {} counted at each node, {} replications, seed {}, on the {}",
        compilation.rate,
        simulated.requests,
        simulated.replications,
        simulated.seed,
        match simulated.engine {
            wgpu_sim::Engine::Cpu => "CPU",
            wgpu_sim::Engine::Gpu => "GPU",
        },
    );
    if let Some(said) = &simulated.engine_note {
        let _ = writeln!(text, "{said}");
    }
    text
}

fn json(compilation: &Compilation, simulated: &Simulated) -> Result<String, Failure> {
    let mut nodes = Map::new();
    for station in &simulated.stations {
        let mut node = serde_json::to_value(station)?;
        if let Value::Object(fields) = &mut node {
            fields.remove("name");
            let origin = compilation
                .origins
                .get(&station.name)
                .map(|origin| origin.word());
            fields.insert("origin".to_owned(), json!(origin));
        }
        nodes.insert(station.name.clone(), node);
    }
    let mut result = serde_json::to_value(simulated)?;
    if let Value::Object(fields) = &mut result {
        fields.remove("stations");
        fields.insert("rateRps".to_owned(), json!(compilation.rate));
        fields.insert("nodes".to_owned(), Value::Object(nodes));
        let said: Vec<&str> = compilation
            .notes
            .iter()
            .map(|note| &*note.message)
            .collect();
        fields.insert("notes".to_owned(), json!(said));
    }
    Ok(format!("{}\n", serde_json::to_string_pretty(&result)?))
}
