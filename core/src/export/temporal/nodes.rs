//! The nodes of a graph as the worker has them.

use std::collections::BTreeSet;

use super::python::Python;
use super::{Cx, kinds, variable};
use crate::export::plan::is_routing;
use crate::graph::{NodeIx, PortIx};
use crate::spec::{self, Join, Kind, OnFailure, Role};

impl Cx<'_, '_> {
    /// `Port(…)` of each port, by its name.
    pub(super) fn ports(&self, ports: &[PortIx]) -> Python {
        let graph = self.subject.graph;
        let ports = ports.iter().filter_map(|&ix| Some((ix, graph.port(ix)?)));
        let pairs = ports.map(|(ix, port)| {
            let mut arguments = Vec::new();
            let kind = self.kind(ix);
            if kind != Kind::Any {
                arguments.push(("", Python::text(kind.word())));
            }
            if !port.required {
                arguments.push(("required", Python::Bool(false)));
            }
            (port.name.clone(), Python::Call("Port", arguments))
        });
        Python::Dict(pairs.collect())
    }

    /// What a port carries, as far as that is known.
    pub(super) fn kind(&self, port: PortIx) -> Kind {
        let own = self.subject.graph.port(port).map(|port| port.ty.kind);
        let inferred = self.subject.typing.of(port).map(|ty| ty.kind);
        inferred.or(own).unwrap_or(Kind::Any)
    }

    /// `Node(…)`.
    pub(super) fn node(&mut self, ix: NodeIx) -> Option<Python> {
        let graph = self.subject.graph;
        let (node, indexed) = (graph.spec_of(ix)?, graph.node(ix)?);
        let role = indexed.role.map_or("custom", Role::word);
        let mut arguments = vec![
            ("role", Python::text(role)),
            ("inputs", self.ports(&indexed.inputs)),
            ("outputs", self.ports(&indexed.outputs)),
        ];
        if let Some(call) = self.call(ix) {
            let limits = self.limits(ix);
            arguments.push(("call", call));
            let mut times = vec![("once_us", Python::count(limits.once))];
            let whole = limits.whole.map(Python::count);
            times.extend(whole.map(|whole| ("whole_us", whole)));
            if limits.attempts > 1 {
                times.push(("attempts", Python::count(limits.attempts)));
            }
            arguments.push(("limits", Python::Call("Limits", times)));
            self.failure(ix, node, &mut arguments);
        }
        if indexed.role == Some(Role::Join) {
            self.join(ix, node, &mut arguments);
        }
        for (word, is_so) in [
            ("reserve", self.reserves.contains(&ix)),
            ("aside", !self.used.contains(&ix)),
        ] {
            if is_so {
                arguments.push((word, Python::Bool(true)));
            }
        }
        let within = self.within.get(&ix).filter(|within| !within.is_empty());
        if let Some(within) = within {
            let names = within.iter().map(Python::text);
            arguments.push(("loops", Python::Tuple(names.collect())));
        }
        Some(Python::Call("Node", arguments))
    }

