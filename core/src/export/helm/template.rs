//! Objects as a template: what varies between clusters is taken out and becomes values.

use core::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::yaml;

/// A template, and what gives the objects that it was made of.
pub(super) struct Template {
    pub(super) text: String,
    /// The values, with what stood in the objects.
    pub(super) values: Map<String, Value>,
    /// The variables that the template sets itself.
    pub(super) variables: Vec<String>,
}

/// What stands in the place of a value.
enum Hole {
    /// A text.
    Text(String),
    /// A whole number.
    Number(String),
    /// The entries of a map of texts, each key behind a prefix.
    Entries(&'static str, String),
}

impl Template {
    /// A template of objects, with their values at a path such as `.Values.nodes.guard`.
    pub(super) fn new(path: String, mut objects: Vec<Value>) -> Self {
        let mut mark = "hole".to_owned();
        while objects.iter().any(|object| says(object, &mark)) {
            mark.push('x');
        }
        let mut taker = Taker {
            path,
            mark,
            holes: Vec::new(),
            values: Map::new(),
        };
        let mut variables = Vec::new();
        let is_node = objects.iter().any(|object| {
            let data = object.get("data").and_then(Value::as_object);
            data.is_some_and(|data| data.contains_key("MODELGRAPH_NODE"))
        });
        for object in &mut objects {
            let kind = object.get("kind").and_then(Value::as_str).unwrap_or("");
            match kind {
                "Deployment" | "StatefulSet" => taker.workload(object, is_node),
                "HorizontalPodAutoscaler" => taker.scaler(object),
                "ConfigMap" if is_node => {
                    if let Some(data) = object.get_mut("data").and_then(Value::as_object_mut) {
                        variables.extend(data.keys().cloned());
                        taker.more_variables(data, "");
                    }
                }
                _ => {}
            }
        }
        let documents: Vec<String> = objects.iter().map(yaml::document).collect();
        let text = taker.fill(&escaped(&documents.join("---\n")));
        Self {
            text,
            values: taker.values,
            variables,
        }
    }
}

/// Whether a key or a text in it has a word.
fn says(value: &Value, word: &str) -> bool {
    match value {
        Value::String(text) => text.contains(word),
        Value::Array(list) => list.iter().any(|value| says(value, word)),
        Value::Object(map) => {
            let mut entries = map.iter();
            entries.any(|(key, value)| key.contains(word) || says(value, word))
        }
        _ => false,
    }
}

/// A text that the template engine gives back as it is.
pub(super) fn escaped(text: &str) -> String {
    text.replace("{{", "{{ \"{{\" }}")
}

struct Taker {
    path: String,
    /// What no text of the objects contains.
    mark: String,
    holes: Vec<Hole>,
    values: Map<String, Value>,
}

impl Taker {
    fn hole(&mut self, hole: Hole) -> String {
        let mark = format!("{}{}z", self.mark, self.holes.len());
        self.holes.push(hole);
        mark
    }

    /// Takes what stands in a slot as the value of a path.
    fn take(&mut self, slot: Option<&mut Value>, path: &[&str]) {
        let Some(slot) = slot else { return };
        let whole = format!("{}.{}", self.path, path.join("."));
        let hole = if slot.is_number() {
            Hole::Number(whole)
        } else {
            Hole::Text(whole)
        };
        let value = core::mem::replace(slot, json!(self.hole(hole)));
        put(&mut self.values, path, value);
    }

