use modelspec_core::edit::{self, Command, Item};
use modelspec_core::order::Arrange as _;
use modelspec_core::spec::Role;
use modelspec_core::yaml::Fragment;

use super::place::{Place, base, focus};
use crate::panels::problems::{CodeButton, Fixes, Problem, concerns, glyph, problems};
use crate::panels::prose::prose;
use crate::shell::roles::ROLES;
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, Tab, ViewRequest, use_app};
use crate::workspace::{Action, Selection, sentence};

/// The address of the field of a thing's name.
pub(super) const NAME: &str = "inspector-name";

/// What a thing is, its name, and what is done with the whole of it.
#[component]
pub(super) fn Header(place: Place, item: Item, role: Memo<Option<Role>>) -> impl IntoView {
    let app = use_app();
    let pill = match &item {
        Item::Node(_) => view! { <RoleSelect place=place role=role /> }.into_any(),
        Item::Input(_) => view! { <span class="pill accent">"input"</span> }.into_any(),
        Item::Output(_) => view! { <span class="pill accent">"output"</span> }.into_any(),
        Item::Edge(_) => view! { <span class="pill accent">"edge"</span> }.into_any(),
    };
    let name = match &item {
        Item::Edge(id) => {
            let id = id.replace('→', " → ");
            view! { <h2 class="inspector-title" id=NAME tabindex="-1" title=id.clone()>{id.clone()}</h2> }
                .into_any()
        }
        item => view! { <Name item=item.clone() /> }.into_any(),
    };
    let revealed = item.clone();
    let reveal = move |_| app.ui.view.set(Some(ViewRequest::Reveal(revealed.clone())));
    let shown = item.clone();
    let show = move |_| {
        let document = app.workspace.document_now();
        let Some(path) = base(&document, Some(&shown)) else {
            return;
        };
        let tree = document.drawn.tree();
        let span = tree.and_then(|tree| Some(tree.at(path.iter().map(String::as_str))?.span));
        if let Some(span) = span {
            app.ui.reveal_text(span);
        }
    };
    let removed = item.clone();
    let remove = move |_| {
        app.workspace.dispatch(Action::edit(Command::Remove {
            items: vec![removed.clone()],
            bridge: true,
        }));
    };
    view! {
        <header class="inspector-head">
            {pill}
            {name}
            <div class="inspector-tools">
                <button class="quiet icon-button" type="button" aria-label="Show it on the canvas" title="Show it on the canvas" on:click=reveal>
                    <Icon glyph=Glyph::Fit />
                </button>
                <button class="quiet icon-button" type="button" aria-label="Show it in the text" title="Show it in the text" on:click=show>
                    <Icon glyph=Glyph::Text />
                </button>
                <button class="quiet icon-button" type="button" aria-label="Remove it" title="Remove it" on:click=remove>
                    <Icon glyph=Glyph::Trash />
                </button>
            </div>
        </header>
        <Notes item=item />
    }
}

/// The role as a pill that can be changed.
#[component]
fn RoleSelect(place: Place, role: Memo<Option<Role>>) -> impl IntoView {
    let error = RwSignal::new(None::<String>);
    let change = move |event: web_sys::Event| {
        let word = event_target_value(&event);
        let written = place.write(&["role".to_owned()], Some(Fragment::text(word)));
        error.set(written.err());
    };
    let options = ROLES.map(|option| {
        let selected = move || role.get() == Some(option);
        view! { <option value=option.word() prop:selected=selected>{option.word()}</option> }
    });
    view! {
        <select
            class="pill accent role-select"
            aria-label="Role"
            title="What the node does; a role brings its ports"
            prop:value=move || role.get().map(Role::word)
            on:change=change
        >
            {move || role.get().is_none().then(|| view! { <option value="" selected>"no role"</option> })}
            {options.into_iter().collect_view()}
        </select>
        {move || error.get().map(|why| view! { <p class="name-said error">{why}</p> })}
    }
}

