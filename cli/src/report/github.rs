use modelspec_core::check::Severity;
use modelspec_core::text::{LineIndex, Position};

use super::{Checked, ends};

/// One workflow command a finding.
pub(super) fn render(files: &[Checked]) -> String {
    let mut text = String::new();
    for Checked { source, found } in files {
        let lines = LineIndex::new(&source.text);
        for found in found {
            let command = match found.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Off => "notice",
            };
            let message = match &found.help {
                Some(help) => format!("{}\n{help}", found.message),
                None => found.message.clone(),
            };
            let (start, end) = ends(source, &lines, found);
            text.push_str(&annotation(
                command,
                &source.name,
                start,
                end,
                found.code.0,
                &message,
            ));
        }
    }
    text
}

/// A workflow command that annotates a part of a file.
pub(crate) fn annotation(
    command: &str,
    file: &str,
    start: Position,
    end: Position,
    title: &str,
    message: &str,
) -> String {
    format!(
        "::{command} file={},line={},col={},endLine={},endColumn={},title={title}::{}\n",
        property(file),
        start.line,
        start.column,
        end.line,
        end.column,
        data(message),
    )
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
