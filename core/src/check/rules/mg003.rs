rule! {
    /// A value of the wrong type: a text where a map belongs, a word where a number belongs.
    ///
    /// ## Why
    /// To guess what was meant would change the graph silently.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {vector: {type: vector}}
    ///   nodes:
    ///     embedder: {role: embedder, required: sometimes}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: outputs.vector}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {vector: {type: vector}}
    ///   nodes:
    ///     embedder: {role: embedder, required: true}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: outputs.vector}
    /// ```
    "MG003", Error, "the value has the wrong type"
}
