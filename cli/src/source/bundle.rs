//! What lies beside a document: the files that its nodes refer to, and its lockfile.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use modelspec_core::Analysis;
use modelspec_core::compose::Bundle;
use modelspec_core::hardware::Catalogue;
use modelspec_core::lock::{self, LockFile};
use modelspec_core::spec::Reading;

use super::Source;
use crate::Failure;
use crate::report::{self, Checked, Format};

/// The largest file that is read, which is the largest document that there may be.
const LARGEST: u64 = 16 << 20;

/// The folder of a document; the current one for standard input.
pub(super) fn folder(source: &Source) -> PathBuf {
    let parent = source.path.as_deref().and_then(Path::parent);
    parent.map_or_else(PathBuf::new, Path::to_owned)
}

/// The files that a document refers to, and those that they do, from its own folder on.
pub(crate) fn beside(source: &Source, reading: &Reading) -> Bundle {
    let folder = folder(source);
    let mut bundle = Bundle::new();
    let name = source.path.as_deref().and_then(Path::file_name);
    if let Some(name) = name {
        bundle.set_home(name.to_string_lossy());
    }
    loop {
        let wanted = bundle.wanted(reading);
        if wanted.is_empty() {
            return bundle;
        }
        for path in wanted {
            match text(&folder.join(&path)) {
                Ok(text) => bundle.add(path, &text),
                Err(why) => bundle.refuse(path, why),
            }
        }
    }
}

/// A document with the files that it refers to, read.
pub(crate) fn read_with_files(source: &Source) -> (Analysis, Bundle) {
    let analysis = Analysis::read(&*source.text);
    if !Bundle::is_needed(&analysis.reading) {
        return (analysis, Bundle::new());
    }
    let bundle = beside(source, &analysis.reading);
    let beside = Some(Rc::new(bundle.clone()));
    (Analysis::read_beside(analysis.text, beside), bundle)
}

/// As [`read_with_files`], where only the document is asked.
pub(crate) fn read(source: &Source) -> Analysis {
    read_with_files(source).0
}

/// A document with the files that it refers to, checked with the GPUs that the user knows.
pub(crate) fn analysed(source: &Source, gpus: Option<Rc<Catalogue>>) -> Analysis {
    let mut analysis = read(source);
    analysis.own_gpus = gpus;
    analysis.checked()
}

fn text(path: &Path) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let about = file.metadata().map_err(|error| error.to_string())?;
    if !about.is_file() {
        return Err("it is not a file".to_owned());
    }
    let mut text = String::new();
    let mut start = file.take(LARGEST.saturating_add(1));
    start
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    if text.len() as u64 > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    Ok(text)
}

/// Where the lockfile of a document is; `None` for standard input.
pub(crate) fn lockfile(source: &Source) -> Option<PathBuf> {
    source.path.as_ref()?;
    Some(folder(source).join(lock::FILE_NAME))
}

/// Reads a lockfile; one that is none is a failure, with what is wrong with it.
pub(crate) fn read_lock(path: &Path) -> Result<LockFile, Failure> {
    let source = super::read(path)?;
    lock::read(&source.text).map_err(|found| {
        let name = source.name.clone();
        let files = [Checked { source, found }];
        let said = report::render(&files, Format::Text);
        Failure(format!("{name} is no lockfile\n{said}"))
    })
}
