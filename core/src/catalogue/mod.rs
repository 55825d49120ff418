//! What is known of models, serving programs and GPUs, each fact with its source and date.
//!
//! The built-in catalogue is a document of `kind: Catalogue` like those of users, who add to it or
//! correct it with their own: what theirs states comes first.

mod engine;
mod file;
mod page;
#[cfg(test)]
mod tests;

use serde_json::{Map as Json, Value};

pub use engine::{ENGINES, Engine};
pub use file::{CatalogueFile, FILE_NAME, Facts, KIND, KnownEngine, KnownGpu, read};
pub use page::page;

use crate::hardware;
use crate::spec::{Role, Shape as _};

const MODELS: &str = include_str!("models.yaml");

/// What is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    models: Vec<Model>,
    engines: Vec<OwnEngine>,
    gpus: hardware::Catalogue,
}

/// A model and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What its hub calls it.
    pub id: String,
    /// What it does, where that is known.
    pub role: Option<Role>,
    /// What is known, in the order of the format's keys; of each path one fact.
    pub facts: Vec<Fact>,
}

/// One fact of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Where a node states it: `["model", "hidden"]`.
    pub path: Vec<String>,
    /// What a node states, as canonical JSON: a scalar or a list.
    pub value: Value,
    /// Where it is stated.
    pub source: String,
    /// When it was read there.
    pub date: String,
    /// What a reader should know beside it.
    pub note: Option<String>,
}

/// A serving program of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnEngine {
    name: String,
    image: Option<String>,
}

impl Fact {
    /// The keys of its place in a node, with dots between them.
    pub fn key(&self) -> String {
        self.path.join(".")
    }

    /// Its value as a document would write it.
    pub fn written(&self) -> String {
        match &self.value {
            Value::String(text) => text.clone(),
            value => value.to_string(),
        }
    }
}

impl Catalogue {
    /// The built-in catalogue. It is read from its files at each call, in less than a millisecond:
    /// build it once for many questions.
    pub fn builtin() -> Self {
        let mut catalogue = Self {
            models: Vec::new(),
            engines: Vec::new(),
            gpus: hardware::Catalogue::builtin(),
        };
        // A test holds that it can be read.
        if let Ok(file) = read(MODELS) {
            catalogue.add(&file);
        }
        catalogue
    }

    /// Adds what a user knows, before all that is known already.
    pub fn add(&mut self, file: &CatalogueFile) {
        let models = file.models.as_ref().into_iter().flat_map(|map| map.iter());
        for named in models {
            let lists = named.value.iter();
            let facts: Vec<Fact> = lists.flat_map(|facts| flat(&facts.value)).collect();
            self.learn(&named.name.value, facts);
        }
        let engines = file.engines.as_ref().into_iter().flat_map(|map| map.iter());
        for named in engines {
            let image = named.value.image.as_ref();
            self.engines.push(OwnEngine {
                name: named.name.value.clone(),
                image: image.map(|image| image.value.0.clone()),
            });
        }
        let gpus = file.gpus.as_ref().into_iter().flat_map(|map| map.iter());
        for named in gpus {
            let gpu = &named.value;
            self.gpus.add(&named.name.value, gpu);
        }
    }

    fn learn(&mut self, id: &str, mut facts: Vec<Fact>) {
        let known = self.models.iter_mut().find(|model| model.id == id);
        let before = known.map(|model| core::mem::take(&mut model.facts));
        let mut seen: Vec<Vec<String>> = Vec::new();
        facts.extend(before.into_iter().flatten());
        facts.retain(|fact| {
            let is_new = !seen.contains(&fact.path);
            seen.push(fact.path.clone());
            is_new
        });
        let role = facts.iter().find(|fact| fact.path == ["role"]);
        let role = role
            .and_then(|fact| fact.value.as_str())
            .and_then(|word| Role::ALL.iter().copied().find(|role| role.word() == word));
        let model = Model {
            id: id.to_owned(),
            role,
            facts,
        };
        match self.models.iter_mut().find(|model| model.id == id) {
            Some(known) => *known = model,
            None => self.models.push(model),
        }
    }

    /// All models, in the order of the files.
    pub fn models(&self) -> &[Model] {
        &self.models
    }

    /// A model by what its hub calls it; capital letters do not count, as they do not there.
    pub fn model(&self, id: &str) -> Option<&Model> {
        let mut models = self.models.iter();
        models.find(|model| model.id.eq_ignore_ascii_case(id))
    }

    /// The GPUs.
    pub fn gpus(&self) -> &hardware::Catalogue {
        &self.gpus
    }

    /// The names of all serving programs, each with an image where one is known: the user's first.
    pub fn engines(&self) -> impl Iterator<Item = (&str, Option<String>)> {
        let own = self.engines.iter();
        let own = own.map(|engine| (&*engine.name, engine.image.clone()));
        let known = ENGINES.iter();
        let known = known.map(|engine| (engine.name, Some(engine.default_image())));
        own.chain(known)
    }
}

/// The facts of one source, one for each value that a node states.
fn flat(facts: &Facts) -> Vec<Fact> {
    let text = |text: &Option<crate::text::Spanned<crate::spec::Text>>| {
        let text = text.as_ref();
        text.map(|text| text.value.0.clone()).unwrap_or_default()
    };
    let node = facts.node.as_ref().map(|node| node.value.canonical());
    let mut leaves = Vec::new();
    if let Some(Value::Object(map)) = node {
        gather(&map, &mut Vec::new(), &mut leaves);
    }
    let with_source = |(path, value)| Fact {
        path,
        value,
        source: text(&facts.source),
        date: text(&facts.date),
        note: Some(text(&facts.note)).filter(|note| !note.is_empty()),
    };
    leaves.into_iter().map(with_source).collect()
}

fn gather(map: &Json<String, Value>, at: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, Value)>) {
    for (key, value) in map {
        at.push(key.clone());
        match value {
            Value::Object(inner) => gather(inner, at, leaves),
            value => leaves.push((at.clone(), value.clone())),
        }
        at.pop();
    }
}
