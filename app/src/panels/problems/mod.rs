//! All findings, with their fixes.

mod found;
mod page;
mod row;
mod suppress;

use std::collections::BTreeSet;

use modelspec_core::check::{RULES, Severity};
use modelspec_core::edit::{CoalesceKey, Command};
use wasm_bindgen::JsCast as _;

use crate::platform;
use crate::ui::prelude::*;
use crate::ui::{App, Glyph, Icon, Tab, use_app};
use crate::workspace::{Action, Notice, Origin};
use found::{Filter, Group, SEVERITIES, Sorting, groups, safe_fix};
pub(crate) use found::{Problem, concerns, glyph, problems, subject};
pub(crate) use page::RulePage;
use row::Row;
pub(crate) use row::{CodeButton, Fixes};

/// How many findings are listed at first.
const FIRST: usize = 200;

/// The panel.
#[component]
pub(crate) fn Problems() -> impl IntoView {
    let app = use_app();
    let filter = RwSignal::new(Filter {
        sorting: Sorting::ByNode,
        severities: [true; 3],
        text: String::new(),
    });
    let most = RwSignal::new(FIRST);
    let is_seen = Memo::new(move |_| app.ui.dock.get() && app.ui.tab.get() == Tab::Problems);
    let groups = Memo::new(move |before: Option<&Vec<Group>>| match before {
        // Where nobody looks, no list follows each key that is typed.
        Some(before) if !is_seen.get() => before.clone(),
        _ => groups(&app.workspace.document(), &filter.get()),
    });
    let all = Memo::new(move |_| app.workspace.document().analysis.diagnostics.len());
    let list = NodeRef::<leptos::html::Div>::new();
    // The row that had the focus is gone when its finding is: the list keeps the place.
    let done = Callback::new(move |()| {
        if let Some(list) = list.get_untracked() {
            let _ = list.focus();
        }
    });
    let shown = move || {
        let groups = groups.get();
        let count: usize = groups.iter().map(|group| group.problems.len()).sum();
        if count == 0 {
            return view! { <Nothing filtered=all.get() filter=filter /> }.into_any();
        }
        let mut left = most.get();
        let mut views = Vec::new();
        for group in groups {
            if left == 0 {
                break;
            }
            let taken = group.problems.len().min(left);
            left -= taken;
            views.push(view! { <GroupView group=group shown=taken done=done /> });
        }
        let rest = count.saturating_sub(most.get());
        let more = (rest > 0).then(|| {
            view! {
                <button class="small more" on:click=move |_| most.update(|most| *most += 1000)>
                    {format!("Show more ({rest} left)")}
                </button>
            }
        });
        view! { {views} {more} }.into_any()
    };
    view! {
        <div class="problems">
            <Tools filter=filter />
            <div class="problem-list" node_ref=list tabindex="-1" role="region" aria-label="Problems" on:keydown=|event| walk(&event)>
                {shown}
            </div>
        </div>
    }
}

/// Arrow keys go from sentence to sentence.
fn walk(event: &web_sys::KeyboardEvent) {
    let step: i32 = match event.key().as_str() {
        "ArrowDown" => 1,
        "ArrowUp" => -1,
        _ => return,
    };
    let target = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let typing = target.is_none_or(|target| matches!(&*target.tag_name(), "INPUT" | "SELECT"));
    let Ok(found) = platform::document().query_selector_all(".problem-list .problem-main") else {
        return;
    };
    if typing || found.length() == 0 {
        return;
    }
    let active = platform::document().active_element();
    let row = active.and_then(|active| active.closest(".problem").ok().flatten());
    let at = (0..found.length()).find(|&at| {
        let button = found.item(at);
        row.as_ref()
            .is_some_and(|row| row.contains(button.as_ref()))
    });
    let last = found.length() - 1;
    let next = match (at, step) {
        (None, _) => 0,
        (Some(at), 1) => (at + 1).min(last),
        (Some(at), _) => at.saturating_sub(1),
    };
    event.prevent_default();
    let next = found.item(next);
    if let Some(next) = next.and_then(|next| next.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = next.focus();
    }
}

/// Findings under their heading.
#[component]
fn GroupView(group: Group, shown: usize, done: Callback<()>) -> impl IntoView {
    let count = group.problems.len();
    let rows = group.problems.into_iter().take(shown);
    view! {
        <section class="problem-group">
            <h3>
                <Icon glyph=group.glyph />
                <b>{group.title}</b>
                <span>{group.detail}</span>
                <span class="pill">{count}</span>
            </h3>
            <ul>{rows.map(|problem| view! { <Row problem=problem done=done /> }).collect_view()}</ul>
        </section>
    }
}

