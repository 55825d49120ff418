//! One document as a node brings it in: its names prefixed, its places behind the open text, its
//! own references followed.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::bundle::{Bundle, Found, Lost};
use super::contract;
use super::fault::{Fault, Problem};
use super::rename::{rename, shift};
use super::sources::{Source, Sources};
use super::{DEEPEST, MOST_NODES, build};
use crate::check::{Diagnostic, Severity};
use crate::graph::{
    Brought, BroughtPort, BroughtPorts, Graph, NodeIx, Port, PortIx, Type, build_with,
};
use crate::infer::{self, Typing};
use crate::lock::Digest;
use crate::spec::{Document, ModelGraph, Reader, Reading, Shape as _, SpecRef};
use crate::text::{Span, Spanned};
use crate::yaml::Node;

/// A document and where it stands.
#[derive(Clone)]
pub(super) struct Place<'b> {
    /// The path of its file; empty for that of the open text.
    pub(super) path: String,
    /// All that stands in that file.
    pub(super) reading: &'b Reading,
    /// The document's tree.
    pub(super) tree: &'b Node,
    /// The graph's name.
    pub(super) name: &'b str,
}

/// One graph as one node brings it in.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// The nodes that bring it in, `outer/inner`; empty for the open graph.
    pub(super) scope: String,
    /// Its tree, with what each ModelSpec says of its node.
    pub(super) tree: Node,
    /// It alone, its subgraphs as nodes that have what their graphs declare.
    pub(super) graph: Graph,
    pub(super) typing: Typing,
    /// The levels of its subgraphs, by the node's name.
    pub(super) subgraphs: BTreeMap<String, usize>,
    /// The ports that its nodes have from those, with all that is known of their types.
    pub(super) brought: Brought,
    /// Its own ports, with all that is known of their types.
    ports: Sides,
    /// Its nodes whose ModelSpec was merged.
    pub(super) merged: BTreeSet<String>,
}

/// Why a graph cannot be brought in.
pub(super) enum Refused {
    /// It leads back to the graph of this number in the chain; the names from there on.
    Cycle(usize, Vec<String>),
    /// It is a problem of the reference itself.
    Because(Problem),
}

/// Follows references from a first document.
pub(super) struct Follower<'b> {
    pub(super) bundle: &'b Bundle,
    pub(super) first: &'b Reading,
    pub(super) sources: Sources,
    pub(super) levels: Vec<Level>,
    pub(super) faults: Vec<Fault>,
    /// The names of nodes, as places, that refer to what is not here.
    pub(super) unknown: BTreeSet<Span>,
    /// Errors of reading what is brought in.
    pub(super) unread: Vec<Diagnostic>,
    /// Whether stated digests are held against the documents.
    pub(super) holds_digests: bool,
    digests: BTreeMap<(String, usize), Option<Digest>>,
    nodes: usize,
}

impl<'b> Follower<'b> {
    pub(super) const fn new(first: &'b Reading, length: usize, bundle: &'b Bundle) -> Self {
        Self {
            bundle,
            first,
            sources: Sources::behind(length),
            levels: Vec::new(),
            faults: Vec::new(),
            unknown: BTreeSet::new(),
            unread: Vec::new(),
            holds_digests: true,
            digests: BTreeMap::new(),
            nodes: 0,
        }
    }

