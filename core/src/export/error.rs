use core::fmt;

use super::Artifacts;
use crate::order::Arrange as _;

/// Why there is no export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportError {
    /// The text has no graph.
    NoGraph {
        /// How many errors it has.
        errors: usize,
    },
    /// The graph has errors.
    Findings {
        /// How many.
        errors: usize,
    },
    /// A code to accept that is none of the target's.
    UnknownCode {
        /// The code.
        code: String,
        /// The target.
        target: &'static str,
        /// The nearest that it has.
        near: Option<&'static str>,
    },
    /// A placement that was chosen for another graph.
    UnknownNode {
        /// The node that it names.
        name: String,
        /// The nearest that there is.
        near: Option<String>,
    },
    /// Losses that are not accepted: those of [`Artifacts::losses`] whose kind stops. There are
    /// no files.
    Stopped(Box<Artifacts>),
    /// There is nothing to write; the losses say why.
    Empty(Box<Artifacts>),
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGraph { errors: 0 } => f.write_str("there is no graph to export"),
            Self::NoGraph { errors } | Self::Findings { errors } => {
                let errors = match errors {
                    1 => "an error".to_owned(),
                    _ => format!("{errors} errors"),
                };
                write!(f, "a graph with {errors} is not exported")
            }
            Self::UnknownCode { code, target, near } => {
                write!(f, "`{target}` has no loss `{code}`")?;
                match near {
                    Some(near) => write!(f, "; did you mean `{near}`?"),
                    None => f.write_str("; accept the codes that an export names"),
                }
            }
            Self::UnknownNode { name, near } => {
                write!(
                    f,
                    "the chosen placement is of another graph: it names `{name}`"
                )?;
                match near {
                    Some(near) => write!(f, "; did you mean `{near}`?"),
                    None => f.write_str("; choose one for this graph"),
                }
            }
            Self::Stopped(artifacts) => {
                let stopping = artifacts.losses.iter().filter(|loss| loss.kind.stops);
                let mut codes: Vec<&str> = stopping.map(|loss| loss.kind.code).collect();
                codes.arrange();
                codes.dedup();
                let codes = codes.join(", ");
                write!(
                    f,
                    "the export would change safety or correctness; mend the graph, or accept {codes}"
                )
            }
            Self::Empty(artifacts) => {
                f.write_str("there is nothing to write")?;
                // What is said of a node says more than what is said of the graph.
                let of_node = |loss: &&super::Note| loss.node.is_some();
                let loss = artifacts.losses.iter().find(of_node);
                match loss.or(artifacts.losses.first()) {
                    Some(loss) => write!(f, ": {}", loss.message),
                    None => f.write_str(": the graph has no node that this target holds"),
                }
            }
        }
    }
}

impl core::error::Error for ExportError {}

/// A target that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownTargetError {
    /// The name that was looked up.
    pub name: String,
    /// The nearest that exists.
    pub near: Option<&'static str>,
}

impl fmt::Display for UnknownTargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no target `{}`", self.name)?;
        if let Some(near) = self.near {
            return write!(f, "; did you mean `{near}`?");
        }
        let names = super::TARGETS.iter().map(|target| target.name());
        write!(f, "; a target is {}", crate::spec::list_words(names))
    }
}

impl core::error::Error for UnknownTargetError {}
