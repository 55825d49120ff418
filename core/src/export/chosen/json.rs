//! A chosen placement as JSON, which a simulation writes and an export reads.

use core::fmt;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Chosen, ChosenNode};
use crate::spec::{Duration, list_words, nearest};

/// Nanoseconds of a millisecond.
const MILLISECOND: f64 = 1e6;
/// What may stand of a node.
const KEYS: [&str; 4] = ["replicas", "batch", "queue", "budgetMs"];

/// Why a text is no chosen placement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenError {
    /// Where in the object: `nodes.generator.replicas`.
    pub path: String,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for ChosenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path, self.message)
    }
}

impl core::error::Error for ChosenError {}

impl Chosen {
    /// As JSON: `{"origin": …, "nodes": {"generator": {"replicas": 3, "budgetMs": 900}}}`.
    pub fn to_json(&self) -> Value {
        let nodes = self.nodes.iter().map(|(name, node)| {
            let mut fields = Map::new();
            for (key, figure) in [
                ("replicas", node.replicas),
                ("batch", node.batch),
                ("queue", node.queue),
            ] {
                if let Some(figure) = figure {
                    fields.insert(key.to_owned(), json!(figure));
                }
            }
            if let Some(budget) = node.budget {
                fields.insert("budgetMs".to_owned(), json!(budget.0 as f64 / MILLISECOND));
            }
            (name.clone(), Value::Object(fields))
        });
        json!({"origin": self.origin, "nodes": nodes.collect::<Map<_, _>>()})
    }

    /// From JSON, as [`Chosen::to_json`] writes it.
    ///
    /// # Errors
    /// At the first value that is not what stands there.
    pub fn from_json(value: &Value) -> Result<Self, ChosenError> {
        let origin = match &value["origin"] {
            // It stands in the comment of a file: a line.
            Value::String(origin) if !origin.contains(char::is_control) => origin.clone(),
            Value::String(_) => return Err(wrong("origin", "the origin is one line of text")),
            _ => return Err(wrong("origin", "where the figures come from is missing")),
        };
        let Value::Object(stated) = &value["nodes"] else {
            return Err(wrong("nodes", "what was chosen for each node is missing"));
        };
        let mut nodes = BTreeMap::new();
        for (name, fields) in stated {
            let path = format!("nodes.{name}");
            let Value::Object(fields) = fields else {
                return Err(wrong(&path, "what was chosen for a node is an object"));
            };
            nodes.insert(name.clone(), node(fields, &path)?);
        }
        Ok(Self { origin, nodes })
    }
}

fn node(fields: &Map<String, Value>, path: &str) -> Result<ChosenNode, ChosenError> {
    let mut node = ChosenNode::default();
    for (key, value) in fields {
        let path = format!("{path}.{key}");
        let figure = || {
            let figure = value.as_u64().and_then(|figure| u32::try_from(figure).ok());
            let figure = figure.filter(|&figure| figure > 0);
            figure.ok_or_else(|| wrong(&path, "a whole number above zero stands here"))
        };
        match key.as_str() {
            "replicas" => node.replicas = Some(figure()?),
            "batch" => node.batch = Some(figure()?),
            "queue" => node.queue = Some(figure()?),
            "budgetMs" => {
                let budget = value.as_f64().filter(|budget| (0.0..1e12).contains(budget));
                let budget =
                    budget.ok_or_else(|| wrong(&path, "a number of milliseconds stands here"))?;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let nanos = (budget * MILLISECOND).round() as u64;
                node.budget = Some(Duration(nanos));
            }
            _ => {
                let near = match nearest(key, KEYS.into_iter()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("a node has {}", list_words(KEYS.into_iter())),
                };
                return Err(wrong(&path, &format!("nothing has this name; {near}")));
            }
        }
    }
    Ok(node)
}

fn wrong(path: &str, message: &str) -> ChosenError {
    ChosenError {
        path: path.to_owned(),
        message: message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let generator = ChosenNode {
            replicas: Some(3),
            batch: Some(48),
            queue: Some(7),
            budget: Some(Duration(9_000_500_000)),
        };
        let chosen = Chosen {
            origin: "simulated at 20 rps".to_owned(),
            nodes: BTreeMap::from([
                ("generator".to_owned(), generator),
                ("store".to_owned(), ChosenNode::default()),
            ]),
        };
        let text = chosen.to_json().to_string();
        let again = Chosen::from_json(&serde_json::from_str(&text).unwrap());
        assert_eq!(again, Ok(chosen));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (text, said) in [
            ("[]", "`origin`: where the figures come from is missing"),
            (
                r#"{"origin": "a\nb", "nodes": {}}"#,
                "`origin`: the origin is one line of text",
            ),
            (
                r#"{"origin": "a"}"#,
                "`nodes`: what was chosen for each node is missing",
            ),
            (
                r#"{"origin": "a", "nodes": {"n": {"replicas": 0}}}"#,
                "`nodes.n.replicas`: a whole number above zero stands here",
            ),
            (
                r#"{"origin": "a", "nodes": {"n": {"budgetMs": -1}}}"#,
                "`nodes.n.budgetMs`: a number of milliseconds stands here",
            ),
            (
                r#"{"origin": "a", "nodes": {"n": {"replica": 1}}}"#,
                "`nodes.n.replica`: nothing has this name; did you mean `replicas`?",
            ),
        ] {
            let error = Chosen::from_json(&serde_json::from_str(text).unwrap()).unwrap_err();
            assert_eq!(error.to_string(), said);
        }
    }
}
