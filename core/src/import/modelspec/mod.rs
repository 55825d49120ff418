//! ParallelIQ ModelSpec: one document a model, joined by their dependencies.
//!
//! Every field is kept. What a graph has a word for is said in its words, and the rest stands in
//! the annotation `piqc.ai/spec` of the node; `piqc.ai/metadata` holds what the document is called.
//! Files that `modelspec export` wrote say in annotations under `modelgraph/` what the format has
//! no key for: from them the graph comes back.

mod dependencies;
mod node;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use super::{Draft, File, Importer, Kind, Place};
use crate::spec::{self, to_json};
use crate::text::Span;
use crate::yaml::Node;

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ModelSpec;

/// The annotation of a node that keeps what its ModelSpec says and a graph does not.
pub(crate) const KEPT_SPEC: &str = "piqc.ai/spec";
/// The annotation of a node that keeps the metadata of its ModelSpec.
pub(crate) const KEPT_METADATA: &str = "piqc.ai/metadata";
/// The annotation of a node that keeps the file of its ModelSpec, relative to the folder that holds
/// all of them.
pub(crate) const KEPT_FILE: &str = "piqc.ai/file";
/// What annotations begin with that an export wrote.
const OURS: &str = "modelgraph/";

static FORM: Kind = Kind::refused("IM-MODELSPEC-FORM", "ModelSpecs that are not valid");
static NODE: Kind = Kind::understood("IM-MODELSPEC-NODE", "Models as nodes");
static RESTORED: Kind = Kind::understood("IM-MODELSPEC-GRAPH", "Graphs from their annotations");
static KEPT: Kind = Kind::kept("IM-MODELSPEC-KEPT", "Keys that a graph has no word for");
static ROLE: Kind = Kind::guessed("IM-MODELSPEC-ROLE", "What a model or dependency does");
static SIDE: Kind = Kind::guessed("IM-MODELSPEC-SIDE", "On which side a guardrail stands");
static TYPE: Kind = Kind::guessed("IM-MODELSPEC-TYPE", "What passes between two models");
static ABSENT: Kind = Kind::guessed("IM-MODELSPEC-ABSENT", "Dependencies without a file");
static CYCLE: Kind = Kind::kept("IM-MODELSPEC-CYCLE", "Dependencies that go round");
static ENDS: Kind = Kind::guessed(
    "IM-MODELSPEC-ENDS",
    "Where values enter and leave the graph",
);

static KINDS: &[&Kind] = &[
    &FORM, &NODE, &RESTORED, &KEPT, &ROLE, &SIDE, &TYPE, &ABSENT, &CYCLE, &ENDS,
];

impl Importer for ModelSpec {
    fn name(&self) -> &'static str {
        "modelspec"
    }

    fn title(&self) -> &'static str {
        "ParallelIQ ModelSpec"
    }

    fn about(&self) -> &'static str {
        "ModelSpec documents, each a node, joined by their dependencies"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn detect(&self, file: &File<'_>) -> bool {
        let documents = file.parsed().map_or(&[][..], |parsed| &parsed.documents);
        let is = |wanted: fn(&Node) -> bool| documents.iter().any(wanted);
        is(is_model_spec) && !is(super::is_graph_document)
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let mut documents = Vec::new();
        for &file in files {
            if is_valid(file, draft) {
                let trees = draft.trees(file).iter();
                let trees = trees.filter(|tree| is_model_spec(tree));
                documents.extend(trees.map(|tree| Document::of(file, tree)));
            }
        }
        if draft.is_refused() {
            return;
        }
        let restored = restore(&documents, draft);
        let shared = common_folder(files);
        for document in &mut documents {
            node::write(document, restored, draft);
            if !restored {
                let path = path_of(document.file, &shared, &document.node);
                draft.keep(&document.node, KEPT_FILE, path);
            }
        }
        if let [only] = documents.as_slice() {
            node::write_graph(only, draft);
        }
        if !restored {
            dependencies::write(&documents, draft);
        }
    }
}

fn word<'t>(tree: &'t Node, key: &str) -> Option<&'t str> {
    let scalar = tree.get(key)?.as_scalar()?;
    Some(&scalar.text)
}

fn is_model_spec(tree: &Node) -> bool {
    let version = word(tree, "apiVersion");
    version.is_some_and(|version| version.starts_with("piqc.ai/"))
        || (version.is_none() && word(tree, "kind") == Some("ModelSpec"))
}