    /// Brings in a graph; the number of its level. `chain` are the graphs that it is a part of,
    /// it itself the last; `at` is where the open text refers to it.
    pub(super) fn level(
        &mut self,
        scope: &str,
        at: Span,
        chain: &mut Vec<Place<'b>>,
    ) -> Result<usize, Refused> {
        let Some(place) = chain.last().cloned() else {
            return Err(Refused::Because(Problem::Nameless));
        };
        if chain.len() > DEEPEST {
            return Err(Refused::Because(Problem::Deep(DEEPEST)));
        }
        let count = place.tree.at(["spec", "nodes"]).and_then(Node::as_mapping);
        let count = count.map_or(0, |map| map.entries.len());
        self.nodes = self.nodes.saturating_add(count);
        if self.nodes > MOST_NODES {
            return Err(Refused::Because(Problem::Large(format!(
                "{MOST_NODES} nodes"
            ))));
        }
        let mut tree = place.tree.clone();
        let base = self.bring(&place.path, &mut tree, at)?;
        if !scope.is_empty() {
            rename(&mut tree, &|_, name| format!("{scope}/{name}"));
            self.tell_unread(&place, base);
        }
        let mut level = Level {
            scope: scope.to_owned(),
            graph: build_with(&Rc::default(), &Brought::new()).0,
            typing: Typing::default(),
            subgraphs: BTreeMap::new(),
            brought: Brought::new(),
            ports: Sides::default(),
            merged: BTreeSet::new(),
            tree,
        };
        let declared = self.follow(&mut level, at, chain)?;
        let spec = Rc::new(read(&level.tree));
        level.graph = build_with(&spec, &declared).0;
        level.typing = infer::infer(&level.graph);
        let (shown, _) = build_with(&spec, &level.brought);
        level.ports = sides(&shown, &infer::infer(&shown));
        self.levels.push(level);
        Ok(self.levels.len().saturating_sub(1))
    }

    /// Moves a tree behind all other texts, where it is not of the open one; says how far.
    fn bring(&mut self, path: &str, tree: &mut Node, at: Span) -> Result<usize, Refused> {
        let Some(source) = self.source(path) else {
            return Ok(0);
        };
        let most = || Refused::Because(Problem::Large("as much text as there are places".into()));
        let base = self.sources.add(&source, at).ok_or_else(most)?;
        shift(tree, base);
        Ok(base)
    }

    fn source(&self, path: &str) -> Option<Source> {
        (!path.is_empty()).then(|| self.bundle.source(path).cloned())?
    }

    /// The errors of reading a document that does not stand in the open text.
    fn tell_unread(&mut self, place: &Place<'b>, base: usize) {
        if base == 0 {
            return;
        }
        let is_error = |found: &&Diagnostic| found.severity == Severity::Error;
        for found in place.reading.diagnostics.iter().filter(is_error) {
            let mut found = found.clone();
            found.node = None;
            found.fixes.clear();
            for span in found
                .related
                .iter_mut()
                .map(|other| &mut other.span)
                .chain([&mut found.span])
            {
                *span = Span::new(
                    span.start.saturating_add(base),
                    span.end.saturating_add(base),
                );
            }
            self.unread.push(found);
        }
    }

    /// Follows the references of a level's nodes; gives the ports that they bring, with the types
    /// that are declared of them.
    fn follow(
        &mut self,
        level: &mut Level,
        at: Span,
        chain: &mut Vec<Place<'b>>,
    ) -> Result<Brought, Refused> {
        let spec = read(&level.tree);
        let mut declared = Brought::new();
        let Some(home) = chain.last().cloned() else {
            return Ok(declared);
        };
        for node in spec.nodes() {
            let Some(reference) = &node.value.spec_ref else {
                continue;
            };
            let name = &node.name.value;
            // What stands in the open text points for itself.
            let here = match self.sources.place(reference.span) {
                Some(_) => at,
                None => reference.span,
            };
            let found = self
                .bundle
                .look(self.first, home.reading, &home.path, reference);
            let found = match found {
                Ok(found) => found,
                Err(lost) => {
                    // What is known not to be there cannot be pinned.
                    if reference.digest.is_some() || !matches!(lost, Lost::Because(_)) {
                        self.hold_digest(name, reference, None);
                    }
                    self.unknown.insert(node.name.span);
                    self.lost(name, reference, lost, &home);
                    continue;
                }
            };
            let Document::Graph(graph) = found.document else {
                let mut tree = found.tree.clone();
                self.bring(&found.path, &mut tree, here)?;
                self.merge(level, name, &tree);
                self.hold_digest(name, reference, Some(&found));
                continue;
            };
            let place = Place {
                path: found.path.clone(),
                reading: found.reading,
                tree: found.tree,
                name: graph.name().unwrap_or(""),
            };
            let inner = self.subgraph(name, reference, here, place, chain)?;
            self.hold_digest(name, reference, inner.is_some().then_some(&found));
            let Some(inner) = inner else { continue };
            level.subgraphs.insert(name.clone(), inner);
            let by = format!("the graph `{}`", found.key);
            let Some(inner) = self.levels.get(inner) else {
                continue;
            };
            let known = brought(&inner.ports, &by, reference.span);
            let stated = declared_sides(&inner.graph);
            declared.insert(name.clone(), brought(&stated, &by, reference.span));
            self.hold_ports(&node.value, name, graph, &known);
            level.brought.insert(name.clone(), known);
        }
        Ok(declared)
    }

