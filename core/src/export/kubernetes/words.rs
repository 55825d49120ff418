//! The words of the format that the export says beside those of all that start servers; the
//! orchestrator reads the whole graph.

pub(in crate::export) static SAID: &[&str] = &[
    "spec.nodes.*.serving.timeout",
    "spec.nodes.*.placement.concurrency",
    "spec.nodes.*.placement.replicas.autoscale.target",
    "spec.nodes.*.placement.replicas.autoscale.coldStart",
    "spec.nodes.*.placement.replicas.autoscale.scaleDownAfter",
    "metadata.labels",
    "spec.nodes.*.serving.probes",
    "spec.nodes.*.placement.pool",
    "spec.nodes.*.placement.coLocate",
    "spec.hardware.pools.*.name",
    "spec.hardware.pools.*.zone",
    "spec.objectives.latency.p99",
    "spec.objectives.latency.p95",
];
