//! The site: what trunk builds, completed.

mod split;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{command, node, root, run};
use crate::setup;

/// The features that the toolchain's own output uses; the optimiser must allow them.
const WASM_FEATURES: &[&str] = &[
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
    "--enable-simd",
];

/// Builds the site into `dist/`.
pub(crate) fn build() -> Result<()> {
    setup::site()?;
    let mut trunk = command("trunk", ["build", "--release"]);
    // Trunk reads this variable as a boolean and refuses the usual `1`.
    trunk.env_remove("NO_COLOR");
    run(trunk)
}

/// Builds the site and serves it until the process is ended.
pub(crate) fn serve(port: u16, prefix: &str) -> Result<()> {
    ensure!(
        prefix.starts_with('/') && prefix.ends_with('/'),
        "the prefix `{prefix}` must start and end with a slash"
    );
    build()?;
    println!("\nThe designer is served here; Ctrl+C ends it:");
    let port = port.to_string();
    run(node([
        "tests/e2e/server.mjs",
        "--root",
        "dist",
        "--port",
        &port,
        "--prefix",
        prefix,
    ]))
}

/// Bundles the text editor when a source is newer than the bundle, and says where it is.
pub(crate) fn editor() -> Result<PathBuf> {
    setup::npm()?;
    let bundle = root().join("app/editor/dist/editor.js");
    if is_fresh(&bundle)? {
        return Ok(bundle);
    }
    run(command(
        "esbuild",
        [
            "app/editor/src/editor.ts",
            "--bundle",
            "--minify",
            "--format=esm",
            "--target=es2022",
            "--legal-comments=none",
            "--log-level=warning",
            "--outfile=app/editor/dist/editor.js",
        ],
    ))?;
    Ok(bundle)
}

fn is_fresh(bundle: &Path) -> Result<bool> {
    let Ok(built) = modified(bundle) else {
        return Ok(false);
    };
    let sources = fs::read_dir(root().join("app/editor/src"))?;
    let mut inputs = vec![root().join("package-lock.json")];
    for entry in sources {
        inputs.push(entry?.path());
    }
    for input in inputs {
        if modified(&input)? > built {
            return Ok(false);
        }
    }
    Ok(true)
}

fn modified(path: &Path) -> Result<SystemTime> {
    Ok(fs::metadata(path)?.modified()?)
}

/// Completes the site that trunk has just built: bundles the text editor, shrinks what a
/// release ships, writes `embed.html`, and checks the page against its own policy.
pub(crate) fn hook() -> Result<()> {
    let staging =
        PathBuf::from(env::var_os("TRUNK_STAGING_DIR").context(
            "this is called by trunk; run `trunk build --release` or `cargo xtask build`",
        )?);
    let release = env::var("TRUNK_PROFILE").is_ok_and(|profile| profile == "release");

    let bundle = fs::read(editor()?)?;
    let editor = format!("editor-{:016x}.js", fingerprint(&bundle));
    fs::write(staging.join(&editor), bundle)?;
    let rest = if release {
        split(&staging)?;
        shrink(&staging)?;
        Some(fingerprinted(&staging, REST, "wasm")?)
    } else {
        None
    };
    // Trunk names a worker's files without a fingerprint; caches need one.
    let engine_wasm = fingerprinted(&staging, "modelspec-engine_bg", "wasm")?;
    let engine = fingerprinted(&staging, "modelspec-engine", "js")?;

    let index = staging.join("index.html");
    let mut files = vec![
        ("editor", &*editor),
        ("engine", &engine),
        ("engine-wasm", &engine_wasm),
    ];
    files.extend(rest.as_deref().map(|rest| ("rest", rest)));
    let page = complete(&fs::read_to_string(&index)?, &files)?;
    fs::write(staging.join("embed.html"), embedded(&page)?)?;
    fs::write(index, page)?;
    Ok(())
}

/// The file that the page fetches when it is ready, before its name carries a fingerprint.
const REST: &str = "modelspec-rest_bg";

/// Splits the page's program: what the first picture needs stays, the rest goes to its own file.
fn split(staging: &Path) -> Result<()> {
    let parts = fs::read_to_string(root().join("app/parts.toml"))?;
    let parts = toml::from_str(&parts).context("app/parts.toml")?;
    let mut programs = Vec::new();
    for entry in fs::read_dir(staging)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("modelspec-app") && name.ends_with("_bg.wasm") {
            programs.push(path);
        }
    }
    let [program] = &*programs else {
        bail!("trunk built {} programs for the page", programs.len());
    };
    let split::Split {
        first,
        rest,
        moved,
        stubs,
    } = split::split(&fs::read(program)?, &parts)?;
    println!("{moved} functions wait in a second file, behind {stubs} stubs");
    fs::write(program, first)?;
    fs::write(staging.join(format!("{REST}.wasm")), rest)?;
    Ok(())
}

/// Optimises the program for size and minifies the script that loads it.
fn shrink(staging: &Path) -> Result<()> {
    for entry in fs::read_dir(staging)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let file = path.display().to_string();
        if name.ends_with("_bg.wasm") {
            let mut arguments = vec!["-Oz", "--strip-debug", "--strip-producers"];
            arguments.extend(WASM_FEATURES);
            arguments.extend([file.as_str(), "-o", file.as_str()]);
            run(command("wasm-opt", arguments))?;
        } else if name.starts_with("modelspec-") && name.ends_with(".js") {
            let outfile = format!("--outfile={file}");
            run(command(
                "esbuild",
                [
                    &file,
                    "--minify",
                    "--format=esm",
                    "--allow-overwrite",
                    "--log-level=warning",
                    &outfile,
                ],
            ))?;
        }
    }
    shrink_styles(&staging.join("styles"))
}