    fn fault(&mut self, node: &str, span: Span, problem: Problem) {
        self.faults.push(Fault {
            node: node.to_owned(),
            span,
            problem,
        });
    }

    fn lost(&mut self, node: &str, reference: &Spanned<SpecRef>, lost: Lost, home: &Place<'b>) {
        let name = reference.name.as_ref().map(|name| name.span);
        let path = reference.path.as_ref().map(|path| path.span);
        let span = path.or(name).unwrap_or(reference.span);
        match lost {
            Lost::Nameless => self.fault(node, reference.span, Problem::Nameless),
            Lost::Unnamed(wanted) => {
                let names = super::bundle::names(home.reading).map(str::to_owned);
                let others = names.filter(|name| name != home.name).collect();
                self.fault(node, span, Problem::Unnamed(wanted, others));
            }
            Lost::Because(why) => self.fault(node, span, Problem::Lost(why)),
            // Whether there is such a file is known to nobody here.
            Lost::Absent(_) => {}
        }
    }

    /// Puts into a node what a ModelSpec says of it.
    fn merge(&mut self, level: &mut Level, name: &str, document: &Node) {
        let nodes = build::get_mut(&mut level.tree, "spec")
            .and_then(|spec| build::get_mut(spec, "nodes"))
            .and_then(|nodes| build::get_mut(nodes, name));
        let Some(node) = nodes else { return };
        for conflict in contract::merge(node, document) {
            let span = conflict.span;
            self.fault(name, span, Problem::Conflict(conflict));
        }
        level.merged.insert(name.to_owned());
    }

    /// Brings in the graph that a node refers to; `None` after a fault.
    fn subgraph(
        &mut self,
        name: &str,
        reference: &Spanned<SpecRef>,
        at: Span,
        place: Place<'b>,
        chain: &mut Vec<Place<'b>>,
    ) -> Result<Option<usize>, Refused> {
        let own = chain.len().saturating_sub(1);
        let stated = reference.name.as_ref().map(|name| name.span);
        let stated = stated.or(reference.path.as_ref().map(|path| path.span));
        let span = stated.unwrap_or(reference.span);
        let back = chain
            .iter()
            .position(|above| core::ptr::eq(above.tree, place.tree));
        let called = place.name.to_owned();
        let found = if let Some(back) = back {
            Err(Refused::Cycle(back, vec![called]))
        } else {
            chain.push(place);
            let found = self.level(name, at, chain);
            chain.pop();
            found.map_err(|refused| match refused {
                Refused::Cycle(to, mut names) => {
                    names.insert(0, called);
                    Refused::Cycle(to, names)
                }
                because @ Refused::Because(_) => because,
            })
        };
        let problem = match found {
            Ok(level) => return Ok(Some(level)),
            Err(Refused::Cycle(to, names)) if to == own => Problem::Cycle(names),
            Err(Refused::Because(problem)) if own == 0 => problem,
            Err(refused) => return Err(refused),
        };
        self.fault(name, span, problem);
        Ok(None)
    }

