//! Other projects' files, which this one does not contain.

use std::path::{Path, PathBuf};

/// The folder of other projects' schemas and examples: `MODELSPEC_SHARED`, else `../shared` beside
/// the workspace. `None` where it has no such part; then it says what is skipped.
pub fn folder(part: &str) -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var_os("MODELSPEC_SHARED").map_or_else(
        || workspace.join("../shared"),
        |stated| workspace.join(stated),
    );
    let folder = shared.join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!(
        "skipped: {} is not there; MODELSPEC_SHARED names the folder that holds {part}",
        folder.display()
    );
    None
}
