use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

use crate::check::structure::Way;
use crate::check::{Context, Diagnostic, Fix};
use crate::fix;
use crate::graph::{Edge, Graph, NodeIx, PortIx};
use crate::infer::mismatch;
use crate::order::Gather as _;
use crate::spec::{Dominates, EdgeRole, Policy, Role, Selector, list_words};
use crate::text::{Span, Spanned};

rule! {
    /// Something reaches a generator, or leaves one, past the guardrails.
    ///
    /// A guardrail that no generator follows guards what comes out: every path from a generator to
    /// the outputs must lead through such guardrails where it has any. All others guard what goes
    /// in: every path from the inputs, and from nodes that take nothing, must lead through one of
    /// them. A node with `required: false` may be left out and guards nothing. A graph without
    /// guardrails promises none.
    ///
    /// What `policies` say is held as well: nodes that dominate others, and the order of nodes.
    ///
    /// ## Why
    /// That a guardrail is drawn proves nothing: one edge past it, often the plain question beside
    /// the checked passages, and it is decoration. Reviews look at the nodes; this looks at the
    /// paths.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: guarded}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     guard: {role: guardrail}
    ///     embedder: {role: embedder}
    ///     store: {role: retriever}
    ///     generator: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: guard.text}
    ///     - {from: guard.text, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: generator.context}
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: guarded}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     guard: {role: guardrail}
    ///     embedder: {role: embedder}
    ///     store: {role: retriever}
    ///     generator: {role: generator}
    ///   edges:
    ///     - {from: inputs.question, to: guard.text}
    ///     - {from: guard.text, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: generator.context}
    ///     - {from: guard.text, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG311", Error, "a path past the guardrails", [Shape: Graph(check)]
}

/// The guardrails on one side of the generators.
#[derive(Default)]
struct Guards {
    required: BTreeSet<NodeIx>,
    optional: BTreeSet<NodeIx>,
}

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for way in open_ways(cx) {
        found.extend(way.report(cx));
    }
    let policies = cx.graph.spec.body().and_then(|body| body.policies.as_ref());
    for policy in policies.into_iter().flat_map(|policies| policies.iter()) {
        match &policy.value {
            Policy::Dominates(stated) => found.extend(dominates(cx, policy.span, stated, found)),
            Policy::Order(order) => found.extend(out_of_order(cx, policy.span, order)),
        }
    }
}