    fn join(&self, ix: NodeIx, node: &spec::Node, arguments: &mut Vec<(&'static str, Python)>) {
        let quorum = match node.join.as_ref().map(|join| &join.value) {
            None | Some(Join::All) => 0,
            Some(Join::Any) => 1,
            Some(Join::Quorum(count)) => count.0,
        };
        if quorum > 0 {
            arguments.push(("quorum", Python::count(u64::from(quorum))));
        }
        if self.merging.contains(&ix) {
            arguments.push(("merges", Python::Bool(true)));
        }
    }

    /// What happens when a node fails, and what a guardrail hands on.
    fn failure(
        &mut self,
        ix: NodeIx,
        node: &spec::Node,
        arguments: &mut Vec<(&'static str, Python)>,
    ) {
        let is_guard = node.role.is_some_and(|role| role.value == Role::Guardrail);
        let policy = self.policy(ix, node);
        let optional = !is_guard && policy != "stop";
        let passes = if is_guard || policy == "skip" {
            self.passes(ix, is_guard)
        } else {
            Vec::new()
        };
        if policy != "stop" {
            arguments.push(("on_failure", Python::Text(policy)));
        }
        if !passes.is_empty() {
            arguments.push(("passes", Python::texts(passes)));
        }
        if optional {
            arguments.push(("optional", Python::Bool(true)));
        }
    }

    fn policy(&mut self, ix: NodeIx, node: &spec::Node) -> String {
        let name = self.subject.graph.name(ix);
        let is_guard = node.role.is_some_and(|role| role.value == Role::Guardrail);
        let Some(stated) = &node.on_failure else {
            let policy = if node.is_required() { "stop" } else { "leave" };
            return policy.to_owned();
        };
        match &stated.value {
            OnFailure::Stop => "stop".to_owned(),
            OnFailure::Skip => {
                if is_guard {
                    let message = format!(
                        "`{name}` is skipped where it fails, so that what it has not judged goes on: \
                         accepted, it does"
                    );
                    self.lose(&kinds::GUARD_OPEN, name, stated.span, message);
                }
                "skip".to_owned()
            }
            OnFailure::Fallback(other) => {
                let Some(to) = self.stands_in(ix) else {
                    let message = format!(
                        "`{name}` names `{}` to take its place, which no server answers for, or \
                         which falls back on it in turn: where it fails the request does",
                        other.0
                    );
                    self.lose(&kinds::FALLBACK, name, stated.span, message);
                    return "stop".to_owned();
                };
                let graph = self.subject.graph;
                if is_guard && graph.role(to) != Some(Role::Guardrail) {
                    let message = format!(
                        "`{}` takes the place of `{name}` where that fails, and is no guardrail: \
                         accepted, what it answers goes on unjudged",
                        other.0
                    );
                    self.lose(&kinds::GUARD_OPEN, name, stated.span, message);
                }
                graph.name(to).to_owned()
            }
        }
    }

    /// Who takes a node's place, unless the chain of those leads back.
    fn stands_in(&self, ix: NodeIx) -> Option<NodeIx> {
        let first = fallback(self.subject.graph, ix)?;
        let mut seen = BTreeSet::from([ix]);
        let mut at = first;
        loop {
            if !seen.insert(at) || self.subject.graph.spec_of(at).is_none_or(is_routing) {
                return None;
            }
            match fallback(self.subject.graph, at) {
                Some(next) => at = next,
                None => return Some(first),
            }
        }
    }

    /// For each output the input that is handed on: the first of the same kind, of a guardrail the
    /// first at all.
    fn passes(&self, ix: NodeIx, is_guard: bool) -> Vec<(String, String)> {
        let graph = self.subject.graph;
        let Some(node) = graph.node(ix) else {
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for &output in &node.outputs {
            let kind = self.kind(output);
            let fits = |input: Kind| input == kind || kind == Kind::Any || input == Kind::Any;
            let is_judgement = is_guard && kind == Kind::Label;
            let mut inputs = node.inputs.iter();
            let input = inputs.find(|&&input| is_guard || fits(self.kind(input)));
            let names = input.and_then(|&input| Some((graph.port(output)?, graph.port(input)?)));
            if let Some((output, input)) = names.filter(|_| !is_judgement) {
                pairs.push((output.name.clone(), input.name.clone()));
            }
        }
        pairs
    }

    /// Tells what is the same for all nodes of a role.
    pub(super) fn about_node(&mut self, ix: NodeIx) {
        let graph = self.subject.graph;
        let Some(indexed) = graph.node(ix) else {
            return;
        };
        let name = &*indexed.name;
        if indexed.role == Some(Role::Guardrail) {
            let message = format!(
                "the first word of what the server of `{name}` says, or its `verdict`, is this where \
                 the request may pass; everything else is refused"
            );
            self.assume(&kinds::VERDICT, name, indexed.span, message, "safe");
        }
        let ports = indexed.inputs.iter().chain(&indexed.outputs);
        let kinds: BTreeSet<Kind> = ports.map(|&port| self.kind(port)).collect();
        if kinds.contains(&Kind::Stream) {
            let message =
                format!("a value of `{name}` comes in pieces, and goes on here once it is whole");
            self.lose(&kinds::STREAM, name, indexed.span, message);
        }
        let large = [Kind::Image, Kind::Audio, Kind::Bytes, Kind::Tensor];
        if large.iter().any(|kind| kinds.contains(kind)) {
            let message = format!(
                "what passes `{name}` stands in the workflow's history, where Temporal takes 2 MiB a \
                 value unless set otherwise: pass where it lies instead, or set a payload codec"
            );
            self.lose(&kinds::LARGE, name, indexed.span, message);
        }
    }
}

/// Who is named to take a node's place.
pub(super) fn fallback(graph: &crate::graph::Graph, ix: NodeIx) -> Option<NodeIx> {
    let stated = graph.spec_of(ix)?.on_failure.as_ref()?;
    match &stated.value {
        OnFailure::Fallback(other) => graph.find(&other.0).filter(|other| other.is_model()),
        _ => None,
    }
}

/// The variables that the worker reads, each with the node that it is of.
pub(super) fn variables(cx: &Cx<'_, '_>) -> Vec<(String, String)> {
    let graph = cx.subject.graph;
    let called = graph
        .model_nodes()
        .filter(|(ix, _)| graph.spec_of(*ix).is_some_and(|node| !is_routing(node)));
    called
        .map(|(_, node)| (variable(&node.name), node.name.clone()))
        .collect()
}
