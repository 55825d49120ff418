//! Triton: a model repository with a configuration for each node, and an ensemble that joins
//! their tensors, where the graph has neither branches nor loops.

mod config;
mod kinds;
pub(in crate::export) mod tensors;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use super::{Artifacts, Kind, Language, Subject, Target};
use crate::graph::{Graph, NodeIx, PortIx, topological_order};
use crate::spec::{self, Batch, OnFailure, Role};
use crate::text::Span;
use config::{Port, Step};
use tensors::Tensor;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Triton;

impl Target for Triton {
    fn name(&self) -> &'static str {
        "triton"
    }

    fn title(&self) -> &'static str {
        "Triton model repository"
    }

    fn about(&self) -> &'static str {
        "A config.pbtxt for each node with its tensors, batching and instances, and an ensemble \
         that joins them"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    fn words(&self) -> Vec<&'static str> {
        words::SAID.to_vec()
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let (ensemble, models) = models(subject);
        if models.is_empty() {
            return artifacts;
        }
        super::words::lose_unsaid(
            subject,
            &self.words(),
            &kinds::WORD,
            "Triton",
            &mut artifacts,
        );
        let mut cx = Cx {
            subject,
            artifacts: &mut artifacts,
            tensors: BTreeMap::new(),
            models,
        };
        cx.tell();
        for (ix, name) in cx.models.clone() {
            cx.model(ix, &name);
        }
        if cx.is_ensemble() {
            cx.ensemble(&ensemble);
        }
        artifacts
    }
}

/// The names of the ensemble and of each node's model in a repository.
pub(in crate::export) fn models(subject: &Subject<'_>) -> (String, BTreeMap<NodeIx, String>) {
    let mut names = Names::new(63);
    let ensemble = names.claim(subject.name);
    let nodes = subject.graph.model_nodes();
    let models = nodes.map(|(ix, node)| (ix, names.claim(&node.name)));
    (ensemble, models.collect())
}

struct Cx<'c, 'a> {
    subject: &'c Subject<'a>,
    artifacts: &'c mut Artifacts,
    /// The tensor of each port that gives a value, or takes one that nobody gives.
    tensors: BTreeMap<PortIx, Tensor>,
    /// The name of each node's model.
    models: BTreeMap<NodeIx, String>,
}

impl Cx<'_, '_> {
    fn graph(&self) -> &Graph {
        self.subject.graph
    }

    fn lose(&mut self, kind: &'static Kind, ix: NodeIx, span: Span, message: String) {
        let graph = self.subject.graph;
        let name = ix.is_model().then(|| graph.name(ix));
        self.artifacts.lose(kind, name, span, message);
    }

    /// What an ensemble does otherwise than the graph.
    fn tell(&mut self) {
        let graph = self.subject.graph;
        for (ix, indexed) in graph.model_nodes() {
            let Some(node) = graph.spec_of(ix) else {
                continue;
            };
            let name = &indexed.name;
            if indexed.role == Some(Role::Guardrail) {
                let message = format!(
                    "an ensemble runs every step whatever `{name}` answers: its model must fail the \
                     request that it refuses"
                );
                self.lose(&kinds::GUARD, ix, indexed.span, message);
            }
            if let Some(choice) = &node.on_failure
                && choice.value != OnFailure::Stop
            {
                let message = format!("when `{name}` fails the whole request does");
                self.lose(&kinds::FAILURE, ix, choice.span, message);
            }
            let placement = node.placement.as_ref();
            let batch = placement.and_then(|placement| placement.batch.as_ref());
            if let Some(batch) = batch.filter(|batch| matches!(batch.value, Batch::Continuous(_))) {
                let message = format!(
                    "`{name}` batches between tokens: Triton leaves that to its backend, and \
                     gathers whole requests"
                );
                self.lose(&kinds::BATCH, ix, batch.span, message);
            }
        }
    }

    /// The tensor of a value: as its giver's type says, else as a taker's does.
    fn tensor(&mut self, source: PortIx) -> Tensor {
        if let Some(known) = self.tensors.get(&source) {
            return known.clone();
        }
        let (graph, typing) = (self.subject.graph, self.subject.typing);
        let takers = graph
            .edges_at(source)
            .filter_map(|edge| edge.ports)
            .map(|(_, to)| to);
        let mut types = core::iter::once(source)
            .chain(takers)
            .filter_map(|port| typing.of(port));
        let ty = types.find(|ty| ty.kind != spec::Kind::Any);
        let tensor = Tensor::of(ty.unwrap_or(&crate::graph::Type::of_kind(spec::Kind::Any)));
        if let Some(port) = graph.port(source).filter(|_| !tensor.stated) {
            let path = graph.port_path(source);
            let message = format!("the value of `{path}` is written as this tensor");
            let node = port.node.is_model().then(|| graph.name(port.node));
            self.artifacts
                .assume(&kinds::TENSOR, node, port.span, message, tensor.shown());
        }
        self.tensors.insert(source, tensor.clone());
        tensor
    }

