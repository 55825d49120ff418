//! How a node is called.

use serde_json::Value;

use super::python::Python;
use super::{Cx, kinds};
use crate::catalogue::Engine;
use crate::export::triton::tensors::Tensor;
use crate::export::{api, quantity};
use crate::graph::{NodeIx, Param, PortIx};
use crate::spec::{self, Api, Kind, Overflow, Protocol};

/// Annotations of a node: of its body, the input of each key, and of its answer, where each output
/// lies.
const BODY: &str = "temporal/body";
const ANSWER: &str = "temporal/answer";

impl Cx<'_, '_> {
    /// `Call(…)`; `None` for what the workflow does itself.
    pub(super) fn call(&mut self, ix: NodeIx) -> Option<Python> {
        let graph = self.subject.graph;
        let (node, indexed) = (graph.spec_of(ix)?, graph.node(ix)?);
        if crate::export::plan::is_routing(node) {
            return None;
        }
        let (name, span) = (&*indexed.name, indexed.span);
        let engine = Engine::choose(node).engine;
        let api = api::of(node, engine);
        let stated = node.serving.as_ref().and_then(|serving| serving.api);
        if stated.is_none() {
            let message = format!("how `{name}` is called is not stated");
            self.assume(&kinds::API, name, span, message, api.word());
        }
        self.about_protocol(ix);
        let mut arguments = vec![
            ("api", Python::text(api.word())),
            ("variable", Python::text(variable(name))),
            ("url", self.address(ix, engine)),
            ("path", Python::text(self.path(ix, api))),
        ];
        if matches!(
            api,
            Api::OpenaiChat | Api::OpenaiCompletions | Api::OpenaiEmbeddings
        ) {
            arguments.extend(self.model(ix));
        }
        arguments.extend(self.key(ix));
        let tokenizer = node.tokenizer.as_ref();
        let overflow = tokenizer.and_then(|tokenizer| tokenizer.overflow);
        if overflow.is_some_and(|overflow| overflow.value == Overflow::Truncate) {
            arguments.push(("truncate", Python::Bool(true)));
        }
        let limits = node.limits.as_ref();
        if let (Api::OpenaiChat | Api::OpenaiCompletions, Some(most)) =
            (api, limits.and_then(|limits| limits.max_output_tokens))
        {
            arguments.push(("max_tokens", Python::count(most.value.0)));
        }
        if let (Api::QdrantQuery | Api::TeiRerank, Some(most)) = (api, self.most_items(ix)) {
            arguments.push(("max_items", Python::count(most)));
        }
        match api {
            Api::HttpJson => arguments.extend(self.mappings(ix)),
            Api::KserveV2 => arguments.push(("tensors", self.tensors(ix))),
            _ => {}
        }
        Some(Python::Call("Call", arguments))
    }

    fn about_protocol(&mut self, ix: NodeIx) {
        let graph = self.subject.graph;
        let protocol = graph
            .spec_of(ix)
            .and_then(|node| node.serving.as_ref())
            .and_then(|serving| serving.protocol);
        if let Some(stated) = protocol.filter(|protocol| protocol.value == Protocol::Grpc) {
            let name = graph.name(ix);
            let message = format!(
                "`{name}` is called by gRPC, and the worker speaks HTTP alone: accepted, it asks \
                 the same server over HTTP, at an address of yours"
            );
            self.lose(&kinds::GRPC, name, stated.span, message);
        }
    }

