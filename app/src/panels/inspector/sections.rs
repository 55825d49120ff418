//! How the fields of a thing are put together under headings.

use modelspec_core::edit::Item;
use modelspec_core::spec::Role;
use modelspec_core::spec::form::{Field as Declared, Form};

use super::collection::pick_field;
use super::field::{Field, view_of};
use super::place::{Path, Place, join};
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon};

/// Fields under one heading.
#[derive(Debug)]
pub(super) struct Section {
    title: &'static str,
    /// The record whose fields stand directly below the heading; empty for none.
    record: &'static [&'static str],
    /// Other fields.
    fields: &'static [&'static [&'static str]],
}

const fn section(
    title: &'static str,
    record: &'static [&'static str],
    fields: &'static [&'static [&'static str]],
) -> Section {
    Section {
        title,
        record,
        fields,
    }
}

/// Of a node; its role and ports have places of their own.
static NODE: &[Section] = &[
    section("Model", &["model"], &[]),
    section("Index", &["index"], &[]),
    section(
        "Behaviour",
        &[],
        &[
            &["join"],
            &["cancel"],
            &["hitRate"],
            &["required"],
            &["onFailure"],
        ],
    ),
    section("Tokens", &["limits"], &[&["tokenizer"], &["tokens"]]),
    section("Latency", &["latency"], &[&["budget"], &["service"]]),
    section("Placement", &["placement"], &[&["external"]]),
    section("Serving", &["serving"], &[]),
    section(
        "About",
        &[],
        &[
            &["description"],
            &["externalName"],
            &["specRef"],
            &["annotations"],
        ],
    ),
    section("Checks", &[], &[&["checks"]]),
];

static EDGE: &[Section] = &[
    section(
        "Connection",
        &[],
        &[&["from"], &["to"], &["role"], &["required"]],
    ),
    section("Branch", &[], &[&["when"], &["probability"], &["weight"]]),
    section("Time", &[], &[&["maxLatency"], &["timeout"], &["hop"]]),
    section("Loop", &["loop"], &[]),
    section("About", &[], &[&["id"], &["annotations"]]),
    section("Checks", &[], &[&["checks"]]),
];

static DOCUMENT: &[Section] = &[
    section("About", &["metadata"], &[&["spec", "use"]]),
    section("Objectives", &["spec", "objectives"], &[]),
    section("Workload", &["spec", "workload"], &[]),
    section("Running", &[], &[&["spec", "execution"]]),
    section("Policies", &[], &[&["spec", "policies"]]),
    section("Hardware", &["spec", "hardware"], &[]),
    section("Types", &[], &[&["spec", "types"]]),
    section("Checks", &[], &[&["spec", "checks"]]),
];

/// The sections of a thing.
pub(super) const fn of(item: Option<&Item>) -> &'static [Section] {
    match item {
        None => DOCUMENT,
        Some(Item::Node(_)) => NODE,
        Some(Item::Edge(_)) => EDGE,
        Some(Item::Input(_) | Item::Output(_)) => &[],
    }
}

/// What a reader asks first of a thing, shown even where it is unknown.
pub(super) fn essential(
    item: Option<&Item>,
    role: Option<Role>,
) -> &'static [&'static [&'static str]] {
    match item {
        None => &[
            &["metadata", "name"],
            &["metadata", "version"],
            &["spec", "objectives", "latency"],
            &["spec", "workload", "arrivals"],
        ],
        Some(Item::Edge(_)) => &[&["from"], &["to"], &["role"], &["maxLatency"]],
        Some(Item::Input(_) | Item::Output(_)) => &[],
        Some(Item::Node(_)) => match role {
            Some(
                Role::Guardrail
                | Role::Embedder
                | Role::Reranker
                | Role::Generator
                | Role::Classifier,
            ) => &[
                &["model", "id"],
                &["model", "parameters"],
                &["latency", "p95"],
                &["placement", "gpu"],
                &["placement", "replicas"],
                &["onFailure"],
            ],
            Some(Role::Retriever) => &[
                &["index", "documents"],
                &["index", "metric"],
                &["latency", "p95"],
                &["placement", "replicas"],
                &["onFailure"],
            ],
            Some(Role::Join) => &[&["join"], &["cancel"]],
            Some(Role::Cache) => &[&["hitRate"], &["latency", "p95"]],
            _ => &[&["latency", "p95"], &["placement", "replicas"]],
        },
    }
}

fn owned(path: &[&str]) -> Path {
    path.iter().map(|key| (*key).to_owned()).collect()
}

/// The description of the field at a path.
fn declared(form: Form, path: &[String]) -> Option<&'static Declared> {
    let (key, above) = path.split_last()?;
    let above = above.iter().try_fold(form, |form, key| form.step(key));
    match above? {
        Form::Record(record) => record.field(key),
        _ => None,
    }
}

