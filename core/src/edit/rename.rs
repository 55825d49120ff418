use super::draft::{Draft, Step, path};
use super::refs::{Use, refs};
use super::view::{View, WrittenEdge, edge_id, split_end};
use super::{Change, EditError, Item, names};
use crate::text::{Span, TextEdit};
use crate::yaml::{Fragment, Node, Style};

pub(super) fn rename(view: View<'_>, item: &Item, to: &str) -> Result<Change, EditError> {
    let draft = Draft::new(view.analysis)?;
    let new = match item {
        Item::Node(_) => Item::Node(to.to_owned()),
        Item::Input(_) => Item::Input(to.to_owned()),
        Item::Output(_) => Item::Output(to.to_owned()),
        Item::Edge(_) => Item::Edge(to.to_owned()),
    };
    if !view.has(item) {
        return Err(EditError::NoSuch(item.clone()));
    }
    let label = format!("Rename {} to {to}", item.name());
    if item == &new {
        return Ok(Change {
            edits: Vec::new(),
            select: vec![new],
            label,
        });
    }
    names::check(&new)?;
    if view.has(&new) {
        return Err(EditError::Taken(new));
    }
    let steps = match item {
        Item::Node(name) => node(view, name, to),
        Item::Input(name) => port(view, "inputs", name, to),
        Item::Output(name) => port(view, "outputs", name, to),
        Item::Edge(id) => {
            let edge = view.edges().find(|edge| edge.id() == *id);
            edge.map(|edge| edge_steps(edge, to)).unwrap_or_default()
        }
    };
    Ok(Change {
        edits: draft.steps(&steps)?,
        select: vec![new],
        label,
    })
}

fn edge_steps(edge: WrittenEdge<'_>, to: &str) -> Vec<Step> {
    let mut id = edge.path();
    id.push("id".to_owned());
    if edge_id(edge.from, edge.to) == to {
        return vec![Step::Remove(id, false)];
    }
    vec![Step::Set(id, Fragment::text(to), Style::Flow)]
}

fn node(view: View<'_>, name: &str, to: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for found in view.tree.map(refs).unwrap_or_default() {
        match found.used {
            Use::NodeKey if found.text == name => {
                steps.push(Step::RenameKey(found.path, to.to_owned()));
            }
            Use::Node if found.text == name => {
                steps.push(Step::Scalar(found.path, to.to_owned()));
            }
            Use::Endpoint => {
                let (node, port) = split_end(found.text);
                if node == name {
                    let rest = port.map_or(String::new(), |port| format!(".{port}"));
                    let whole = format!("{to}{rest}");
                    steps.push(
                        part(view, found.node, 0, name, to)
                            .unwrap_or(Step::Scalar(found.path, whole)),
                    );
                }
            }
            _ => {}
        }
    }
    steps
}

fn port(view: View<'_>, side: &str, name: &str, to: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for found in view.tree.map(refs).unwrap_or_default() {
        if found.used == Use::Endpoint && split_end(found.text) == (side, Some(name)) {
            let skip = side.len().saturating_add(1);
            let step = part(view, found.node, skip, name, to);
            steps.push(step.unwrap_or(Step::Scalar(found.path, format!("{side}.{to}"))));
        }
    }
    let mut keys = vec![path(["spec", side, name]), path(["layout", side, name])];
    if side == "inputs" {
        keys.push(path(["spec", "workload", "tokens", name]));
    }
    for key in keys {
        let at = key.iter().map(String::as_str);
        if view.tree.and_then(|tree| tree.at(at)).is_some() {
            steps.push(Step::RenameKey(key, to.to_owned()));
        }
    }
    steps
}

/// Replaces the bytes of a name within a scalar, where it stands there letter for letter.
fn part(view: View<'_>, node: &Node, skip: usize, name: &str, to: &str) -> Option<Step> {
    if node.alias {
        return None;
    }
    let raw = node.span.of(&view.analysis.text);
    let quote = usize::from(raw.starts_with(['"', '\'']));
    let start = quote.saturating_add(skip);
    let end = start.saturating_add(name.len());
    if raw.get(start..end)? != name {
        return None;
    }
    let at = |offset: usize| node.span.start.saturating_add(offset);
    Some(Step::Text(TextEdit::replace(
        Span::new(at(start), at(end)),
        to,
    )))
}