/// The nodes that a policy means.
fn selected(cx: &Context<'_>, selector: &Selector) -> BTreeSet<NodeIx> {
    let nodes = cx.graph.model_nodes();
    let meant = nodes.filter(|(_, node)| match selector {
        // Of a subgraph's node, all that is in it.
        Selector::Name(name) => {
            let rest = node.name.strip_prefix(name.value.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        Selector::Role(role) => node.role == Some(role.value),
    });
    meant.map(|(ix, _)| ix).gather()
}

fn spoken(selector: &Selector) -> String {
    match selector {
        Selector::Name(name) => format!("`{}`", name.value),
        Selector::Role(role) => format!("a required {}", role.value),
    }
}

/// A path to what a policy guards that passes none of its guards.
fn dominates(cx: &Context<'_>, span: Span, stated: &Dominates, told: &[Diagnostic]) -> Option<Diagnostic> {
    let (by, over) = (&stated.node.as_ref()?.value, &stated.over.as_ref()?.value);
    let required = |&node: &NodeIx| cx.graph.spec_of(node).is_none_or(crate::spec::Node::is_required);
    let closed: BTreeSet<NodeIx> = selected(cx, by).into_iter().filter(required).gather();
    let from = sources(cx.graph);
    selected(cx, over).into_iter().find_map(|target| {
        let name = cx.graph.name(target);
        let known = |found: &Diagnostic| found.code == RULE.code && found.node.as_deref() == Some(name);
        // What the rule itself tells of this node is not told again.
        if closed.contains(&target) || told.iter().any(known) {
            return None;
        }
        let path = open_path(cx.graph, &from, target, &closed)?;
        let (first, _) = path.first()?.ports?;
        let begins = cx.graph.port_path(first);
        let message = format!("a policy has {} before `{name}`, and `{begins}` reaches it without", spoken(by));
        let found = RULE.at(span, message).on_node(name);
        let found = path.iter().fold(found, |found, edge| found.relate(edge.span, "the path leads along here"));
        Some(found.with_help("lead the path through it, require it, or take the policy back"))
    })
}

/// A node of which a policy says that it stands before another, and which that one leads to.
fn out_of_order(cx: &Context<'_>, span: Span, order: &[Spanned<Selector>]) -> Option<Diagnostic> {
    let pairs = order.iter().zip(order.iter().skip(1));
    let steps = pairs.map(|(before, behind)| (selected(cx, &before.value), selected(cx, &behind.value)));
    for (before, behind) in steps {
        let mut open: Vec<NodeIx> = behind.iter().copied().collect();
        let mut by: Vec<Option<NodeIx>> = vec![None; cx.graph.nodes.len()];
        while let Some(at) = open.pop() {
            for edge in cx.graph.outgoing(at).filter(|edge| !edge.is_loop) {
                let Some(slot @ None) = by.get_mut(edge.target.0 as usize) else { continue };
                *slot = Some(at);
                open.push(edge.target);
                if !before.contains(&edge.target) || behind.contains(&edge.target) {
                    continue;
                }
                let mut start = at;
                // A cycle would lead round for ever.
                for _ in 0..by.len() {
                    match by.get(start.0 as usize) {
                        Some(Some(before)) if !behind.contains(&start) => start = *before,
                        _ => break,
                    }
                }
                let (early, late) = (cx.graph.name(edge.target), cx.graph.name(start));
                let message = format!("a policy has `{early}` before `{late}`, which leads to it");
                let found = RULE.at(span, message).on_node(early).relate(edge.span, "it is reached along here");
                return Some(found.with_help("let it stand before, or take the policy back"));
            }
        }
    }
    None
}

/// The guardrails that may be left out and so leave a path open.
pub(super) fn open_guards(cx: &Context<'_>) -> BTreeSet<NodeIx> {
    let mut found = BTreeSet::new();
    for way in open_ways(cx) {
        let passed = way.between().into_iter();
        found.extend(passed.filter(|node| way.guards.optional.contains(node)));
    }
    found
}

/// A path of data past the guardrails.
struct OpenWay<'g> {
    generator: NodeIx,
    guards: Rc<Guards>,
    /// Where it may begin.
    from: Rc<[NodeIx]>,
    first: &'g Edge,
    last: &'g Edge,
    path: Vec<&'g Edge>,
}

/// For each generator a path to it that no required guardrail is on, and one from it.
fn open_ways<'g>(cx: &Context<'g>) -> Vec<OpenWay<'g>> {
    let graph = cx.graph;
    let generators: Vec<NodeIx> = graph.of_role(Role::Generator).collect();
    let mut ways = Vec::new();
    let guards = graph.of_role(Role::Guardrail);
    if generators.is_empty() || guards.clone().next().is_none() {
        return ways;
    }
    let behind = led_to(graph, &generators, Way::Along);
    let before = led_to(graph, &generators, Way::Back);
    let holds = |marks: &[bool], ix: NodeIx| marks.get(ix.0 as usize) == Some(&true);
    let (mut ingoing, mut outgoing) = (Guards::default(), Guards::default());
    for guard in guards {
        let side = if holds(&behind, guard) && !holds(&before, guard) {
            &mut outgoing
        } else {
            &mut ingoing
        };
        let required = graph.spec_of(guard).is_none_or(crate::spec::Node::is_required);
        let set = if required { &mut side.required } else { &mut side.optional };
        set.insert(guard);
    }
    let (ingoing, outgoing) = (Rc::new(ingoing), Rc::new(outgoing));
    let sources: Rc<[NodeIx]> = sources(graph).into();
    let reached = past(graph, &sources, &ingoing.required);
    let guards_out = outgoing.all().next().is_some();
    for &generator in &generators {
        if ingoing.all().next().is_some() && reached.get(generator.0 as usize) == Some(&true) {
            ways.extend(OpenWay::find(graph, generator, &ingoing, &sources, generator));
        }
        if !guards_out {
            continue;
        }
        let own = led_to(graph, &[generator], Way::Along);
        if outgoing.all().any(|guard| holds(&own, guard)) {
            let from: Rc<[NodeIx]> = [generator].into();
            ways.extend(OpenWay::find(graph, generator, &outgoing, &from, NodeIx::OUTPUTS));
        }
    }
    ways
}

