//! The edges of a graph as the worker has them, and the ways that are drawn.

use std::collections::BTreeSet;

use super::loops::Step;
use super::python::Python;
use super::{Cx, kinds};
use crate::graph::{Edge, NodeIx};
use crate::spec::{Percent, Role};

impl Cx<'_, '_> {
    /// `Edge(…)`.
    pub(super) fn edge(&mut self, edge: &Edge) -> Python {
        let graph = self.subject.graph;
        let mut arguments = vec![
            ("", Python::text(graph.name(edge.source))),
            ("", Python::text(graph.name(edge.target))),
        ];
        if let Some((from, to)) = edge.ports {
            for port in [from, to] {
                let name = graph.port(port).map_or("", |port| &port.name);
                arguments.push(("", Python::text(name)));
            }
        }
        if !edge.required {
            arguments.push(("required", Python::Bool(false)));
        }
        let spec = graph.edge_spec(edge.ix);
        let when = spec.and_then(|spec| spec.when.as_ref());
        if let Some(when) = when {
            arguments.push(("when", Python::text(when.value.0.trim())));
        } else if let Some(share) = edge.share {
            arguments.push(("share", Python::Number(share)));
        }
        let timeout = spec.and_then(|spec| spec.timeout);
        let stated = timeout.map(|timeout| (timeout.value, timeout.span));
        let target = graph.name(edge.target);
        if let Some(timeout) = self.edge_timeout(target, stated) {
            arguments.push(("timeout_us", Python::count(timeout)));
        }
        Python::Call("Edge", arguments)
    }

    /// A node's name, or `Loop(…)`.
    pub(super) fn step(&mut self, step: &Step<'_>) -> Python {
        match step {
            Step::Node(ix) => Python::text(self.subject.graph.name(*ix)),
            Step::Loop { name, steps, back } => {
                let steps = steps.iter().map(|step| self.step(step)).collect();
                let back = back.iter().map(|edge| self.back(edge)).collect();
                Python::Call(
                    "Loop",
                    vec![
                        ("", Python::text(name)),
                        ("steps", Python::List(steps)),
                        ("back", Python::List(back)),
                    ],
                )
            }
        }
    }

    fn back(&mut self, edge: &Edge) -> Python {
        let graph = self.subject.graph;
        let repeat = graph
            .edge_spec(edge.ix)
            .and_then(|spec| spec.repeat.as_ref());
        let rounds = repeat.and_then(|repeat| repeat.max_iterations);
        let rounds = rounds.map_or(1, |rounds| u64::from(rounds.value.0));
        let mut arguments = vec![("", self.edge(edge)), ("rounds", Python::count(rounds))];
        let name = graph.name(edge.source);
        let message = format!(
            "what follows the loop back from `{name}` runs once that has ended, on what its last \
             round gave"
        );
        let value = format!("{rounds} rounds at most");
        self.assume(&kinds::ROUND, name, edge.span, message, value);
        if let Some(again) = repeat.and_then(|repeat| repeat.again.as_ref()) {
            let text = again.value.0.trim();
            let share = Percent::parse(text).map(Percent::as_fraction);
            if let Some(share) = share.or_else(|| text.parse().ok()) {
                let message = format!("whether `{name}` leads back is drawn by this share");
                self.assume(&kinds::DRAW, name, again.span, message, text);
                arguments.push(("again", Python::Number(share)));
            } else {
                arguments.push(("again", Python::text(text)));
            }
        }
        Python::Call("Back", arguments)
    }

    /// Tells where nothing but chance decides which way a request goes.
    pub(super) fn about_draws(&mut self, ix: NodeIx) {
        let graph = self.subject.graph;
        let edges: Vec<&Edge> = graph.outgoing(ix).collect();
        let asks = |edge: &&Edge| {
            let spec = graph.edge_spec(edge.ix);
            spec.is_some_and(|spec| spec.when.is_some())
        };
        let targets: BTreeSet<NodeIx> = edges.iter().map(|edge| edge.target).collect();
        let chooses = match graph.role(ix) {
            Some(Role::Router) => !edges.iter().any(asks) && targets.len() > 1,
            Some(Role::Splitter) => false,
            _ => edges.iter().any(|edge| edge.share.is_some() && !asks(edge)),
        };
        if let Some(indexed) = graph.node(ix).filter(|_| chooses && ix.is_model()) {
            let message = format!(
                "no condition says which way a request goes behind `{}`: it is drawn, each as often \
                 as its share",
                indexed.name
            );
            let value = "workflow.random()";
            self.assume(&kinds::DRAW, &indexed.name, indexed.span, message, value);
        }
    }
}
