use super::draft::{Draft, Path, Step, path};
use super::view::{View, WrittenEdge, edge_id, same, split_end};
use super::{Change, EditError, Item, Point2, add, names, place};
use crate::graph::{Direction, NodeIx, PortIx};
use crate::spec::{Kind, Role};
use crate::yaml::{Fragment, Node};

pub(super) fn edge_fragment(from: &str, to: &str) -> Fragment {
    Fragment::map([("from", Fragment::text(from)), ("to", Fragment::text(to))])
}

/// What an end names: a port, a node alone, or a port of the graph that is yet to be made.
enum End {
    Port(PortIx),
    Node,
    New(Item),
}

fn end(view: View<'_>, text: &str, direction: Direction) -> Result<End, EditError> {
    let bad = |why: &str| EditError::BadEnd {
        end: text.to_owned(),
        why: why.to_owned(),
    };
    let graph = view.analysis.graph.as_ref().ok_or(EditError::NoGraph)?;
    let (node, port) = split_end(text);
    let ix = graph
        .find(node)
        .ok_or_else(|| EditError::NoSuch(Item::Node(node.to_owned())))?;
    let wrong = match direction {
        Direction::Output => NodeIx::OUTPUTS,
        Direction::Input => NodeIx::INPUTS,
    };
    if ix == wrong {
        return Err(bad(match direction {
            Direction::Output => "the graph's outputs take values; an edge ends there",
            Direction::Input => "the graph's inputs give values; an edge begins there",
        }));
    }
    let Some(port) = port else {
        return if ix.is_model() {
            Ok(End::Node)
        } else {
            Err(bad("name the port too, as in `inputs.question`"))
        };
    };
    if let Some(port) = graph.find_port(ix, direction, port) {
        return Ok(End::Port(port));
    }
    let item = match ix {
        NodeIx::INPUTS => Item::Input(port.to_owned()),
        NodeIx::OUTPUTS => Item::Output(port.to_owned()),
        _ => {
            return Err(bad(match direction {
                Direction::Output => "the node has no such output",
                Direction::Input => "the node has no such input",
            }));
        }
    };
    names::check(&item)?;
    Ok(End::New(item))
}

fn kind_of(view: View<'_>, end: &End) -> Kind {
    match end {
        End::Port(port) => view
            .analysis
            .typing
            .of(*port)
            .map_or(Kind::Any, |ty| ty.kind),
        End::Node | End::New(_) => Kind::Any,
    }
}

/// Checks both ends; the steps that make the graph's ports that are not there yet.
fn ends(view: View<'_>, from: &str, to: &str) -> Result<(bool, Vec<Step>), EditError> {
    let source = end(view, from, Direction::Output)?;
    let target = end(view, to, Direction::Input)?;
    let control = match (&source, &target) {
        (End::Node, End::Node) => true,
        (End::Node, _) => return Err(half_control(from)),
        (_, End::Node) => return Err(half_control(to)),
        _ => false,
    };
    if view.edges().any(|edge| edge.from == from && edge.to == to) {
        return Err(EditError::Joined {
            from: from.to_owned(),
            to: to.to_owned(),
        });
    }
    let mut steps = Vec::new();
    for (new, other) in [(&source, &target), (&target, &source)] {
        if let End::New(item) = new {
            let kind = kind_of(view, other);
            add::add_steps(view, item, add::port_fragment(kind), None, &mut steps)?;
        }
    }
    Ok((control, steps))
}

fn half_control(end: &str) -> EditError {
    EditError::BadEnd {
        end: end.to_owned(),
        why: "name the ports of both ends, or of none for a control edge".to_owned(),
    }
}

pub(super) fn connect(view: View<'_>, from: &str, to: &str) -> Result<Change, EditError> {
    let draft = Draft::new(view.analysis)?;
    let (control, mut steps) = ends(view, from, to)?;
    let mut edge = edge_fragment(from, to);
    if control && let Fragment::Map(entries) = &mut edge {
        entries.push(("role".to_owned(), Fragment::text("control")));
    }
    steps.push(Step::Items(path(["spec", "edges"]), vec![edge]));
    Ok(Change {
        edits: draft.steps(&steps)?,
        select: vec![Item::Edge(edge_id(from, to))],
        label: format!("Connect {from} to {to}"),
    })
}

/// The type that a port states or has by its role, in the words of the document.
fn type_of(view: View<'_>, port: PortIx) -> Option<Fragment> {
    let graph = view.analysis.graph.as_ref()?;
    let found = graph.port(port)?;
    let stated: Option<&Node> = match (found.node, found.direction) {
        (NodeIx::INPUTS, _) => view.entry("inputs", &found.name),
        (NodeIx::OUTPUTS, _) => view.entry("outputs", &found.name),
        (node, direction) => {
            let side = match direction {
                Direction::Input => "inputs",
                Direction::Output => "outputs",
            };
            view.entry("nodes", graph.name(node))
                .and_then(|node| node.at([side, found.name.as_str()]))
        }
    };
    if let Some(Fragment::Map(entries)) = stated.map(same)
        && entries.iter().any(|(key, _)| key == "type")
    {
        let kept = entries.into_iter().filter(|(key, _)| {
            !matches!(&**key, "required" | "externalName" | "dataClass") && !key.starts_with("x-")
        });
        return Some(Fragment::Map(kept.collect()));
    }
    let kind = found.ty.kind;
    (kind != Kind::Any).then(|| add::port_fragment(kind))
}

