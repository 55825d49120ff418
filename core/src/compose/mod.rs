//! Graphs of several documents: nodes point with `specRef` to a ModelSpec or to another ModelGraph.
//!
//! References resolve within the open bundle: the stream that a document stands in, and the files
//! that whoever asks has put there. Nothing is fetched.
//!
//! The graph that a text draws keeps a node for each subgraph. Beside it stands the *composed*
//! graph: every document that is referred to is read once more for each node that refers to it,
//! with its names under that node's (`outer/inner`), and its places behind the open text; its edges
//! are joined with the outer ones; what a ModelSpec says is merged into its node. The rules run
//! over the composed graph, and what they find is told in terms of the open text.

mod build;
mod bundle;
mod contract;
mod expand;
mod fault;
mod flat;
mod level;
mod named;
mod rename;
mod report;
mod sources;
#[cfg(test)]
mod tests;
mod wires;

use core::cell::OnceCell;
use std::collections::BTreeSet;
use std::rc::Rc;

pub use bundle::{Bundle, Found, normal};
pub(crate) use contract::Conflict;
pub(crate) use fault::{Fault, Problem};
pub use flat::Flat;
pub(crate) use report::findings;

use crate::Analysis;
use crate::check::{Code, Diagnostic};
use crate::graph::{self, Graph, build_with};
use crate::infer::Typing;
use crate::lock::{Digest, Specs, canonical_json, digest};
use crate::spec::{Document, Duration, ModelGraph, Reading, Shape as _};
use crate::text::{Span, Spanned};
use crate::yaml::Node;
use expand::Expanded;
use level::{Follower, Level, Place, Refused};
use sources::Sources;

const CODE: Code = Code("MG111");

/// References are followed so deep.
const DEEPEST: usize = 16;
/// The most nodes of a graph with all that is brought in, as of one document.
const MOST_NODES: usize = 20_000;
/// The most edges of it.
const MOST_EDGES: usize = 80_000;

/// What came of following the references of a graph.
#[derive(Clone, Debug)]
pub(crate) struct Composition {
    sources: Sources,
    levels: Vec<Level>,
    /// References that cannot be used.
    faults: Vec<Fault>,
    /// The names of nodes, as places, that refer to what is not here.
    unknown: BTreeSet<Span>,
    /// Errors of reading what is brought in.
    unread: Vec<Diagnostic>,
    expanded: Option<Expanded>,
    flat: OnceCell<Flat>,
}

/// Whether a text's graph refers to anything.
pub(crate) fn refers(reading: &Reading) -> bool {
    bundle::references(reading).next().is_some()
}

/// Follows the references of a text's graph.
#[inline(never)]
pub(crate) fn compose(text: &str, reading: &Reading, bundle: &Bundle) -> Option<Composition> {
    let (spec, tree) = reading.graph()?;
    let home = Place {
        path: String::new(),
        reading,
        tree,
        name: spec.name().unwrap_or(""),
    };
    let follower = Follower::new(reading, text.len(), bundle);
    Some(followed(follower, home))
}

fn followed<'b>(mut follower: Follower<'b>, home: Place<'b>) -> Composition {
    let at = home.tree.span;
    let refused = follower.level("", at, &mut vec![home]);
    let expanded = match refused {
        Ok(root) => expand::expand(&follower.levels, root)
            .ok_or_else(|| Problem::Large(format!("{MOST_EDGES} edges"))),
        Err(Refused::Because(problem)) => Err(problem),
        Err(Refused::Cycle(_, names)) => Err(Problem::Cycle(names)),
    };
    let expanded = match expanded {
        Ok(expanded) => Some(expanded),
        Err(problem) => {
            follower.faults.push(Fault {
                node: String::new(),
                span: Span::at(at.start),
                problem,
            });
            None
        }
    };
    Composition {
        sources: follower.sources,
        levels: follower.levels,
        faults: follower.faults,
        unknown: follower.unknown,
        unread: follower.unread,
        expanded,
        flat: OnceCell::new(),
    }
}

impl Composition {
    /// The open graph's own level.
    fn root(&self) -> Option<&Level> {
        self.levels.iter().find(|level| level.scope.is_empty())
    }

