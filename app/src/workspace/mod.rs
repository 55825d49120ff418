//! The open document: its text, what is known of it, what is selected, and the way back.
//!
//! The text is the truth. [`Workspace::dispatch`] is the one writer: a gesture, key, form or fix
//! becomes an [`Action`], the action text edits, the text a new [`Document`]. Whoever draws watches
//! [`Workspace::document`].

mod document;
mod notice;
mod selection;
mod targets;

use std::rc::Rc;

use modelspec_core::Analysis;
use modelspec_core::compose::Bundle;
use modelspec_core::edit::{self, Change, CoalesceKey, Command, History};
use modelspec_core::text::TextEdit;

use crate::rest;
use crate::ui::prelude::*;

pub(crate) use document::{Document, Origin};
pub(crate) use notice::{Notice, Tone};
pub(crate) use selection::Selection;
pub(crate) use targets::{Target, targets};

/// What is done to the open document.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// A command, as one step of the history, or as part of one.
    Edit {
        /// What is wanted.
        command: Command,
        /// Makes it one step with the commands of an equal key.
        coalesce: Option<CoalesceKey>,
        /// Who wants it.
        origin: Origin,
    },
    /// Takes the last step back.
    Undo,
    /// Does it again.
    Redo,
    /// Shows another document; the history begins anew.
    Open {
        /// What the document is called where it has no name of its own: a file's name.
        name: String,
        /// Its text.
        text: String,
        /// The files beside it that it refers to.
        beside: Option<Rc<Bundle>>,
    },
    /// Has other files beside the document.
    Beside(Rc<Bundle>),
}

impl Action {
    /// A command of its own step.
    pub(crate) fn edit(command: Command) -> Self {
        Self::Edit {
            command,
            coalesce: None,
            origin: Origin::Canvas,
        }
    }
}

/// The open document and all that belongs to it. Copies are handles to the same.
#[derive(Clone, Copy)]
pub(crate) struct Workspace {
    document: RwSignal<Rc<Document>, LocalStorage>,
    selection: RwSignal<Selection>,
    notice: RwSignal<Option<Notice>>,
    history: StoredValue<History, LocalStorage>,
}

impl Workspace {
    /// An empty document.
    pub(crate) fn new() -> Self {
        let workspace = Self {
            document: RwSignal::new_local(Rc::new(Document::empty())),
            selection: RwSignal::new(Selection::default()),
            notice: RwSignal::new(None),
            history: StoredValue::new_local(History::default()),
        };
        workspace.check_when_rules_come();
        workspace
    }

    /// The document, watched.
    pub(crate) fn document(self) -> Rc<Document> {
        self.document.get()
    }

    /// The document as it is now, for a handler that must not run again when it changes.
    pub(crate) fn document_now(self) -> Rc<Document> {
        self.document.get_untracked()
    }

    /// The selection, watched.
    pub(crate) fn selection(self) -> Selection {
        self.selection.get()
    }

    /// The selection as it is now.
    pub(crate) fn selection_now(self) -> Selection {
        self.selection.get_untracked()
    }

    /// Selects; nothing is written.
    pub(crate) fn select(self, selection: Selection) {
        if self.selection.with_untracked(|now| *now != selection) {
            self.selection.set(selection);
        }
    }

    /// What is to be said to the user, watched.
    pub(crate) fn notice(self) -> Option<Notice> {
        self.notice.get()
    }

    /// Says something; it is spoken too.
    pub(crate) fn say(self, notice: Notice) {
        self.notice.set(Some(notice));
    }

    /// Takes back what was said.
    pub(crate) fn unsay(self) {
        self.notice.set(None);
    }

    /// Does it. What cannot be done is said, and changes nothing; the answer tells which.
    pub(crate) fn dispatch(self, action: Action) -> bool {
        match action {
            Action::Edit {
                command,
                coalesce,
                origin,
            } => self.edit(&command, coalesce, origin),
            Action::Undo => self.travel(History::undo, "Undid"),
            Action::Redo => self.travel(History::redo, "Did again"),
            Action::Open { name, text, beside } => {
                self.history.update_value(History::clear);
                self.select(Selection::default());
                let next = self.document_now().opened(name, analysed(text, beside));
                self.document.set(Rc::new(next));
                true
            }
            Action::Beside(files) => {
                let now = self.document_now();
                let analysis = analysed(now.analysis.text.clone(), Some(files));
                self.document.set(Rc::new(now.with_files(analysis)));
                true
            }
        }
    }

