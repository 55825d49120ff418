//! Who may enter: where only so many may be inside, the others wait before the graph.
//!
//! Those who wait need no place in memory. They enter in the order in which they came, so the next
//! is always the one that the stream of arrivals has next.

/// The way in.
pub(super) struct Gate {
    limit: u32,
    inside: u32,
    /// When one last left a graph that was full: who enters then does so when all else of that
    /// moment has happened.
    opened: u64,
}

impl Gate {
    /// A gate that lets so many in at once; without a limit, all.
    pub(super) fn new(limit: Option<u32>) -> Self {
        Self {
            limit: limit.unwrap_or(u32::MAX),
            inside: 0,
            opened: 0,
        }
    }

    /// When somebody enters who came, or comes, at a time; as far as is known.
    pub(super) fn entry(&self, came: u64) -> u64 {
        if self.inside < self.limit {
            came.max(self.opened)
        } else {
            u64::MAX
        }
    }

    /// How many are inside.
    pub(super) fn inside(&self) -> u32 {
        self.inside
    }

    pub(super) fn enter(&mut self) {
        self.inside = self.inside.saturating_add(1);
    }

    pub(super) fn leave(&mut self, at: u64) {
        if self.inside >= self.limit {
            self.opened = at;
        }
        self.inside = self.inside.saturating_sub(1);
    }
}