    /// Indexes the open graph, its nodes with the ports that they have from others.
    pub(crate) fn draw(&self, spec: &Rc<ModelGraph>) -> (Graph, Vec<Diagnostic>) {
        match self.root() {
            Some(level) => build_with(spec, &level.brought),
            None => graph::build(spec),
        }
    }

    /// Findings of reading what is brought in, and of its types; those that are known are left
    /// out.
    pub(crate) fn findings_of_reading(&self, known: &[Diagnostic]) -> Vec<Diagnostic> {
        report::of_reading(self, known)
    }

    /// References that cannot be used.
    pub(crate) fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Whether a node refers to what is not here, so that its ports are not known.
    pub(crate) fn is_unknown(&self, node: &graph::Node) -> bool {
        self.unknown.contains(&node.span)
    }

    /// Whether a place is in the open text.
    pub(crate) fn is_home(&self, span: Span) -> bool {
        self.sources.place(span).is_none()
    }

    /// Whether a graph is the composed one.
    pub(crate) fn is_whole(&self, graph: &Graph) -> bool {
        let whole = self.expanded.as_ref();
        whole.is_some_and(|whole| core::ptr::eq(&raw const whole.graph, graph))
    }

    /// The composed graph, its names `outer/inner`, and its document.
    pub(crate) fn whole(&self) -> Option<(&Graph, &Typing, &Node)> {
        let whole = self.expanded.as_ref()?;
        Some((&whole.graph, &whole.typing, &whole.tree))
    }

    /// The composed graph with names that any document may have.
    pub(crate) fn flat(&self) -> Option<&Flat> {
        let whole = self.expanded.as_ref()?;
        Some(self.flat.get_or_init(|| flat::flatten(&whole.tree)))
    }

    /// The place in the open text: of what was brought in, where the text refers to it.
    pub(crate) fn home(&self, span: Span) -> Span {
        self.sources.home(span)
    }

    /// The timeouts that nodes of subgraphs state, by the node's name.
    pub(crate) fn timeouts(&self) -> impl Iterator<Item = (&str, Spanned<Duration>)> {
        self.levels.iter().flat_map(|level| {
            level.subgraphs.keys().filter_map(|name| {
                let node = level.graph.spec.node(name)?;
                Some((&**name, node.serving.as_ref()?.timeout?))
            })
        })
    }
}

/// The digest of what a document of the bundle means: of a graph that of [`crate::lock`], with all
/// that it refers to; of a ModelSpec SHA-256 over its RFC 8785 canonical JSON without
/// `metadata.description`. `first` is what stands in the first document's file.
pub fn digest_of(first: &Reading, found: &Found<'_>, bundle: &Bundle) -> Option<Digest> {
    match found.document {
        Document::Graph(spec) => {
            let home = Place {
                path: found.path.clone(),
                reading: found.reading,
                tree: found.tree,
                name: spec.name().unwrap_or(""),
            };
            let mut follower = Follower::new(first, 0, bundle);
            follower.holds_digests = false;
            let composition = followed(follower, home);
            Some(digest(&composition.flat()?.graph))
        }
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
    let reading = &analysis.reading;
    let nodes = graph.spec.nodes().filter_map(|node| {
        let reference = node.value.spec_ref.as_ref()?;
        let why = bundle.find(reading, "", reference).err()?;
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
    let reading = &analysis.reading;
    gather(reading, (reading, ""), bundle, DEEPEST, &mut specs);
    specs
}

fn gather(
    first: &Reading,
    (home, path): (&Reading, &str),
    bundle: &Bundle,
    depth: usize,
    specs: &mut Specs,
) {
    let Some(below) = depth.checked_sub(1) else {
        return;
    };
    for reference in bundle::references(home) {
        let Ok(found) = bundle.look(first, home, path, reference) else {
            continue;
        };
        if specs.contains_key(&found.key) {
            continue;
        }
        if let Some(digest) = digest_of(first, &found, bundle) {
            specs.insert(found.key.clone(), digest);
        }
        if !found.path.is_empty() && found.path != path {
            gather(first, (found.reading, &found.path), bundle, below, specs);
        }
    }
}