    /// Checks what was opened before the rules were there.
    fn check_when_rules_come(self) {
        Effect::new(move |_| {
            if rest::is_here() {
                let now = self.document_now();
                if !now.analysis.is_checked {
                    self.document.set(Rc::new(now.checked()));
                }
            }
        });
    }

    /// Checks the document anew: what is known of GPUs has changed.
    pub(crate) fn check_again(self) {
        let next = self.document_now().checked_again();
        self.document.set(Rc::new(next));
    }

    /// Marks the text as kept in a file.
    pub(crate) fn saved_as(self, name: String) {
        let mut next = (*self.document_now()).clone();
        next.name = name;
        next.saved_revision = next.revision;
        self.document.set(Rc::new(next));
    }

    fn edit(self, command: &Command, coalesce: Option<CoalesceKey>, origin: Origin) -> bool {
        let now = self.document_now();
        if now.is_stale()
            && !matches!(
                command,
                Command::Replace { .. } | Command::Load { .. } | Command::ApplyFix { .. }
            )
        {
            self.say(Notice::error(
                "The text has a mistake that hides its structure: mend it there first, then the canvas can be edited again.",
            ));
            return false;
        }
        match edit::plan(&now.analysis, command) {
            Ok(change) => self.apply(&now, change, coalesce, origin),
            Err(error) => {
                self.say(Notice::error(sentence(&error.to_string())));
                false
            }
        }
    }

    fn apply(
        self,
        now: &Document,
        change: Change,
        coalesce: Option<CoalesceKey>,
        origin: Origin,
    ) -> bool {
        let edits = change.edits.clone();
        let select = change.select.clone();
        let mut history = self.history.write_value();
        let applied = history.apply(&now.analysis.text, change, coalesce);
        let (undo, redo) = steps(&history);
        drop(history);
        match applied {
            Ok(text) => {
                if text != now.analysis.text {
                    let analysis = followed(now, text, &edits);
                    let next = now.next(analysis, edits, origin).with_steps(undo, redo);
                    self.document.set(Rc::new(next));
                }
                if select.is_empty() {
                    self.keep_selection();
                } else {
                    self.select(Selection::of(select));
                }
                true
            }
            Err(error) => {
                self.say(Notice::error(sentence(&error.to_string())));
                false
            }
        }
    }

    fn travel(self, way: fn(&mut History, &str) -> Option<edit::Moment>, did: &str) -> bool {
        let now = self.document_now();
        let mut history = self.history.write_value();
        let moment = way(&mut history, &now.analysis.text);
        let (undo, redo) = steps(&history);
        drop(history);
        let Some(moment) = moment else { return false };
        let analysis = followed(&now, moment.text, &moment.edits);
        let next = now
            .next(analysis, moment.edits, Origin::History)
            .with_steps(undo, redo);
        self.document.set(Rc::new(next));
        if moment.select.is_empty() {
            self.keep_selection();
        } else {
            self.select(Selection::of(moment.select));
        }
        self.say(Notice::quiet(format!("{did}: {}", moment.label)));
        true
    }

    /// Drops from the selection what the document no longer has.
    fn keep_selection(self) {
        let document = self.document_now();
        let mut selection = self.selection_now();
        selection.retain(|item| document.has(item));
        self.select(selection);
    }
}

/// A text and what is known of it. The rules come with the rest of the program.
fn analysed(text: String, beside: Option<Rc<Bundle>>) -> Rc<Analysis> {
    // What it lacks is not there: nobody else looks for it.
    let beside = beside.unwrap_or_else(|| Rc::new(Bundle::whole()));
    let read = Analysis::read_beside(text, Some(beside));
    Rc::new(if untrack(rest::is_here) {
        document::checked(read)
    } else {
        read
    })
}

/// The same of a text that edits made of the document's: only what they touched is checked anew.
fn followed(now: &Document, text: String, edits: &[TextEdit]) -> Rc<Analysis> {
    if untrack(rest::is_here) {
        Rc::new(now.analysis.after(text, edits))
    } else {
        analysed(text, now.analysis.bundle.clone())
    }
}

fn steps(history: &History) -> (Option<String>, Option<String>) {
    (
        history.undo_label().map(ToOwned::to_owned),
        history.redo_label().map(ToOwned::to_owned),
    )
}

/// An error's words as a sentence.
pub(crate) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    let mut text = first.unwrap_or_default() + letters.as_str();
    if !text.ends_with(['.', '!', '?']) {
        text.push('.');
    }
    text
}
