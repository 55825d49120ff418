use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Change;
use super::class::{self, Class, Kind, Traits};
use super::edges::touches;
use super::rename;
use super::side::{Shown, Side, shown};
use crate::order::Gather as _;
use crate::spec::form::Form;
use crate::spec::{self, Role, Shape as _, same_revision};
use crate::{Analysis, yaml};

/// All that differs, in the order of the documents; `None` where a text holds no graph.
pub(super) fn changes(old: &Analysis, new: &Analysis) -> Option<Vec<Change>> {
    let mut old = Side::new(old)?;
    let new = Side::new(new)?;
    let was = rename::pairs(&old, &new);
    let names = rename::both_ways(&was);
    if !names.is_empty() {
        rename::rename(&mut old.resolved, &names);
    }
    let mut compared = Compared {
        old: &old,
        new: &new,
        was: &was,
        changes: Vec::new(),
    };
    compared.graph();
    compared.nodes();
    compared.edges();
    compared.layout();
    Some(compared.changes)
}

pub(super) struct Compared<'s, 'a> {
    pub(super) old: &'s Side<'a>,
    pub(super) new: &'s Side<'a>,
    /// New names of nodes that had another.
    was: &'s BTreeMap<String, String>,
    changes: Vec<Change>,
}

/// What a change is about.
#[derive(Clone, Copy, Default)]
pub(super) struct About<'n> {
    pub(super) node: Option<&'n str>,
    pub(super) port: Option<&'n str>,
    pub(super) edge: Option<&'n str>,
}

impl About<'_> {
    pub(super) fn name(self) -> String {
        match (self.node, self.port, self.edge) {
            (_, _, Some(edge)) => edge.to_owned(),
            (Some(node), Some(port), _) => format!("{node}.{port}"),
            (Some(node), None, _) => node.to_owned(),
            _ => String::new(),
        }
    }
}

/// A value that differs: the path to it, and both sides of it.
struct Leaf<'v> {
    path: Vec<String>,
    old: Option<&'v Value>,
    new: Option<&'v Value>,
}

/// The values that differ below two values of one form: records and maps are entered, everything
/// else is one value.
fn leaves<'v>(
    form: Form,
    old: Option<&'v Value>,
    new: Option<&'v Value>,
    path: &mut Vec<String>,
    found: &mut Vec<Leaf<'v>>,
) {
    if old == new {
        return;
    }
    let enters = matches!(form, Form::Record(_) | Form::Map { .. });
    let map = |value: Option<&'v Value>| value.map_or(Some(None), |map| map.as_object().map(Some));
    if let (true, Some(was), Some(is)) = (enters, map(old), map(new)) {
        for key in keys(was, is) {
            let Some(form) = form.step(key) else { continue };
            path.push(key.clone());
            let value = |map: Option<&'v Map<String, Value>>| map.and_then(|map| map.get(key));
            leaves(form, value(was), value(is), path, found);
            path.pop();
        }
        return;
    }
    found.push(Leaf {
        path: path.clone(),
        old,
        new,
    });
}

/// The keys of two maps: the new one's in order, then what only the old one has.
pub(super) fn keys<'v>(
    old: Option<&'v Map<String, Value>>,
    new: Option<&'v Map<String, Value>>,
) -> impl Iterator<Item = &'v String> {
    let gone = old.into_iter().flat_map(Map::keys);
    let gone = gone.filter(move |key| new.is_none_or(|new| !new.contains_key(*key)));
    new.into_iter().flat_map(Map::keys).chain(gone)
}