/// The name; another one is written wherever the document names the thing.
#[component]
fn Name(item: Item) -> impl IntoView {
    let app = use_app();
    let name = item.name().to_owned();
    let draft = RwSignal::new(name.clone());
    let error = RwSignal::new(None::<String>);
    let entered = StoredValue::new(false);
    let was = name.clone();
    let commit = move || {
        // A field that has just gone may still be told that it lost the focus.
        let Some(to) = draft.try_get_untracked() else {
            return;
        };
        let to = to.trim().to_owned();
        let by_key = entered.get_value();
        entered.set_value(false);
        if to == item.name() {
            draft.set(to);
            error.set(None);
            return;
        }
        let command = Command::Rename {
            item: item.clone(),
            to,
        };
        // Asked first, so that the reason stands at the field and not above the page.
        let document = app.workspace.document_now();
        if let Err(why) = edit::plan(&document.analysis, &command) {
            error.set(Some(sentence(&why.to_string())));
            return;
        }
        error.set(None);
        if app.workspace.dispatch(Action::edit(command)) && by_key {
            // The form is that of another name now, and a new one.
            request_animation_frame(|| focus(NAME));
        }
    };
    view! {
        <input
            class="inspector-title"
            id=NAME
            type="text"
            autocomplete="off"
            spellcheck="false"
            aria-label="Name"
            aria-invalid=move || error.with(Option::is_some).to_string()
            aria-describedby="inspector-name-said"
            prop:value=move || draft.get()
            on:input=move |event| {
                error.set(None);
                draft.set(event_target_value(&event));
            }
            on:change=move |_| commit()
            on:keydown=move |event| match event.key().as_str() {
                "Enter" => entered.set_value(true),
                "Escape" => {
                    draft.set(was.clone());
                    error.set(None);
                }
                _ => {}
            }
        />
        <p class="name-said error" id="inspector-name-said" aria-live="polite">
            {move || error.get().map(|why| prose(&why))}
        </p>
    }
}

/// How many findings stand above the form; the others are in the list of all.
const NOTES: usize = 4;

/// The findings of a thing, with their fixes.
#[component]
fn Notes(item: Item) -> impl IntoView {
    let app = use_app();
    let found = Memo::new(move |_| {
        let document = app.workspace.document();
        let mut found: Vec<Problem> = problems(&document, concerns(&document, &item)).collect();
        found.arrange_by_key(|problem| core::cmp::Reverse(problem.diagnostic.severity));
        found
    });
    let done = Callback::new(|()| focus(NAME));
    let note = move |problem: Problem| {
        let diagnostic = problem.diagnostic.clone();
        let word = diagnostic.severity.word();
        view! {
            <li class=format!("note {word}")>
                <p>
                    <Icon glyph=glyph(diagnostic.severity) />
                    <span class="visually-hidden">{word}</span>
                    <CodeButton code=diagnostic.code.0 />
                    {prose(&diagnostic.message)}
                </p>
                {diagnostic.help.as_ref().map(|help| view! { <p class="note-help">{prose(help)}</p> })}
                <div class="note-fixes"><Fixes problem=problem done=done /></div>
            </li>
        }
    };
    move || {
        let found = found.get();
        if found.is_empty() {
            return None;
        }
        let more = found.len().saturating_sub(NOTES);
        Some(view! {
            <ul class="notes" aria-label="Problems of this">
                {found.into_iter().take(NOTES).map(note).collect_view()}
                {(more > 0).then(|| view! {
                    <li><button class="link" type="button" on:click=move |_| app.ui.open(Tab::Problems)>{format!("{more} more problems")}</button></li>
                })}
            </ul>
        })
    }
}

/// Several things at once.
#[component]
pub(super) fn Several(items: Vec<Item>) -> impl IntoView {
    let app = use_app();
    let count = items.len();
    let rows = items.iter().map(|item| {
        let only = item.clone();
        let (what, glyph) = match item {
            Item::Node(_) => ("node", Glyph::Custom),
            Item::Input(_) => ("input", Glyph::Input),
            Item::Output(_) => ("output", Glyph::Output),
            Item::Edge(_) => ("edge", Glyph::Edge),
        };
        view! {
            <li>
                <button class="quiet several-item" type="button" on:click=move |_| app.workspace.select(Selection::one(only.clone()))>
                    <Icon glyph=glyph />
                    <span class="grow">{item.name().to_owned()}</span>
                    <span class="hint">{what}</span>
                </button>
            </li>
        }
    });
    let rows = rows.collect_view();
    let items = StoredValue::new(items);
    let remove = move |bridge: bool| {
        let items = items.get_value();
        app.workspace
            .dispatch(Action::edit(Command::Remove { items, bridge }));
    };
    view! {
        <header class="inspector-head"><h2 class="inspector-title">{format!("{count} selected")}</h2></header>
        <div class="section several-actions">
            <button class="small" type="button" on:click=move |_| app.ui.view.set(Some(ViewRequest::FitSelection))>
                <Icon glyph=Glyph::Fit />"Show them"
            </button>
            <button class="small danger" type="button" on:click=move |_| remove(true)
                title="What fed them then feeds what they fed, where the types fit">
                <Icon glyph=Glyph::Trash />"Remove, close the gap"
            </button>
            <button class="small danger" type="button" on:click=move |_| remove(false)>"Remove only"</button>
        </div>
        <ul class="section several">{rows}</ul>
    }
}
