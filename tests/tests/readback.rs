//! Our own exports, imported again: what a target holds comes back.
#![allow(missing_docs)]

use std::collections::{BTreeMap, BTreeSet};

use modelspec_core::export::{self, Options};
use modelspec_core::graph::{Graph, NodeIx};
use modelspec_core::import::{self, File};
use modelspec_core::spec::Batch;
use modelspec_core::{Analysis, hardware::Catalogue};
use modelspec_tests::graphs;

/// Exported with everything accepted, and imported again.
fn again(target: &str, text: &str) -> Analysis {
    let target = export::find(target).unwrap();
    let accept = target.kinds().iter().map(|kind| kind.code.to_owned());
    let options = Options {
        accept: accept.collect(),
        ..Options::default()
    };
    let artifacts = export::run(target, &Analysis::new(text), &options).unwrap();
    let files = artifacts.files.iter();
    let files: Vec<File<'_>> = files
        .map(|file| File::new(&*file.path, &file.text))
        .collect();
    let imported = import::run(&files).unwrap_or_else(|error| panic!("{error}"));
    Analysis::new(imported.text)
}

/// What is said of what runs for a node.
fn facts(graph: &Graph, ix: NodeIx) -> BTreeMap<&'static str, String> {
    let mut facts = BTreeMap::new();
    let Some(node) = graph.spec_of(ix) else {
        return facts;
    };
    let mut say = |what, value: Option<String>| {
        if let Some(value) = value {
            facts.insert(what, value);
        }
    };
    let serving = node.serving.as_ref();
    say(
        "image",
        serving
            .and_then(|it| it.image.as_ref())
            .map(|it| it.value.0.clone()),
    );
    say(
        "port",
        serving
            .and_then(|it| it.port)
            .map(|it| it.value.0.to_string()),
    );
    let placement = node.placement.as_ref();
    // A GPU has several names.
    let catalogue = Catalogue::builtin();
    let gpu = placement
        .and_then(|it| it.gpu.as_ref())
        .map(|it| &*it.value.0);
    say(
        "gpu",
        gpu.map(|gpu| catalogue.find(gpu).map_or(gpu, |gpu| &gpu.name).to_owned()),
    );
    say(
        "cpu",
        placement
            .and_then(|it| it.cpu)
            .map(|it| it.value.to_string()),
    );
    say(
        "memory",
        placement
            .and_then(|it| it.memory)
            .map(|it| it.value.to_string()),
    );
    let replicas = placement.and_then(|it| it.replicas);
    say(
        "replicas",
        replicas.map(|it| format!("{}-{}", it.min, it.max)),
    );
    facts
}

/// Pairs of nodes that an edge joins.
fn pairs(graph: &Graph) -> BTreeSet<(String, String)> {
    let edges = graph.edges.iter();
    edges
        .map(|edge| {
            (
                graph.name(edge.source).to_owned(),
                graph.name(edge.target).to_owned(),
            )
        })
        .collect()
}

/// Every fact that is stated comes back; what was assumed may stand beside it.
fn check_facts(before: &Graph, after: &Graph, held: &[&str]) -> usize {
    let mut compared = 0;
    for (ix, node) in before.model_nodes() {
        let Some(found) = after.find(&node.name) else {
            continue;
        };
        let found = facts(after, found);
        for (what, value) in facts(before, ix) {
            if held.contains(&what) {
                assert_eq!(found.get(what), Some(&value), "{what} of {}", node.name);
                compared += 1;
            }
        }
    }
    compared
}

#[test]
fn kserve_gives_nodes_edges_and_what_they_run_on() {
    let example = graphs::examples()
        .into_iter()
        .find(|(name, _)| name.contains("ocr"));
    let (_, text) = example.unwrap();
    let (before, after) = (Analysis::new(&*text), again("kserve", &text));
    let (before, after) = (
        before.graph.as_ref().unwrap(),
        after.graph.as_ref().unwrap(),
    );
    assert_eq!(pairs(before), pairs(after));
    // KServe sets the port of an LLMInferenceService, and this one has that.
    let held = ["image", "port", "gpu", "cpu", "memory", "replicas"];
    assert!(check_facts(before, after, &held) > 10);
    let model = |graph: &Graph| {
        let node = graph.spec_of(graph.find("extraction").unwrap()).unwrap();
        let id = node.model.as_ref().unwrap().id.as_ref().unwrap();
        id.value.0.clone()
    };
    assert_eq!(model(before), model(after));
}

