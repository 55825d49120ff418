use crate::check::tokens::query_embedder;
use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::{NodeIx, Param};
use crate::infer::Conflict;
use crate::spec::{Kind, Role, same_revision};

rule! {
    /// Vectors of the right dimension come from another model, or another revision of it, than
    /// those they are compared with.
    ///
    /// ## Why
    /// Two models with 768 dimensions give vectors that have nothing to do with each other, and so
    /// may two revisions of one. No database can notice: every query is answered, with passages
    /// that are as good as drawn by lot. It happens when the embedding model is exchanged for a
    /// better one of equal size and the index is kept.
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
    ///       model: {id: intfloat/e5-base-v2}
    ///       outputs: {vector: {dim: 768}}
    ///     store:
    ///       role: retriever
    ///       inputs: {query: {dim: 768, space: BAAI/bge-base-en-v1.5}}
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
    ///       model: {id: BAAI/bge-base-en-v1.5}
    ///       outputs: {vector: {dim: 768}}
    ///     store:
    ///       role: retriever
    ///       inputs: {query: {dim: 768, space: BAAI/bge-base-en-v1.5}}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
    /// ```
    "MG302", Error, "vectors of another space, or of another revision of the model", [Always: Conflict(spaces), Reach: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    if cx.graph.role(ix) == Some(Role::Retriever) {
        found.extend(revision(cx, ix));
    }
}

fn spaces(cx: &Context<'_>, conflict: &Conflict, found: &mut Vec<Diagnostic>) {
    let given_type = cx.typing.of(conflict.from);
    let vector = given_type.is_some_and(|ty| ty.kind == Kind::Vector);
    if !vector || conflict.slot.depth > 0 || conflict.slot.param != Some(Param::Space) {
        return;
    }
    // Another dimension already says that it is another model.
    let other_dimension = cx.typing.conflicts.iter().any(|other| {
        other.edge == conflict.edge && other.slot.param == Some(Param::Dim)
    });
    let Some(edge) = cx.graph.edge(conflict.edge).filter(|_| !other_dimension) else {
        return;
    };
    let from = cx.graph.port_path(conflict.from);
    let to = cx.graph.port_path(conflict.to);
    let (given, taken) = (&conflict.given, &conflict.taken);
    let size = given_type.and_then(crate::graph::Type::dim).map_or_else(String::new, |dim| {
        format!(", though both have {dim} dimensions")
    });
    let message = format!(
        "`{from}` gives vectors of `{given}`, `{to}` compares them with vectors of `{taken}`{size}"
    );
    let help = format!("embed with `{taken}`, or build the index anew with `{given}`");
    let mut diagnostic = RULE.at(edge.span, message).on_edge(&edge.id).with_help(help);
    if let Some(port) = cx.graph.port(conflict.to) {
        diagnostic = diagnostic.on_port(cx.graph.name(port.node), &port.name);
    }
    for (side, who) in [(given, from), (taken, to)] {
        if let Some(span) = side.span() {
            diagnostic = diagnostic.relate(span, format!("`{who}` has `{side}` from here"));
        }
    }
    found.push(diagnostic);
}

/// The embedder of the queries and the one of the index are one model at two revisions.
fn revision(cx: &Context<'_>, retriever: NodeIx) -> Option<Diagnostic> {
    let index = cx.graph.spec_of(retriever)?.index.as_ref()?;
    let built = index.revision.as_ref()?;
    let embedder = query_embedder(cx, retriever)?;
    let model = cx.graph.spec_of(embedder)?.model.as_ref()?;
    let asked = model.revision.as_ref()?;
    let id = model.id.as_ref()?;
    let other_model = index.embedder.as_ref().is_some_and(|name| name.value != id.value);
    if other_model || same_revision(&built.value, &asked.value) {
        return None;
    }
    let (from, to) = (cx.graph.name(embedder), cx.graph.name(retriever));
    let (id, built_at, asked_at) = (&id.value, &built.value, &asked.value);
    let message = format!(
        "`{from}` embeds with revision `{asked_at}` of `{id}`, the index of `{to}` was built with `{built_at}`"
    );
    let help = format!("embed with revision `{built_at}`, or build the index anew");
    let label = format!("Embed with revision {built_at}");
    let mut diagnostic = RULE
        .at(asked.span, message)
        .on_node(from)
        .relate(built.span, format!("`{to}` was built with `{built_at}`"))
        .with_help(help);
    let path = ["spec", "nodes", from, "model", "revision"];
    let value = crate::yaml::Fragment::text(&**built_at);
    diagnostic.fixes.extend(fix::set(cx, label, &path, &value));
    Some(diagnostic)
}
