//! Asking anew after an edit: only what the edit touched, as far as each question looks, and what
//! there was a finding about.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::derived::Derived;
use super::placed::with;
use super::run::{self, Asked, Noise, Noisy};
use super::{Ask, Context, Diagnostic, Part, Scope, settle_all};
use crate::graph::{Edge, Graph, NodeIx, PortIx, revised_visits};
use crate::incremental::Changes;
use crate::spec::Role;

/// What may be answered otherwise than before, by how far a question looks.
#[derive(Default)]
struct Suspects {
    own: BTreeSet<NodeIx>,
    near: BTreeSet<NodeIx>,
    /// In their order: it may be the whole graph.
    reach: Vec<NodeIx>,
    visits: BTreeSet<NodeIx>,
    ports: BTreeSet<PortIx>,
    own_edges: BTreeSet<usize>,
    near_edges: BTreeSet<usize>,
    shape: bool,
    ids: bool,
}

/// The findings of all rules after an edit, equal to those of [`super::check`].
///
/// `typed` are the ports whose inferred type differs, `kinds` says whether the kind of one does.
/// `None` where everything is to be asked.
pub(crate) fn again(
    cx: &Context<'_>,
    before: &Context<'_>,
    changes: &Changes,
    (typed, kinds): (&[PortIx], bool),
) -> Option<(Vec<Diagnostic>, Noise)> {
    if moves_shares(cx, before, changes) {
        return None;
    }
    carry(cx, before, changes);
    let suspects = Suspects::find(cx, before, changes, typed, kinds);
    let noise = &before.analysis.noise;
    let mut found = Vec::new();
    let choose = |part: &Part, noisy: &Noisy| suspects.choose(part, noisy, changes);
    let noise = run::some(cx, noise, choose, &mut found);
    settle_all(cx, &mut found);
    Some((found, noise))
}

/// Whether nodes may share GPUs, or stand beside others, otherwise than before.
fn moves_shares(cx: &Context<'_>, before: &Context<'_>, changes: &Changes) -> bool {
    let shares = |cx: &Context<'_>, ix: NodeIx| {
        let placement = cx
            .graph
            .spec_of(ix)
            .and_then(|node| node.placement.as_ref());
        placement.is_some_and(|placement| !with(placement).is_empty())
    };
    let touched = |ix: &NodeIx| shares(cx, *ix) || shares(before, *ix);
    (changes.names && !before.shares().is_empty()) || changes.nodes.iter().any(touched)
}

/// Hands on what is derived of things that did not change.
fn carry(cx: &Context<'_>, before: &Context<'_>, changes: &Changes) {
    let (old, new) = (&before.analysis.derived, &cx.analysis.derived);
    let same_nodes = |differ: &dyn Fn(NodeIx) -> bool| !changes.nodes.iter().any(|&ix| differ(ix));
    hand_on(old, new, |derived| &derived.catalogue);
    if !changes.shape {
        hand_on(old, new, |derived| &derived.rings);
        hand_on(old, new, |derived| &derived.cycles);
        hand_on(old, new, |derived| &derived.order);
        hand_on(old, new, |derived| &derived.branches);
    }
    if !changes.shape && changes.gone.is_empty() && changes.added.is_empty() {
        hand_on(old, new, |derived| &derived.visits);
        hand_on(old, new, |derived| &derived.passed);
    }
    if !changes.names {
        hand_on(old, new, |derived| &derived.shares);
        if same_nodes(&|ix| cx.stands_beside(ix) || before.stands_beside(ix)) {
            hand_on(old, new, |derived| &derived.beside);
        }
        carry_times(cx, before, changes);
        if !before.has_own_settings() && !sets(cx, changes) {
            hand_on(old, new, |derived| &derived.settled);
        }
        if !before.has_external_names() && same_nodes(&|ix| !is_renamed(cx, ix)) {
            hand_on(old, new, |derived| &derived.renamed);
        }
        if same_nodes(&|ix| embeds(cx, ix) != embeds(before, ix)) {
            hand_on(old, new, |derived| &derived.embedders);
        }
    }
}

/// Hands on the times of all nodes but those that state something else.
fn carry_times(cx: &Context<'_>, before: &Context<'_>, changes: &Changes) {
    let Some(old) = before.analysis.derived.times.get() else {
        return;
    };
    let mut times = Rc::clone(old);
    for &ix in &changes.nodes {
        let now = cx.times_of(ix);
        if times.get(ix.0 as usize) != Some(&now)
            && let Some(slot) = Rc::make_mut(&mut times).get_mut(ix.0 as usize)
        {
            *slot = now;
        }
    }
    // Nobody has asked yet.
    let _ = cx.analysis.derived.times.set(times);
}

