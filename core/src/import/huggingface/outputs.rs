//! What a model gives: a vector and its dimensions, or labels.

use serde_json::{Map, Value, json};

use super::contract::{Reader, Said};
use super::{DIMENSION, Files, MODULES, Page};
use crate::spec::Role;
use crate::yaml::Node;

impl Reader<'_> {
    /// The vector that an embedder gives.
    pub(super) fn vector(&mut self, hidden: Option<Said>, files: &mut Files<'_>) {
        let mut port = Map::new();
        port.insert("type".to_owned(), json!("vector"));
        let (listed, normalized) = self.modules(files);
        let listed = |path: &str| {
            let own = path.rsplit('/').next().unwrap_or(path);
            listed
                .as_ref()
                .is_none_or(|listed| listed.iter().any(|module| module == own))
        };
        let mut width = None;
        for (folder, page) in &mut files.pooling {
            if listed(folder) {
                width = self.pooling(page, &mut port).or(width);
            }
        }
        let mut dense: Vec<&mut Page<'_>> = Vec::new();
        for (folder, page) in &mut files.dense {
            if listed(folder) {
                dense.push(page);
            }
        }
        if let (Some((pooled, place)), Some((hidden, there)), true) =
            (&width, &hidden, dense.is_empty())
            && pooled != hidden
        {
            let message = format!(
                "`{}` pools vectors of {pooled} dimensions, and {} says that the model gives \
                 {hidden}",
                self.node, there.file
            );
            let help = "one of the two files is of another model: take both from one revision, or \
                        add the config.json of the Dense module between";
            self.draft.refuse(&DIMENSION, place.clone(), message, help);
        }
        let mut dim = width.or(hidden);
        for page in dense {
            let takes = page.whole("in_features", 1, self.draft);
            if let (Some(takes), Some((gives, there))) = (takes, &dim)
                && takes != *gives
            {
                let message = format!(
                    "the Dense module of `{}` takes {takes} dimensions, and {} gives {gives}",
                    self.node, there.file
                );
                let help = "take all files from one revision of the model";
                self.draft
                    .refuse(&DIMENSION, page.place("in_features"), message, help);
            }
            let gives = page.whole("out_features", 1, self.draft);
            dim = gives
                .map(|gives| (gives, page.place("out_features")))
                .or(dim);
            page.text("activation_function");
            page.flag("bias");
        }
        if let Some((dim, _)) = dim {
            port.insert("dim".to_owned(), json!(dim));
        }
        if let Some(page) = &mut files.sentence_transformers {
            let metric = page.text("similarity_fn_name");
            let known = ["cosine", "dot", "euclidean", "manhattan"];
            if let Some(metric) = metric.filter(|metric| known.contains(metric)) {
                port.insert("metric".to_owned(), json!(metric));
            }
        }
        if normalized {
            port.insert("normalized".to_owned(), json!(true));
        }
        if let Some(id) = &self.identity.id {
            port.insert("space".to_owned(), json!(id));
        }
        self.put(&["outputs", "vector"], Value::Object(port));
    }

    /// The folders of the modules that are listed, and whether one makes vectors of length 1.
    fn modules(&mut self, files: &mut Files<'_>) -> (Option<Vec<String>>, bool) {
        let Some(page) = &files.modules else {
            return (None, false);
        };
        let items = page.tree.as_sequence().map_or(&[][..], |list| &list.items);
        let word = |item: &Node, key: &str| {
            let scalar = item.get(key).and_then(Node::as_scalar);
            scalar.map_or_else(String::new, |scalar| scalar.text.clone())
        };
        let mut listed = Vec::new();
        let mut normalized = false;
        for item in items {
            let (ty, path) = (word(item, "type"), word(item, "path"));
            let own = ty.rsplit('.').next().unwrap_or(&ty);
            normalized |= own == "Normalize";
            let there = |folder: &&str| folder.rsplit('/').next() == Some(path.as_str());
            let missing = match own {
                "Pooling" => !files.pooling.keys().any(&there),
                "Dense" => !files.dense.keys().any(there),
                _ => false,
            };
            if missing {
                let message = format!(
                    "`{path}/config.json` of `{}` is not among the files: what it says is unknown",
                    self.node
                );
                let place = page.at(item.span);
                self.draft
                    .guess(&MODULES, place, Some(self.node), message, "unknown");
            }
            listed.push(path);
        }
        (Some(listed), normalized)
    }

    /// How token vectors become one, and how wide that is.
    fn pooling(&mut self, page: &mut Page<'_>, port: &mut Map<String, Value>) -> Option<Said> {
        let modes = [
            ("pooling_mode_cls_token", Some("cls")),
            ("pooling_mode_mean_tokens", Some("mean")),
            ("pooling_mode_max_tokens", Some("max")),
            ("pooling_mode_lasttoken", Some("last")),
            ("pooling_mode_mean_sqrt_len_tokens", None),
            ("pooling_mode_weightedmean_tokens", None),
        ];
        let mut chosen: Vec<Option<&str>> = Vec::new();
        for (key, mode) in modes {
            if page.flag(key) == Some(true) {
                chosen.push(mode);
            }
        }
        // Newer files name the modes in one key.
        if let Some(mode) = page.text("pooling_mode").filter(|_| chosen.is_empty()) {
            chosen.push(match mode {
                "cls" => Some("cls"),
                "mean" => Some("mean"),
                "max" => Some("max"),
                "lasttoken" => Some("last"),
                _ => None,
            });
        }
        page.flag("include_prompt");
        if let [Some(mode)] = chosen.as_slice() {
            port.insert("pooling".to_owned(), json!(mode));
        }
        let keys = ["word_embedding_dimension", "embedding_dimension"];
        let dim = page.first(&keys, self.draft)?;
        let key = keys.into_iter().find(|key| page.tree.get(key).is_some());
        // Several modes stand one behind the other.
        let dim = dim.saturating_mul(chosen.len().max(1) as u64);
        Some((dim, page.place(key.unwrap_or_default())))
    }

    pub(super) fn labels(&mut self, role: Role, files: &mut Files<'_>) {
        let classes = labels(files);
        if let Some(config) = &mut files.config {
            config.get("id2label");
            config.get("label2id");
        }
        let generic = classes.iter().all(|class| class.starts_with("LABEL_"));
        if classes.is_empty() || generic {
            return;
        }
        let label = json!({"type": "label", "classes": classes});
        if role == Role::Classifier {
            self.put(&["outputs", "label"], label);
        } else {
            self.put(&["outputs", "text"], json!({"type": "text"}));
            self.put(&["outputs", "verdict"], label);
        }
    }
}

/// The classes of a model's labels, by their ids.
pub(super) fn labels(files: &Files<'_>) -> Vec<String> {
    let labels = files
        .config
        .as_ref()
        .and_then(|config| config.tree.get("id2label"));
    let entries = labels.and_then(Node::as_mapping);
    let entries = entries.map_or(&[][..], |map| &map.entries);
    let texts = entries.iter().filter_map(|entry| entry.value.as_scalar());
    texts.map(|label| label.text.clone()).collect()
}