impl<'a> Compared<'_, 'a> {
    /// The old name of a node.
    pub(super) fn old_name<'n>(&'n self, name: &'n str) -> &'n str {
        self.was.get(name).map_or(name, String::as_str)
    }

    pub(super) fn push(
        &mut self,
        kind: &'static Kind,
        about: About<'_>,
        path: &str,
        shown: [Shown; 2],
        message: String,
    ) {
        let [old, new] = shown;
        self.changes.push(Change {
            kind,
            message,
            node: about.node.map(str::to_owned),
            port: about.port.map(str::to_owned),
            edge: about.edge.map(str::to_owned),
            path: path.to_owned(),
            old: old.text,
            new: new.text,
            old_span: old.span,
            new_span: new.span,
        });
    }

    /// A value that differs.
    pub(super) fn value(
        &mut self,
        kind: &'static Kind,
        about: About<'_>,
        path: &str,
        shown: [Shown; 2],
    ) {
        let subject = match about.name() {
            name if name.is_empty() => format!("`{path}`"),
            name => format!("`{path}` of `{name}`"),
        };
        let [old, new] = [&shown[0].text, &shown[1].text];
        let message = match (old, new) {
            (Some(old), Some(new)) => format!("{subject} changes from `{old}` to `{new}`"),
            (None, Some(new)) => format!("{subject} is newly stated: `{new}`"),
            (Some(old), None) => format!("{subject} is no longer stated, it was `{old}`"),
            (None, None) => return,
        };
        // What nobody had stated cannot have been relied upon.
        let kind = if kind.class >= Class::Reindex && (old.is_none() || new.is_none()) {
            &class::STATED
        } else {
            kind
        };
        self.push(kind, about, path, shown, message);
    }

    /// The values that differ below a part of both documents.
    pub(super) fn part(
        &mut self,
        about: About<'_>,
        form: Form,
        values: [Option<&Value>; 2],
        parts: [Option<&'a yaml::Node>; 2],
        kind: &dyn Fn(&str) -> &'static Kind,
    ) {
        let mut found = Vec::new();
        let [old, new] = values;
        leaves(form, old, new, &mut Vec::new(), &mut found);
        for leaf in found {
            let path: Vec<&str> = leaf.path.iter().map(String::as_str).collect();
            let [was, is] = parts;
            let shown = [shown(was, &path, leaf.old), shown(is, &path, leaf.new)];
            let path = leaf.path.join(".");
            let is_revision = matches!(&*path, "model.revision" | "index.revision");
            let texts = shown.each_ref().map(|shown| shown.text.as_deref());
            let same =
                is_revision && matches!(texts, [Some(old), Some(new)] if same_revision(old, new));
            let kind = if same { &class::SAME } else { kind(&path) };
            self.value(kind, about, &path, shown);
        }
    }

    fn graph(&mut self) {
        let about = About::default();
        let both = |pointer: &str| [self.old, self.new].map(|side| side.resolved.pointer(pointer));
        let (metadata, body) = (both("/metadata"), both("/spec"));
        let at =
            |path: &[&str]| [self.old, self.new].map(|side| side.tree.at(path.iter().copied()));
        let (metadata_parts, body_parts) = (at(&["metadata"]), at(&["spec"]));
        self.part(
            about,
            spec::Metadata::form(),
            metadata,
            metadata_parts,
            &|path| {
                if path == "name" {
                    &class::RENAMED
                } else {
                    &class::WORDS
                }
            },
        );
        self.words(about, metadata_parts, "metadata.");
        let Form::Record(record) = spec::GraphSpec::form() else {
            return;
        };
        for field in record.fields {
            let key = field.key;
            if matches!(key, "types" | "inputs" | "outputs" | "nodes" | "edges") {
                continue;
            }
            let values = body.map(|body| body.and_then(|body| body.get(key)));
            let parts = body_parts.map(|part| part.and_then(|part| part.get(key)));
            let before = self.changes.len();
            self.part(about, (field.form)(), values, parts, &|_| {
                class::of_graph(key)
            });
            for change in self.changes.iter_mut().skip(before) {
                let path = [key, &change.path]
                    .into_iter()
                    .filter(|part| !part.is_empty());
                let path = path.collect::<Vec<_>>().join(".");
                change.message =
                    change
                        .message
                        .replacen(&format!("`{}`", change.path), &format!("`{path}`"), 1);
                change.path = path;
            }
        }
        for side in ["inputs", "outputs"] {
            let values = body.map(|body| body.and_then(|body| body.get(side)));
            self.ports(side, side, values);
        }
    }

    /// Descriptions and annotations, which the digest leaves out.
    pub(super) fn words(
        &mut self,
        about: About<'_>,
        parts: [Option<&'a yaml::Node>; 2],
        prefix: &str,
    ) {
        for key in ["description", "annotations"] {
            let values = parts.map(|part| part.and_then(|part| part.get(key)).map(spec::to_json));
            let [old, new] = &values;
            if old == new {
                continue;
            }
            let [was, is] = parts;
            let shown = [
                shown(was, &[key], old.as_ref()),
                shown(is, &[key], new.as_ref()),
            ];
            self.value(&class::WORDS, about, &format!("{prefix}{key}"), shown);
        }
    }

    fn nodes(&mut self) {
        let (old, new) = (self.old, self.new);
        for (name, node) in new.nodes() {
            match old.node(name) {
                Some(before) => self.node(name, before, node),
                None => self.one_sided(name, node, false),
            }
        }
        for (name, node) in old.nodes() {
            if new.node(name).is_none() {
                self.one_sided(name, node, true);
            }
        }
    }

    /// A node that only one of the graphs has.
    fn one_sided(&mut self, name: &str, node: &Value, removed: bool) {
        let side = if removed { self.old } else { self.new };
        let word = |pointer: &str| node.pointer(pointer).and_then(Value::as_str);
        let what = [word("/role"), word("/model/id")];
        let what = what.into_iter().flatten().collect::<Vec<_>>().join(", ");
        let what = if what.is_empty() {
            what
        } else {
            format!(" ({what})")
        };
        let edges = side.edges().filter(|edge| touches(edge, name)).count();
        let edges = match edges {
            0 => String::new(),
            1 => ", and with it an edge".to_owned(),
            many => format!(", and with it {many} edges"),
        };
        let span = |side: &Side<'_>| {
            let found = side.tree.at(["spec", "nodes", name]);
            let place = found.or_else(|| side.tree.at(["spec", "nodes"]));
            place.map(|node| node.span)
        };
        let shown = |side: &Side<'_>, there: bool| Shown {
            text: there.then(|| name.to_owned()),
            span: span(side),
        };
        let (kind, verb) = if removed {
            (&class::NODE_REMOVED, "removed")
        } else {
            (&class::NODE_ADDED, "new")
        };
        let message = format!("`{name}`{what} is {verb}{edges}");
        let about = About {
            node: Some(name),
            ..About::default()
        };
        let shown = [shown(self.old, removed), shown(self.new, !removed)];
        self.push(kind, about, "", shown, message);
    }

    fn node(&mut self, name: &str, before: &Value, node: &Value) {
        let about = About {
            node: Some(name),
            ..About::default()
        };
        let old_name = self.old_name(name).to_owned();
        let parts = [
            self.old.tree.at(["spec", "nodes", &old_name]),
            self.new.tree.at(["spec", "nodes", name]),
        ];
        if old_name != name {
            let [old, new] = [&old_name, name].map(|text| Some(text.to_owned()));
            let [was, is] = parts.map(|part| part.map(|part| part.span));
            let shown = Shown::both([old, new], [was, is]);
            let message = format!("`{old_name}` is called `{name}` now");
            self.push(&class::RENAMED, about, "", shown, message);
        }
        let traits = traits(before, node);
        let without_ports = |node: &Value| {
            let mut map = node.as_object().cloned().unwrap_or_default();
            map.shift_remove("inputs");
            map.shift_remove("outputs");
            Value::Object(map)
        };
        let (was, is) = (without_ports(before), without_ports(node));
        let kind = |path: &str| class::of_node(path, traits);
        self.part(
            about,
            spec::Node::form(),
            [Some(&was), Some(&is)],
            parts,
            &kind,
        );
        self.words(about, parts, "");
        for side in ["inputs", "outputs"] {
            self.ports(name, side, [before.get(side), node.get(side)]);
        }
    }

    fn layout(&mut self) {
        let places = [self.old, self.new].map(|side| side.tree.get("layout"));
        let [old, new] = places.map(|place| place.map(spec::to_json));
        if old == new {
            return;
        }
        let [was, is] = places.map(|place| place.map(|place| place.span));
        let shown = Shown::both([None, None], [was, is]);
        let message = "`layout` places the nodes of the drawing otherwise".to_owned();
        self.push(&class::LAYOUT, About::default(), "layout", shown, message);
    }
}

fn traits(before: &Value, node: &Value) -> Traits {
    let roles: BTreeSet<&str> = [before, node]
        .into_iter()
        .filter_map(|node| node.get("role")?.as_str())
        .gather();
    let tokens = |node: &Value| {
        let sides = ["inputs", "outputs"].into_iter();
        let ports = sides.filter_map(|side| node.get(side)?.as_object());
        let mut ports = ports.flat_map(Map::values);
        ports.any(|port| port.pointer("/type/kind").and_then(Value::as_str) == Some("tokens"))
    };
    Traits {
        embeds: roles.contains(Role::Embedder.word()),
        guards: roles.contains(Role::Guardrail.word()),
        tokens: tokens(before) || tokens(node),
    }
}
