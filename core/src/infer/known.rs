//! What is known of each port, in pieces that an analysis shares with the one before.

use std::rc::Rc;

use super::Slot;
use crate::graph::{PortIx, Type};

/// The ports of one piece.
const PIECE: usize = 64;

/// What is known of a port.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) ty: Type,
    /// Where inferred facts came from.
    pub(super) sources: Vec<(Slot, Source)>,
}

/// Where an inferred fact came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// The port that had it before.
    pub(super) from: PortIx,
    /// Whether it came along an edge, and not within a node that hands its input on.
    pub(super) along_edge: bool,
    /// The port that states it.
    pub(super) home: PortIx,
}

impl Known {
    /// Only what the port itself states.
    pub(super) const fn stated(ty: Type) -> Self {
        let sources = Vec::new();
        Self { ty, sources }
    }
}

/// What is known of all ports, by their numbers. A copy costs little, and a change of it as much as
/// a piece.
#[derive(Clone, Debug, Default)]
pub(super) struct Pieces(Vec<Rc<Vec<Known>>>);

impl Pieces {
    pub(super) fn get(&self, port: PortIx) -> Option<&Known> {
        let at = port.0 as usize;
        self.0.get(at / PIECE)?.get(at % PIECE)
    }

    pub(super) fn get_mut(&mut self, port: PortIx) -> Option<&mut Known> {
        let at = port.0 as usize;
        Rc::make_mut(self.0.get_mut(at / PIECE)?).get_mut(at % PIECE)
    }

    pub(super) fn len(&self) -> usize {
        let full = self.0.len().saturating_sub(1).saturating_mul(PIECE);
        self.0
            .last()
            .map_or(0, |last| full.saturating_add(last.len()))
    }

    pub(super) fn push(&mut self, known: Known) {
        if let Some(last) = self.0.last_mut().filter(|last| last.len() < PIECE) {
            Rc::make_mut(last).push(known);
            return;
        }
        let mut piece = Vec::with_capacity(PIECE);
        piece.push(known);
        self.0.push(Rc::new(piece));
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.0.truncate(len.div_ceil(PIECE));
        if let Some(last) = self.0.last_mut()
            && !len.is_multiple_of(PIECE)
        {
            Rc::make_mut(last).truncate(len % PIECE);
        }
    }
}

impl FromIterator<Known> for Pieces {
    fn from_iter<I: IntoIterator<Item = Known>>(all: I) -> Self {
        let mut pieces = Self::default();
        for known in all {
            pieces.push(known);
        }
        pieces
    }
}
