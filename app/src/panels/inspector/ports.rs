//! The contract: each port, what it carries, and what follows for it from the rest of the graph.

use modelspec_core::edit::Item;
use modelspec_core::graph::{Direction, NodeIx, PortIx};
use modelspec_core::infer::Slot;
use modelspec_core::order::Arrange as _;
use modelspec_core::spec::{Kind, Port};
use modelspec_core::text::Span;
use modelspec_core::yaml::Fragment;

use super::collection::pick_field;
use super::field::{Field, view_of};
use super::place::{Path, Place, id, join};
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon};
use crate::workspace::{Document, Notice};

/// A value that nobody states here, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Inferred {
    pub(super) value: String,
    /// From the port back to the place that states it.
    pub(super) why: Vec<(String, Span)>,
}

/// A port, and where what is stated of it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PortKey {
    node: Option<String>,
    direction: Direction,
    name: String,
    path: Path,
}

impl PortKey {
    fn find(&self, document: &Document) -> Option<PortIx> {
        let graph = document.drawn.graph.as_ref()?;
        let node = match (&self.node, self.direction) {
            (Some(name), _) => graph.find(name)?,
            (None, Direction::Output) => NodeIx::INPUTS,
            (None, Direction::Input) => NodeIx::OUTPUTS,
        };
        graph.find_port(node, self.direction, &self.name)
    }
}

/// The ports that a thing has.
fn ports(document: &Document, item: Option<&Item>) -> Vec<PortKey> {
    let key = |node: Option<&String>, direction, name: &str, path: Path| PortKey {
        node: node.cloned(),
        direction,
        name: name.to_owned(),
        path,
    };
    match item {
        Some(Item::Input(name)) => vec![key(None, Direction::Output, name, Vec::new())],
        Some(Item::Output(name)) => vec![key(None, Direction::Input, name, Vec::new())],
        Some(Item::Node(name)) => {
            let Some(graph) = &document.drawn.graph else {
                return Vec::new();
            };
            let Some(node) = graph.find(name).and_then(|ix| graph.node(ix)) else {
                return Vec::new();
            };
            let side = |ports: &[PortIx], direction, side: &str| {
                let ports = ports.iter().filter_map(|ix| graph.port(*ix));
                let ports = ports.map(|port| {
                    let path = vec![side.to_owned(), port.name.clone()];
                    key(Some(name), direction, &port.name, path)
                });
                ports.collect::<Vec<_>>()
            };
            let mut all = side(&node.inputs, Direction::Input, "inputs");
            all.extend(side(&node.outputs, Direction::Output, "outputs"));
            all
        }
        _ => Vec::new(),
    }
}

/// All ports of a thing.
#[component]
pub(super) fn Contract(place: Place) -> impl IntoView {
    let ports = Memo::new(move |_| {
        let document = place.app().workspace.document();
        place
            .item
            .with_value(|item| ports(&document, item.as_ref()))
    });
    let is_node = place
        .item
        .with_value(|item| matches!(item, Some(Item::Node(_))));
    view! {
        <section class="section">
            <div class="section-head"><h3 class="heading">"Contract"</h3></div>
            <For each=move || ports.get() key=|port| (port.direction == Direction::Input, port.name.clone()) let:key>
                <PortForm place=place port=key />
            </For>
            {is_node.then(|| view! { <NewPort place=place /> })}
        </section>
    }
}

/// The path of a parameter: beside `type`, or within it where that is written out.
fn param_path(place: Place, port: &[String], key: &str) -> Path {
    let beside = join(port, key);
    let within = join(port, "type");
    let long = place.read(&within, |node| node.as_mapping().is_some()) == Some(true);
    if long && !place.is_stated(&beside) {
        join(&within, key)
    } else {
        beside
    }
}

/// The rows of a port: its key, and where it is written.
fn rows(place: Place, port: &PortKey) -> Vec<(&'static str, Path)> {
    let document = place.app().workspace.document();
    let ty = port
        .find(&document)
        .and_then(|ix| document.drawn.typing.of(ix));
    let Some(ty) = ty else { return Vec::new() };
    let is_known = |key: &str| ty.facts.keys().any(|param| param.key() == key);
    let mut rows = Vec::new();
    for field in Port::RECORD.all_fields() {
        let key = field.key;
        let path = if key == "type" {
            let path = join(&port.path, "type");
            let long = place.read(&path, |node| node.as_mapping().is_some()) == Some(true);
            if long { join(&path, "kind") } else { path }
        } else {
            param_path(place, &port.path, key)
        };
        let shown = place.is_stated(&path)
            || place.is_revealed(&path)
            || (ty.kind.params().contains(&key) && is_known(key));
        if shown {
            rows.push((key, path));
        }
    }
    // What the port carries comes first, then what it says of it.
    rows.arrange_by_key(|(key, _)| {
        let params = ty.kind.params();
        let at = params.iter().position(|param| param == key);
        (*key != "type", at.unwrap_or(params.len()))
    });
    rows
}

fn inferred(place: Place, port: &PortKey, key: &str, path: &[String]) -> Option<Inferred> {
    if place.is_stated(path) {
        return None;
    }
    let document = place.app().workspace.document();
    let ix = port.find(&document)?;
    let typing = &document.drawn.typing;
    let ty = typing.of(ix)?;
    let (param, value) = if key == "type" {
        (None, ty.kind.word().to_owned())
    } else {
        let (param, fact) = ty.facts.iter().find(|(param, _)| param.key() == key)?;
        (Some(*param), fact.value.to_string())
    };
    let slot = Slot { depth: 0, param };
    let steps = typing.why(document.drawn.graph.as_ref()?, ix, slot);
    Some(Inferred {
        value,
        why: steps
            .into_iter()
            .map(|step| (step.text, step.span))
            .collect(),
    })
}

