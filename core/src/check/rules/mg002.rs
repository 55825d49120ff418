rule! {
    /// A key that the format does not have.
    ///
    /// ## Why
    /// A misspelt key would say nothing, and its author would not know: `buget: 60ms` sets no
    /// budget. The nearest known key is offered. Keys of your own begin with `x-`.
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
    ///     embedder: {role: embedder, buget: 60ms}
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
    "MG002", Error, "the format has no such key"
}
