use modelspec_core::edit::Command;
use modelspec_core::spec::{Kind, Role};

use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, role_glyph, use_app};
use crate::workspace::Action;

/// What a role does, in three words.
pub(crate) const fn purpose(role: Role) -> &'static str {
    match role {
        Role::Guardrail => "stops what must not pass",
        Role::Embedder => "text to vector",
        Role::Retriever => "vector to passages",
        Role::Reranker => "orders passages anew",
        Role::Generator => "prompt to text",
        Role::Classifier => "input to label",
        Role::Router => "picks one branch",
        Role::Splitter => "shares out requests",
        Role::Join => "waits for branches",
        Role::Transformer => "a step of your own",
        Role::Adapter => "converts a payload",
        Role::Postprocessor => "finishes an answer",
        Role::Tool => "called by an agent",
        Role::Cache => "answers again at once",
        Role::Custom => "states its own ports",
    }
}

/// The roles, in the order in which applications use them.
pub(crate) const ROLES: [Role; 15] = [
    Role::Guardrail,
    Role::Embedder,
    Role::Retriever,
    Role::Reranker,
    Role::Generator,
    Role::Classifier,
    Role::Router,
    Role::Splitter,
    Role::Join,
    Role::Transformer,
    Role::Adapter,
    Role::Postprocessor,
    Role::Tool,
    Role::Cache,
    Role::Custom,
];

/// The list of roles: a click adds a node, a drag puts it where it is dropped.
#[component]
pub(super) fn Roles() -> impl IntoView {
    let app = use_app();
    let filter = RwSignal::new(String::new());
    let fits = move |name: &str, purpose: &str| {
        let wanted = filter.get().to_lowercase();
        name.contains(wanted.trim()) || purpose.contains(wanted.trim())
    };
    let roles = move || {
        let found = ROLES
            .into_iter()
            .filter(|role| fits(role.word(), purpose(*role)));
        found
            .map(|role| {
                view! {
                    <li>
                        <button
                            class="quiet role"
                            draggable="true"
                            on:dragstart=move |event| {
                                if let Some(data) = event.data_transfer() {
                                    // Read by the canvas when it is dropped there.
                                    let _ = data.set_data("application/x-modelspec-role", role.word());
                                    data.set_effect_allowed("copy");
                                }
                            }
                            on:click=move |_| {
                                app.workspace.dispatch(Action::edit(Command::AddNode { role, name: None, at: None }));
                            }
                        >
                            <span class="swatch"><Icon glyph=role_glyph(Some(role)) /></span>
                            <span>{role.word()}<small>{purpose(role)}</small></span>
                        </button>
                    </li>
                }
            })
            .collect_view()
    };
    let end = move |input: bool| {
        let (word, small, glyph) = if input {
            ("input", "what the graph is asked", Glyph::Input)
        } else {
            ("output", "what the graph answers", Glyph::Output)
        };
        view! {
            <li>
                <button
                    class="quiet role"
                    on:click=move |_| { add_end(app, input); }
                >
                    <span class="swatch"><Icon glyph=glyph /></span>
                    <span>{word}<small>{small}</small></span>
                </button>
            </li>
        }
    };
    view! {
        <aside class="roles" aria-label="Add a node">
            <label class="field search">
                <Icon glyph=Glyph::Search />
                <input
                    type="search"
                    placeholder="Add a node"
                    aria-label="Filter the roles"
                    prop:value=move || filter.get()
                    on:input=move |event| filter.set(event_target_value(&event))
                />
            </label>
            <h2 class="heading">"Roles"</h2>
            <ul>{roles}</ul>
            <h2 class="heading">"Ends of the graph"</h2>
            <ul>{end(true)}{end(false)}</ul>
        </aside>
    }
}

/// Adds an input or output of the graph under the first name that is free.
pub(crate) fn add_end(app: crate::ui::App, input: bool) {
    use modelspec_core::edit::Item;
    let document = app.workspace.document_now();
    let stem = if input { "question" } else { "answer" };
    let item = |name: &str| {
        if input {
            Item::Input(name.to_owned())
        } else {
            Item::Output(name.to_owned())
        }
    };
    let names =
        core::iter::once(stem.to_owned()).chain((2..).map(|number| format!("{stem}{number}")));
    let Some(name) = names.into_iter().find(|name| !document.has(&item(name))) else {
        return;
    };
    let (kind, at) = (Kind::Text, None);
    let command = if input {
        Command::AddInput { name, kind, at }
    } else {
        Command::AddOutput { name, kind, at }
    };
    app.workspace.dispatch(Action::edit(command));
}
