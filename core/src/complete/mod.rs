//! What a text editor shows at a caret: completions and the words of a hover.
//!
//! Where the caret stands is told from indentation and brackets, so that a line being typed is
//! completed too; what may stand there comes from the description of the format
//! ([`crate::spec::form`]), and names come from the graph as far as it could be read.

mod cursor;
mod forms;
mod hover;
mod keys;
mod ports;
#[cfg(test)]
mod tests;
mod values;

use cursor::{Cursor, Slot};

use crate::Analysis;
use crate::catalogue::Catalogue;
use crate::text::Span;

pub use hover::hover;

/// Something that may stand at a caret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What it is called; what is typed is compared with this.
    pub label: String,
    /// A few words to stand beside the label: what a key takes, what a port carries.
    pub detail: String,
    /// What replaces [`Completion::span`].
    pub apply: String,
    /// Where the caret goes: a byte of [`Completion::apply`].
    pub caret: usize,
    /// The word that is replaced.
    pub span: Span,
    /// What it is.
    pub kind: CompletionKind,
    /// What it means, in sentences; may be empty.
    pub info: String,
}

words! {
    /// What a [`Completion`] is.
    pub enum CompletionKind {
        /// A key of the format.
        "key" Key,
        /// One of some words.
        "word" Word,
        /// The name of a node.
        "node" Node,
        /// A port, or the graph's own input or output.
        "port" Port,
        /// A payload type.
        "type" Type,
        /// A GPU of the catalogue.
        "gpu" Gpu,
        /// A model of the catalogue, or one that the document names elsewhere.
        "model" Model,
        /// A number with its unit.
        "unit" Unit,
        /// Another name of the document: a pool, a symbol.
        "name" Name,
        /// A rule's code.
        "rule" Rule,
    }
}

/// What may stand at a byte offset of the text, the likeliest first. What has been typed of a word
/// does not narrow it: that is left to the editor.
pub fn complete(analysis: &Analysis, offset: usize) -> Vec<Completion> {
    complete_with(analysis, offset, &Catalogue::builtin())
}

/// As [`complete`], with what the user knows beside what is built in.
pub fn complete_with(analysis: &Analysis, offset: usize, catalogue: &Catalogue) -> Vec<Completion> {
    let Some(cursor) = Cursor::find(&analysis.text, offset) else {
        return Vec::new();
    };
    let forms = forms::at(forms::root(&cursor), &cursor.path);
    let list = List {
        analysis,
        cursor: &cursor,
        catalogue,
    };
    let mut found = Vec::new();
    if cursor.slot != Slot::Value {
        list.keys(&forms, &mut found);
    }
    if matches!(cursor.slot, Slot::Value | Slot::Fresh) {
        list.values(&forms, &mut found);
    }
    found
}

/// What completions are made from.
#[derive(Clone, Copy)]
struct List<'a> {
    analysis: &'a Analysis,
    cursor: &'a Cursor,
    catalogue: &'a Catalogue,
}

impl List<'_> {
    /// A value; behind a bare `:` it brings its space.
    fn value(
        &self,
        kind: CompletionKind,
        label: impl Into<String>,
        detail: impl Into<String>,
        info: impl Into<String>,
    ) -> Completion {
        let label = label.into();
        let written = crate::yaml::scalar(&label).into_owned();
        self.written(kind, label, &written, detail, info)
    }

    /// As [`List::value`], with the text that is written.
    fn written(
        &self,
        kind: CompletionKind,
        label: impl Into<String>,
        written: &str,
        detail: impl Into<String>,
        info: impl Into<String>,
    ) -> Completion {
        let before = self.analysis.text.get(..self.cursor.span.start);
        let gap = if before.is_some_and(|before| before.ends_with(':')) {
            " "
        } else {
            ""
        };
        let apply = format!("{gap}{written}");
        Completion {
            label: label.into(),
            detail: detail.into(),
            caret: apply.len(),
            apply,
            span: self.cursor.span,
            kind,
            info: info.into().trim().to_owned(),
        }
    }

    fn newline(&self) -> &'static str {
        if self.analysis.text.contains("\r\n") {
            "\r\n"
        } else {
            "\n"
        }
    }
}
