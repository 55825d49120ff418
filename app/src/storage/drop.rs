use crate::ui::prelude::*;
use crate::ui::{Glyph, Icon, use_app};

/// Says, over the whole page, that a file that is held there can be dropped.
#[component]
pub(crate) fn DropTarget() -> impl IntoView {
    let dragging = use_app().storage.dragging;
    view! {
        <div class="drop-target" hidden=move || !dragging.get()>
            <p>
                <Icon glyph=Glyph::Download />
                "Drop to open or import"
                <small>"A graph is opened. Files and folders of other systems become a new graph."</small>
            </p>
        </div>
    }
}
