//! What the fuzz targets share.

use modelspec_core::import::{self, Content, File};
use modelspec_core::spec;

/// Imports files: there is a document that reads, or a refusal that says why; and the same files
/// give the same.
pub fn import(files: &[(&str, &[u8])]) {
    let contents: Vec<Vec<u8>> = files.iter().map(|(_, bytes)| bytes.to_vec()).collect();
    let run = || {
        let files: Vec<File<'_>> = files
            .iter()
            .zip(&contents)
            .map(|((path, _), content)| File::new(*path, content as &dyn Content))
            .collect();
        import::run(&files)
    };
    let result = run();
    match &result {
        Ok(imported) => assert_eq!(spec::read(&imported.text).diagnostics, []),
        Err(error) => {
            let refusals: Vec<_> = error.refusals().collect();
            assert!(!refusals.is_empty());
            assert!(refusals.iter().all(|note| note.help.is_some()));
        }
    }
    assert_eq!(result, run());
}
