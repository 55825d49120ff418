//! The graph as a tree that can be edited: all that the canvas can do, without it.

mod connect;
mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use modelspec_core::edit::{self, Command};
use modelspec_core::order::Gather as _;
use wasm_bindgen::JsCast as _;

use crate::panels::prose::prose;
use crate::ui::prelude::*;
use crate::ui::{App, Glyph, Icon, Tab, ViewRequest, use_app};
use crate::workspace::{Action, Selection, sentence};
use crate::{dialogs, platform};
use connect::connect;
use rows::{Row, rows};

/// How many rows are shown; the filter finds the others.
const MOST: usize = 1500;

/// The state of the tree. Copies are handles to the same.
#[derive(Clone, Copy)]
struct Tree {
    app: App,
    /// Rows that are not as they are at first, open or closed.
    toggled: RwSignal<BTreeSet<String>>,
    filter: RwSignal<String>,
    /// The row that Tab reaches.
    active: RwSignal<String>,
    /// The row whose name is being changed.
    renaming: RwSignal<Option<String>>,
    order: Memo<Vec<String>>,
    rows: Memo<Arc<BTreeMap<String, Row>>>,
}

impl Tree {
    fn new(app: App) -> Self {
        let toggled = RwSignal::new(BTreeSet::new());
        let filter = RwSignal::new(String::new());
        let is_seen = Memo::new(move |_| app.ui.dock.get() && app.ui.tab.get() == Tab::Outline);
        let all = Memo::new(move |before: Option<&Vec<Row>>| match before {
            // Where nobody looks, no tree follows each key that is typed.
            Some(before) if !is_seen.get() => before.clone(),
            _ => {
                let filter = filter.get();
                toggled.with(|toggled| rows(&app.workspace.document(), toggled, &filter))
            }
        });
        let order = Memo::new(move |_| {
            all.with(|rows| rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>())
        });
        let by_key = Memo::new(move |_| {
            let rows = all.get().into_iter();
            Arc::new(
                rows.map(|row| (row.key.clone(), row))
                    .gather::<BTreeMap<_, _>>(),
            )
        });
        Self {
            app,
            toggled,
            filter,
            active: RwSignal::new(String::new()),
            renaming: RwSignal::new(None),
            order,
            rows: by_key,
        }
    }

    fn row(self, key: &str) -> Option<Row> {
        self.rows.with(|rows| rows.get(key).cloned())
    }

    /// The row that keys and buttons are about.
    fn active_row(self) -> Option<Row> {
        let key = self.tab_stop();
        self.row(&key)
    }

    /// The active row, or the first where that is not shown.
    fn tab_stop(self) -> String {
        let active = self.active.get();
        if self.rows.with(|rows| rows.contains_key(&active)) {
            return active;
        }
        self.order
            .with(|order| order.first().cloned().unwrap_or_default())
    }

    /// Makes a row the active one, and selects what it stands for.
    fn activate(self, key: &str) {
        self.active.set(key.to_owned());
        if let Some(item) = untrack(|| self.row(key)).and_then(|row| row.item) {
            self.app.workspace.select(Selection::one(item));
        }
    }

    fn go(self, key: &str) {
        self.activate(key);
        focus(key);
    }

    fn toggle(self, key: &str) {
        self.toggled.update(|toggled| {
            if !toggled.remove(key) {
                toggled.insert(key.to_owned());
            }
        });
    }

    fn connect(self) {
        if let Some(row) = untrack(|| self.active_row()) {
            connect(self.app, &row.label, &row.ports);
        }
    }

    fn rename(self) {
        let row = untrack(|| self.active_row());
        if let Some(row) = row.filter(|row| row.item.is_some()) {
            self.renaming.set(Some(row.key));
        }
    }

