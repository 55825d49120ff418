use core::cell::RefCell;
use core::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use modelspec_core::import::{self, Class, Content, IMPORTERS, Imported, Note};
use modelspec_core::text::LineIndex;
use serde_json::{Value, json};

use crate::{Failure, Outcome, print};

/// Read the files of other systems as one graph, and tell what was understood, guessed and kept.
#[derive(Debug, Args)]
pub(crate) struct Import {
    /// Files, together one graph; `-` is standard input, a directory every file under it.
    #[arg(required_unless_present = "list", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The file for the graph; without one it goes to standard output.
    #[arg(short, long, value_name = "GRAPH")]
    output: Option<PathBuf>,
    /// How notes are printed; with `json` the graph stands among them.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// List what is read.
    #[arg(long, conflicts_with_all = ["files", "output"])]
    list: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Import {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        if self.list {
            print(&list(self.format)?)?;
            return Ok(Outcome::Fine);
        }
        let opened = open_all(&self.files)?;
        let files: Vec<import::File<'_>> = opened
            .iter()
            .map(|opened| import::File::new(&*opened.path, &*opened.content))
            .collect();
        let (imported, notes) = match import::run(&files) {
            Ok(imported) => (Some(imported.clone()), imported.notes),
            Err(error) => (None, error.notes),
        };
        let report = Report {
            files: &files,
            notes: &notes,
        };
        if let (Some(path), Some(imported)) = (&self.output, &imported) {
            fs::write(path, &imported.text)
                .map_err(|error| Failure(format!("{}: {error}", path.display())))?;
        }
        match (self.format, &imported) {
            (Format::Json, _) => {
                let with_text = self.output.is_none();
                print(&report.json(imported.as_ref(), with_text)?)?;
            }
            (Format::Text, Some(imported)) => {
                eprint!("{}", report.text());
                match &self.output {
                    Some(path) => print(&format!("{}\n", path.display()))?,
                    None => print(&imported.text)?,
                }
            }
            (Format::Text, None) => eprint!("{}", report.text()),
        }
        Ok(match imported {
            Some(_) => Outcome::Fine,
            None => Outcome::Findings,
        })
    }
}

fn list(format: Format) -> Result<String, Failure> {
    if format == Format::Json {
        let importers = IMPORTERS.iter().map(|importer| {
            let codes = importer.kinds().iter();
            let codes: Vec<Value> = codes
                .map(|kind| {
                    json!({"code": kind.code, "title": kind.title, "class": kind.class.word()})
                })
                .collect();
            json!({
                "name": importer.name(),
                "title": importer.title(),
                "about": importer.about(),
                "codes": codes,
            })
        });
        let importers: Vec<Value> = importers.collect();
        return Ok(format!("{}\n", serde_json::to_string_pretty(&importers)?));
    }
    let names = IMPORTERS.iter().map(|importer| importer.name().len());
    let width = names.max().unwrap_or(0);
    let lines = IMPORTERS
        .iter()
        .map(|importer| format!("{:width$}  {}\n", importer.name(), importer.about()));
    Ok(lines.collect())
}

/// A file and the name that it has in the set.
struct Opened {
    path: String,
    content: Box<dyn Content>,
}

/// A file of the disk, read where it is asked.
struct OnDisk {
    file: RefCell<fs::File>,
    size: u64,
}

impl Content for OnDisk {
    fn size(&self) -> u64 {
        self.size
    }

    fn read(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        let mut file = self.file.borrow_mut();
        file.seek(SeekFrom::Start(at)).ok()?;
        let rest = usize::try_from(self.size.saturating_sub(at)).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(length.min(rest));
        let limit = u64::try_from(length).ok()?;
        file.by_ref().take(limit).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }
}

fn open_all(arguments: &[PathBuf]) -> Result<Vec<Opened>, Failure> {
    let mut opened = Vec::new();
    for argument in arguments {
        if argument.as_os_str() == "-" {
            let mut bytes = Vec::new();
            std::io::stdin()
                .lock()
                .read_to_end(&mut bytes)
                .map_err(|error| Failure(format!("<stdin>: {error}")))?;
            opened.push(Opened {
                path: "<stdin>".to_owned(),
                content: Box::new(bytes),
            });
        } else if argument.is_dir() {
            let mut files = Vec::new();
            walk(argument, &mut files)?;
            if files.is_empty() {
                return Err(Failure(format!(
                    "{}: no file is under it",
                    argument.display()
                )));
            }
            files.sort();
            for file in files {
                opened.push(open(&file)?);
            }
        } else {
            opened.push(open(argument)?);
        }
    }
    Ok(opened)
}

/// All files under a folder, without those whose name begins with a dot.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure(format!("{}: {error}", folder.display()));
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let path = entry.path();
        // A link may lead back up: only real folders are entered. Those of caches lead to files.
        let kind = entry.file_type().map_err(cannot)?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if kind.is_dir() {
            walk(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
        if files.len() > import::MOST_FILES {
            let most = import::MOST_FILES;
            let message = format!("more than {most} files are under it; name those of one graph");
            return Err(Failure(format!("{}: {message}", folder.display())));
        }
    }
    Ok(())
}

fn open(path: &Path) -> Result<Opened, Failure> {
    let cannot = |error: std::io::Error| Failure(format!("{}: {error}", path.display()));
    let file = fs::File::open(path).map_err(cannot)?;
    let size = file.metadata().map_err(cannot)?.len();
    Ok(Opened {
        path: path.display().to_string(),
        content: Box::new(OnDisk {
            file: RefCell::new(file),
            size,
        }),
    })
}

struct Report<'r> {
    files: &'r [import::File<'r>],
    notes: &'r [Note],
}

impl Report<'_> {
    /// The lines and the text of the file that a note is about, where it is one.
    fn lines(&self, note: &Note) -> Option<(LineIndex, &str)> {
        let mut files = self.files.iter();
        let text = files.find(|file| file.path() == note.place.file)?.text()?;
        Some((LineIndex::new(text), text))
    }

    /// All notes, for people.
    fn text(&self) -> String {
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
    fn json(&self, imported: Option<&Imported>, with_text: bool) -> Result<String, Failure> {
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
