use crate::check::{Context, Diagnostic};
use crate::edit::Command;
use crate::fix::{Planner, sources};
use crate::graph::{NodeIx, PortIx};
use crate::spec::{Kind, Role};

rule! {
    /// A reranker has no input for the query: it states its inputs, and all of them are lists, or the query is
    /// optional and not connected.
    ///
    /// ## Why
    /// A reranker compares passages with a question. Drawn as one step of a line, it gets the passages alone,
    /// and what the question was is left to a convention between two programs.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {hits: {type: candidates}}
    ///   nodes:
    ///     embedder: {role: embedder}
    ///     store: {role: retriever}
    ///     reranker:
    ///       role: reranker
    ///       inputs: {candidates: {type: candidates}}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: reranker.candidates}
    ///     - {from: reranker.ranked, to: outputs.hits}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {hits: {type: candidates}}
    ///   nodes:
    ///     embedder: {role: embedder}
    ///     store: {role: retriever}
    ///     reranker:
    ///       role: reranker
    ///       inputs: {candidates: {type: candidates}, query: {type: text}}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: reranker.candidates}
    ///     - {from: inputs.question, to: reranker.query}
    ///     - {from: reranker.ranked, to: outputs.hits}
    /// ```
    "MG207", Warning, "a customary side input is missing", [Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let Some(node) = cx.graph.node(ix) else { return };
    let graph = cx.graph;
    if node.role != Some(Role::Reranker) {
        return;
    }
    let is_list = |port: PortIx| {
        let kind = cx.typing.of(port).map(|ty| ty.kind);
        matches!(kind, Some(Kind::Candidates | Kind::List | Kind::Stream))
    };
    let mut sides = node.inputs.iter().copied().filter(|&port| !is_list(port));
    let meant = cx.meant();
    let mut planner = Planner::new(cx);
    // A required one that lacks its value is told of as such.
    let is_given = |ix: PortIx| {
        let required = graph.port(ix).is_some_and(|port| port.required);
        required || graph.edges_at(ix).next().is_some() || meant.ports.contains(&ix)
    };
    if sides.clone().any(is_given) {
        return;
    }
    let open = sides.next();
    let name = &node.name;
    let (span, message) = match open.and_then(|open| graph.port(open)) {
        Some(port) => {
            let message = format!("reranker `{name}` has its query `{}` not connected", port.name);
            (port.span, message)
        }
        None => (node.span, format!("reranker `{name}` has no input for the query")),
    };
    let mut diagnostic = RULE
        .at(span, message)
        .on_node(name)
        .with_help("give it an input such as `query: {type: text}`, and connect the question");
    if let Some(open) = open
        && let (Some(port), Some(taken)) = (graph.port(open), cx.typing.of(open))
        && planner.is_open()
    {
        diagnostic = diagnostic.on_port(name, &port.name);
        for source in sources(cx, ix, &port.name, taken) {
            let (from, to) = (graph.port_path(source), graph.port_path(open));
            let label = format!("Connect `{from}`");
            diagnostic.fixes.extend(planner.choice(label, &Command::Connect { from, to }));
        }
    }
    found.push(diagnostic);
}
