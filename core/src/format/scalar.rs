use crate::spec::form::{Form, TextUse};
use crate::spec::{Cores, Ratio, Reader, Shape};
use crate::text::Span;
use crate::yaml::write::{Place, double_quoted, literal, scalar_in};
use crate::yaml::{Node, Scalar, ScalarStyle, lex};

/// A scalar as it is written.
pub(super) enum Written {
    /// On one line.
    Inline(String),
    /// A header, and lines below it.
    Lines(String, Vec<String>),
}

/// The canonical writing of a scalar that stands where a form stands.
pub(super) fn yaml(text: &str, node: &Node, scalar: &Scalar, form: &Form) -> Written {
    if scalar.is_null() {
        return Written::Inline(scalar.text.clone());
    }
    if let Some(normal) = normal(node, scalar, form) {
        return Written::Inline(normal);
    }
    let is_block = matches!(scalar.style, ScalarStyle::Literal | ScalarStyle::Folded);
    // Blanks at the end of a block scalar may be part of it.
    let is_spaces = |line: &str| !line.is_empty() && line.trim().is_empty();
    if is_block
        && !node.alias
        && !scalar.text.split('\n').any(is_spaces)
        && let Some((header, lines)) = source_lines(text, node.span)
    {
        return Written::Lines(header, lines);
    }
    if scalar.text.contains('\n')
        && let Some((header, lines)) = literal(&scalar.text)
    {
        let lines = lines.into_iter().map(str::to_owned).collect();
        return Written::Lines(header.to_owned(), lines);
    }
    Written::Inline(scalar_in(&scalar.text, Place::Block).into_owned())
}

/// The same in JSON.
pub(super) fn json(node: &Node, scalar: &Scalar, form: &Form) -> String {
    let is_bare = |text: &str| {
        matches!(text, "true" | "false")
            || text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
    };
    if scalar.is_null() {
        return "null".to_owned();
    }
    match normal(node, scalar, form) {
        Some(normal) if scalar.style == ScalarStyle::Plain && is_bare(&normal) => {
            let is_number = normal.parse::<f64>().is_ok() || matches!(&*normal, "true" | "false");
            if is_number {
                normal
            } else {
                double_quoted(&normal)
            }
        }
        Some(normal) => double_quoted(&normal),
        None if scalar.style == ScalarStyle::Plain => scalar.text.clone(),
        None => double_quoted(&scalar.text),
    }
}

/// A quantity, number or boolean in its canonical writing; `None` for texts.
fn normal(node: &Node, scalar: &Scalar, form: &Form) -> Option<String> {
    let mut quiet = Reader::default();
    match form {
        Form::Unit(unit) => (unit.normal)(&scalar.text),
        Form::Boolean => scalar.as_bool().map(|value| value.to_string()),
        Form::Integer { .. } | Form::Text(TextUse::Dimension) => {
            scalar.as_integer().map(|value| value.to_string())
        }
        Form::Text(TextUse::Ratio) => {
            let ratio = Ratio::read(node, &mut quiet)?;
            Some(format!("{}/{}", ratio.part, ratio.whole))
        }
        Form::Text(TextUse::Cores) => Some(Cores::read(node, &mut quiet)?.to_string()),
        Form::Number { .. } => Some(scalar.text.clone()),
        Form::Any => {
            let means_something = scalar.as_bool().is_some()
                || scalar.as_integer().is_some()
                || scalar.as_number().is_some();
            means_something.then(|| scalar.text.clone())
        }
        _ => None,
    }
}

/// The lines of a block scalar as its author broke them, without their indentation; `None` where
/// the header says more than `|`, `>` and `-`.
fn source_lines(text: &str, span: Span) -> Option<(String, Vec<String>)> {
    let source = span.of(text);
    let (header, body) = source.split_once('\n')?;
    let header = header.split('#').next().unwrap_or(header).trim_end();
    if !matches!(header, "|" | "|-" | ">" | ">-") {
        return None;
    }
    let first = body.lines().find(|line| !line.trim().is_empty())?;
    let indent = lex::indent(first, 0);
    let mut lines = Vec::new();
    for line in body.lines() {
        let inner = line.get(indent..);
        if inner.is_none() && !line.trim().is_empty() {
            return None;
        }
        lines.push(inner.unwrap_or("").to_owned());
    }
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    Some((header.to_owned(), lines))
}