/// Of each node whether data comes to it from some others past closed ones. O(nodes + edges).
fn past(graph: &Graph, from: &[NodeIx], closed: &BTreeSet<NodeIx>) -> Vec<bool> {
    let mut reached = vec![false; graph.nodes.len()];
    let mut shut = reached.clone();
    for &ix in closed {
        if let Some(slot) = shut.get_mut(ix.0 as usize) {
            *slot = true;
        }
    }
    let is_shut = |ix: NodeIx| shut.get(ix.0 as usize) == Some(&true);
    let mut open: Vec<NodeIx> = from.iter().copied().filter(|&ix| !is_shut(ix)).collect();
    while let Some(node) = open.pop() {
        for taker in graph.takers(node) {
            if let Some(seen @ false) = reached.get_mut(taker.0 as usize)
                && !is_shut(taker)
            {
                *seen = true;
                open.push(taker);
            }
        }
    }
    reached
}

impl Guards {
    fn all(&self) -> impl Iterator<Item = NodeIx> {
        self.required.iter().chain(&self.optional).copied()
    }
}

fn carries_data(edge: &Edge) -> bool {
    edge.role != EdgeRole::Control
}

/// What the values of some nodes lead to, or come from; the nodes themselves only by a way round.
fn led_to(graph: &Graph, from: &[NodeIx], way: Way) -> Vec<bool> {
    let mut seen = vec![false; graph.nodes.len()];
    let mut open = from.to_vec();
    let mut next = Vec::new();
    while let Some(node) = open.pop() {
        match way {
            Way::Along => next.extend(graph.takers(node)),
            Way::Back => next.extend(graph.givers(node)),
        }
        for node in next.drain(..) {
            if let Some(seen @ false) = seen.get_mut(node.0 as usize) {
                *seen = true;
                open.push(node);
            }
        }
    }
    seen
}

/// Where data enters: the graph's inputs, and nodes that need none. A node that lacks an input
/// that it needs is broken, and nothing comes from it.
fn sources(graph: &Graph) -> Vec<NodeIx> {
    let needs = |port: &PortIx| graph.brief(*port).is_some_and(|port| port.required);
    let nodes = graph.model_nodes().filter(|(ix, node)| {
        !graph.is_given(*ix) && !node.inputs.iter().any(needs)
    });
    core::iter::once(NodeIx::INPUTS).chain(nodes.map(|(ix, _)| ix)).collect()
}

/// A shortest path of data that enters none of some nodes. O(nodes + edges).
fn open_path<'g>(
    graph: &'g Graph,
    from: &[NodeIx],
    to: NodeIx,
    closed: &BTreeSet<NodeIx>,
) -> Option<Vec<&'g Edge>> {
    let mut by: BTreeMap<NodeIx, Option<&Edge>> = BTreeMap::new();
    let mut queue: VecDeque<NodeIx> = VecDeque::new();
    for &start in from.iter().filter(|start| !closed.contains(start)) {
        by.insert(start, None);
        queue.push_back(start);
    }
    while let Some(node) = queue.pop_front() {
        for edge in graph.outgoing(node).filter(|edge| carries_data(edge)) {
            let next = edge.target;
            if closed.contains(&next) || by.contains_key(&next) {
                continue;
            }
            by.insert(next, Some(edge));
            if next != to {
                queue.push_back(next);
                continue;
            }
            let mut path = Vec::new();
            let mut at = next;
            while let Some(&Some(edge)) = by.get(&at) {
                path.push(edge);
                at = edge.source;
            }
            path.reverse();
            return Some(path);
        }
    }
    None
}

impl<'g> OpenWay<'g> {
    fn find(
        graph: &'g Graph,
        generator: NodeIx,
        guards: &Rc<Guards>,
        from: &Rc<[NodeIx]>,
        to: NodeIx,
    ) -> Option<Self> {
        let path = open_path(graph, from, to, &guards.required)?;
        Some(Self {
            generator,
            guards: Rc::clone(guards),
            from: Rc::clone(from),
            first: path.first()?,
            last: path.last()?,
            path,
        })
    }

