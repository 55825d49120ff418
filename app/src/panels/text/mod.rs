//! The document as text, in CodeMirror.
//!
//! The editor holds a copy of the document's text and nothing else: what is typed becomes an edit
//! of the document, and what changes the document elsewhere is shown as an edit of the copy.

mod editor;
mod units;

use std::rc::Rc;

use modelspec_core::complete;
use modelspec_core::edit::{self, CoalesceKey, Command};
use modelspec_core::text::{LineIndex, Span, TextEdit};
use wasm_bindgen_futures::spawn_local;

use crate::platform;
use crate::ui::prelude::*;
use crate::ui::{App, Tab, use_app};
use crate::workspace::{Action, Document, Origin, Selection};
use editor::{Callbacks, Handle, Part};
use units::Units;

/// Whether the editor is there.
#[derive(Clone)]
enum Stage {
    Loading,
    Ready(Handle),
    Failed(String),
}

/// What the editor shows.
#[derive(Clone)]
struct Shown {
    document: Rc<Document>,
    units: Rc<Units>,
}

impl Shown {
    fn new(document: Rc<Document>) -> Self {
        let units = Rc::new(Units::new(&document.analysis.text));
        Self { document, units }
    }

    fn text(&self) -> &str {
        &self.document.analysis.text
    }

    fn unit(&self, byte: usize) -> usize {
        self.units.unit(self.text(), byte)
    }

    fn byte(&self, unit: usize) -> usize {
        self.units.byte(self.text(), unit)
    }
}

/// The panel's state. Copies are handles to the same.
#[derive(Clone, Copy)]
struct Pane {
    app: App,
    host: NodeRef<leptos::html::Div>,
    stage: RwSignal<Stage, LocalStorage>,
    shown: StoredValue<Shown, LocalStorage>,
    /// Whether the editor is being told something, and only answers.
    telling: StoredValue<bool>,
    /// The caret's line and column.
    caret: RwSignal<(usize, usize)>,
    attempt: StoredValue<u32>,
}

impl Pane {
    /// Tells the editor something; that its caret moves on the way means nothing.
    fn tell(self, tell: impl FnOnce(&Handle)) {
        let Stage::Ready(handle) = self.stage.get_untracked() else {
            return;
        };
        self.telling.set_value(true);
        tell(&handle);
        self.telling.set_value(false);
    }

    fn load(self) {
        let Some(host) = self.host.get_untracked() else {
            return;
        };
        self.stage.set(Stage::Loading);
        self.shown
            .set_value(Shown::new(self.app.workspace.document_now()));
        let attempt = self.attempt.get_value();
        self.attempt.set_value(attempt + 1);
        spawn_local(async move {
            let text = self.shown.with_value(|shown| shown.text().to_owned());
            let mounted = editor::mount(&host, &text, self.callbacks(), attempt).await;
            // The panel may be gone by now.
            let _ = self.stage.try_set(match mounted {
                Ok(handle) => Stage::Ready(handle),
                Err(why) => Stage::Failed(why),
            });
        });
    }

    fn callbacks(self) -> Callbacks {
        let workspace = self.app.workspace;
        Callbacks {
            on_change: Box::new(move |parts, text| self.typed(parts, &text)),
            on_cursor: Box::new(move |at| self.moved(at)),
            complete: Box::new(move |at| {
                let shown = self.shown.get_value();
                let catalogue = untrack(|| self.app.known.catalogue());
                let found =
                    complete::complete_with(&shown.document.analysis, shown.byte(at), &catalogue);
                editor::completions(shown.text(), &shown.units, &found)
            }),
            hover: Box::new(move |at| {
                let shown = self.shown.get_value();
                complete::hover(&shown.document.analysis, shown.byte(at))
            }),
            on_fix: Box::new(move |found, fix| {
                let shown = self.shown.get_value();
                let found = shown.document.analysis.diagnostics.get(found);
                if let Some(fix) = found.and_then(|found| found.fixes.get(fix)) {
                    workspace.dispatch(Action::edit(Command::ApplyFix {
                        edits: fix.edits.clone(),
                    }));
                }
            }),
            on_undo: Box::new(move || {
                workspace.dispatch(Action::Undo);
            }),
            on_redo: Box::new(move || {
                workspace.dispatch(Action::Redo);
            }),
        }
    }

    /// Makes what was typed an edit of the document. The editor's whole text has the last word: no
    /// character that is seen there is lost.
    fn typed(self, parts: Vec<Part>, text: &wasm_bindgen::JsValue) {
        let shown = self.shown.get_value();
        let now = self.app.workspace.document_now();
        let known = Rc::ptr_eq(&shown.document, &now)
            && self.replace(editor::edits(shown.text(), &shown.units, parts));
        let length = js_sys::JsString::from(text.clone()).length() as usize;
        let mut next = Shown::new(self.app.workspace.document_now());
        if !known || next.units.len() != length {
            let whole = Span::new(0, next.text().len());
            self.replace(vec![TextEdit::replace(
                whole,
                text.as_string().unwrap_or_default(),
            )]);
            next = Shown::new(self.app.workspace.document_now());
        }
        self.shown.set_value(next);
    }

    fn replace(self, edits: Vec<TextEdit>) -> bool {
        self.app.workspace.dispatch(Action::Edit {
            command: Command::Replace { edits },
            coalesce: Some(CoalesceKey::typing(platform::now())),
            origin: Origin::Text,
        })
    }

