use core::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use modelspec_core::check::{Applicability, Diagnostic};
use modelspec_core::infer::Slot;
use modelspec_core::text::{self, TextEdit};
use modelspec_core::{Analysis, compose, lock};

use crate::report::{self, Checked, Format, Level};
use crate::source::{self, Source, bundle, catalogue};
use crate::{Failure, Outcome, print};

/// Check documents against every rule.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Files; `-` is standard input, a directory every *.modelspec.yaml under it.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// How findings are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The level from which findings give exit code 1.
    #[arg(long, value_enum, default_value = "error", value_name = "LEVEL")]
    fail_on: Level,
    /// Apply the fixes that are safe, then check what is left.
    #[arg(long)]
    fix: bool,
    /// Print why each inferred type is what it is.
    #[arg(long)]
    explain_inference: bool,
    /// What you know of GPUs yourself; default `modelspec.catalogue.yaml` beside each file.
    #[arg(long, value_name = "CATALOGUE")]
    catalogue: Option<PathBuf>,
}

/// Rounds of fixes: one may uncover the next.
const MOST_ROUNDS: usize = 20;

impl Check {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let mut files = Vec::new();
        for mut source in source::read_all(&self.files)? {
            let gpus = catalogue::gpus(self.catalogue.as_deref(), &source)?;
            let mut analysis = bundle::analysed(&source, gpus);
            if self.fix {
                analysis = fix(analysis, &mut source)?;
            }
            if self.explain_inference && self.format == Format::Text {
                print(&explain(&source, &analysis))?;
            }
            let mut found = analysis.diagnostics.clone();
            found.extend(locked(&analysis, &source)?);
            found.sort_by_key(|found| (found.span, found.code));
            files.push(Checked { source, found });
        }
        print(&report::render(&files, self.format))?;
        let fails = |found: &Diagnostic| self.fail_on.includes(found.severity);
        let any = files.iter().flat_map(|file| &file.found).any(fails);
        Ok(if any {
            Outcome::Findings
        } else {
            Outcome::Fine
        })
    }
}

/// What is not as the lockfile beside the document has it, where there is one that holds its graph.
fn locked(analysis: &Analysis, source: &Source) -> Result<Vec<Diagnostic>, Failure> {
    let path = bundle::lockfile(source).filter(|path| path.exists());
    let lock = path.map(|path| bundle::read_lock(&path)).transpose()?;
    let lock = lock.as_ref().or_else(|| analysis.reading.lock());
    let name = analysis.graph.as_ref().and_then(|graph| graph.spec.name());
    let (Some(lock), Some(name)) = (lock, name) else {
        return Ok(Vec::new());
    };
    let holds = lock
        .graphs
        .as_ref()
        .is_some_and(|graphs| graphs.get(name).is_some());
    if !holds {
        return Ok(Vec::new());
    }
    let bundle = bundle::beside(source, &analysis.reading);
    let specs = compose::specs(analysis, &bundle);
    Ok(lock::verify(analysis, lock, &specs))
}

/// Applies safe fixes until none is left, and writes the file back. What comes from standard input
/// goes to standard output.
fn fix(mut analysis: Analysis, source: &mut Source) -> Result<Analysis, Failure> {
    let before = source.text.clone();
    for _ in 0..MOST_ROUNDS {
        let edits = safe_edits(&analysis);
        if edits.is_empty() {
            break;
        }
        let edited = text::apply(&analysis.text, &edits)?;
        source.text.clone_from(&edited.text);
        analysis = bundle::analysed(source, analysis.own_gpus.clone());
    }
    source.text.clone_from(&analysis.text);
    match &source.path {
        Some(path) if source.text != before => std::fs::write(path, &source.text)
            .map_err(|error| Failure(format!("{}: {error}", source.name)))?,
        Some(_) => {}
        None => print(&source.text)?,
    }
    Ok(analysis)
}

/// The edits of the safe preferred fixes, those left out that overlap an earlier one.
fn safe_edits(analysis: &Analysis) -> Vec<TextEdit> {
    let mut edits: Vec<TextEdit> = Vec::new();
    for found in &analysis.diagnostics {
        let safe = |fix: &&modelspec_core::check::Fix| {
            fix.preferred && fix.applicability == Applicability::Safe
        };
        let Some(fix) = found.fixes.iter().find(safe) else {
            continue;
        };
        let mut candidate = edits.clone();
        candidate.extend(fix.edits.iter().cloned());
        if text::apply(&analysis.text, &candidate).is_ok() {
            edits = candidate;
        }
    }
    edits
}

/// Every inferred fact with the chain that leads to it.
fn explain(source: &Source, analysis: &Analysis) -> String {
    let Some(graph) = &analysis.graph else {
        return String::new();
    };
    let mut text = String::new();
    for (ix, _) in graph.all_ports() {
        let Some(ty) = analysis.typing.of(ix) else {
            continue;
        };
        let params = ty.facts.keys().map(|&param| Slot {
            depth: 0,
            param: Some(param),
        });
        let slots = core::iter::once(Slot {
            depth: 0,
            param: None,
        })
        .chain(params);
        for slot in slots.filter(|&slot| analysis.typing.origin(ix, slot).is_some()) {
            for (depth, step) in analysis.typing.why(graph, ix, slot).iter().enumerate() {
                let lines = text::LineIndex::new(&source.text);
                let line = lines.position(&source.text, step.span.start).line;
                let indent = "  ".repeat(depth);
                let _ = writeln!(text, "{indent}{} ({}:{line})", step.text, source.name);
            }
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}
