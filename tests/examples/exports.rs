//! Writes exports for a target's own programs to read.
//!
//! `exports TARGET FOLDER RANDOM [FILE…]` exports each file, and so many random graphs, the same on
//! every machine, to `FOLDER/GRAPH`. Losses are accepted; a graph that leaves nothing to write has
//! no folder.

use std::error::Error;
use std::fs;
use std::path::Path;

use modelspec_core::Analysis;
use modelspec_core::export::{self, ExportError, Options, Target};
use modelspec_tests::graphs;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = || {
        arguments
            .next()
            .ok_or("exports TARGET FOLDER RANDOM [FILE…]")
    };
    let (target, folder, random) = (next()?, next()?, next()?.parse::<usize>()?);
    let target = export::find(&target)?;
    let folder = Path::new(&folder);
    for file in arguments {
        let name = Path::new(&file).file_name().unwrap_or_default();
        let name = name.to_string_lossy();
        let name = name.trim_end_matches(".modelspec.yaml");
        write(target, &fs::read_to_string(&file)?, &folder.join(name))?;
    }
    let mut runner = TestRunner::deterministic();
    for at in 0..random {
        let text = graphs::random().new_tree(&mut runner);
        let text = text.map_err(|reason| reason.to_string())?.current();
        write(target, &text, &folder.join(format!("random-{at:03}")))?;
    }
    Ok(())
}

/// Exports one graph, whatever is lost on the way.
fn write(target: &dyn Target, text: &str, folder: &Path) -> Result<(), Box<dyn Error>> {
    let options = Options {
        accept: target
            .kinds()
            .iter()
            .map(|kind| kind.code.to_owned())
            .collect(),
        ..Options::default()
    };
    let artifacts = match export::run(target, &Analysis::new(text), &options) {
        Ok(artifacts) => artifacts,
        Err(ExportError::Empty(_)) => return Ok(()),
        Err(error) => return Err(format!("{error}\n{text}").into()),
    };
    for file in &artifacts.files {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
        fs::write(path, &file.text)?;
    }
    Ok(())
}
