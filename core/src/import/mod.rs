//! Files of other systems as graphs: one file or folder a format.
//!
//! An import is a pure function from a set of named files to one document. What the files state is
//! *understood*, what they leave open and a graph needs is *guessed*, what a graph has no word for
//! is *kept* aside in annotations; all three are always told. What contradicts itself, breaks its
//! own format or would have to be invented is *refused*, with its place and the way out, and then
//! there is no document.

mod argo;
mod compose;
mod draft;
mod file;
mod haystack;
mod headers;
mod huggingface;
mod kserve;
mod kubernetes;
pub(crate) mod modelspec;
mod note;
mod opea;
mod page;
mod services;
#[cfg(test)]
mod tests;
mod triton;

use core::fmt;

pub use draft::Draft;
use draft::{free, port_label, quote};
pub use file::{Content, File};
pub use note::{Class, Kind, Note, Place};

use crate::order::Arrange as _;
use crate::spec;
use crate::text::Span;
use crate::yaml::Node;

/// A format that graphs are imported from.
pub trait Importer: Sync {
    /// Its name: small letters, digits and `-`.
    fn name(&self) -> &'static str;

    /// Its name for people.
    fn title(&self) -> &'static str;

    /// What is read, in one sentence.
    fn about(&self) -> &'static str;

    /// Every kind of note that an import may tell of, beside those of the framework.
    fn kinds(&self) -> &'static [&'static Kind];

    /// Whether a file is one of this format, by its content: cheap, and true for a broken file
    /// that is recognisable all the same, for then [`Importer::read`] says what is wrong with it.
    fn detect(&self, file: &File<'_>) -> bool;

    /// Reads all files of the set that were recognised, in the order of their paths, into the
    /// draft. Pure: equal files give equal drafts and notes.
    fn read(&self, files: &[&File<'_>], draft: &mut Draft);
}

/// All formats, in the order in which they write into the draft.
pub static IMPORTERS: &[&dyn Importer] = &[
    &modelspec::ModelSpec,
    &huggingface::HuggingFace,
    &triton::Triton,
    &kserve::KServe,
    &opea::Opea,
    &kubernetes::Kubernetes,
    &argo::Argo,
    &haystack::Haystack,
    &compose::Compose,
    &headers::Safetensors,
    &headers::Gguf,
    &headers::Onnx,
];

/// The most files that one import takes.
pub const MOST_FILES: usize = 4096;

pub(crate) static NOTHING: Kind = Kind::refused("IM-NOTHING", "No file that is recognised");
pub(crate) static ASIDE: Kind = Kind::kept("IM-ASIDE", "Files that are not recognised");
pub(crate) static LIMIT: Kind = Kind::refused("IM-LIMIT", "More than is read");
pub(crate) static READ: Kind = Kind::refused("IM-READ", "Files that cannot be read");
pub(crate) static SYNTAX: Kind = Kind::refused("IM-SYNTAX", "Text that is not YAML or JSON");
pub(crate) static GRAPH: Kind = Kind::refused("IM-GRAPH", "Files that are graphs already");
pub(crate) static FORM: Kind = Kind::refused("IM-FORM", "Values that no graph may have");
pub(crate) static RENAMED: Kind = Kind::understood("IM-RENAMED", "Names that a graph cannot have");

/// The kinds of notes that any import may tell of.
pub static KINDS: &[&Kind] = &[
    &NOTHING, &ASIDE, &LIMIT, &READ, &SYNTAX, &GRAPH, &FORM, &RENAMED,
];

/// What an import gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The document, in canonical form: it reads without an error. What the graph then lacks or
    /// gets wrong, ordinary checks say.
    pub text: String,
    /// All that there is to tell, by file and place.
    pub notes: Vec<Note>,
    /// Which format read which file, in the order of [`IMPORTERS`].
    pub readings: Vec<Reading>,
}

/// A file and the format that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The name of the format.
    pub importer: &'static str,
    /// The file, by its place in the set.
    pub file: usize,
}

/// Why there is no import: notes of which at least one is of [`Class::Refused`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// All that there is to tell, by file and place.
    pub notes: Vec<Note>,
}

impl ImportError {
    /// What is refused.
    pub fn refusals(&self) -> impl Iterator<Item = &Note> {
        let refused = |note: &&Note| note.kind.class == Class::Refused;
        self.notes.iter().filter(refused)
    }
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut refusals = self.refusals();
        let Some(first) = refusals.next() else {
            return f.write_str("nothing was imported");
        };
        write!(f, "{}: {}", first.place.file, first.message)?;
        match refusals.count() {
            0 => Ok(()),
            1 => f.write_str(", and one more error"),
            more => write!(f, ", and {more} more errors"),
        }
    }
}