/// Branches come back as branches, with their conditions kept.
#[test]
fn kserve_gives_branches_back() {
    let text = "
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: lanes}
spec:
  inputs: {q: {type: json}}
  outputs: {a: {type: json}}
  nodes:
    which: {role: router}
    slow: {role: custom, inputs: {in: {type: json}}, outputs: {out: {type: json}}}
    fast: {role: custom, inputs: {in: {type: json}}, outputs: {out: {type: json}}}
    met: {role: join, join: any, outputs: {out: {type: json}}}
  edges:
    - {from: inputs.q, to: which.in}
    - {from: which.out, to: slow.in, when: default}
    - {from: which.out, to: fast.in, when: 'output.lane == \"fast\"'}
    - {from: slow.out, to: met.in}
    - {from: fast.out, to: met.in}
    - {from: met.out, to: outputs.a}
";
    let after = again("kserve", text);
    let graph = after.graph.as_ref().unwrap();
    let pairs = pairs(graph);
    let joined = |from: &str, to: &str| {
        pairs
            .iter()
            .any(|(a, b)| a.starts_with(from) && b.starts_with(to))
    };
    assert!(
        joined("which", "slow") && joined("which", "fast"),
        "{pairs:?}"
    );
    assert!(joined("slow", "which-switch-join") && joined("fast", "which-switch-join"));
    // What KServe was told of it once it is told again.
    let conditions = |text: &str| {
        let target = export::find("kserve").unwrap();
        let options = Options::default();
        let artifacts = export::run(target, &Analysis::new(text), &options).unwrap();
        let lines = artifacts.files.iter().flat_map(|file| file.text.lines());
        let lines = lines.filter(|line| line.contains("condition: "));
        lines.map(|line| line.trim().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(conditions(text), conditions(&after.text));
}

/// Compose and Kubernetes hold what runs; who calls whom only a chain shows, for else the
/// orchestrator calls all.
#[test]
fn compose_and_kubernetes_give_nodes_and_what_they_run_on() {
    let example = graphs::examples()
        .into_iter()
        .find(|(name, _)| name.ends_with("rag.modelspec.yaml"));
    let (_, text) = example.unwrap();
    // In a chain each waits for all behind it.
    let chained = text
        .replace("\nspec:\n", "\nspec:\n  execution: chained\n")
        .replace("timeout: 200ms", "timeout: 40s")
        .replace("timeout: 500ms", "timeout: 30s");
    assert_ne!(chained, text);
    for (target, held) in [
        ("compose", &["image", "port", "cpu", "memory"][..]),
        (
            "kubernetes",
            &["image", "port", "gpu", "cpu", "memory", "replicas"],
        ),
    ] {
        let (before, after) = (Analysis::new(&*chained), again(target, &chained));
        let (before, after) = (
            before.graph.as_ref().unwrap(),
            after.graph.as_ref().unwrap(),
        );
        assert!(
            check_facts(before, after, held) > 5,
            "{target}\n{}",
            after.nodes.len()
        );
        let between = |graph: &Graph| {
            let nodes: Vec<String> = before
                .model_nodes()
                .map(|(_, node)| node.name.clone())
                .collect();
            let mut pairs = pairs(graph);
            pairs.retain(|(from, to)| nodes.contains(from) && nodes.contains(to));
            pairs
        };
        assert_eq!(between(before), between(after), "{target}");
    }
}

/// The tensors of an ensemble are the edges, the ports of a configuration those of a node.
#[test]
fn triton_gives_nodes_ports_and_edges() {
    for example in ["ocr", "rag-guarded"] {
        let wanted = format!("{example}.modelspec.yaml");
        let example = graphs::examples()
            .into_iter()
            .find(|(name, _)| name.ends_with(&wanted));
        let (_, text) = example.unwrap();
        let (before, after) = (Analysis::new(&*text), again("triton", &text));
        let (before, after) = (
            before.graph.as_ref().unwrap(),
            after.graph.as_ref().unwrap(),
        );
        let edges = |graph: &Graph| -> BTreeSet<String> {
            let edges = graph.edges.iter();
            edges.map(|edge| edge.id.clone()).collect()
        };
        assert_eq!(edges(before), edges(after));
        let largest = |graph: &Graph| {
            let node = graph.spec_of(graph.find("embedder")?)?;
            match node.batch()? {
                Batch::Dynamic(dynamic) => dynamic.max_size.map(|size| size.value.0),
                _ => None,
            }
        };
        assert_eq!(largest(before), largest(after));
    }
}
