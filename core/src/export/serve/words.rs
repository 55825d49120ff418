//! The words of the format that the exports say.

/// What each of the programs is told, in arguments or in its surroundings.
pub(super) const ALL: &[&str] = &[
    "metadata.name",
    "metadata.version",
    "spec.nodes.*.role",
    "spec.nodes.*.model.id",
    "spec.nodes.*.model.uri",
    "spec.nodes.*.model.revision",
    "spec.nodes.*.model.framework",
    "spec.nodes.*.model.precision",
    "spec.nodes.*.model.chatTemplate",
    "spec.nodes.*.tokenizer.id",
    "spec.nodes.*.tokenizer.overflow",
    "spec.nodes.*.limits.maxModelLen",
    "spec.nodes.*.serving.engine",
    "spec.nodes.*.serving.image",
    "spec.nodes.*.serving.digest",
    "spec.nodes.*.serving.port",
    "spec.nodes.*.serving.env",
    "spec.nodes.*.serving.secrets",
    "spec.nodes.*.placement.gpu",
    "spec.nodes.*.placement.gpusPerReplica",
    "spec.nodes.*.placement.batch",
    "spec.nodes.*.external",
];

/// Beside these, those that generate text.
pub(super) const GENERATORS: &[&str] =
    &["spec.nodes.*.model.kvPrecision", "spec.nodes.*.model.heads"];

/// Beside these, TEI.
pub(super) const TEI: &[&str] = &[
    "spec.nodes.*.tokenizer.maxInputTokens",
    "spec.nodes.*.serving.protocol",
];
