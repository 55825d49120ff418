mod parts;
mod set;
mod stations;
mod trace;
mod whole;

use core::fmt::Write as _;
use core::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use modelspec_core::Analysis;
use modelspec_core::check::{Diagnostic, Severity};
use modelspec_core::graph::Graph;
use modelspec_core::text::LineIndex;
use wgpu_sim::network::{GraphCompilation, Load, Network};
use wgpu_sim::{Cost, EngineChoice, GraphOutcome, Progress, Settings, SharedGpu, Summary, Warmup};

use crate::source::bundle;
use crate::{Failure, Outcome, print, source};

/// Simulate the graph under its load: latency from end to end, and each node's wait, service and use.
///
/// A graph that cannot be simulated as a whole is simulated node by node, each at its share of the
/// load, and the result says why.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The document; `-` is standard input.
    file: PathBuf,
    /// Requests counted, all replications together.
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
    /// Requests a second, in place of the document's; its arrivals keep their shape.
    #[arg(long)]
    rate: Option<f64>,
    /// A field of the document, changed for this run: `generator.placement.replicas=3`,
    /// `workload.arrivals.poisson.rate=40rps`. May be repeated.
    #[arg(long, value_name = "PATH=VALUE")]
    set: Vec<String>,
    /// Exit with 1 when an objective of the document is missed; needs a graph that can be simulated
    /// as a whole.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// Simulate only one share of the replications, `2/8` for the second of eight, and write what it
    /// counted; `modelspec merge` adds the shares up.
    #[arg(long, value_name = "I/N", requires = "output", conflicts_with_all = ["fail_on", "format"])]
    shard: Option<parts::Share>,
    /// Where the counts of a share are written.
    #[arg(short, long, value_name = "FILE", requires = "shard")]
    output: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(crate) use parts::Merge;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Objectives,
}

impl Simulate {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut source = source::read(&self.file)?;
        for assignment in &self.set {
            source.text = set::apply(&source.text, assignment)?;
        }
        let analysis = bundle::analysed(&source, None);
        let errors = analysis.count(Severity::Error);
        let Some((graph, ..)) = analysis.whole().filter(|_| errors == 0) else {
            let name = &source.name;
            let message =
                format!("{name} has {errors} errors; `modelspec check {name}` shows them");
            eprintln!("error: {message}");
            return Ok(Outcome::Findings);
        };
        let open = Open {
            name: &source.name,
            analysis: &analysis,
        };
        let trace = trace::read(graph, &self.file)?;
        let load = Load {
            rate: self.rate,
            trace: trace.as_ref(),
        };
        match Network::from_graph(graph, &load) {
            Ok(compilation) if let (Some(share), Some(output)) = (self.shard, &self.output) => {
                let share = (share, &**output);
                parts::write(&open, &compilation, &self.settings(), share, &load)
            }
            Err(reasons) if self.shard.is_some() => {
                eprint!("{}", open.notes(&reasons));
                eprintln!("error: only a graph that is simulated as a whole has shares");
                Ok(Outcome::Findings)
            }
            Ok(compilation) => self.run_whole(&open, graph, &compilation),
            Err(reasons) if self.fail_on.is_some() => {
                eprint!("{}", open.notes(&reasons));
                eprintln!("error: objectives are judged of whole graphs only");
                Ok(Outcome::Findings)
            }
            Err(reasons) => self.run_stations(&open, graph, reasons),
        }
    }

    fn run_whole(
        &self,
        open: &Open<'_>,
        graph: &Graph,
        compilation: &GraphCompilation,
    ) -> Result<Outcome, Failure> {
        let mut said = Said::new();
        let progress = &mut |state| said.hear(state);
        let start = Instant::now();
        let clock = || start.elapsed().as_secs_f64() * 1e3;
        let simulated = pollster::block_on(wgpu_sim::simulate_graph_on(
            &compilation.network,
            &self.settings(),
            self.choice(),
            &SharedGpu::default(),
            &clock,
            &|| None,
            progress,
        ))?;
        let told = Told {
            format: self.format,
            fail_on: self.fail_on,
        };
        told.tell(open, graph, compilation, &simulated)
    }

    /// Simulates node by node; `reasons` say why not the graph as a whole.
    fn run_stations(
        &self,
        open: &Open<'_>,
        graph: &Graph,
        reasons: Vec<Diagnostic>,
    ) -> Result<Outcome, Failure> {
        let mut compilation = match wgpu_sim::from_graph(graph, self.rate) {
            Ok(compilation) => compilation,
            Err(found) => {
                eprint!("{}", open.notes(&found));
                eprintln!("error: nothing can be simulated");
                return Ok(Outcome::Findings);
            }
        };
        compilation.notes.splice(..0, reasons);
        let mut said = Said::new();
        let start = said.start;
        let clock = || start.elapsed().as_secs_f64() * 1e3;
        let progress = &mut |state| said.hear(state);
        let program = &compilation.program;
        let simulated = pollster::block_on(wgpu_sim::simulate(
            program,
            &self.settings(),
            self.choice(),
            &SharedGpu::default(),
            &clock,
            &|| None,
            progress,
        ))?;
        match self.format {
            Format::Text => {
                eprint!("{}", open.notes(&compilation.notes));
                print(&stations::table(&compilation, &simulated))?;
            }
            Format::Json => print(&stations::json(&compilation, &simulated)?)?,
        }
        Ok(Outcome::Fine)
    }

    fn choice(&self) -> EngineChoice {
        match self.engine {
            Engine::Auto => EngineChoice::Auto,
            Engine::Cpu => EngineChoice::Cpu,
            Engine::Gpu => EngineChoice::Gpu,
        }
    }

    fn settings(&self) -> Settings {
        Settings {
            seed: self.seed,
            replications: self.replications,
            requests: self.requests,
            warmup: self.warmup.map_or(Warmup::Auto, Warmup::Requests),
        }
    }
}

