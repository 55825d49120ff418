use serde_json::Value;

use crate::check::tokens::grouped;
use crate::check::{Context, Diagnostic, meeting};
use crate::fix;
use crate::graph::{Edge, FactValue, NodeIx, Param, PortIx, Type};
use crate::infer::{Conflict, Slot};
use crate::order::Gather as _;
use crate::spec::{Kind, Role};

rule! {
    /// A list of candidates is not what its reader thinks: another score or order, a range that it does not
    /// expect, a field that it needs and does not get, or more of them than there can be.
    ///
    /// ## Why
    /// A reader that takes the first ten of a list sorted the other way takes the ten worst, and one that cuts at
    /// a score of 0.5 drops everything when a reranker gives logits. A reranker that is to choose 20 of 10 chooses
    /// nothing: it only costs time.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: rerank}
    /// spec:
    ///   inputs:
    ///     question: {type: text}
    ///     passages: {type: candidates, maxItems: 10}
    ///   outputs: {ranked: {type: candidates}}
    ///   nodes:
    ///     reranker:
    ///       role: reranker
    ///       outputs: {ranked: {type: candidates, maxItems: 20}}
    ///   edges:
    ///     - {from: inputs.question, to: reranker.query}
    ///     - {from: inputs.passages, to: reranker.candidates}
    ///     - {from: reranker.ranked, to: outputs.ranked}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: rerank}
    /// spec:
    ///   inputs:
    ///     question: {type: text}
    ///     passages: {type: candidates, maxItems: 50}
    ///   outputs: {ranked: {type: candidates}}
    ///   nodes:
    ///     reranker:
    ///       role: reranker
    ///       outputs: {ranked: {type: candidates, maxItems: 20}}
    ///   edges:
    ///     - {from: inputs.question, to: reranker.query}
    ///     - {from: inputs.passages, to: reranker.candidates}
    ///     - {from: reranker.ranked, to: outputs.ranked}
    /// ```
    "MG309", Warning, "candidates are not what their reader expects", [
        Always: Conflict(scores),
        Own: Edge(along),
        Own: Port(order),
        Near: Node(check),
    ]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let Some(node) = cx.graph.node(ix) else { return };
    match node.role {
        Some(Role::Reranker) => found.extend(chosen(cx, ix)),
        Some(Role::Generator) => found.extend(node.inputs.iter().filter_map(|&port| expected(cx, port))),
        _ => {}
    }
}

fn scores(cx: &Context<'_>, conflict: &Conflict, found: &mut Vec<Diagnostic>) {
    found.extend(score(cx, conflict));
}

fn along(cx: &Context<'_>, edge: &Edge, found: &mut Vec<Diagnostic>) {
    let Some((from, to)) = edge.ports else { return };
    found.extend(range(cx, edge, from, to));
    found.extend(fields(cx, edge, from, to));
}

fn order(cx: &Context<'_>, ix: PortIx, found: &mut Vec<Diagnostic>) {
    found.extend(cx.graph.port(ix).and_then(|port| backwards(cx, ix, &port.ty)));
}

fn score(cx: &Context<'_>, conflict: &Conflict) -> Option<Diagnostic> {
    let param = conflict.slot.param?;
    let (from, to) = (cx.graph.port_path(conflict.from), cx.graph.port_path(conflict.to));
    let (given, taken) = (&conflict.given, &conflict.taken);
    let message = match param {
        Param::ScoreOrder => {
            let (given, taken) = (first(&given.to_string()), first(&taken.to_string()));
            format!("`{from}` gives candidates with the {given} score first, `{to}` takes the {taken} first")
        }
        Param::ScoreKind => format!("`{from}` scores candidates by {given}, `{to}` reads the score as {taken}"),
        _ => return None,
    };
    let mut diagnostic = meeting::finding(cx, &RULE, conflict, message)?
        .with_help("state on both what the score is, or convert the list by an adapter");
    for (side, who, value) in [(taken, &to, given), (given, &from, taken)] {
        let label = format!("Let `{who}` have {} {value}", param.key());
        let fix = side.span().and_then(|span| fix::replace(cx, label, span, value.to_string()));
        diagnostic.fixes.extend(fix);
    }
    Some(diagnostic)
}

fn first(order: &str) -> &'static str {
    if order == "asc" { "lowest" } else { "highest" }
}

/// What a side itself states of the range of a score.
fn bound(ty: &Type, param: Param) -> Option<f64> {
    match &ty.fact(param)?.value {
        FactValue::Json(value) => value.as_f64(),
        _ => None,
    }
}

fn range(cx: &Context<'_>, edge: &Edge, from: PortIx, to: PortIx) -> Option<Diagnostic> {
    let (given, taken) = (&cx.graph.port(from)?.ty, &cx.graph.port(to)?.ty);
    let beyond = |param: Param| {
        let (a, b) = (bound(given, param)?, bound(taken, param)?);
        let outside = if param == Param::ScoreMin { a < b } else { a > b };
        outside.then_some((param, a, b))
    };
    let (param, a, b) = beyond(Param::ScoreMax).or_else(|| beyond(Param::ScoreMin))?;
    let (from, to) = (cx.graph.port_path(from), cx.graph.port_path(to));
    let (most, at) = if param == Param::ScoreMin { ("down to", "at least") } else { ("up to", "at most") };
    let message = format!("`{from}` gives scores {most} {a}, `{to}` takes {at} {b}");
    let mut diagnostic = RULE
        .at(edge.span, message)
        .on_edge(&edge.id)
        .with_help("scale the scores by an adapter, or state the range that the reader can take");
    for (ty, who) in [(given, from), (taken, to)] {
        if let Some(fact) = ty.fact(param) {
            diagnostic = diagnostic.relate(fact.span, format!("`{who}` has {} {}", param.key(), fact.value));
        }
    }
    Some(diagnostic)
}

