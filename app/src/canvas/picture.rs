use std::rc::Rc;

use modelspec_core::Analysis;

use super::geometry::Rect;
use super::scene::Scene;
use crate::ui::prelude::*;

/// A small still picture of a graph.
#[component]
#[allow(clippy::needless_pass_by_value)] // A component's properties are its own.
pub(crate) fn Picture(
    /// The graph.
    analysis: Rc<Analysis>,
) -> impl IntoView {
    let scene = Scene::new(&analysis);
    let Rect {
        left,
        top,
        width,
        height,
    } = scene.bounds.grown(24.0);
    let links = scene.links.iter().map(|link| {
        let mut path = String::new();
        link.route.draw(&mut path);
        view! { <path class=format!("picture-link kind-{}", link.kind.word()) d=path></path> }
    });
    let boxes = scene.boxes.iter().map(|block| {
        let rect = block.rect;
        let class = if block.node.is_model() { "picture-box" } else { "picture-box end" };
        view! {
            <rect class=class x=rect.left y=rect.top width=rect.width height=rect.height rx="16"></rect>
        }
    });
    view! {
        <span class="template-picture">
            <svg viewBox=format!("{left} {top} {width} {height}") aria-hidden="true">
                {links.collect_view()}
                {boxes.collect_view()}
            </svg>
        </span>
    }
}
