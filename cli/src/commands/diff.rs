use core::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use modelspec_core::diff::{self, Change, Class, Differences};
use modelspec_core::text::{LineIndex, Position, Span};
use modelspec_core::{Analysis, import, lock};
use serde_json::{Value, json};

use crate::report::{self, Checked, annotation};
use crate::source::{self, Source, bundle, foreign};
use crate::{Failure, Outcome, print};

/// Tell what differs in meaning between two graphs, and what each difference asks for.
///
/// Classes, the worst first: wire (both sides of a connection must change together), reindex
/// (stored vectors are invalid), semantic, slo, placement, cosmetic. The new document may set a
/// difference off under `checks`, with a reason. What `modelspec import` reads, a file or a
/// directory, is compared as the graph that it becomes.
#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The document as it was; `-` is standard input.
    old: PathBuf,
    /// The document as it is.
    new: PathBuf,
    /// How differences are printed.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
    /// The class from which differences give exit code 1.
    #[arg(long, value_enum, default_value = "reindex", value_name = "CLASS")]
    fail_on: Level,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// One object, stable.
    Json,
    /// Annotations of a GitHub workflow.
    Github,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Level {
    /// Both sides of a connection must change together.
    Wire,
    /// Stored vectors are invalid.
    Reindex,
    /// Other answers.
    Semantic,
    /// Other promises, another load.
    Slo,
    /// Other machines.
    Placement,
}

impl Level {
    const fn class(self) -> Class {
        match self {
            Self::Wire => Class::Wire,
            Self::Reindex => Class::Reindex,
            Self::Semantic => Class::Semantic,
            Self::Slo => Class::Slo,
            Self::Placement => Class::Placement,
        }
    }
}

/// One of the two graphs, with what places in it need.
struct Side {
    /// The path as it was given.
    name: String,
    analysis: Analysis,
    /// The lines of its text; `None` where the graph was imported, for then nobody has its text.
    lines: Option<LineIndex>,
}

impl Side {
    /// The start and the end of a span, where the text is the user's own.
    fn place(&self, span: Span) -> Option<(Position, Position)> {
        let lines = self.lines.as_ref()?;
        let at = |offset| lines.position(&self.analysis.text, offset);
        Some((at(span.start), at(span.end.max(span.start))))
    }

    /// A ModelGraph as it stands, anything else that an importer reads by way of that.
    ///
    /// Without a side there is a report of what was refused.
    fn read(path: &Path) -> Result<Result<Self, String>, Failure> {
        let opened = foreign::open_all(&[path.to_owned()])?;
        let files = foreign::files(&opened);
        if let [file] = files.as_slice() {
            let foreign = !import::is_graph(file) && import::recognise(file).next().is_some();
            if let Some(text) = file.text().filter(|_| !foreign) {
                let source = Source {
                    name: file.path().to_owned(),
                    path: (path.as_os_str() != "-").then(|| path.to_owned()),
                    text: text.to_owned(),
                };
                return Ok(Self::of_graph(file.path(), bundle::read(&source)));
            }
        }
        let name = match files.as_slice() {
            [file] => file.path().to_owned(),
            _ => path.display().to_string(),
        };
        let imported = import::run(&files);
        Ok(imported
            .map(|imported| Self {
                name,
                analysis: Analysis::read(imported.text),
                lines: None,
            })
            .map_err(|error| {
                let notes = error.refusals().cloned().collect::<Vec<_>>();
                let notes = report::Notes {
                    files: &files,
                    notes: &notes,
                };
                notes.text()
            }))
    }

    fn of_graph(name: &str, analysis: Analysis) -> Result<Self, String> {
        let (name, found) = (name.to_owned(), source::unreadable(&analysis));
        if found.is_empty() {
            let lines = Some(LineIndex::new(&analysis.text));
            return Ok(Self {
                name,
                analysis,
                lines,
            });
        }
        // What was not read would be told as removed.
        let source = Source {
            name,
            path: None,
            text: analysis.text.clone(),
        };
        let checked = [Checked { source, found }];
        Err(report::render(&checked, report::Format::Text))
    }
}

