use modelspec_core::edit::Item;

/// What is selected, in the order in which it was; the last is the one that the inspector shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection(Vec<Item>);

impl Selection {
    /// These things.
    pub(crate) fn of(items: impl IntoIterator<Item = Item>) -> Self {
        let mut known = std::collections::BTreeSet::new();
        let mut items: Vec<Item> = items.into_iter().collect();
        // Of equal things the last counts, and all may be selected at once.
        items.reverse();
        items.retain(|item| known.insert(item.clone()));
        items.reverse();
        Self(items)
    }

    /// One thing.
    pub(crate) fn one(item: Item) -> Self {
        Self(vec![item])
    }

    /// All of them.
    pub(crate) fn items(&self) -> &[Item] {
        &self.0
    }

    /// The one that was selected last.
    pub(crate) fn primary(&self) -> Option<&Item> {
        self.0.last()
    }

    /// Whether nothing is selected.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a thing is selected.
    pub(crate) fn contains(&self, item: &Item) -> bool {
        self.0.contains(item)
    }

    /// Selects one more, as the last.
    pub(crate) fn add(&mut self, item: Item) {
        self.0.retain(|other| *other != item);
        self.0.push(item);
    }

    /// Selects one more, or no longer.
    pub(crate) fn toggle(&mut self, item: Item) {
        if self.contains(&item) {
            self.retain(|other| *other != item);
        } else {
            self.0.push(item);
        }
    }

    /// Keeps what is asked for.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Item) -> bool) {
        self.0.retain(keep);
    }
}
