use super::draft::{Draft, Path, Step};
use super::view::View;
use super::{Change, EditError};
use crate::spec::form::Form;
use crate::spec::{ModelGraph, Shape};
use crate::yaml::{Fragment, Style};

/// The words of a path that a reader knows the place by.
fn label(path: &[String]) -> String {
    let words: Vec<&str> = path.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["spec", "nodes" | "inputs" | "outputs", rest @ ..] if !rest.is_empty() => rest.join("."),
        ["spec", rest @ ..] if !rest.is_empty() => rest.join("."),
        words => words.join("."),
    }
}

pub(super) fn set(view: View<'_>, path: &Path, value: &Fragment) -> Result<Change, EditError> {
    let steps = [Step::Set(path.clone(), value.clone(), Style::Auto)];
    Ok(Change {
        edits: Draft::new(view.analysis)?.steps(&steps)?,
        select: Vec::new(),
        label: format!("Set {}", label(path)),
    })
}

pub(super) fn unset(view: View<'_>, path: &Path) -> Result<Change, EditError> {
    let draft = Draft::new(view.analysis)?;
    let steps = [Step::Remove(with_empty(view, path), false)];
    Ok(Change {
        edits: draft.steps(&steps)?,
        select: Vec::new(),
        label: format!("Clear {}", label(path)),
    })
}

/// The path, or that of the records around it that it alone fills. What the author has named or
/// counted, and what must be there, stays.
fn with_empty(view: View<'_>, path: &Path) -> Path {
    let mut path = path.clone();
    loop {
        let Some((_, above)) = path.split_last() else {
            return path;
        };
        let Some((key, outer)) = above.split_last() else {
            return path;
        };
        let node = view
            .tree
            .and_then(|tree| tree.at(above.iter().map(String::as_str)));
        let alone = node.is_some_and(|node| match &node.value {
            crate::yaml::Value::Mapping(mapping) => mapping.entries.len() == 1,
            crate::yaml::Value::Sequence(list) => list.items.len() == 1,
            crate::yaml::Value::Scalar(_) => false,
        });
        let form = outer
            .iter()
            .try_fold(ModelGraph::form(), |form, segment| form.step(segment));
        let optional = match form {
            Some(Form::Record(record)) => record.field(key).is_some_and(|field| !field.required),
            _ => false,
        };
        if !alone || !optional {
            return path;
        }
        path = above.to_vec();
    }
}