    /// The port that gives a taker its value.
    fn giver(&self, taker: PortIx) -> Option<PortIx> {
        let mut edges = self.graph().edges_at(taker).filter_map(|edge| edge.ports);
        edges.next().map(|(from, _)| from)
    }

    fn model(&mut self, ix: NodeIx, name: &str) {
        let graph = self.subject.graph;
        let (Some(node), Some(indexed)) = (graph.spec_of(ix), graph.node(ix)) else {
            return;
        };
        let mut inputs = Vec::new();
        for &port in &indexed.inputs {
            let giver = self.giver(port);
            let tensor = self.tensor(giver.unwrap_or(port));
            inputs.extend(graph.port(port).map(|it| Port {
                name: it.name.clone(),
                tensor,
                optional: !it.required || giver.is_none(),
            }));
        }
        let mut outputs = Vec::new();
        for &port in &indexed.outputs {
            let tensor = self.tensor(port);
            outputs.extend(graph.port(port).map(|it| Port {
                name: it.name.clone(),
                tensor,
                optional: false,
            }));
        }
        let framework = node
            .model
            .as_ref()
            .and_then(|model| model.framework.as_ref());
        let known = framework.and_then(|framework| backend(&framework.value.0));
        let backend = known.unwrap_or("python");
        let own = Some(&*indexed.name);
        if known.is_none() {
            let message = format!("a program of yours runs `{}`", indexed.name);
            self.artifacts
                .assume(&kinds::BACKEND, own, indexed.span, message, backend);
        }
        let message = format!("the files of `{}` are put into this folder", indexed.name);
        let folder = format!("{name}/1/");
        self.artifacts
            .assume(&kinds::FILES, own, indexed.span, message, folder);
        let text = config::model(name, backend, node, &inputs, &outputs);
        self.artifacts
            .file(format!("{name}/config.pbtxt"), Language::TextProto, text);
    }

    /// Whether an ensemble holds the graph; tells of what it does not.
    fn is_ensemble(&mut self) -> bool {
        let graph = self.subject.graph;
        let mut holds = true;
        for (ix, indexed) in graph.model_nodes() {
            let branches = matches!(
                indexed.role,
                Some(Role::Router | Role::Splitter | Role::Join | Role::Cache)
            );
            if branches {
                let message = format!(
                    "`{}` chooses or joins branches, and an ensemble has none: accepted, the models \
                     are written alone, for a program of yours to call",
                    indexed.name
                );
                self.lose(&kinds::BRANCH, ix, indexed.span, message);
                holds = false;
            }
        }
        for edge in &graph.edges {
            let (from, to) = (graph.name(edge.source), graph.name(edge.target));
            let spec = graph.edge_spec(edge.ix);
            let kind = match () {
                () if edge.is_loop || spec.is_some_and(|spec| spec.when.is_some()) => {
                    &kinds::BRANCH
                }
                () if edge.ports.is_none() => &kinds::CONTROL,
                () if !edge.source.is_model() && !edge.target.is_model() => &kinds::UNMAPPED,
                () => continue,
            };
            let message = format!(
                "the way from `{from}` to `{to}` is a condition, a loop, an order or a mere copy, \
                 which no ensemble has: accepted, the models are written alone"
            );
            self.lose(kind, edge.source, edge.span, message);
            holds = false;
        }
        for (ix, indexed) in graph.model_nodes() {
            let taken = graph.outgoing(ix).next().is_some();
            let several = indexed.inputs.iter().any(|&port| {
                let given = graph.edges_at(port).count();
                let needed = graph.port(port).is_some_and(|port| port.required);
                given > 1 && indexed.role != Some(Role::Join) || given == 0 && needed
            });
            let reads = graph.incoming(ix).any(|edge| edge.ports.is_some());
            if !taken || several || !reads {
                let message = format!(
                    "`{}` takes or gives nothing, or takes two values at one port, which the server \
                     refuses in an ensemble: accepted, the models are written alone",
                    indexed.name
                );
                let kind = if taken {
                    &kinds::UNMAPPED
                } else {
                    &kinds::UNUSED
                };
                self.lose(kind, ix, indexed.span, message);
                holds = false;
            }
        }
        holds
    }

