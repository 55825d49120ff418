use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use modelspec_core::Analysis;
use modelspec_core::check::Severity;
use modelspec_core::export::{
    self, Artifacts, Chosen, ExportError, File, Language, Note, Options, Subject, TARGETS,
};
use modelspec_core::text::LineIndex;
use serde_json::{Value, json};

use crate::source::{self, Source, bundle};
use crate::{Failure, Outcome, print};

/// Write a graph as files for a system that runs it, and tell what is lost and assumed.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The system; --list names them.
    #[arg(required_unless_present = "list")]
    target: Option<String>,
    /// The document; `-` is standard input.
    #[arg(required_unless_present = "list")]
    file: Option<PathBuf>,
    /// The folder for the files; without one they go to standard output as one stream.
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Losses to accept, by code, although they change safety or correctness.
    #[arg(long, value_name = "CODE", num_args = 1.., value_delimiter = ',')]
    accept: Vec<String>,
    /// What `modelspec simulate --format json` printed: its replicas, batches, queues and budgets
    /// take the place of those that the document states.
    #[arg(long, value_name = "FILE")]
    placement: Option<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// List the systems.
    #[arg(long, conflicts_with_all = ["target", "file", "output", "accept"])]
    list: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

impl Export {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        let (Some(target), Some(file)) = (&self.target, &self.file) else {
            print(&list(self.format)?)?;
            return Ok(Outcome::Fine);
        };
        let target = export::find(target)?;
        let source = source::read(file)?;
        let analysis = bundle::analysed(&source, None);
        let options = Options {
            accept: self.accept.clone(),
            placement: self.placement.as_deref().map(placement).transpose()?,
        };
        let exported = export::run(target, &analysis, &options);
        let (artifacts, error) = match exported {
            Ok(artifacts) => (artifacts, None),
            Err(error @ ExportError::UnknownCode { .. }) => return Err(error.into()),
            Err(error) => match &error {
                ExportError::Stopped(artifacts) | ExportError::Empty(artifacts) => {
                    (Artifacts::clone(artifacts), Some(error))
                }
                _ => (Artifacts::default(), Some(error)),
            },
        };
        if let Some(folder) = &self.output {
            write(folder, &artifacts.files)?;
        }
        let report = Report {
            source: &source,
            analysis: &analysis,
            target: target.name(),
            artifacts: &artifacts,
            error: error.as_ref(),
        };
        match self.format {
            Format::Text => {
                eprint!("{}", report.text());
                match &self.output {
                    Some(folder) => print(&written(folder, &artifacts.files))?,
                    None => print(&stream(&artifacts.files))?,
                }
            }
            Format::Json => print(&report.json(self.output.is_none())?)?,
        }
        Ok(match error {
            Some(_) => Outcome::Findings,
            None => Outcome::Fine,
        })
    }
}

/// The placement in the result of a simulation, or one that stands alone.
fn placement(path: &Path) -> Result<Chosen, Failure> {
    let source = source::read(path)?;
    let name = &source.name;
    let result: Value = serde_json::from_str(&source.text)
        .map_err(|error| Failure(format!("{name} is no result of a simulation: {error}")))?;
    let stated = match result.get("placement") {
        Some(Value::Null) => {
            let message = format!("{name}: what was simulated does not keep up with its load");
            return Err(Failure(message));
        }
        Some(placement) => placement,
        None if result["mode"] == "stations" => {
            let message =
                format!("{name}: nodes that are simulated one by one are no placement of a graph");
            return Err(Failure(message));
        }
        None => &result,
    };
    Chosen::from_json(stated).map_err(|error| Failure(format!("{name}: {error}")))
}

fn list(format: Format) -> Result<String, Failure> {
    if format == Format::Json {
        let targets = TARGETS.iter().map(|target| {
            let codes: Vec<Value> = target
                .kinds()
                .iter()
                .map(|kind| json!({"code": kind.code, "title": kind.title, "stops": kind.stops}))
                .collect();
            json!({
                "name": target.name(),
                "title": target.title(),
                "about": target.about(),
                "codes": codes,
            })
        });
        let targets: Vec<Value> = targets.collect();
        return Ok(format!("{}\n", serde_json::to_string_pretty(&targets)?));
    }
    let width = TARGETS.iter().map(|target| target.name().len()).max();
    let width = width.unwrap_or(0);
    let lines = TARGETS
        .iter()
        .map(|target| format!("{:width$}  {}\n", target.name(), target.about()));
    Ok(lines.collect())
}