    fn workload(&mut self, object: &mut Value, is_node: bool) {
        self.take(object.pointer_mut("/spec/replicas"), &["replicas"]);
        let annotations = object.pointer_mut("/spec/template/metadata/annotations");
        if let Some(annotations) = annotations
            .and_then(Value::as_object_mut)
            .filter(|_| is_node)
        {
            // Pods read variables when they start: others need other pods.
            self.more_variables(annotations, "modelgraph/variable.");
        }
        let Some(pod) = object.pointer_mut("/spec/template/spec") else {
            return;
        };
        self.take(pod.pointer_mut("/containers/0/image"), &["image"]);
        for side in ["requests", "limits"] {
            let resources = pod.pointer_mut(&format!("/containers/0/resources/{side}"));
            let resources = resources.and_then(Value::as_object_mut);
            for (name, amount) in resources.into_iter().flatten() {
                let name = match name.as_str() {
                    "cpu" => "cpu",
                    "memory" => "memory",
                    _ => "gpus",
                };
                self.take(Some(amount), &["resources", name]);
            }
        }
        if let Some(selector) = pod.get_mut("nodeSelector") {
            let path = format!("{}.nodeSelector", self.path);
            let mark = self.hole(Hole::Entries("", path));
            let labels = core::mem::replace(selector, json!({mark.clone(): mark}));
            put(&mut self.values, &["nodeSelector"], labels);
        }
        let disk = "/spec/volumeClaimTemplates/0/spec/resources/requests/storage";
        self.take(object.pointer_mut(disk), &["storage"]);
    }

    fn scaler(&mut self, object: &mut Value) {
        for (key, name) in [("minReplicas", "min"), ("maxReplicas", "max")] {
            let slot = object.pointer_mut(&format!("/spec/{key}"));
            self.take(slot, &["autoscaling", name]);
        }
    }

    /// Room for variables beside those of the graph.
    fn more_variables(&mut self, map: &mut Map<String, Value>, prefix: &'static str) {
        let path = format!("{}.extraVariables", self.path);
        let mark = self.hole(Hole::Entries(prefix, path));
        map.insert(mark.clone(), json!(mark));
        put(&mut self.values, &["extraVariables"], json!({}));
    }

    /// The text with an action of the template in each hole.
    fn fill(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.lines() {
            match self.in_line(line) {
                Some((start, end, Hole::Text(path))) => {
                    let (before, behind) = (line.get(..start), line.get(end..));
                    let (before, behind) = (before.unwrap_or(""), behind.unwrap_or(""));
                    let _ = writeln!(out, "{before}{{{{ {path} | quote }}}}{behind}");
                }
                Some((start, end, Hole::Number(path))) => {
                    let (before, behind) = (line.get(..start), line.get(end..));
                    let (before, behind) = (before.unwrap_or(""), behind.unwrap_or(""));
                    let _ = writeln!(out, "{before}{{{{ {path} | int }}}}{behind}");
                }
                Some((start, _, Hole::Entries(prefix, path))) => {
                    let indent = " ".repeat(start);
                    let key = match *prefix {
                        "" => "$key | quote".to_owned(),
                        _ => format!("printf \"{prefix}%s\" $key | quote"),
                    };
                    let _ = writeln!(out, "{indent}{{{{- range $key, $value := {path} }}}}");
                    let _ = writeln!(out, "{indent}{{{{ {key} }}}}: {{{{ $value | quote }}}}");
                    let _ = writeln!(out, "{indent}{{{{- end }}}}");
                }
                None => {
                    out.push_str(line);
                    out.push('\n');
                }
            }
        }
        out
    }

    /// The first hole of a line, and where it begins and ends.
    fn in_line(&self, line: &str) -> Option<(usize, usize, &Hole)> {
        let start = line.find(&self.mark)?;
        let digits = line.get(start.checked_add(self.mark.len())?..)?;
        let (number, _) = digits.split_once('z')?;
        let length = self.mark.len().checked_add(number.len())?.checked_add(1)?;
        let hole = self.holes.get(number.parse::<usize>().ok()?)?;
        Some((start, start.checked_add(length)?, hole))
    }
}

fn put(values: &mut Map<String, Value>, path: &[&str], value: Value) {
    match path {
        [] => {}
        [last] => {
            values.insert((*last).to_owned(), value);
        }
        [first, rest @ ..] => {
            let inner = values.entry(*first).or_insert_with(|| json!({}));
            if let Some(inner) = inner.as_object_mut() {
                put(inner, rest, value);
            }
        }
    }
}
