//! What an import tells.

use core::fmt::Write as _;

use modelspec_core::import::{self, Class, Imported, Note};
use modelspec_core::text::LineIndex;
use serde_json::{Value, json};

use crate::Failure;

/// The notes of an import and the files that they are about.
pub(crate) struct Notes<'r> {
    pub(crate) files: &'r [import::File<'r>],
    pub(crate) notes: &'r [Note],
}

impl Notes<'_> {
    /// The lines and the text of the file that a note is about, where it is one.
    fn lines(&self, note: &Note) -> Option<(LineIndex, &str)> {
        let mut files = self.files.iter();
        let text = files.find(|file| file.path() == note.place.file)?.text()?;
        Some((LineIndex::new(text), text))
    }

    /// All notes, for people.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for note in self.notes {
            let (word, code, span) = (note.kind.class.word(), note.kind.code, note.place.span);
            let _ = write!(text, "{word}[{code}]: ");
            if !note.place.file.is_empty() {
                let _ = write!(text, "{}:", note.place.file);
                let _ = match self.lines(note) {
                    Some((lines, of)) => write!(text, "{}: ", lines.position(of, span.start).line),
                    None if span.start > 0 => write!(text, "byte {}: ", span.start),
                    None => write!(text, " "),
                };
            }
            text.push_str(&note.message);
            // Most sentences name the value themselves.
            let value = note.value.as_ref();
            if let Some(value) = value.filter(|value| !note.message.contains(value.as_str())) {
                let _ = write!(text, ": `{value}`");
            }
            text.push('\n');
            if let Some(help) = note
                .help
                .as_ref()
                .filter(|_| note.kind.class == Class::Refused)
            {
                let _ = writeln!(text, "  help: {help}");
            }
        }
        text
    }

    /// Everything as one stable object.
    pub(crate) fn json(
        &self,
        imported: Option<&Imported>,
        with_text: bool,
    ) -> Result<String, Failure> {
        let readings = imported.map_or(&[][..], |imported| &imported.readings);
        let readings: Vec<Value> = readings
            .iter()
            .map(|reading| {
                let file = self.files.get(reading.file).map(import::File::path);
                json!({"file": file, "importer": reading.importer})
            })
            .collect();
        let notes: Vec<Value> = self.notes.iter().map(|note| self.note(note)).collect();
        let mut result = json!({
            "imported": imported.is_some(),
            "readings": readings,
            "notes": notes,
        });
        if let (true, Some(imported), Some(map)) = (with_text, imported, result.as_object_mut()) {
            map.insert("text".to_owned(), json!(imported.text));
        }
        Ok(format!("{}\n", serde_json::to_string_pretty(&result)?))
    }

    fn note(&self, note: &Note) -> Value {
        let span = note.place.span;
        let mut value = json!({
            "code": note.kind.code,
            "class": note.kind.class.word(),
            "message": note.message,
            "value": note.value,
            "help": note.help,
            "node": note.node,
            "file": note.place.file,
            "byte": span.start,
        });
        if let (Some((lines, text)), Some(map)) = (self.lines(note), value.as_object_mut()) {
            let start = lines.position(text, span.start);
            let end = lines.position(text, span.end.max(span.start));
            for (key, number) in [
                ("line", start.line),
                ("column", start.column),
                ("endLine", end.line),
                ("endColumn", end.column),
            ] {
                map.insert(key.to_owned(), json!(number));
            }
        }
        value
    }
}
