//! Scripts run in a shell, with a program in the server's place that tells its arguments.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use modelspec_core::export::{Artifacts, Language};
use modelspec_tests::graphs;
use proptest::prelude::*;
use serde_json::Value;

use super::{check_notes, documents, export};

/// What an option takes.
#[derive(Clone, Copy)]
enum Takes {
    Text,
    Number,
    Switch,
    One(&'static [&'static str]),
}

use Takes::{Number, One, Switch, Text};

/// Options of `vllm serve` 0.19, from its command-line reference.
const VLLM: &[(&str, Takes)] = &[
    ("model", Text),
    ("served-model-name", Text),
    ("host", Text),
    ("port", Number),
    ("revision", Text),
    (
        "dtype",
        One(&["auto", "bfloat16", "float", "float16", "float32", "half"]),
    ),
    ("quantization", Text),
    (
        "kv-cache-dtype",
        One(&["auto", "bfloat16", "fp8", "fp8_e4m3", "fp8_e5m2"]),
    ),
    ("tokenizer", Text),
    ("runner", One(&["auto", "draft", "generate", "pooling"])),
    ("max-model-len", Number),
    ("tensor-parallel-size", Number),
    ("chat-template", Text),
    ("max-num-seqs", Number),
    ("max-num-batched-tokens", Number),
];

/// Options of `text-embeddings-router` 1.9, from its `--help`.
const TEI: &[(&str, Takes)] = &[
    ("model-id", Text),
    ("revision", Text),
    ("served-model-name", Text),
    ("dtype", One(&["float16", "float32"])),
    ("hostname", Text),
    ("port", Number),
    ("max-concurrent-requests", Number),
    ("max-batch-tokens", Number),
    ("max-batch-requests", Number),
    ("max-client-batch-size", Number),
    ("auto-truncate", Switch),
];

/// Options of `text-generation-launcher` 3.3, from its `--help`.
const TGI: &[(&str, Takes)] = &[
    ("model-id", Text),
    ("revision", Text),
    ("num-shard", Number),
    ("dtype", One(&["float16", "bfloat16"])),
    ("kv-cache-dtype", One(&["fp8_e4m3fn", "fp8_e5m2"])),
    ("max-concurrent-requests", Number),
    ("max-input-tokens", Number),
    ("max-total-tokens", Number),
    ("hostname", Text),
    ("port", Number),
];

fn check_option(options: &[(&str, Takes)], key: &str, value: &str) {
    let Some((_, takes)) = options.iter().find(|(name, _)| *name == key) else {
        panic!("no option --{key}")
    };
    let fits = match takes {
        Text => !value.is_empty(),
        Number => value.parse::<u64>().is_ok(),
        Switch => matches!(value, "true" | "false"),
        One(words) => words.contains(&value),
    };
    assert!(fits, "--{key}={value}");
}

/// The options of a script's command, as a program started by it sees them.
fn told(folder: &Path, script: &str, program: &str) -> Vec<String> {
    let stand_in = folder.join(program);
    std::fs::write(&stand_in, "#!/bin/sh\nprintf '%s\\0' \"$@\"\n").unwrap();
    let made = Command::new("chmod").arg("+x").arg(&stand_in).status();
    assert!(made.unwrap().success());
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let secrets = std::fs::read_to_string(folder.join(script)).unwrap();
    let mut command = Command::new("sh");
    command.arg(folder.join(script)).env("PATH", path);
    for line in secrets.lines() {
        if let Some(name) = line
            .strip_prefix(": \"${")
            .and_then(|it| it.split_once(':'))
        {
            command.env(name.0, "x");
        }
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {said}\n{secrets}");
    let words = String::from_utf8(output.stdout).unwrap();
    let words = words.strip_suffix('\0').unwrap_or(&words);
    words.split('\0').map(str::to_owned).collect()
}

fn write(folder: &Path, artifacts: &Artifacts) {
    std::fs::create_dir_all(folder).unwrap();
    for file in &artifacts.files {
        std::fs::write(folder.join(&file.path), &file.text).unwrap();
    }
}

/// The options that vLLM reads from the file that a script names.
fn configured(words: &[String]) -> BTreeMap<String, String> {
    let [serve, config, path] = words else {
        panic!("{words:?}")
    };
    assert_eq!((&**serve, &**config), ("serve", "--config"));
    let text = std::fs::read_to_string(path).unwrap();
    let [Value::Object(file)] = &documents(&text)[..] else {
        panic!("one map: {text}")
    };
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let file = file.iter().map(|(key, value)| (key.clone(), plain(value)));
    file.collect()
}

/// Checks the scripts of a target in a folder of their own; gives their number.
fn check(target: &str, folder: &str, text: &str) -> usize {
    let Some(artifacts) = export(target, text) else {
        return 0;
    };
    check_notes(&artifacts, text);
    assert_eq!(
        export(target, text).as_ref(),
        Some(&artifacts),
        "equal graphs, equal bytes"
    );
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{folder} of {target}"));
    write(&folder, &artifacts);
    let scripts = artifacts
        .files
        .iter()
        .filter(|file| file.language == Language::Shell);
    let mut count = 0;
    for script in scripts {
        count += 1;
        let (options, model) = match target {
            "vllm" => (configured(&told(&folder, &script.path, "vllm")), "model"),
            "tei" => (
                split(&told(&folder, &script.path, "text-embeddings-router")),
                "model-id",
            ),
            _ => (
                split(&told(&folder, &script.path, "text-generation-launcher")),
                "model-id",
            ),
        };
        let known = match target {
            "vllm" => VLLM,
            "tei" => TEI,
            _ => TGI,
        };
        for (key, value) in &options {
            check_option(known, key, value);
        }
        assert!(options.contains_key(model), "{options:?}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
    count
}

fn split(words: &[String]) -> BTreeMap<String, String> {
    let split = |word: &String| {
        let (key, value) = word.strip_prefix("--").unwrap().split_once('=').unwrap();
        (key.to_owned(), value.to_owned())
    };
    let options: BTreeMap<String, String> = words.iter().map(split).collect();
    assert_eq!(options.len(), words.len(), "an option twice: {words:?}");
    options
}

#[test]
fn shipped_examples_start_servers() {
    let mut counts = BTreeMap::new();
    for (_, text) in graphs::examples() {
        for target in ["vllm", "tei", "tgi"] {
            *counts.entry(target).or_insert(0) += check(target, "examples", &text);
        }
    }
    assert!(counts["vllm"] > 5 && counts["tei"] > 2, "{counts:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn random_graphs_start_servers(text in graphs::random()) {
        for target in ["vllm", "tei", "tgi"] {
            check(target, "random", &text);
        }
    }
}
