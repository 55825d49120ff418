use crate::check::{Context, Diagnostic};
use crate::graph::{Node, NodeIx, Param, PortIx};
use crate::hardware::{kv_bytes_per_token, weight_bytes};
use crate::spec::{self, Kind, Role};

rule! {
    /// A node leaves facts open that checks of its role need; what follows from the rest counts as known. The
    /// checks that need them are silent until then. Nothing is said of routers, joins and the like unless they
    /// run something, nor of roles of your own.
    ///
    /// ## Why
    /// Unknown is not the same as right. This is the list of what nobody has checked, once a node.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: embed}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {vector: {type: vector}}
    ///   nodes:
    ///     embedder: {role: embedder}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: outputs.vector}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: embed}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {vector: {type: vector}}
    ///   nodes:
    ///     embedder:
    ///       role: embedder
    ///       model: {id: BAAI/bge-base-en-v1.5}
    ///       tokenizer: {maxInputTokens: 512}
    ///       outputs: {vector: {dim: 768}}
    ///       latency: {p50: 3ms, p95: 5ms, source: declared}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: outputs.vector}
    /// ```
    "MG010", Info, "facts that checks need are not stated", [Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let Some(node) = cx.graph.node(ix) else { return };
    let (Some(role), Some(spec)) = (node.role, cx.graph.spec_of(ix)) else {
        return;
    };
    let facts = missing(cx, node, role, spec);
    let Some((last, before)) = facts.split_last() else { return };
    let facts = if before.is_empty() {
        last.clone()
    } else {
        format!("{} and {last}", before.join(", "))
    };
    let message = format!("`{}` does not state {facts}: checks that need this are silent", node.name);
    found.push(RULE.at(node.span, message).on_node(&node.name));
}

/// The facts that checks of a role need and that neither stand there nor follow.
fn missing(cx: &Context<'_>, node: &Node, role: Role, spec: &spec::Node) -> Vec<String> {
    let mut facts: Vec<String> = Vec::new();
    let mut need = |known: bool, fact: &str| {
        if !known {
            facts.push(format!("`{fact}`"));
        }
    };
    let model = spec.model.as_ref();
    let takes = spec.tokenizer.as_ref().is_some_and(|tokenizer| tokenizer.max_input_tokens.is_some());
    let limits = spec.limits.as_ref();
    match role {
        Role::Embedder => {
            vectors(cx, &node.outputs, "outputs", &mut need);
            need(takes, "tokenizer.maxInputTokens");
        }
        Role::Retriever => {
            vectors(cx, &node.inputs, "inputs", &mut need);
            let index = spec.index.as_ref();
            need(index.is_some_and(|index| index.chunk_tokens.is_some()), "index.chunkTokens");
            for (name, ty) in typed(cx, &node.outputs) {
                if ty.kind == Kind::Candidates {
                    let known = ty.number(Param::MaxItems).is_some();
                    need(known, &format!("outputs.{name}.maxItems"));
                }
            }
        }
        Role::Reranker => need(takes, "tokenizer.maxInputTokens"),
        Role::Generator => {
            let context = limits.is_some_and(|limits| limits.max_model_len.is_some())
                || model.is_some_and(|model| model.context_tokens.is_some());
            need(context, "model.contextTokens");
            let longest = limits.is_some_and(|limits| limits.max_output_tokens.is_some());
            need(longest, "limits.maxOutputTokens");
        }
        Role::Custom => return facts,
        _ => {}
    }
    let external = spec.external.is_some_and(|external| external.value);
    let placed = spec.placement.as_ref();
    let on_gpu = placed.is_some_and(|placement| placement.gpu.is_some()) && !external;
    if on_gpu {
        need(model.is_some_and(|model| model.parameters.is_some()), "model.parameters");
        need(model.is_some_and(|model| model.precision.is_some()), "model.precision");
    }
    // What cuts, routes or joins takes next to no time unless it runs a program.
    let works = match role {
        Role::Router
        | Role::Splitter
        | Role::Join
        | Role::Transformer
        | Role::Adapter
        | Role::Postprocessor => model.is_some() || spec.serving.is_some() || placed.is_some(),
        _ => true,
    };
    let estimable = on_gpu
        && role == Role::Generator
        && model.is_some_and(|model| {
            weight_bytes(model).is_some() && kv_bytes_per_token(model, 1).is_some()
        });
    let timed = spec.latency.is_some() || spec.service.is_some() || estimable;
    need(timed || !works, "latency");
    facts
}

fn typed<'a>(
    cx: &Context<'a>,
    ports: &'a [PortIx],
) -> impl Iterator<Item = (&'a str, &'a crate::graph::Type)> {
    let (graph, typing) = (cx.graph, cx.typing);
    ports.iter().filter_map(|&ix| Some((graph.port(ix)?.name.as_str(), typing.of(ix)?)))
}

/// Of each vector its dimension and the space that it lies in.
fn vectors(cx: &Context<'_>, ports: &[PortIx], side: &str, need: &mut impl FnMut(bool, &str)) {
    for (name, ty) in typed(cx, ports) {
        if ty.kind == Kind::Vector {
            need(ty.dim().is_some(), &format!("{side}.{name}.dim"));
            need(ty.word(Param::Space).is_some(), &format!("{side}.{name}.space"));
        }
    }
}
