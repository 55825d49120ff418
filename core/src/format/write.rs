use core::cmp::Ordering;
use core::fmt::Write as _;

use super::comments::{Comment, Page, Unit};
use super::scalar::{self, Written};
use crate::order::Arrange as _;
use crate::spec::form::{Form, KeyUse};
use crate::yaml::write::{Place, double_quoted, scalar_in};
use crate::yaml::{Node, Value};

/// A document as lines.
pub(super) fn page(page: &Page<'_>, form: Form) -> Vec<String> {
    let writer = Writer { page };
    let mut lines = Vec::new();
    put_comments(&page.head, &mut lines);
    if page.blank && !lines.is_empty() {
        lines.push(String::new());
    }
    let root = page.root;
    let form = root.map_or(Form::Any, |root| settle(form, root));
    match root {
        Some(root) if page.parts.is_empty() => lines.push(empty(root).to_owned()),
        Some(_) => writer.parts(&page.parts, &form, &mut lines),
        None => {}
    }
    put_comments(&page.foot, &mut lines);
    lines
}

struct Writer<'p> {
    page: &'p Page<'p>,
}

impl<'p> Writer<'p> {
    fn text(&self) -> &'p str {
        self.page.text()
    }

    /// The parts of a mapping or list, each on lines of its own.
    fn parts(&self, parts: &[usize], form: &Form, lines: &mut Vec<String>) {
        let units = parts.iter().filter_map(|&part| self.page.units.get(part));
        let mut units: Vec<&Unit<'_>> = units.collect();
        units.arrange_by_key(|unit| rank(form, unit));
        for unit in units {
            put_comments(&unit.before, lines);
            if unit.blank && !lines.is_empty() {
                put_blank(lines);
            }
            let form = settle(child(form, unit), unit.value);
            let is_block = if let Some(key) = unit.key {
                let key = scalar_in(&key.text, Place::Block);
                self.entry(&format!("{key}:"), unit, &form, lines)
            } else {
                self.item(unit, &form, lines)
            };
            if is_block {
                // Deeper it would be read as a line of the text.
                put_comments(&unit.foot, lines);
            } else {
                put_indented(&unit.foot, lines);
            }
        }
    }

    /// `key: value`; whether the value is a block scalar.
    fn entry(&self, key: &str, unit: &Unit<'_>, form: &Form, lines: &mut Vec<String>) -> bool {
        let beside = unit.beside.as_deref();
        match self.scalar(unit, form) {
            Some(Written::Inline(value)) => lines.push(joined(&[key, &value], beside)),
            Some(Written::Lines(header, body)) => {
                lines.push(joined(&[key, &header], beside));
                lines.extend(body.iter().map(|line| indented(line)));
                return true;
            }
            None => {
                lines.push(joined(&[key], beside));
                let mut inner = Vec::new();
                self.parts(&unit.parts, form, &mut inner);
                lines.extend(inner.iter().map(|line| indented(line)));
            }
        }
        false
    }

    /// `- value`; whether the value is a block scalar.
    fn item(&self, unit: &Unit<'_>, form: &Form, lines: &mut Vec<String>) -> bool {
        let beside = unit.beside.as_deref();
        match self.scalar(unit, form) {
            Some(Written::Inline(value)) => lines.push(joined(&["-", &value], beside)),
            Some(Written::Lines(header, body)) => {
                lines.push(joined(&["-", &header], beside));
                lines.extend(body.iter().map(|line| indented(line)));
                return true;
            }
            None => {
                // The comment of an item of many lines goes above its dash, and so do those that
                // would stand between the dash and the first key.
                lines.extend(beside.map(str::to_owned));
                let mut inner = Vec::new();
                self.parts(&unit.parts, form, &mut inner);
                let is_above = |line: &&String| line.is_empty() || line.starts_with('#');
                let above = inner.iter().take_while(is_above).count();
                for (at, line) in inner.iter().enumerate() {
                    lines.push(match at.cmp(&above) {
                        Ordering::Less => line.clone(),
                        Ordering::Equal => format!("- {line}"),
                        Ordering::Greater => indented(line),
                    });
                }
            }
        }
        false
    }

    /// A value without parts; `None` for one with some.
    fn scalar(&self, unit: &Unit<'_>, form: &Form) -> Option<Written> {
        match &unit.value.value {
            Value::Scalar(scalar) => Some(scalar::yaml(self.text(), unit.value, scalar, form)),
            _ if unit.parts.is_empty() => Some(Written::Inline(empty(unit.value).to_owned())),
            _ => None,
        }
    }
}

