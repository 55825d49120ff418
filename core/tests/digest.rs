//! The published digests: whoever computes them anew must find the same.
#![allow(missing_docs)]

use modelspec_core::{Analysis, lock};

/// `[{document, canonical, digest}]`: a document, the canonical JSON of its meaning, and the
/// SHA-256 of that.
const VECTORS: &str = include_str!("digest-vectors.json");

#[test]
fn published_digests_hold() {
    let vectors: Vec<serde_json::Value> = serde_json::from_str(VECTORS).unwrap();
    assert!(vectors.len() >= 4);
    for vector in vectors {
        let analysis = Analysis::new(vector["document"].as_str().unwrap());
        assert_eq!(analysis.reading.diagnostics, []);
        let graph = analysis.graph.unwrap();
        assert_eq!(
            lock::canonical(&graph),
            vector["canonical"].as_str().unwrap()
        );
        assert_eq!(
            lock::digest(&graph).to_string(),
            vector["digest"].as_str().unwrap()
        );
    }
}