/// Why the list is empty.
#[component]
fn Nothing(filtered: usize, filter: RwSignal<Filter>) -> impl IntoView {
    let app = use_app();
    if filtered > 0 {
        return view! {
            <div class="problems-none">
                <p>{format!("None of the {filtered} problems fits the filter.")}</p>
                <button class="small" on:click=move |_| filter.update(|filter| {
                    filter.severities = [true; 3];
                    filter.text.clear();
                })>"Show all"</button>
            </div>
        }
        .into_any();
    }
    let is_checked = Memo::new(move |_| app.workspace.document().analysis.is_checked);
    let words = move || {
        let document = app.workspace.document();
        match document.drawn.graph.as_ref() {
            Some(graph) if !document.is_empty() => {
                let count = |number: usize, word: &str| {
                    format!("{number} {word}{}", if number == 1 { "" } else { "s" })
                };
                format!(
                    "{} looked at {} and {}.",
                    count(RULES.len(), "rule"),
                    count(graph.nodes.len().saturating_sub(2), "node"),
                    count(graph.edges.len(), "edge"),
                )
            }
            _ => "There is nothing to check yet.".to_owned(),
        }
    };
    view! {
        <div class="problems-none">
            <Show when=move || is_checked.get()>
                <Icon glyph=Glyph::Check />
                <p><b>"No problems"</b></p>
                <p class="hint">{words}</p>
            </Show>
        </div>
    }
    .into_any()
}

/// Filter, sorting, and all fixes at once.
#[component]
fn Tools(filter: RwSignal<Filter>) -> impl IntoView {
    let app = use_app();
    let fixable = Memo::new(move |_| {
        let document = app.workspace.document();
        let found = document.analysis.diagnostics.iter();
        found.filter(|found| safe_fix(found).is_some()).count()
    });
    let severity = move |at: usize| {
        let severity = SEVERITIES[at];
        let count = Memo::new(move |_| app.workspace.document().count(severity));
        let name = match severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            _ => "note",
        };
        let label = move || {
            let count = count.get();
            let many = if count == 1 { "" } else { "s" };
            format!("{count} {name}{many}")
        };
        view! {
            <button
                class=format!("small quiet severity {}", severity.word())
                aria-pressed=move || filter.with(|filter| filter.severities[at]).to_string()
                on:click=move |_| filter.update(|filter| filter.severities[at] = !filter.severities[at])
            >
                <Icon glyph=glyph(severity) />
                {label}
            </button>
        }
    };
    let sorting = move |sorting: Sorting, word: &'static str| {
        view! {
            <button
                class="small quiet"
                aria-pressed=move || filter.with(|filter| filter.sorting == sorting).to_string()
                on:click=move |_| filter.update(|filter| filter.sorting = sorting)
            >{word}</button>
        }
    };
    view! {
        <div class="problem-tools">
            <label class="field problem-search">
                <Icon glyph=Glyph::Search />
                <input
                    type="search"
                    placeholder="Filter"
                    aria-label="Filter the problems"
                    prop:value=move || filter.with(|filter| filter.text.clone())
                    on:input=move |event| filter.update(|filter| filter.text = event_target_value(&event))
                />
            </label>
            <div class="segments" role="group" aria-label="Severities">{[0, 1, 2].map(severity).collect_view()}</div>
            <div class="segments" role="group" aria-label="Sort">
                {sorting(Sorting::ByNode, "By node")}
                {sorting(Sorting::ByRule, "By rule")}
            </div>
            <span class="grow"></span>
            {move || (fixable.get() > 0).then(|| view! {
                <button class="small" title="Apply every fix that says what was meant" on:click=move |_| fix_all(app)>
                    <Icon glyph=Glyph::Check />
                    {move || format!("Fix all ({})", fixable.get())}
                </button>
            })}
        </div>
    }
}

/// Applies the fixes that may be applied without a look, one after the other, as one step of the
/// history: each may mend or move what others were about.
fn fix_all(app: App) {
    let workspace = app.workspace;
    let began = workspace.document_now();
    let key = CoalesceKey {
        key: format!("fix-all:{}", began.revision),
        at: platform::now(),
        pause: f64::INFINITY,
    };
    let mut tried = BTreeSet::new();
    let mut applied = 0_usize;
    // A fix may bring a finding of its own, whose fix may bring another.
    let most = began.analysis.diagnostics.len() * 2 + 16;
    while applied < most {
        let document = workspace.document_now();
        let found = document.analysis.diagnostics.iter();
        let next = found
            .filter_map(|found| Some((found, safe_fix(found)?)))
            .find(|(found, _)| {
                !tried.contains(&(found.code, found.span.start, found.message.clone()))
            });
        let Some((found, fix)) = next else { break };
        tried.insert((found.code, found.span.start, found.message.clone()));
        let done = workspace.dispatch(Action::Edit {
            command: Command::ApplyFix {
                edits: fix.edits.clone(),
            },
            coalesce: Some(key.clone()),
            origin: Origin::Canvas,
        });
        if !done {
            return;
        }
        applied += 1;
    }
    let left = workspace.document_now().analysis.diagnostics.len();
    let fixes = if applied == 1 { "fix" } else { "fixes" };
    let rest = match left {
        0 => "no problem is left".to_owned(),
        1 => "1 problem is left".to_owned(),
        left => format!("{left} problems are left"),
    };
    workspace.say(Notice::plain(format!("Applied {applied} {fixes}; {rest}.")));
}