fn shrink_styles(styles: &Path) -> Result<()> {
    let mut arguments = Vec::new();
    for entry in fs::read_dir(styles)? {
        arguments.push(entry?.path().display().to_string());
    }
    arguments.sort_unstable();
    arguments.extend(["--minify", "--allow-overwrite", "--log-level=warning"].map(str::to_owned));
    arguments.push(format!("--outdir={}", styles.display()));
    run(command("esbuild", arguments.iter().map(String::as_str)))
}

/// Renames a built file after its content, and says the new name.
fn fingerprinted(staging: &Path, stem: &str, extension: &str) -> Result<String> {
    let built = staging.join(format!("{stem}.{extension}"));
    let bytes = fs::read(&built).with_context(|| format!("trunk built no {stem}.{extension}"))?;
    let name = format!("{stem}-{:016x}.{extension}", fingerprint(&bytes));
    fs::rename(built, staging.join(&name))?;
    Ok(name)
}

/// The page with the files named that `start.js` hands on. Completing twice changes nothing.
fn complete(page: &str, files: &[(&str, &str)]) -> Result<String> {
    let page = page.replace("\r\n", "\n");
    let start = page
        .find("<script id=\"start\"")
        .context("index.html has no start script; Trunk.toml's `pattern_script` writes it")?;
    let (before, script) = page.split_at(start);
    let mut script = script.to_owned();
    for (what, file) in files {
        let named = format!(" data-{what}=\"./{file}\"");
        script = match script.split_once(&format!(" data-{what}=\"")) {
            Some((head, tail)) => {
                let rest = tail.split_once('"').map_or("", |(_, rest)| rest);
                format!("{head}{named}{rest}")
            }
            None => script.replacen('>', &format!("{named}>"), 1),
        };
    }
    let page = format!("{before}{script}");
    check(&page)?;
    Ok(page)
}

/// The same page in its embedded mode.
fn embedded(page: &str) -> Result<String> {
    let marked = page.replacen("<html ", "<html data-mode=\"embed\" ", 1);
    ensure!(
        marked != page,
        "index.html has no `<html lang=…>` to mark as embedded"
    );
    Ok(marked)
}

/// Refuses what the page's policy would refuse in the browser, and addresses that tie the
/// site to one place.
fn check(page: &str) -> Result<()> {
    ensure!(
        page.contains("http-equiv=\"Content-Security-Policy\""),
        "index.html has no Content-Security-Policy"
    );
    for (tag, why) in [
        ("<script", "an inline script"),
        ("<style", "an inline style"),
    ] {
        for part in page.split(tag).skip(1) {
            let open = part.split('>').next().unwrap_or_default();
            if tag == "<style" || !open.contains(" src=") {
                bail!("index.html has {why}, which its policy refuses: {tag}{open}>");
            }
        }
    }
    for attribute in [" src=\"", " href=\"", " data-js=\"", " data-wasm=\""] {
        for part in page.split(attribute).skip(1) {
            let address = part.split('"').next().unwrap_or_default();
            ensure!(
                !address.starts_with('/') && !address.contains("://"),
                "index.html names `{address}`; only relative addresses work under any path"
            );
        }
    }
    Ok(())
}

/// FNV-1a: tells versions of a file apart in its name.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::{check, complete, embedded};

    const PAGE: &str = concat!(
        "<!doctype html><html lang=\"en\"><head>",
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'self'\">",
        "<script id=\"start\" type=\"module\" src=\"./start.js\" data-js=\"./a.js\"></script>",
        "</head><body></body></html>"
    );

    #[test]
    fn completing_twice_changes_nothing() {
        let once = complete(PAGE, &[("editor", "editor-1.js")]).unwrap();
        assert!(once.contains("data-js=\"./a.js\" data-editor=\"./editor-1.js\"></script>"));
        assert_eq!(complete(&once, &[("editor", "editor-1.js")]).unwrap(), once);
    }

    #[test]
    fn a_new_editor_replaces_the_old() {
        let once = complete(PAGE, &[("editor", "editor-1.js")]).unwrap();
        assert_eq!(
            complete(&once, &[("editor", "editor-2.js")]).unwrap(),
            complete(PAGE, &[("editor", "editor-2.js")]).unwrap()
        );
    }

    #[test]
    fn the_embedded_page_differs_by_its_mode_alone() {
        let marked = embedded(PAGE).unwrap();
        assert_eq!(marked.replace(" data-mode=\"embed\"", ""), PAGE);
    }

    #[test]
    fn inline_code_is_refused() {
        for bad in [
            "<script>1</script>",
            "<script type=\"module\">1</script>",
            "<style>a{}</style>",
        ] {
            let error = check(&PAGE.replace("<body>", &format!("<body>{bad}"))).unwrap_err();
            assert!(error.to_string().contains("inline"), "{error}");
        }
    }

    #[test]
    fn addresses_that_leave_the_folder_are_refused() {
        for bad in ["/icon.svg", "https://example.org/icon.svg"] {
            let link = format!("<body><link href=\"{bad}\">");
            let error = check(&PAGE.replace("<body>", &link)).unwrap_err();
            assert!(error.to_string().contains(bad), "{error}");
        }
    }
}