/// Writes the files under a folder, which is made where it is missing.
fn write(folder: &Path, files: &[File]) -> Result<(), Failure> {
    for file in files {
        let path = folder.join(&file.path);
        let cannot = |error: std::io::Error| Failure(format!("{}: {error}", path.display()));
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(cannot)?;
        }
        std::fs::write(&path, &file.text).map_err(cannot)?;
    }
    Ok(())
}

fn written(folder: &Path, files: &[File]) -> String {
    let mut text = String::new();
    for file in files {
        let _ = writeln!(text, "{}", folder.join(&file.path).display());
    }
    text
}

/// All files as one: a stream of YAML documents, or each behind a line with its path.
fn stream(files: &[File]) -> String {
    let is_yaml = files.iter().all(|file| file.language == Language::Yaml);
    let mut text = String::new();
    for file in files {
        let _ = if is_yaml {
            writeln!(text, "---\n# {}", file.path)
        } else {
            writeln!(text, "==> {} <==", file.path)
        };
        text.push_str(&file.text);
    }
    text
}

struct Report<'r> {
    source: &'r Source,
    analysis: &'r Analysis,
    target: &'r str,
    artifacts: &'r Artifacts,
    error: Option<&'r ExportError>,
}

impl Report<'_> {
    /// Losses, assumptions and what went wrong, for people.
    fn text(&self) -> String {
        let lines = LineIndex::new(&self.source.text);
        let mut text = String::new();
        let mut say = |word: &str, note: &Note| {
            let line = lines.position(&self.source.text, note.span.start).line;
            let (code, name) = (note.kind.code, &self.source.name);
            let _ = write!(text, "{word}[{code}]: {name}:{line}: {}", note.message);
            // Most sentences name the value themselves.
            let value = note.value.as_ref();
            if let Some(value) = value.filter(|value| !note.message.contains(value.as_str())) {
                let _ = write!(text, ": `{value}`");
            }
            text.push('\n');
        };
        let stopped = matches!(self.error, Some(ExportError::Stopped(_)));
        for loss in &self.artifacts.losses {
            let word = match (loss.kind.stops, stopped) {
                (true, true) => "error",
                (true, false) => "accepted loss",
                (false, _) => "loss",
            };
            say(word, loss);
        }
        for note in &self.artifacts.assumptions {
            say("assumed", note);
        }
        if let Some(error) = self.error {
            let name = &self.source.name;
            let _ = writeln!(text, "error: {name}: {error}");
            if self.analysis.count(Severity::Error) > 0 {
                let _ = writeln!(text, "  help: `modelspec check {name}` shows what is wrong");
            }
        }
        text
    }

    /// Everything as one stable object.
    fn json(&self, with_text: bool) -> Result<String, Failure> {
        let subject = Subject::new(self.analysis);
        let subject = subject.as_ref();
        let files: Vec<Value> = self
            .artifacts
            .files
            .iter()
            .map(|file| {
                let mut value = json!({"path": file.path, "language": file.language.word()});
                if let (true, Value::Object(map)) = (with_text, &mut value) {
                    map.insert("text".to_owned(), json!(file.text));
                }
                value
            })
            .collect();
        let result = json!({
            "target": self.target,
            "graph": subject.map(|subject| subject.name),
            "version": subject.and_then(|subject| subject.version),
            "digest": subject.map(|subject| subject.digest.to_string()),
            "error": self.error.map(ToString::to_string),
            "files": files,
            "losses": self.notes(&self.artifacts.losses),
            "assumptions": self.notes(&self.artifacts.assumptions),
        });
        Ok(format!("{}\n", serde_json::to_string_pretty(&result)?))
    }

    fn notes(&self, notes: &[Note]) -> Vec<Value> {
        let lines = LineIndex::new(&self.source.text);
        let stopped = matches!(self.error, Some(ExportError::Stopped(_)));
        let note = |note: &Note| {
            let start = lines.position(&self.source.text, note.span.start);
            let end = lines.position(&self.source.text, note.span.end.max(note.span.start));
            json!({
                "code": note.kind.code,
                "message": note.message,
                "value": note.value,
                "stops": note.kind.stops && stopped,
                "accepted": note.kind.stops && !stopped,
                "node": note.node,
                "file": self.source.name,
                "line": start.line,
                "column": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            })
        };
        notes.iter().map(note).collect()
    }
}
