use std::rc::Rc;

use super::answer::{Artifacts, File};
use super::{highlight, zip};
use crate::storage::{copy, download};
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, use_app};
use crate::workspace::Notice;

/// The files in tabs, and what is done with them.
#[component]
pub(super) fn Files(artifacts: Rc<Artifacts>, target: RwSignal<String>) -> impl IntoView {
    let app = use_app();
    let paths: Vec<String> = artifacts
        .files
        .iter()
        .map(|file| file.path.clone())
        .collect();
    let count = paths.len();
    let shown = RwSignal::new(0_usize);
    let artifacts = StoredValue::new_local(artifacts);
    let with_file = move |act: &dyn Fn(&File)| {
        artifacts.with_value(|artifacts| {
            if let Some(file) = artifacts.files.get(shown.get_untracked()) {
                act(file);
            }
        });
    };
    let options = paths.iter().enumerate().map(|(at, path)| {
        view! { <option value=at.to_string()>{path.clone()}</option> }
    });
    let tabs = paths.iter().enumerate().map(|(at, path)| {
        view! {
            <button
                class="tab"
                role="tab"
                aria-selected=move || (shown.get() == at).to_string()
                aria-controls="export-preview"
                on:click=move |_| shown.set(at)
            >{path.clone()}</button>
        }
    });
    let many = count > 4;
    let name = move || app.workspace.document_now().title();
    let preview = move || {
        let at = shown.get();
        artifacts.with_value(|artifacts| {
            artifacts
                .files
                .get(at)
                .map(|file| highlight::lines(&file.text, &file.language))
        })
    };
    view! {
        <section class="export-files" aria-label="Files">
            <div class="export-bar">
                {if many {
                    view! {
                        <label class="field export-choice">
                            <span class="unit">{format!("{count} files")}</span>
                            <select
                                aria-label="File"
                                on:change=move |event| shown.set(event_target_value(&event).parse().unwrap_or(0))
                            >{options.collect_view()}</select>
                        </label>
                    }.into_any()
                } else {
                    view! { <div class="tab-list" role="tablist" aria-label="Files">{tabs.collect_view()}</div> }.into_any()
                }}
                <span class="grow"></span>
                <button class="quiet small" on:click=move |_| with_file(&|file| {
                    copy(app, &file.text, &format!("Copied {}.", file.path));
                })>
                    <Icon glyph=Glyph::Copy />"Copy"
                </button>
                <button class="quiet small" on:click=move |_| with_file(&|file| {
                    let leaf = file.path.rsplit('/').next().unwrap_or(&file.path);
                    download(leaf, "application/octet-stream", file.text.as_bytes());
                    app.workspace.say(Notice::quiet(format!("Downloading {leaf}.")));
                })>
                    <Icon glyph=Glyph::Download />"Download"
                </button>
                <button class="small" on:click=move |_| artifacts.with_value(|artifacts| {
                    let files = artifacts.files.iter().map(|file| (&*file.path, file.text.as_bytes()));
                    let archive = format!("{}-{}.zip", name(), target.get_untracked());
                    download(&archive, "application/zip", &zip::archive(files));
                    app.workspace.say(Notice::quiet(format!("Downloading {archive}.")));
                })>
                    <Icon glyph=Glyph::Download />"All as zip"
                </button>
            </div>
            <pre class="export-preview" id="export-preview" tabindex="0" aria-label="The file's text"><code>{preview}</code></pre>
        </section>
    }
}