/// Whether a node or an edge that is new, or states something else, sets severities.
fn sets(cx: &Context<'_>, changes: &Changes) -> bool {
    let graph = cx.graph;
    let node = |&ix: &NodeIx| graph.spec_of(ix).is_some_and(|node| node.checks.is_some());
    let edge = |ix| {
        graph
            .edge_spec(ix)
            .is_some_and(|edge| edge.checks.is_some())
    };
    let mut added = changes.added.iter().filter_map(|&at| graph.edges.get(at));
    changes.nodes.iter().any(node)
        || added.any(|added| edge(added.ix))
        || graph.broken.iter().any(|broken| edge(broken.ix))
}

fn hand_on<T>(
    old: &Derived,
    new: &Derived,
    part: impl Fn(&Derived) -> &core::cell::OnceCell<Rc<T>>,
) {
    if let Some(known) = part(old).get() {
        // What was derived already is the same.
        let _ = part(new).set(Rc::clone(known));
    }
}

fn is_renamed(cx: &Context<'_>, ix: NodeIx) -> bool {
    let stated = cx.graph.spec_of(ix);
    stated.is_some_and(|node| node.external_name.is_some())
}

/// The model that a node embeds with.
fn embeds<'a>(cx: &Context<'a>, ix: NodeIx) -> Option<&'a str> {
    let embedder = cx.graph.role(ix) == Some(Role::Embedder);
    cx.model_id(ix).filter(|_| embedder)
}

impl Suspects {
    fn find(
        cx: &Context<'_>,
        before: &Context<'_>,
        changes: &Changes,
        typed: &[PortIx],
        kinds: bool,
    ) -> Self {
        let mut found = Self {
            shape: changes.shape || kinds,
            ..Self::default()
        };
        found.own.extend(&changes.nodes);
        let gone = changes
            .gone
            .iter()
            .filter_map(|&at| before.graph.edges.get(at));
        let added = changes
            .added
            .iter()
            .filter_map(|&at| cx.graph.edges.get(at));
        for edge in gone.chain(added) {
            found.own.extend([edge.source, edge.target]);
            found
                .ports
                .extend(edge.ports.into_iter().flat_map(|(from, to)| [from, to]));
        }
        found.own_edges.extend(&changes.added);
        found.ids = changes.added.iter().any(|&at| has_twin(cx.graph, at));
        found.of_types(cx, typed);
        found.of_meaning(cx, before);
        found.spread(cx);
        found.lead_on(cx, before, changes);
        found.of_visits(cx, before);
        found
    }

    fn of_types(&mut self, cx: &Context<'_>, typed: &[PortIx]) {
        for &ix in typed {
            let Some(port) = cx.graph.port(ix) else {
                continue;
            };
            self.ports.insert(ix);
            self.own.insert(port.node);
            for &at in cx.graph.positions_at(ix) {
                self.own_edges.insert(at);
                if let Some(edge) = cx.graph.edges.get(at) {
                    self.near.extend([edge.source, edge.target]);
                }
            }
        }
    }

    /// What broken edges may have been meant for, and which joins hand on one value.
    fn of_meaning(&mut self, cx: &Context<'_>, before: &Context<'_>) {
        let (old, new) = (before.meant(), cx.meant());
        self.shape |= old != new;
        self.own.extend(old.nodes.symmetric_difference(&new.nodes));
        for &ix in old.ports.symmetric_difference(&new.ports) {
            self.ports.insert(ix);
            self.own.extend(cx.graph.port(ix).map(|port| port.node));
        }
        self.own
            .extend(before.merging().symmetric_difference(cx.merging()));
    }

    /// From nodes to their ports, their edges and the nodes at the other ends. The graph's own
    /// inputs and outputs join what has nothing else in common: there only the ports count that
    /// the edit touched.
    fn spread(&mut self, cx: &Context<'_>) {
        let graph = cx.graph;
        let own = self.own.iter().filter(|ix| ix.is_model());
        for (&ix, node) in own.filter_map(|ix| Some((ix, graph.node(*ix)?))) {
            self.ports.extend(node.inputs.iter().chain(&node.outputs));
            self.own_edges.extend(positions(graph, ix));
            self.near.insert(ix);
            self.near
                .extend(edges(graph, ix).flat_map(|edge| [edge.source, edge.target]));
        }
        self.near.retain(|ix| ix.is_model());
        self.near_edges = self.own_edges.clone();
        for &ix in &self.near {
            self.near_edges.extend(positions(graph, ix));
        }
    }

    /// To all that edges lead to, either way; and from an embedder to the indices that name it.
    fn lead_on(&mut self, cx: &Context<'_>, before: &Context<'_>, changes: &Changes) {
        let graph = cx.graph;
        let mut seen = vec![false; graph.nodes.len()];
        let mut open: Vec<NodeIx> = self.near.iter().copied().collect();
        open.extend(indices_of(cx, before, changes));
        while let Some(ix) = open.pop() {
            match seen.get_mut(ix.0 as usize) {
                Some(seen) if !*seen && ix.is_model() => *seen = true,
                _ => continue,
            }
            open.extend(graph.outgoing(ix).map(|edge| edge.target));
            open.extend(graph.incoming(ix).map(|edge| edge.source));
        }
        let all = (0_u32..).map(NodeIx).zip(seen);
        self.reach = all.filter_map(|(ix, seen)| seen.then_some(ix)).collect();
    }

