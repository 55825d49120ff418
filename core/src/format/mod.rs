//! The canonical form of a document: keys in the order of the format, one on a line, quantities in
//! their shortest exact writing, comments kept.
//!
//! Formatting twice is formatting once, and what is read afterwards equals what was read before.
//! Aliases are written out, for the order of keys may put them before their anchor. A document in
//! JSON stays one.

mod comments;
mod scalar;
#[cfg(test)]
mod tests;
mod write;

use comments::{Comment, Page};

use crate::catalogue::CatalogueFile;
use crate::check::{Applicability, Code, Diagnostic, Severity};
use crate::lock::LockFile;
use crate::spec::form::Form;
use crate::spec::piqc::ModelSpec;
use crate::spec::{self, Document, ModelGraph, Reading, Shape};
use crate::text::apply;
use crate::yaml::{is_json, lex};

/// The canonical form of a text.
///
/// # Errors
/// What reading found wrong: a text that is not understood whole is not rewritten.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let reading = spec::read(text);
    let errors = errors(&reading);
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut written = if is_json(text) {
        json(&reading)
    } else {
        yaml(text, &reading)
    };
    if text.contains("\r\n") {
        written = written.replace('\n', "\r\n");
    }
    Ok(written)
}

/// Rounds of fixes: a renamed key may uncover what stands behind it.
const MOST_ROUNDS: usize = 20;

/// The canonical form of an older text: its `apiVersion`, and the keys and words that are called
/// otherwise now, are rewritten where what is meant is certain.
///
/// # Errors
/// What reading finds wrong after that.
pub fn upgrade(text: &str) -> Result<String, Vec<Diagnostic>> {
    let mut text = text.to_owned();
    for _ in 0..MOST_ROUNDS {
        let reading = spec::read(&text);
        let mut edits = Vec::new();
        for found in errors(&reading) {
            if found.code == Code::SYNTAX {
                return Err(errors(&reading));
            }
            let fixes = found.fixes.into_iter();
            let mut certain = fixes.filter(|fix| fix.applicability == Applicability::Safe);
            if let Some(fix) = certain.next() {
                edits.extend(fix.edits);
            }
        }
        match apply(&text, &edits) {
            Ok(edited) if !edits.is_empty() => text = edited.text,
            _ => break,
        }
    }
    format(&text)
}

fn errors(reading: &Reading) -> Vec<Diagnostic> {
    let found = reading.diagnostics.iter();
    found
        .filter(|found| found.severity == Severity::Error)
        .cloned()
        .collect()
}

fn form_of(document: &Document) -> Form {
    match document {
        Document::Graph(_) => ModelGraph::form(),
        Document::ModelSpec(_) => ModelSpec::form(),
        Document::Lock(_) => LockFile::form(),
        Document::Catalogue(_) => CatalogueFile::form(),
        Document::Unknown => Form::Any,
    }
}

fn json(reading: &Reading) -> String {
    let mut text = String::new();
    for (document, tree) in reading.documents.iter().zip(&reading.trees) {
        write::json(tree, &form_of(document), 0, &mut text);
        text.push('\n');
    }
    text
}

fn yaml(text: &str, reading: &Reading) -> String {
    let mut pages: Vec<Vec<String>> = Vec::new();
    // Comments of a document that says nothing else go to the next.
    let mut carried: Vec<Comment> = Vec::new();
    let documents: Vec<_> = reading.documents.iter().zip(&reading.trees).collect();
    for (start, end) in regions(text) {
        let within = |at: usize| start <= at && (at < end || end == text.len());
        let here = documents
            .iter()
            .find(|(_, tree)| !tree.is_null() && within(tree.span.start));
        let mut page = Page::new(text, start, end, here.map(|(_, tree)| *tree));
        let mut head = core::mem::take(&mut carried);
        head.append(&mut page.head);
        page.head = head;
        if let Some((document, _)) = here {
            pages.push(write::page(&page, form_of(document)));
        } else {
            carried.append(&mut page.head);
            carried.append(&mut page.foot);
        }
    }
    if !carried.is_empty() {
        let lines = carried.into_iter().map(|comment| comment.text);
        match pages.last_mut() {
            Some(page) => page.extend(lines),
            None => pages.push(lines.collect()),
        }
    }
    let mut text = String::new();
    for (at, lines) in pages.iter().enumerate() {
        if at > 0 {
            text.push_str("---\n");
        }
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The stretches of a stream that hold a document each: from a `---` to the next.
fn regions(text: &str) -> Vec<(usize, usize)> {
    let mut starts = vec![0];
    let mut line = lex::line_start(text, 0);
    while line < text.len() {
        if lex::is_marker(text, line, "---") {
            starts.push(line);
        }
        line = lex::next_line(text, line);
    }
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().copied().zip(ends).collect()
}
