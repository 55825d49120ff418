use super::draft::{Draft, Step, path};
use super::view::{View, section};
use super::{Change, EditError, Item, Point2, names, place};
use crate::spec::{Kind, Role};
use crate::yaml::Fragment;

pub(super) fn node(
    view: View<'_>,
    role: Role,
    name: Option<&str>,
    at: Option<Point2>,
) -> Result<Change, EditError> {
    let taken = view.names("nodes");
    let name = name.map_or_else(|| names::unique(role.word(), &taken), str::to_owned);
    let value = Fragment::map([("role", Fragment::text(role.word()))]);
    item(view, Item::Node(name), value, at)
}

pub(super) fn port(
    view: View<'_>,
    what: Item,
    kind: Kind,
    at: Option<Point2>,
) -> Result<Change, EditError> {
    item(view, what, port_fragment(kind), at)
}

pub(super) fn port_fragment(kind: Kind) -> Fragment {
    Fragment::map([("type", Fragment::text(kind.word()))])
}

fn item(
    view: View<'_>,
    item: Item,
    value: Fragment,
    at: Option<Point2>,
) -> Result<Change, EditError> {
    let draft = Draft::new(view.analysis)?;
    let mut steps = Vec::new();
    add_steps(view, &item, value, at, &mut steps)?;
    Ok(Change {
        edits: draft.steps(&steps)?,
        label: format!("Add {}", item.name()),
        select: vec![item],
    })
}

/// The steps that add a thing and its place.
pub(super) fn add_steps(
    view: View<'_>,
    item: &Item,
    value: Fragment,
    at: Option<Point2>,
    steps: &mut Vec<Step>,
) -> Result<(), EditError> {
    names::check(item)?;
    if view.has(item) {
        return Err(EditError::Taken(item.clone()));
    }
    let Some(section) = section(item) else {
        return Ok(());
    };
    let entry = (item.name().to_owned(), value);
    steps.push(Step::Entries(path(["spec", section]), vec![entry]));
    if let Some(at) = at {
        let entry = (item.name().to_owned(), place::point_fragment(at));
        steps.push(Step::Entries(path(["layout", section]), vec![entry]));
    }
    Ok(())
}
