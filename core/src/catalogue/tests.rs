use std::path::Path;

use pretty_assertions::assert_eq;
use serde_json::Value;

use super::*;

#[test]
fn the_built_in_catalogue_is_read_whole() {
    let file = read(MODELS).unwrap();
    let catalogue = Catalogue::builtin();
    assert_eq!(
        catalogue.models().len(),
        file.models.unwrap().iter().count()
    );
    for model in catalogue.models() {
        assert!(model.role.is_some(), "{}", model.id);
        for fact in &model.facts {
            assert!(fact.source.starts_with("https://"), "{}", fact.key());
            assert_eq!(fact.date.len(), "2026-11-26".len(), "{}", fact.key());
        }
    }
}

/// What the collected facts call the keys of `config.json` that a node states as they stand.
const CONFIG: &[(&str, &str)] = &[
    ("model.layers", "num_hidden_layers"),
    ("model.heads", "num_attention_heads"),
    ("model.kvHeads", "num_key_value_heads"),
    ("model.headDim", "head_dim"),
    ("model.hidden", "hidden_size"),
    ("tokenizer.vocabSize", "vocab_size"),
];

#[test]
fn facts_are_those_that_were_collected_from_the_models_files() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let stated = std::env::var_os("MODELSPEC_SHARED").unwrap_or_else(|| "../shared".into());
    let path = workspace.join(stated).join("data/hf/model-facts.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!(
            "skipped: {} is not there; MODELSPEC_SHARED names its folder",
            path.display()
        );
        return;
    };
    let collected: Value = serde_json::from_str(&text).unwrap();
    let catalogue = Catalogue::builtin();
    let mut compared = 0;
    for facts in collected["models"].as_array().unwrap() {
        let id = facts["id"].as_str().unwrap();
        // One entry may stand for a model and its tuned twin: `name(-Instruct)`.
        let (base, twin) = id.split_once('(').unwrap_or((id, ")"));
        let twin = format!("{base}{}", twin.trim_end_matches(')'));
        for id in [base, &twin] {
            let model = catalogue
                .model(id)
                .unwrap_or_else(|| panic!("{id} is missing"));
            assert_eq!(model.role.unwrap().word(), facts["role"]);
            let config = &facts["files"]["config.json"];
            let contract = &facts["contract"];
            for fact in &model.facts {
                let key = fact.key();
                let wanted = match &*key {
                    "outputs.vector.dim" => &contract["embedding.dim"],
                    "outputs.vector.pooling" => &contract["pooling"],
                    "tokenizer.maxInputTokens" => &contract["maxInputTokens"],
                    key => match CONFIG.iter().find(|(own, _)| *own == key) {
                        Some((_, theirs)) => &config[*theirs],
                        None => continue,
                    },
                };
                // The page of one model calls its embedding by its hidden state.
                assert_eq!(&fact.value, wanted, "{id} {key}");
                compared += 1;
            }
        }
    }
    assert!(compared > 70, "{compared}");
}

const OWN: &str = r#"apiVersion: modelgraph/v1alpha1
kind: Catalogue
models:
  BAAI/bge-base-en-v1.5:
    - {source: our measurements, date: "2026-03-01", node: {tokenizer: {maxInputTokens: 500}}}
  acme/embedder:
    - source: the log
      date: "2026-03-01"
      node: {role: embedder, outputs: {vector: {dim: 8}}}
gpus:
  ACME-96GB: {source: a sheet, date: "2026-03-01", aliases: [acme], memory: 96GiB, bandwidthGBs: 1800, bf16Tflops: 400, price: 2usd/h}
engines:
  acme-serve: {source: ours, date: "2026-03-01", image: 'registry.example/acme/serve:2'}
"#;

#[test]
fn what_a_user_knows_comes_first() {
    let mut catalogue = Catalogue::builtin();
    catalogue.add(&read(OWN).unwrap());
    let bge = catalogue.model("baai/BGE-base-en-v1.5").unwrap();
    let fact = |key: &str| bge.facts.iter().find(|fact| fact.key() == key).unwrap();
    assert_eq!(fact("tokenizer.maxInputTokens").value, 500);
    assert_eq!(fact("tokenizer.maxInputTokens").source, "our measurements");
    assert_eq!(fact("model.hidden").value, 768);
    assert_eq!(
        catalogue.model("acme/embedder").unwrap().role,
        Some(Role::Embedder)
    );
    let gpu = catalogue.gpus().find("acme").unwrap();
    assert_eq!(&*gpu.name, "ACME-96GB");
    assert_eq!(gpu.product_label(), "acme");
    let first = catalogue.engines().next().unwrap();
    assert_eq!(
        first,
        (
            "acme-serve",
            Some("registry.example/acme/serve:2".to_owned())
        )
    );
}

#[test]
fn what_is_wrong_with_a_catalogue_is_said_with_its_place() {
    let told = |text: &str| -> Vec<String> {
        let found = read(text).unwrap_err();
        let words = found
            .iter()
            .map(|found| format!("{}: {}", found.span.of(text), found.message));
        words.collect()
    };
    let head = "apiVersion: modelgraph/v1alpha1\nkind: Catalogue\n";
    let wrong = told(&format!(
        "{head}gpus:\n  A: {{source: s, date: d, memory: lots, bandwidthGBs: 1, bf16Tflops: 1}}\n"
    ));
    assert!(wrong[0].starts_with("lots: "), "{wrong:?}");
    let wrong = told(&format!(
        "{head}models:\n  a/b:\n    - {{date: d, node: {{}}}}\n"
    ));
    assert!(wrong[0].contains("source"), "{wrong:?}");
    let wrong = told(
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {name: a}\nspec: {nodes: {}, edges: []}\n",
    );
    assert!(
        wrong[0].contains("no document of `kind: Catalogue`"),
        "{wrong:?}"
    );
}
