//! A run in shares: what each counted goes into a file, and all of them give the answer of the whole
//! run.

use core::str::FromStr;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use clap::Args;
use modelspec_core::Analysis;
use modelspec_core::compose::Bundle;
use serde::{Deserialize, Serialize};
use wgpu_sim::network::{GraphCompilation, Load, Network};
use wgpu_sim::{Part, RequestTrace, Settings, Shard};

use super::{FailOn, Format, Open, Said, Told};
use crate::{Failure, Outcome};

/// `2/8`: the second of eight shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share(Shard);

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            (0 < number && number <= of).then_some(Shard { number, of })
        });
        let why = || "write which share of how many, from 1: `2/8`".to_owned();
        parsed.map(Self).ok_or_else(why)
    }
}

/// A share in its file, with all that the whole answer needs: the machine that merges has nothing
/// else of the run.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stored {
    /// The program that wrote it.
    version: String,
    run: Run,
    part: Part,
}

/// What all shares of a run have in common.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Run {
    name: String,
    document: String,
    /// The files that the document refers to, by path.
    files: BTreeMap<String, String>,
    rate: Option<f64>,
    trace: Option<Trace>,
}

/// A trace, with its gaps in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Trace {
    gaps: Vec<u64>,
    prompts: Option<Vec<u32>>,
    answers: Option<Vec<u32>>,
}

impl From<&RequestTrace> for Trace {
    fn from(trace: &RequestTrace) -> Self {
        let nanoseconds = |gap: &Duration| u64::try_from(gap.as_nanos()).unwrap_or(u64::MAX);
        Self {
            gaps: trace.gaps.iter().map(nanoseconds).collect(),
            prompts: trace.prompts.clone(),
            answers: trace.answers.clone(),
        }
    }
}

impl From<Trace> for RequestTrace {
    fn from(trace: Trace) -> Self {
        Self {
            gaps: trace.gaps.into_iter().map(Duration::from_nanos).collect(),
            prompts: trace.prompts,
            answers: trace.answers,
        }
    }
}

/// Simulates one share and writes what it counted.
pub(super) fn write(
    open: &Open<'_>,
    compilation: &GraphCompilation,
    settings: &Settings,
    (Share(shard), output): (Share, &Path),
    load: &Load<'_>,
) -> Result<Outcome, Failure> {
    eprint!("{}", open.notes(&compilation.notes));
    let mut said = Said::new();
    let progress = &mut |state| said.hear(state);
    let part = Part::simulate(&compilation.network, settings, shard, progress)?;
    let analysis = open.analysis;
    let files = analysis.bundle.iter().flat_map(|bundle| bundle.files());
    let stored = Stored {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        run: Run {
            name: open.name.to_owned(),
            document: analysis.text.clone(),
            files: files
                .map(|(path, text)| (path.to_owned(), text.to_owned()))
                .collect(),
            rate: load.rate,
            trace: load.trace.map(Trace::from),
        },
        part,
    };
    let text = serde_json::to_string(&stored)?;
    std::fs::write(output, text)
        .map_err(|error| Failure(format!("{}: {error}", output.display())))?;
    Ok(Outcome::Fine)
}

/// Add the shares of a simulated run up to the answer of the whole, equal to that of one run.
#[derive(Debug, Args)]
pub(crate) struct Merge {
    /// The files that `modelspec simulate --shard` wrote, all of one run.
    #[arg(required = true)]
    parts: Vec<PathBuf>,
    /// Exit with 1 when an objective of the document is missed.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

impl Merge {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut run: Option<Run> = None;
        let mut parts = Vec::new();
        for path in &self.parts {
            let stored = read(path)?;
            let known = run.get_or_insert_with(|| stored.run.clone());
            if *known != stored.run {
                let message = format!(
                    "{} is a part of another run: merge the parts of one document and one load",
                    path.display()
                );
                return Err(Failure(message));
            }
            parts.push(stored.part);
        }
        let Some(run) = run else {
            return Err(Failure("there is no part to merge".to_owned()));
        };
        let mut bundle = Bundle::new();
        for (path, text) in &run.files {
            bundle.add(&**path, text);
        }
        let analysis = Analysis::read_beside(run.document, Some(Rc::new(bundle))).checked();
        let open = Open {
            name: &run.name,
            analysis: &analysis,
        };
        let trace = run.trace.map(RequestTrace::from);
        let load = Load {
            rate: run.rate,
            trace: trace.as_ref(),
        };
        let Some((graph, ..)) = analysis.whole() else {
            return Err(Failure(format!("{} holds no graph", run.name)));
        };
        let compilation = match Network::from_graph(graph, &load) {
            Ok(compilation) => compilation,
            Err(reasons) => {
                eprint!("{}", open.notes(&reasons));
                return Err(Failure(
                    "the graph of these parts cannot be simulated".to_owned(),
                ));
            }
        };
        let simulated = Part::merge(&compilation.network, parts)?;
        let told = Told {
            format: self.format,
            fail_on: self.fail_on,
        };
        told.tell(&open, graph, &compilation, &simulated)
    }
}

fn read(path: &Path) -> Result<Stored, Failure> {
    let failed = |why: &dyn core::fmt::Display| Failure(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(&error))?;
    let stored: Stored = serde_json::from_str(&text).map_err(|error| {
        failed(&format!(
            "this is no part that `modelspec simulate --shard` wrote: {error}"
        ))
    })?;
    let own = env!("CARGO_PKG_VERSION");
    if stored.version != own {
        let why = format!(
            "it is of version {}, this is {own}: merge with the program that simulated",
            stored.version
        );
        return Err(failed(&why));
    }
    Ok(stored)
}
