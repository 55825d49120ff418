//! One field of a form: the control that its description asks for.

use modelspec_core::check::Severity;
use modelspec_core::spec::form::{Choice, Form, Record, TextUse};
use modelspec_core::text::Span;
use modelspec_core::yaml::{self, Fragment};
use wasm_bindgen::JsCast as _;

use super::collection::{ListGroup, MapGroup, RecordBody, RecordGroup};
use super::place::{Help, Path, Place, id, join, typed};
use super::ports::Inferred;
use super::words::{explain, label};
use crate::panels::prose::prose;
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon};

/// A field and what is known of it.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) path: Path,
    pub(super) label: String,
    pub(super) doc: &'static str,
    pub(super) form: Form,
    /// What follows for it from the rest of the document, watched.
    pub(super) inferred: Option<Signal<Option<Inferred>>>,
}

impl Field {
    /// The field of a record's key.
    pub(super) fn of(above: &[String], field: &'static modelspec_core::spec::form::Field) -> Self {
        Self {
            path: join(above, field.key),
            label: label(field.key),
            doc: field.doc,
            form: (field.form)(),
            inferred: None,
        }
    }

    fn help(&self) -> Help {
        Help {
            path: self.path.join("."),
            words: explain(self.doc, self.form),
        }
    }
}

/// The view of a field.
pub(super) fn view_of(place: Place, field: Field) -> AnyView {
    match field.form {
        Form::Record(record) => {
            view! { <RecordGroup place=place field=field record=record /> }.into_any()
        }
        Form::Map { key, value } => {
            view! { <MapGroup place=place field=field key=key value=value /> }.into_any()
        }
        Form::List(item) => view! { <ListGroup place=place field=field item=item /> }.into_any(),
        Form::Choice(choice) => {
            view! { <ChoiceField place=place field=field choice=choice /> }.into_any()
        }
        Form::Boolean => view! { <Flag place=place field=field /> }.into_any(),
        Form::Either(..) => view! { <EitherField place=place field=field /> }.into_any(),
        _ => view! { <Scalar place=place field=field long=None /> }.into_any(),
    }
}

/// The frame of a field on one line: its name, its control, and what is wrong with it.
#[component]
fn Frame(
    place: Place,
    field: Field,
    /// Why the last value was not taken.
    error: RwSignal<Option<String>>,
    children: Children,
) -> impl IntoView {
    let id = id(&field.path);
    let help = field.help();
    let words = format!("{}: {}", help.path, help.words.replace('`', ""));
    let point = move || {
        if place
            .help
            .with_untracked(|shown| shown.as_ref() != Some(&help))
        {
            place.help.set(Some(help.clone()));
        }
    };
    let also = point.clone();
    let path = field.path.clone();
    let said = Memo::new(move |_| {
        if let Some(error) = error.get() {
            return Some((Severity::Error, error));
        }
        let (severity, sentence) = place.mark(&path)?;
        Some((severity, sentence?))
    });
    let inferred = field.inferred;
    let steps = Memo::new(move |_| {
        let inferred = inferred.and_then(|inferred| inferred.get());
        inferred.map(|inferred| inferred.why).unwrap_or_default()
    });
    let explained = RwSignal::new(false);
    let name = field.label.clone();
    view! {
        <div class="row" on:focusin=move |_| point() on:pointerenter=move |_| also()>
            <div class="row-name">
                <label for=id.clone() title=words>{field.label}</label>
                {move || (!steps.with(Vec::is_empty)).then(|| view! {
                    <button
                        class="link why-button"
                        type="button"
                        aria-label=format!("Why {name}")
                        aria-expanded=move || explained.get().to_string()
                        on:click=move |_| explained.update(|explained| *explained = !*explained)
                    >"why?"</button>
                })}
            </div>
            <div class="control">{children()}</div>
            <div id=format!("{id}-said") class="row-said">
                {move || said.get().map(|(severity, words)| view! {
                    <p class=severity.word()>{prose(&words)}</p>
                })}
            </div>
            {move || explained.get().then(|| view! { <Steps place=place steps=steps.get() /> })}
        </div>
    }
}

