//! Fields that hold others: records, maps, lists.

use std::rc::Rc;

use modelspec_core::spec::form::{Field as Declared, Form, KeyUse, Record};

use super::field::{Field, applies, view_of};
use super::place::{Path, Place, id, join};
use super::words::{explain, label};
use crate::dialogs::{self, Choice, Picker};
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon};
use crate::workspace::Notice;

/// A heading with buttons, and fields below it.
#[component]
fn Group(
    place: Place,
    field: Field,
    /// Adds to it, where something can be added.
    add: Option<Callback<()>>,
    children: Children,
) -> impl IntoView {
    let path = field.path.clone();
    let is_stated = Memo::new(move |_| place.is_stated(&path));
    let name = field.label.clone();
    let words = explain(field.doc, Form::Boolean).replace('`', "");
    let path = field.path.clone();
    let remove = move |_| {
        if is_stated.get_untracked()
            && let Err(why) = place.write(&path, None)
        {
            place.app().workspace.say(Notice::error(why));
            return;
        }
        place.hide(&path);
    };
    view! {
        <div class="group" role="group" id=id(&field.path) aria-label=name.clone()>
            <div class="group-head">
                <span class="group-name" title=words>{name.clone()}</span>
                <span class="grow"></span>
                {add.map(|add| view! {
                    <button class="quiet icon-button tiny" type="button" aria-label=format!("Add to {name}")
                        title=format!("Add to {name}") on:click=move |_| add.run(())>
                        <Icon glyph=Glyph::Add />
                    </button>
                })}
                <button class="quiet icon-button tiny" type="button" aria-label=format!("Remove {name}")
                    title=format!("Remove {name}") on:click=remove>
                    <Icon glyph=Glyph::Trash />
                </button>
            </div>
            <div class="group-body">{children()}</div>
        </div>
    }
}

/// The fields of a record that are shown: stated, asked for, or such that must be there.
pub(super) fn shown(
    place: Place,
    path: &[String],
    record: &'static Record,
    required: bool,
) -> Vec<&'static str> {
    let fields = record.all_fields().filter(|field| {
        let path = join(path, field.key);
        (required && field.required) || place.is_stated(&path) || place.is_revealed(&path)
    });
    fields.map(|field| field.key).collect()
}

