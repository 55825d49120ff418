//! What the user knows of models, GPUs and programs beside the built-in catalogue.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use modelspec_core::catalogue::{self, Catalogue};
use modelspec_core::hardware;

use super::{Source, bundle};
use crate::Failure;
use crate::report::{self, Checked, Format};

/// The catalogue for a document: the built-in one with the user's own, which is the file that is
/// named, else the one beside the document.
pub(crate) fn read(named: Option<&Path>, source: &Source) -> Result<Catalogue, Failure> {
    let mut catalogue = Catalogue::builtin();
    if let Some(path) = own(named, source) {
        let source = super::read(&path)?;
        match catalogue::read(&source.text) {
            Ok(file) => catalogue.add(&file),
            Err(found) => {
                let name = source.name.clone();
                let said = report::render(&[Checked { source, found }], Format::Text);
                return Err(Failure(format!("{name} is no catalogue\n{said}")));
            }
        }
    }
    Ok(catalogue)
}

/// The GPUs of a document's catalogue; `None` where only the built-in ones are known.
pub(crate) fn gpus(
    named: Option<&Path>,
    source: &Source,
) -> Result<Option<Rc<hardware::Catalogue>>, Failure> {
    if own(named, source).is_none() {
        return Ok(None);
    }
    Ok(Some(Rc::new(read(named, source)?.gpus().clone())))
}

fn own(named: Option<&Path>, source: &Source) -> Option<PathBuf> {
    let beside = || {
        source.path.as_ref()?;
        let path = bundle::folder(source).join(catalogue::FILE_NAME);
        path.exists().then_some(path)
    };
    named.map(Path::to_owned).or_else(beside)
}
