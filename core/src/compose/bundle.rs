use std::collections::BTreeMap;

use super::sources::Source;
use crate::spec::{self, Document, Reading, SpecRef};
use crate::yaml;

/// The most files of a bundle.
const MOST_FILES: usize = 256;

/// The files that a document may refer to, by their path relative to it.
#[derive(Clone, Debug, Default)]
pub struct Bundle {
    files: BTreeMap<String, Result<File, String>>,
    /// The path of the first document itself, where it has one.
    home: Option<String>,
    is_whole: bool,
}

#[derive(Clone, Debug)]
struct File {
    reading: Reading,
    source: Source,
}

/// Why a reference leads nowhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// It names nothing.
    Nameless,
    /// No document of its stream has that name.
    Unnamed(String),
    /// The bundle has no such file; whoever filled it may not have looked.
    Absent(String),
    /// For a reason that stands in words.
    Because(String),
}

impl core::fmt::Display for Lost {
    /// As the end of a sentence.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Nameless => f.write_str("neither `path` nor `name` is stated"),
            Self::Unnamed(name) => write!(f, "no document of its stream is named `{name}`"),
            Self::Absent(path) => write!(f, "there is no file `{path}` beside the document"),
            Self::Because(why) => f.write_str(why),
        }
    }
}

/// What a reference leads to.
#[derive(Clone, Debug)]
pub struct Found<'b> {
    /// The path of its file, `path#name` where a name picks one of several, or the name in the
    /// stream of the first document.
    pub key: String,
    /// The path of its file; empty for the first document's own.
    pub path: String,
    /// All that stands in that file.
    pub reading: &'b Reading,
    /// The document.
    pub document: &'b Document,
    /// Its tree.
    pub tree: &'b yaml::Node,
}

impl Bundle {
    /// A bundle without files: only the stream of the document itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty bundle that will hold all files there are: one that it lacks is not there.
    pub fn whole() -> Self {
        Self {
            is_whole: true,
            ..Self::default()
        }
    }

