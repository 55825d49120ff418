//! Which ports fit, and why not.

use modelspec_core::Analysis;
use modelspec_core::graph::{Direction, Graph, NodeIx, Param, PortIx, Type, default_ports};
use modelspec_core::infer::{self, Side, Slot};
use modelspec_core::spec::{Kind, Role};

/// Why two ports cannot be joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// In words about the port that is asked.
    pub(super) why: String,
    /// Whether an adapter between them helps.
    pub(super) adapter: bool,
}

impl Refusal {
    fn never(why: &str) -> Self {
        Self {
            why: why.to_owned(),
            adapter: false,
        }
    }
}

/// An output and an input out of two ports, whichever is which.
pub(super) fn in_order(graph: &Graph, a: PortIx, b: PortIx) -> Result<(PortIx, PortIx), Refusal> {
    let direction = |port| graph.port(port).map(|port| port.direction);
    match (direction(a), direction(b)) {
        (Some(Direction::Output), Some(Direction::Input)) => Ok((a, b)),
        (Some(Direction::Input), Some(Direction::Output)) => Ok((b, a)),
        (Some(Direction::Output), _) => Err(Refusal::never(
            "gives a value too: join an output to an input",
        )),
        _ => Err(Refusal::never(
            "takes a value too: join an input to an output",
        )),
    }
}

/// Why an output may not lead to an input; `None` where it may.
pub(super) fn refusal(analysis: &Analysis, from: PortIx, to: PortIx) -> Option<Refusal> {
    let graph = analysis.graph.as_ref()?;
    let (source, target) = (graph.port(from)?, graph.port(to)?);
    if graph
        .edges_at(from)
        .any(|edge| edge.ports == Some((from, to)))
    {
        return Some(Refusal::never("is joined with it already"));
    }
    if source.node == target.node {
        return Some(Refusal::never("belongs to the same node"));
    }
    let why = difference(analysis, from, to)?;
    Some(Refusal { why, adapter: true })
}

/// What an input takes and an output does not give, in words.
pub(super) fn difference(analysis: &Analysis, from: PortIx, to: PortIx) -> Option<String> {
    let (given, taken) = (analysis.typing.of(from)?, analysis.typing.of(to)?);
    let (slot, given, taken) = infer::mismatch(given, taken)?;
    Some(in_words(slot, &given, &taken))
}

fn in_words(slot: Slot, given: &Side, taken: &Side) -> String {
    let of_items = if slot.depth == 0 { "" } else { "items of " };
    let Some(param) = slot.param else {
        return format!("takes {of_items}{taken}, this gives {given}");
    };
    match param {
        Param::Dim => format!("takes {of_items}{taken} dimensions, this gives {given}"),
        Param::MaxTokens => {
            format!("takes {of_items}at most {taken} tokens, this gives up to {given}")
        }
        Param::MaxItems => format!("takes at most {taken} items, this gives up to {given}"),
        Param::Metric => format!("compares by {taken}, this is made for {given}"),
        Param::Space => format!("searches the space of {taken}, this lies in that of {given}"),
        Param::Dtype => format!("takes {of_items}{taken} numbers, this gives {given}"),
        Param::SampleRate => format!("takes {taken} samples a second, this gives {given}"),
        param => format!(
            "takes {of_items}{} {taken}, this gives {given}",
            param.key()
        ),
    }
}

/// A port that a new node of a role would be joined by, where one fits.
pub(super) fn port_of_role(role: Role, ty: &Type, direction: Direction) -> Option<&'static str> {
    let wanted = match direction {
        Direction::Output => Direction::Input,
        Direction::Input => Direction::Output,
    };
    let fits = |kind: Kind| kind == ty.kind || kind == Kind::Any || ty.kind == Kind::Any;
    let ports = default_ports(role, wanted);
    let exact = ports.iter().find(|port| port.kind == ty.kind);
    let port = exact.or_else(|| ports.iter().find(|port| fits(port.kind)))?;
    Some(port.name)
}

/// The first name of a graph's input or output that is free.
pub(super) fn free_end(graph: &Graph, direction: Direction, stem: &str) -> String {
    let (node, facing) = match direction {
        Direction::Output => (NodeIx::OUTPUTS, Direction::Input),
        Direction::Input => (NodeIx::INPUTS, Direction::Output),
    };
    let is_free = |name: &String| graph.find_port(node, facing, name).is_none();
    let mut names =
        core::iter::once(stem.to_owned()).chain((2..).map(|number| format!("{stem}{number}")));
    names.find(is_free).unwrap_or_else(|| stem.to_owned())
}
