use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::{Edge, FactValue, NodeIx, Param, PortIx, Type};
use crate::infer::{Conflict, Slot};
use crate::spec::{Kind, Role};
use crate::text::Span;

rule! {
    /// Vectors are compared otherwise than they are made for: by another metric, or by one that counts their
    /// length though it was not made 1. Where all lengths are 1, cosine, inner product and straight distance
    /// order alike, and nothing is said.
    ///
    /// ## Why
    /// By inner product the longest vectors win, whatever the question: a model trained for cosine and not
    /// normalised puts long passages first. No server can notice, and the answers look plausible.
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
    ///     embedder:
    ///       role: embedder
    ///       outputs: {vector: {dim: 768, metric: cosine, normalized: false}}
    ///     store:
    ///       role: retriever
    ///       inputs: {query: {dim: 768, metric: dot}}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
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
    ///     embedder:
    ///       role: embedder
    ///       outputs: {vector: {dim: 768, metric: cosine, normalized: true}}
    ///     store:
    ///       role: retriever
    ///       inputs: {query: {dim: 768, metric: dot}}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
    /// ```
    "MG303", Warning, "metric or normalisation differs", [Always: Conflict(meeting), Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    if cx.graph.role(ix) == Some(Role::Retriever) {
        found.extend(index(cx, ix));
    }
}

fn meeting(cx: &Context<'_>, conflict: &Conflict, found: &mut Vec<Diagnostic>) {
    found.extend(meet(cx, conflict));
}

/// Whether two metrics order vectors of length 1 alike.
fn alike(one: &str, other: &str) -> bool {
    let by_angle = |metric| matches!(metric, "cosine" | "dot" | "euclidean");
    by_angle(one) && by_angle(other)
}

fn is_normalized(ty: &Type) -> bool {
    ty.fact(Param::Normalized).is_some_and(|fact| fact.value == FactValue::Flag(true))
}

fn meet(cx: &Context<'_>, conflict: &Conflict) -> Option<Diagnostic> {
    let (mut given, mut taken) = (cx.typing.of(conflict.from)?, cx.typing.of(conflict.to)?);
    for _ in 0..conflict.slot.depth {
        (given, taken) = (given.inner.as_deref()?, taken.inner.as_deref()?);
    }
    let edge = cx.graph.edge(conflict.edge).filter(|_| given.kind == Kind::Vector)?;
    let (from, to) = (cx.graph.port_path(conflict.from), cx.graph.port_path(conflict.to));
    let message = match conflict.slot.param? {
        Param::Metric => {
            let (a, b) = (conflict.given.to_string(), conflict.taken.to_string());
            if is_normalized(given) && alike(&a, &b) {
                return None;
            }
            let length = match given.fact(Param::Normalized) {
                Some(_) => ", and their lengths differ",
                None => "",
            };
            format!("`{from}` gives vectors to be compared by {a}{length}, `{to}` compares them by {b}")
        }
        Param::Normalized => {
            // The angle is the same whatever the length; another metric has its own finding.
            if taken.word(Param::Metric) == Some("cosine") || given.word(Param::Metric) != taken.word(Param::Metric) {
                return None;
            }
            let of = |normalized| if normalized { "of length 1" } else { "of any length" };
            let (a, b) = (of(is_normalized(given)), of(is_normalized(taken)));
            format!("`{from}` gives vectors {a}, `{to}` takes vectors {b}")
        }
        _ => return None,
    };
    let sides = [(conflict.given.span()?, from), (conflict.taken.span()?, to)];
    let mut diagnostic = on(cx, RULE.at(edge.span, message), edge, conflict.to)
        .with_help("normalise the vectors, or compare them as the model was trained for");
    for (span, who) in &sides {
        diagnostic = diagnostic.relate(*span, format!("`{who}` states it here"));
    }
    // Which of the two is wrong only the author knows.
    let [(given_span, from), (taken_span, to)] = sides;
    let key = conflict.slot.param.map_or("", Param::key);
    for (span, who, value) in [(taken_span, to, &conflict.given), (given_span, from, &conflict.taken)] {
        let label = format!("Let `{who}` have {key} {value}");
        diagnostic.fixes.extend(fix::replace(cx, label, span, value.to_string()));
    }
    Some(diagnostic)
}

fn on(cx: &Context<'_>, diagnostic: Diagnostic, edge: &Edge, port: PortIx) -> Diagnostic {
    let diagnostic = diagnostic.on_edge(&edge.id);
    match cx.graph.port(port) {
        Some(port) => diagnostic.on_port(cx.graph.name(port.node), &port.name),
        None => diagnostic,
    }
}

/// The index was built for another metric than its queries are compared by.
fn index(cx: &Context<'_>, retriever: NodeIx) -> Option<Diagnostic> {
    let built = cx.graph.spec_of(retriever)?.index.as_ref()?.metric?;
    let ports = &cx.graph.node(retriever)?.inputs;
    let (port, ty, fact) = ports.iter().find_map(|&port| {
        let ty = cx.typing.of(port).filter(|ty| ty.kind == Kind::Vector)?;
        Some((port, ty, ty.fact(Param::Metric)?))
    })?;
    let (metric, asked) = (built.value.word(), fact.value.to_string());
    if metric == asked || (is_normalized(ty) && alike(metric, &asked)) {
        return None;
    }
    let stated = cx.typing.span(cx.graph, port, Slot::of(Param::Metric))?;
    let (store, path) = (cx.graph.name(retriever), cx.graph.port_path(port));
    let message = format!("the index of `{store}` is built for {metric}, `{path}` is compared by {asked}");
    let mut diagnostic = RULE
        .at(built.span, message)
        .on_node(store)
        .relate(stated, format!("{asked} is stated here"))
        .with_help("state one metric, the one that the index was built for");
    let mut offer = |label: String, span: Span, value: &str| {
        diagnostic.fixes.extend(fix::replace(cx, label, span, value));
    };
    offer(format!("Compare by {metric}"), stated, metric);
    offer(format!("Say that the index is built for {asked}"), built.span, &asked);
    Some(diagnostic)
}