    fn remove(self) {
        let Some(row) = untrack(|| self.active_row()) else {
            return;
        };
        let Some(item) = row.item else { return };
        let order = self.order.get_untracked();
        let at = order.iter().position(|key| *key == row.key).unwrap_or(0);
        let done = self.app.workspace.dispatch(Action::edit(Command::Remove {
            items: vec![item],
            bridge: true,
        }));
        if done {
            // The row that takes its place has the focus next.
            let order = self.order.get_untracked();
            let next = order.get(at).or_else(|| order.last());
            if let Some(next) = next.cloned() {
                request_animation_frame(move || self.go(&next));
            }
        }
    }

    fn show(self) {
        if let Some(item) = untrack(|| self.active_row()).and_then(|row| row.item) {
            self.app.workspace.select(Selection::one(item.clone()));
            self.app.ui.view.set(Some(ViewRequest::Reveal(item)));
        }
    }

    fn on_key(self, event: &web_sys::KeyboardEvent) {
        if event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        let order = self.order.get_untracked();
        let Some(row) = untrack(|| self.active_row()) else {
            return;
        };
        let at = order.iter().position(|key| *key == row.key).unwrap_or(0);
        let target = match event.key().as_str() {
            "ArrowDown" => order.get(at + 1).cloned(),
            "ArrowUp" => at.checked_sub(1).and_then(|at| order.get(at).cloned()),
            "Home" => order.first().cloned(),
            "End" => order.last().cloned(),
            "ArrowRight" => match row.open {
                Some(false) => {
                    self.toggle(&row.key);
                    None
                }
                Some(true) => order.get(at + 1).cloned(),
                None => None,
            },
            "ArrowLeft" => {
                if row.open == Some(true) {
                    self.toggle(&row.key);
                    None
                } else {
                    row.parent.clone()
                }
            }
            " " => {
                self.show();
                None
            }
            "Enter" => {
                if row.item.is_some() {
                    self.activate(&row.key);
                    super::inspector::focus(self.app);
                } else {
                    self.connect();
                }
                None
            }
            "F2" => {
                self.rename();
                None
            }
            "Delete" | "Backspace" => {
                self.remove();
                None
            }
            "c" | "C" => {
                self.connect();
                None
            }
            _ => return,
        };
        event.prevent_default();
        if let Some(target) = target {
            self.go(&target);
        }
    }
}

fn element_id(key: &str) -> String {
    format!("outline-{}", key.replace(' ', "/"))
}

fn focus(key: &str) {
    let element = platform::document().get_element_by_id(&element_id(key));
    if let Some(element) =
        element.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok())
    {
        // A row that cannot take the focus leaves it where it is.
        let _ = element.focus();
    }
}

/// The panel.
#[component]
pub(crate) fn Outline() -> impl IntoView {
    let app = use_app();
    let tree = Tree::new(app);
    // What is selected elsewhere is where Tab enters the tree.
    Effect::new(move |_| {
        let selection = app.workspace.selection();
        let Some(item) = selection.primary() else {
            return;
        };
        let key = tree.rows.with_untracked(|rows| {
            let mut rows = rows.values();
            rows.find(|row| row.item.as_ref() == Some(item))
                .map(|row| row.key.clone())
        });
        if let Some(key) = key.filter(|key| tree.active.with_untracked(|active| active != key)) {
            tree.active.set(key);
        }
    });
    let shown = move || {
        let order = tree.order.get();
        order.into_iter().take(MOST).collect::<Vec<_>>()
    };
    let more = move || tree.order.with(Vec::len).saturating_sub(MOST);
    view! {
        <div class="outline">
            <Tools tree=tree />
            <div
                class="tree"
                role="tree"
                aria-label="Outline of the graph"
                hidden=move || tree.order.with(Vec::is_empty)
                on:keydown=move |event| tree.on_key(&event)
            >
                <For each=shown key=Clone::clone let:key>
                    <RowView tree=tree key=key />
                </For>
            </div>
            {move || tree.order.with(Vec::is_empty).then(|| {
                let filtered = !tree.filter.with(String::is_empty);
                let words = if filtered { "Nothing fits the filter." } else { "The graph is empty. Add a node to begin." };
                view! { <p class="outline-none hint">{words}</p> }
            })}
            {move || (more() > 0).then(|| view! {
                <p class="outline-none hint">{format!("{} more rows: filter by name to see them.", more())}</p>
            })}
        </div>
    }
}

