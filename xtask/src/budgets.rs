//! The budgets of `budgets.toml`, measured on the built site.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::process::{node, read, root};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Budgets {
    first_load: FirstLoad,
    rest: Rest,
}

/// What the page fetches by itself once it is ready.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rest {
    total: u64,
}

/// What the first load may take, in kilobytes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLoad {
    wasm: u64,
    total: u64,
}

/// One requested file, as `tests/e2e/first-load.mjs` prints it.
#[derive(Deserialize)]
struct Loaded {
    file: String,
    bytes: u64,
    brotli: u64,
    /// Whether it is requested before the page is ready.
    first: bool,
}

/// Measures the first load of `dist/` and fails when it is above its budget.
pub(crate) fn first_load() -> Result<()> {
    let text =
        fs::read_to_string(root().join("budgets.toml")).context("cannot read budgets.toml")?;
    let budgets: Budgets = toml::from_str(&text).context("budgets.toml")?;
    let files: Vec<Loaded> = serde_json::from_str(&read(node(["tests/e2e/first-load.mjs"]))?)
        .context("tests/e2e/first-load.mjs printed something else")?;

    println!("{:<52} {:>10} {:>10}", "requested", "bytes", "brotli");
    for Loaded {
        file,
        bytes,
        brotli,
        first,
    } in &files
    {
        let when = if *first { "" } else { "   when ready" };
        println!("{file:<52} {bytes:>10} {brotli:>10}{when}");
    }
    let sum = |of: &dyn Fn(&Loaded) -> bool| -> u64 {
        let loaded = files.iter().filter(|loaded| of(loaded));
        loaded.map(|loaded| loaded.brotli).sum()
    };
    let is_wasm = |loaded: &Loaded| {
        Path::new(&loaded.file)
            .extension()
            .is_some_and(|end| end == "wasm")
    };
    let wasm = sum(&|loaded| loaded.first && is_wasm(loaded));
    let total = sum(&|loaded| loaded.first);
    let rest = sum(&|loaded| !loaded.first);
    if wasm == 0 {
        bail!("the page became ready without requesting its program");
    }
    if !files.iter().any(|loaded| !loaded.first && is_wasm(loaded)) {
        bail!("the rest of the program was requested before the page was ready, or never");
    }
    let mut above = Vec::new();
    for (name, measured, kilobytes) in [
        ("wasm", wasm, budgets.first_load.wasm),
        ("total", total, budgets.first_load.total),
        ("rest", rest, budgets.rest.total),
    ] {
        let budget = kilobytes * 1000;
        println!("{name:<52} {:>10} {measured:>10}   budget {budget}", "");
        if measured > budget {
            above.push(format!("{name} takes {measured} bytes of {budget}"));
        }
    }
    if !above.is_empty() {
        bail!("the page is above its budget: {}", above.join(", "));
    }
    Ok(())
}
