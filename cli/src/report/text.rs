use std::io::IsTerminal;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use modelspec_core::check::{Diagnostic, Row, Severity};
use modelspec_core::text::Span;

use super::Checked;
use crate::source::Source;

/// Every finding with the lines that it is about, then a line of counts.
pub(super) fn render(files: &[Checked]) -> String {
    let coloured = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let renderer = if coloured {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for Checked { source, found } in files {
        for found in found {
            text.push_str(&renderer.render(&groups(source, found)));
            text.push_str("\n\n");
        }
    }
    text.push_str(&counts(files));
    text
}

fn groups<'a>(source: &'a Source, found: &'a Diagnostic) -> Vec<Group<'a>> {
    let level = match found.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info | Severity::Off => Level::INFO,
    };
    let range = |span: Span| span.start..span.end.max(span.start);
    let mut snippet = Snippet::source(&source.text)
        .path(&source.name)
        .annotation(AnnotationKind::Primary.span(range(first_line(source, found.span))));
    for related in &found.related {
        let span = first_line(source, related.span);
        let annotation = AnnotationKind::Context
            .span(range(span))
            .label(&*related.message);
        snippet = snippet.annotation(annotation);
    }
    let mut first = level
        .primary_title(&*found.message)
        .id(found.code.0)
        .element(snippet);
    if !found.table.is_empty() {
        first = first.element(Level::NOTE.message(table(&found.table)));
    }
    let mut groups = vec![first];
    if let Some(help) = &found.help {
        groups.push(Group::with_title(Level::HELP.secondary_title(&**help)));
    }
    for fix in &found.fixes {
        let label = format!("{} ({})", fix.label, fix.applicability.word());
        groups.push(Group::with_title(Level::HELP.secondary_title(label)));
    }
    groups
}

/// The rows below each other, amounts at the right.
fn table(rows: &[Row]) -> String {
    let width = |of: fn(&Row) -> &String| {
        let widths = rows.iter().map(|row| of(row).chars().count());
        widths.max().unwrap_or(0)
    };
    let (what, amount) = (width(|row| &row.what), width(|row| &row.amount));
    let line = |row: &Row| format!("{:what$}  {:>amount$}", row.what, row.amount);
    let lines: Vec<String> = rows.iter().map(line).collect();
    lines.join("\n")
}

/// The part of a span on its first line: a whole node underlined says less than its first line.
fn first_line(source: &Source, span: Span) -> Span {
    let content = span.of(&source.text);
    let length = content.find('\n').unwrap_or(content.len());
    Span::new(span.start, span.start + length)
}

fn counts(files: &[Checked]) -> String {
    let of = |severity: Severity| {
        files
            .iter()
            .flat_map(|file| &file.found)
            .filter(|f| f.severity == severity)
            .count()
    };
    let say = |count: usize, one: &str, many: &str| match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    };
    format!(
        "{}: {}, {}, {}\n",
        say(files.len(), "file", "files"),
        say(of(Severity::Error), "error", "errors"),
        say(of(Severity::Warning), "warning", "warnings"),
        say(of(Severity::Info), "info", "infos"),
    )
}