    /// The nodes between both ends.
    fn between(&self) -> Vec<NodeIx> {
        let targets = self.path.iter().map(|edge| edge.target);
        targets.filter(|&node| node != self.last.target).collect()
    }

    fn report(&self, cx: &Context<'_>) -> Option<Diagnostic> {
        let (from, _) = self.first.ports?;
        let (_, to) = self.last.ports?;
        let (last, path) = (self.last, &self.path);
        let names = |nodes: &[NodeIx]| -> Vec<String> {
            nodes.iter().map(|&node| format!("`{}`", cx.graph.name(node))).collect()
        };
        let between = self.between();
        let through = if between.is_empty() {
            String::new()
        } else {
            format!("by way of {} ", names(&between).join(" → "))
        };
        let required: Vec<NodeIx> = self.guards.required.iter().copied().collect();
        let past = match names(&required).as_slice() {
            [] => "a required guardrail".to_owned(),
            guards => guards.join(" or "),
        };
        let (from_path, to_path) = (cx.graph.port_path(from), cx.graph.port_path(to));
        let message = format!("`{from_path}` reaches `{to_path}` {through}without passing {past}");
        let help = match names(&required).as_slice() {
            [] => "require the guardrail, or take it away".to_owned(),
            guards => format!("lead the path through {}", list_words(guards.iter().map(|guard| guard.trim_matches('`')))),
        };
        let mut diagnostic = RULE
            .at(last.span, message)
            .on_edge(&last.id)
            .on_node(cx.graph.name(self.generator))
            .with_help(help);
        for edge in path.iter().filter(|edge| edge.ix != last.ix) {
            diagnostic = diagnostic.relate(edge.span, "the path leads along here");
        }
        for &guard in &required {
            if let Some(node) = cx.graph.node(guard) {
                let what = format!("`{}` guards, but not this path", node.name);
                diagnostic = diagnostic.relate(node.span, what);
            }
        }
        for &guard in between.iter().filter(|guard| self.guards.optional.contains(guard)) {
            let stated = cx.graph.spec_of(guard).and_then(|node| node.required);
            let Some(stated) = stated else { continue };
            let name = cx.graph.name(guard);
            diagnostic = diagnostic
                .relate(stated.span, format!("`{name}` is on the path, but may be left out"));
            let mut closed = self.guards.required.clone();
            closed.insert(guard);
            let to = last.target;
            if open_path(cx.graph, &self.from, to, &closed).is_none() {
                let fix = fix::replace(cx, format!("Require {name}"), stated.span, "true");
                diagnostic.fixes.extend(fix);
            }
        }
        if between.is_empty() {
            let through = required.iter().filter_map(|&guard| feed_from(cx, guard, last));
            diagnostic.fixes.extend(through.take(1));
        }
        Some(diagnostic)
    }
}

/// Begins an edge at the guardrail that is fed from where the edge began.
fn feed_from(cx: &Context<'_>, guard: NodeIx, edge: &Edge) -> Option<Fix> {
    let (from, to) = edge.ports?;
    let fed = cx.graph.incoming(guard).any(|edge| edge.ports.is_some_and(|(own, _)| own == from));
    if !fed {
        return None;
    }
    let outputs = &cx.graph.node(guard)?.outputs;
    let kind = cx.typing.of(from)?.kind;
    let output = outputs.iter().copied().find(|&output| {
        let (Some(given), Some(taken)) = (cx.typing.of(output), cx.typing.of(to)) else {
            return false;
        };
        given.kind == kind && mismatch(given, taken).is_none()
    })?;
    let joined = cx.graph.edges_at(to).any(|other| other.source == guard);
    let begins = cx.graph.edge_spec(edge.ix)?.from.as_ref()?.span;
    let (path, port) = (cx.graph.port_path(output), cx.graph.port_path(to));
    let label = format!("Feed {port} from {path}");
    (!joined).then(|| fix::replace(cx, label, begins, path))?
}
