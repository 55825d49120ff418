//! The digest of what a graph means, and the lockfile that holds graphs to it: SHA-256 over RFC 8785 canonical JSON of the resolved graph.
//!
//! Comments, the order of keys, short and long forms, units and the canvas make no difference to
//! it; everything that changes what runs, what is checked or what is promised does.

mod canonical_json;
mod file;
mod resolve;
#[cfg(test)]
mod tests;
mod verify;

use core::fmt;

use sha2::{Digest as _, Sha256};

pub use canonical_json::canonical_json;
pub use file::{FILE_NAME, LockFile, LockedGraph, LockedNode, Specs, read, write};
pub use resolve::resolved;
pub use verify::verify;

use crate::graph::Graph;

/// A SHA-256 digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of bytes that come in parts.
    pub fn of_parts(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// 64 small hexadecimal digits.
    pub fn hex(&self) -> String {
        let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
        let pairs = self
            .0
            .iter()
            .map(|byte| [digit(byte >> 4), digit(byte & 15)]);
        pairs.flatten().collect()
    }
}

impl fmt::Display for Digest {
    /// `sha256:` and 64 digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.hex())
    }
}

/// The digest of a graph's meaning.
pub fn digest(graph: &Graph) -> Digest {
    Digest::of(canonical(graph).as_bytes())
}

/// The bytes that the digest is of: the resolved graph as RFC 8785 canonical JSON.
pub fn canonical(graph: &Graph) -> String {
    canonical_json(&resolved(graph))
}
