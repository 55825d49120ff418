//! What imports make of genuine files of others.
#![allow(missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

use modelspec_core::import::{self, File, Imported};
use modelspec_core::{Analysis, spec, yaml};
use modelspec_tests::shared;
use serde_json::{Value, json};

/// The value without what was noted about where it comes from.
fn genuine(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let own = map.iter().filter(|(key, _)| !key.starts_with("_source"));
            own.map(|(key, value)| (key.clone(), genuine(value)))
                .collect()
        }
        value => value.clone(),
    }
}

/// Modules as their file names them.
fn modules(kinds: &[Value]) -> Value {
    let kinds = kinds.iter().filter_map(Value::as_str).enumerate();
    kinds
        .map(|(at, kind)| {
            let path = if at == 0 {
                String::new()
            } else {
                format!("{at}_{kind}")
            };
            let ty = format!("sentence_transformers.models.{kind}");
            json!({"idx": at, "name": at.to_string(), "path": path, "type": ty})
        })
        .collect()
}

/// The files that are stored of a model, under its id.
fn files_of(model: &Value) -> Vec<(String, String)> {
    let id = model["id"]
        .as_str()
        .expect("a model has an id")
        .replace("(-Instruct)", "");
    let stored = model["files"].as_object().expect("a model has files");
    let files = stored
        .iter()
        .filter(|(name, value)| !name.starts_with('_') && !value.is_null());
    files
        .map(|(name, value)| {
            let value = match value {
                Value::Array(kinds) => modules(kinds),
                value => genuine(value),
            };
            (format!("{id}/{name}"), value.to_string())
        })
        .collect()
}

fn import(files: &[(String, String)]) -> Imported {
    let files: Vec<File<'_>> = files
        .iter()
        .map(|(path, text)| File::new(&**path, text))
        .collect();
    import::run(&files).unwrap_or_else(|error| panic!("{error}"))
}

/// The one node of a document.
fn node(imported: &Imported) -> Value {
    let parsed = yaml::read(&imported.text, &yaml::Limits::default());
    let nodes = parsed.documents[0]
        .at(["spec", "nodes"])
        .expect("it has nodes");
    let nodes = spec::to_json(nodes);
    let mut nodes = nodes.as_object().expect("nodes are a map").values();
    nodes.next().expect("there is one").clone()
}

/// A count as it is written: `32k`, `1024`.
fn count(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => spec::Count::parse(text).map(|count| count.0),
        value => value.as_u64(),
    }
}

#[test]
fn the_files_of_known_models_give_their_contracts() {
    let Some(folder) = shared::folder("data/hf") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("model-facts.json")).unwrap();
    let facts: Value = serde_json::from_str(&text).unwrap();
    let mut checked = 0;
    for model in facts["models"].as_array().unwrap() {
        let id = model["id"].as_str().unwrap();
        let files = files_of(model);
        if files.is_empty() {
            continue;
        }
        let imported = import(&files);
        let node = node(&imported);
        let vector = &node["outputs"]["vector"];
        let has = |name: &str| files.iter().any(|(path, _)| path.ends_with(name));
        let found = [
            ("embedding.dim", count(&vector["dim"]).map(Value::from)),
            (
                "maxInputTokens",
                count(&node["tokenizer"]["maxInputTokens"]).map(Value::from),
            ),
            (
                "contextTokens",
                count(&node["model"]["contextTokens"]).map(Value::from),
            ),
            (
                "pooling",
                Some(vector["pooling"].clone()).filter(|_| has("1_Pooling/config.json")),
            ),
            ("normalized", Some(vector["normalized"].clone())),
        ];
        // Nothing that is stored of this one says of which family it is.
        let unknown = |key: &str| id == "BAAI/bge-reranker-base" && key == "maxInputTokens";
        for (key, found) in found {
            let wanted = &model["contract"][key];
            if let Some(found) = found.filter(|_| !wanted.is_null() && !unknown(key)) {
                assert_eq!(&found, wanted, "{id}: {key}\n{}", imported.text);
                checked += 1;
            }
        }
        if let Some(bytes) = model["contract"]["kvBytesPerToken_bf16"].as_u64() {
            let of = |key: &str| count(&node["model"][key]).unwrap();
            assert_eq!(
                2 * of("layers") * of("kvHeads") * of("headDim") * 2,
                bytes,
                "{id}"
            );
            checked += 1;
        }
        let role = model["role"].as_str().unwrap();
        if model["files"]["config.json"]["architectures"].is_array() {
            assert_eq!(node["role"], role, "{id}\n{}", imported.text);
        }
    }
    assert!(checked >= 15, "{checked}");
}

#[test]
fn a_large_model_with_the_pooling_of_another_is_refused() {
    let Some(folder) = shared::folder("data/hf") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("model-facts.json")).unwrap();
    let facts: Value = serde_json::from_str(&text).unwrap();
    let mut models = facts["models"].as_array().unwrap().iter();
    let large = models
        .find(|model| model["id"] == "BAAI/bge-large-en-v1.5")
        .unwrap();
    let mut copy = large.clone();
    copy["files"]["1_Pooling/config.json"]["word_embedding_dimension"] = json!(768);
    let files = files_of(&copy);
    let files: Vec<File<'_>> = files
        .iter()
        .map(|(path, text)| File::new(&**path, text))
        .collect();
    let error = import::run(&files).unwrap_err();
    assert!(
        error
            .refusals()
            .any(|note| note.kind.code == "IM-HF-DIMENSION"),
        "{error}"
    );
}

/// All files under a folder.
fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The examples of a folder: every file, and every folder in it as one set.
fn sets(folder: &Path) -> Vec<Vec<(String, String)>> {
    let entries = fs::read_dir(folder).unwrap();
    let sets = entries.map(|entry| {
        let path = entry.unwrap().path();
        let mut files = Vec::new();
        if path.is_dir() {
            walk(&path, &mut files);
        } else {
            files.push(path);
        }
        let read = |file: PathBuf| {
            let name = file.strip_prefix(folder).unwrap().display().to_string();
            (name, fs::read_to_string(file).unwrap())
        };
        files.into_iter().map(read).collect()
    });
    sets.collect()
}

#[test]
fn every_valid_example_of_another_system_becomes_a_graph() {
    let Some(examples) = shared::folder("examples") else {
        return;
    };
    for system in [
        "argo-workflows",
        "haystack",
        "kserve",
        "opea-compose",
        "opea-gmc",
        "triton",
    ] {
        let sets = sets(&examples.join(system));
        assert!(!sets.is_empty(), "{system}");
        for set in sets {
            let files: Vec<File<'_>> = (set.iter())
                .map(|(path, text)| File::new(&**path, text))
                .collect();
            let name = &set[0].0;
            let result = import::run(&files);
            // The one that is invalid says so in its name.
            if name.contains("negative") {
                assert!(result.is_err(), "{system}/{name}");
                continue;
            }
            let imported = result.unwrap_or_else(|error| panic!("{system}/{name}: {error}"));
            let analysis = Analysis::new(&*imported.text);
            let graph = analysis.graph.as_ref().expect("a graph");
            assert!(graph.spec.nodes().count() > 1, "{system}/{name}");
            assert_eq!(analysis.reading.diagnostics, [], "{system}/{name}");
        }
    }
}
