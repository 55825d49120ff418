//! Files of other systems: opened, and read only where an importer asks.

use core::cell::RefCell;
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use modelspec_core::import::{self, Content};

use crate::Failure;

/// A file and the name that it has in the set.
pub(crate) struct Opened {
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

/// Opens every argument: `-` is standard input, a directory every file under it.
pub(crate) fn open_all(arguments: &[PathBuf]) -> Result<Vec<Opened>, Failure> {
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

/// What was opened, as the set of an import.
pub(crate) fn files(opened: &[Opened]) -> Vec<import::File<'_>> {
    let files = opened.iter();
    files
        .map(|opened| import::File::new(&*opened.path, &*opened.content))
        .collect()
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
