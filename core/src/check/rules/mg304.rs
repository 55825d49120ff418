use crate::check::tokens::query_embedder;
use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::{NodeIx, Param, Type};
use crate::infer::Slot;
use crate::spec::{Kind, Role};

rule! {
    /// The questions are embedded otherwise than the documents of the index were: by another model, or with
    /// another pooling. Another revision of the same model is MG302.
    ///
    /// ## Why
    /// What a search compares must be made alike. Mean pooling on the one side and the first token's vector on
    /// the other give vectors of one model that do not belong together, and every library has its own default.
    /// A model with an encoder of its own for questions says so by stating the documents' `space` on its vector.
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
    ///     store:
    ///       role: retriever
    ///       index: {embedder: BAAI/bge-base-en-v1.5}
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
    ///     store:
    ///       role: retriever
    ///       index: {embedder: BAAI/bge-base-en-v1.5}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
    /// ```
    "MG304", Error, "questions are embedded otherwise than the index", [Reach: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    if cx.graph.role(ix) == Some(Role::Retriever) {
        found.extend(index(cx, ix));
    }
}

fn index(cx: &Context<'_>, retriever: NodeIx) -> Option<Diagnostic> {
    let index = cx.graph.spec_of(retriever)?.index.as_ref()?;
    let embedder = query_embedder(cx, retriever)?;
    // Where the vectors themselves differ, MG301 and MG302 tell it at the edge.
    let told = cx.typing.conflicts.iter().any(|conflict| {
        let between = [conflict.from, conflict.to].iter().any(|&port| {
            cx.graph.port(port).is_some_and(|port| port.node == retriever || port.node == embedder)
        });
        between && matches!(conflict.slot.param, Some(Param::Space | Param::Dim))
    });
    if told {
        return None;
    }
    let outputs = &cx.graph.node(embedder)?.outputs;
    let vector = outputs.iter().find_map(|&port| {
        let ty = cx.typing.of(port).filter(|ty| ty.kind == Kind::Vector)?;
        Some((port, ty))
    });
    model(cx, retriever, embedder, vector.map(|(_, ty)| ty)).or_else(|| {
        let (port, ty) = vector?;
        let fact = ty.fact(Param::Pooling)?;
        let stated = cx.typing.span(cx.graph, port, Slot::of(Param::Pooling))?;
        let (built, asked) = (index.pooling?, fact.value.to_string());
        let pooled = built.value.word();
        if pooled == asked {
            return None;
        }
        let (from, to) = (cx.graph.name(embedder), cx.graph.name(retriever));
        let message =
            format!("`{from}` pools questions by {asked}, the index of `{to}` was pooled by {pooled}");
        let mut diagnostic = RULE
            .at(stated, message)
            .on_node(from)
            .relate(built.span, format!("`{to}` was pooled by {pooled}"))
            .with_help("pool both alike, as the model was trained, and build the index anew where it was not");
        diagnostic.fixes.extend(fix::replace(cx, format!("Pool by {pooled}"), stated, pooled));
        Some(diagnostic)
    })
}

fn model(cx: &Context<'_>, retriever: NodeIx, embedder: NodeIx, vector: Option<&Type>) -> Option<Diagnostic> {
    let built = cx.graph.spec_of(retriever)?.index.as_ref()?.embedder.as_ref()?;
    let asked = cx.graph.spec_of(embedder)?.model.as_ref()?.id.as_ref()?;
    let (with, by) = (&built.value.0, &asked.value.0);
    if with == by || vector.is_some_and(|ty| ty.word(Param::Space) == Some(with)) {
        return None;
    }
    let (from, to) = (cx.graph.name(embedder), cx.graph.name(retriever));
    let message = format!("`{from}` embeds questions with `{by}`, the index of `{to}` was built with `{with}`");
    let mut diagnostic = RULE
        .at(asked.span, message)
        .on_node(from)
        .relate(built.span, format!("`{to}` was built with `{with}`"))
        .with_help(format!("embed with `{with}`, or build the index anew with `{by}`"));
    // Stating the other model is the whole change only where nothing else is said of this one.
    diagnostic.fixes.extend(fix::replace(cx, format!("Embed with `{with}`"), asked.span, &**with));
    diagnostic.fixes.extend(fix::replace(cx, format!("Say that the index is built with `{by}`"), built.span, &**by));
    Some(diagnostic)
}
