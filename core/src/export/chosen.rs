//! A placement that somebody chose among those that were simulated.

mod json;

use std::collections::BTreeMap;
use std::rc::Rc;

use super::ExportError;
use crate::graph::Graph;
use crate::spec::{Batch, Duration, Node, Placement, Positive, Replicas, nearest};
use crate::text::{Span, Spanned};

pub use json::ChosenError;

/// A chosen placement: its figures take the place of what the document states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Where the figures come from, in a few words; it stands in the header of every file.
    pub origin: String,
    /// What was chosen for each node, by its name in the flat graph.
    pub nodes: BTreeMap<String, ChosenNode>,
}

/// What was chosen for a node; `None` leaves what the document states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChosenNode {
    /// Replicas that hold the objectives at the workload: the least that run.
    pub replicas: Option<u32>,
    /// The most requests, or sequences, of a batch; for a node that batches.
    pub batch: Option<u32>,
    /// Requests waiting at each replica that call for another.
    pub queue: Option<u32>,
    /// The longest that it may take.
    pub budget: Option<Duration>,
}

impl Chosen {
    /// The graph with the chosen figures in it.
    ///
    /// # Errors
    /// When it names a node that the graph has not; with the nearest.
    pub(super) fn apply(&self, graph: &Graph) -> Result<Graph, ExportError> {
        let mut placed = graph.clone();
        let document = Rc::make_mut(&mut placed.spec);
        let body = document.spec.as_mut();
        let mut nodes = body.and_then(|body| body.value.nodes.as_mut());
        for (name, chosen) in &self.nodes {
            let entries = nodes.as_mut().map(|nodes| &mut nodes.value.entries);
            let found = entries
                .and_then(|entries| entries.iter_mut().find(|named| named.name.value == *name));
            let Some(named) = found else {
                let known = graph.model_nodes().map(|(_, node)| &*node.name);
                return Err(ExportError::UnknownNode {
                    name: name.clone(),
                    near: nearest(name, known).map(str::to_owned),
                });
            };
            chosen.apply(&mut named.value, named.name.span);
        }
        Ok(placed)
    }

    /// The queue that calls for another replica of a node.
    pub(super) fn queue(&self, node: &str) -> Option<u32> {
        self.nodes.get(node)?.queue
    }

    /// Whether the replicas of a node were chosen.
    pub(super) fn has_replicas(&self, node: &str) -> bool {
        self.nodes
            .get(node)
            .is_some_and(|node| node.replicas.is_some())
    }
}

impl ChosenNode {
    fn apply(&self, node: &mut Node, span: Span) {
        if let Some(budget) = self.budget {
            node.budget = Some(Spanned::new(budget, span));
        }
        if self.replicas.is_none() && self.batch.is_none() {
            return;
        }
        let placement = node
            .placement
            .get_or_insert_with(|| Spanned::new(Placement::default(), span));
        let placement = &mut placement.value;
        if let Some(replicas) = self.replicas {
            let stated = placement.replicas.map(|stated| stated.value);
            let replicas = Replicas {
                min: replicas,
                max: stated.map_or(replicas, |stated| stated.max.max(replicas)),
                autoscale: stated.and_then(|stated| stated.autoscale),
            };
            placement.replicas = Some(Spanned::new(replicas, span));
        }
        let batch = placement.batch.as_mut().map(|batch| &mut batch.value);
        if let (Some(size), Some(batch)) = (self.batch, batch) {
            let size = Some(Spanned::new(Positive(size), span));
            match batch {
                Batch::Dynamic(dynamic) => dynamic.max_size = size,
                Batch::Continuous(continuous) => continuous.max_sequences = size,
                Batch::None => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Analysis;
    use crate::export::{self, Options};

    const GUARDED: &str = include_str!("../../../public/examples/rag-guarded.modelspec.yaml");

    fn options(node: &str) -> Options {
        let chosen = ChosenNode {
            replicas: Some(3),
            batch: Some(48),
            queue: Some(7),
            budget: Some(Duration(9_000_000_000)),
        };
        Options {
            accept: Vec::new(),
            placement: Some(Chosen {
                origin: "the placement of 40usd/h at 20rps, seed 7".to_owned(),
                nodes: BTreeMap::from([(node.to_owned(), chosen)]),
            }),
        }
    }

    fn file(target: &str, path: &str) -> String {
        let target = export::find(target).unwrap();
        let options = options("generator");
        let artifacts = export::run(target, &Analysis::new(GUARDED), &options).unwrap();
        let file = artifacts.files.into_iter().find(|file| file.path == path);
        file.unwrap().text
    }

    #[test]
    fn what_was_chosen_takes_the_place_of_what_is_stated() {
        for (target, path, words) in [
            ("keda", "support-rag-generator.yaml", "minReplicaCount: 3"),
            ("keda", "support-rag-generator.yaml", "maxReplicaCount: 6"),
            ("keda", "support-rag-generator.yaml", "threshold: \"7\""),
            ("kubernetes", "support-rag-generator.yaml", "minReplicas: 3"),
            ("vllm", "support-rag-generator.yaml", "max-num-seqs: 48"),
            // The document's own timeout of 10 s is longer.
            (
                "gateway",
                "gateway-api/support-rag-generator.yaml",
                "request: 10s",
            ),
        ] {
            let text = file(target, path);
            assert!(text.contains(words), "{target}: {words}\n{text}");
            let origin = "# Chosen, not stated: the placement of 40usd/h at 20rps, seed 7\n";
            assert!(text.contains(origin), "{text}");
        }
    }

    #[test]
    fn replicas_that_were_chosen_and_may_not_vary_get_room() {
        let fixed = GUARDED.replace("replicas: {min: 2, max: 6}, ", "");
        let target = export::find("keda").unwrap();
        let artifacts = export::run(target, &Analysis::new(fixed), &options("generator")).unwrap();
        let file = artifacts
            .files
            .iter()
            .find(|file| file.path.contains("generator"));
        let text = &file.unwrap().text;
        assert!(
            text.contains("minReplicaCount: 3\n") && text.contains("maxReplicaCount: 6\n"),
            "{text}"
        );
    }

    #[test]
    fn a_node_that_is_not_there_is_an_error() {
        let target = export::find("keda").unwrap();
        let error =
            export::run(target, &Analysis::new(GUARDED), &options("generators")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the chosen placement is of another graph: it names `generators`; did you mean `generator`?"
        );
    }
}