impl Section {
    /// All its fields.
    fn all(&self, form: Form) -> Vec<Path> {
        let record = owned(self.record);
        let within = record.iter().try_fold(form, |form, key| form.step(key));
        let fields = match within {
            Some(Form::Record(found)) if !record.is_empty() => found
                .all_fields()
                .map(|field| join(&record, field.key))
                .collect(),
            _ => Vec::new(),
        };
        let more = self.fields.iter().map(|path| owned(path));
        fields.into_iter().chain(more).collect()
    }
}

/// The fields under all headings, and a way to all others.
#[component]
pub(super) fn Sections(
    place: Place,
    sections: &'static [Section],
    /// Shown even where nothing is stated.
    essential: Signal<&'static [&'static [&'static str]]>,
) -> impl IntoView {
    let is_shown = move |path: &Path| {
        let is_essential = essential
            .get()
            .iter()
            .any(|essential| owned(essential) == *path);
        is_essential || place.is_stated(path) || place.is_revealed(path)
    };
    let with_fields = move |paths: Vec<Path>| {
        let found = paths.into_iter().filter_map(|path| {
            let field = declared((place.form)(), &path)?;
            Some((path, field))
        });
        found.collect::<Vec<_>>()
    };
    let view = move |section: &'static Section| {
        let all = section.all((place.form)());
        let missing = all.clone();
        let shown = Memo::new(move |_| {
            all.iter()
                .filter(|path| is_shown(path))
                .cloned()
                .collect::<Vec<_>>()
        });
        let can_add = missing.len() > 1;
        let add = move |_| {
            let missing: Vec<Path> = untrack(|| {
                missing
                    .iter()
                    .filter(|path| !is_shown(path))
                    .cloned()
                    .collect()
            });
            pick_field(place, section.title, with_fields(missing));
        };
        let label = format!("Add to {}", section.title.to_lowercase());
        view! {
            <section class="section" hidden=move || shown.with(Vec::is_empty)>
                <div class="section-head">
                    <h3 class="heading">{section.title}</h3>
                    <span class="grow"></span>
                    {can_add.then(|| view! {
                        <button class="quiet icon-button tiny" type="button" aria-label=label.clone() title=label on:click=add>
                            <Icon glyph=Glyph::Add />
                        </button>
                    })}
                </div>
                <For each=move || shown.get() key=Clone::clone let:path>
                    {declared((place.form)(), &path).map(|declared| {
                        let above = &path[..path.len() - 1];
                        view_of(place, Field::of(above, declared))
                    })}
                </For>
            </section>
        }
    };
    let add = move |_| {
        let all = sections
            .iter()
            .flat_map(|section| section.all((place.form)()));
        let missing = untrack(|| all.filter(|path| !is_shown(path)).collect());
        pick_field(place, "this", with_fields(missing));
    };
    view! {
        {sections.iter().map(view).collect_view()}
        {(!sections.is_empty()).then(|| view! {
            <div class="section">
                <button class="small wide-button" type="button" on:click=add>
                    <Icon glyph=Glyph::Add />
                    "Add a field…"
                </button>
            </div>
        })}
    }
}

#[cfg(test)]
mod tests {
    use modelspec_core::spec::{Edge, GraphSpec, ModelGraph, Node, Shape as _};

    use super::*;

    fn reached(
        sections: &[Section],
        form: Form,
        prefix: &[&str],
        keys: &[&'static str],
    ) -> Vec<&'static str> {
        let mut all = Vec::new();
        for section in sections {
            all.extend(section.all(form));
            all.push(owned(section.record));
        }
        let reached = |key: &&str| {
            let path = join(&owned(prefix), key);
            all.iter().any(|found| found.starts_with(&path))
        };
        keys.iter().copied().filter(|key| !reached(key)).collect()
    }

    fn keys(fields: &'static [Declared]) -> Vec<&'static str> {
        fields.iter().map(|field| field.key).collect()
    }

    #[test]
    fn every_field_of_the_format_has_its_place() {
        let node = reached(NODE, Node::form(), &[], &keys(Node::RECORD.fields));
        assert_eq!(
            node,
            ["role", "inputs", "outputs"],
            "these have places of their own"
        );
        let edge = reached(EDGE, Edge::form(), &[], &keys(Edge::RECORD.fields));
        assert!(edge.is_empty(), "{edge:?}");
        let spec = reached(
            DOCUMENT,
            ModelGraph::form(),
            &["spec"],
            &keys(GraphSpec::RECORD.fields),
        );
        assert_eq!(
            spec,
            ["inputs", "outputs", "nodes", "edges"],
            "these are selected instead"
        );
    }

    #[test]
    fn what_is_essential_is_part_of_a_section() {
        let node = Item::Node(String::new());
        let edge = Item::Edge(String::new());
        for (item, form) in [
            (None, ModelGraph::form()),
            (Some(&node), Node::form()),
            (Some(&edge), Edge::form()),
        ] {
            let all: Vec<Path> = of(item)
                .iter()
                .flat_map(|section| section.all(form))
                .collect();
            for role in Role::ALL.iter().copied().map(Some).chain([None]) {
                for path in essential(item, role) {
                    assert!(all.contains(&owned(path)), "{path:?}");
                }
            }
        }
    }
}