/// What is done with the active row, for pointers and fingers; each has its key in the tree.
#[component]
fn Tools(tree: Tree) -> impl IntoView {
    let app = tree.app;
    let has_item = Memo::new(move |_| tree.active_row().is_some_and(|row| row.item.is_some()));
    let has_ports = Memo::new(move |_| tree.active_row().is_some_and(|row| !row.ports.is_empty()));
    view! {
        <div class="outline-tools">
            <label class="field outline-search">
                <Icon glyph=Glyph::Search />
                <input
                    type="search"
                    placeholder="Filter"
                    aria-label="Filter the outline"
                    prop:value=move || tree.filter.get()
                    on:input=move |event| tree.filter.set(event_target_value(&event))
                />
            </label>
            <button class="small quiet" on:click=move |_| dialogs::add_node(app, None)>
                <Icon glyph=Glyph::Add />"Add a node" <kbd>"A"</kbd>
            </button>
            <button class="small quiet" on:click=move |_| crate::shell::roles::add_end(app, true)>"Add an input"</button>
            <button class="small quiet" on:click=move |_| crate::shell::roles::add_end(app, false)>"Add an output"</button>
            <span class="grow"></span>
            <button class="small quiet" disabled=move || !has_ports.get() on:click=move |_| tree.connect()>
                <Icon glyph=Glyph::Edge />"Connect" <kbd>"C"</kbd>
            </button>
            <button class="small quiet" disabled=move || !has_item.get() on:click=move |_| tree.rename()>
                "Rename" <kbd>"F2"</kbd>
            </button>
            <button class="small quiet" disabled=move || !has_item.get() on:click=move |_| tree.remove()>
                <Icon glyph=Glyph::Trash />"Remove" <kbd>"Del"</kbd>
            </button>
        </div>
    }
}

/// A row; what changes in it changes in place, so that it keeps the focus.
#[component]
fn RowView(tree: Tree, key: String) -> impl IntoView {
    let key = StoredValue::new(key);
    let row = Memo::new(move |_| key.with_value(|key| tree.row(key)));
    let of = move |f: fn(&Row) -> String| {
        move || row.with(|row| row.as_ref().map(f).unwrap_or_default())
    };
    let level = row.with_untracked(|row| row.as_ref().map_or(1, |row| row.level));
    let open = Memo::new(move |_| row.with(|row| row.as_ref().and_then(|row| row.open)));
    let glyph =
        Memo::new(move |_| row.with(|row| row.as_ref().map_or(Glyph::Dots, |row| row.glyph)));
    let findings =
        Memo::new(move |_| row.with(|row| row.as_ref().map_or((0, 0), |row| row.findings)));
    let is_selected = Memo::new(move |_| {
        let selection = tree.app.workspace.selection();
        row.with(|row| {
            row.as_ref()
                .and_then(|row| row.item.as_ref())
                .is_some_and(|item| selection.contains(item))
        })
    });
    let is_stop = Memo::new(move |_| key.with_value(|key| tree.tab_stop() == *key));
    let renaming = Memo::new(move |_| {
        key.with_value(|key| {
            tree.renaming
                .with(|renaming| renaming.as_ref() == Some(key))
        })
    });
    view! {
        <div
            class=format!("tree-row level-{level}")
            role="treeitem"
            id=key.with_value(|key| element_id(key))
            aria-level=level.to_string()
            aria-posinset=of(|row| row.place.0.to_string())
            aria-setsize=of(|row| row.place.1.to_string())
            aria-expanded=move || open.get().map(|open| open.to_string())
            aria-selected=move || is_selected.get().to_string()
            tabindex=move || if is_stop.get() { "0" } else { "-1" }
            on:click=move |_| {
                key.with_value(|key| tree.go(key));
                tree.show();
            }
            on:focus=move |_| key.with_value(|key| if tree.active.with_untracked(|active| active != key) {
                tree.active.set(key.clone());
            })
            on:dblclick=move |_| tree.rename()
        >
            <span
                class="twist"
                aria-hidden="true"
                class:open=move || open.get() == Some(true)
                class:none=move || open.get().is_none()
                on:click=move |event| if open.get_untracked().is_some() {
                    event.stop_propagation();
                    key.with_value(|key| tree.toggle(key));
                }
            ></span>
            {move || view! { <Icon glyph=glyph.get() /> }}
            {move || if renaming.get() {
                view! { <Rename tree=tree row=row /> }.into_any()
            } else {
                view! { <span class="tree-label">{of(|row| row.label.clone())}</span> }.into_any()
            }}
            <span class="tree-detail">{of(|row| row.detail.clone())}</span>
            {move || {
                let (errors, warnings) = findings.get();
                let many = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
                let pill = |count: usize, word: &'static str| (count > 0).then(|| view! {
                    <span class=format!("pill {word}")>{many(count, word)}</span>
                });
                view! { {pill(errors, "error")} {pill(warnings, "warning")} }
            }}
        </div>
    }
}

