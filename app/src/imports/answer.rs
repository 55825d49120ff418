//! What the engine says of imports.

use modelspec_core::yaml;
use serde_json::Value;

/// A format that is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    /// Its name for people.
    pub(crate) title: String,
    /// What of it is read.
    pub(crate) about: String,
}

/// What became of something that a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It cannot be imported.
    Refused,
    /// The file leaves it open: a value was taken.
    Guessed,
    /// A graph has no word for it.
    Kept,
    /// It is in the graph.
    Understood,
}

impl Class {
    /// In the order in which they are told: what needs a person first.
    pub(crate) const ALL: [Self; 4] = [Self::Refused, Self::Guessed, Self::Kept, Self::Understood];

    fn of(word: &str) -> Self {
        match word {
            "guessed" => Self::Guessed,
            "kept" => Self::Kept,
            "understood" => Self::Understood,
            _ => Self::Refused,
        }
    }

    /// The heading above such notes.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Refused => "Refused",
            Self::Guessed => "Guessed",
            Self::Kept => "Kept aside",
            Self::Understood => "Understood",
        }
    }

    /// What the heading means.
    pub(crate) const fn about(self) -> &'static str {
        match self {
            Self::Refused => "Nothing is imported until this is put right.",
            Self::Guessed => {
                "The files leave it open and a graph needs it: see whether it is right."
            }
            Self::Kept => "A graph has no word for it: it is kept in annotations, or left out.",
            Self::Understood => "It is in the graph as the files state it.",
        }
    }
}

/// Something to tell about an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// Its stable code.
    pub(crate) code: String,
    /// What became of it.
    pub(crate) class: Class,
    /// One sentence that stands alone.
    pub(crate) message: String,
    /// What was taken, where the sentence does not say it.
    pub(crate) value: Option<String>,
    /// The way out.
    pub(crate) help: Option<String>,
    /// The node that it is about.
    pub(crate) node: Option<String>,
    /// The file and the place in it, as people write it: `compose.yaml:4`.
    pub(crate) place: String,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// Its path.
    pub(crate) path: String,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// How many bytes of it were read.
    pub(crate) read: u64,
    /// The formats as which it was read; none where it was left out.
    pub(crate) formats: Vec<String>,
}

/// What became of the document that was open.
const KEPT: &str = " What was open is kept: see “Recover an earlier document”.";

/// An import, or why there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// The document.
    pub(crate) text: String,
    /// What the document calls itself.
    pub(crate) name: String,
    /// Whether another document was open before.
    pub(crate) has_replaced: bool,
    /// Why there is no document.
    pub(crate) reason: String,
    /// The files.
    pub(crate) files: Vec<Source>,
    /// All that there is to tell.
    pub(crate) notes: Vec<Note>,
}

impl Report {
    /// Reads an answer.
    pub(super) fn read(value: &Value) -> Self {
        let text = word(value, "text");
        Self {
            name: name_of(&text),
            text,
            has_replaced: false,
            reason: word(value, "reason"),
            files: each(value, "files", source),
            notes: each(value, "notes", note),
        }
    }

    /// The notes of a class.
    pub(crate) fn of(&self, class: Class) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(move |note| note.class == class)
    }

    /// What was imported, in a sentence.
    pub(super) fn summary(&self) -> String {
        let files = match self.files.as_slice() {
            [only] => only.path.clone(),
            files => format!("{} files", files.len()),
        };
        let count = |class| self.of(class).count();
        format!(
            "Imported {files}: {} understood, {} guessed, {} kept aside.{}",
            count(Class::Understood),
            count(Class::Guessed),
            count(Class::Kept),
            if self.has_replaced { KEPT } else { "" },
        )
    }

    /// Why there is no document, in a sentence.
    pub(super) fn refusal(&self) -> String {
        let reason = self.reason.replace('`', "");
        format!("Nothing was imported: {}.", reason.trim_end_matches('.'))
    }
}

/// The places of the graphs among the files, where the user has to choose.
pub(super) fn graphs(value: &Value) -> Option<Vec<usize>> {
    let graphs = value.get("graphs")?.as_array()?;
    let graphs = graphs.iter().filter_map(Value::as_u64);
    Some(graphs.filter_map(|at| usize::try_from(at).ok()).collect())
}

/// The formats that are imported.
pub(crate) fn formats(value: &Value) -> Vec<Format> {
    let format = |value: &Value| Format {
        title: word(value, "title"),
        about: word(value, "about"),
    };
    value.as_array().into_iter().flatten().map(format).collect()
}

fn source(value: &Value) -> Source {
    let number = |key: &str| value.get(key).and_then(Value::as_u64).unwrap_or_default();
    let formats = value.get("formats").and_then(Value::as_array);
    let formats = formats.into_iter().flatten().filter_map(Value::as_str);
    Source {
        path: word(value, "path"),
        size: number("size"),
        read: number("read"),
        formats: formats.map(ToOwned::to_owned).collect(),
    }
}

fn note(value: &Value) -> Note {
    let optional = |key: &str| Some(word(value, key)).filter(|word| !word.is_empty());
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    let message = word(value, "message");
    let place = match (word(value, "file"), number("line"), number("byte")) {
        (file, Some(line), _) => format!("{file}:{line}"),
        (file, None, Some(byte)) if byte > 0 => format!("{file}, byte {byte}"),
        (file, ..) => file,
    };
    Note {
        code: word(value, "code"),
        class: Class::of(&word(value, "class")),
        // Most sentences name the value themselves.
        value: optional("value").filter(|value| !message.contains(value.as_str())),
        help: optional("help"),
        node: optional("node"),
        message,
        place,
    }
}

/// What a document calls itself.
fn name_of(text: &str) -> String {
    let parsed = yaml::read(text, &yaml::Limits::default());
    let tree = parsed.documents.first();
    let name = tree.and_then(|tree| tree.at(["metadata", "name"])?.as_scalar());
    name.map(|name| name.text.clone()).unwrap_or_default()
}

fn each<T>(value: &Value, key: &str, read: fn(&Value) -> T) -> Vec<T> {
    let list = value.get(key).and_then(Value::as_array);
    list.into_iter().flatten().map(read).collect()
}

fn word(value: &Value, key: &str) -> String {
    let word = value.get(key).and_then(Value::as_str);
    word.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_tells_places_as_people_write_them() {
        let told = json!({
            "text": "metadata: {name: shop}\n",
            "files": [{"path": "compose.yaml", "size": 900, "read": 900, "formats": ["Docker Compose"]}],
            "notes": [
                {"code": "IM-A", "class": "guessed", "message": "`web` listens on 80", "value": "80", "node": "web", "file": "compose.yaml", "line": 3, "byte": 40},
                {"code": "IM-B", "class": "error", "message": "broken", "help": "mend it", "file": "model.gguf", "line": null, "byte": 24},
            ],
        });
        let report = Report::read(&told);
        assert_eq!(report.name, "shop");
        let places: Vec<&str> = report.notes.iter().map(|note| &*note.place).collect();
        assert_eq!(places, ["compose.yaml:3", "model.gguf, byte 24"]);
        assert_eq!(report.notes[0].value, None);
        assert_eq!(report.of(Class::Refused).count(), 1);
        assert!(
            report
                .summary()
                .starts_with("Imported compose.yaml: 0 understood, 1 guessed")
        );
    }

    #[test]
    fn a_choice_is_told_from_a_report() {
        assert_eq!(graphs(&json!({"graphs": [0, 2]})), Some(vec![0, 2]));
        assert_eq!(graphs(&json!({"text": ""})), None);
    }
}