/// How the result of a whole graph is told.
struct Told {
    format: Format,
    fail_on: Option<FailOn>,
}

impl Told {
    fn tell(
        &self,
        open: &Open<'_>,
        graph: &Graph,
        compilation: &GraphCompilation,
        simulated: &GraphOutcome,
    ) -> Result<Outcome, Failure> {
        let cost = Cost::of(graph, simulated);
        let report = whole::Report {
            compilation,
            simulated,
            judged: wgpu_sim::judge(
                graph,
                simulated,
                compilation.network.rate_in(simulated),
                &cost,
            ),
            cost,
            chosen: wgpu_sim::chosen(open.analysis, &compilation.network, simulated),
        };
        match self.format {
            Format::Text => {
                eprint!("{}", open.notes(&compilation.notes));
                print(&report.table())?;
            }
            Format::Json => print(&report.json()?)?,
        }
        if self.fail_on.is_none() {
            return Ok(Outcome::Fine);
        }
        let mut outcome = Outcome::Fine;
        for judged in report.judged.iter().filter(|judged| !judged.is_met) {
            eprintln!("error: objective missed: {judged}");
            outcome = Outcome::Findings;
        }
        Ok(outcome)
    }
}

/// What was said of progress: a line a second, on standard error.
struct Said {
    start: Instant,
    last: Duration,
}

impl Said {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            last: Duration::ZERO,
        }
    }

    fn hear(&mut self, state: Progress) -> ControlFlow<()> {
        let elapsed = self.start.elapsed();
        if elapsed > self.last + Duration::from_secs(1) {
            self.last = elapsed;
            let share = 100.0 * state.done as f64 / state.total.max(1) as f64;
            eprintln!("{share:.0} %");
        }
        ControlFlow::Continue(())
    }
}

/// A time in a table.
fn time(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2} ms"))
}

/// The document that is simulated.
struct Open<'o> {
    name: &'o str,
    analysis: &'o Analysis,
}

impl Open<'_> {
    /// What is to be told of it, a line each; of what another file says, where it is referred to.
    fn notes(&self, found: &[Diagnostic]) -> String {
        let lines = LineIndex::new(&self.analysis.text);
        let mut text = String::new();
        for note in found {
            let span = self.analysis.place(note.span);
            let line = lines.position(&self.analysis.text, span.start).line;
            let level = note.severity.word();
            let _ = writeln!(text, "{level}: {}:{line}: {}", self.name, note.message);
            if let Some(help) = &note.help {
                let _ = writeln!(text, "  help: {help}");
            }
        }
        text
    }
}
