//! The JSON Schema of a graph document, so that any editor completes and checks the file.
//!
//! It says what the reader says of a document's form, from the same description
//! ([`crate::spec::form`]); names that lead nowhere and figures that cannot both hold are left to
//! the rules.

mod text;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::spec::form::{Choice, Form, KeyUse, Record, Unit, Variant};
use crate::spec::{API_VERSION, KIND, ModelGraph};

/// The JSON Schema (2020-12) of `modelgraph/v1alpha1`.
pub fn schema() -> Value {
    let mut writer = Writer::default();
    let mut root = writer.record(&ModelGraph::RECORD);
    for (key, word) in [("apiVersion", API_VERSION), ("kind", KIND)] {
        if let Some(property) = root.pointer_mut(&format!("/properties/{key}")) {
            let doc = property.get("description").cloned();
            *property = json!({"const": word, "description": doc});
        }
    }
    let mut whole = Map::new();
    let schema = "https://json-schema.org/draft/2020-12/schema";
    whole.insert("$schema".to_owned(), json!(schema));
    whole.insert("$id".to_owned(), json!("urn:modelgraph:v1alpha1"));
    whole.insert("title".to_owned(), json!(KIND));
    if let Value::Object(root) = root {
        whole.extend(root);
    }
    whole.insert("$defs".to_owned(), json!(writer.finished));
    Value::Object(whole)
}

/// The schema as it is published: indented, with a line break at its end.
pub fn text() -> String {
    format!("{:#}\n", schema())
}

/// Writes each type once, under `$defs`.
#[derive(Default)]
struct Writer {
    finished: BTreeMap<&'static str, Value>,
}

/// A schema and whether it takes `null` already.
struct Written {
    schema: Value,
    takes_null: bool,
}

impl Written {
    const fn strict(schema: Value) -> Self {
        Self {
            schema,
            takes_null: false,
        }
    }
}

impl Writer {
    fn form(&mut self, form: &Form) -> Written {
        match form {
            Form::Text(text) => text::text(*text),
            Form::Boolean => Written::strict(json!({"type": "boolean"})),
            Form::Integer { min } => Written::strict(json!({
                "type": "integer",
                "minimum": min,
                "maximum": u32::MAX,
            })),
            Form::Number { min: None } => Written::strict(json!({"type": "number"})),
            Form::Number { min: Some(min) } => {
                Written::strict(json!({"type": "number", "minimum": min}))
            }
            Form::Unit(unit) => Written::strict(quantity(unit)),
            Form::Record(record) => {
                let schema = self.define(record.name, |writer| writer.record(record));
                let takes_null = record.all_fields().all(|field| !field.required);
                Written { schema, takes_null }
            }
            Form::Map { key, value } => {
                let value = self.form(&value()).schema;
                let schema = map(*key, &value);
                let takes_null = true;
                Written { schema, takes_null }
            }
            Form::List(item) => {
                let items = self.form(&item()).schema;
                Written::strict(json!({"type": "array", "items": items}))
            }
            Form::Choice(choice) => {
                Written::strict(self.define(choice.name, |writer| writer.choice(choice)))
            }
            Form::Either(one, other) => {
                let (one, other) = (self.form(&one()), self.form(&other()));
                Written {
                    schema: json!({"anyOf": [one.schema, other.schema]}),
                    takes_null: one.takes_null || other.takes_null,
                }
            }
            Form::Any => Written {
                schema: json!({}),
                takes_null: true,
            },
        }
    }

    /// A reference to a type, which is written where it has not been.
    fn define(&mut self, name: &'static str, write: impl FnOnce(&mut Self) -> Value) -> Value {
        if !self.finished.contains_key(name) {
            // Types that contain themselves find this mark.
            self.finished.insert(name, Value::Null);
            let schema = write(self);
            self.finished.insert(name, schema);
        }
        json!({"$ref": format!("#/$defs/{name}")})
    }

