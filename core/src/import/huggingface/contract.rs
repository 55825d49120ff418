//! What a model takes and gives, from all of its files together.

use serde_json::Value;

use super::identity::Identity;
use super::outputs::labels;
use super::{Files, HEAD, LENGTH, MODEL, ROLE, TOKENIZER, WINDOW};
use crate::import::{Draft, Place};
use crate::lock::Digest;
use crate::spec::Role;
use crate::yaml::Node;

/// From this on, a tokenizer's length says that there is no limit.
const NO_LIMIT: u64 = 1_000_000;

/// Reads the files of one model into its node.
pub(super) struct Reader<'r> {
    pub(super) node: &'r str,
    pub(super) identity: &'r Identity,
    pub(super) draft: &'r mut Draft,
}

/// A dimension and where it is said.
pub(super) type Said = (u64, Place);

impl Reader<'_> {
    pub(super) fn read(mut self, files: &mut Files<'_>) {
        // Models of several senses keep the one for text within.
        files.inner = files
            .config
            .as_mut()
            .and_then(|config| config.inner("text_config"));
        let role = self.role(files);
        self.draft.put(self.node, &["role"], role.word());
        let hidden = self.shape(files);
        self.precision(files);
        self.parameters(files);
        let positions = self.positions(files);
        self.tokens(role, positions.as_ref(), files);
        self.tokenizer(files);
        self.window(files);
        if role == Role::Embedder {
            self.vector(hidden, files);
        }
        if role == Role::Classifier || role == Role::Guardrail {
            self.labels(role, files);
        }
        self.generation(role, files);
        let place = files.place();
        let message = format!("`{}` is a {} of these files", self.node, role.word());
        self.draft
            .understand(&MODEL, place, Some(self.node), message);
    }

    pub(super) fn put(&mut self, path: &[&str], value: impl Into<Value>) {
        self.draft.put(self.node, path, value);
    }

    /// What the model does: certain where modules, pooling or the architecture say so.
    fn role(&mut self, files: &mut Files<'_>) -> Role {
        let architecture = files.config.as_mut().and_then(|config| {
            let list = config.get("architectures")?.as_sequence()?;
            Some(&*list.items.first()?.as_scalar()?.text)
        });
        let architecture = architecture.unwrap_or_default();
        let tag = files
            .card
            .as_mut()
            .and_then(|card| card.text("pipeline_tag"));
        if let Some(config) = &mut files.config
            && let Some(family) = config.text("model_type")
        {
            self.put(&["model", "family"], family);
        }
        if let Some(license) = files.card.as_mut().and_then(|card| card.text("license")) {
            self.put(&["model", "license"], license);
        }
        if let Some(tag) = tag {
            self.put(&["model", "task"], tag);
        }
        let embeds = files.modules.is_some() || !files.pooling.is_empty();
        let has_sentences = files.sentence_bert.is_some() && !architecture.contains("For");
        if embeds || has_sentences {
            return Role::Embedder;
        }
        let name = self.identity.id.as_deref().unwrap_or(&self.identity.wanted);
        let name = name.to_lowercase();
        let guards = ["guard", "moderation", "shield", "safety"];
        let is_guard = guards.iter().any(|word| name.contains(word));
        let generates = ["ForCausalLM", "ForConditionalGeneration", "LMHeadModel"];
        let (role, why) = if generates.iter().any(|end| architecture.ends_with(end)) {
            if !is_guard {
                return Role::Generator;
            }
            (
                Role::Guardrail,
                "its name, for it generates text like others",
            )
        } else if architecture.ends_with("ForSequenceClassification") {
            let labels = labels(files).len();
            match (tag, labels) {
                (Some("text-ranking"), _) => return Role::Reranker,
                _ if is_guard => (Role::Guardrail, "its name, for it gives labels like others"),
                (_, 1) => (Role::Reranker, "its one label, a score"),
                _ if name.contains("rerank") => (Role::Reranker, "its name"),
                _ => (Role::Classifier, "its architecture; it may be a guardrail"),
            }
        } else if architecture.contains("Classification") {
            return Role::Classifier;
        } else {
            match tag {
                Some("sentence-similarity" | "feature-extraction") => return Role::Embedder,
                Some("text-ranking") => return Role::Reranker,
                _ if is_guard => (Role::Guardrail, "its name"),
                Some("text-generation") => return Role::Generator,
                _ if name.contains("rerank") => (Role::Reranker, "its name"),
                _ if !files.dense.is_empty() || architecture.ends_with("Model") => {
                    (Role::Embedder, "its architecture, which has no head")
                }
                _ => (Role::Transformer, "nothing that the files say"),
            }
        };
        let message = format!("the role of `{}` is taken from {why}", self.node);
        let place = files
            .config
            .as_ref()
            .map_or_else(|| files.place(), |config| config.place("architectures"));
        let value = role.word();
        self.draft
            .guess(&ROLE, place, Some(self.node), message, value);
        role
    }

    /// Layers, heads and widths; gives the width of a hidden state.
    fn shape(&mut self, files: &mut Files<'_>) -> Option<Said> {
        let mut hidden = None;
        for page in files.configs() {
            let draft = &mut *self.draft;
            let layers = page.first(&["num_hidden_layers", "n_layer", "num_layers"], draft);
            let heads = page.first(&["num_attention_heads", "n_head", "num_heads"], draft);
            let kv = page.first(&["num_key_value_heads"], draft);
            let dim = page.first(&["head_dim"], draft);
            let widths = ["hidden_size", "n_embd", "d_model", "dim"];
            let width = page.first(&widths, draft);
            let place = widths
                .into_iter()
                .find(|key| page.tree.get(key).is_some())
                .map_or_else(|| page.place(""), |key| page.place(key));
            for (key, value) in [
                ("layers", layers),
                ("heads", heads),
                ("kvHeads", kv),
                ("headDim", dim),
                ("hidden", width),
            ] {
                if let Some(value) = value {
                    self.put(&["model", key], value);
                }
            }
            hidden = hidden.or_else(|| Some((width?, place.clone())));
            if let (Some(width), Some(heads), None) = (width, heads, dim)
                && width.checked_rem(heads) == Some(0)
                && let Some(dim) = width.checked_div(heads)
                && self.draft.get(self.node, &["model", "headDim"]).is_none()
            {
                self.put(&["model", "headDim"], dim);
                let message = format!(
                    "the head size of `{}` is its width over its heads, {width} / {heads}",
                    self.node
                );
                let value = dim.to_string();
                self.draft
                    .guess(&HEAD, place, Some(self.node), message, value);
            }
        }
        hidden
    }

    fn precision(&mut self, files: &mut Files<'_>) {
        for page in files.configs() {
            let quantized = page.inner("quantization_config").and_then(|mut config| {
                let method = config.text("quant_method").unwrap_or_default();
                let bits = config.whole("bits", 1, self.draft);
                match (method, bits) {
                    ("fp8" | "fbgemm_fp8", _) => Some("fp8"),
                    ("mxfp4" | "nvfp4", _) => Some("fp4"),
                    (_, Some(4)) => Some("int4"),
                    (_, Some(8)) => Some("int8"),
                    _ if config.flag("load_in_4bit") == Some(true) => Some("int4"),
                    _ if config.flag("load_in_8bit") == Some(true) => Some("int8"),
                    _ => None,
                }
            });
            let old = page.text("torch_dtype");
            let stored = old.or(page.text("dtype")).and_then(|dtype| {
                match dtype.trim_start_matches("torch.") {
                    "float32" => Some("fp32"),
                    "bfloat16" => Some("bf16"),
                    "float16" => Some("fp16"),
                    "float8_e4m3fn" | "float8_e5m2" => Some("fp8"),
                    "int8" => Some("int8"),
                    _ => None,
                }
            });
            if let Some(precision) = quantized.or(stored) {
                self.put(&["model", "precision"], precision);
            }
        }
    }

    /// The number of parameters, where the index of the weights says it.
    fn parameters(&mut self, files: &mut Files<'_>) {
        let metadata = files
            .index
            .as_mut()
            .and_then(|index| index.inner("metadata"));
        if let Some(mut metadata) = metadata
            && let Some(count) = metadata.whole("total_parameters", 1, self.draft)
        {
            self.put(&["model", "parameters"], count);
        }
    }

    /// How many places the model tells apart, those that it keeps for itself left out.
    fn positions(&mut self, files: &mut Files<'_>) -> Option<Said> {
        let mut found = None;
        for page in files.configs() {
            let keys = [
                "max_position_embeddings",
                "n_positions",
                "max_trained_positions",
                "max_sequence_length",
                "n_ctx",
            ];
            let positions = page.first(&keys, self.draft);
            let family = page.text("model_type").unwrap_or_default();
            let architectures = page.tree.at(["architectures", "0"]);
            let architecture = architectures.and_then(Node::as_scalar);
            let architecture = architecture.map_or("", |scalar| &scalar.text);
            let padded = matches!(family, "roberta" | "xlm-roberta" | "camembert")
                || ["Roberta", "XLMRoberta", "Camembert"]
                    .iter()
                    .any(|name| architecture.starts_with(name));
            let pad = page.whole("pad_token_id", 0, self.draft);
            // These count their places from behind the one of the padding; theirs is 1.
            let offset = match (padded, pad) {
                (true, pad) => pad.unwrap_or(1).saturating_add(1),
                (false, _) => 0,
            };
            let place = keys
                .into_iter()
                .find(|key| page.tree.get(key).is_some())
                .map_or_else(|| page.place(""), |key| page.place(key));
            found = found.or_else(|| Some((positions?.saturating_sub(offset), place)));
        }
        found
    }

    /// The context, and the most tokens of an input.
    fn tokens(&mut self, role: Role, positions: Option<&Said>, files: &mut Files<'_>) {
        let sentences = files.sentence_bert.as_mut().and_then(|page| {
            let tokens = page.whole("max_seq_length", 1, self.draft)?;
            Some((tokens, page.place("max_seq_length")))
        });
        let tokenizer = files.tokenizer_config.as_mut().and_then(|page| {
            let tokens = page.whole("model_max_length", 1, self.draft)?;
            let place = page.place("model_max_length");
            (tokens < NO_LIMIT).then_some((tokens, place))
        });
        if let Some((positions, _)) = positions {
            self.put(&["model", "contextTokens"], *positions);
        }
        if role == Role::Generator {
            if let (Some((positions, _)), Some((tokens, place))) = (positions, tokenizer)
                && tokens > *positions
            {
                let message = format!(
                    "the tokenizer of `{}` takes {tokens} tokens and the model {positions}: \
                     the less holds, unless the server is told to stretch positions",
                    self.node
                );
                let value = positions.to_string();
                self.draft
                    .guess(&LENGTH, place, Some(self.node), message, value);
            }
            return;
        }
        let least = |a: Option<Said>, b: Option<Said>| match (a, b) {
            (Some(a), Some(b)) => Some(if b.0 < a.0 { b } else { a }),
            (a, b) => a.or(b),
        };
        let stated = sentences.is_some();
        let limit = least(sentences.clone(), positions.cloned());
        let limit = if stated {
            limit
        } else {
            least(limit, tokenizer)
        };
        let Some((tokens, place)) = limit else { return };
        if let Some((said, _)) = sentences.filter(|(said, _)| *said > tokens) {
            let message = format!(
                "`max_seq_length` of `{}` is {said}, and the model has only {tokens} places",
                self.node
            );
            let value = tokens.to_string();
            self.draft
                .guess(&LENGTH, place, Some(self.node), message, value);
        }
        self.put(&["tokenizer", "maxInputTokens"], tokens);
    }

    fn tokenizer(&mut self, files: &mut Files<'_>) {
        let mut vocabulary = None;
        for page in files.configs() {
            let size = page.whole("vocab_size", 1, self.draft);
            let place = page.place("vocab_size");
            vocabulary = vocabulary.or_else(|| Some((size?, place)));
        }
        if let Some((size, place)) = &vocabulary {
            self.put(&["tokenizer", "vocabSize"], *size);
            let message = format!(
                "the vocabulary of `{}` is that of its weights, which may be padded beyond its \
                 tokenizer's",
                self.node
            );
            let value = size.to_string();
            self.draft
                .guess(&TOKENIZER, place.clone(), Some(self.node), message, value);
        }
        if let Some((_, digest)) = &files.tokenizer {
            self.put(&["tokenizer", "digest"], &**digest);
            if let Some(id) = &self.identity.id {
                self.put(&["tokenizer", "id"], &**id);
            }
        }
        let Some(page) = &mut files.tokenizer_config else {
            return;
        };
        if let Some(template) = page.text("chat_template") {
            // Pages of template would hide the graph; whether it is the same one is what matters.
            let digest = Digest::of(template.as_bytes()).to_string();
            self.put(&["model", "chatTemplate"], digest);
        }
        let Some(class) = page.text("tokenizer_class") else {
            return;
        };
        if files.tokenizer.is_some() {
            return;
        }
        let config = files.config.as_ref();
        let special = ["bos_token_id", "eos_token_id", "pad_token_id"].map(|key| {
            let node = config.and_then(|config| config.tree.get(key));
            node.and_then(Node::as_scalar).map_or("-", |id| &*id.text)
        });
        let size = vocabulary.map_or_else(|| "-".to_owned(), |(size, _)| size.to_string());
        let id = format!("{class}/{size}/{}", special.join(","));
        self.put(&["tokenizer", "id"], &*id);
        let message = format!(
            "`tokenizer.json` of `{}` is not among the files: its class, size and special ids are \
             a weak identity",
            self.node
        );
        let place = page.place("tokenizer_class");
        self.draft
            .guess(&TOKENIZER, place, Some(self.node), message, id);
    }

    fn window(&mut self, files: &mut Files<'_>) {
        for page in files.configs() {
            let window = page.whole("sliding_window", 1, self.draft);
            let used = page.flag("use_sliding_window") != Some(false);
            if let Some(window) = window.filter(|_| used) {
                let message = format!(
                    "`{}` attends to a window of {window} tokens; the annotation \
                     `huggingface/slidingWindow` keeps it",
                    self.node
                );
                let place = page.place("sliding_window");
                self.draft
                    .keep_aside(&WINDOW, place, Some(self.node), message);
                self.draft
                    .keep(self.node, "huggingface/slidingWindow", window);
            }
        }
    }

    fn generation(&mut self, role: Role, files: &mut Files<'_>) {
        let Some(page) = &mut files.generation else {
            return;
        };
        let longest = page.whole("max_new_tokens", 1, self.draft);
        if let Some(longest) = longest.filter(|_| role == Role::Generator) {
            self.put(&["limits", "maxOutputTokens"], longest);
        }
    }
}
