rule! {
    /// The text is not YAML, or not the part of YAML that the format reads.
    ///
    /// ## Why
    /// What cannot be read cannot be checked. Reading goes on behind the place, so that the rest of
    /// the graph stays on the canvas; tabs, merge keys and keys that are no text are refused too,
    /// because readers disagree about them.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: echo}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   edges: [{from: inputs.question, to: outputs.answer}]
    /// layout: {nodes: {}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: echo}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   edges: [{from: inputs.question, to: outputs.answer}]
    /// layout: {nodes: {}}
    /// ```
    "MG001", Error, "the text is not YAML"
}
