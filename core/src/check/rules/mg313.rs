use crate::check::{Context, Diagnostic};
use crate::graph::{Graph, NodeIx};
use crate::spec::{Model, Node, Role};

rule! {
    /// Whatever a router decides, the same model answers, with the same limits.
    ///
    /// ## Why
    /// A router is there to spend a large model on hard questions only. Where all its branches end up at one
    /// model (after a change that swapped the small one for the large, mostly) it costs its own time and saves
    /// nothing. To spread requests over equal servers is what replicas do.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: triage}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     route: {role: router}
    ///     easy: {role: generator, model: {id: Qwen/Qwen2.5-7B-Instruct}}
    ///     hard: {role: generator, model: {id: Qwen/Qwen2.5-7B-Instruct}}
    ///   edges:
    ///     - {from: inputs.question, to: route.in}
    ///     - {from: route.out, to: easy.prompt, when: "size(output) < 200"}
    ///     - {from: route.out, to: hard.prompt, when: default}
    ///     - {from: easy.text, to: outputs.answer}
    ///     - {from: hard.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: triage}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     route: {role: router}
    ///     easy: {role: generator, model: {id: Qwen/Qwen2.5-7B-Instruct}}
    ///     hard: {role: generator, model: {id: Qwen/Qwen2.5-72B-Instruct}}
    ///   edges:
    ///     - {from: inputs.question, to: route.in}
    ///     - {from: route.out, to: easy.prompt, when: "size(output) < 200"}
    ///     - {from: route.out, to: hard.prompt, when: default}
    ///     - {from: easy.text, to: outputs.answer}
    ///     - {from: hard.text, to: outputs.answer}
    /// ```
    "MG313", Warning, "all branches of a router are the same model", [Reach: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    if cx.graph.role(ix) == Some(Role::Router) {
        found.extend(branches(cx, ix));
    }
}

fn branches(cx: &Context<'_>, router: NodeIx) -> Option<Diagnostic> {
    let graph = cx.graph;
    let edges = graph.outgoing(router).filter(|edge| edge.ports.is_some());
    let mut nodes: Vec<NodeIx> = Vec::new();
    for edge in edges {
        let answers = answering(graph, edge.target)?;
        if !nodes.contains(&answers) {
            nodes.push(answers);
        }
    }
    let stated = |ix: &NodeIx| graph.spec_of(*ix);
    let first = nodes.first().and_then(stated)?;
    let id = first.model.as_ref()?.id.as_ref()?;
    if nodes.len() < 2 || !nodes.iter().filter_map(stated).all(|node| same(first, node)) {
        return None;
    }
    let name = graph.name(router);
    let names: Vec<String> = nodes.iter().map(|&node| format!("`{}`", graph.name(node))).collect();
    let message = format!("all branches of `{name}`, {}, run `{}`", names.join(" and "), id.value);
    let diagnostic = RULE
        .at(graph.node(router)?.span, message)
        .on_node(name)
        .with_help("give the branches different models, or take the router away and state more replicas");
    Some(nodes.iter().fold(diagnostic, |diagnostic, &node| {
        let id = graph.spec_of(node).and_then(|node| node.model.as_ref()?.id.as_ref());
        match id {
            Some(id) => diagnostic.relate(id.span, format!("`{}` runs it", graph.name(node))),
            None => diagnostic,
        }
    }))
}

/// The first node with a model that a branch leads to, where nothing else branches off before it.
fn answering(graph: &Graph, mut node: NodeIx) -> Option<NodeIx> {
    for _ in 0..graph.nodes.len() {
        if graph.spec_of(node)?.model.is_some() {
            return Some(node);
        }
        let mut edges = graph.outgoing(node).filter(|edge| edge.ports.is_some());
        node = edges.next()?.target;
        if edges.any(|edge| edge.target != node) {
            return None;
        }
    }
    None
}

/// Whether two nodes run one model in one way: what a request gets does not depend on which it meets.
fn same(one: &Node, other: &Node) -> bool {
    let (Some(first), Some(second)) = (&one.model, &other.model) else { return false };
    let limits = |node: &Node| {
        let limits = node.limits.as_ref();
        let longest = limits.and_then(|limits| limits.max_model_len);
        let answer = limits.and_then(|limits| limits.max_output_tokens);
        (longest.map(|tokens| tokens.value), answer.map(|tokens| tokens.value))
    };
    one.role.map(|role| role.value) == other.role.map(|role| role.value)
        && facts(&first.value) == facts(&second.value)
        && limits(one) == limits(other)
}

fn facts(model: &Model) -> [Option<&str>; 4] {
    [
        model.id.as_ref().map(|id| &*id.value.0),
        model.revision.as_ref().map(|revision| &*revision.value.0),
        model.uri.as_ref().map(|uri| &*uri.value.0),
        model.precision.map(|precision| precision.value.word()),
    ]
}
