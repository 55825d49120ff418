//! What several importers' tests do alike.

use std::path::{Path, PathBuf};

use crate::Analysis;
use crate::import::{File, ImportError, Imported, run};

/// Imports texts as the user would: every format is asked.
pub(in crate::import) fn import(files: &[(&str, &str)]) -> Result<Imported, ImportError> {
    let contents: Vec<String> = files.iter().map(|(_, text)| (*text).to_owned()).collect();
    let files: Vec<File<'_>> = files
        .iter()
        .zip(&contents)
        .map(|((path, _), content)| File::new(*path, content))
        .collect();
    run(&files)
}

/// An example of other projects; says what is skipped without it.
pub(in crate::import) fn example(path: &str) -> Option<String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared =
        std::env::var_os("MODELSPEC_SHARED").map_or_else(|| "../shared".into(), PathBuf::from);
    let path = workspace.join(shared).join("examples").join(path);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!(
            "skipped: {} is not there; MODELSPEC_SHARED names its folder",
            path.display()
        );
    }
    text
}

/// An import's graph, which must read without an error.
pub(in crate::import) fn analysis(imported: &Imported) -> Analysis {
    let analysis = Analysis::new(imported.text.clone());
    assert!(analysis.reading.is_well_formed(), "{}", imported.text);
    analysis
}

/// The edges of a graph, `from to` each.
pub(in crate::import) fn edges(imported: &Imported) -> Vec<String> {
    let analysis = analysis(imported);
    let (graph, _) = analysis.reading.graph().unwrap();
    let spec = graph.spec.as_ref().unwrap();
    let edges = spec.edges.iter().flat_map(|edges| &edges.value);
    edges
        .map(|edge| {
            let from = edge.value.from.as_ref().unwrap();
            let to = edge.value.to.as_ref().unwrap();
            format!("{} {}", from.value, to.value)
        })
        .collect()
}

/// The nodes of a graph, `name role` each.
pub(in crate::import) fn nodes(imported: &Imported) -> Vec<String> {
    let analysis = analysis(imported);
    let (graph, _) = analysis.reading.graph().unwrap();
    let spec = graph.spec.as_ref().unwrap();
    let nodes = spec.nodes.iter().flat_map(|nodes| nodes.iter());
    nodes
        .map(|node| {
            let role = node.value.role.map_or("", |role| role.value.word());
            format!("{} {role}", node.name.value)
        })
        .collect()
}

/// The codes of what is refused.
pub(in crate::import) fn refused(files: &[(&str, &str)]) -> Vec<&'static str> {
    let error = import(files).expect_err("it is not refused");
    error.refusals().map(|note| note.kind.code).collect()
}

/// A text with parts replaced.
pub(in crate::import) fn mutated(
    text: &str,
    edits: &[(proptest::sample::Index, usize, String)],
) -> String {
    let mut text = text.to_owned();
    for (at, length, with) in edits {
        if text.is_empty() {
            break;
        }
        let start = text.floor_char_boundary(at.index(text.len()));
        let end = text.ceil_char_boundary((start + length).min(text.len()));
        text.replace_range(start..end, with);
    }
    text
}

/// No errors.
pub(in crate::import) const NONE: [String; 0] = [];

/// What ordinary checks find wrong with a graph.
pub(in crate::import) fn errors(imported: &Imported) -> Vec<String> {
    let found = analysis(imported).diagnostics.into_iter();
    found
        .filter(|found| found.severity == crate::check::Severity::Error)
        .map(|found| format!("{}: {}", found.code, found.message))
        .collect()
}