    fn ensemble(&mut self, name: &str) {
        let graph = self.subject.graph;
        let (inputs, mut tensors) = self.given();
        let outputs = self.taken(&mut tensors);
        let (mut steps, mut batch) = (Vec::new(), u64::MAX);
        for ix in topological_order(graph) {
            let (Some(model), Some(indexed)) = (self.models.get(&ix), graph.node(ix)) else {
                continue;
            };
            batch = graph
                .spec_of(ix)
                .map_or(1, config::largest_batch)
                .min(batch);
            let pair = |port: PortIx, tensor: PortIx| {
                Some((
                    graph.port(port)?.name.clone(),
                    tensor_name(graph, tensor, &tensors),
                ))
            };
            let inputs = indexed
                .inputs
                .iter()
                .filter_map(|&port| pair(port, self.giver(port)?));
            let used = |port: &&PortIx| graph.edges_at(**port).next().is_some();
            let outputs = indexed.outputs.iter().filter(used);
            steps.push(Step {
                model: model.clone(),
                inputs: inputs.collect(),
                outputs: outputs.filter_map(|&port| pair(port, port)).collect(),
            });
        }
        let text = config::ensemble(name, batch, &inputs, &outputs, &steps);
        self.artifacts
            .file(format!("{name}/config.pbtxt"), Language::TextProto, text);
        let note = "A version of an ensemble is a folder with nothing that is loaded.\n";
        self.artifacts
            .file(format!("{name}/1/README.md"), Language::Markdown, note);
    }

    /// The ensemble's inputs, and the names of their tensors.
    fn given(&mut self) -> (Vec<Port>, BTreeMap<PortIx, String>) {
        let graph = self.subject.graph;
        let (mut inputs, mut names) = (Vec::new(), BTreeMap::new());
        let ports = graph
            .node(NodeIx::INPUTS)
            .map_or(&[][..], |node| &node.outputs);
        for &port in ports {
            let Some(it) = graph.port(port) else { continue };
            if graph.edges_at(port).next().is_none() {
                let message = format!("nothing reads the input `{}`: it is left out", it.name);
                self.artifacts.lose(&kinds::UNREAD, None, it.span, message);
                continue;
            }
            names.insert(port, it.name.clone());
            inputs.push(Port {
                name: it.name.clone(),
                tensor: self.tensor(port),
                optional: false,
            });
        }
        (inputs, names)
    }

    /// The ensemble's outputs; their tensors get their names. Of outputs with one giver the first
    /// stands for all.
    fn taken(&mut self, names: &mut BTreeMap<PortIx, String>) -> Vec<Port> {
        let graph = self.subject.graph;
        let mut used: BTreeSet<String> = names.values().cloned().collect();
        let mut outputs = Vec::new();
        let ports = graph
            .node(NodeIx::OUTPUTS)
            .map_or(&[][..], |node| &node.inputs);
        for &port in ports {
            let (Some(it), Some(giver)) = (graph.port(port), self.giver(port)) else {
                continue;
            };
            if let Some(known) = names.get(&giver) {
                let message = format!("the output `{}` is the tensor `{known}`", it.name);
                self.artifacts.lose(&kinds::NAME, None, it.span, message);
                continue;
            }
            let mut name = it.name.clone();
            while !used.insert(name.clone()) {
                name.push_str("_out");
            }
            if name != it.name {
                let message = format!("the output `{}` is the tensor `{name}`", it.name);
                self.artifacts.lose(&kinds::NAME, None, it.span, message);
            }
            names.insert(giver, name.clone());
            outputs.push(Port {
                name,
                tensor: self.tensor(giver),
                optional: false,
            });
        }
        outputs
    }
}

/// The name of a tensor within the ensemble: no port's name has a dot.
fn tensor_name(graph: &Graph, port: PortIx, names: &BTreeMap<PortIx, String>) -> String {
    names
        .get(&port)
        .cloned()
        .unwrap_or_else(|| graph.port_path(port))
}

/// The backend of a framework, where Triton has one.
fn backend(framework: &str) -> Option<&'static str> {
    Some(match framework.to_lowercase().as_str() {
        "onnx" | "onnxruntime" | "onnxruntime_onnx" => "onnxruntime",
        "pytorch" | "torchscript" | "pytorch_libtorch" => "pytorch",
        "tensorrt" | "tensorrt_plan" => "tensorrt",
        "openvino" => "openvino",
        "python" => "python",
        "dali" => "dali",
        "fil" => "fil",
        _ => return None,
    })
}
