use super::File;
use crate::yaml::Node;

/// Which of a model's files one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// `config.json`.
    Config,
    /// `tokenizer_config.json`.
    TokenizerConfig,
    /// `tokenizer.json`: only its digest matters.
    Tokenizer,
    /// `sentence_bert_config.json`.
    SentenceBert,
    /// `config_sentence_transformers.json`.
    SentenceTransformers,
    /// `generation_config.json`.
    Generation,
    /// `modules.json`.
    Modules,
    /// `1_Pooling/config.json`.
    Pooling,
    /// `2_Dense/config.json`.
    Dense,
    /// `model.safetensors.index.json`.
    Index,
    /// `README.md` with front matter.
    Card,
}

/// Bytes within which a tokenizer's file says what it is.
const HEAD: usize = 4096;

/// Which of a model's files this is, by its content; the name decides only where several hold the
/// same keys.
pub(super) fn what(file: &File<'_>) -> Option<What> {
    let head = file.read(0, HEAD)?;
    let start = head
        .iter()
        .copied()
        .find(|byte| !byte.is_ascii_whitespace());
    let head = String::from_utf8_lossy(&head);
    if file.extension() == "md" {
        let front = head.strip_prefix("---")?;
        let keys = ["pipeline_tag:", "library_name:", "base_model:", "license:"];
        let stated = |key: &str| front.contains(&format!("\n{key}"));
        return keys.iter().any(|key| stated(key)).then_some(What::Card);
    }
    if !matches!(start, Some(b'{' | b'[' | 0xef)) {
        return None;
    }
    // It may be larger than a text that is read whole.
    let tokenizer = ["\"added_tokens\"", "\"truncation\""];
    if file.name() == "tokenizer.json" && tokenizer.iter().any(|key| head.contains(key)) {
        return Some(What::Tokenizer);
    }
    let by_name = |node: &Node| match file.name() {
        "generation_config.json" => Some(What::Generation),
        "tokenizer_config.json" => Some(What::TokenizerConfig),
        "sentence_bert_config.json" => Some(What::SentenceBert),
        "config_sentence_transformers.json" => Some(What::SentenceTransformers),
        _ => node.as_mapping().and(None),
    };
    let tree = file.tree()?;
    if let Some(list) = tree.as_sequence() {
        let is_module = |item: &Node| {
            let ty = item.get("type").and_then(Node::as_scalar);
            ty.is_some_and(|ty| ty.text.contains("sentence_transformers"))
        };
        return list.items.iter().any(is_module).then_some(What::Modules);
    }
    if let Some(what) = tree.as_mapping().and_then(|_| by_name(tree)) {
        return Some(what);
    }
    let has = |key: &str| tree.get(key).is_some();
    let has_pooling = |node: &Node| {
        let entries = node.as_mapping().map_or(&[][..], |map| &map.entries);
        entries
            .iter()
            .any(|entry| entry.key.text.starts_with("pooling_mode"))
    };
    if has("word_embedding_dimension") || has_pooling(tree) {
        return Some(What::Pooling);
    }
    if has("in_features") && has("out_features") {
        return Some(What::Dense);
    }
    if has("weight_map") {
        return Some(What::Index);
    }
    if has("architectures") || has("model_type") || has("text_config") || is_bare_config(tree) {
        return Some(What::Config);
    }
    if has("tokenizer_class") || has("model_max_length") {
        return Some(What::TokenizerConfig);
    }
    if has("max_seq_length") {
        return Some(What::SentenceBert);
    }
    has("similarity_fn_name").then_some(What::SentenceTransformers)
}

/// Whether a configuration of a model's shape alone; older ones say no more.
fn is_bare_config(tree: &Node) -> bool {
    tree.get("vocab_size").is_some()
        && (tree.get("hidden_size").is_some() || tree.get("max_position_embeddings").is_some())
}

/// The folder of the model that a file belongs to: its own, or the one above where its own is that
/// of one module, such as `1_Pooling`.
pub(in crate::import) fn root<'f>(file: &'f File<'_>) -> &'f str {
    let folder = file.folder();
    let (above, own) = folder.rsplit_once('/').unwrap_or(("", folder));
    let is_module = own.split_once('_').is_some_and(|(number, name)| {
        !number.is_empty()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && name.starts_with(|c: char| c.is_ascii_uppercase())
    });
    if is_module { above } else { folder }
}
