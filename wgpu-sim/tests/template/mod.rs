//! The graphs that come with the designer, compiled.

use modelspec_core::Analysis;
use wgpu_sim::network::{Load, Network};

/// A template of the gallery, such as `rag`, under its own load.
pub(crate) fn network(name: &str) -> Network {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../public/examples");
    let text = std::fs::read_to_string(format!("{folder}/{name}.modelspec.yaml")).unwrap();
    let analysis = Analysis::new(text);
    let (graph, ..) = analysis.whole().unwrap();
    let compiled = Network::from_graph(graph, &Load::default());
    compiled.expect("every node has a service time").network
}
