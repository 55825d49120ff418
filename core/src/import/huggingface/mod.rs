//! The files of a model as hubs keep them: `config.json` and those beside it.
//!
//! No one of them is trusted alone: what the model takes and gives follows from several, and what
//! they contradict each other in is refused.

mod contract;
mod files;
mod identity;
mod outputs;
#[cfg(test)]
mod tests;
use std::collections::BTreeMap;

use serde_json::Value;

pub(super) use self::files::root;
use self::files::{What, what};
use super::page::{Page, VALUE};
use super::{Draft, File, Importer, Kind, Place};
use crate::spec::list_words;
use crate::text::Span;

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(super) struct HuggingFace;

static MODEL: Kind = Kind::understood("IM-HF-MODEL", "What the files of a model state");
static DIMENSION: Kind = Kind::refused("IM-HF-DIMENSION", "Files that disagree on dimensions");
static MODULES: Kind = Kind::guessed("IM-HF-MODULES", "Parts of a model that are not there");
static ROLE: Kind = Kind::guessed("IM-HF-ROLE", "What a model does");
static ID: Kind = Kind::guessed("IM-HF-ID", "What a model is called");
static LENGTH: Kind = Kind::guessed("IM-HF-LENGTH", "How many tokens a model takes");
static TOKENIZER: Kind = Kind::guessed("IM-HF-TOKENIZER", "Which tokenizer a model has");
static HEAD: Kind = Kind::guessed("IM-HF-HEAD", "Sizes that follow from others");
static WINDOW: Kind = Kind::kept("IM-HF-WINDOW", "Attention to a window of the context");
static REST: Kind = Kind::kept("IM-HF-REST", "Keys that a graph has no word for");

static KINDS: &[&Kind] = &[
    &MODEL, &DIMENSION, &MODULES, &ROLE, &ID, &LENGTH, &TOKENIZER, &HEAD, &WINDOW, &REST, &VALUE,
];

impl Importer for HuggingFace {
    fn name(&self) -> &'static str {
        "hugging-face"
    }

    fn title(&self) -> &'static str {
        "Hugging Face model files"
    }

    fn about(&self) -> &'static str {
        "config.json and the files beside it: tokenizer, pooling, modules, generation, model card"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn detect(&self, file: &File<'_>) -> bool {
        what(file).is_some()
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let mut models: BTreeMap<&str, Files<'_>> = BTreeMap::new();
        for &file in files {
            let Some(what) = what(file) else { continue };
            models.entry(root(file)).or_default().add(what, file, draft);
        }
        for (folder, files) in models {
            read_model(folder, files, draft);
        }
    }
}

/// The files of one model.
#[derive(Debug, Default)]
struct Files<'f> {
    config: Option<Page<'f>>,
    /// The part of `config` for text, in a model of several senses.
    inner: Option<Page<'f>>,
    tokenizer_config: Option<Page<'f>>,
    sentence_bert: Option<Page<'f>>,
    sentence_transformers: Option<Page<'f>>,
    generation: Option<Page<'f>>,
    modules: Option<Page<'f>>,
    index: Option<Page<'f>>,
    card: Option<Page<'f>>,
    /// By their folders: `1_Pooling`.
    pooling: BTreeMap<&'f str, Page<'f>>,
    dense: BTreeMap<&'f str, Page<'f>>,
    /// The path and digest of `tokenizer.json`.
    tokenizer: Option<(&'f str, String)>,
    /// The first of the files, for what is said of all.
    first: Option<&'f str>,
}

impl<'f> Files<'f> {
    /// The first of the files.
    fn place(&self) -> Place {
        Place::new(self.first.unwrap_or_default(), Span::at(0))
    }

    /// The configuration, the part for text first: what it says holds.
    fn configs(&mut self) -> impl Iterator<Item = &mut Page<'f>> {
        self.inner.iter_mut().chain(&mut self.config)
    }

    fn add(&mut self, what: What, file: &'f File<'_>, draft: &mut Draft) {
        self.first = self.first.or(Some(file.path()));
        if what == What::Tokenizer {
            self.tokenizer = file
                .digest()
                .map(|digest| (file.path(), digest.to_string()));
            return;
        }
        let Some(page) = Page::open(file, draft) else {
            return;
        };
        match what {
            What::Config => self.config = Some(page),
            What::TokenizerConfig => self.tokenizer_config = Some(page),
            What::SentenceBert => self.sentence_bert = Some(page),
            What::SentenceTransformers => self.sentence_transformers = Some(page),
            What::Generation => self.generation = Some(page),
            What::Modules => self.modules = Some(page),
            What::Index => self.index = Some(page),
            What::Card => self.card = Some(page),
            What::Pooling => {
                self.pooling.insert(file.folder(), page);
            }
            What::Dense => {
                self.dense.insert(file.folder(), page);
            }
            What::Tokenizer => {}
        }
    }
}

fn read_model(folder: &str, mut files: Files<'_>, draft: &mut Draft) {
    let place = files.place();
    let identity = identity::Identity::of(folder, &mut files);
    let node = draft.node(&identity.wanted, &place);
    draft.name(&identity.wanted);
    draft.stands_for(folder, &node);
    identity.write(&node, draft);
    let model = contract::Reader {
        node: &node,
        identity: &identity,
        draft,
    };
    model.read(&mut files);
    keep_rest(&node, &files, draft);
}

/// Keeps what nobody asked for, file by file.
fn keep_rest(node: &str, files: &Files<'_>, draft: &mut Draft) {
    let singles = [
        &files.config,
        &files.inner,
        &files.tokenizer_config,
        &files.sentence_bert,
        &files.sentence_transformers,
        &files.generation,
        &files.card,
    ];
    let pages = singles.into_iter().flatten();
    for page in pages
        .chain(files.pooling.values())
        .chain(files.dense.values())
    {
        let rest = page.rest();
        if rest.is_empty() {
            continue;
        }
        let path = page.file();
        let name = match &files.inner {
            Some(inner) if core::ptr::eq(inner, page) => "text_config",
            _ => path.rsplit('/').next().unwrap_or(path),
        };
        let quoted: Vec<String> = rest.keys().map(|key| super::draft::quote(key)).collect();
        let keys = list_words(quoted.iter().map(String::as_str)).replace(" or ", " and ");
        let message = format!("of `{node}`, the annotation `huggingface/{name}` keeps {keys}");
        draft.keep_aside(&REST, page.at(page.tree.span), Some(node), message);
        let key = format!("huggingface/{name}");
        draft.keep(node, &key, Value::Object(rest));
    }
}
