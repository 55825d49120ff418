use leptos::prelude::{Get, GetUntracked, Memo, RwSignal, Signal, Storage};
use web_sys::Node;

use super::element::Fragment;
use super::live::Words;
use super::region::region;
use crate::platform;

/// A piece of the page that is not shown yet.
pub(crate) enum View {
    /// Nothing.
    Empty,
    /// A text.
    Text(Words),
    /// A node, or several as a document fragment.
    Node(Node),
}

impl View {
    /// Several views side by side.
    pub(crate) fn list(views: Vec<Self>) -> Self {
        let fragment = views.into_iter().fold(Fragment::new(), Fragment::child);
        fragment.into_view()
    }

    /// Shows it as the last child.
    pub(super) fn append_to(self, parent: &Node) {
        self.insert_into(parent, None);
    }

    /// Shows it before another child.
    pub(super) fn insert_before(self, next: &Node) {
        if let Some(parent) = next.parent_node() {
            self.insert_into(&parent, Some(next));
        }
    }

    fn insert_into(self, parent: &Node, next: Option<&Node>) {
        let node = match self {
            Self::Empty => return,
            Self::Text(words) => text_node(&words),
            Self::Node(node) => node,
        };
        // A new node fits everywhere.
        let _ = parent.insert_before(&node, next);
    }
}

/// A node that holds a text.
pub(super) fn text_node(words: &str) -> Node {
    platform::document().create_text_node(words).into()
}

/// What stands between a component's tags.
pub(crate) type Children = Box<dyn FnOnce() -> View>;

/// What can stand as a child in markup.
pub(crate) trait IntoView: Sized {
    /// It, made.
    fn into_view(self) -> View;

    /// The same, where branches make views in different ways.
    fn into_any(self) -> View {
        self.into_view()
    }
}

impl IntoView for View {
    fn into_view(self) -> View {
        self
    }
}

impl IntoView for () {
    fn into_view(self) -> View {
        View::Empty
    }
}

impl IntoView for &'static str {
    fn into_view(self) -> View {
        View::Text(self.into())
    }
}

impl IntoView for String {
    fn into_view(self) -> View {
        View::Text(self.into())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => { $(
        impl IntoView for $number {
            fn into_view(self) -> View {
                self.to_string().into_view()
            }
        }
    )* };
}

numbers!(u32, u64, usize);

impl<V: IntoView> IntoView for Option<V> {
    fn into_view(self) -> View {
        self.map_or(View::Empty, V::into_view)
    }
}

impl<V: IntoView> IntoView for Vec<V> {
    fn into_view(self) -> View {
        self.collect_view()
    }
}

impl<V: IntoView, F: FnMut() -> V + 'static> IntoView for F {
    fn into_view(mut self) -> View {
        region(Box::new(move || self().into_view()))
    }
}

macro_rules! signals {
    ($($signal:ident),*) => { $(
        impl<V, S> IntoView for $signal<V, S>
        where
            V: IntoView + 'static,
            S: Storage<V> + 'static,
            Self: Get<Value = V> + GetUntracked<Value = V>,
        {
            fn into_view(self) -> View {
                region(Box::new(move || self.get().into_view()))
            }
        }
    )* };
}

signals!(Memo, RwSignal, Signal);

/// Views side by side.
pub(crate) trait CollectView {
    /// They as one.
    fn collect_view(self) -> View;
}

impl<I: IntoIterator> CollectView for I
where
    I::Item: IntoView,
{
    fn collect_view(self) -> View {
        View::list(self.into_iter().map(IntoView::into_view).collect())
    }
}
