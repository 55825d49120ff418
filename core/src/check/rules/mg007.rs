rule! {
    /// The document is larger or deeper than is read.
    ///
    /// ## Why
    /// A few lines of aliases can unfold to gigabytes, and deep nesting can exhaust a stack. The
    /// limits (16 MiB of text, depth 64, 20,000 nodes, 80,000 edges) are checked before memory is
    /// spent.
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
    /// x-deep: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
    ///   ]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
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
    /// x-deep: [[]]
    /// ```
    "MG007", Error, "a limit of size or depth is exceeded"
}
