//! What is let go of over the canvas.

use modelspec_core::spec::Role;
use web_sys::{DragEvent, MouseEvent};

use super::board::Board;
use super::gestures::Drag;
use crate::workspace::Notice;

impl Board {
    /// On nothing, a new node; on something, its fields.
    pub(super) fn double_click(self, event: &MouseEvent) {
        let found = self.update(|state| {
            let at = state.on_board(event);
            (state.view.to_graph(at), state.hit(at, false))
        });
        match found {
            Some((at, None)) if self.editable => self.choose_role(Some(at), None),
            Some((_, Some(_))) if self.editable => self.app().ui.open_inspector(),
            _ => {}
        }
    }

    /// Lets a role that is dragged over the board be dropped there.
    pub(super) fn drag_over(self, event: &DragEvent) {
        let Some(data) = event.data_transfer().filter(|_| self.editable) else {
            return;
        };
        let types = data.types();
        if types.includes(&super::ROLE_TYPE.into(), 0) {
            event.prevent_default();
            data.set_drop_effect("copy");
        }
    }

    pub(super) fn drop_role(self, event: &DragEvent) {
        let word = event
            .data_transfer()
            .and_then(|data| data.get_data(super::ROLE_TYPE).ok());
        let Some(role) = word
            .as_deref()
            .and_then(Role::from_word)
            .filter(|_| self.editable)
        else {
            return;
        };
        event.prevent_default();
        self.measure();
        let at = self.read(|state| state.view.to_graph(state.on_board(event)));
        self.add(role, at, None);
        self.focus_quietly();
    }

    pub(super) fn drop_boxes(self, drag: &Drag) {
        let moves = self.read(|state| {
            drag.boxes
                .iter()
                .filter_map(|&(slot, was)| {
                    let block = state.scene.boxes.get(slot)?;
                    let at = block.rect.corner();
                    (at != was).then(|| (block.item.clone(), at))
                })
                .collect::<Vec<_>>()
        });
        let Some(moves) = moves.filter(|moves| !moves.is_empty()) else {
            return;
        };
        let count = moves.len();
        // Where the others stood before is where they are drawn still.
        if self.move_boxes(moves, None) {
            let what = if count == 1 {
                "Moved.".to_owned()
            } else {
                format!("Moved {count} boxes.")
            };
            self.app().workspace.say(Notice::quiet(what));
        } else {
            self.update(|state| {
                state.scene.shift(&drag.boxes);
                state.painter.forget();
            });
        }
    }
}
