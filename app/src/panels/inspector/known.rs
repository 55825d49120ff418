use modelspec_core::catalogue::Fact;
use modelspec_core::edit::{Conflict, Item};

use super::place::focus;
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, use_app};

/// What the catalogue knows of a node's model and the node does not say, or says otherwise.
#[component]
pub(super) fn Known(item: Item) -> impl IntoView {
    let app = use_app();
    let name = item.name().to_owned();
    let known = Memo::new(move |_| app.known.of(app, &name));
    move || {
        let known = known.get()?;
        if known.missing.is_empty() && known.conflicts.is_empty() {
            return None;
        }
        let count = known.missing.len();
        let plural = if count == 1 { "" } else { "s" };
        let missing = known.missing.iter().map(fact);
        let conflicts = known.conflicts.into_iter().map(conflict);
        let conflicts = conflicts.collect_view();
        Some(view! {
            <section class="section known" aria-label="Known of this model">
                <div class="section-head"><h3 class="heading">"Known of this model"</h3></div>
                {(count > 0).then(|| view! {
                    <button
                        class="small wide-button"
                        type="button"
                        on:click=move |_| {
                            app.known.fill(app);
                            focus(super::header::NAME);
                        }
                    >
                        <Icon glyph=Glyph::Add />
                        {format!("Fill in {count} fact{plural}")}
                    </button>
                    <details>
                        <summary>"Which, and from where"</summary>
                        <dl>{missing.collect_view()}</dl>
                    </details>
                })}
                <ul class="known-conflicts">{conflicts}</ul>
            </section>
        })
    }
}

fn fact(fact: &Fact) -> impl IntoView {
    let note = fact.note.clone();
    view! {
        <div class="known-fact">
            <dt>{fact.key()}</dt>
            <dd>
                <code>{fact.written()}</code>
                {origin(fact)}
                {note.map(|note| view! { <span class="hint">{note}</span> })}
            </dd>
        </div>
    }
}

fn conflict(conflict: Conflict) -> impl IntoView {
    let Conflict { fact, stated, .. } = conflict;
    view! {
        <li class="known-conflict">
            <p><code>{fact.key()}</code>" is "<code>{stated}</code>" here; known is "<code>{fact.written()}</code>". It stays as it is."</p>
            {origin(&fact)}
        </li>
    }
}

/// Where a fact is stated, and when it was read there.
fn origin(fact: &Fact) -> AnyView {
    let (source, date) = (fact.source.clone(), fact.date.clone());
    if source.starts_with("https://") {
        let short = source.trim_start_matches("https://");
        let host = short.split('/').next().unwrap_or(short).to_owned();
        return view! {
            <span class="known-origin">
                <a href=source.clone() target="_blank" rel="noreferrer" title=source>{host}</a>
                ", entered "{date}
            </span>
        }
        .into_any();
    }
    view! { <span class="known-origin">{source}", "{date}</span> }.into_any()
}
