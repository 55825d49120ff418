//! What may be opened: UTF-8 text of a graph or a model, however broken, but nothing else.

use modelspec_core::spec::{self, Document};
use modelspec_core::yaml;

/// The most bytes of a document.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// A text that may be opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// The text.
    pub(crate) text: String,
    /// The name that the document gives itself.
    pub(crate) name: Option<String>,
    /// Whether it is a graph, or would be one without its mistakes.
    pub(crate) is_graph: bool,
    /// Whether it is a catalogue: what a user knows of models, GPUs and serving programs.
    pub(crate) is_catalogue: bool,
}

/// Why bytes are no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The end of a sentence that begins with what holds them.
    pub(crate) why: String,
    /// Whether they may be a file of another program all the same.
    pub(crate) is_foreign: bool,
}

impl Refusal {
    fn foreign(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_foreign: true,
        }
    }

    fn unreadable(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            is_foreign: false,
        }
    }
}

/// Takes bytes as a document.
///
/// # Errors
/// Why they are none.
pub(crate) fn bytes(bytes: Vec<u8>) -> Result<Checked, Refusal> {
    if bytes.len() > MAX_BYTES {
        return Err(Refusal::foreign(too_large()));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Refusal::unreadable("is UTF-16 text; save it as UTF-8"));
    }
    if bytes.contains(&0) {
        return Err(Refusal::foreign(
            "is a binary file; a document is YAML or JSON text",
        ));
    }
    match String::from_utf8(bytes) {
        Ok(found) => text(found),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let before = error.as_bytes().get(..at).unwrap_or_default();
            let line = before.split(|&byte| byte == b'\n').count();
            Err(Refusal::unreadable(format!(
                "is not UTF-8 text: line {line} has a byte that is no character"
            )))
        }
    }
}

/// Takes a text as a document.
///
/// # Errors
/// As for [`bytes`].
pub(crate) fn text(text: String) -> Result<Checked, Refusal> {
    if text.len() > MAX_BYTES {
        return Err(Refusal::foreign(too_large()));
    }
    if text.trim().is_empty() {
        return Err(Refusal::unreadable("is empty"));
    }
    let reading = spec::read(&text);
    let broken = !reading.is_well_formed();
    let is_map = reading.trees.iter().any(|tree| tree.as_mapping().is_some());
    let says_key = || {
        let mut lines = text.lines();
        lines.any(|line| line.starts_with("apiVersion:") || line.starts_with("kind:"))
    };
    if !(is_map || broken && says_key()) {
        let why = "is no document: it has no line such as `kind: ModelGraph`";
        return Err(Refusal::foreign(why));
    }
    if !broken {
        stranger(&reading).map_err(Refusal::foreign)?;
    }
    let name = reading.trees.iter().find_map(|tree| {
        let name = tree.at(["metadata", "name"])?.as_scalar()?;
        Some(name.text.clone()).filter(|name| !name.is_empty())
    });
    let is_graph = if broken {
        text.contains(spec::KIND) || text.contains(spec::API_VERSION)
    } else {
        let mut documents = reading.documents.iter();
        let is_model = documents.any(|document| matches!(document, Document::ModelSpec(_)));
        !is_model || reading.graph().is_some()
    };
    let mut documents = reading.documents.iter();
    let is_catalogue = documents.any(|document| matches!(document, Document::Catalogue(_)))
        && reading.graph().is_none();
    Ok(Checked {
        text,
        name,
        is_graph,
        is_catalogue,
    })
}

/// Refuses sound YAML of another format.
fn stranger(reading: &spec::Reading) -> Result<(), String> {
    let known = reading
        .documents
        .iter()
        .zip(&reading.trees)
        .any(|(document, tree)| {
            let says = ["apiVersion", "kind", "spec"]
                .iter()
                .any(|key| tree.get(key).is_some());
            !matches!(document, Document::Unknown) && says
        });
    if known || too_many(reading) {
        return Ok(());
    }
    let stated = reading.trees.iter().find_map(|tree| {
        let version = tree.get("apiVersion").and_then(yaml::Node::as_scalar)?;
        Some(version.text.clone())
    });
    Err(match stated {
        Some(version) => format!(
            "is of another format, `apiVersion: {version}`; a graph says `apiVersion: {}`",
            spec::API_VERSION
        ),
        None => "is YAML, but says neither `apiVersion` nor `kind: ModelGraph`".to_owned(),
    })
}

/// Whether a graph was set aside for its size; the findings say so.
fn too_many(reading: &spec::Reading) -> bool {
    let mut trees = reading.trees.iter();
    trees.any(|tree| tree.at(["spec", "nodes"]).is_some())
}

/// Why a document of more than [`MAX_BYTES`] is refused.
pub(crate) fn too_large() -> String {
    "is larger than 16 MiB, the most that a document may have".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_and_models_are_taken_even_when_broken() {
        let taken = |found: &str| text(found.to_owned()).is_ok();
        assert!(taken("apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\n"));
        assert!(taken("apiVersion: piqc.ai/v1alpha1\nkind: ModelSpec\n"));
        assert!(taken("kind: ModelGraph\nspec: [\n"));
        assert!(taken(
            "{\"kind\": \"ModelGraph\", \"spec\": {\"nodes\": {}}}"
        ));
    }

    #[test]
    fn other_things_are_refused_with_the_reason() {
        let why = |found: &[u8]| bytes(found.to_vec()).unwrap_err().why;
        assert!(why(b"\x89PNG\0\x01").contains("binary"));
        assert!(why(b"kind: a\nname: \xff\n").contains("line 2"));
        assert!(why(b"\xff\xfea\0").contains("UTF-16"));
        assert!(why(b" \n").contains("empty"));
        assert!(why(b"Dear reader").contains("kind: ModelGraph"));
        assert!(why(b"apiVersion: apps/v1\nkind: Deployment\n").contains("apps/v1"));
        assert!(why(b"name: x\nversion: 1\n").contains("neither"));
        assert!(why(&vec![b'a'; MAX_BYTES + 1]).contains("16 MiB"));
    }

    #[test]
    fn models_and_broken_texts_of_others_are_no_graphs() {
        let is_graph = |found: &str| text(found.to_owned()).unwrap().is_graph;
        assert!(is_graph(
            "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\n"
        ));
        assert!(is_graph("kind: ModelGraph\nspec: [\n"));
        assert!(!is_graph("apiVersion: piqc.ai/v1alpha1\nkind: ModelSpec\n"));
        assert!(!is_graph("services: {web: {image: nginx}\n"));
    }

    #[test]
    fn texts_that_nobody_reads_are_told_from_files_of_others() {
        let foreign = |found: &[u8]| bytes(found.to_vec()).unwrap_err().is_foreign;
        assert!(foreign(b"\x89PNG\0\x01"));
        assert!(foreign(b"Dear reader"));
        assert!(foreign(b"apiVersion: apps/v1\nkind: Deployment\n"));
        assert!(!foreign(b""));
        assert!(!foreign(b"\xff\xfea\0"));
        assert!(!foreign(b"kind: a\nname: \xff\n"));
    }

    #[test]
    fn the_name_is_the_documents_own() {
        let found = text("kind: ModelGraph\nmetadata: { name: rag }\n".to_owned()).unwrap();
        assert_eq!(found.name.as_deref(), Some("rag"));
    }
}
