//! Where things stand on the canvas.

use std::collections::BTreeMap;

use super::draft::{Draft, Path, Step, path};
use super::view::{View, section};
use super::{Change, EditError, Item, Point2};
use crate::yaml::Fragment;

/// A coordinate, in whole pixels.
fn number(value: f64) -> String {
    let whole = value.round();
    if whole == 0.0 || !whole.is_finite() {
        return "0".to_owned();
    }
    format!("{whole:.0}")
}

pub(super) fn point_fragment(at: Point2) -> Fragment {
    Fragment::map([
        ("x", Fragment::Raw(number(at.x))),
        ("y", Fragment::Raw(number(at.y))),
    ])
}

pub(super) fn go(
    view: View<'_>,
    to: &[(Item, Point2)],
    label: String,
) -> Result<Change, EditError> {
    let mut draft_steps = Vec::new();
    let mut new: BTreeMap<&'static str, Vec<(String, Fragment)>> = BTreeMap::new();
    for (item, at) in to {
        let Some(section) = section(item) else {
            continue;
        };
        if !view.has(item) {
            return Err(EditError::NoSuch(item.clone()));
        }
        let entry: Path = path(["layout", section, item.name()]);
        let tree = view.tree;
        let written = |key: &str| {
            let node = tree?.at(["layout", section, item.name(), key])?;
            Some(node.as_scalar()?.text.as_str())
        };
        match (written("x"), written("y")) {
            (Some(x), Some(y)) => {
                for (key, old, value) in [("x", x, at.x), ("y", y, at.y)] {
                    let value = number(value);
                    if value != old {
                        let mut coordinate = entry.clone();
                        coordinate.push(key.to_owned());
                        draft_steps.push(Step::Set(
                            coordinate,
                            Fragment::Raw(value),
                            crate::yaml::Style::Auto,
                        ));
                    }
                }
            }
            _ if tree
                .and_then(|tree| tree.at(entry.iter().map(String::as_str)))
                .is_some() =>
            {
                let style = crate::yaml::Style::Auto;
                draft_steps.push(Step::Set(entry, point_fragment(*at), style));
            }
            _ => {
                let entry = (item.name().to_owned(), point_fragment(*at));
                new.entry(section).or_default().push(entry);
            }
        }
    }
    for (section, entries) in new {
        draft_steps.push(Step::Entries(path(["layout", section]), entries));
    }
    Ok(Change {
        edits: Draft::new(view.analysis)?.steps(&draft_steps)?,
        select: to.iter().map(|(item, _)| item.clone()).collect(),
        label,
    })
}

/// Where the document says that something stands.
pub(super) fn stated(view: View<'_>, item: &Item) -> Option<Point2> {
    let section = section(item)?;
    let number = |key: &str| {
        let node = view.tree?.at(["layout", section, item.name(), key])?;
        node.as_scalar()?
            .as_number()
            .filter(|value| value.is_finite())
    };
    Some(Point2::new(number("x")?, number("y")?))
}
