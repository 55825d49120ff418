//! Findings as text, JSON, SARIF and GitHub annotations.

mod github;
mod json;
mod notes;
mod sarif;
mod text;

use clap::ValueEnum;
pub(crate) use github::annotation;
use modelspec_core::check::{Code, Diagnostic, Severity};
use modelspec_core::text::{LineIndex, Position};
pub(crate) use notes::Notes;

use crate::source::Source;

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, with the lines they are about.
    Text,
    /// One array, stable.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of a GitHub workflow.
    Github,
}

/// The level from which findings fail a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Level {
    /// Errors only.
    Error,
    /// Warnings too.
    Warning,
    /// Everything.
    Info,
}

impl Level {
    pub(crate) fn includes(self, severity: Severity) -> bool {
        let least = match self {
            Self::Error => Severity::Error,
            Self::Warning => Severity::Warning,
            Self::Info => Severity::Info,
        };
        severity >= least
    }
}

/// A file and what was found in it.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) source: Source,
    pub(crate) found: Vec<Diagnostic>,
}

/// Where a finding lies, lines and columns from 1.
struct Place {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn ends(source: &Source, lines: &LineIndex, found: &Diagnostic) -> (Position, Position) {
    let start = lines.position(&source.text, found.span.start);
    let end = lines.position(&source.text, found.span.end.max(found.span.start));
    (start, end)
}

fn place(source: &Source, lines: &LineIndex, found: &Diagnostic) -> Place {
    let (start, end) = ends(source, lines, found);
    Place {
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}

/// The page of a rule.
fn url(code: Code) -> String {
    let repository = env!("CARGO_PKG_REPOSITORY");
    format!("{repository}/blob/main/docs/rules/{code}.md")
}

/// All findings in a format.
pub(crate) fn render(files: &[Checked], format: Format) -> String {
    match format {
        Format::Text => text::render(files),
        Format::Json => json::render(files),
        Format::Sarif => sarif::render(files),
        Format::Github => github::render(files),
    }
}
