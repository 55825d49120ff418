use super::{Completion, CompletionKind, List};
use crate::graph::{Direction, Graph, NodeIx, Port, PortIx, Type};
use crate::infer::mismatch;
use crate::order::Arrange as _;
use crate::spec::Kind;

impl List<'_> {
    /// The ends that an edge may have: for `from` what gives values, for `to` what takes them. What
    /// fits the other end comes first.
    pub(super) fn ports(&self, found: &mut Vec<Completion>) {
        let Some(graph) = &self.analysis.graph else {
            return;
        };
        if self.cursor.sibling("role") == Some("control") {
            for (name, role) in self.node_names() {
                found.push(self.value(CompletionKind::Node, name, role, ""));
            }
            return;
        }
        let (side, other_key) = match self.cursor.path.last().map(String::as_str) {
            Some("to") => (Direction::Input, "from"),
            _ => (Direction::Output, "to"),
        };
        let other = self.cursor.sibling(other_key);
        let other = other.and_then(|end| find(graph, end, opposite(side)));
        let mut ranked: Vec<(u8, PortIx, Option<String>)> = Vec::new();
        for (ix, port) in graph.all_ports().filter(|(_, port)| port.direction == side) {
            let (rank, why_not) = self.fit(graph, (ix, port), other);
            ranked.push((rank, ix, why_not));
        }
        ranked.arrange_by_key(|&(rank, ix, _)| (rank, ix));
        for (_, ix, why_not) in ranked {
            let path = graph.port_path(ix);
            let detail = self.type_of(ix).map_or_else(String::new, |ty| summary(&ty));
            let info = why_not.unwrap_or_default();
            found.push(self.value(CompletionKind::Port, path, detail, info));
        }
    }

    fn type_of(&self, ix: PortIx) -> Option<Type> {
        let port = self.analysis.graph.as_ref()?.port(ix)?;
        let inferred = self.analysis.typing.of(ix);
        Some(inferred.unwrap_or(&port.ty).clone())
    }

    /// How well a port suits the other end of the edge, 0 best, and why it does not.
    fn fit(
        &self,
        graph: &Graph,
        (ix, port): (PortIx, &Port),
        other: Option<PortIx>,
    ) -> (u8, Option<String>) {
        // An input takes one edge, save that of a join; the edge at the caret itself does not count.
        let (path, written) = (&self.cursor.path, self.cursor.span.of(&self.analysis.text));
        let is_own = |at: usize| path.get(2).is_some_and(|own| own.parse() == Ok(at));
        let mut edges = graph.edges_at(ix);
        let taken = port.direction == Direction::Input
            && edges.any(|edge| !is_own(edge.ix.0 as usize))
            && graph.port_path(ix) != written;
        let busy = u8::from(taken);
        let Some((other, own)) = other.and_then(|other| graph.port(other).zip(Some(other))) else {
            return (busy, None);
        };
        let (Some(here), Some(there)) = (self.type_of(ix), self.type_of(own)) else {
            return (busy, None);
        };
        let (given, taken) = match port.direction {
            Direction::Output => (&here, &there),
            Direction::Input => (&there, &here),
        };
        if let Some((_, gives, takes)) = mismatch(given, taken) {
            return (
                8,
                Some(format!("does not fit: {gives} is given, {takes} is taken")),
            );
        }
        let same_node = other.node == port.node;
        let vague = given.kind == Kind::Any || taken.kind == Kind::Any;
        let rank = busy
            .saturating_mul(2)
            .saturating_add(u8::from(vague))
            .saturating_add(if same_node { 4 } else { 0 });
        (rank, None)
    }
}

const fn opposite(side: Direction) -> Direction {
    match side {
        Direction::Input => Direction::Output,
        Direction::Output => Direction::Input,
    }
}

/// The port that an edge's end names.
pub(super) fn find(graph: &Graph, end: &str, side: Direction) -> Option<PortIx> {
    let (node, port) = end.split_once('.')?;
    let node = graph.find(node)?;
    let is_own = match side {
        Direction::Output => node != NodeIx::OUTPUTS,
        Direction::Input => node != NodeIx::INPUTS,
    };
    is_own.then(|| graph.find_port(node, side, port)).flatten()
}

/// A type in a few words: its kind and the figure that is asked first.
fn summary(ty: &Type) -> String {
    match ty.key_figure() {
        Some(figure) => format!("{} {figure}", ty.kind),
        None => ty.kind.word().to_owned(),
    }
}