impl Diff {
    pub(crate) fn run(self) -> Result<Outcome, Failure> {
        if self.old.as_os_str() == "-" && self.new.as_os_str() == "-" {
            let message = "both documents are standard input; one of them has to be a file";
            return Err(Failure(message.to_owned()));
        }
        let (old, new) = match (Side::read(&self.old)?, Side::read(&self.new)?) {
            (Ok(old), Ok(new)) => (old, new),
            (old, new) => {
                for refused in [old, new].into_iter().filter_map(Result::err) {
                    eprint!("{refused}");
                }
                return Ok(Outcome::Findings);
            }
        };
        let (old, new) = (&old, &new);
        let Some(found) = diff::differences(&old.analysis, &new.analysis) else {
            let lacking = [old, new]
                .into_iter()
                .find(|side| side.analysis.graph.is_none());
            let name = lacking.map_or("", |side| &side.name);
            return Err(Failure(format!("{name}: there is no ModelGraph in it")));
        };
        let text = match self.format {
            Format::Text => text(old, new, &found),
            Format::Json => json(old, new, &found),
            Format::Github => github(new, &found, self.fail_on.class()),
        };
        print(&text)?;
        let fails = found.worst() >= Some(self.fail_on.class());
        Ok(if fails {
            Outcome::Findings
        } else {
            Outcome::Fine
        })
    }
}

/// `file:line:column` of a change: in the new document, and of what is gone in the old one.
fn at(old: &Side, new: &Side, change: &Change) -> String {
    let gone = change.new.is_none() && change.old.is_some();
    let (side, span) = if gone {
        (old, change.old_span)
    } else {
        (new, change.new_span)
    };
    let name = &side.name;
    span.and_then(|span| side.place(span)).map_or_else(
        || name.clone(),
        |(start, _)| format!("{name}:{}:{}", start.line, start.column),
    )
}

fn text(old: &Side, new: &Side, found: &Differences) -> String {
    let mut text = String::new();
    for change in &found.changes {
        let kind = change.kind;
        let _ = writeln!(
            text,
            "{}: {} [{}]\n  --> {}\n   = {}\n",
            kind.class,
            change.message,
            kind.id,
            at(old, new, change),
            kind.title
        );
    }
    for (change, reason) in &found.ignored {
        let _ = writeln!(
            text,
            "ignored: {} [{}]\n  --> {}\n   = {reason}\n",
            change.message,
            change.kind.id,
            at(old, new, change),
        );
    }
    let counts = Class::ALL.iter().rev().filter_map(|class| {
        let of_class = |change: &&Change| change.kind.class == *class;
        let count = found.changes.iter().filter(of_class).count();
        (count > 0).then(|| format!("{count} {class}"))
    });
    let mut counts: Vec<String> = counts.collect();
    if !found.ignored.is_empty() {
        counts.push(format!("{} ignored", found.ignored.len()));
    }
    if counts.is_empty() {
        text.push_str("no differences\n");
    } else {
        let _ = writeln!(text, "{}", counts.join(", "));
    }
    text
}

fn json(old: &Side, new: &Side, found: &Differences) -> String {
    let side = |side: &Side| {
        let digest = side.analysis.flat().map(|(flat, ..)| lock::digest(flat));
        json!({"file": side.name, "imported": side.lines.is_none(), "digest": digest.map(|digest| digest.to_string())})
    };
    let ignored = found.ignored.iter().map(|(change, reason)| {
        let mut item = item(old, new, change);
        if let Some(item) = item.as_object_mut() {
            item.insert("reason".to_owned(), json!(reason));
        }
        item
    });
    let changes = found.changes.iter().map(|change| item(old, new, change));
    let value = json!({
        "old": side(old),
        "new": side(new),
        "worst": found.worst().map(Class::word),
        "changes": changes.collect::<Vec<_>>(),
        "ignored": ignored.collect::<Vec<_>>(),
    });
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn item(old: &Side, new: &Side, change: &Change) -> Value {
    let place = |side: &Side, span: Option<Span>| {
        span.and_then(|span| side.place(span)).map(|(start, end)| {
            json!({
                "line": start.line,
                "column": start.column,
                "endLine": end.line,
                "endColumn": end.column,
            })
        })
    };
    json!({
        "id": change.kind.id,
        "class": change.kind.class.word(),
        "message": change.message,
        "means": change.kind.title,
        "node": change.node,
        "port": change.port,
        "edge": change.edge,
        "path": change.path,
        "old": change.old,
        "new": change.new,
        "oldPlace": place(old, change.old_span),
        "newPlace": place(new, change.new_span),
    })
}

/// One workflow command a difference, in the new file: it is the one that is reviewed.
fn github(new: &Side, found: &Differences, fail_on: Class) -> String {
    let mut text = String::new();
    for change in &found.changes {
        let kind = change.kind;
        let command = match kind.class {
            class if class >= fail_on => "error",
            Class::Cosmetic | Class::Placement => "notice",
            _ => "warning",
        };
        let place = new.place(change.new_span.unwrap_or_default());
        let top = Position { line: 1, column: 1 };
        let (start, end) = place.unwrap_or((top, top));
        let message = format!("{}\n{}: {}", change.message, kind.class, kind.title);
        text.push_str(&annotation(
            command, &new.name, start, end, kind.id, &message,
        ));
    }
    text
}