/// A port: its kind, and its parameters as stated or as they follow.
#[component]
fn PortForm(place: Place, port: PortKey) -> impl IntoView {
    let port = StoredValue::new(port);
    let rows = Memo::new(move |_| port.with_value(|port| rows(place, port)));
    let kind = Memo::new(move |_| {
        let document = place.app().workspace.document();
        let ix = port.with_value(|port| port.find(&document))?;
        document.drawn.typing.of(ix).map(|ty| ty.kind)
    });
    let required = Memo::new(move |_| {
        let document = place.app().workspace.document();
        let ix = port.with_value(|port| port.find(&document));
        let port = ix.and_then(|ix| document.drawn.graph.as_ref()?.port(ix));
        port.is_none_or(|port| port.required)
    });
    let (name, direction, path) =
        port.with_value(|port| (port.name.clone(), port.direction, port.path.clone()));
    let is_own = path.is_empty();
    let also = path.clone();
    let is_stated = Memo::new(move |_| !also.is_empty() && place.is_stated(&also));
    let what = name.clone();
    let add = move |_| {
        let shown = rows.get_untracked();
        let kind = kind.get_untracked().unwrap_or(Kind::Any);
        let port = port.get_value();
        let missing = Port::RECORD
            .all_fields()
            .filter(|field| {
                let is_param = modelspec_core::spec::TypeParams::RECORD
                    .field(field.key)
                    .is_some();
                let applies = !is_param || kind == Kind::Any || kind.params().contains(&field.key);
                applies && shown.iter().all(|(key, _)| *key != field.key)
            })
            .map(|field| (untrack(|| param_path(place, &port.path, field.key)), field));
        pick_field(place, &what, missing.collect());
    };
    let remove = move |_| {
        if let Err(why) = place.write(&path, None) {
            place.app().workspace.say(Notice::error(why));
        }
    };
    let direction_word = match (direction, is_own) {
        (Direction::Input, false) => "takes",
        (Direction::Output, false) => "gives",
        (Direction::Output, true) => "each request brings",
        (Direction::Input, true) => "each request gets",
    };
    let label = format!("Port {name}");
    let add_label = format!("Add to {name}");
    let remove_label = format!("Remove what is stated of {name}");
    view! {
        <div class="contract-port" role="group" aria-label=label>
            <div class="group-head">
                <span class="contract-kind" data-kind=move || kind.get().map(Kind::word)></span>
                <span class="hint">{direction_word}</span>
                <b class="contract-name">{(!is_own).then(|| name.clone())}</b>
                <span class="contract-word">{move || kind.get().map(Kind::word)}</span>
                <span class="hint">{move || (!required.get()).then_some("optional")}</span>
                <span class="grow"></span>
                <button class="quiet icon-button tiny" type="button" aria-label=add_label.clone() title=add_label on:click=add>
                    <Icon glyph=Glyph::Add />
                </button>
                {move || is_stated.get().then(|| view! {
                    <button class="quiet icon-button tiny" type="button" aria-label=remove_label.clone()
                        title=remove_label.clone() on:click=remove.clone()>
                        <Icon glyph=Glyph::Trash />
                    </button>
                })}
            </div>
            <For each=move || rows.get() key=Clone::clone let:row>
                {
                    let (key, path) = row;
                    let declared = Port::RECORD.field(key);
                    declared.map(|declared| {
                        let known = {
                            let path = path.clone();
                            Memo::new(move |_| port.with_value(|port| inferred(place, port, key, &path)))
                        };
                        let mut field = Field::of(&[], declared);
                        if key == "type" {
                            field.form = field.form.pick(true);
                        }
                        field.path = path;
                        field.inferred = Some(known.into());
                        view_of(place, field)
                    })
                }
            </For>
        </div>
    }
}

/// Adds a port to a node.
#[component]
fn NewPort(place: Place) -> impl IntoView {
    let (name, input) = (RwSignal::new(String::new()), RwSignal::new(true));
    let error = RwSignal::new(None::<String>);
    let submit = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let typed = name.get_untracked().trim().to_owned();
        if typed.is_empty() {
            return;
        }
        let side = if input.get_untracked() {
            "inputs"
        } else {
            "outputs"
        };
        let path = vec![side.to_owned(), typed];
        if untrack(|| place.is_stated(&path)) {
            error.set(Some("There is such a port already.".to_owned()));
            return;
        }
        let value = Fragment::map([("type", Fragment::text("any"))]);
        match place.write(&path, Some(value)) {
            Ok(()) => {
                name.set(String::new());
                error.set(None);
                place.reveal(join(&path, "type"));
            }
            Err(why) => error.set(Some(why)),
        }
    };
    view! {
        <form class="row add" on:submit=submit>
            <select class="field" aria-label="Direction of the new port"
                on:change=move |event| input.set(event_target_value(&event) == "takes")>
                <option value="takes">"takes"</option>
                <option value="gives">"gives"</option>
            </select>
            <div class="field grow">
                <input
                    type="text"
                    id=id(&["new-port".to_owned()])
                    autocomplete="off"
                    spellcheck="false"
                    aria-label="Name of a new port"
                    placeholder="New port"
                    prop:value=move || name.get()
                    on:input=move |event| {
                        error.set(None);
                        name.set(event_target_value(&event));
                    }
                />
            </div>
            <button class="quiet icon-button tiny" aria-label="Add the port" title="Add the port"
                disabled=move || name.get().trim().is_empty()>
                <Icon glyph=Glyph::Add />
            </button>
            <div class="row-said" aria-live="polite">{move || error.get().map(|why| view! { <p class="error">{why}</p> })}</div>
        </form>
    }
}