    /// Where a node answers unless a variable says otherwise: the Service that `kubernetes` makes.
    fn address(&mut self, ix: NodeIx, engine: Option<&Engine>) -> Python {
        let graph = self.subject.graph;
        let (Some(node), Some(indexed)) = (graph.spec_of(ix), graph.node(ix)) else {
            return Python::None;
        };
        let name = &*indexed.name;
        let Some(object) = self.objects.get(&ix) else {
            let message = format!(
                "`{name}` runs elsewhere: a variable of the worker's says where it answers"
            );
            let variable = variable(name);
            self.assume(&kinds::ADDRESS, name, indexed.span, message, variable);
            return Python::None;
        };
        let serving = node.serving.as_ref();
        let stated = serving
            .and_then(|serving| serving.port)
            .map(|port| port.value.0)
            .filter(|&port| port <= 65_535);
        let port = stated.unwrap_or_else(|| engine.map_or(8080, |engine| engine.port));
        let url = format!("http://{object}:{port}");
        let message = format!(
            "`{name}` answers at the Service that `modelspec export kubernetes` makes; the variable \
             {} says otherwise",
            variable(name)
        );
        self.assume(&kinds::ADDRESS, name, indexed.span, message, &*url);
        Python::Text(url)
    }

    fn path(&mut self, ix: NodeIx, api: Api) -> String {
        let graph = self.subject.graph;
        let (Some(node), Some(indexed)) = (graph.spec_of(ix), graph.node(ix)) else {
            return "/".to_owned();
        };
        if let Some(stated) = api::stated_path(node) {
            return stated;
        }
        let Some(usual) = api::usual_path(api) else {
            let model = self.models.get(&ix).cloned().unwrap_or_default();
            let message = format!(
                "the server of `{}` has its model under this name, as `modelspec export triton` \
                 writes it; `serving.path` states another path",
                indexed.name
            );
            self.assume(&kinds::MODEL, &indexed.name, indexed.span, message, &*model);
            return format!("/v2/models/{model}/infer");
        };
        if api == Api::QdrantQuery {
            let message = format!(
                "`{}` searches the collection `documents`, whose passages lie under `text` of the \
                 payload; `serving.path` states another",
                indexed.name
            );
            self.assume(
                &kinds::COLLECTION,
                &indexed.name,
                indexed.span,
                message,
                usual,
            );
        }
        usual.to_owned()
    }

    /// What a server that can have several models is asked for.
    fn model(&mut self, ix: NodeIx) -> Option<(&'static str, Python)> {
        let graph = self.subject.graph;
        let (node, indexed) = (graph.spec_of(ix)?, graph.node(ix)?);
        let stated = node.model.as_ref().and_then(|model| model.id.as_ref());
        let id = if let Some(id) = stated {
            id.value.0.clone()
        } else {
            let message = format!(
                "the server of `{}` has its model under this name",
                indexed.name
            );
            let name = &*indexed.name;
            self.assume(&kinds::MODEL, name, indexed.span, message, name);
            indexed.name.clone()
        };
        Some(("model", Python::Text(id)))
    }

    /// The variable with the key of a node that runs elsewhere.
    fn key(&mut self, ix: NodeIx) -> Option<(&'static str, Python)> {
        let graph = self.subject.graph;
        let node = graph.spec_of(ix)?;
        if !node.external.is_some_and(|external| external.value) {
            return None;
        }
        let secrets = node.serving.as_ref()?.secrets.as_ref()?;
        let mut secrets = secrets.iter();
        let secret = secrets.find(|secret| quantity::is_variable(&secret.name.value))?;
        let (name, variable) = (graph.name(ix), &secret.name.value);
        let message = format!(
            "calls of `{name}` carry the value of this variable of the worker's as `Authorization: \
             Bearer`"
        );
        self.assume(&kinds::KEY, name, secret.name.span, message, &**variable);
        Some(("key_variable", Python::text(variable)))
    }

    /// The most candidates that a node gives.
    fn most_items(&self, ix: NodeIx) -> Option<u64> {
        let graph = self.subject.graph;
        let outputs = &graph.node(ix)?.outputs;
        let types = outputs
            .iter()
            .filter_map(|&port| self.subject.typing.of(port));
        types
            .filter(|ty| ty.kind == Kind::Candidates)
            .find_map(|ty| ty.number(Param::MaxItems))
    }

