//! Files in: paths, directories and standard input.

pub(crate) mod bundle;
pub(crate) mod catalogue;
pub(crate) mod foreign;

use std::io::Read;
use std::path::{Path, PathBuf};

use modelspec_core::Analysis;
use modelspec_core::check::{Diagnostic, Severity};

use crate::Failure;

/// A text and the name that findings give it.
#[derive(Debug)]
pub(crate) struct Source {
    /// The path as it was given; `<stdin>` for standard input.
    pub(crate) name: String,
    /// Where it lies; `None` for standard input.
    pub(crate) path: Option<PathBuf>,
    /// Its text.
    pub(crate) text: String,
}

/// The suffix of the files that a directory stands for.
const SUFFIX: &str = ".modelspec.yaml";

/// Reads every argument: `-` is standard input, a directory every `*.modelspec.yaml` under it.
pub(crate) fn read_all(arguments: &[PathBuf]) -> Result<Vec<Source>, Failure> {
    let mut sources = Vec::new();
    for argument in arguments {
        if argument.is_dir() {
            let mut files = Vec::new();
            walk(argument, &mut files)?;
            if files.is_empty() {
                let message = format!("{}: no {SUFFIX} file is under it", argument.display());
                return Err(Failure(message));
            }
            files.sort();
            for file in files {
                // As others name it: annotations of `./x` and of `x` are not one file's.
                sources.push(read(file.strip_prefix(".").unwrap_or(&file))?);
            }
        } else {
            sources.push(read(argument)?);
        }
    }
    Ok(sources)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure(format!("{}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        // A link may lead back up: only real folders are entered.
        let kind = entry.file_type().map_err(cannot)?;
        let path = entry.path();
        if kind.is_dir() {
            walk(&path, files)?;
        } else if path.to_string_lossy().ends_with(SUFFIX) {
            files.push(path);
        }
    }
    Ok(())
}

/// Reads one file, or standard input for `-`.
pub(crate) fn read(path: &Path) -> Result<Source, Failure> {
    let is_stdin = path.as_os_str() == "-";
    let name = if is_stdin {
        "<stdin>".to_owned()
    } else {
        path.display().to_string()
    };
    let mut bytes = Vec::new();
    let read = if is_stdin {
        std::io::stdin().lock().read_to_end(&mut bytes).map(|_| ())
    } else {
        std::fs::read(path).map(|content| bytes = content)
    };
    read.map_err(|error| Failure(format!("{name}: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Failure(format!(
            "{name}: byte {at} is not UTF-8; save the file as UTF-8"
        ))
    })?;
    Ok(Source {
        name,
        path: (!is_stdin).then(|| path.to_owned()),
        text,
    })
}

/// The errors of reading: what of a document was not read cannot be compared or locked.
pub(crate) fn unreadable(analysis: &Analysis) -> Vec<Diagnostic> {
    let found = analysis.reading.diagnostics.iter();
    found
        .filter(|found| found.severity == Severity::Error)
        .cloned()
        .collect()
}
