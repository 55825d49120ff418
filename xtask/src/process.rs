//! Running other programs, with errors that say what was run.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use anyhow::{Context as _, Result, bail};

/// The repository's root folder. `cargo run` tells it; a folder remembered from the build could
/// be another checkout's, where two share their build folder.
pub(crate) fn root() -> PathBuf {
    let manifest = env::var("CARGO_MANIFEST_DIR");
    let manifest = Path::new(manifest.as_deref().unwrap_or(env!("CARGO_MANIFEST_DIR")));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The search path of the programs that are run: the repository's own tools come first,
/// Cargo's last.
static SEARCH_PATH: OnceLock<std::ffi::OsString> = OnceLock::new();

/// Lets every command that is started from here find the tools in `.tools/`, npm's and Cargo's.
pub(crate) fn use_own_tools() {
    let mut folders = vec![root().join(".tools/bin"), root().join("node_modules/.bin")];
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    // Where `cargo install` puts programs, whether or not the shell looks there.
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    folders.extend(
        home.or_else(|| Some(env::home_dir()?.join(".cargo")))
            .map(|home| home.join("bin")),
    );
    if let Ok(joined) = env::join_paths(folders) {
        SEARCH_PATH.get_or_init(|| joined);
    }
}

/// Where the program is found, if it is.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = SEARCH_PATH.get().cloned().or_else(|| env::var_os("PATH"))?;
    let names = [
        program.to_owned(),
        format!("{program}{}", env::consts::EXE_SUFFIX),
    ];
    env::split_paths(&path)
        .flat_map(|folder| {
            names
                .iter()
                .map(move |name| folder.join(name))
                .collect::<Vec<_>>()
        })
        .find(|candidate| candidate.is_file())
}

/// A command that runs in the repository's root.
pub(crate) fn command<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    // The parent's own search path decides where a name is looked up, so it is resolved here.
    let found = find(program).unwrap_or_else(|| PathBuf::from(program));
    let mut command = Command::new(found);
    command.args(arguments).current_dir(root());
    if let Some(path) = SEARCH_PATH.get() {
        command.env("PATH", path);
    }
    command
}

/// Cargo, of the toolchain that runs this program.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let program = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    command(&program, arguments)
}

/// Node, for the scripts of the browser tests.
pub(crate) fn node<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    command("node", arguments)
}

/// Prints the command, runs it with its output shown, and fails when it fails.
pub(crate) fn run(mut command: Command) -> Result<()> {
    let shown = shown(&command);
    println!("$ {shown}");
    let status = command
        .status()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// What the command prints on its standard output, or nothing when it cannot run or fails.
pub(crate) fn output(mut command: Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What the command prints on its standard output; its errors are shown.
pub(crate) fn read(mut command: Command) -> Result<String> {
    let shown = shown(&command);
    println!("$ {shown}");
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed ({})", output.status);
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` printed no UTF-8"))
}

/// The command as a person would type it.
fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut words = vec![
        program
            .file_name()
            .unwrap_or(program.as_os_str())
            .to_string_lossy(),
    ];
    words.extend(command.get_args().map(OsStr::to_string_lossy));
    words.join(" ")
}
