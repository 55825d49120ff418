//! The way between nodes, by the zones of their pools.

use core::time::Duration;
use std::collections::BTreeMap;

use modelspec_core::check::{Code, Diagnostic, Severity};
use modelspec_core::graph::{Edge, Graph, NodeIx};
use modelspec_core::spec;

/// The time of an edge is estimated.
const HOP: Code = Code("SIM-HOP");

/// From zone to zone: the middle, by ratio, of the 0.5 to 2 ms that clouds show.
const ACROSS: Duration = Duration::from_millis(1);

/// In which zone nodes stand.
pub(super) struct Zones<'g>(BTreeMap<NodeIx, &'g str>);

impl<'g> Zones<'g> {
    pub(super) fn new(graph: &'g Graph) -> Self {
        let body = graph.spec.body();
        let hardware = body.and_then(|body| body.hardware.as_ref());
        let pools = hardware.and_then(|hardware| hardware.pools.as_ref());
        let zones: BTreeMap<&str, &str> = pools
            .into_iter()
            .flat_map(|pools| &pools.value)
            .filter_map(|pool| Some((&*pool.name.as_ref()?.value.0, &*pool.zone.as_ref()?.value.0)))
            .collect();
        let placed = graph.model_nodes().filter_map(|(ix, _)| {
            let pool = graph.spec_of(ix)?.placement.as_ref()?.pool.as_ref()?;
            Some((ix, *zones.get(&*pool.value.0)?))
        });
        Self(placed.collect())
    }

    /// The time of an edge's way: as stated; else nothing, but between two zones that are stated
    /// what the way from one to another takes, and that is said.
    pub(super) fn hop(
        &self,
        edge: &Edge,
        stated: Option<&spec::Edge>,
        notes: &mut Vec<Diagnostic>,
    ) -> Duration {
        if let Some(hop) = stated.and_then(|edge| edge.hop) {
            return Duration::from_nanos(hop.value.0);
        }
        let (Some(from), Some(to)) = (self.0.get(&edge.source), self.0.get(&edge.target)) else {
            return Duration::ZERO;
        };
        if from == to {
            return Duration::ZERO;
        }
        let message = format!(
            "the way from zone `{from}` to `{to}` is taken as 1 ms; measured ones take 0.5 to 2 ms"
        );
        let note = Diagnostic::new(HOP, edge.span, message)
            .with_severity(Severity::Info)
            .with_help("state `hop` of the edge");
        notes.push(note);
        ACROSS
    }
}