    /// Whether a document refers to files at all.
    pub fn is_needed(home: &Reading) -> bool {
        references(home).any(|reference| reference.path.is_some())
    }

    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: &str) {
        let path = path.into();
        let source = Source::new(&*path, text.into());
        let reading = spec::read(text);
        self.files.insert(path, Ok(File { reading, source }));
    }

    /// Says what the first document's own file is called, so that a reference to it is known as
    /// one: a name without a folder.
    pub fn set_home(&mut self, name: impl Into<String>) {
        self.home = Some(name.into());
    }

    /// The files that are here, by path, and their texts.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        let files = self.files.iter();
        files.filter_map(|(path, file)| Some((&**path, &*file.as_ref().ok()?.source.text)))
    }

    /// Notes why a file cannot be had.
    pub fn refuse(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.files.insert(path.into(), Err(why.into()));
    }

    /// The paths that the document and the files so far refer to and that are not here yet, in
    /// order. After each of them was added or refused there may be others; there is an end to it.
    pub fn wanted(&self, home: &Reading) -> Vec<String> {
        let mut wanted = Vec::new();
        let here = self.files.iter();
        let here = here.filter_map(|(path, file)| Some((&**path, &file.as_ref().ok()?.reading)));
        for (path, reading) in core::iter::once(("", home)).chain(here) {
            for reference in references(reading) {
                let stated = reference.path.as_ref();
                let target = stated.and_then(|stated| normal(folder(path), &stated.value));
                if let Some(target) = target
                    && !self.files.contains_key(&target)
                    && self.home.as_ref() != Some(&target)
                    && !wanted.contains(&target)
                {
                    wanted.push(target);
                }
            }
        }
        wanted.truncate(MOST_FILES.saturating_sub(self.files.len()));
        wanted
    }

    /// What a reference leads to, from a file (empty for the first document's own). `home` is
    /// what stands in that file.
    ///
    /// # Errors
    /// Why it leads nowhere, as the end of a sentence.
    pub fn find<'b>(
        &'b self,
        home: &'b Reading,
        from: &str,
        reference: &SpecRef,
    ) -> Result<Found<'b>, String> {
        self.look(home, home, from, reference)
            .map_err(|lost| lost.to_string())
    }

    /// As [`Bundle::find`]; `first` is what stands in the first document's file.
    pub(super) fn look<'b>(
        &'b self,
        first: &'b Reading,
        home: &'b Reading,
        from: &str,
        reference: &SpecRef,
    ) -> Result<Found<'b>, Lost> {
        let name = reference.name.as_ref().map(|name| &*name.value.0);
        let wanted = |document: &Document| name.is_none() || name_of(document) == name;
        let Some(path) = &reference.path else {
            let name = name.ok_or(Lost::Nameless)?;
            let (document, tree) =
                pick(home, &wanted).ok_or_else(|| Lost::Unnamed(name.to_owned()))?;
            let key = if from.is_empty() {
                name.to_owned()
            } else {
                format!("{from}#{name}")
            };
            return Ok(Found {
                key,
                path: from.to_owned(),
                reading: home,
                document,
                tree,
            });
        };
        let target = normal(folder(from), &path.value).ok_or_else(|| {
            let path = &*path.value;
            let why = format!("`{path}` is not a path relative to the document, with `/` between");
            Lost::Because(why)
        })?;
        let is_first = self.home.as_ref() == Some(&target);
        let reading = match self.files.get(&target) {
            _ if is_first => first,
            Some(Ok(file)) => &file.reading,
            Some(Err(why)) => {
                return Err(Lost::Because(format!("`{target}` cannot be read: {why}")));
            }
            None if self.files.len() >= MOST_FILES => {
                let why = format!("a bundle holds at most {MOST_FILES} files");
                return Err(Lost::Because(why));
            }
            None if self.is_whole => {
                let why = Lost::Absent(target).to_string();
                return Err(Lost::Because(why));
            }
            None => return Err(Lost::Absent(target)),
        };
        let target = if is_first { String::new() } else { target };
        let key = match name {
            Some(name) => format!("{target}#{name}"),
            None => target.clone(),
        };
        pick(reading, &wanted)
            .map(|(document, tree)| Found {
                key,
                path: target.clone(),
                reading,
                document,
                tree,
            })
            .ok_or_else(|| {
                Lost::Because(match name {
                    Some(name) => format!("`{target}` holds no document named `{name}`"),
                    None => format!("`{target}` holds neither a ModelSpec nor a ModelGraph"),
                })
            })
    }

    /// The text of a file.
    pub(super) fn source(&self, path: &str) -> Option<&Source> {
        let file = self.files.get(path)?.as_ref().ok()?;
        Some(&file.source)
    }
}

/// The first ModelSpec or ModelGraph that is wanted.
fn pick<'r>(
    reading: &'r Reading,
    wanted: &dyn Fn(&Document) -> bool,
) -> Option<(&'r Document, &'r yaml::Node)> {
    let mut pairs = reading.documents.iter().zip(&reading.trees);
    pairs.find(|(document, _)| {
        matches!(document, Document::Graph(_) | Document::ModelSpec(_)) && wanted(document)
    })
}

fn name_of(document: &Document) -> Option<&str> {
    match document {
        Document::Graph(graph) => graph.name(),
        Document::ModelSpec(spec) => {
            let name = spec.metadata.as_ref()?.name.as_ref()?;
            Some(&name.value.0)
        }
        Document::Lock(_) | Document::Catalogue(_) | Document::Unknown => None,
    }
}

/// The names of the documents of a stream.
pub(super) fn names(reading: &Reading) -> impl Iterator<Item = &str> {
    reading.documents.iter().filter_map(name_of)
}

/// The references of a text's graph.
pub(super) fn references(reading: &Reading) -> impl Iterator<Item = &SpecRef> {
    let graph = reading.graph().map(|(graph, _)| &**graph);
    let nodes = graph.into_iter().flat_map(crate::spec::ModelGraph::nodes);
    nodes.filter_map(|node| node.value.spec_ref.as_ref().map(|found| &found.value))
}

/// The folder of a path; empty for the first document's own.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path below a folder, without `.` and with as few `..` as can be; `None` for what is absolute,
/// an address, or no path of ours.
pub fn normal(folder: &str, path: &str) -> Option<String> {
    let foreign = path.starts_with('/') || path.contains(['\\', ':', '\0']);
    if path.is_empty() || foreign {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match (part, parts.last()) {
            ("" | ".", _) => {}
            ("..", Some(&last)) if last != ".." => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}
