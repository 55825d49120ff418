//! What every importer keeps, whatever is in its files.

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use modelspec_core::Analysis;
use modelspec_core::import::{Class, File, IMPORTERS, run};

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

/// Files are refused with a place in them, or give a document that reads without an error; and
/// equal files give equal answers.
pub fn check(importer: &str, input: &Input, seeds: &[(&str, &str)]) {
    assert!(IMPORTERS.iter().any(|known| known.name() == importer));
    let contents: Vec<String> = seeds.iter().map(|(_, seed)| input.of(seed)).collect();
    let files: Vec<File<'_>> = seeds
        .iter()
        .zip(&contents)
        .map(|((path, _), content)| File::new(*path, content))
        .collect();
    let answer = run(&files);
    let notes = match &answer {
        Ok(imported) => {
            let analysis = Analysis::new(imported.text.clone());
            assert!(analysis.reading.is_well_formed(), "{}", imported.text);
            &imported.notes
        }
        Err(error) => {
            assert!(error.refusals().next().is_some());
            &error.notes
        }
    };
    for note in notes {
        let named = seeds.iter().position(|(path, _)| *path == note.place.file);
        if let Some(content) = named.and_then(|at| contents.get(at)) {
            let span = note.place.span;
            assert!(content.get(span.start..span.end).is_some(), "{note:?}");
        }
        assert_eq!(
            note.kind.class == Class::Refused,
            note.help.is_some(),
            "{note:?}"
        );
    }
    assert_eq!(answer, run(&files));
}
