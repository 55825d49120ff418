rule! {
    /// The graph is not what its lockfile says: another meaning, another model revision, another
    /// tokenizer or image, or a document that a node refers to has changed.
    ///
    /// ## Why
    /// What was tested is what was locked. A model's name stays while its hub serves other weights
    /// under it, a tag is pushed anew, a referred document is edited by another team: each changes the
    /// answers of a graph that nobody touched. `modelspec lock` writes down what a graph is;
    /// `modelspec verify` in CI, and `check` where a `modelgraph.lock` lies beside the document, tell
    /// when it is that no longer. A lock may also stand behind its graph in the same stream, as here.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator:
    ///       role: generator
    ///       model: {id: Qwen/Qwen3-8B, revision: 9c925d6}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ---
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraphLock
    /// graphs:
    ///   answer:
    ///     digest: sha256:cfc4af5c9e799bc6359b3627adda1e90d9cab5af4a144b131bb5c722a93f5cf9
    ///     nodes:
    ///       generator: {model: Qwen/Qwen3-8B, revision: b968826}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     generator:
    ///       role: generator
    ///       model: {id: Qwen/Qwen3-8B, revision: b968826}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ---
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraphLock
    /// graphs:
    ///   answer:
    ///     digest: sha256:cfc4af5c9e799bc6359b3627adda1e90d9cab5af4a144b131bb5c722a93f5cf9
    ///     nodes:
    ///       generator: {model: Qwen/Qwen3-8B, revision: b968826}
    /// ```
    "MG604", Error, "the graph is not what its lockfile says"
}
