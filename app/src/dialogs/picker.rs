use std::rc::Rc;

use wasm_bindgen::JsCast as _;

use crate::ui::prelude::*;
use crate::ui::{App, Glyph, Icon, use_app};
use modelspec_core::order::Arrange as _;

/// A list to choose from by typing.
pub(crate) struct Picker {
    /// What is chosen.
    pub(crate) label: String,
    /// What stands in the empty field.
    pub(crate) placeholder: String,
    /// In the order of the empty field; what fits comes first.
    pub(crate) choices: Vec<Choice>,
}

/// One of them.
#[derive(Clone)]
pub(crate) struct Choice {
    /// What it is called.
    pub(crate) title: String,
    /// A few words more.
    pub(crate) detail: String,
    /// Its drawing.
    pub(crate) glyph: Glyph,
    /// The key that does the same.
    pub(crate) keys: Option<String>,
    /// Why it cannot be chosen.
    pub(crate) refused: Option<String>,
    /// What choosing it does.
    pub(crate) run: Rc<dyn Fn(App)>,
}

/// How well a choice fits what was typed: a beginning, a word's beginning, anything within, or its
/// letters in order; `None` where it does not.
fn rank(choice: &Choice, typed: &str) -> Option<u8> {
    let title = choice.title.to_lowercase();
    let detail = choice.detail.to_lowercase();
    if title.starts_with(typed) {
        return Some(0);
    }
    if title
        .split([' ', '-', '.'])
        .any(|word| word.starts_with(typed))
    {
        return Some(1);
    }
    if title.contains(typed) {
        return Some(2);
    }
    if detail.contains(typed) {
        return Some(3);
    }
    let mut letters = title.chars();
    typed
        .chars()
        .all(|wanted| letters.any(|letter| letter == wanted))
        .then_some(4)
}

/// The field and its list, after the pattern of a combobox.
#[component]
pub(super) fn PickerView(picker: Rc<Picker>) -> impl IntoView {
    let app = use_app();
    let typed = RwSignal::new(String::new());
    let active = RwSignal::new(0_usize);
    let input = NodeRef::<leptos::html::Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            // Where the focus cannot be had, the user takes it.
            let _ = input.focus();
        }
    });
    let label = picker.label.clone();
    let placeholder = picker.placeholder.clone();
    let picker = StoredValue::new_local(picker);
    let found = move || {
        let typed = typed.get().trim().to_lowercase();
        let mut found: Vec<(u8, Choice)> = picker.with_value(|picker| {
            let ranked = picker
                .choices
                .iter()
                .filter_map(|choice| Some((rank(choice, &typed)?, choice.clone())));
            ranked.collect()
        });
        found.arrange_by_key(|(rank, choice)| (choice.refused.is_some(), *rank));
        found
            .into_iter()
            .map(|(_, choice)| choice)
            .collect::<Vec<_>>()
    };
    let choose = move |choice: &Choice| {
        if choice.refused.is_none() {
            app.ui.dialog.set(None);
            (choice.run)(app);
        }
    };
    let on_key = move |event: web_sys::KeyboardEvent| {
        let found = untrack(found);
        let last = found.len().saturating_sub(1);
        let now = active.get_untracked().min(last);
        match event.key().as_str() {
            "ArrowDown" => active.set(if now == last { 0 } else { now + 1 }),
            "ArrowUp" => active.set(if now == 0 { last } else { now - 1 }),
            "Enter" => {
                if let Some(choice) = found.get(now) {
                    choose(choice);
                }
            }
            _ => return,
        }
        event.prevent_default();
        if let Some(option) = crate::platform::document()
            .get_element_by_id(&format!("choice-{}", active.get_untracked()))
        {
            option.scroll_into_view_with_bool(false);
        }
    };
    let options = move || {
        let found = found();
        if found.is_empty() {
            return view! { <li class="picker-none">"Nothing fits what you typed."</li> }
                .into_any();
        }
        let last = found.len().saturating_sub(1);
        found
            .into_iter()
            .enumerate()
            .map(|(at, choice)| {
                let is_active = move || active.get().min(last) == at;
                let is_refused = choice.refused.is_some();
                let refused = choice.refused.clone();
                let keys = choice.keys.clone();
                let (title, detail, glyph) =
                    (choice.title.clone(), choice.detail.clone(), choice.glyph);
                let choice = StoredValue::new_local(choice);
                view! {
                    <li
                        role="option"
                        class="choice"
                        id=format!("choice-{at}")
                        aria-selected=move || is_active().to_string()
                        aria-disabled=is_refused.to_string()
                        on:pointermove=move |_| if active.get_untracked() != at { active.set(at) }
                        on:click=move |_| choice.with_value(|choice| choose(choice))
                    >
                        <Icon glyph=glyph />
                        <span class="choice-title">{title}</span>
                        <span class="choice-detail grow">{refused.unwrap_or(detail)}</span>
                        {keys.map(|keys| view! { <kbd>{keys}</kbd> })}
                    </li>
                }
            })
            .collect_view()
            .into_any()
    };
    view! {
        <h2 class="visually-hidden" id="dialog-title">{label.clone()}</h2>
        <div class="picker">
            <div class="picker-field">
                <Icon glyph=Glyph::Search />
                <input
                    node_ref=input
                    role="combobox"
                    aria-label=label
                    aria-expanded="true"
                    aria-controls="choices"
                    aria-autocomplete="list"
                    aria-activedescendant=move || format!("choice-{}", active.get())
                    autocomplete="off"
                    spellcheck="false"
                    placeholder=placeholder
                    prop:value=move || typed.get()
                    on:input=move |event| {
                        let target = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
                        typed.set(target.map(|target| target.value()).unwrap_or_default());
                        active.set(0);
                    }
                    on:keydown=on_key
                />
                <kbd>"Esc"</kbd>
            </div>
            <ul id="choices" role="listbox" aria-label="Choices">{options}</ul>
        </div>
    }
}
