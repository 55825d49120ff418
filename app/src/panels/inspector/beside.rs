use crate::storage::{self, beside};
use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, use_app};

/// The files that the document's nodes refer to: those that are here, and those that are not.
#[component]
pub(super) fn Beside() -> impl IntoView {
    let app = use_app();
    let files = Memo::new(move |_| {
        let document = app.workspace.document();
        let analysis = &document.analysis;
        let here: Vec<(String, usize)> = beside::texts(analysis)
            .into_iter()
            .map(|(path, text)| (path, text.lines().count()))
            .collect();
        (here, beside::lacking(analysis))
    });
    move || {
        let (here, lacking) = files.get();
        if here.is_empty() && lacking.is_empty() {
            return None;
        }
        let here = here.into_iter().map(|(path, lines)| {
            let plural = if lines == 1 { "" } else { "s" };
            let label = format!("Take {path} away");
            let name = path.clone();
            view! {
                <li class="beside-file">
                    <code>{path}</code>
                    <span class="hint">{format!("{lines} line{plural}")}</span>
                    <button class="icon-button small" type="button" aria-label=label.clone() title=label on:click=move |_| beside::remove(app, &name)>
                        <Icon glyph=Glyph::Close />
                    </button>
                </li>
            }
        });
        let here = here.collect_view();
        let is_lacking = !lacking.is_empty();
        let lacking = lacking.into_iter().map(|path| {
            view! {
                <li class="beside-file lacking">
                    <Icon glyph=Glyph::Warning />
                    <code>{path}</code>
                    <span class="hint">"not here"</span>
                </li>
            }
        });
        let lacking = lacking.collect_view();
        Some(view! {
            <section class="section beside" aria-label="Files beside the document">
                <div class="section-head"><h3 class="heading">"Files beside it"</h3></div>
                <p class="hint">"What nodes refer to by "<code>"specRef"</code>". The files stay as they are; the browser keeps copies with the document."</p>
                <ul>{here}{lacking}</ul>
                {is_lacking.then(|| view! {
                    <button class="small wide-button" type="button" on:click=move |_| storage::import_files(app)>
                        <Icon glyph=Glyph::Add />
                        "Choose the missing files…"
                    </button>
                })}
            </section>
        })
    }
}
