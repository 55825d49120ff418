use crate::check::{Context, Fix};
use crate::text::{Span, TextEdit};
use crate::yaml::{self, Fragment, Options};

/// A choice that gives a stated value another text; `None` while the text cannot be edited.
pub(crate) fn replace(
    cx: &Context<'_>,
    label: impl Into<String>,
    span: Span,
    value: impl Into<String>,
) -> Option<Fix> {
    let edit = TextEdit::replace(span, value);
    cx.editable.then(|| Fix::choice(label, vec![edit]))
}

/// A choice that sets the value at a path of the document; `None` while the text cannot be edited,
/// or not there.
pub(crate) fn set(
    cx: &Context<'_>,
    label: impl Into<String>,
    path: &[&str],
    value: &Fragment,
) -> Option<Fix> {
    if !cx.editable {
        return None;
    }
    let options = Options::default();
    let edits = yaml::set(cx.text, cx.tree, path, value, &options).ok()?;
    Some(Fix::choice(label, edits))
}