    fn of_visits(&mut self, cx: &Context<'_>, before: &Context<'_>) {
        self.visits = self.own.clone();
        // Without a rate nobody asked how often nodes are visited.
        let Some(old) = before.analysis.derived.visits.get() else {
            return;
        };
        if cx.rings().is_empty() && before.rings().is_empty() {
            let doubtful = self.own.iter().copied();
            let known = &cx.analysis.derived.visits;
            known.get_or_init(|| Rc::new(revised_visits(cx.graph, cx.order(), old, doubtful)));
        }
        let new = cx.visits();
        if core::ptr::eq(old.as_slice(), new) {
            return;
        }
        let differs = |(at, new): (usize, &f64)| {
            let same = old
                .get(at)
                .is_some_and(|old| old.to_bits() == new.to_bits());
            (!same)
                .then(|| u32::try_from(at).ok().map(NodeIx))
                .flatten()
        };
        self.visits
            .extend(new.iter().enumerate().filter_map(differs));
    }

    /// Whether a question about the whole graph is asked again.
    const fn whole(&self, scope: Scope) -> bool {
        match scope {
            Scope::Always => true,
            Scope::Ids => self.ids,
            _ => self.shape,
        }
    }

    /// What a question is asked about again.
    fn choose(&self, part: &Part, noisy: &Noisy, changes: &Changes) -> Asked {
        let mut asked = Asked {
            nodes: Vec::new(),
            ports: Vec::new(),
            edges: Vec::new(),
            graph: noisy.graph || self.whole(part.scope),
        };
        match part.ask {
            Ask::Node(_) => {
                asked.nodes = match part.scope {
                    Scope::Near => self.near.iter().copied().collect(),
                    Scope::Reach => self.reach.clone(),
                    Scope::Visits => self.visits.iter().copied().collect(),
                    _ => self.own.iter().copied().collect(),
                };
                asked.nodes.extend(&noisy.nodes);
            }
            Ask::Port(_) => asked.ports = self.ports.iter().chain(&noisy.ports).copied().collect(),
            Ask::Edge(_) => {
                let near = part.scope == Scope::Near;
                let edges = if near {
                    &self.near_edges
                } else {
                    &self.own_edges
                };
                let moved = |&at: &usize| changes.moved.get(at).copied().flatten();
                let noisy = noisy.edges.iter().filter_map(moved);
                asked.edges = edges.iter().copied().chain(noisy).collect();
            }
            Ask::Graph(_) | Ask::Conflict(_) => {}
        }
        asked
    }
}

/// The retrievers whose index names a model of which the first embedder is another, or states
/// something else.
fn indices_of(cx: &Context<'_>, before: &Context<'_>, changes: &Changes) -> Vec<NodeIx> {
    let mut models: BTreeSet<&str> = BTreeSet::new();
    let mut touched = changes.nodes.clone();
    // Nodes at the end may be gone.
    let gone = cx.graph.nodes.len()..before.graph.nodes.len();
    touched.extend(gone.filter_map(|at| u32::try_from(at).ok().map(NodeIx)));
    for &ix in &touched {
        let models_of = [embeds(before, ix), embeds(cx, ix)];
        for model in models_of.into_iter().flatten() {
            let (old, new) = (before.embedders().get(model), cx.embedders().get(model));
            if old != new || new == Some(&ix) {
                models.insert(model);
            }
        }
    }
    if models.is_empty() {
        return Vec::new();
    }
    let nodes = cx.graph.model_nodes().map(|(ix, _)| ix);
    let names_one = |ix: &NodeIx| {
        let index = cx.graph.spec_of(*ix).and_then(|node| node.index.as_ref());
        let named = index.and_then(|index| index.embedder.as_ref());
        named.is_some_and(|name| models.contains(&*name.value.0))
    };
    nodes.filter(names_one).collect()
}

/// Whether another edge has the id of one.
fn has_twin(graph: &Graph, at: usize) -> bool {
    let Some(own) = graph.edges.get(at) else {
        return false;
    };
    let others = graph.edges.iter().filter(|other| other.ix != own.ix);
    others.map(|other| &other.id).any(|id| *id == own.id)
}

fn positions(graph: &Graph, ix: NodeIx) -> impl Iterator<Item = usize> {
    graph
        .positions_in(ix)
        .iter()
        .chain(graph.positions_out(ix))
        .copied()
}

fn edges(graph: &Graph, ix: NodeIx) -> impl Iterator<Item = &Edge> {
    graph.incoming(ix).chain(graph.outgoing(ix))
}
