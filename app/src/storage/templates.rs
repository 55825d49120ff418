//! The graphs to begin from, built in so that they are there without a network.

use modelspec_core::yaml;

/// A graph to begin from.
pub(crate) struct Template {
    /// The file's name.
    pub(crate) file: &'static str,
    /// Its text.
    pub(crate) text: &'static str,
}

/// In the gallery's order.
pub(crate) static TEMPLATES: &[Template] = &[
    Template {
        file: "rag.modelspec.yaml",
        text: include_str!("../../../public/examples/rag.modelspec.yaml"),
    },
    Template {
        file: "rag-guarded.modelspec.yaml",
        text: include_str!("../../../public/examples/rag-guarded.modelspec.yaml"),
    },
    Template {
        file: "cascade.modelspec.yaml",
        text: include_str!("../../../public/examples/cascade.modelspec.yaml"),
    },
    Template {
        file: "agent-tools.modelspec.yaml",
        text: include_str!("../../../public/examples/agent-tools.modelspec.yaml"),
    },
    Template {
        file: "ocr.modelspec.yaml",
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
    /// Its title and description, as the document states them.
    pub(crate) fn words(&self) -> (String, String) {
        let parsed = yaml::read(self.text, &yaml::Limits::default());
        let metadata = parsed
            .documents
            .first()
            .and_then(|tree| tree.get("metadata"));
        let word = |key: &str| {
            let value = metadata.and_then(|metadata| metadata.get(key));
            value
                .and_then(yaml::Node::as_scalar)
                .map(|scalar| scalar.text.clone())
        };
        let title = word("x-title")
            .or_else(|| word("name"))
            .unwrap_or_else(|| self.file.to_owned());
        (title, word("description").unwrap_or_default())
    }
}
