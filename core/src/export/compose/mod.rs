//! Docker Compose: a service for each node with its GPUs and its health, and networks that let
//! only those talk that the graph lets.
//!
//! With `execution: orchestrated` (the default) each node shares a network with the orchestrator
//! and nobody else. With `execution: chained` each edge is a network.

mod kinds;
mod orchestrator;
mod services;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::names::Names;
use super::plan::{Plan, Planning};
use super::{Artifacts, Kind, Language, Subject, Target};
use crate::graph::NodeIx;
use crate::spec::{Execution, OnFailure, Role};
use crate::yaml;

/// The target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Compose;

/// The longest name: Compose puts the project's before it, in a DNS label.
const LONGEST_NAME: usize = 52;

impl Target for Compose {
    fn name(&self) -> &'static str {
        "compose"
    }

    fn title(&self) -> &'static str {
        "Docker Compose"
    }

    fn about(&self) -> &'static str {
        "One service a node with its GPUs and its health, on networks that admit the orchestrator \
         alone"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        kinds::ALL
    }

    fn words(&self) -> Vec<&'static str> {
        [super::words::SERVED, words::SAID].concat()
    }

    fn export(&self, subject: &Subject<'_>) -> Artifacts {
        let mut artifacts = Artifacts::default();
        let execution = subject.execution();
        let mut names = Names::new(LONGEST_NAME);
        let plans = Planning {
            subject,
            artifacts: &mut artifacts,
            names: &mut names,
            kinds: &kinds::PLAN,
            selects: false,
            control: match execution {
                Execution::Orchestrated => Some("orchestrator"),
                Execution::Chained => None,
            },
        }
        .all();
        if plans.is_empty() {
            return artifacts;
        }
        let target = "Docker Compose";
        super::words::lose_unsaid(subject, &self.words(), &kinds::WORD, target, &mut artifacts);
        let mut cx = Cx {
            subject,
            artifacts: &mut artifacts,
            execution,
            networks: BTreeMap::new(),
        };
        let orchestrator = match execution {
            Execution::Orchestrated => {
                let wanted = format!("{}-orchestrator", subject.name);
                Some(names.claim(&wanted))
            }
            Execution::Chained => None,
        };
        cx.join(&plans, orchestrator.as_deref());
        let mut services = Map::new();
        let mut volumes = Map::new();
        for plan in &plans {
            let service = services::service(&mut cx, plan, &plans);
            services.insert(plan.object.clone(), service);
            for volume in services::volumes(plan) {
                volumes.insert(volume, json!({}));
            }
        }
        let mut configs = Map::new();
        match &orchestrator {
            Some(object) => {
                let service = orchestrator::service(&mut cx, object, &plans, &mut configs);
                services.insert(object.clone(), service);
            }
            None => cx.about_chain(),
        }
        let networks: BTreeSet<&String> = cx.networks.values().flatten().collect();
        let networks: Map<String, Value> = networks
            .into_iter()
            .map(|network| (network.clone(), json!({})))
            .collect();
        let mut file = Map::new();
        file.insert("name".to_owned(), json!(super::dns_label(subject.name)));
        file.insert("services".to_owned(), Value::Object(services));
        file.insert("networks".to_owned(), Value::Object(networks));
        file.insert("volumes".to_owned(), Value::Object(volumes));
        if !configs.is_empty() {
            file.insert("configs".to_owned(), Value::Object(configs));
        }
        let text = yaml::document(&Value::Object(file));
        artifacts.file("compose.yaml", Language::Yaml, text);
        artifacts
    }
}

/// What every part of the export needs.
struct Cx<'c, 'a> {
    subject: &'c Subject<'a>,
    artifacts: &'c mut Artifacts,
    execution: Execution,
    /// The networks of each service.
    networks: BTreeMap<String, BTreeSet<String>>,
}

impl Cx<'_, '_> {
    /// Puts services that may talk on a network of their own.
    fn join(&mut self, plans: &[Plan<'_>], orchestrator: Option<&str>) {
        if let Some(orchestrator) = orchestrator {
            for plan in plans {
                self.link(&plan.object, &plan.object, orchestrator);
            }
            return;
        }
        let objects: BTreeMap<NodeIx, &str> =
            plans.iter().map(|plan| (plan.ix, &*plan.object)).collect();
        for plan in plans {
            for target in called(self.subject, plan.ix) {
                if let Some(other) = objects.get(&target) {
                    let network = format!("{}-to-{other}", plan.object);
                    self.link(&network, &plan.object, other);
                }
            }
            // Whom nobody calls, and who calls nobody, still reaches its hub.
            let own = self.networks.entry(plan.object.clone()).or_default();
            if own.is_empty() {
                own.insert(plan.object.clone());
            }
        }
    }

    fn link(&mut self, network: &str, one: &str, other: &str) {
        for service in [one, other] {
            let networks = self.networks.entry(service.to_owned()).or_default();
            networks.insert(network.to_owned());
        }
    }

    fn networks_of(&self, object: &str) -> Vec<&String> {
        self.networks.get(object).into_iter().flatten().collect()
    }

    fn about_chain(&mut self) {
        let span = self.subject.name_span();
        let message = "each node calls its successors, whose addresses stand in its variable \
                       `MODELGRAPH_SUCCESSORS`, and keeps conditions, timeouts and fallbacks itself";
        self.artifacts
            .assume(&kinds::CHAINED, None, span, message, "chained");
        let nodes = self.subject.graph.model_nodes();
        for (_, node) in nodes.filter(|(_, node)| node.role == Some(Role::Guardrail)) {
            let message = format!(
                "with `execution: chained` no network keeps `{}` from letting everything pass: the \
                 program that serves it must refuse to call its successors",
                node.name
            );
            self.artifacts
                .lose(&kinds::CHAINED_GUARD, Some(&node.name), node.span, message);
        }
    }
}

/// Whom a node calls in a chain: its successors, and what stands in for them.
fn called(subject: &Subject<'_>, ix: NodeIx) -> BTreeSet<NodeIx> {
    let graph = subject.graph;
    let direct: BTreeSet<NodeIx> = graph
        .outgoing(ix)
        .map(|edge| edge.target)
        .filter(|target| target.is_model() && *target != ix)
        .collect();
    let mut all = direct.clone();
    for target in direct {
        let choice = graph
            .spec_of(target)
            .and_then(|node| node.on_failure.as_ref());
        if let Some(OnFailure::Fallback(name)) = choice.map(|choice| &choice.value) {
            all.extend(graph.find(&name.0).filter(|other| *other != ix));
        }
    }
    all
}

/// A text in which Compose finds no variable.
fn literal(text: &str) -> String {
    text.replace('$', "$$")
}
