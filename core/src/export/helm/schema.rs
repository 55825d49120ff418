//! The schema that Helm holds values to.

use serde_json::{Map, Value, json};

use crate::export::Subject;

/// A quantity of Kubernetes: cores, or bytes.
const QUANTITY: &str = "^[0-9]+(\\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$";
/// A name of a variable, which is also the end of an annotation's name.
const VARIABLE: &str = "^[A-Za-z_][A-Za-z0-9_.-]{0,50}[A-Za-z0-9_]?$";

/// The schema of the whole of `values.yaml`.
pub(super) fn document(subject: &Subject<'_>, properties: &Map<String, Value>) -> String {
    let version = subject.version.unwrap_or("without a version");
    let mut schema = closed(properties);
    if let Value::Object(map) = &mut schema {
        map.insert(
            "$schema".to_owned(),
            json!("http://json-schema.org/draft-07/schema#"),
        );
        map.insert(
            "title".to_owned(),
            json!(format!("{} {version}", subject.name)),
        );
        map.insert("$comment".to_owned(), json!(subject.digest.to_string()));
        if let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) {
            // Helm adds this one to every chart's values.
            properties.insert("global".to_owned(), json!({"type": "object"}));
        }
    }
    format!("{schema:#}\n")
}

/// A map of just these keys, all of which it needs.
pub(super) fn closed(properties: &Map<String, Value>) -> Value {
    let required: Vec<String> = properties.keys().cloned().collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": required,
        "properties": properties,
    })
}

/// The schema of the values of a node, whose template sets these variables itself.
pub(super) fn of_values(values: &Map<String, Value>, variables: &[String]) -> Value {
    let properties = values.iter().map(|(key, value)| {
        let schema = match (key.as_str(), value) {
            ("nodeSelector", _) => json!({
                "description": "Labels of the machines that it may run on.",
                "type": "object",
                "additionalProperties": {"type": "string"},
            }),
            ("extraVariables", _) => json!({
                "description": "Variables beside those of the graph, which stay as they are.",
                "type": "object",
                "propertyNames": {"pattern": VARIABLE, "not": {"enum": variables}},
                "additionalProperties": {"type": "string"},
            }),
            (_, Value::Object(inner)) => of_values(inner, variables),
            (key, _) => leaf(key),
        };
        (key.clone(), schema)
    });
    closed(&properties.collect())
}

fn leaf(key: &str) -> Value {
    let (description, kind, rule, limit) = match key {
        "replicas" => ("How many pods run.", "integer", "minimum", json!(0)),
        "min" => ("The fewest pods that run.", "integer", "minimum", json!(0)),
        "max" => ("The most pods that run.", "integer", "minimum", json!(1)),
        "cpu" => ("Cores of each pod.", "string", "pattern", json!(QUANTITY)),
        "memory" => ("Memory of each pod.", "string", "pattern", json!(QUANTITY)),
        "storage" => ("Disk of each pod.", "string", "pattern", json!(QUANTITY)),
        "gpus" => (
            "GPUs of each pod, or parts of them.",
            "string",
            "pattern",
            json!("^[1-9][0-9]*$"),
        ),
        _ => ("The image that it runs.", "string", "minLength", json!(1)),
    };
    json!({"description": description, "type": kind, rule: limit})
}
