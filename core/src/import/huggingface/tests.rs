use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::*;
use crate::Analysis;
use crate::check::Severity;
use crate::import::{self, ImportError, Imported, Note};
use crate::spec::{self, to_json};

/// Imports files of one folder.
fn import(folder: &str, files: &[(&str, Value)]) -> Result<Imported, ImportError> {
    let contents: Vec<String> = files
        .iter()
        .map(|(_, value)| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .collect();
    let files: Vec<File<'_>> = files
        .iter()
        .zip(&contents)
        .map(|((name, _), content)| File::new(format!("{folder}/{name}"), content))
        .collect();
    import::run(&files)
}

/// The one node of an import, and its notes; the graph has no error.
fn node(folder: &str, files: &[(&str, Value)]) -> (Value, Vec<Note>) {
    let imported = import(folder, files).unwrap_or_else(|error| panic!("{error}"));
    let analysis = Analysis::new(&*imported.text);
    assert_eq!(
        analysis.count(Severity::Error),
        0,
        "{}\n{:?}",
        imported.text,
        analysis.diagnostics
    );
    let reading = spec::read(&imported.text);
    let nodes = to_json(reading.trees[0].at(["spec", "nodes"]).unwrap());
    let nodes = nodes.as_object().unwrap();
    assert_eq!(nodes.len(), 1);
    (nodes.values().next().unwrap().clone(), imported.notes)
}

fn codes(notes: &[Note]) -> Vec<&str> {
    notes.iter().map(|note| note.kind.code).collect()
}

fn modules(kinds: &[&str]) -> Value {
    let modules = kinds.iter().enumerate().map(|(at, kind)| {
        let path = if at == 0 {
            String::new()
        } else {
            format!("{at}_{kind}")
        };
        let ty = format!("sentence_transformers.models.{kind}");
        json!({"idx": at, "name": at.to_string(), "path": path, "type": ty})
    });
    modules.collect()
}

fn bert(hidden: u64) -> Value {
    json!({"architectures": ["BertModel"], "model_type": "bert", "hidden_size": hidden,
        "num_hidden_layers": 6, "num_attention_heads": 12, "max_position_embeddings": 512,
        "pad_token_id": 0, "vocab_size": 30522, "torch_dtype": "float32"})
}

fn minilm() -> Vec<(&'static str, Value)> {
    vec![
        ("config.json", bert(384)),
        (
            "sentence_bert_config.json",
            json!({"max_seq_length": 256, "do_lower_case": false}),
        ),
        (
            "1_Pooling/config.json",
            json!({"word_embedding_dimension": 384,
            "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true}),
        ),
        (
            "modules.json",
            modules(&["Transformer", "Pooling", "Normalize"]),
        ),
        (
            "tokenizer_config.json",
            json!({"tokenizer_class": "BertTokenizer", "model_max_length": 512}),
        ),
        (
            "config_sentence_transformers.json",
            json!({"similarity_fn_name": "cosine",
            "__version__": {"sentence_transformers": "2.0.0"}}),
        ),
    ]
}

/// Its configuration says 512: what it was trained for and is served with is 256.
#[test]
fn minilm_gives_384_dimensions_and_takes_256_tokens() {
    let (node, notes) = node("sentence-transformers/all-MiniLM-L6-v2", &minilm());
    assert_eq!(node["role"], "embedder");
    assert_eq!(
        node["outputs"]["vector"],
        json!({
            "type": "vector", "dim": 384, "metric": "cosine", "normalized": true, "pooling": "mean",
            "space": "sentence-transformers/all-MiniLM-L6-v2",
        })
    );
    assert_eq!(node["tokenizer"]["maxInputTokens"], 256);
    assert_eq!(node["model"]["contextTokens"], 512);
    assert_eq!(node["model"]["headDim"], 32);
    assert_eq!(node["model"]["precision"], "fp32");
    assert_eq!(node["tokenizer"]["id"], "BertTokenizer/30522/-,-,0");
    let codes = codes(&notes);
    assert!(
        codes.contains(&"IM-HF-TOKENIZER") && codes.contains(&"IM-HF-MODEL"),
        "{codes:?}"
    );
}

/// A public copy of bge-large has the pooling of bge-base.
#[test]
fn a_pooling_of_another_model_is_refused() {
    let files = [
        ("config.json", bert(1024)),
        (
            "1_Pooling/config.json",
            json!({"word_embedding_dimension": 768, "pooling_mode_cls_token": true}),
        ),
    ];
    let error = import("BAAI/bge-large-en-v1.5", &files).unwrap_err();
    let refusal = error.refusals().next().unwrap();
    assert_eq!(refusal.kind, &DIMENSION);
    assert_eq!(
        refusal.place.file,
        "BAAI/bge-large-en-v1.5/1_Pooling/config.json"
    );
    assert_eq!(
        refusal.message,
        "`bge-large-en-v1-5` pools vectors of 768 dimensions, and \
         BAAI/bge-large-en-v1.5/config.json says that the model gives 1024"
    );
    let at = files[1].1.to_string();
    assert_eq!(refusal.place.span.of(&at), "768");
    assert!(refusal.help.is_some());
}

#[test]
fn roberta_counts_its_places_from_behind_the_padding() {
    let config = json!({"architectures": ["XLMRobertaForSequenceClassification"],
        "model_type": "xlm-roberta", "hidden_size": 1024, "num_hidden_layers": 24,
        "max_position_embeddings": 8194, "pad_token_id": 1, "vocab_size": 250_002,
        "id2label": {"0": "LABEL_0"}, "torch_dtype": "float32"});
    let (node, notes) = node("BAAI/bge-reranker-v2-m3", &[("config.json", config)]);
    assert_eq!(node["role"], "reranker");
    assert_eq!(node["tokenizer"]["maxInputTokens"], 8192);
    let role = notes.iter().find(|note| note.kind == &ROLE).unwrap();
    assert_eq!(role.value.as_deref(), Some("reranker"));
}

/// The architecture alone says so where neither family nor padding is stated.
#[test]
fn an_older_configuration_of_roberta_is_known_by_its_architecture() {
    let config = json!({"architectures": ["XLMRobertaForSequenceClassification"],
        "hidden_size": 1024, "num_hidden_layers": 24, "max_position_embeddings": 514,
        "vocab_size": 250_002});
    let tokenizer = json!({"tokenizer_class": "XLMRobertaTokenizer", "model_max_length": 512});
    let files = [
        ("config.json", config),
        ("tokenizer_config.json", tokenizer),
    ];
    let (node, _) = node("BAAI/bge-reranker-large", &files);
    assert_eq!(
        (&node["role"], &node["tokenizer"]["maxInputTokens"]),
        (&json!("reranker"), &json!(512))
    );
}

fn mistral(vocabulary: u64, window: &Value) -> Value {
    json!({"architectures": ["MistralForCausalLM"], "model_type": "mistral", "hidden_size": 4096,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
        "max_position_embeddings": 32768, "sliding_window": window, "vocab_size": vocabulary,
        "torch_dtype": "bfloat16"})
}

#[test]
fn two_versions_of_a_family_differ_in_tokenizer_and_window() {
    let (old, told) = node(
        "mistralai/Mistral-7B-Instruct-v0.1",
        &[("config.json", mistral(32000, &json!(4096)))],
    );
    let (new, untold) = node(
        "mistralai/Mistral-7B-v0.3",
        &[("config.json", mistral(32768, &Value::Null))],
    );
    assert_eq!(old["tokenizer"]["vocabSize"], "32k");
    assert_eq!(new["tokenizer"]["vocabSize"], 32768);
    assert_eq!(old["annotations"]["huggingface/slidingWindow"], 4096);
    assert!(codes(&told).contains(&"IM-HF-WINDOW") && !codes(&untold).contains(&"IM-HF-WINDOW"));
    assert_eq!(new["role"], "generator");
    assert_eq!(new["model"]["kvHeads"], 8);
}

/// Its card promises 131,072 tokens, which needs settings that the files do not have.
#[test]
fn the_context_is_that_of_the_configuration_not_of_the_card() {
    let config = json!({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2",
        "hidden_size": 3584, "num_hidden_layers": 28, "num_attention_heads": 28,
        "num_key_value_heads": 4, "max_position_embeddings": 32768, "vocab_size": 152_064,
        "torch_dtype": "bfloat16", "use_sliding_window": false, "sliding_window": 131_072});
    let tokenizer = json!({"tokenizer_class": "Qwen2Tokenizer", "model_max_length": 131_072,
        "chat_template": "{{ messages }}"});
    let card = "---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n# Qwen\ncontext: 131,072: tokens\n";
    let files = [
        ("config.json", config),
        ("tokenizer_config.json", tokenizer),
        ("README.md", json!(card)),
    ];
    let (node, notes) = node("Qwen/Qwen2.5-7B-Instruct", &files);
    assert_eq!(node["model"]["contextTokens"], 32768);
    assert_eq!(node["model"]["headDim"], 128);
    assert_eq!(node["model"]["license"], "apache-2.0");
    assert_eq!(node["model"]["id"], "Qwen/Qwen2.5-7B-Instruct");
    let codes = codes(&notes);
    assert!(
        codes.contains(&"IM-HF-LENGTH") && codes.contains(&"IM-HF-HEAD"),
        "{codes:?}"
    );
    assert!(!codes.contains(&"IM-HF-WINDOW"), "{codes:?}");
    let padded = notes
        .iter()
        .find(|note| note.message.contains("padded"))
        .unwrap();
    assert_eq!(
        (padded.kind, padded.value.as_deref()),
        (&TOKENIZER, Some("152064"))
    );
}

#[test]
fn the_last_dense_module_decides_on_dimensions() {
    let pooling = json!({"word_embedding_dimension": 1024, "pooling_mode_mean_tokens": true});
    let dense = |takes: u64, gives: u64| json!({"in_features": takes, "out_features": gives, "bias": false});
    let files = |takes, gives| {
        [
            ("1_Pooling/config.json", pooling.clone()),
            ("2_Dense/config.json", dense(takes, gives)),
            (
                "modules.json",
                modules(&["Transformer", "Pooling", "Dense", "Normalize"]),
            ),
        ]
    };
    let (down, _) = node("hkunlp/instructor-xl", &files(1024, 768));
    assert_eq!(down["outputs"]["vector"]["dim"], 768);
    let (up, _) = node(
        "SeanLee97/mxbai-embed-large-v1-nli-matryoshka",
        &files(1024, 3072),
    );
    assert_eq!(up["outputs"]["vector"]["dim"], 3072);
    let error = import("hkunlp/instructor-xl", &files(768, 768)).unwrap_err();
    assert_eq!(
        error
            .notes
            .iter()
            .find(|note| note.kind == &DIMENSION)
            .unwrap()
            .place
            .file,
        "hkunlp/instructor-xl/2_Dense/config.json"
    );
}

#[test]
fn a_guard_that_generates_text_is_asked_about() {
    let config = json!({"architectures": ["LlamaForCausalLM"], "model_type": "llama",
        "hidden_size": 4096, "num_hidden_layers": 32, "num_key_value_heads": 8,
        "max_position_embeddings": 8192, "vocab_size": 128_256});
    let (node, notes) = node(
        "meta-llama/Meta-Llama-Guard-2-8B",
        &[("config.json", config)],
    );
    assert_eq!(node["role"], "guardrail");
    assert!(codes(&notes).contains(&"IM-HF-ROLE"));
}

#[test]
fn a_tokenizer_without_limit_has_none() {
    let text = r#"{"tokenizer_class": "BertTokenizer", "model_max_length": 1000000000000000019884624838656}"#;
    let files = [
        ("config.json", bert(768)),
        ("tokenizer_config.json", json!(text)),
    ];
    let (node, _) = node("BAAI/bge-base-en-v1.5", &files);
    assert_eq!(node["tokenizer"]["maxInputTokens"], 512);
}

#[test]
fn models_of_several_senses_keep_theirs_for_text_within() {
    let config = json!({"architectures": ["Mistral3ForConditionalGeneration"], "model_type": "mistral3",
        "text_config": {"hidden_size": 5120, "num_hidden_layers": 40, "num_attention_heads": 32,
            "head_dim": 128, "num_key_value_heads": 8, "max_position_embeddings": 131_072,
            "vocab_size": 131_072, "dtype": "bfloat16", "rope_theta": 1e9},
        "vision_config": {"hidden_size": 1024}});
    let (node, _) = node("mistralai/Mistral-Small", &[("config.json", config)]);
    assert_eq!(node["model"]["hidden"], 5120);
    assert_eq!(node["model"]["headDim"], 128);
    assert_eq!(node["model"]["precision"], "bf16");
    assert_eq!(
        node["annotations"]["huggingface/config.json"]["vision_config"],
        json!({"hidden_size": 1024})
    );
    assert!(node["annotations"]["huggingface/text_config"]["rope_theta"].is_number());
}

#[test]
fn the_folder_of_a_cache_names_model_and_revision() {
    let folder =
        "hub/models--BAAI--bge-base-en-v1.5/snapshots/a5beb1e3e68b9ab74eb54cfd186867f64f240e1a";
    let tokenizer = json!("{\"version\": \"1.0\", \"truncation\": null, \"added_tokens\": []}");
    let files = [
        ("config.json", bert(768)),
        ("tokenizer.json", tokenizer.clone()),
    ];
    let (node, _) = node(folder, &files);
    assert_eq!(node["model"]["id"], "BAAI/bge-base-en-v1.5");
    assert_eq!(
        node["model"]["revision"],
        "a5beb1e3e68b9ab74eb54cfd186867f64f240e1a"
    );
    let digest = crate::lock::Digest::of(tokenizer.as_str().unwrap().as_bytes());
    assert_eq!(node["tokenizer"]["digest"], digest.to_string());
    assert_eq!(node["tokenizer"]["id"], "BAAI/bge-base-en-v1.5");
}

#[test]
fn a_size_that_cannot_be_is_refused() {
    for bad in [json!(-1), json!("big"), json!([384]), json!(1.5), json!(0)] {
        let mut config = bert(384);
        config["hidden_size"] = bad.clone();
        let error = import("a/b", &[("config.json", config)]).unwrap_err();
        assert_eq!(
            error
                .notes
                .iter()
                .filter(|note| note.kind == &VALUE)
                .count(),
            1,
            "{bad}"
        );
    }
    let error = import(
        "a/b",
        &[(
            "config.json",
            json!("{\"model_type\": \"bert\", \"a\": [1}"),
        )],
    )
    .unwrap_err();
    assert_eq!(error.refusals().next().unwrap().kind.code, "IM-SYNTAX");
}

#[test]
fn a_module_that_is_not_there_is_told() {
    let files = [
        ("config.json", bert(384)),
        (
            "modules.json",
            modules(&["Transformer", "Pooling", "Normalize"]),
        ),
    ];
    let (node, notes) = node("a/b", &files);
    assert_eq!(node["outputs"]["vector"]["dim"], 384);
    assert!(codes(&notes).contains(&"IM-HF-MODULES"));
}
