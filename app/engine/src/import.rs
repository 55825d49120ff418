use std::collections::BTreeMap;

use modelspec_core::import::{self, File, IMPORTERS, Note, Reading};
use modelspec_core::text::LineIndex;
use serde_json::{Map, Value, json};

use crate::files::InParts;
use crate::message::{Answer, Import};

/// The formats, each with its name, its title and what of it is read.
pub(crate) fn importers() -> Value {
    let told = IMPORTERS.iter().map(|importer| {
        json!({ "name": importer.name(), "title": importer.title(), "about": importer.about() })
    });
    told.collect()
}

/// Imports files as one graph. Where there are graphs among several files, nobody but the user can
/// tell what is wanted: the answer then names them and the others.
pub(crate) fn run(task: &Import, files: &js_sys::Array) -> Answer {
    let contents = InParts::all(files).filter(|files| files.len() == task.paths.len());
    let Some(contents) = contents else {
        return Answer::Refused(
            json!({ "reason": "The files did not reach the engine; try again." }),
        );
    };
    let named = task.paths.iter().zip(&contents);
    let files: Vec<File<'_>> = named
        .map(|(path, content)| File::new(path.as_str(), content))
        .collect();
    if let Some(choice) = choice(&files) {
        return Answer::Done(choice);
    }
    match import::run(&files) {
        Ok(imported) => {
            let mut value = told(&files, &contents, &imported.notes, &imported.readings);
            value.insert("text".to_owned(), json!(imported.text));
            Answer::Done(Value::Object(value))
        }
        Err(error) => {
            let mut value = told(&files, &contents, &error.notes, &[]);
            value.insert("reason".to_owned(), json!(error.to_string()));
            Answer::Refused(Value::Object(value))
        }
    }
}

/// The places of the graphs among several files; `None` where there are none, and of a single file.
fn choice(files: &[File<'_>]) -> Option<Value> {
    if files.len() < 2 || files.len() > import::MOST_FILES {
        return None;
    }
    let graphs: Vec<usize> = (0..files.len())
        .filter(|&at| files.get(at).is_some_and(import::is_graph))
        .collect();
    (!graphs.is_empty()).then(|| json!({ "graphs": graphs }))
}

fn told(
    files: &[File<'_>],
    contents: &[InParts],
    notes: &[Note],
    readings: &[Reading],
) -> Map<String, Value> {
    let about = files.iter().zip(contents).enumerate();
    let about = about.map(|(at, (file, content))| {
        let formats = readings.iter().filter(|reading| reading.file == at);
        let formats: Vec<&str> = formats.map(|reading| title(reading.importer)).collect();
        json!({
            "path": file.path(),
            "size": file.size(),
            "read": content.bytes_read(),
            "formats": formats,
        })
    });
    let mut value = Map::new();
    value.insert("files".to_owned(), about.collect());
    let mut lines = Lines::default();
    let notes = notes.iter().map(|told| note(told, lines.of(files, told)));
    value.insert("notes".to_owned(), notes.collect());
    value
}

/// The lines of the files that notes are about, each read once.
#[derive(Default)]
struct Lines<'f>(BTreeMap<String, Option<(&'f str, LineIndex)>>);

impl<'f> Lines<'f> {
    /// The line of a note's place; `None` where the file is no text.
    fn of(&mut self, files: &'f [File<'_>], note: &Note) -> Option<usize> {
        let path = &note.place.file;
        let known = self.0.entry(path.clone()).or_insert_with(|| {
            let mut files = files.iter();
            let text = files.find(|file| file.path() == path)?.text()?;
            Some((text, LineIndex::new(text)))
        });
        let (text, index) = known.as_ref()?;
        Some(index.position(text, note.place.span.start).line)
    }
}

fn title(name: &'static str) -> &'static str {
    let found = IMPORTERS.iter().find(|importer| importer.name() == name);
    found.map_or(name, |importer| importer.title())
}

/// A note; its place is a line of a text, else a byte of the file.
fn note(note: &Note, line: Option<usize>) -> Value {
    json!({
        "code": note.kind.code,
        "title": note.kind.title,
        "class": note.kind.class.word(),
        "message": note.message,
        "value": note.value,
        "help": note.help,
        "node": note.node,
        "file": note.place.file,
        "line": line,
        "byte": note.place.span.start,
    })
}
