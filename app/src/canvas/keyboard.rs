//! What keys do while the canvas has the keyboard. Keys of commands are listed with the commands.

use modelspec_core::edit::{CoalesceKey, Item, Point2};
use web_sys::KeyboardEvent;

use super::board::Board;
use crate::platform;
use crate::ui::prelude::*;
use crate::workspace::{Notice, Selection};

/// How far a key moves the selection, in pixels.
const STEP: f64 = 8.0;
/// Presses with a longer pause between them are steps of their own.
const PAUSE: f64 = 1000.0;

impl Board {
    pub(super) fn key_down(self, event: &KeyboardEvent) {
        let held = event.ctrl_key() || event.meta_key();
        let key = event.key();
        let direction = match key.as_str() {
            "ArrowLeft" => Some((-1.0, 0.0)),
            "ArrowRight" => Some((1.0, 0.0)),
            "ArrowUp" => Some((0.0, -1.0)),
            "ArrowDown" => Some((0.0, 1.0)),
            _ => None,
        };
        let done = match (direction, key.as_str()) {
            (Some((x, y)), _) if held => self.nudge(x * STEP, y * STEP),
            (Some((x, y)), _) if !event.alt_key() => self.walk(x + y > 0.0, event.shift_key()),
            (None, "Home" | "End") if !held => self.walk_to_end(key == "End"),
            (None, "Enter") if !held => self.edit(),
            (None, "Escape") => self.escape(),
            (None, "c" | "C") if !held && self.editable => self.connect_primary(),
            (None, "a" | "A") if !held && self.editable => self.add_at_pointer(),
            (None, " ") => {
                self.update(|state| state.space = true);
                true
            }
            _ => false,
        };
        if done {
            event.prevent_default();
        }
    }

    pub(super) fn key_up(self, event: &KeyboardEvent) {
        if event.key() == " " {
            self.update(|state| state.space = false);
        }
    }

    /// To the next thing, or the one before.
    fn walk(self, forward: bool, extend: bool) -> bool {
        let workspace = self.app().workspace;
        let selection = workspace.selection_now();
        let next = self.read(|state| {
            let items = state.scene.walk();
            let now = selection
                .primary()
                .and_then(|item| items.iter().position(|other| other == item));
            let last = items.len().checked_sub(1)?;
            let next = match (now, forward) {
                (Some(now), true) => (now + 1).min(last),
                (Some(now), false) => now.saturating_sub(1),
                (None, true) => 0,
                (None, false) => last,
            };
            items.get(next).cloned()
        });
        self.go_to(next.flatten(), extend)
    }

    fn walk_to_end(self, last: bool) -> bool {
        let item = self.read(|state| {
            let items = state.scene.walk();
            let item = if last { items.last() } else { items.first() };
            item.cloned()
        });
        self.go_to(item.flatten(), false)
    }

    fn go_to(self, item: Option<Item>, extend: bool) -> bool {
        let Some(item) = item else { return false };
        self.update(|state| state.reveal(&item));
        let workspace = self.app().workspace;
        let mut next = if extend {
            workspace.selection_now()
        } else {
            Selection::default()
        };
        next.add(item);
        workspace.select(next);
        true
    }

    /// Moves what is selected; a burst of presses is one step of the history.
    fn nudge(self, x: f64, y: f64) -> bool {
        if !self.editable {
            return false;
        }
        let selection = self.app().workspace.selection_now();
        let moves = self.read(|state| {
            let moved = |item: &Item| {
                let corner = state
                    .scene
                    .boxes
                    .get(state.scene.slot(item)?)?
                    .rect
                    .corner();
                Some((item.clone(), Point2::new(corner.x + x, corner.y + y)))
            };
            selection
                .items()
                .iter()
                .filter_map(moved)
                .collect::<Vec<_>>()
        });
        let Some(moves) = moves.filter(|moves| !moves.is_empty()) else {
            return false;
        };
        let key = CoalesceKey {
            key: "nudge".to_owned(),
            at: platform::now(),
            pause: PAUSE,
        };
        let (first, at) = (moves[0].0.name().to_owned(), moves[0].1);
        if self.move_boxes(moves, Some(key)) {
            // The next press finds the new places though nothing was drawn since.
            self.show(&self.app().workspace.document_now());
            let said = format!("{first} at {}, {}", at.x.round(), at.y.round());
            self.app().workspace.say(Notice::quiet(said));
        }
        true
    }

    fn edit(self) -> bool {
        if self.app().workspace.selection_now().is_empty() {
            return false;
        }
        self.app().ui.open_inspector();
        true
    }

    fn escape(self) -> bool {
        if self.offer.get_untracked().is_some() {
            self.offer.set(None);
            self.focus();
            return true;
        }
        if self.update(super::board::State::drop_gesture) == Some(true) {
            self.tip.set(None);
            return true;
        }
        let is_empty = self.app().workspace.selection_now().is_empty();
        self.app().workspace.select(Selection::default());
        !is_empty
    }

    fn connect_primary(self) -> bool {
        let selection = self.app().workspace.selection_now();
        if let Some(item @ (Item::Node(_) | Item::Input(_) | Item::Output(_))) = selection.primary()
        {
            self.choose_target(item);
        } else {
            let why = "Select a node first: C connects it.";
            self.app().workspace.say(Notice::plain(why));
        }
        true
    }

    /// Where the pointer is, else where the layout puts it.
    fn add_at_pointer(self) -> bool {
        let at = self.read(|state| state.pointer.map(|at| state.view.to_graph(at)));
        self.choose_role(at.flatten(), None);
        true
    }
}
