//! The form of what is selected, made from the description of the format: a new key of the format
//! has its field here without a word more.

mod beside;
mod collection;
mod field;
mod header;
mod known;
mod place;
mod ports;
mod sections;
mod words;

use std::collections::BTreeSet;

use modelspec_core::edit::Item;
use modelspec_core::graph::Graph;
use modelspec_core::order::Gather as _;
use modelspec_core::spec::{Kind, Role};

use crate::panels::prose::prose;
use crate::rest;
use crate::shell::splitter::{Edge, Splitter};
use crate::ui::prelude::*;
use crate::ui::{App, use_app};
use header::{Header, Several};
use place::Place;
use ports::Contract;
use sections::Sections;

/// What the form is of.
#[derive(Clone, Debug, PartialEq)]
enum Subject {
    /// There is no graph.
    Nothing,
    /// The forms come with the rest of the program.
    Coming,
    Document,
    One(Item),
    Several(Vec<Item>),
}

/// How many names a list of suggestions holds.
const SUGGESTIONS: usize = 500;

/// The panel on the right.
#[component]
pub(crate) fn Inspector() -> impl IntoView {
    let app = use_app();
    let subject = Memo::new(move |_| {
        let selection = app.workspace.selection();
        let document = app.workspace.document();
        match selection.items() {
            // Where nobody looks, no form follows each key that is typed.
            _ if !app.ui.inspector.get() => Subject::Nothing,
            _ if document.drawn.graph.is_none() => Subject::Nothing,
            _ if !rest::is_here() => Subject::Coming,
            [] => Subject::Document,
            [item] => Subject::One(item.clone()),
            items => Subject::Several(items.to_vec()),
        }
    });
    let stale = Memo::new(move |_| app.workspace.document().is_stale());
    let help = RwSignal::new(None);
    let form = move || {
        help.set(None);
        match subject.get() {
            Subject::Nothing => view! { <p class="inspector-empty hint">"There is no graph yet. Begin with a template, or with a node."</p> }.into_any(),
            Subject::Coming => view! { <p class="inspector-empty hint">"The form is loading…"</p> }.into_any(),
            Subject::Document => view! { <DocumentForm place=Place::new(app, None, help) /> }.into_any(),
            Subject::One(item) => view! { <ItemForm place=Place::new(app, Some(item.clone()), help) item=item /> }.into_any(),
            Subject::Several(items) => view! { <Several items=items /> }.into_any(),
        }
    };
    view! {
        <aside class="inspector" aria-label="Inspector">
            <Splitter edge=Edge::Inspector />
            <fieldset class="inspector-form" disabled=move || stale.get()>
                <legend class="visually-hidden">"Fields"</legend>
                {move || stale.get().then(|| view! {
                    <p class="inspector-stale">"The text has a mistake that hides its structure. Mend it there; the form waits."</p>
                })}
                {form}
            </fieldset>
            <p class="inspector-help" aria-hidden="true">
                {move || help.get().map(|help: place::Help| view! { <code>{help.path}</code> " " {prose(&help.words)} })}
            </p>
            {move || rest::is_here().then(|| view! { <Suggestions /> })}
        </aside>
    }
}

/// Opens the inspector and gives the focus to the name in it.
pub(crate) fn focus(app: App) {
    app.ui.open_inspector();
    request_animation_frame(|| place::focus(header::NAME));
}

#[component]
fn DocumentForm(place: Place) -> impl IntoView {
    let title = Memo::new(move |_| place.app().workspace.document().title());
    view! {
        <header class="inspector-head">
            <span class="pill">"document"</span>
            <h2 class="inspector-title" id=header::NAME tabindex="-1">{title}</h2>
            <p class="hint name-said">"What holds for the whole graph. Select a node or an edge to see its own form."</p>
        </header>
        <beside::Beside />
        <Sections place=place sections=sections::of(None) essential=Signal::stored(sections::essential(None, None)) />
    }
}

#[component]
fn ItemForm(place: Place, item: Item) -> impl IntoView {
    let app = use_app();
    let name = item.name().to_owned();
    let is_node = matches!(item, Item::Node(_));
    let role: Memo<Option<Role>> = Memo::new(move |_| {
        let document = app.workspace.document();
        let graph = document.drawn.graph.as_ref().filter(|_| is_node)?;
        graph.node(graph.find(&name)?)?.role
    });
    let sections = sections::of(Some(&item));
    let subject = item.clone();
    let kind = item.clone();
    let essential = Signal::derive(move || sections::essential(Some(&kind), role.get()));
    let is_edge = matches!(item, Item::Edge(_));
    view! {
        <Header place=place item=item.clone() role=role />
        {is_edge.then(|| view! { <Carried item=item /> })}
        {is_node.then(|| view! { <known::Known item=subject /> })}
        {(!is_edge).then(|| view! { <Contract place=place /> })}
        <Sections place=place sections=sections essential=essential />
    }
}

