use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use modelspec_core::Analysis;
use modelspec_core::catalogue::{Catalogue, Fact};
use modelspec_core::edit::{self, Command, Knowledge};
use modelspec_core::text::{self, LineIndex};

use crate::source::{self, Source, catalogue};
use crate::{Failure, Outcome, print};

/// Fill in what the catalogue knows of the models and the document does not say.
///
/// Nothing that the document says is changed. Each fact is told with its source and date; where the
/// document says something else, both are told, and the exit code is 1.
#[derive(Debug, Args)]
pub(crate) struct Fill {
    /// A file; `-` is standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Fill in this node only; may be given more than once.
    #[arg(long, value_name = "NODE")]
    node: Vec<String>,
    /// Write the file back; without this the document goes to standard output.
    #[arg(long)]
    write: bool,
    /// What you know yourself; default `modelspec.catalogue.yaml` beside the file.
    #[arg(long, value_name = "CATALOGUE")]
    catalogue: Option<PathBuf>,
}

impl Fill {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut source = source::read(&self.file)?;
        let catalogue = catalogue::read(self.catalogue.as_deref(), &source)?;
        let analysis = Analysis::read(&*source.text);
        let nodes = self.nodes(&analysis, &source)?;
        let mut told = String::new();
        let mut differs = false;
        for node in &nodes {
            // The edits of one node move the places of the next.
            let analysis = Analysis::read(&*source.text);
            let Some(known) = edit::knowledge(&analysis, node, &catalogue) else {
                continue;
            };
            differs |= !known.conflicts.is_empty();
            told.push_str(&tell(node, &known, &source));
            if !known.missing.is_empty() {
                let command = Command::Fill {
                    node: node.clone(),
                    facts: known.missing,
                };
                let change = edit::plan(&analysis, &command)?;
                source.text = text::apply(&source.text, &change.edits)?.text;
            }
        }
        eprint!("{}", or_nothing(told, &nodes, &catalogue));
        match &source.path {
            Some(path) if self.write => std::fs::write(path, &source.text)
                .map_err(|error| Failure(format!("{}: {error}", source.name)))?,
            _ => print(&source.text)?,
        }
        Ok(if differs {
            Outcome::Findings
        } else {
            Outcome::Fine
        })
    }

    fn nodes(&self, analysis: &Analysis, source: &Source) -> Result<Vec<String>, Failure> {
        let name = &source.name;
        let Some((graph, _)) = analysis.reading.graph() else {
            return Err(Failure(format!(
                "{name}: there is no graph in it; `modelspec check` says why"
            )));
        };
        if !analysis.reading.is_well_formed() {
            return Err(Failure(format!(
                "{name}: it is not YAML throughout; mend what `modelspec check` tells first"
            )));
        }
        let all = graph.nodes().map(|node| node.name.value.clone());
        if self.node.is_empty() {
            return Ok(all.collect());
        }
        let all: Vec<String> = all.collect();
        if let Some(unknown) = self.node.iter().find(|node| !all.contains(node)) {
            let names = all.join(", ");
            return Err(Failure(format!(
                "{name}: there is no node `{unknown}`; there are {names}"
            )));
        }
        Ok(self.node.clone())
    }
}

/// What was filled in and what differs, each with its source.
fn tell(node: &str, known: &Knowledge, source: &Source) -> String {
    let mut told = String::new();
    let origin = |fact: &Fact| format!("{}, {}", fact.source, fact.date);
    for fact in &known.missing {
        let (key, value) = (fact.key(), fact.written());
        let _ = writeln!(told, "filled: {node}.{key}: {value} ({})", origin(fact));
    }
    let lines = LineIndex::new(&source.text);
    for conflict in &known.conflicts {
        let (key, value) = (conflict.fact.key(), conflict.fact.written());
        let line = lines.position(&source.text, conflict.span.start).line;
        let stated = &conflict.stated;
        let _ = writeln!(
            told,
            "differs: {}:{line}: {node}.{key} is {stated}, known is {value} ({})",
            source.name,
            origin(&conflict.fact)
        );
    }
    told
}

fn or_nothing(told: String, nodes: &[String], catalogue: &Catalogue) -> String {
    if !told.is_empty() {
        return told;
    }
    let count = catalogue.models().len();
    format!(
        "nothing to fill in: of the models of {} nodes the catalogue, with {count} models, knows no more\n",
        nodes.len()
    )
}
