//! The versions that the browser keeps of documents, without their texts.

use std::collections::{BTreeMap, BTreeSet};

use wasm_bindgen::JsValue;

use crate::js;
use crate::workspace::Document;
use modelspec_core::order::Arrange as _;

/// The most versions of one document.
const EACH: usize = 20;
/// The most versions of all documents.
const ALL: usize = 120;
/// The most bytes of all versions.
const BYTES: f64 = 96.0 * 1024.0 * 1024.0;

/// What is told of a version.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Version {
    /// Its name in the database: the document's, and when the version was begun.
    pub(crate) key: String,
    /// The document.
    pub(crate) document: String,
    /// The file's name.
    pub(crate) name: String,
    /// The document's own name.
    pub(crate) title: String,
    /// When it was last written, in milliseconds since 1970.
    pub(crate) at: f64,
    /// The size of the text.
    pub(crate) bytes: f64,
    /// The nodes of its graph.
    pub(crate) nodes: f64,
    /// Tells texts apart.
    pub(crate) digest: String,
}

impl Version {
    pub(super) fn of(document: &Document, id: &str, key: String, at: f64) -> Self {
        let text = &document.analysis.text;
        let nodes = document.drawn.graph.as_ref();
        Self {
            key,
            document: id.to_owned(),
            name: document.name.clone(),
            title: document.title(),
            at,
            bytes: text.len() as f64,
            nodes: nodes.map_or(0.0, |graph| graph.model_nodes().count() as f64),
            digest: digest(text),
        }
    }

    pub(super) fn record(&self) -> JsValue {
        js::object([
            ("key", self.key.as_str().into()),
            ("document", self.document.as_str().into()),
            ("name", self.name.as_str().into()),
            ("title", self.title.as_str().into()),
            ("at", self.at.into()),
            ("bytes", self.bytes.into()),
            ("nodes", self.nodes.into()),
            ("digest", self.digest.as_str().into()),
        ])
    }

    pub(super) fn from_record(record: &JsValue) -> Self {
        Self {
            key: js::text(record, "key"),
            document: js::text(record, "document"),
            name: js::text(record, "name"),
            title: js::text(record, "title"),
            at: js::number(record, "at"),
            bytes: js::number(record, "bytes"),
            nodes: js::number(record, "nodes"),
            digest: js::text(record, "digest"),
        }
    }
}

/// FNV-1a of 64 bits and the length: two texts of one history that agree in both are the same.
pub(super) fn digest(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    format!("{hash:016x}{:x}", text.len())
}

/// The latest first.
pub(super) fn sort(versions: &mut [Version]) {
    versions.arrange_by(|a, b| b.at.total_cmp(&a.at).then_with(|| b.key.cmp(&a.key)));
}

/// The keys of the versions that go: what a later one repeats, and the oldest of too many. Those
/// that a tab has open stay. `share` is the part of the room that may be used.
pub(super) fn superfluous(
    versions: &[Version],
    open: &BTreeSet<String>,
    share: f64,
) -> Vec<String> {
    let mut sorted = versions.to_vec();
    sort(&mut sorted);
    let mut texts = BTreeSet::new();
    let mut each = BTreeMap::<&str, usize>::new();
    let (mut all, mut bytes) = (0_usize, 0.0);
    let mut gone = Vec::new();
    for version in &sorted {
        let count = each.entry(&version.document).or_default();
        let fits = *count < EACH
            && (all as f64) < ALL as f64 * share
            && bytes + version.bytes <= BYTES * share;
        let is_new = texts.insert((&version.digest, &version.name));
        if open.contains(&version.key) || (is_new && fits) {
            *count += 1;
            all += 1;
            bytes += version.bytes;
        } else {
            gone.push(version.key.clone());
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(document: &str, at: f64, digest: &str) -> Version {
        Version {
            key: format!("{document}/{at}"),
            document: document.to_owned(),
            at,
            bytes: 10.0,
            digest: digest.to_owned(),
            ..Version::default()
        }
    }

    #[test]
    fn twenty_of_each_stay_and_the_oldest_go() {
        let versions: Vec<_> = (0..25)
            .map(|at| version("a", f64::from(at), &at.to_string()))
            .collect();
        let gone = superfluous(&versions, &BTreeSet::new(), 1.0);
        assert_eq!(gone, ["a/4", "a/3", "a/2", "a/1", "a/0"]);
    }

    #[test]
    fn an_older_copy_of_a_text_goes_but_not_what_is_open() {
        let versions = [version("a", 1.0, "x"), version("b", 2.0, "x")];
        assert_eq!(superfluous(&versions, &BTreeSet::new(), 1.0), ["a/1"]);
        let open = BTreeSet::from(["a/1".to_owned()]);
        assert!(superfluous(&versions, &open, 1.0).is_empty());
    }
}
