rule! {
    /// A key is stated twice in one map.
    ///
    /// ## Why
    /// YAML readers disagree on which of the two holds, so a graph could be one thing here and
    /// another where it is deployed. Here the first holds, and the second is an error.
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
    ///     embedder: {role: embedder, budget: 60ms, budget: 80ms}
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
    ///     embedder: {role: embedder, budget: 60ms}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: outputs.vector}
    /// ```
    "MG006", Error, "the key is stated twice"
}
