//! The graphs to begin from, built in so that they are there without a network.

use modelspec_core::yaml;

/// A graph to begin from.
pub(crate) struct Template {
    /// The file's name.
    pub(crate) file: &'static str,
    /// What it is called in the gallery.
    pub(crate) title: &'static str,
    /// Its text.
    pub(crate) text: &'static str,
}

/// In the gallery's order.
pub(crate) static TEMPLATES: &[Template] = &[
    Template {
        file: "rag.modelspec.yaml",
        title: "Retrieval-augmented generation",
        text: include_str!("../../../public/examples/rag.modelspec.yaml"),
    },
    Template {
        file: "rag-guarded.modelspec.yaml",
        title: "RAG with guardrails and reranker",
        text: include_str!("../../../public/examples/rag-guarded.modelspec.yaml"),
    },
    Template {
        file: "cascade.modelspec.yaml",
        title: "Cascade, small to large",
        text: include_str!("../../../public/examples/cascade.modelspec.yaml"),
    },
    Template {
        file: "agent-tools.modelspec.yaml",
        title: "Agent with tools",
        text: include_str!("../../../public/examples/agent-tools.modelspec.yaml"),
    },
    Template {
        file: "ocr.modelspec.yaml",
        title: "Document OCR",
        text: include_str!("../../../public/examples/ocr.modelspec.yaml"),
    },
];

/// The document of a beginner who wants to draw: a graph with nothing in it.
pub(crate) const BLANK: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata:
  name: untitled
spec:
  nodes: {}
  edges: []
";

impl Template {
    /// Its description, as the document states it.
    pub(crate) fn description(&self) -> String {
        let parsed = yaml::read(self.text, &yaml::Limits::default());
        let tree = parsed.documents.first();
        let description = tree.and_then(|tree| tree.at(["metadata", "description"]));
        let scalar = description.and_then(yaml::Node::as_scalar);
        scalar.map(|scalar| scalar.text.clone()).unwrap_or_default()
    }
}