/// Which of two forms a value has.
fn settle(form: Form, node: &Node) -> Form {
    let Form::Either(one, other) = form else {
        return form;
    };
    let is_collection =
        |form: &Form| matches!(form, Form::Record(_) | Form::Map { .. } | Form::List(_));
    let (one, other) = (one(), other());
    let chosen = if is_collection(&one) == node.as_scalar().is_none() {
        one
    } else {
        other
    };
    settle(chosen, node)
}

/// What stands in a part of a value of a form.
fn child(form: &Form, unit: &Unit<'_>) -> Form {
    match unit.key {
        Some(key) => child_of(form, &key.text),
        None => match form {
            Form::List(item) => item(),
            _ => Form::Any,
        },
    }
}

fn child_of(form: &Form, key: &str) -> Form {
    match form {
        Form::Record(record) => record.field(key).map_or(Form::Any, |field| (field.form)()),
        Form::Map { key: names, value } => {
            if *names != KeyUse::Free && key.starts_with("x-") {
                Form::Any
            } else {
                value()
            }
        }
        Form::Choice(choice) => {
            let mut variants = choice.variants.iter();
            let variant = variants.find(|variant| variant.word == key);
            variant
                .and_then(|variant| variant.form)
                .map_or(Form::Any, |form| form())
        }
        _ => Form::Any,
    }
}

/// The place of a key in the order of the format; keys that mean nothing come last.
fn rank(form: &Form, unit: &Unit<'_>) -> usize {
    unit.key.map_or(0, |key| rank_of(form, &key.text))
}

fn rank_of(form: &Form, key: &str) -> usize {
    match form {
        Form::Record(record) => {
            let mut fields = record.all_fields();
            let place = fields.position(|field| field.key == key);
            place.unwrap_or(usize::MAX)
        }
        _ => 0,
    }
}

fn empty(node: &Node) -> &'static str {
    match node.value {
        Value::Mapping(_) => "{}",
        Value::Sequence(_) => "[]",
        Value::Scalar(_) => "",
    }
}

/// Words with spaces between, the empty ones left out, and a comment.
fn joined(words: &[&str], comment: Option<&str>) -> String {
    let words = words.iter().copied().chain(comment);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn indented(line: &str) -> String {
    if line.is_empty() {
        String::new()
    } else {
        format!("  {line}")
    }
}

fn put_blank(lines: &mut Vec<String>) {
    if lines.last().is_some_and(|last| !last.is_empty()) {
        lines.push(String::new());
    }
}

fn put_comments(comments: &[Comment], lines: &mut Vec<String>) {
    for comment in comments {
        if comment.blank {
            put_blank(lines);
        }
        lines.push(comment.text.clone());
    }
}

fn put_indented(comments: &[Comment], lines: &mut Vec<String>) {
    for comment in comments {
        if comment.blank {
            put_blank(lines);
        }
        lines.push(indented(&comment.text));
    }
}

/// A value as JSON, to begin at a column.
pub(super) fn json(node: &Node, form: &Form, column: usize, out: &mut String) {
    let inner = column.saturating_add(2);
    match &node.value {
        Value::Scalar(scalar) => out.push_str(&scalar::json(node, scalar, form)),
        Value::Mapping(mapping) if !mapping.entries.is_empty() => {
            let mut entries: Vec<_> = mapping.entries.iter().collect();
            entries.arrange_by_key(|entry| rank_of(form, &entry.key.text));
            let mut mark = '{';
            for entry in entries {
                let key = double_quoted(&entry.key.text);
                let _ = write!(out, "{mark}\n{:inner$}{key}: ", "");
                let form = settle(child_of(form, &entry.key.text), &entry.value);
                json(&entry.value, &form, inner, out);
                mark = ',';
            }
            let _ = write!(out, "\n{:column$}}}", "");
        }
        Value::Sequence(list) if !list.items.is_empty() => {
            let mut mark = '[';
            for item in &list.items {
                let _ = write!(out, "{mark}\n{:inner$}", "");
                let form = match form {
                    Form::List(form) => form(),
                    _ => Form::Any,
                };
                json(item, &settle(form, item), inner, out);
                mark = ',';
            }
            let _ = write!(out, "\n{:column$}]", "");
        }
        Value::Mapping(_) | Value::Sequence(_) => out.push_str(empty(node)),
    }
}
