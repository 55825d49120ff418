//! Graphs of several documents: nodes point with `specRef` to a ModelSpec or to another ModelGraph.
//!
//! References resolve within the open bundle: the stream that a document stands in, and the files
//! that whoever asks has put there. Nothing is fetched.

mod bundle;
#[cfg(test)]
mod tests;

pub(crate) use bundle::normal;
pub use bundle::{Bundle, Found};

use crate::Analysis;
use crate::check::{Code, Diagnostic};
use crate::lock::{Digest, Specs, canonical_json, digest};
use crate::spec::{Document, Reading, Shape as _};

const CODE: Code = Code("MG111");

/// References are followed so deep.
const DEEPEST: usize = 16;

/// The digest of what a document means: of a graph that of [`crate::lock`], of a ModelSpec SHA-256
/// over its RFC 8785 canonical JSON without `metadata.description`.
pub fn digest_of(document: &Document) -> Option<Digest> {
    match document {
        Document::Graph(spec) => Some(digest(&crate::graph::build(spec).0)),
        Document::ModelSpec(spec) => {
            let mut value = spec.canonical();
            if let Some(metadata) = value
                .get_mut("metadata")
                .and_then(|map| map.as_object_mut())
            {
                metadata.shift_remove("description");
            }
            Some(Digest::of(canonical_json(&value).as_bytes()))
        }
        Document::Lock(_) | Document::Catalogue(_) | Document::Unknown => None,
    }
}

/// The references of a graph's nodes that lead nowhere, as findings of rule MG111.
pub fn unresolved(analysis: &Analysis, bundle: &Bundle) -> Vec<Diagnostic> {
    let Some(graph) = &analysis.graph else {
        return Vec::new();
    };
    let nodes = graph.spec.nodes().filter_map(|node| {
        let reference = node.value.spec_ref.as_ref()?;
        let why = bundle.find(&analysis.reading, "", reference).err()?;
        let name = &node.name.value;
        let message = format!("`specRef` of `{name}` leads nowhere: {why}");
        let found = Diagnostic::new(CODE, reference.span, message).on_node(name);
        Some(found.with_help(
            "a `name` is looked for in the stream, a `path` from the document's folder on",
        ))
    });
    nodes.collect()
}

/// The digests of all documents that a graph's nodes refer to, and those that theirs do, by path
/// relative to the graph's document; by name where they stand in its stream.
pub fn specs(analysis: &Analysis, bundle: &Bundle) -> Specs {
    let mut specs = Specs::new();
    gather(&analysis.reading, "", bundle, DEEPEST, &mut specs);
    specs
}

fn gather(home: &Reading, path: &str, bundle: &Bundle, depth: usize, specs: &mut Specs) {
    let Some(below) = depth.checked_sub(1) else {
        return;
    };
    for reference in bundle::references(home) {
        let Ok(found) = bundle.find(home, path, reference) else {
            continue;
        };
        if specs.contains_key(&found.key) {
            continue;
        }
        if let Some(digest) = digest_of(found.document) {
            specs.insert(found.key.clone(), digest);
        }
        if !found.path.is_empty() && found.path != path {
            gather(found.reading, &found.path, bundle, below, specs);
        }
    }
}
