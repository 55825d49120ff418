use super::Chosen;
use crate::Analysis;
use crate::graph::{Graph, NodeIx};
use crate::hardware::Catalogue;
use crate::infer::Typing;
use crate::lock::{self, Digest};
use crate::spec::Execution;
use crate::text::Span;
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

    /// Where its name stands.
    pub(super) fn name_span(&self) -> Span {
        let metadata = self.graph.spec.metadata.as_ref();
        let name = metadata.and_then(|metadata| metadata.name.as_ref());
        name.map_or_else(Span::default, |name| name.span)
    }

    /// Nodes by name, at most eight: "`a`, `b` and 3 others".
    pub(super) fn listed(&self, nodes: &[NodeIx]) -> String {
        let named = nodes.iter().take(8);
        let named = named.map(|ix| format!("`{}`", self.graph.name(*ix)));
        let named: Vec<String> = named.collect();
        let others = nodes.len().saturating_sub(named.len());
        let named = named.join(", ");
        match others {
            0 => named,
            _ => format!("{named} and {others} others"),
        }
    }

    /// Who calls its nodes.
    pub(super) fn execution(&self) -> Execution {
        let body = self.graph.spec.body();
        let stated = body.and_then(|body| body.execution);
        stated.map_or(Execution::Orchestrated, |execution| execution.value)
    }

    /// Whether an orchestrator calls its nodes, and not they one another.
    pub(super) fn is_orchestrated(&self) -> bool {
        self.execution() == Execution::Orchestrated
    }
}
