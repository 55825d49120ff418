//! The words of the format that the export says beside those of all that start servers; the
//! orchestrator reads the whole graph.

pub(super) static SAID: &[&str] = &["spec.nodes.*.serving.probes"];