    /// Selects what the caret stands in.
    fn moved(self, at: usize) {
        let shown = self.shown.get_value();
        let byte = shown.byte(at);
        self.caret.set(position(shown.text(), byte));
        if self.telling.get_value() || !editor::has_focus(self.host) {
            return;
        }
        let item = edit::item_at(&shown.document.analysis, byte);
        if let Some(item) = item.filter(|item| shown.document.has(item)) {
            self.app.workspace.select(Selection::one(item));
        }
    }

    /// Brings the editor to the document's text, and marks the findings.
    fn follow(self, document: Rc<Document>) {
        let before = self.shown.get_value();
        let next = if before.document.revision == document.revision {
            Shown {
                document,
                units: before.units,
            }
        } else {
            let is_next = before.document.revision + 1 == document.revision;
            let edits = document.step.edits.as_ref().filter(|_| is_next);
            let changes = edits.map(|edits| editor::changes(before.text(), &before.units, edits));
            let next = Shown::new(document);
            self.shown.set_value(next.clone());
            self.tell(|handle| handle.set_text(next.text(), changes.as_ref()));
            next
        };
        self.tell(|handle| handle.set_diagnostics(&next.document, &next.units));
        self.shown.set_value(next);
    }

    /// Shows the beginning of what is selected, unless it was selected here.
    fn show_selection(self, selection: &Selection) {
        let shown = self.shown.get_value();
        let Some(item) = selection.primary() else {
            return;
        };
        if editor::has_focus(self.host) {
            return;
        }
        let Some(span) = edit::span_of(&shown.document.analysis, item) else {
            return;
        };
        let line = span.of(shown.text()).lines().next().unwrap_or_default();
        let end = span.start + line.len();
        self.tell(|handle| handle.reveal(shown.unit(span.start), shown.unit(end)));
    }
}

/// Line and column, in characters, from 1.
fn position(text: &str, byte: usize) -> (usize, usize) {
    let before = text.get(..byte).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    (line, before[start..].chars().count() + 1)
}

/// The panel.
#[component]
pub(crate) fn Text() -> impl IntoView {
    let app = use_app();
    let (workspace, ui) = (app.workspace, app.ui);
    let pane = Pane {
        app,
        host: NodeRef::new(),
        stage: RwSignal::new_local(Stage::Loading),
        shown: StoredValue::new_local(Shown::new(workspace.document_now())),
        telling: StoredValue::new(false),
        caret: RwSignal::new((1, 1)),
        attempt: StoredValue::new(0),
    };
    Effect::new(move |started: Option<bool>| {
        let is_there = pane.host.get().is_some();
        if is_there && started != Some(true) {
            pane.load();
        }
        is_there
    });
    let ready = move || pane.stage.with(|stage| matches!(stage, Stage::Ready(_)));
    Effect::new(move |_| {
        if ready() {
            pane.follow(workspace.document());
        }
    });
    Effect::new(move |_| {
        let selection = workspace.selection();
        let visible = ui.dock.get() && ui.tab.get() == Tab::Text;
        if visible && ready() {
            pane.show_selection(&selection);
        }
    });
    Effect::new(move |_| {
        if !ready() {
            return;
        }
        let Some(span) = ui.reveal.get() else { return };
        ui.reveal.set(None);
        let shown = pane.shown.get_value();
        pane.tell(|handle| {
            handle.reveal(shown.unit(span.start), shown.unit(span.end));
            handle.focus();
        });
    });
    on_cleanup(move || {
        if let Some(Stage::Ready(handle)) = pane.stage.try_get_untracked() {
            handle.destroy();
        }
    });

    let notice = move || {
        match pane.stage.get() {
        Stage::Ready(_) => ().into_any(),
        Stage::Loading => view! {
            <p class="text-notice hint" role="status">"Loading the text editor…"</p>
        }
        .into_any(),
        Stage::Failed(why) => view! {
            <div class="text-notice" role="alert">
                <p>"The text editor could not be loaded: "{why}</p>
                <p class="hint">"It is loaded when it is first wanted; perhaps the network is away."</p>
                <button on:click=move |_| pane.load()>"Try again"</button>
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <div class="text-pane">
            {notice}
            <div
                class="text-editor"
                hidden=move || !ready()
                node_ref=pane.host
            ></div>
            <div class="text-foot" hidden=move || !ready()>
                <Mistake pane=pane />
                <span class="grow"></span>
                <span>{move || { let (line, column) = pane.caret.get(); format!("Line {line}, column {column}") }}</span>
            </div>
        </div>
    }
}

/// Says where the text cannot be read, which is why the canvas stands still.
#[component]
fn Mistake(pane: Pane) -> impl IntoView {
    let mistake = Memo::new(move |_| {
        let document = pane.app.workspace.document();
        if !document.is_stale() {
            return None;
        }
        let text = &document.analysis.text;
        let found = document.analysis.diagnostics.first()?;
        let line = LineIndex::new(text).position(text, found.span.start).line;
        Some((line, found.span))
    });
    move || {
        mistake.get().map(|(line, span)| {
            view! {
                <button class="quiet small text-mistake" on:click=move |_| pane.app.ui.reveal_text(span)>
                    {format!("Line {line} hides the structure: the canvas shows the last graph that could be read")}
                </button>
            }
        })
    }
}