    /// The tensors of the inputs, as the giver of each has it where its own type is not known.
    fn tensors(&mut self, ix: NodeIx) -> Python {
        let graph = self.subject.graph;
        let inputs = graph.node(ix).map_or(&[][..], |node| &node.inputs);
        let tensors = inputs.iter().filter_map(|&port| {
            let tensor = self.tensor(port);
            let kind = tensor.data_type.trim_start_matches("TYPE_");
            let kind = if kind == "STRING" { "BYTES" } else { kind };
            let dims = tensor.dims.iter().map(|&dim| Python::Whole(dim));
            let tuple = Python::Tuple(vec![Python::text(kind), Python::Tuple(dims.collect())]);
            Some((graph.port(port)?.name.clone(), tuple))
        });
        Python::Dict(tensors.collect())
    }

    fn tensor(&self, port: PortIx) -> Tensor {
        let (graph, typing) = (self.subject.graph, self.subject.typing);
        let edges = graph.edges_at(port).filter_map(|edge| edge.ports);
        let givers = edges.map(|(from, _)| from);
        let mut types = givers.chain([port]).filter_map(|port| typing.of(port));
        let known = types.find(|ty| ty.kind != Kind::Any);
        Tensor::of(known.unwrap_or(&crate::graph::Type::of_kind(Kind::Any)))
    }

    /// What the annotations of a node say of its body and its answer.
    fn mappings(&mut self, ix: NodeIx) -> Vec<(&'static str, Python)> {
        let graph = self.subject.graph;
        let (Some(node), Some(indexed)) = (graph.spec_of(ix), graph.node(ix)) else {
            return Vec::new();
        };
        let names = |ports: &[PortIx]| -> Vec<String> {
            let ports = ports.iter().filter_map(|&port| graph.port(port));
            ports.map(|port| port.name.clone()).collect()
        };
        let (inputs, outputs) = (names(&indexed.inputs), names(&indexed.outputs));
        let body = self.mapping(ix, node, BODY, |_, port| inputs.iter().any(|it| it == port));
        let answer = self.mapping(ix, node, ANSWER, |port, _| {
            outputs.iter().any(|it| it == port)
        });
        if body.is_empty() || answer.is_empty() {
            let message = format!(
                "`{}` takes and gives an object with its ports as keys; the annotations `{BODY}` \
                 and `{ANSWER}` state other keys",
                indexed.name
            );
            let value = format!("{} → {}", inputs.join(", "), outputs.join(", "));
            self.assume(&kinds::BODY, &indexed.name, indexed.span, message, value);
        }
        let mut found = Vec::new();
        for (word, pairs) in [("body", body), ("answer", answer)] {
            if !pairs.is_empty() {
                found.push((word, Python::texts(pairs)));
            }
        }
        found
    }

    fn mapping(
        &mut self,
        ix: NodeIx,
        node: &spec::Node,
        annotation: &str,
        is_known: impl Fn(&str, &str) -> bool,
    ) -> Vec<(String, String)> {
        let annotations = node.annotations.as_ref();
        let Some(stated) = annotations.and_then(|annotations| annotations.named(annotation)) else {
            return Vec::new();
        };
        let name = self.subject.graph.name(ix);
        let mut pairs = Vec::new();
        let entries = match &stated.value.0 {
            Value::Object(map) => map.iter().collect(),
            _ => Vec::new(),
        };
        let mut is_whole = !entries.is_empty();
        for (key, value) in entries {
            match value.as_str().filter(|value| is_known(key, value)) {
                Some(value) => pairs.push((key.clone(), value.to_owned())),
                None => is_whole = false,
            }
        }
        if !is_whole {
            let message = format!(
                "`{annotation}` of `{name}` is not all ports of the node and keys of JSON: what is \
                 not is left out"
            );
            self.lose(&kinds::MAPPING, name, stated.name.span, message);
        }
        pairs
    }
}

/// The variable that says where a node answers.
pub(super) fn variable(name: &str) -> String {
    let plain = name.replace(|c: char| !c.is_ascii_alphanumeric(), "_");
    format!("URL_{}", plain.to_ascii_uppercase())
}