/// The field of a new name.
#[component]
fn Rename(tree: Tree, row: Memo<Option<Row>>) -> impl IntoView {
    let Some(row) = row.get_untracked() else {
        return ().into_any();
    };
    let Some(item) = row.item.clone() else {
        return ().into_any();
    };
    let draft = RwSignal::new(item.name().to_owned());
    let error = RwSignal::new(None::<String>);
    let input = NodeRef::<leptos::html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // Where the focus cannot be had, the user takes it.
            let _ = input.focus();
            input.set_value(&draft.get_untracked());
            input.select();
        }
    });
    let key = row.key.clone();
    let close = move || {
        tree.renaming.set(None);
        let key = key.clone();
        request_animation_frame(move || focus(&key));
    };
    let leave = close.clone();
    let commit = move || {
        let to = draft.get_untracked().trim().to_owned();
        if to == item.name() {
            close();
            return;
        }
        let command = Command::Rename {
            item: item.clone(),
            to: to.clone(),
        };
        let document = tree.app.workspace.document_now();
        if let Err(why) = edit::plan(&document.analysis, &command) {
            error.set(Some(sentence(&why.to_string())));
            return;
        }
        tree.renaming.set(None);
        if tree.app.workspace.dispatch(Action::edit(command)) {
            // The renamed thing is selected, and its row the active one.
            request_animation_frame(move || {
                let key = tree.active.get_untracked();
                focus(&key);
            });
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        event.stop_propagation();
        match event.key().as_str() {
            "Enter" => {
                event.prevent_default();
                commit();
            }
            "Escape" => {
                event.prevent_default();
                leave();
            }
            _ => {}
        }
    };
    view! {
        <input
            class="field tree-rename"
            type="text"
            autocomplete="off"
            spellcheck="false"
            aria-label=format!("New name of {}", row.label)
            aria-invalid=move || error.with(Option::is_some).to_string()
            node_ref=input
            prop:value=move || draft.get()
            on:input=move |event| {
                error.set(None);
                draft.set(event_target_value(&event));
            }
            on:click=|event| event.stop_propagation()
            on:dblclick=|event| event.stop_propagation()
            on:keydown=on_key
            on:blur=move |_| if error.try_with_untracked(Option::is_none) == Some(true) { tree.renaming.set(None); }
        />
        <span class="tree-error" role="alert">{move || error.get().map(|why| prose(&why))}</span>
    }
    .into_any()
}