    /// The ports that a node states and its graph does not have.
    fn hold_ports(
        &mut self,
        node: &crate::spec::Node,
        name: &str,
        graph: &ModelGraph,
        ports: &BroughtPorts,
    ) {
        for (side, own, brought) in [
            ("inputs", &node.inputs, &ports.inputs),
            ("outputs", &node.outputs, &ports.outputs),
        ] {
            let known = |port: &str| brought.iter().any(|brought| brought.name == port);
            let mut stated = own.iter().flat_map(|own| own.iter());
            let Some(port) = stated.find(|port| !known(&port.name.value)) else {
                continue;
            };
            let problem = Problem::Port {
                side,
                port: port.name.value.clone(),
                of: graph.name().unwrap_or("").to_owned(),
                names: brought.iter().map(|port| port.name.clone()).collect(),
            };
            self.fault(name, port.name.span, problem);
            return;
        }
    }

    /// A file may change unseen; a digest is one, and that of the document.
    fn hold_digest(&mut self, node: &str, reference: &Spanned<SpecRef>, found: Option<&Found<'b>>) {
        if !self.holds_digests {
            return;
        }
        let Some(stated) = &reference.digest else {
            if let Some(path) = &reference.path {
                let real = found.and_then(|found| self.digest(found));
                let target = path.value.0.clone();
                self.fault(node, path.span, Problem::Unpinned(target, real));
            }
            return;
        };
        let digits = stated.value.strip_prefix("sha256:").unwrap_or("");
        let real = found.and_then(|found| self.digest(found));
        if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            let problem = Problem::NoDigest(stated.value.0.clone(), real);
            self.fault(node, stated.span, problem);
        } else if let (Some(real), Some(found)) = (real, found)
            && !real.hex().eq_ignore_ascii_case(digits)
        {
            let problem = Problem::OtherDigest {
                target: found.key.clone(),
                stated: stated.value.0.clone(),
                real,
            };
            self.fault(node, stated.span, problem);
        }
    }

    fn digest(&mut self, found: &Found<'b>) -> Option<Digest> {
        let key = (found.path.clone(), found.tree.span.start);
        if let Some(known) = self.digests.get(&key) {
            return *known;
        }
        let digest = super::digest_of(self.first, found, self.bundle);
        self.digests.insert(key, digest);
        digest
    }
}

/// Reads a tree whose form was told of before.
pub(super) fn read(tree: &Node) -> ModelGraph {
    ModelGraph::read(tree, &mut Reader::of_composed()).unwrap_or_default()
}

/// A graph's own inputs and outputs.
type Sides = [Vec<BroughtPort>; 2];

fn sides_by(graph: &Graph, ty: impl Fn(PortIx, &Port) -> Option<Type>) -> Sides {
    let port = |&ix: &PortIx| {
        let port = graph.port(ix)?;
        Some(BroughtPort {
            name: port.name.clone(),
            ty: ty(ix, port)?,
            required: port.required,
        })
    };
    let inputs = graph.node(NodeIx::INPUTS).map(|node| &node.outputs);
    let outputs = graph.node(NodeIx::OUTPUTS).map(|node| &node.inputs);
    [inputs, outputs].map(|side| side.into_iter().flatten().filter_map(port).collect())
}

/// With all that is known of their types.
fn sides(graph: &Graph, typing: &Typing) -> Sides {
    sides_by(graph, |ix, _| typing.of(ix).cloned())
}

/// With what is declared of their types.
fn declared_sides(graph: &Graph) -> Sides {
    sides_by(graph, |_, port| Some(port.ty.clone()))
}

/// What a node has as its ports from a graph; `at` is where it refers to it.
fn brought(sides: &Sides, by: &str, at: Span) -> BroughtPorts {
    let [inputs, outputs] = sides.clone().map(|mut side| {
        for port in &mut side {
            place(&mut port.ty, at);
        }
        side
    });
    BroughtPorts {
        by: by.to_owned(),
        inputs,
        outputs,
    }
}

/// Lets all that is known of a type stand at one place.
fn place(ty: &mut Type, at: Span) {
    if ty.span.is_some() {
        ty.span = Some(at);
    }
    for fact in ty.facts.values_mut() {
        fact.span = at;
    }
    if let Some(inner) = &mut ty.inner {
        place(inner, at);
    }
}
