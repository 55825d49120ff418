use core::fmt::Write as _;

use modelspec_core::check::Severity;
use modelspec_core::text::LineIndex;

use super::{Checked, place};

/// One workflow command a finding.
pub(super) fn render(files: &[Checked]) -> String {
    let mut text = String::new();
    for Checked { source, found } in files {
        let lines = LineIndex::new(&source.text);
        for found in found {
            let at = place(source, &lines, found);
            let command = match found.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Off => "notice",
            };
            let file = property(&source.name);
            let message = match &found.help {
                Some(help) => format!("{}\n{help}", found.message),
                None => found.message.clone(),
            };
            let _ = writeln!(
                text,
                "::{command} file={file},line={},col={},endLine={},endColumn={},title={}::{}",
                at.line,
                at.column,
                at.end_line,
                at.end_column,
                found.code,
                data(&message),
            );
        }
    }
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