/// Lets the user choose one of the fields that are not shown yet.
pub(super) fn pick_field(place: Place, what: &str, fields: Vec<(Path, &'static Declared)>) {
    let several = fields.iter().any(|(path, _)| path.len() > 1);
    let choices = fields.into_iter().map(|(path, field)| {
        let title = match path.split_last() {
            Some((_, above)) if several && !above.is_empty() => {
                let above = above.iter().filter(|key| *key != "spec");
                let above: Vec<String> = above.map(|key| label(key)).collect();
                let above = above.join(" ");
                if above.is_empty() {
                    label(field.key)
                } else {
                    format!("{above}: {}", label(field.key))
                }
            }
            _ => label(field.key),
        };
        Choice {
            title,
            detail: explain(field.doc, Form::Boolean).replace('`', ""),
            glyph: Glyph::Add,
            keys: None,
            refused: None,
            run: Rc::new(move |_| place.reveal(path.clone())),
        }
    });
    let picker = Picker {
        label: format!("Add to {what}"),
        placeholder: "Which field?".to_owned(),
        choices: choices.collect(),
    };
    dialogs::open(place.app(), picker);
}

/// A record within another.
#[component]
pub(super) fn RecordGroup(place: Place, field: Field, record: &'static Record) -> impl IntoView {
    let path = field.path.clone();
    let keys = Memo::new(move |_| shown(place, &path, record, true));
    let path = field.path.clone();
    let kind = Memo::new(move |_| place.text(&join(&path, "kind")));
    let path = field.path.clone();
    let name = field.label.clone();
    let missing = move || {
        let keys = keys.get();
        let kind = kind.get();
        record
            .all_fields()
            .filter(|field| {
                !keys.contains(&field.key) && applies(record, kind.as_deref(), field.key)
            })
            .map(|field| (join(&path, field.key), field))
            .collect::<Vec<_>>()
    };
    let add = (record.all_fields().count() > 1)
        .then(|| Callback::new(move |()| pick_field(place, &name, untrack(&missing))));
    let path = field.path.clone();
    view! {
        <Group place=place field=field add=add>
            <Fields place=place path=path record=record keys=keys />
        </Group>
    }
}

/// The fields of a record that a choice has named already.
#[component]
pub(super) fn RecordBody(
    place: Place,
    path: Path,
    name: String,
    record: &'static Record,
) -> impl IntoView {
    let above = path.clone();
    let keys = Memo::new(move |_| shown(place, &above, record, true));
    let above = path.clone();
    let missing = move || {
        let keys = keys.get();
        let missing = record
            .all_fields()
            .filter(|field| !keys.contains(&field.key));
        missing
            .map(|field| (join(&above, field.key), field))
            .collect::<Vec<_>>()
    };
    let add = move |_| pick_field(place, &name, untrack(&missing));
    let can_add = move || keys.with(Vec::len) < record.all_fields().count();
    let id = id(&path);
    view! {
        <div id=id>
            <Fields place=place path=path record=record keys=keys />
            {move || can_add().then(|| view! {
                <button class="link add-link" type="button" on:click=add.clone()>"Add…"</button>
            })}
        </div>
    }
}

/// Some fields of a record; a field that stays keeps its elements, and so the focus.
#[component]
pub(super) fn Fields(
    place: Place,
    path: Path,
    record: &'static Record,
    keys: Memo<Vec<&'static str>>,
) -> impl IntoView {
    view! {
        <For each=move || keys.get() key=|key| *key let:key>
            {record.field(key).map(|field| view_of(place, Field::of(&path, field)))}
        </For>
    }
}

/// Keys that the author names.
#[component]
pub(super) fn MapGroup(
    place: Place,
    field: Field,
    key: KeyUse,
    value: fn() -> Form,
) -> impl IntoView {
    let path = field.path.clone();
    let named = RwSignal::new(Vec::<String>::new());
    let keys = Memo::new(move |_| {
        let mut keys = place.keys(&path);
        let more = named.get().into_iter().filter(|name| !keys.contains(name));
        let more: Vec<String> = more.collect();
        keys.extend(more);
        keys
    });
    let what = match key {
        KeyUse::Node => "node",
        KeyUse::Port => "port",
        KeyUse::Type => "type",
        KeyUse::Rule => "rule's code",
        KeyUse::Free => "name",
    };
    let name = RwSignal::new(String::new());
    let path = field.path.clone();
    let add = move || {
        let typed = name.get_untracked().trim().to_owned();
        if typed.is_empty() {
            return;
        }
        name.set(String::new());
        let id = id(&join(&path, &typed));
        named.update(|named| named.push(typed));
        request_animation_frame(move || super::place::focus(&id));
    };
    let also = add.clone();
    let label = format!("Name of a new {what}");
    let path = field.path.clone();
    let doc = field.doc;
    view! {
        <Group place=place field=field add=None>
            <For each=move || keys.get() key=Clone::clone let:key>
                <Item place=place path=join(&path, &key) name=key.clone() doc=doc form=value()
                    gone=Callback::new(move |()| named.update(|named| named.retain(|name| *name != key))) />
            </For>
            <div class="row add">
                <div class="field">
                    <input
                        type="text"
                        autocomplete="off"
                        spellcheck="false"
                        aria-label=label
                        placeholder=format!("New {what}")
                        prop:value=move || name.get()
                        on:input=move |event| name.set(event_target_value(&event))
                        on:keydown=move |event| if event.key() == "Enter" {
                            event.prevent_default();
                            add();
                        }
                    />
                </div>
                <button class="quiet icon-button tiny" type="button" aria-label=format!("Add a {what}")
                    title=format!("Add a {what}") disabled=move || name.get().trim().is_empty() on:click=move |_| also()>
                    <Icon glyph=Glyph::Add />
                </button>
            </div>
        </Group>
    }
}

/// A list.
#[component]
pub(super) fn ListGroup(place: Place, field: Field, item: fn() -> Form) -> impl IntoView {
    let path = field.path.clone();
    let count = Memo::new(move |_| place.keys(&path).len());
    // The item that is being added has the place behind the last; written, it keeps it.
    let adding = RwSignal::new(false);
    Effect::new(move |before: Option<usize>| {
        let now = count.get();
        if before.is_some_and(|before| before != now) {
            adding.set(false);
        }
        now
    });
    let places = Memo::new(move |_| {
        let count = count.get();
        // An empty list begins with one place to write to.
        let more = usize::from(adding.get() || count == 0);
        (0..count + more).collect::<Vec<_>>()
    });
    let path = field.path.clone();
    let add = Callback::new(move |()| {
        adding.set(true);
        let last = count.get_untracked().to_string();
        let id = id(&join(&path, &last));
        request_animation_frame(move || super::place::focus(&id));
    });
    let path = field.path.clone();
    let doc = field.doc;
    view! {
        <Group place=place field=field add=Some(add)>
            <For each=move || places.get() key=|at| *at let:at>
                <Item place=place path=join(&path, &at.to_string()) name=format!("{}", at + 1) doc=doc form=item()
                    gone=Callback::new(move |()| adding.set(false)) />
            </For>
        </Group>
    }
}

/// An entry of a map or an item of a list, with a button that removes it.
#[component]
fn Item(
    place: Place,
    path: Path,
    name: String,
    doc: &'static str,
    form: Form,
    /// Called when it is not there any more.
    gone: Callback<()>,
) -> impl IntoView {
    // Groups have a button of their own.
    let is_group = matches!(form, Form::Record(_) | Form::Map { .. } | Form::List(_));
    let field = Field {
        path: path.clone(),
        label: name.clone(),
        doc,
        form,
        inferred: None,
    };
    let remove = move |_| {
        let written = if untrack(|| place.is_stated(&path)) {
            place.write(&path, None)
        } else {
            Ok(())
        };
        match written {
            Ok(()) => gone.run(()),
            Err(why) => place.app().workspace.say(Notice::error(why)),
        }
    };
    view! {
        <div class="item">
            <div class="item-body">{view_of(place, field)}</div>
            {(!is_group).then(|| view! {
                <button class="quiet icon-button tiny" type="button" aria-label=format!("Remove {name}")
                    title=format!("Remove {name}") on:click=remove>
                    <Icon glyph=Glyph::Close />
                </button>
            })}
        </div>
    }
}
