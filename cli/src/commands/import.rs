use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use modelspec_core::import::{self, IMPORTERS};
use serde_json::{Value, json};

use crate::report::Notes;
use crate::source::foreign;
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
        let opened = foreign::open_all(&self.files)?;
        let files = foreign::files(&opened);
        let (imported, notes) = match import::run(&files) {
            Ok(imported) => (Some(imported.clone()), imported.notes),
            Err(error) => (None, error.notes),
        };
        let report = Notes {
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
