use std::collections::BTreeMap;

use modelspec_core::Analysis;
use modelspec_core::check::Diagnostic;
use modelspec_core::compose::Bundle;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the page asks.
#[derive(Deserialize)]
pub(crate) struct Request {
    /// The page's number for it.
    pub(crate) id: u32,
    #[serde(flatten)]
    pub(crate) task: Task,
}

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "camelCase")]
pub(crate) enum Task {
    /// Simulates a document.
    Simulate(Simulate),
    /// Lists the targets of exports.
    Targets,
    /// Exports a document.
    Export(Export),
    /// Lists the formats of imports.
    Importers,
    /// Imports files, which come beside the text of the request.
    Import(Import),
    /// Ends the question of this number.
    Cancel,
}

/// A document with the files beside it.
#[derive(Deserialize)]
pub(crate) struct Opened {
    text: String,
    /// The texts of the files that it refers to, by path.
    #[serde(default)]
    files: BTreeMap<String, String>,
}

impl Opened {
    /// All that is known of it.
    pub(crate) fn analysed(&self) -> Analysis {
        if self.files.is_empty() {
            return Analysis::new(&*self.text);
        }
        let mut bundle = Bundle::new();
        for (path, text) in &self.files {
            bundle.add(&**path, text);
        }
        Analysis::with(&*self.text, &bundle)
    }
}

/// A document and how to simulate it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Simulate {
    #[serde(flatten)]
    pub(crate) document: Opened,
    /// Requests a second, in place of the document's workload.
    pub(crate) rate: Option<f64>,
    /// Counted at each node, all replications together.
    pub(crate) requests: u64,
    pub(crate) replications: u32,
    pub(crate) seed: u32,
    /// `auto`, `cpu` or `gpu`.
    pub(crate) engine: String,
}

/// A document and where to export it.
#[derive(Deserialize)]
pub(crate) struct Export {
    #[serde(flatten)]
    pub(crate) document: Opened,
    pub(crate) target: String,
    /// Codes of losses that are accepted.
    pub(crate) accept: Vec<String>,
    /// The placement of a simulation whose figures are taken.
    pub(crate) placement: Option<Value>,
}

/// What files that come with a request are called.
#[derive(Deserialize)]
pub(crate) struct Import {
    /// Their paths, in the order of the files.
    pub(crate) paths: Vec<String>,
}

/// What the page is told.
pub(crate) enum Answer {
    /// The share that is done, 0 to 1.
    Progress(f64),
    /// The result.
    Done(Value),
    /// Why there is none: what there is to say instead.
    Refused(Value),
    /// It was taken back, and nothing is computed for it any more.
    Cancelled,
}

/// An answer as its message.
pub(crate) fn write(id: u32, answer: &Answer) -> String {
    let (key, value) = match answer {
        Answer::Progress(share) => ("progress", &json!(share)),
        Answer::Done(value) => ("done", value),
        Answer::Refused(value) => ("refused", value),
        Answer::Cancelled => ("cancelled", &json!(true)),
    };
    json!({ "id": id, key: value }).to_string()
}

/// A finding as the page shows it: its sentence, its help, and the node it is about.
pub(crate) fn note(found: &Diagnostic) -> Value {
    json!({ "node": found.node, "message": found.message, "help": found.help })
}
