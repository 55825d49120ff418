//! What differs in meaning between two graphs, and what each difference asks of those who run
//! them.
//!
//! The graphs are compared as they are digested ([`crate::lock::resolved`]): units, short forms,
//! defaults and the order of keys make no difference, and two graphs of one digest differ in
//! nothing but words and drawing. A consequence is not told again: the dimension that a store takes
//! over from its embedder is told of the embedder alone.

mod class;
mod compare;
mod edges;
mod ports;
mod rename;
mod side;
#[cfg(test)]
mod tests;

pub use class::{Class, KINDS, Kind};

use crate::Analysis;
use crate::check::Severity;
use crate::graph::Graph;
use crate::order::Arrange as _;
use crate::spec::{ByRule, CheckSetting, Map};
use crate::text::{Span, Spanned};

/// What differs between two graphs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// The differences, the worst first, then in the order of the document.
    pub changes: Vec<Change>,
    /// Those that the new document sets to `off` under `checks`, each with the reason.
    pub ignored: Vec<(Change, String)>,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What kind it is.
    pub kind: &'static Kind,
    /// One sentence that names the values.
    pub message: String,
    /// The node it is about, by its new name; by its old one where it is removed.
    pub node: Option<String>,
    /// The port it is about, without its node.
    pub port: Option<String>,
    /// The edge it is about: its id.
    pub edge: Option<String>,
    /// What of it, as a path of keys: `model.revision`; empty for all of it.
    pub path: String,
    /// The old value; `None` where it was not there.
    pub old: Option<String>,
    /// The new value; `None` where it is gone.
    pub new: Option<String>,
    /// Where the old document states it, or would.
    pub old_span: Option<Span>,
    /// Where the new document states it, or would.
    pub new_span: Option<Span>,
}

impl Differences {
    /// The worst class of the differences that are not ignored.
    pub fn worst(&self) -> Option<Class> {
        self.changes.iter().map(|change| change.kind.class).max()
    }
}

/// The kind of an id, in any case.
pub fn kind(id: &str) -> Option<&'static Kind> {
    KINDS
        .iter()
        .copied()
        .find(|kind| kind.id.eq_ignore_ascii_case(id))
}

/// What differs from an old graph to a new one; `None` where a text holds no graph.
///
/// What of a document could not be read is not compared: it is for the caller to refuse documents
/// with errors of reading.
pub fn differences(old: &Analysis, new: &Analysis) -> Option<Differences> {
    let mut changes = compare::changes(old, new)?;
    changes.arrange_by(|a, b| b.kind.class.cmp(&a.kind.class));
    let (graph, ..) = new.whole()?;
    let mut differences = Differences::default();
    for mut change in changes {
        change.old_span = change.old_span.map(|span| old.place(span));
        change.new_span = change.new_span.map(|span| new.place(span));
        match reason(graph, &change) {
            Some(reason) => differences.ignored.push((change, reason)),
            None => differences.changes.push(change),
        }
    }
    Some(differences)
}

/// Why the new document sets a difference to `off`: at its edge, its node or the graph.
fn reason(graph: &Graph, change: &Change) -> Option<String> {
    let edge = change.edge.as_ref().and_then(|id| {
        let edge = graph.edges.iter().find(|edge| edge.id == *id)?;
        graph.edge_spec(edge.ix)?.checks.as_ref()
    });
    let node = change.node.as_ref().and_then(|name| {
        let node = graph.spec_of(graph.find(name)?)?;
        node.checks.as_ref()
    });
    let body = graph.spec.body().and_then(|body| body.checks.as_ref());
    let settings: [Option<&Spanned<Map<ByRule, CheckSetting>>>; 3] = [edge, node, body];
    let setting = settings
        .into_iter()
        .flatten()
        .find_map(|settings| settings.get(change.kind.id))?;
    let is_off = setting.severity.as_ref()?.value == Severity::Off;
    is_off.then(|| {
        let reason = setting.reason.as_ref();
        reason.map_or_else(String::new, |reason| reason.value.0.clone())
    })
}
