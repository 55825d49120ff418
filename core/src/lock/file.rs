//! `modelgraph.lock`: what each graph meant when it was locked, and what it was pinned to.

use std::collections::BTreeMap;

use serde_json::{Map as Json, Value, json};

use super::Digest;
use crate::graph::{Graph, Node};
use crate::order::Gather as _;
use crate::spec::{API_VERSION, ByNode, ByText, LOCK_KIND, Map, Shape as _, Text};
use crate::{Analysis, spec, yaml};

/// The name of the file beside the documents that it locks.
pub const FILE_NAME: &str = "modelgraph.lock";

record! {
    /// What graphs meant when they were locked.
    pub struct LockFile {
        /// The version of the format: `modelgraph/v1alpha1`.
        @required "apiVersion" api_version: Text,
        /// `ModelGraphLock`.
        @required "kind" kind: Text,
        /// The graphs, by their names.
        @required "graphs" graphs: Map<ByText, LockedGraph>,
    }

    /// One graph.
    pub struct LockedGraph {
        /// The digest of its meaning.
        @required "digest" digest: Text,
        /// The digests of the documents that its nodes refer to, by path or name.
        "specs" specs: Map<ByText, Text>,
        /// What its nodes are pinned to.
        "nodes" nodes: Map<ByNode, LockedNode>,
    }

    /// What a node is pinned to, as the document gives it.
    pub struct LockedNode {
        /// Its model.
        "model" model: Text,
        /// The model's commit or tag.
        "revision" revision: Text,
        /// Its tokenizer.
        "tokenizer" tokenizer: Text,
        /// The digest of the tokenizer's file.
        "tokenizerDigest" tokenizer_digest: Text,
        /// The image that serves it.
        "image" image: Text,
        /// The image's digest.
        "imageDigest" image_digest: Text,
    }
}

/// The digests of the documents that a graph's nodes refer to, by path or name.
pub type Specs = BTreeMap<String, Digest>;

/// A fact that a node is pinned by: its key, its value, and where the document states it.
pub(super) struct Pin<'g> {
    pub(super) key: &'static str,
    pub(super) value: &'g str,
    pub(super) span: crate::text::Span,
}

/// What the document pins a node to.
pub(super) fn pins(node: &spec::Node) -> impl Iterator<Item = Pin<'_>> {
    let model = node.model.as_ref();
    let tokenizer = node.tokenizer.as_ref();
    let serving = node.serving.as_ref();
    let image = serving.and_then(|serving| serving.image.as_ref());
    let digest = serving.and_then(|serving| serving.digest.as_ref());
    // An image may carry its digest: `name:tag@sha256:…`.
    let carried = image.and_then(|image| {
        let (_, digest) = image.value.split_once('@')?;
        Some((digest, image.span))
    });
    let digest = digest.map(|digest| (&*digest.value.0, digest.span));
    let model_id = model.and_then(|model| model.id.as_ref());
    let revision = model.and_then(|model| model.revision.as_ref());
    let tokenizer_id = tokenizer.and_then(|tokenizer| tokenizer.id.as_ref());
    let tokenizer_digest = tokenizer.and_then(|tokenizer| tokenizer.digest.as_ref());
    [
        ("model", model_id.map(|id| (&*id.value.0, id.span))),
        ("revision", revision.map(|text| (&*text.value.0, text.span))),
        ("tokenizer", tokenizer_id.map(|id| (&*id.value.0, id.span))),
        (
            "tokenizerDigest",
            tokenizer_digest.map(|text| (&*text.value.0, text.span)),
        ),
        ("image", image.map(|image| (&*image.value.0, image.span))),
        ("imageDigest", digest.or(carried)),
    ]
    .into_iter()
    .filter_map(|(key, stated)| {
        let (value, span) = stated?;
        Some(Pin { key, value, span })
    })
}

impl LockedNode {
    /// The value of a key.
    pub(super) fn value(&self, key: &str) -> Option<&str> {
        let value = match key {
            "model" => &self.model,
            "revision" => &self.revision,
            "tokenizer" => &self.tokenizer,
            "tokenizerDigest" => &self.tokenizer_digest,
            "image" => &self.image,
            _ => &self.image_digest,
        };
        value.as_ref().map(|text| &*text.value.0)
    }
}

/// Reads a lockfile.
///
/// # Errors
/// What is wrong with its form; what its text is not, where it is none.
pub fn read(text: &str) -> Result<LockFile, Vec<crate::check::Diagnostic>> {
    let reading = spec::read(text);
    match reading.lock() {
        Some(lock) if reading.diagnostics.is_empty() => Ok(lock.clone()),
        _ if !reading.diagnostics.is_empty() => Err(reading.diagnostics),
        _ => {
            let message = format!("there is no document of `kind: {LOCK_KIND}`");
            let span = crate::text::Span::default();
            let code = crate::check::Code::UNKNOWN_KIND;
            let help = "remove the file, and `modelspec lock` writes it anew";
            Err(vec![
                crate::check::Diagnostic::new(code, span, message).with_help(help),
            ])
        }
    }
}

/// A lockfile's text with a graph locked as it is now; what it says of other graphs stays. `None`
/// where the document holds no graph with a name.
pub fn write(before: Option<&LockFile>, analysis: &Analysis, specs: &Specs) -> Option<String> {
    let graph = analysis.graph.as_ref()?;
    let name = graph.spec.name()?;
    let locked = before.and_then(|lock| lock.graphs.as_ref());
    let mut graphs: BTreeMap<&str, Value> = locked
        .into_iter()
        .flat_map(|graphs| graphs.iter())
        .map(|named| (&*named.name.value, named.value.canonical()))
        .gather();
    let (flat, ..) = analysis.flat()?;
    let digest = super::digest(flat).to_string();
    graphs.insert(name, locked_graph(graph, &digest, specs));
    let graphs: Json<String, Value> = graphs
        .into_iter()
        .map(|(name, graph)| (name.to_owned(), graph))
        .collect();
    let lock = json!({"apiVersion": API_VERSION, "kind": LOCK_KIND, "graphs": graphs});
    let header = "# Written by `modelspec lock`; `modelspec verify` holds the graphs to it.\n";
    Some(format!("{header}{}", yaml::document(&lock)))
}

fn locked_graph(graph: &Graph, digest: &str, specs: &Specs) -> Value {
    let mut entry = Json::new();
    entry.insert("digest".to_owned(), json!(digest));
    if !specs.is_empty() {
        let specs = specs.iter();
        let specs: Json<String, Value> = specs
            .map(|(name, digest)| (name.clone(), json!(digest.to_string())))
            .collect();
        entry.insert("specs".to_owned(), Value::Object(specs));
    }
    let mut nodes: BTreeMap<&str, Value> = BTreeMap::new();
    for (ix, Node { name, .. }) in graph.model_nodes() {
        let Some(node) = graph.spec_of(ix) else {
            continue;
        };
        let pins: Json<String, Value> = pins(node)
            .map(|pin| (pin.key.to_owned(), json!(pin.value)))
            .collect();
        if !pins.is_empty() {
            nodes.insert(name, Value::Object(pins));
        }
    }
    if !nodes.is_empty() {
        let nodes = nodes.into_iter();
        let nodes: Json<String, Value> =
            nodes.map(|(name, pins)| (name.to_owned(), pins)).collect();
        entry.insert("nodes".to_owned(), Value::Object(nodes));
    }
    Value::Object(entry)
}