/// What flows along an edge: what its beginning gives, and what its end takes.
#[component]
fn Carried(item: Item) -> impl IntoView {
    let app = use_app();
    let types = Memo::new(move |_| {
        let document = app.workspace.document();
        let drawn = &document.drawn;
        let graph = drawn.graph.as_ref()?;
        let edge = graph.edges.iter().find(|edge| edge.id == item.name())?;
        let (from, to) = edge.ports?;
        let words = |port| Some(drawn.typing.of(port)?.to_string());
        Some((words(from)?, words(to)?))
    });
    move || {
        types.get().map(|(given, taken)| {
            view! {
                <section class="section">
                    <div class="section-head"><h3 class="heading">"Contract"</h3></div>
                    <dl class="carried">
                        <dt>"gives"</dt><dd><code>{given}</code></dd>
                        <dt>"takes"</dt><dd><code>{taken}</code></dd>
                    </dl>
                </section>
            }
        })
    }
}

/// The names that complete what is typed.
#[component]
fn Suggestions() -> impl IntoView {
    let app = use_app();
    let list = move |id: &'static str, names: fn(App) -> Vec<String>| {
        let names = Memo::new(move |_| names(app));
        view! {
            <datalist id=id>
                {move || names.get().into_iter().map(|name| view! { <option value=name></option> }).collect_view()}
            </datalist>
        }
    };
    view! {
        {list("known-nodes", |app| {
            let document = app.workspace.document();
            let graph = document.drawn.graph.as_ref();
            let names = graph.into_iter().flat_map(Graph::model_nodes);
            names.map(|(_, node)| node.name.clone()).take(SUGGESTIONS).collect()
        })}
        {list("known-ports", |app| {
            let document = app.workspace.document();
            let graph = document.drawn.graph.as_ref();
            let ports = graph.into_iter().flat_map(|graph| graph.all_ports().map(|(ix, _)| graph.port_path(ix)));
            ports.take(SUGGESTIONS).collect()
        })}
        {list("known-types", |app| {
            let document = app.workspace.document();
            let kinds = Kind::ALL.iter().map(|kind| kind.word().to_owned());
            let body = document.drawn.graph.as_ref().and_then(|graph| graph.spec.body());
            let types = body.and_then(|spec| spec.types.as_ref());
            let named = types.into_iter().flat_map(|types| types.iter());
            named.map(|named| named.name.value.clone()).chain(kinds).collect()
        })}
        {list("known-models", |app| {
            let document = app.workspace.document();
            let graph = document.drawn.graph.as_ref();
            let nodes = graph.into_iter().flat_map(|graph| graph.spec.nodes());
            let models = nodes.filter_map(|node| Some(node.value.model.as_ref()?.id.as_ref()?.value.0.clone()));
            let own = models.gather::<BTreeSet<_>>().into_iter().take(SUGGESTIONS);
            let catalogue = app.known.catalogue();
            let known = catalogue.models().iter().map(|model| model.id.clone());
            let mut all: Vec<String> = own.collect();
            all.extend(known.filter(|id| !all.contains(id)).collect::<Vec<_>>());
            all
        })}
        {list("known-engines", |app| {
            app.known.catalogue().engines().map(|(name, _)| name.to_owned()).collect()
        })}
        {list("known-images", |app| {
            app.known.catalogue().engines().filter_map(|(_, image)| image).collect()
        })}
        {list("known-pools", |app| {
            let document = app.workspace.document();
            let body = document.drawn.graph.as_ref().and_then(|graph| graph.spec.body());
            let pools = body.and_then(|spec| spec.hardware.as_ref()?.pools.as_ref());
            let pools = pools.into_iter().flat_map(|pools| pools.value.iter());
            pools.filter_map(|pool| Some(pool.name.as_ref()?.value.0.clone())).collect()
        })}
        {list("known-gpus", |app| {
            app.known.catalogue().gpus().gpus().iter().map(|gpu| gpu.name.to_string()).collect()
        })}
    }
}
