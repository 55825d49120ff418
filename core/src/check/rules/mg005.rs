rule! {
    /// A value that its type allows but that cannot be: a unit left out, an unknown word, a number
    /// out of range.
    ///
    /// ## Why
    /// `budget: 60` may be milliseconds to its author and seconds to its reader. A quantity says
    /// its unit, and a choice is one of those that exist.
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
    ///     embedder: {role: embedder, budget: 60}
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
    "MG005", Error, "the value or its unit cannot be"
}
