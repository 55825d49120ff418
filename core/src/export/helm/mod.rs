//! Helm: a chart whose default values give exactly what the Kubernetes export writes.
//!
//! Values are what differs from cluster to cluster: images, replicas, cores, memory, GPUs, disks,
//! labels of machines, more variables. What the graph decides is no value: a model, a port or the
//! policy of a guardrail changes in the graph, which is then exported again.

mod chart;
mod kinds;
mod schema;
mod template;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::{Artifacts, Kind, Language, Subject, Target, kubernetes};
use crate::yaml;
use template::Template;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Helm;

/// A chart tells of all that its manifests tell of, under their codes.
static KINDS: LazyLock<Vec<&'static Kind>> =
    LazyLock::new(|| [kinds::ALL, kubernetes::kinds::ALL].concat());

impl Target for Helm {
    fn name(&self) -> &'static str {
        "helm"
    }

    fn title(&self) -> &'static str {
        "Helm"
    }

    fn about(&self) -> &'static str {
        "A chart of the Kubernetes manifests with values for each node, and a schema that holds \
         values to their form"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        &KINDS
    }

    fn words(&self) -> Vec<&'static str> {
        [super::words::SERVED, kubernetes::words::SAID].concat()
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let workloads = kubernetes::workloads(subject, &mut artifacts);
        if workloads.is_empty() {
            return artifacts;
        }
        let folder = super::dns_label(subject.name);
        let (mut values, mut nodes) = (Map::new(), Map::new());
        let (mut schemas, mut node_schemas) = (Map::new(), Map::new());
        let mut keys = Keys::default();
        for workload in workloads {
            let (path, key) = match workload.node {
                Some(node) => {
                    let key = keys.claim(node);
                    (format!(".Values.nodes.{key}"), key)
                }
                None => (".Values.orchestrator".to_owned(), "orchestrator".to_owned()),
            };
            let template = Template::new(path, workload.objects);
            let schema = schema::of_values(&template.values, &template.variables);
            let file = format!("{folder}/templates/{}.yaml", workload.name);
            artifacts.file(file, Language::Yaml, template.text);
            let (to, schemas) = match workload.node {
                Some(_) => (&mut nodes, &mut node_schemas),
                None => (&mut values, &mut schemas),
            };
            to.insert(key.clone(), Value::Object(template.values));
            schemas.insert(key, schema);
        }
        values.insert("nodes".to_owned(), Value::Object(nodes));
        schemas.insert("nodes".to_owned(), schema::closed(&node_schemas));
        artifacts.file(
            format!("{folder}/values.yaml"),
            Language::Yaml,
            yaml::document(&Value::Object(values)),
        );
        artifacts.file(
            format!("{folder}/values.schema.json"),
            Language::Json,
            schema::document(subject, &schemas),
        );
        chart::write(subject, &folder, &mut artifacts);
        artifacts
    }
}

/// Names of nodes as names within `.Values`, which have no `-`.
#[derive(Default)]
struct Keys(BTreeSet<String>);

impl Keys {
    fn claim(&mut self, node: &str) -> String {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() { c } else { '_' }
        };
        let mut key: String = node.chars().map(plain).collect();
        if !key.starts_with(|c: char| c.is_ascii_alphabetic()) {
            key.insert(0, 'x');
        }
        while !self.0.insert(key.clone()) {
            key.push('_');
        }
        key
    }
}
