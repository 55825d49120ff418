rule! {
    /// A key that must be there is missing.
    ///
    /// ## Why
    /// Little must be stated, and what must has no default: an edge without an end joins nothing, a
    /// loop without `maxIterations` need not end, a silenced check without a reason helps nobody.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {version: 1.0.0}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   edges: [{from: inputs.question, to: outputs.answer}]
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: echo, version: 1.0.0}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   edges: [{from: inputs.question, to: outputs.answer}]
    /// ```
    "MG004", Error, "a key that must be there is missing"
}