/// Refuses what the reader of the closed format finds wrong.
fn is_valid(file: &File<'_>, draft: &mut Draft) -> bool {
    let Some(text) = draft.text(file) else {
        return false;
    };
    let found = spec::read(text).diagnostics;
    for found in &found {
        let fix = found.fixes.first().map(|fix| fix.label.clone());
        let help = found.help.clone().or(fix);
        let help = help.unwrap_or_else(|| "mend it, then import again".to_owned());
        draft.refuse(&FORM, file.at(found.span), &*found.message, help);
    }
    found.is_empty()
}

/// One ModelSpec.
#[derive(Debug)]
struct Document<'f> {
    file: &'f File<'f>,
    tree: &'f Node,
    /// What it is called.
    name: String,
    /// The node that it became.
    node: String,
    /// What it says, as JSON.
    json: Value,
}

impl<'f> Document<'f> {
    fn of(file: &'f File<'f>, tree: &'f Node) -> Self {
        let name = tree.at(["metadata", "name"]).and_then(Node::as_scalar);
        Self {
            file,
            tree,
            name: name.map_or_else(String::new, |name| name.text.clone()),
            node: String::new(),
            json: to_json(tree),
        }
    }

    /// What stands under a path, as JSON.
    fn get(&self, path: &[&str]) -> Option<&Value> {
        let mut steps = path.iter();
        steps.try_fold(&self.json, |value, key| value.get(key))
    }

    /// The text under a path, whatever it looks like.
    fn text(&self, path: &[&str]) -> Option<&'f str> {
        let node = self.tree.at(path.iter().copied())?;
        let scalar = node.as_scalar().filter(|scalar| !scalar.is_null())?;
        Some(&scalar.text)
    }

    /// The place of what stands under a path, else of the document.
    fn place(&self, path: &[&str]) -> Place {
        let node = self.tree.at(path.iter().copied()).unwrap_or(self.tree);
        self.file.at(Span::new(node.span.start, node.span.end))
    }

    /// The annotations that an export wrote, without what they begin with.
    fn ours(&self) -> impl Iterator<Item = (&'f str, &'f str)> {
        let annotations = self.tree.at(["metadata", "annotations"]);
        let entries = annotations.and_then(Node::as_mapping);
        let entries = entries.map_or(&[][..], |map| &map.entries);
        entries.iter().filter_map(|entry| {
            let key = entry.key.text.strip_prefix(OURS)?;
            Some((key, &*entry.value.as_scalar()?.text))
        })
    }
}

/// Puts back what an export wrote of the graph as a whole; whether there was such a thing.
fn restore(documents: &[Document<'_>], draft: &mut Draft) -> bool {
    let mut found = documents.iter().flat_map(|document| {
        let ours = document.ours().filter(|(key, _)| *key == "document");
        ours.map(move |(_, text)| (document, text))
    });
    let Some((document, text)) = found.next() else {
        return false;
    };
    let Ok(Value::Object(whole)) = serde_json::from_str::<Value>(text) else {
        return false;
    };
    let is_whole = |name: &str| documents.iter().any(|document| document.name == name);
    // The order of the nodes is not written; those with documents come first.
    for name in documents.iter().map(|document| &document.name) {
        draft.node(name, &document.place(&[]));
    }
    draft.adopt(&whole, is_whole);
    let place = document.place(&["metadata", "annotations", "modelgraph/document"]);
    let message = "what is said of the whole graph is taken from the annotation \
                   `modelgraph/document`";
    draft.understand(&RESTORED, place, None, message);
    true
}

/// The folder that holds all files.
fn common_folder(files: &[&File<'_>]) -> String {
    let mut folders = files.iter().map(|file| file.folder());
    let mut common: Vec<&str> = folders.next().unwrap_or_default().split('/').collect();
    for folder in folders {
        let same = common
            .iter()
            .zip(folder.split('/'))
            .take_while(|(a, b)| **a == *b);
        let same = same.count();
        common.truncate(same);
    }
    common.join("/")
}

/// The path of a file below a folder, one that can be written anywhere; else one of its node.
fn path_of(file: &File<'_>, folder: &str, node: &str) -> String {
    let path = file.path().strip_prefix(folder).unwrap_or(file.path());
    let path = path.trim_start_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_plain =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain);
    if path.split('/').all(is_plain) {
        path.to_owned()
    } else {
        format!("{node}.modelspec.yaml")
    }
}

/// Takes what stands under a path out of a map, and the maps that it leaves empty.
fn take(map: &mut Map<String, Value>, path: &[&str]) {
    match path {
        [] => {}
        [key] => {
            map.shift_remove(*key);
        }
        [key, rest @ ..] => {
            if let Some(Value::Object(inner)) = map.get_mut(*key) {
                let was_empty = inner.is_empty();
                take(inner, rest);
                if inner.is_empty() && !was_empty {
                    map.shift_remove(*key);
                }
            }
        }
    }
}
