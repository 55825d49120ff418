use leptos::prelude::{Get as _, Memo};
use wasm_bindgen::JsCast as _;
use web_sys::{HtmlElement, Node};

use super::element::Fragment;
use super::live::follow;
use super::view::{View, text_node};
use crate::platform;

/// A part of the page between two text nodes that belong to it.
pub(super) struct Region {
    /// Empty, or the text that is all of the region.
    start: Node,
    end: Node,
}

impl Region {
    /// An empty one, in a fragment to be shown.
    pub(super) fn new() -> (Self, View) {
        let (start, end) = (text_node(""), text_node(""));
        let view = Fragment::new()
            .child(View::Node(start.clone()))
            .child(View::Node(end.clone()))
            .into_view();
        (Self { start, end }, view)
    }

    /// What its last row stands before.
    pub(super) fn end(&self) -> &Node {
        &self.end
    }

    /// Shows this instead. The focus stays where it is, on what stands there then.
    fn show(&self, view: View) {
        let focus = self.focus();
        while let Some(node) = self.start.next_sibling()
            && node != self.end
        {
            remove(&node);
        }
        let (words, rest) = match view {
            View::Text(words) => (words, View::Empty),
            view => ("".into(), view),
        };
        // A text that is set anew loses the reader's selection.
        if self.start.node_value().as_deref() != Some(&*words) {
            self.start.set_node_value(Some(&words));
        }
        rest.insert_before(&self.end);
        if let Some(focus) = focus {
            self.give(&focus);
        }
    }

    /// Where the focus is, if it is within.
    fn focus(&self) -> Option<Focus> {
        let active = platform::document().active_element()?;
        let around = self.start.parent_node()?;
        if !around.contains(Some(&active)) || around == *active {
            return None;
        }
        let mut path = Vec::new();
        let mut node = Node::from(active.clone());
        loop {
            let is_outermost = node.parent_node().as_ref() == Some(&around);
            let mut at = 0;
            while let Some(before) = node.previous_sibling() {
                if is_outermost && before == self.end {
                    return None;
                }
                if is_outermost && before == self.start {
                    path.push(at);
                    let name = active.tag_name();
                    return Some(Focus { path, name });
                }
                at += 1;
                node = before;
            }
            if is_outermost {
                return None;
            }
            path.push(at);
            node = node.parent_node()?;
        }
    }

    /// Gives the focus to what stands at its place, where it is of the same kind.
    fn give(&self, focus: &Focus) {
        let mut steps = focus.path.iter().rev();
        let outermost = steps
            .next()
            .and_then(|at| nth(self.start.next_sibling()?, *at));
        let found = steps.try_fold(outermost, |node, at| Some(nth(node?.first_child()?, *at)));
        let found = found.flatten().and_then(|node| node.dyn_into().ok());
        if let Some(found) = found.filter(|found: &HtmlElement| found.tag_name() == focus.name) {
            // An element that cannot take the focus leaves it where it is.
            let _ = found.focus();
        }
    }
}

/// A place of the focus within a region.
struct Focus {
    /// The nodes before the element, then those before its parent, and so on outwards.
    path: Vec<u32>,
    /// The element's name.
    name: String,
}

/// The node this many steps after another.
fn nth(node: Node, steps: u32) -> Option<Node> {
    (0..steps).try_fold(node, |node, _| node.next_sibling())
}

/// Takes a node out of the page.
pub(super) fn remove(node: &Node) {
    if let Some(parent) = node.parent_node() {
        // Focus that it had fires events, whose handlers may have taken it out already.
        let _ = parent.remove_child(node);
    }
}

/// A child that is followed.
pub(super) fn region(mut make: Box<dyn FnMut() -> View>) -> View {
    let (region, view) = Region::new();
    follow(Box::new(move || region.show(make())));
    view
}

/// One child while a condition holds, and the other while it does not, made anew at each change.
pub(crate) fn show(
    when: impl Fn() -> bool + Send + Sync + 'static,
    children: impl Fn() -> View + 'static,
    fallback: impl Fn() -> View + 'static,
) -> View {
    let when: Box<dyn Fn() -> bool + Send + Sync> = Box::new(when);
    let holds = Memo::new(move |_| when());
    region(Box::new(
        move || {
            if holds.get() { children() } else { fallback() }
        },
    ))
}
