//! Which forms a path of keys leads to.

use super::cursor::{Cursor, stated};
use crate::Analysis;
use crate::spec::form::{Field, Form, Record, TextUse};
use crate::spec::piqc::ModelSpec;
use crate::spec::{Kind, ModelGraph, Shape, TypeBase};

/// The form of the document that a caret is in.
pub(super) fn root(cursor: &Cursor) -> Form {
    let version = stated(&cursor.root, "apiVersion");
    let is_piqc = version.map_or_else(
        || stated(&cursor.root, "kind") == Some("ModelSpec"),
        |version| version.starts_with("piqc.ai/"),
    );
    if is_piqc {
        ModelSpec::form()
    } else {
        ModelGraph::form()
    }
}

/// What may stand at a path; where it is one of two forms, both.
pub(super) fn at<'p>(root: Form, path: impl IntoIterator<Item = &'p String>) -> Vec<Form> {
    let mut forms = alternatives(root);
    for segment in path {
        let inner = forms.iter().filter_map(|form| step(form, segment));
        forms = inner.flat_map(alternatives).collect();
    }
    forms
}

fn alternatives(form: Form) -> Vec<Form> {
    match form {
        Form::Either(one, other) => [one(), other()]
            .into_iter()
            .flat_map(alternatives)
            .collect(),
        form => vec![form],
    }
}

fn step(form: &Form, segment: &str) -> Option<Form> {
    match form {
        Form::Record(record) => record.field(segment).map(|field| (field.form)()),
        Form::Map { value, .. } => Some(value()),
        Form::List(item) => segment.parse::<usize>().is_ok().then(item),
        Form::Choice(choice) => {
            let mut variants = choice.variants.iter();
            let variant = variants.find(|variant| variant.word == segment)?;
            variant.form.map(|form| form())
        }
        _ => None,
    }
}

/// What a key of a mapping says, by the document's own description.
pub(super) fn doc(forms: &[Form], key: &str) -> Option<(&'static str, Option<Form>)> {
    forms.iter().find_map(|form| match form {
        Form::Record(record) => record
            .field(key)
            .map(|field| (field.doc, Some((field.form)()))),
        Form::Choice(choice) => {
            let mut variants = choice.variants.iter();
            let variant = variants.find(|variant| variant.word == key)?;
            Some((variant.doc, variant.form.map(|form| form())))
        }
        _ => None,
    })
}

/// The keys that may stand in a record: of a payload type's parameters, those that its kind has.
pub(super) fn fields(
    analysis: &Analysis,
    cursor: &Cursor,
    record: &'static Record,
) -> Vec<&'static Field> {
    let word = cursor.sibling("type").or_else(|| cursor.sibling("kind"));
    let kind = word.and_then(|word| kind_of(analysis, word));
    let has = |field: &&'static Field| {
        let is_own = record.fields.iter().any(|own| own.key == field.key);
        is_own || kind.is_none_or(|kind| kind == Kind::Any || kind.params().contains(&field.key))
    };
    record.all_fields().filter(has).collect()
}

/// The kind that a word means: itself, or by `spec.types`.
fn kind_of(analysis: &Analysis, word: &str) -> Option<Kind> {
    let types = analysis
        .reading
        .graph()
        .and_then(|(graph, _)| graph.body()?.types.as_ref());
    let mut word = word.to_owned();
    // A name may stand for another; one that stands for itself ends nowhere.
    for _ in 0..=types.map_or(0, |types| types.len()) {
        if let Some(kind) = Kind::from_word(&word) {
            return Some(kind);
        }
        match &types?.get(&word)?.base.value {
            TypeBase::Kind(kind) => return Some(*kind),
            TypeBase::Named(name) => word.clone_from(name),
        }
    }
    None
}

/// A form in a few words.
pub(super) fn describe(form: &Form) -> String {
    match form {
        Form::Text(form) => text_use(*form).to_owned(),
        Form::Boolean => "true or false".to_owned(),
        Form::Integer { .. } => "whole number".to_owned(),
        Form::Number { .. } => "number".to_owned(),
        Form::Unit(unit) => format!("{}, {}", unit.name, unit.example),
        Form::Record(_) | Form::Map { .. } => "map".to_owned(),
        Form::List(item) => format!("list of {}", describe(&item())),
        Form::Choice(choice) => {
            let words: Vec<&str> = choice.variants.iter().map(|variant| variant.word).collect();
            match words.get(..3) {
                Some(some) if words.len() > 4 => format!("{}, …", some.join(", ")),
                _ => words.join(", "),
            }
        }
        Form::Either(one, other) => format!("{} or {}", describe(&one()), describe(&other())),
        Form::Any => "anything".to_owned(),
    }
}

const fn text_use(form: TextUse) -> &'static str {
    match form {
        TextUse::Free => "text",
        TextUse::Node => "node",
        TextUse::Port => "node.port",
        TextUse::Type => "payload type",
        TextUse::Model => "model",
        TextUse::Gpu => "GPU",
        TextUse::Pool => "pool",
        TextUse::Image => "container image",
        TextUse::Engine => "serving program",
        TextUse::Condition => "condition",
        TextUse::Dimension => "dimension",
        TextUse::Ratio => "part, 3/7",
        TextUse::Cores => "cores",
        TextUse::Version => "version",
        TextUse::Label => "name",
    }
}