/// The steps from an inferred value to the place that states it.
#[component]
fn Steps(place: Place, steps: Vec<(String, Span)>) -> impl IntoView {
    let steps = steps.into_iter().map(|(words, span)| {
        view! {
            <li>
                <button class="link" type="button" on:click=move |_| place.app().ui.reveal_text(span)>{prose(&words)}</button>
            </li>
        }
    });
    view! { <ol class="why">{steps.collect_view()}</ol> }
}

/// The names that complete a text, by the list's address.
const fn list_of(form: Form) -> Option<&'static str> {
    match form {
        Form::Text(used) => match used {
            TextUse::Node => Some("known-nodes"),
            TextUse::Port => Some("known-ports"),
            TextUse::Type => Some("known-types"),
            TextUse::Model => Some("known-models"),
            TextUse::Gpu => Some("known-gpus"),
            TextUse::Pool => Some("known-pools"),
            TextUse::Engine => Some("known-engines"),
            TextUse::Image => Some("known-images"),
            _ => None,
        },
        _ => None,
    }
}

/// What was typed, as a value of the form.
fn fragment(form: Form, text: &str) -> Result<Fragment, String> {
    match form {
        Form::Any => {
            let parsed = yaml::read(text, &yaml::Limits::default());
            if parsed.errors.is_empty() && parsed.documents.len() == 1 {
                Ok(Fragment::Raw(text.to_owned()))
            } else {
                Err("This is no YAML on one line: put texts with signs into quotes.".to_owned())
            }
        }
        Form::Text(TextUse::Dimension | TextUse::Ratio | TextUse::Cores)
        | Form::Integer { .. }
        | Form::Number { .. }
        | Form::Unit(_) => Ok(typed(text)),
        _ => Ok(Fragment::text(text)),
    }
}

/// A text, number or quantity. What cannot be taken stays in the field, with the reason below.
#[component]
pub(super) fn Scalar(
    place: Place,
    field: Field,
    /// Opens the long form, where there is one.
    long: Option<Callback<()>>,
) -> impl IntoView {
    let path = field.path.clone();
    let form = field.form.pick(true);
    let stated = Memo::new(move |_| place.text(&path));
    let draft = RwSignal::new(None::<String>);
    let error = RwSignal::new(None::<String>);
    let path = field.path.clone();
    let commit = move || {
        // A field that has just gone may still be told that it lost the focus.
        let Some(Some(text)) = draft.try_get_untracked() else {
            return;
        };
        let text = text.trim().to_owned();
        let is_same = stated.with_untracked(|stated| stated.as_deref().unwrap_or("") == text);
        let written = if is_same {
            Ok(())
        } else if text.is_empty() {
            place.write(&path, None)
        } else {
            fragment(form, &text).and_then(|value| place.write(&path, Some(value)))
        };
        match written {
            Ok(()) => {
                draft.set(None);
                error.set(None);
            }
            Err(why) => error.set(Some(why)),
        }
    };
    let path = field.path.clone();
    let marked = Memo::new(move |_| {
        let marked = place
            .mark(&path)
            .is_some_and(|(severity, _)| severity == Severity::Error);
        marked || error.with(Option::is_some)
    });
    let id = id(&field.path);
    let said = format!("{id}-said");
    let inferred = field.inferred;
    let placeholder = move || {
        let inferred = inferred.and_then(|inferred| inferred.get());
        inferred.map_or_else(|| "unknown".to_owned(), |inferred| inferred.value)
    };
    let numeric = matches!(form, Form::Integer { .. } | Form::Number { .. });
    let mono = matches!(
        form,
        Form::Text(
            TextUse::Model | TextUse::Image | TextUse::Port | TextUse::Condition | TextUse::Type
        ) | Form::Any
    );
    let list = list_of(form);
    let label = field.label.clone();
    let revert = move || {
        draft.set(None);
        error.set(None);
    };
    view! {
        <Frame place=place field=field error=error>
            <div class="field" class:bad=move || marked.get()>
                <input
                    id=id
                    class:mono=mono
                    type="text"
                    autocomplete="off"
                    spellcheck="false"
                    list=list
                    inputmode=numeric.then_some("decimal")
                    aria-invalid=move || marked.get().to_string()
                    aria-describedby=said
                    placeholder=placeholder
                    prop:value=move || draft.get().or_else(|| stated.get()).unwrap_or_default()
                    on:input=move |event| {
                        error.set(None);
                        draft.set(Some(event_target_value(&event)));
                    }
                    on:change=move |_| commit()
                    on:keydown=move |event| if event.key() == "Escape" && draft.with_untracked(Option::is_some) {
                        event.stop_propagation();
                        revert();
                    }
                />
            </div>
            {long.map(|long| view! {
                <button
                    class="quiet icon-button tiny"
                    type="button"
                    aria-label=format!("State more of {label}")
                    title="State more of it"
                    on:click=move |_| long.run(())
                ><Icon glyph=Glyph::Dots /></button>
            })}
        </Frame>
    }
}

