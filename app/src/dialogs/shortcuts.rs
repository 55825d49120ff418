use super::gallery::CloseButton;
use crate::commands::{COMMANDS, Group};
use crate::ui::prelude::*;

/// What the canvas itself understands, beside the commands.
const CANVAS: &[(&str, &str)] = &[
    ("Walk from node to node and along edges", "Arrow keys"),
    ("Move the selection", "Ctrl Arrow keys"),
    ("Connect from the node or port", "C"),
    ("Edit what is selected", "Enter"),
    ("Move the view", "Space and drag"),
    ("Zoom", "Ctrl Wheel"),
    ("Select several", "Shift and click, or drag a box"),
    ("Drop the gesture or the selection", "Esc"),
];

/// All keys.
#[component]
pub(super) fn Shortcuts() -> impl IntoView {
    let group = |group: Group| {
        let rows = COMMANDS
            .iter()
            .filter(move |command| command.group == group && !command.keys.is_empty());
        view! {
            <section>
                <h3 class="heading">{group.title()}</h3>
                <dl>
                    {rows.map(|command| view! {
                        <div>
                            <dt>{command.title.trim_end_matches('…')}</dt>
                            <dd>{command.keys.iter().map(|chord| view! { <kbd>{chord.label()}</kbd> }).collect_view()}</dd>
                        </div>
                    }).collect_view()}
                </dl>
            </section>
        }
    };
    view! {
        <div class="sheet">
            <header class="sheet-head">
                <h2 id="dialog-title">"Keyboard shortcuts"</h2>
                <CloseButton />
            </header>
            <div class="shortcuts">
                {Group::ALL.map(group).collect_view()}
                <section>
                    <h3 class="heading">"On the canvas"</h3>
                    <dl>
                        {CANVAS.iter().map(|(what, keys)| view! {
                            <div><dt>{*what}</dt><dd><kbd>{*keys}</kbd></dd></div>
                        }).collect_view()}
                    </dl>
                </section>
            </div>
        </div>
    }
}
