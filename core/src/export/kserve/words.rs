//! The words of the format that the export says beside those of all that start servers.

pub(super) static SAID: &[&str] = &[
    "spec.nodes.*.required",
    "spec.nodes.*.budget",
    "spec.nodes.*.serving.timeout",
    "spec.nodes.*.serving.probes.ready.path",
    "spec.nodes.*.serving.probes.ready.port",
    "spec.nodes.*.serving.probes.ready.startup",
    "spec.nodes.*.placement.concurrency",
    "spec.nodes.*.join",
    "spec.edges.*.when",
    "spec.edges.*.weight",
    "spec.edges.*.probability",
    "spec.edges.*.loop",
    "spec.objectives.latency.p95",
    "spec.objectives.latency.p99",
];
