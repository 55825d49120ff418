rule! {
    /// A name that is reserved or malformed.
    ///
    /// ## Why
    /// A node's name becomes the name of a Kubernetes object and a host name, which know small
    /// letters, digits and `-` only. `inputs` and `outputs` are the graph's own ends. What a foreign
    /// file called a thing is kept in `externalName`.
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
    ///     BGE_Large: {role: embedder}
    ///   edges:
    ///     - {from: inputs.question, to: BGE_Large.text}
    ///     - {from: BGE_Large.vector, to: outputs.vector}
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
    ///     bge-large: {role: embedder, externalName: BGE_Large}
    ///   edges:
    ///     - {from: inputs.question, to: bge-large.text}
    ///     - {from: bge-large.vector, to: outputs.vector}
    /// ```
    "MG008", Error, "the name is reserved or malformed"
}
