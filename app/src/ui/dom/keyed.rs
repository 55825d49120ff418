use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};

use leptos::prelude::{Owner, untrack};
use wasm_bindgen::JsCast as _;
use web_sys::{DocumentFragment, Node};

use super::live::follow;
use super::region::{Region, remove};
use super::view::{View, text_node};

/// A row of a list: the first and the last of its nodes, which stay the same while it lives.
struct Row {
    owner: Owner,
    first: Node,
    last: Node,
}

/// What stands at a place of the list now.
enum Step {
    /// The row that stood at this place before.
    Kept(usize),
    Made(Row),
}

/// A list whose rows are made once a key. A key that comes twice has two rows.
pub(crate) fn keyed<T, K, I>(
    each: impl Fn() -> I + 'static,
    key: impl Fn(&T) -> K + 'static,
    children: impl Fn(T) -> View + 'static,
) -> View
where
    I: IntoIterator<Item = T>,
    K: Hash + Eq + 'static,
{
    let parent = Owner::current().unwrap_or_default();
    let mut keys: Vec<K> = Vec::new();
    list(Box::new(move || {
        let mut known = Known::new(keys.iter().map(hash).collect());
        let mut fresh = Vec::new();
        let mut steps = Vec::new();
        for item in each() {
            let key = key(&item);
            let before = known.take(hash(&key));
            let make = || {
                let mut item = Some(item);
                Step::Made(Row::new(&parent, &mut || item.take().map(&children)))
            };
            let kept = before.filter(|at| keys.get(*at) == Some(&key));
            steps.push(kept.map_or_else(make, Step::Kept));
            fresh.push(key);
        }
        keys = fresh;
        steps
    }))
}

fn hash(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Where keys stood, by their hashes.
struct Known(BTreeMap<u64, usize>);

impl Known {
    fn new(hashes: Vec<u64>) -> Self {
        Self(hashes.into_iter().zip(0..).collect())
    }

    /// Where one stood; each is asked for once.
    fn take(&mut self, hash: u64) -> Option<usize> {
        self.0.remove(&hash)
    }
}

/// Follows the steps.
fn list(mut steps: Box<dyn FnMut() -> Vec<Step>>) -> View {
    let (region, view) = Region::new();
    let mut rows = Vec::new();
    follow(Box::new(move || {
        let before = core::mem::take(&mut rows);
        rows = arrange(before, steps(), region.end());
    }));
    view
}

/// Takes away the rows that are gone, and puts the others in their order before `end`.
fn arrange(before: Vec<Row>, steps: Vec<Step>, end: &Node) -> Vec<Row> {
    let mut before: Vec<_> = before.into_iter().map(Some).collect();
    let kept = |step| match step {
        Step::Kept(at) => before.get_mut(at).and_then(Option::take),
        Step::Made(row) => Some(row),
    };
    let rows: Vec<Row> = steps.into_iter().filter_map(kept).collect();
    for row in before.into_iter().flatten() {
        row.remove();
    }
    let mut next = end;
    for row in rows.iter().rev() {
        // A node that is put where it stands would lose the focus.
        if row.last.next_sibling().as_ref() != Some(next) {
            row.put_before(next);
        }
        next = &row.first;
    }
    rows
}

impl Row {
    /// Makes a row, which lives by itself and not as long as one run of the list's effect.
    fn new(parent: &Owner, make: &mut dyn FnMut() -> Option<View>) -> Self {
        let owner = parent.child();
        let view = untrack(|| owner.with(make)).unwrap_or(View::Empty);
        let node = match view {
            View::Empty => text_node(""),
            View::Text(words) => text_node(&words),
            View::Node(node) => node,
        };
        let ends = node
            .dyn_ref::<DocumentFragment>()
            .map(|nodes| (nodes.first_child(), nodes.last_child()));
        let (first, last) = match ends {
            None => (node.clone(), node),
            Some((Some(first), Some(last))) => (first, last),
            Some(_) => {
                let nothing = text_node("");
                (nothing.clone(), nothing)
            }
        };
        Self { owner, first, last }
    }

    /// Its nodes, in their order.
    fn nodes(&self) -> Vec<Node> {
        let mut nodes = vec![self.first.clone()];
        let mut node = self.first.clone();
        while node != self.last
            && let Some(next) = node.next_sibling()
        {
            nodes.push(next.clone());
            node = next;
        }
        nodes
    }

    fn put_before(&self, next: &Node) {
        for node in self.nodes() {
            View::Node(node).insert_before(next);
        }
    }

    fn remove(self) {
        self.owner.cleanup();
        self.nodes().iter().for_each(remove);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_kept_once() {
        let mut known = Known::new(["a", "b"].iter().map(hash).collect());
        assert_eq!(known.take(hash(&"b")), Some(1));
        assert_eq!(known.take(hash(&"b")), None);
        assert_eq!(known.take(hash(&"c")), None);
        assert_eq!(known.take(hash(&"a")), Some(0));
    }
}