/// The fields that a reader needs of each candidate, as its schema says, and the writer does not have.
fn fields(cx: &Context<'_>, edge: &Edge, from: PortIx, to: PortIx) -> Option<Diagnostic> {
    let schema = |port: PortIx| {
        let ty = cx.typing.of(port).filter(|ty| ty.kind == Kind::Candidates)?;
        let fact = ty.inner.as_ref().filter(|item| item.kind == Kind::Json)?.fact(Param::Schema)?;
        match &fact.value {
            FactValue::Json(schema) => Some((schema, cx.typing.span(cx.graph, port, Slot::of_items(Param::Schema))?)),
            _ => None,
        }
    };
    let ((given, given_span), (taken, taken_span)) = (schema(from)?, schema(to)?);
    let has = given.get("properties").and_then(Value::as_object)?;
    let needed = taken.get("required").and_then(Value::as_array)?;
    let missing: Vec<String> = needed
        .iter()
        .filter_map(Value::as_str)
        .filter(|&field| !has.contains_key(field))
        .map(|field| format!("`{field}`"))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let (from, to) = (cx.graph.port_path(from), cx.graph.port_path(to));
    let message = format!("`{to}` needs {} of each candidate, `{from}` does not give it", missing.join(" and "));
    let diagnostic = RULE
        .at(edge.span, message)
        .on_edge(&edge.id)
        .relate(given_span, format!("the candidates of `{from}` have {} fields", has.len()))
        .relate(taken_span, format!("`{to}` requires them here"))
        .with_help("give the field, or add it by an adapter");
    Some(diagnostic)
}

/// A score by which the worst come first.
fn backwards(cx: &Context<'_>, port: PortIx, ty: &Type) -> Option<Diagnostic> {
    let (kind, order) = (ty.word(Param::ScoreKind)?, ty.fact(Param::ScoreOrder)?);
    let wrong = match (kind, ty.word(Param::ScoreOrder)?) {
        ("distance", "desc") => "farthest",
        ("similarity" | "probability", "asc") => "least fitting",
        _ => return None,
    };
    let path = cx.graph.port_path(port);
    let (now, then) = if wrong == "farthest" { ("desc", "asc") } else { ("asc", "desc") };
    let message = format!("`{path}` orders candidates by {kind}, `{now}`: the {wrong} come first");
    let stated = cx.graph.port(port)?;
    let mut diagnostic = RULE
        .at(order.span, message)
        .on_port(cx.graph.name(stated.node), &stated.name)
        .with_help("whoever takes the first few takes the worst");
    let label = format!("Order them `{then}`");
    diagnostic.fixes.extend(fix::replace(cx, label, order.span, then));
    Some(diagnostic)
}

/// The most candidates that arrive at a port, whatever it states itself.
fn arriving(cx: &Context<'_>, port: PortIx) -> Option<u64> {
    let mut most = None;
    for edge in cx.graph.edges_at(port) {
        let (from, _) = edge.ports?;
        let given = cx.typing.of(from)?.number(Param::MaxItems)?;
        most = most.max(Some(given));
    }
    most
}

/// A reranker that gives more than it gets.
fn chosen(cx: &Context<'_>, reranker: NodeIx) -> Option<Diagnostic> {
    let node = cx.graph.node(reranker)?;
    let list = |&&port: &&PortIx| cx.typing.of(port).is_some_and(|ty| ty.kind == Kind::Candidates);
    let (input, output) = (*node.inputs.iter().find(list)?, *node.outputs.iter().find(list)?);
    let fact = cx.graph.port(output)?.ty.fact(Param::MaxItems)?;
    let FactValue::Number(given) = fact.value else { return None };
    more(cx, input, output, given, fact.span, "gives up to")
}

/// A prompt that expects more than there can be.
fn expected(cx: &Context<'_>, port: PortIx) -> Option<Diagnostic> {
    let stated = &cx.graph.port(port)?.ty;
    let fact = stated.fact(Param::MaxItems).filter(|_| stated.kind == Kind::Candidates)?;
    let FactValue::Number(taken) = fact.value else { return None };
    more(cx, port, port, taken, fact.span, "is to hold")
}

fn more(
    cx: &Context<'_>,
    input: PortIx,
    port: PortIx,
    wanted: u64,
    span: crate::text::Span,
    does: &str,
) -> Option<Diagnostic> {
    let arrive = arriving(cx, input).filter(|&arrive| arrive < wanted)?;
    let (path, stated) = (cx.graph.port_path(port), cx.graph.port(port)?);
    let (wanted, most) = (grouped(wanted), grouped(arrive));
    let message = format!("`{path}` {does} {wanted} candidates, at most {most} arrive");
    let mut diagnostic = RULE
        .at(span, message)
        .on_port(cx.graph.name(stated.node), &stated.name)
        .with_help("let each step take some of what the one before it gives");
    let mut places: std::collections::BTreeSet<crate::text::Span> = cx
        .graph
        .edges_at(input)
        .filter_map(|edge| cx.typing.span(cx.graph, edge.ports?.0, Slot::of(Param::MaxItems)))
        .gather();
    while let Some(place) = places.pop_first() {
        diagnostic = diagnostic.relate(place, "so many are given here");
    }
    let fix = fix::replace(cx, format!("State {most}"), span, arrive.to_string());
    diagnostic.fixes.extend(fix);
    Some(diagnostic)
}
