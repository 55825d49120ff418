use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::gallery::CloseButton;
use crate::platform;
use crate::storage::share;
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, thousands, use_app};
use crate::workspace::Notice;

/// The address that holds the document.
#[component]
pub(super) fn Share() -> impl IntoView {
    let app = use_app();
    let fragment = RwSignal::new(None::<Result<String, String>>);
    let document = app.workspace.document_now();
    let beside = document
        .analysis
        .bundle
        .iter()
        .flat_map(|bundle| bundle.files())
        .count();
    let text = document.analysis.text.clone();
    spawn_local(async move {
        let made = share::fragment(&text).await;
        // The dialog may be gone by now.
        let _ = fragment.try_set(Some(made));
    });
    let body = move || match fragment.get() {
        None => view! { <p class="hint">"Making the link…"</p> }.into_any(),
        Some(Err(why)) => view! { <p class="share-note error">{why}</p> }.into_any(),
        Some(Ok(fragment)) => {
            let link = share::address("", &fragment);
            let embed = embed_code(&share::address("embed.html", &fragment));
            view! {
                <Copied label="Link" what="the link" text=link.clone() />
                {length_note(link.len())}
                <Copied label="Code to embed it in a page" what="the embed code" text=embed />
            }
            .into_any()
        }
    };
    view! {
        <div class="sheet share">
            <header class="sheet-head">
                <h2 id="dialog-title">"Share"</h2>
                <CloseButton />
            </header>
            <p class="hint">
                "The link itself holds the whole document: nothing is uploaded, and who has the link has a copy as it is now."
            </p>
            {(beside > 0).then(|| view! {
                <p class="share-note warning" role="note">
                    <Icon glyph=Glyph::Warning />
                    {files_note(beside)}
                </p>
            })}
            {body}
        </div>
    }
}

fn files_note(count: usize) -> String {
    if count == 1 {
        "The file that it refers to is not in the link: send it too.".to_owned()
    } else {
        format!("The {count} files that it refers to are not in the link: send them too.")
    }
}

fn length_note(length: usize) -> Option<AnyView> {
    if length <= share::LONG {
        return None;
    }
    let figure = thousands(length as u64);
    let (class, text) = if length > share::TOO_LONG {
        (
            "share-note error",
            format!(
                "The link has {figure} characters, more than browsers open. Save to a file and send that instead."
            ),
        )
    } else {
        (
            "share-note warning",
            format!(
                "The link has {figure} characters. Some mail and chat programs cut links over 8,000: save to a file where that happens."
            ),
        )
    };
    let view = view! {
        <p class=class role="note"><Icon glyph=Glyph::Warning />{text}</p>
    };
    Some(view.into_any())
}

/// Markup that shows the document in another page, where it can do nothing but be looked at.
fn embed_code(address: &str) -> String {
    format!(
        "<iframe src=\"{address}\" title=\"Graph of AI models\" width=\"100%\" height=\"420\" loading=\"lazy\"></iframe>"
    )
}

/// A text with a button that copies it.
#[component]
fn Copied(label: &'static str, what: &'static str, text: String) -> impl IntoView {
    let app = use_app();
    let field = NodeRef::<leptos::html::Input>::new();
    let value = text.clone();
    let copy = move |_| {
        let text = text.clone();
        spawn_local(async move {
            let clipboard = platform::window().navigator().clipboard();
            let copied = JsFuture::from(clipboard.write_text(&text)).await.is_ok();
            if copied {
                app.workspace.say(Notice::plain(format!("Copied {what}.")));
            } else if let Some(field) = field.get_untracked() {
                field.select();
                app.workspace.say(Notice::error(format!(
                    "The browser does not allow copying here: {what} is selected, press {} C.",
                    if platform::is_mac() { "⌘" } else { "Ctrl" }
                )));
            }
        });
    };
    view! {
        <label class="share-field">
            <span>{label}</span>
            <span class="field">
                <input
                    class="mono"
                    node_ref=field
                    readonly=true
                    prop:value=value
                    on:focus=move |_| if let Some(field) = field.get_untracked() { field.select() }
                />
            </span>
        </label>
        <button class="share-copy" on:click=copy>
            <Icon glyph=Glyph::Copy />
            "Copy "{what}
        </button>
    }
}
