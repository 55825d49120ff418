//! What every importer keeps, whatever is in its files.

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use modelspec_core::Analysis;
use modelspec_core::import::{self, Class, Content, File, IMPORTERS, Note};

/// Changes to a sound file, which reach deeper than bytes from nowhere.
#[derive(Arbitrary, Debug)]
pub struct Input {
    changes: Vec<(u16, u8, String)>,
    more: String,
}

impl Input {
    /// A text with the changes.
    fn of(&self, seed: &str) -> String {
        let mut text = seed.to_owned();
        for (at, length, with) in &self.changes {
            let start = text.floor_char_boundary(usize::from(*at).min(text.len()));
            let end = start.saturating_add(usize::from(*length)).min(text.len());
            let end = text.ceil_char_boundary(end);
            text.replace_range(start..end, with);
        }
        text + &self.more
    }
}

/// Imports sound files after changes; notes stand within the texts that they name.
pub fn check(importer: &str, input: &Input, seeds: &[(&str, &str)]) {
    assert!(IMPORTERS.iter().any(|known| known.name() == importer));
    let contents: Vec<String> = seeds.iter().map(|(_, seed)| input.of(seed)).collect();
    let files: Vec<(&str, &[u8])> = seeds
        .iter()
        .zip(&contents)
        .map(|((path, _), content)| (*path, content.as_bytes()))
        .collect();
    for note in import(&files) {
        let named = seeds.iter().position(|(path, _)| *path == note.place.file);
        if let Some(content) = named.and_then(|at| contents.get(at)) {
            let span = note.place.span;
            assert!(content.get(span.start..span.end).is_some(), "{note:?}");
        }
    }
}

/// Imports files, and gives the notes: there is a document that reads without an error, or a
/// refusal that says why; and equal files give equal answers.
pub fn import(files: &[(&str, &[u8])]) -> Vec<Note> {
    let contents: Vec<Vec<u8>> = files.iter().map(|(_, bytes)| bytes.to_vec()).collect();
    let run = || {
        let files: Vec<File<'_>> = files
            .iter()
            .zip(&contents)
            .map(|((path, _), content)| File::new(*path, content as &dyn Content))
            .collect();
        import::run(&files)
    };
    let answer = run();
    let notes = match &answer {
        Ok(imported) => {
            let analysis = Analysis::new(imported.text.clone());
            assert!(analysis.reading.is_well_formed(), "{}", imported.text);
            assert_eq!(analysis.reading.diagnostics, []);
            &imported.notes
        }
        Err(error) => {
            assert!(error.refusals().next().is_some());
            &error.notes
        }
    };
    for note in notes {
        let is_refused = note.kind.class == Class::Refused;
        assert_eq!(is_refused, note.help.is_some(), "{note:?}");
    }
    assert_eq!(answer, run());
    notes.clone()
}
