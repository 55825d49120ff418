use super::Chosen;
use crate::Analysis;
use crate::graph::Graph;
use crate::hardware::Catalogue;
use crate::infer::Typing;
use crate::lock::{self, Digest};
use crate::yaml::Node;

/// What a target looks at.
#[derive(Clone, Debug)]
pub struct Subject<'a> {
    /// The graph, indexed; its subgraphs in the places of their nodes.
    pub graph: &'a Graph,
    /// The types of its ports.
    pub typing: &'a Typing,
    /// The tree of its document.
    pub tree: &'a Node,
    /// Its name; `graph` where it has none.
    pub name: &'a str,
    /// Its version, where stated.
    pub version: Option<&'a str>,
    /// The graph's meaning in full, as canonical JSON: what the digest is of.
    pub canonical: String,
    /// The digest of its meaning.
    pub digest: Digest,
    /// The GPUs that are known.
    pub catalogue: Catalogue,
    /// The placement whose figures stand in the graph, where one was chosen.
    pub chosen: Option<&'a Chosen>,
}

impl<'a> Subject<'a> {
    /// What was analysed, where it has a graph.
    pub fn new(analysis: &'a Analysis) -> Option<Self> {
        let (graph, typing, tree) = analysis.flat()?;
        let metadata = graph.spec.metadata.as_ref();
        let version = metadata.and_then(|metadata| metadata.version.as_ref());
        let canonical = lock::canonical(graph);
        Some(Self {
            graph,
            typing,
            tree,
            name: graph.spec.name().unwrap_or("graph"),
            version: version.map(|version| &*version.value.0),
            digest: Digest::of(canonical.as_bytes()),
            canonical,
            chosen: None,
            catalogue: (*analysis.gpus()).clone(),
        })
    }
}