/// The value of a select.
fn chosen(event: &web_sys::Event) -> String {
    let select = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::HtmlSelectElement>().ok());
    select.map(|select| select.value()).unwrap_or_default()
}

/// A select whose first option takes the value away.
#[component]
fn Select(
    place: Place,
    field: Field,
    error: RwSignal<Option<String>>,
    /// The word that is chosen.
    current: Memo<Option<String>>,
    /// The words and what they mean.
    options: Vec<(&'static str, String)>,
    /// Takes the chosen word, or none.
    choose: Callback<Option<String>>,
) -> impl IntoView {
    let id = id(&field.path);
    let said = format!("{id}-said");
    let inferred = field.inferred;
    let none = move || {
        let inferred = inferred.and_then(|inferred| inferred.get());
        inferred.map_or_else(|| "unknown".to_owned(), |inferred| inferred.value)
    };
    let known: Vec<&str> = options.iter().map(|(word, _)| *word).collect();
    // A word that the format does not have is shown as it is.
    let strange = Memo::new(move |_| {
        current
            .get()
            .filter(|current| !known.contains(&current.as_str()))
    });
    let options = options.into_iter().map(|(word, doc)| {
        let selected = move || current.with(|current| current.as_deref() == Some(word));
        view! { <option value=word title=doc prop:selected=selected>{label_of(word)}</option> }
    });
    let options = options.collect_view();
    let select = NodeRef::<leptos::html::Select>::new();
    let shown = move || current.get().unwrap_or_default();
    view! {
        <Frame place=place field=field error=error>
            <select
                class="field"
                class:unknown=move || current.with(Option::is_none)
                node_ref=select
                id=id
                aria-describedby=said
                prop:value=shown
                on:change=move |event| {
                    let word = chosen(&event);
                    choose.run((!word.is_empty()).then_some(word));
                    // What was refused is not chosen.
                    if let Some(select) = select.get_untracked() {
                        select.set_value(&current.get_untracked().unwrap_or_default());
                    }
                }
            >
                <option value="" prop:selected=move || current.with(Option::is_none)>{none}</option>
                {move || strange.get().map(|word| view! { <option value=word.clone() selected>{word.clone()}</option> })}
                {options}
            </select>
        </Frame>
    }
}

fn label_of(word: &'static str) -> &'static str {
    match word {
        "true" => "yes",
        "false" => "no",
        word => word,
    }
}

/// Yes, no, or unknown.
#[component]
fn Flag(place: Place, field: Field) -> impl IntoView {
    let path = field.path.clone();
    let current = Memo::new(move |_| place.text(&path).map(|text| text.to_lowercase()));
    let error = RwSignal::new(None);
    let path = field.path.clone();
    let choose = Callback::new(move |word: Option<String>| {
        error.set(place.write(&path, word.map(Fragment::Raw)).err());
    });
    let options = vec![("true", String::new()), ("false", String::new())];
    view! { <Select place=place field=field error=error current=current options=options choose=choose /> }
}

/// One of some words; behind some of them stands more.
#[component]
fn ChoiceField(place: Place, field: Field, choice: &'static Choice) -> impl IntoView {
    let path = field.path.clone();
    let stated = Memo::new(move |_| {
        place
            .read(&path, |node| match &node.value {
                yaml::Value::Scalar(scalar) => Some(scalar.text.clone()),
                yaml::Value::Mapping(mapping) => {
                    mapping.entries.first().map(|entry| entry.key.text.clone())
                }
                yaml::Value::Sequence(_) => None,
            })
            .flatten()
    });
    // A word with more behind it is written with the first value behind it.
    let picked = RwSignal::new(None::<&'static str>);
    Effect::new(move |_| {
        stated.track();
        picked.set(None);
    });
    let current = Memo::new(move |_| picked.get().map(str::to_owned).or_else(|| stated.get()));
    let error = RwSignal::new(None);
    let path = field.path.clone();
    let choose = Callback::new(move |word: Option<String>| {
        error.set(None);
        let variant = word.and_then(|word| {
            let mut variants = choice.variants.iter();
            variants.find(|variant| variant.word == word)
        });
        let written = match variant {
            None if stated.with_untracked(Option::is_none) => {
                picked.set(None);
                Ok(())
            }
            None => place.write(&path, None),
            Some(variant) if variant.form.is_none() => {
                place.write(&path, Some(Fragment::text(variant.word)))
            }
            Some(variant) => {
                picked.set(Some(variant.word));
                Ok(())
            }
        };
        error.set(written.err());
    });
    let options = choice
        .variants
        .iter()
        .map(|variant| {
            (
                variant.word,
                explain(variant.doc, Form::Any)
                    .split(" Written")
                    .next()
                    .unwrap_or("")
                    .to_owned(),
            )
        })
        .collect::<Vec<_>>();
    let path = field.path.clone();
    let behind = Memo::new(move |_| {
        let current = current.get()?;
        let at = choice
            .variants
            .iter()
            .position(|variant| variant.word == current)?;
        choice.variants[at].form.map(|_| at)
    });
    let behind = move || {
        let variant = &choice.variants[behind.get()?];
        let inner = Field {
            path: join(&path, variant.word),
            label: label(variant.word),
            doc: variant.doc,
            form: variant.form?(),
            inferred: None,
        };
        let inner = match inner.form {
            Form::Record(record) => {
                view! { <RecordBody place=place path=inner.path name=inner.label record=record /> }
                    .into_any()
            }
            _ => view_of(place, inner),
        };
        Some(view! { <div class="behind">{inner}</div> })
    };
    view! {
        <Select place=place field=field error=error current=current options=options choose=choose />
        {behind}
    }
}

/// A short form and a long one.
#[component]
fn EitherField(place: Place, field: Field) -> impl IntoView {
    let path = field.path.clone();
    let opened = RwSignal::new(false);
    let is_long = Memo::new(move |_| {
        opened.get()
            || place
                .read(&path, |node| node.as_scalar().is_none())
                .unwrap_or(false)
    });
    move || {
        if is_long.get() {
            let field = Field {
                form: field.form.pick(false),
                ..field.clone()
            };
            return view_of(place, field);
        }
        let short = field.form.pick(true);
        if matches!(short, Form::Choice(_) | Form::Boolean) {
            let field = Field {
                form: short,
                ..field.clone()
            };
            return view_of(place, field);
        }
        let path = field.path.clone();
        let long = Callback::new(move |()| {
            opened.set(true);
            let id = id(&path);
            request_animation_frame(move || super::place::focus(&id));
        });
        view! { <Scalar place=place field=field.clone() long=Some(long) /> }.into_any()
    }
}

/// The keys of a record that apply at a place: of a payload type those of its kind.
pub(super) fn applies(record: &'static Record, kind: Option<&str>, key: &str) -> bool {
    use modelspec_core::spec::{Kind, TypeParams};
    let is_param = TypeParams::RECORD.field(key).is_some();
    let is_type = record
        .beside
        .is_some_and(|beside| beside.name == TypeParams::RECORD.name);
    match kind.and_then(Kind::from_word) {
        Some(kind) if is_param && is_type && kind != Kind::Any => kind.params().contains(&key),
        _ => true,
    }
}
