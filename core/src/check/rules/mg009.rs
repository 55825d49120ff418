rule! {
    /// The document is of a version or kind that is not read here.
    ///
    /// ## Why
    /// `apiVersion` decides how a document is read. To read a later version as if it were this one
    /// would drop what is new in it.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v9
    /// kind: ModelGraph
    /// metadata: {name: echo}
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
    /// metadata: {name: echo}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   edges: [{from: inputs.question, to: outputs.answer}]
    /// ```
    "MG009", Error, "unknown apiVersion or kind"
}