    fn record(&mut self, record: &'static Record) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in record.all_fields() {
            let written = self.form(&(field.form)());
            // A key with nothing behind it states nothing.
            let schema = match (field.required, written.takes_null) {
                (true, true) => not_null(written.schema),
                (false, false) => or_null(written.schema),
                _ => written.schema,
            };
            properties.insert(field.key.to_owned(), described(schema, field.doc));
            if field.required {
                required.push(field.key);
            }
        }
        let mut schema = json!({
            "description": prose(record.doc),
            "type": if required.is_empty() { json!(["object", "null"]) } else { json!("object") },
            "properties": properties,
            "patternProperties": {"^x-": {}},
            "additionalProperties": false,
        });
        if let (Value::Object(schema), false) = (&mut schema, required.is_empty()) {
            schema.insert("required".to_owned(), json!(required));
        }
        schema
    }

    fn choice(&mut self, choice: &'static Choice) -> Value {
        let mut ways: Vec<Value> = choice
            .variants
            .iter()
            .filter(|variant| variant.form.is_none())
            .map(word)
            .collect();
        let mut properties = Map::new();
        for variant in choice.variants {
            if let Some(form) = variant.form {
                let schema = self.form(&form()).schema;
                properties.insert(variant.word.to_owned(), described(schema, variant.doc));
            }
        }
        if !properties.is_empty() {
            ways.push(json!({
                "type": "object",
                "properties": properties,
                "additionalProperties": false,
                "minProperties": 1,
                "maxProperties": 1,
            }));
        }
        json!({"description": prose(choice.doc), "anyOf": ways})
    }
}

fn word(variant: &Variant) -> Value {
    json!({"const": variant.word, "description": prose(variant.doc)})
}

/// A schema with a description in front.
fn described(schema: Value, doc: &str) -> Value {
    let mut whole = Map::new();
    whole.insert("description".to_owned(), json!(prose(doc)));
    if let Value::Object(schema) = schema {
        whole.extend(schema);
    }
    Value::Object(whole)
}

/// A doc comment as one line.
fn prose(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn or_null(mut schema: Value) -> Value {
    if let Some(one) = schema.get("type").cloned()
        && let Value::Object(whole) = &mut schema
    {
        let mut types = match one {
            Value::Array(types) => types,
            one => vec![one],
        };
        types.push(json!("null"));
        whole.insert("type".to_owned(), Value::Array(types));
        return schema;
    }
    match schema.get_mut("anyOf") {
        Some(Value::Array(ways)) => {
            ways.push(json!({"type": "null"}));
            schema
        }
        _ => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

fn not_null(mut schema: Value) -> Value {
    if let Value::Object(whole) = &mut schema {
        match whole.get_mut("type") {
            Some(Value::Array(types)) => types.retain(|one| one != "null"),
            Some(_) => {}
            // A reference: what stands beside it holds too.
            None => {
                whole.insert("not".to_owned(), json!({"type": "null"}));
            }
        }
    }
    schema
}

/// Keys that the author names.
fn map(key: KeyUse, value: &Value) -> Value {
    let pattern = match key {
        KeyUse::Node => format!("^(?!x-|inputs$|outputs$){}$", text::NODE_NAME),
        KeyUse::Port | KeyUse::Type => format!("^(?!x-){}$", text::PORT_NAME),
        KeyUse::Rule => "^[A-Z-][A-Za-z0-9-]*$".to_owned(),
        KeyUse::Free => {
            return json!({"type": ["object", "null"], "additionalProperties": value});
        }
    };
    json!({
        "type": ["object", "null"],
        "patternProperties": {pattern: value, "^x-": {}},
        "additionalProperties": false,
    })
}

/// A number with one of a unit's suffixes.
fn quantity(unit: &Unit) -> Value {
    let suffixes: Vec<&str> = unit
        .suffixes
        .iter()
        .copied()
        .filter(|suffix| !suffix.is_empty())
        .collect();
    let suffixes = suffixes.join("|");
    let optional = if unit.bare { "?" } else { "" };
    let number = text::NUMBER;
    let pattern = format!("^{number} *({suffixes}){optional}$");
    if unit.bare {
        json!({
            "type": ["string", "number"],
            "pattern": pattern,
            "minimum": 0,
            "examples": [unit.example],
        })
    } else {
        json!({"type": "string", "pattern": pattern, "examples": [unit.example]})
    }
}
