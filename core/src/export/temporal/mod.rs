//! Temporal: a worker in Python whose workflow runs the graph, and whose activities call the nodes.
//!
//! The worker's own modules (`python/`) are the same for every graph: which nodes run on what is
//! decided by `flow.py`, how a server is asked by `apis.py`. What differs is `graph.py`, the graph as
//! data.

mod calls;
mod edges;
mod kinds;
mod limits;
mod loops;
mod nodes;
mod python;
mod readme;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use super::{Artifacts, Kind, Language, Subject, Target, kubernetes, plan, shape, triton};
use crate::graph::{NodeIx, merging_joins};
use crate::spec::Execution;
use crate::text::Span;
use calls::variable;
use loops::Steps;
use python::Python;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Temporal;

/// What the worker is made of beside its graph.
const MODULES: &[(&str, &str)] = &[
    ("activities.py", include_str!("python/activities.py")),
    ("apis.py", include_str!("python/apis.py")),
    ("branches.py", include_str!("python/branches.py")),
    ("conditions.py", include_str!("python/conditions.py")),
    ("flow.py", include_str!("python/flow.py")),
    ("model.py", include_str!("python/model.py")),
    ("values.py", include_str!("python/values.py")),
    ("worker.py", include_str!("python/worker.py")),
    ("workflow.py", include_str!("python/workflow.py")),
];

impl Target for Temporal {
    fn name(&self) -> &'static str {
        "temporal"
    }

    fn title(&self) -> &'static str {
        "Temporal"
    }

    fn about(&self) -> &'static str {
        "A worker in Python: a workflow that runs the graph, and activities that call its nodes"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    fn words(&self) -> Vec<&'static str> {
        words::SAID.to_vec()
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        if subject.graph.model_nodes().next().is_none() {
            return artifacts;
        }
        super::words::lose_unsaid(
            subject,
            words::SAID,
            &kinds::WORD,
            "Temporal",
            &mut artifacts,
        );
        let steps = Steps::of(subject.graph);
        let mut cx = Cx::new(subject, &mut artifacts, &steps);
        cx.about_graph(&steps);
        let graph = cx.graph(&steps);
        let readme = readme::text(&cx);
        for (path, text) in MODULES {
            artifacts.file(*path, Language::Python, *text);
        }
        artifacts.file("graph.py", Language::Python, graph);
        artifacts.file("README.md", Language::Markdown, readme);
        artifacts.file(
            "requirements.txt",
            Language::Text,
            readme::requirements(subject),
        );
        artifacts
    }
}

/// What every part of the export needs.
struct Cx<'c, 'a> {
    subject: &'c Subject<'a>,
    artifacts: &'c mut Artifacts,
    /// The Service of each node that runs here.
    objects: BTreeMap<NodeIx, String>,
    /// What Triton calls the model of each node.
    models: BTreeMap<NodeIx, String>,
    /// Nodes whose answers reach an output.
    used: BTreeSet<NodeIx>,
    /// Joins that hand on one value.
    merging: BTreeSet<NodeIx>,
    /// Nodes that only take another's place.
    reserves: BTreeSet<NodeIx>,
    /// The loops that each node is in, the outermost first.
    within: BTreeMap<NodeIx, Vec<String>>,
}

impl<'c, 'a> Cx<'c, 'a> {
    fn new(subject: &'c Subject<'a>, artifacts: &'c mut Artifacts, steps: &Steps<'_>) -> Self {
        let graph = subject.graph;
        let mut names = Names::new(kubernetes::LONGEST_NAME);
        let stand_ins = graph
            .model_nodes()
            .filter_map(|(ix, _)| nodes::fallback(graph, ix));
        Self {
            subject,
            artifacts,
            objects: plan::objects(subject, &mut names).into_iter().collect(),
            models: triton::models(subject).1,
            used: shape::used(graph),
            merging: merging_joins(graph),
            reserves: stand_ins
                .filter(|&ix| graph.incoming(ix).next().is_none())
                .collect(),
            within: steps.within.clone(),
        }
    }

    fn lose(&mut self, kind: &'static Kind, node: &str, span: Span, message: String) {
        self.artifacts.lose(kind, Some(node), span, message);
    }

    fn assume(
        &mut self,
        kind: &'static Kind,
        node: &str,
        span: Span,
        message: String,
        value: impl Into<String>,
    ) {
        self.artifacts
            .assume(kind, Some(node), span, message, value);
    }

    /// What is told once a graph.
    fn about_graph(&mut self, steps: &Steps<'_>) {
        let graph = self.subject.graph;
        let span = self.subject.name_span();
        let message = "the worker finds Temporal by the variables of its own tools, such as \
                       `TEMPORAL_ADDRESS`";
        let value = "localhost:7233";
        self.artifacts
            .assume(&kinds::SERVER, None, span, message, value);
        let body = graph.spec.body();
        let execution = body.and_then(|body| body.execution);
        if let Some(execution) = execution.filter(|it| it.value == Execution::Chained) {
            let message = "the workflow calls the nodes, and no node its successors";
            self.artifacts
                .lose(&kinds::CHAINED, None, execution.span, message);
        }
        for cycle in &steps.endless {
            let named: Vec<String> = cycle
                .iter()
                .take(8)
                .map(|&ix| format!("`{}`", graph.name(ix)))
                .collect();
            let Some(node) = cycle.first().and_then(|&ix| graph.node(ix)) else {
                continue;
            };
            let message = format!(
                "the cycle of {} has no bound: accepted, it is gone through once",
                named.join(", ")
            );
            self.lose(&kinds::CYCLE, &node.name, node.span, message);
        }
        let all: Vec<NodeIx> = graph.model_nodes().map(|(ix, _)| ix).collect();
        for ix in all {
            self.about_node(ix);
            self.about_draws(ix);
        }
    }

    /// `graph.py`.
    fn graph(&mut self, steps: &Steps<'_>) -> String {
        let graph = self.subject.graph;
        let ports = |ix: NodeIx, of: fn(&crate::graph::Node) -> &Vec<crate::graph::PortIx>| {
            graph.node(ix).map_or(&[][..], |node| of(node))
        };
        let inputs = self.ports(ports(NodeIx::INPUTS, |node| &node.outputs));
        let outputs = self.ports(ports(NodeIx::OUTPUTS, |node| &node.inputs));
        let mut nodes = Vec::new();
        for (ix, node) in graph.model_nodes() {
            nodes.extend(self.node(ix).map(|written| (node.name.clone(), written)));
        }
        let onward = graph
            .edges
            .iter()
            .filter(|edge| !steps.back.contains(&edge.ix.0));
        let edges = onward.map(|edge| self.edge(edge)).collect();
        let all = steps.all.iter().map(|step| self.step(step)).collect();
        let version = self.subject.version;
        let whole = Python::Call(
            "Graph",
            vec![
                ("name", Python::text(self.subject.name)),
                ("version", version.map_or(Python::None, Python::text)),
                ("digest", Python::text(self.subject.digest.to_string())),
                ("task_queue", Python::text(self.subject.name)),
                ("inputs", inputs),
                ("outputs", outputs),
                ("nodes", Python::Dict(nodes)),
                ("edges", Python::List(edges)),
                ("steps", Python::List(all)),
            ],
        );
        let mut text =
            "\"\"\"The graph.\"\"\"\n\nfrom model import Back, Call, Edge, Graph, Limits, \
                        Loop, Node, Port\n\nGRAPH = "
                .to_owned();
        whole.write(0, 8, &mut text);
        text.push('\n');
        text
    }
}
