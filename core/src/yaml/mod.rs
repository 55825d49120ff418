//! YAML 1.2 (core schema) and JSON as a tree with a place on every value: reading, the smallest
//! edits, and the canonical writing.
//!
//! Reading never fails: it yields what could be read, and every error with its place.

mod edit;
mod fragment;
pub(crate) mod lex;
mod node;
mod read;
pub(crate) mod write;

pub use edit::{EditError, Options, insert_at, push, remove, rename_key, replace_scalar, set};
pub use fragment::{Fragment, Style};
pub use node::{Entry, Key, Mapping, Node, Scalar, ScalarStyle, Sequence, Value};
pub(crate) use read::is_json;
pub use read::{Error, ErrorKind, Limits, Parsed, read};
pub use write::scalar;