/// A new adapter between two ports: its name, and the steps that make it.
fn adapter(
    view: View<'_>,
    from: &str,
    to: &str,
    steps: &mut Vec<Step>,
) -> Result<String, EditError> {
    let name = names::unique("adapter", &view.names("nodes"));
    let port = |text: &str, direction| match end(view, text, direction) {
        Ok(End::Port(port)) => type_of(view, port),
        _ => None,
    };
    let mut entries = vec![("role", Fragment::text(Role::Adapter.word()))];
    if let Some(ty) = port(from, Direction::Output) {
        entries.push(("inputs", Fragment::map([("in", ty)])));
    }
    if let Some(ty) = port(to, Direction::Input) {
        entries.push(("outputs", Fragment::map([("out", ty)])));
    }
    let at = middle(view, from, to);
    let item = Item::Node(name.clone());
    add::add_steps(view, &item, Fragment::map(entries), at, steps)?;
    Ok(name)
}

/// Half way between two nodes whose places are stated.
fn middle(view: View<'_>, from: &str, to: &str) -> Option<Point2> {
    let a = place::stated(view, &end_item(from))?;
    let b = place::stated(view, &end_item(to))?;
    Some(Point2::new(
        f64::midpoint(a.x, b.x),
        f64::midpoint(a.y, b.y),
    ))
}

fn end_item(end: &str) -> Item {
    match split_end(end) {
        ("inputs", Some(port)) => Item::Input(port.to_owned()),
        ("outputs", Some(port)) => Item::Output(port.to_owned()),
        (node, _) => Item::Node(node.to_owned()),
    }
}

pub(super) fn connect_through(view: View<'_>, from: &str, to: &str) -> Result<Change, EditError> {
    let draft = Draft::new(view.analysis)?;
    let (control, mut steps) = ends(view, from, to)?;
    if control {
        return Err(half_control(from));
    }
    let name = adapter(view, from, to, &mut steps)?;
    let edges = vec![
        edge_fragment(from, &format!("{name}.in")),
        edge_fragment(&format!("{name}.out"), to),
    ];
    steps.push(Step::Items(path(["spec", "edges"]), edges));
    Ok(Change {
        edits: draft.steps(&steps)?,
        label: format!("Connect {from} to {to} through {name}"),
        select: vec![Item::Node(name)],
    })
}

pub(super) fn insert_adapter(view: View<'_>, id: &str) -> Result<Change, EditError> {
    let draft = Draft::new(view.analysis)?;
    let edge: WrittenEdge<'_> = view
        .edges()
        .find(|edge| edge.id() == id)
        .ok_or_else(|| EditError::NoSuch(Item::Edge(id.to_owned())))?;
    if split_end(edge.from).1.is_none() || split_end(edge.to).1.is_none() {
        return Err(half_control(edge.from));
    }
    let mut steps = Vec::new();
    let mut to = edge.path();
    to.push("to".to_owned());
    let name = adapter(view, edge.from, edge.to, &mut steps)?;
    steps.push(Step::Scalar(to, format!("{name}.in")));
    let second = edge_fragment(&format!("{name}.out"), edge.to);
    let behind = edge.index.saturating_add(1);
    steps.push(Step::Insert(path(["spec", "edges"]), behind, second));
    Ok(Change {
        edits: draft.steps(&steps)?,
        label: format!("Insert {name}"),
        select: vec![Item::Node(name)],
    })
}

pub(super) fn insert_join(view: View<'_>, to: &str) -> Result<Change, EditError> {
    let draft = Draft::new(view.analysis)?;
    end(view, to, Direction::Input)?;
    let is_feed = |edge: &WrittenEdge<'_>| edge.to == to && edge.node.get("loop").is_none();
    let feeds: Vec<Path> = view
        .edges()
        .filter(is_feed)
        .map(|edge| edge.path())
        .collect();
    if feeds.len() < 2 {
        return Err(EditError::BadEnd {
            end: to.to_owned(),
            why: "there is nothing to join: fewer than two edges end there".to_owned(),
        });
    }
    let name = names::unique(Role::Join.word(), &view.names("nodes"));
    let join = Fragment::map([
        ("role", Fragment::text(Role::Join.word())),
        ("join", Fragment::text("any")),
    ]);
    let mut steps = Vec::new();
    add::add_steps(view, &Item::Node(name.clone()), join, None, &mut steps)?;
    for mut at in feeds {
        at.push("to".to_owned());
        steps.push(Step::Scalar(at, format!("{name}.in")));
    }
    let onwards = edge_fragment(&format!("{name}.out"), to);
    steps.push(Step::Items(path(["spec", "edges"]), vec![onwards]));
    Ok(Change {
        edits: draft.steps(&steps)?,
        label: format!("Insert {name}"),
        select: vec![Item::Node(name)],
    })
}