impl core::error::Error for ImportError {}

/// The formats that read a file.
pub fn recognise(file: &File<'_>) -> impl Iterator<Item = &'static dyn Importer> {
    let reads = |importer: &&dyn Importer| importer.detect(file);
    IMPORTERS.iter().copied().filter(reads)
}

/// Imports a set of files as one graph.
///
/// # Errors
/// When no file is recognised, or something in those that are must be refused.
pub fn run(files: &[File<'_>]) -> Result<Imported, ImportError> {
    run_with(IMPORTERS, files)
}

pub(crate) fn run_with(
    importers: &[&dyn Importer],
    files: &[File<'_>],
) -> Result<Imported, ImportError> {
    let mut draft = Draft::default();
    let readings = read(importers, files, &mut draft);
    let (text, mut notes) = draft.finish();
    notes.arrange_by(|a, b| {
        let key = |note: &Note| (note.place.span, note.kind.code);
        let by_file = a.place.file.cmp(&b.place.file);
        let by_place = by_file.then_with(|| key(a).cmp(&key(b)));
        by_place.then_with(|| a.message.cmp(&b.message))
    });
    notes.dedup();
    if notes.iter().any(|note| note.kind.class == Class::Refused) {
        return Err(ImportError { notes });
    }
    Ok(Imported {
        text,
        notes,
        readings,
    })
}

fn read(importers: &[&dyn Importer], files: &[File<'_>], draft: &mut Draft) -> Vec<Reading> {
    let first = files
        .first()
        .map_or_else(|| Place::new("", Span::at(0)), |file| file.at(Span::at(0)));
    if files.len() > MOST_FILES {
        let message = format!("{} files, more than {MOST_FILES} are not read", files.len());
        draft.refuse(&LIMIT, first, message, "import the files of one graph");
        return Vec::new();
    }
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.arrange_by_key(|&at| files.get(at).map(|file| file.path().to_owned()));
    let mut readings = Vec::new();
    for importer in importers {
        let mut taken: Vec<&File<'_>> = Vec::new();
        for &at in &order {
            let Some(file) = files.get(at) else { continue };
            if importer.detect(file) {
                taken.push(file);
                readings.push(Reading {
                    importer: importer.name(),
                    file: at,
                });
            }
        }
        if !taken.is_empty() {
            importer.read(&taken, draft);
        }
    }
    let is_read = |at: usize| readings.iter().any(|reading| reading.file == at);
    let nothing = readings.is_empty();
    for at in order {
        let Some(file) = files.get(at).filter(|_| !is_read(at)) else {
            continue;
        };
        let (name, place) = (file.path(), file.at(Span::at(0)));
        if is_graph(file) {
            let message = format!("`{name}` is a ModelGraph already");
            draft.refuse(&GRAPH, place, message, "open it as it is");
        } else if !file.is_readable() {
            let message = format!("`{name}` cannot be read");
            draft.refuse(&READ, place, message, "see whether it is still there");
        } else if is_broken(file) {
            draft.trees(file);
        } else if nothing {
            let message = format!("`{name}` is of no format that is read here");
            let titles = importers.iter().map(|importer| importer.title());
            let help = format!("what is read: {}", titles.collect::<Vec<_>>().join(", "));
            draft.refuse(&NOTHING, place, message, help);
        } else {
            let message = format!("`{name}` is of no format that is read here: it is left out");
            draft.keep_aside(&ASIDE, place, None, message);
        }
    }
    if files.is_empty() {
        let message = "there is no file to import";
        draft.refuse(&NOTHING, first, message, "name at least one");
    }
    readings
}

/// Whether a file is a ModelGraph already, to be opened as it is.
pub fn is_graph(file: &File<'_>) -> bool {
    let documents = file.parsed().map_or(&[][..], |parsed| &parsed.documents);
    documents.iter().any(is_graph_document)
}

/// Whether a document is a ModelGraph.
fn is_graph_document(tree: &Node) -> bool {
    let version = tree.get("apiVersion").and_then(Node::as_scalar);
    version.is_some_and(|version| version.text == spec::API_VERSION)
}

/// Whether a file should be YAML or JSON and is not: what it would have been, nobody can tell.
fn is_broken(file: &File<'_>) -> bool {
    let has_errors = || {
        file.parsed()
            .is_some_and(|parsed| !parsed.errors.is_empty())
    };
    matches!(&*file.extension(), "json" | "yaml" | "yml") && has_errors()
}
