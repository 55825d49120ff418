//! The strict schemas that Kubernetes objects of other projects must fit.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::PathBuf;

use jsonschema::Validator;
use modelspec_tests::shared;
use serde_json::Value;

/// Schemas by group, kind and version, read when first asked for.
pub(crate) struct Schemas {
    folder: Option<PathBuf>,
    known: RefCell<BTreeMap<String, Validator>>,
}

impl Schemas {
    /// Those of custom resources; without their folder nothing is checked, which is said.
    pub(crate) fn of_resources() -> Self {
        Self {
            folder: shared::folder("schemas/crd"),
            known: RefCell::default(),
        }
    }

    /// Whether there is anything to check against.
    pub(crate) fn are_there(&self) -> bool {
        self.folder.is_some()
    }

    /// What is wrong with an object.
    pub(crate) fn errors(&self, object: &Value) -> Vec<String> {
        let Some(folder) = &self.folder else {
            return Vec::new();
        };
        let word = |key: &str| object[key].as_str().unwrap().to_owned();
        let (group, version) = word("apiVersion")
            .split_once('/')
            .map(|(group, version)| (group.to_owned(), version.to_owned()))
            .unwrap();
        let name = format!("{group}_{}_{version}.json", word("kind").to_lowercase());
        let mut known = self.known.borrow_mut();
        let validator = known.entry(name).or_insert_with_key(|name| {
            let path = folder.join(name);
            let text = std::fs::read(&path)
                .unwrap_or_else(|error| panic!("no schema {}: {error}", path.display()));
            let mut schema = serde_json::from_slice(&text).unwrap();
            plain_patterns(&mut schema);
            jsonschema::validator_for(&schema).unwrap()
        });
        let errors = validator.iter_errors(object);
        errors
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect()
    }
}

/// Takes flags out of patterns, which Go has there and JSON Schema has not: what is left is stricter.
fn plain_patterns(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            for (key, inner) in map {
                match inner {
                    Value::String(pattern) if key == "pattern" => {
                        *pattern = pattern.replace("(?i)", "");
                    }
                    inner => plain_patterns(inner),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(plain_patterns),
        _ => {}
    }
}
