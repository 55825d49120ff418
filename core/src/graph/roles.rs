use super::Direction;
use crate::spec::{Kind, Role};

/// A port that a role brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolePort {
    /// Its name.
    pub name: &'static str,
    /// What it carries.
    pub kind: Kind,
    /// Whether it needs a value.
    pub required: bool,
}

const fn port(name: &'static str, kind: Kind) -> RolePort {
    RolePort {
        name,
        kind,
        required: true,
    }
}

const fn optional(name: &'static str, kind: Kind) -> RolePort {
    RolePort {
        name,
        kind,
        required: false,
    }
}

/// The ports that a role brings on one side, in order; the first is the primary one.
pub const fn default_ports(role: Role, direction: Direction) -> &'static [RolePort] {
    const TEXT: &[RolePort] = &[port("text", Kind::Text)];
    const IN: &[RolePort] = &[port("in", Kind::Any)];
    const OUT: &[RolePort] = &[port("out", Kind::Any)];
    const PASSED: &[RolePort] = &[port("text", Kind::Text), port("verdict", Kind::Label)];
    const VECTOR: &[RolePort] = &[port("vector", Kind::Vector)];
    const QUERY: &[RolePort] = &[port("query", Kind::Vector)];
    const HITS: &[RolePort] = &[port("hits", Kind::Candidates)];
    const UNRANKED: &[RolePort] = &[
        port("query", Kind::Text),
        port("candidates", Kind::Candidates),
    ];
    const RANKED: &[RolePort] = &[port("ranked", Kind::Candidates)];
    const PROMPT: &[RolePort] = &[
        port("prompt", Kind::Text),
        optional("context", Kind::Candidates),
    ];
    const LABEL: &[RolePort] = &[port("label", Kind::Label)];
    const CALL: &[RolePort] = &[port("call", Kind::Json)];
    const RESULT: &[RolePort] = &[port("result", Kind::Json)];
    const KEY: &[RolePort] = &[port("key", Kind::Text)];
    const HIT: &[RolePort] = &[port("hit", Kind::Text), port("miss", Kind::Any)];
    match (role, direction) {
        (Role::Guardrail | Role::Embedder, Direction::Input)
        | (Role::Generator, Direction::Output) => TEXT,
        (Role::Guardrail, Direction::Output) => PASSED,
        (Role::Embedder, Direction::Output) => VECTOR,
        (Role::Retriever, Direction::Input) => QUERY,
        (Role::Retriever, Direction::Output) => HITS,
        (Role::Reranker, Direction::Input) => UNRANKED,
        (Role::Reranker, Direction::Output) => RANKED,
        (Role::Generator, Direction::Input) => PROMPT,
        (Role::Classifier, Direction::Output) => LABEL,
        (Role::Tool, Direction::Input) => CALL,
        (Role::Tool, Direction::Output) => RESULT,
        (Role::Cache, Direction::Input) => KEY,
        (Role::Cache, Direction::Output) => HIT,
        (
            Role::Classifier
            | Role::Router
            | Role::Splitter
            | Role::Join
            | Role::Transformer
            | Role::Adapter
            | Role::Postprocessor,
            Direction::Input,
        ) => IN,
        (
            Role::Router
            | Role::Splitter
            | Role::Transformer
            | Role::Adapter
            | Role::Postprocessor
            | Role::Join,
            Direction::Output,
        ) => OUT,
        (Role::Custom, _) => &[],
    }
}

/// The input whose type an output has, for roles that hand a value on as it came.
pub const fn passes_through(role: Role, output: &str) -> Option<&'static str> {
    match (role, output.as_bytes()) {
        (Role::Router | Role::Splitter, b"out") => Some("in"),
        (Role::Cache, b"miss") => Some("key"),
        _ => None,
    }
}
