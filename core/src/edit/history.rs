//! Undo and redo.

use std::collections::VecDeque;

use super::{Change, Item, compose::compose};
use crate::text::{ConflictError, TextEdit, apply};

/// What belongs together: changes of equal keys that follow one another closely are one step.
#[derive(Clone, Debug, PartialEq)]
pub struct CoalesceKey {
    /// What is being done, such as `drag:7` or `type`; a new drag has a new key.
    pub key: String,
    /// When, in milliseconds from any beginning.
    pub at: f64,
    /// The pause, in milliseconds, behind which a new step begins: infinite for a drag.
    pub pause: f64,
}

impl CoalesceKey {
    /// Changes of one drag, however slow.
    pub fn drag(number: u64, at: f64) -> Self {
        Self {
            key: format!("drag:{number}"),
            at,
            pause: f64::INFINITY,
        }
    }

    /// A burst of typing; a second without a key ends it.
    pub fn typing(at: f64) -> Self {
        Self {
            key: "type".to_owned(),
            at,
            pause: 1000.0,
        }
    }
}

/// What undo or redo leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// The text.
    pub text: String,
    /// The edits that led there, of the text before.
    pub edits: Vec<TextEdit>,
    /// What the step is called: `Add embedder`.
    pub label: String,
    /// What to select: behind a redo what the change selects.
    pub select: Vec<Item>,
}

/// The steps that led to the text, and those that were undone.
#[derive(Clone, Debug)]
pub struct History {
    done: VecDeque<Step>,
    undone: Vec<Step>,
    /// Bytes that all steps hold.
    bytes: usize,
    max_bytes: usize,
    /// Whether the next change may join the last step.
    open: bool,
}

#[derive(Clone, Debug)]
struct Step {
    label: String,
    select: Vec<Item>,
    /// From the text before to the text behind.
    forth: Vec<TextEdit>,
    /// And back.
    back: Vec<TextEdit>,
    coalesce: Option<CoalesceKey>,
}

impl Step {
    fn bytes(&self) -> usize {
        let edits = self.forth.iter().chain(&self.back);
        edits.fold(size_of::<Self>(), |sum, edit| {
            sum.saturating_add(size_of::<TextEdit>())
                .saturating_add(edit.replacement.len())
        })
    }
}

impl Default for History {
    /// Remembers 32 MiB of edits.
    fn default() -> Self {
        Self::new(32 << 20)
    }
}

impl History {
    /// Remembers at most so many bytes of edits, but always the last step.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            done: VecDeque::new(),
            undone: Vec::new(),
            bytes: 0,
            max_bytes,
            open: false,
        }
    }

    /// Makes a change of `text` and remembers it; what was undone is forgotten. A change without
    /// edits changes nothing here either.
    ///
    /// With a key, it joins the step before it, if that has an equal key, is not older than the
    /// key's pause, and nothing was undone since.
    ///
    /// # Errors
    /// [`ConflictError`] when the edits are none of this text; nothing is changed then.
    pub fn apply(
        &mut self,
        text: &str,
        change: Change,
        coalesce: Option<CoalesceKey>,
    ) -> Result<String, ConflictError> {
        let edited = apply(text, &change.edits)?;
        if edited.text == text {
            return Ok(edited.text);
        }
        for step in self.undone.drain(..) {
            self.bytes = self.bytes.saturating_sub(step.bytes());
        }
        let mut step = Step {
            label: change.label,
            select: change.select,
            forth: change.edits,
            back: edited.inverse,
            coalesce,
        };
        let last = self
            .done
            .pop_back_if(|last| self.open && joins(last.coalesce.as_ref(), step.coalesce.as_ref()));
        if let Some(last) = last {
            self.bytes = self.bytes.saturating_sub(last.bytes());
            step.forth = compose(&last.forth, &step.forth);
            step.back = compose(&step.back, &last.back);
            step.label = last.label;
        }
        self.open = true;
        self.bytes = self.bytes.saturating_add(step.bytes());
        self.done.push_back(step);
        while self.bytes > self.max_bytes && self.done.len() > 1 {
            let Some(oldest) = self.done.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.bytes());
        }
        Ok(edited.text)
    }

    /// Begins a new step with the next change, whatever its key.
    pub fn close(&mut self) {
        self.open = false;
    }

    /// Takes the last step back. `None` when there is none, or `text` is not what it led to.
    pub fn undo(&mut self, text: &str) -> Option<Moment> {
        let step = self.done.pop_back()?;
        let Ok(edited) = apply(text, &step.back) else {
            self.done.push_back(step);
            return None;
        };
        self.open = false;
        let moment = Moment {
            text: edited.text,
            edits: step.back.clone(),
            label: step.label.clone(),
            select: Vec::new(),
        };
        self.undone.push(step);
        Some(moment)
    }

    /// Takes the last undo back. `None` when there is none, or `text` is not what it led to.
    pub fn redo(&mut self, text: &str) -> Option<Moment> {
        let step = self.undone.pop()?;
        let Ok(edited) = apply(text, &step.forth) else {
            self.undone.push(step);
            return None;
        };
        self.open = false;
        let moment = Moment {
            text: edited.text,
            edits: step.forth.clone(),
            label: step.label.clone(),
            select: step.select.clone(),
        };
        self.done.push_back(step);
        Some(moment)
    }

    /// What undo would take back.
    pub fn undo_label(&self) -> Option<&str> {
        Some(&self.done.back()?.label)
    }

    /// What redo would do again.
    pub fn redo_label(&self) -> Option<&str> {
        Some(&self.undone.last()?.label)
    }

    /// The steps from the oldest to the newest, and how many of them are done.
    pub fn labels(&self) -> (Vec<&str>, usize) {
        let steps = self.done.iter().chain(self.undone.iter().rev());
        (steps.map(|step| &*step.label).collect(), self.done.len())
    }

    /// Forgets everything, as with a new document.
    pub fn clear(&mut self) {
        *self = Self::new(self.max_bytes);
    }
}

fn joins(last: Option<&CoalesceKey>, next: Option<&CoalesceKey>) -> bool {
    last.zip(next)
        .is_some_and(|(last, next)| last.key == next.key && next.at - last.at <= next.pause)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::edit::compose::tests::{cuts, edits};
    use crate::text::Span;

    fn change(start: usize, end: usize, text: &str) -> Change {
        Change {
            edits: vec![TextEdit::replace(Span::new(start, end), text)],
            select: Vec::new(),
            label: format!("put {text}"),
        }
    }

    #[test]
    fn a_drag_is_one_step_and_the_next_drag_another() {
        let mut history = History::default();
        let mut text = "x: 240".to_owned();
        for (drag, at, x) in [
            (1, 0.0, "241"),
            (1, 16.0, "250"),
            (1, 9999.0, "7"),
            (2, 9999.0, "8"),
        ] {
            let key = Some(CoalesceKey::drag(drag, at));
            let change = change(3, text.len(), x);
            text = history.apply(&text, change, key).unwrap();
        }
        assert_eq!(history.labels(), (vec!["put 241", "put 8"], 2));
        let back = history.undo(&text).unwrap();
        assert_eq!(back.text, "x: 7");
        let first = history.undo(&back.text).unwrap();
        assert_eq!((first.text.as_str(), history.undo("")), ("x: 240", None));
        assert_eq!(history.redo(&first.text).unwrap().text, "x: 7");
    }

    #[test]
    fn a_pause_an_undo_and_close_end_a_burst_of_typing() {
        let mut history = History::default();
        let mut type_in = |text: &str, what: &str, at: f64| {
            let end = text.len();
            let key = Some(CoalesceKey::typing(at));
            history.apply(text, change(end, end, what), key).unwrap()
        };
        let a = type_in("", "a", 0.0);
        let ab = type_in(&a, "b", 900.0);
        let abc = type_in(&ab, "c", 2000.0);
        assert_eq!(history.undo(&abc).unwrap().text, "ab");
        assert_eq!(history.redo("ab").unwrap().text, "abc");
        let key = Some(CoalesceKey::typing(2001.0));
        let typed = history.apply(&abc, change(3, 3, "d"), key.clone()).unwrap();
        assert_eq!(history.undo(&typed).unwrap().text, "abc");
        let other = history.apply(&abc, change(3, 3, "e"), key.clone()).unwrap();
        history.close();
        let longer = history.apply(&other, change(4, 4, "f"), key).unwrap();
        assert_eq!(history.undo(&longer).unwrap().text, "abce");
        assert_eq!(history.redo_label(), Some("put f"));
    }

    #[test]
    fn the_oldest_steps_go_first_when_memory_is_short() {
        let mut history = History::new(4000);
        let mut text = String::new();
        for _ in 0..100 {
            text = history
                .apply(&text, change(0, 0, "0123456789"), None)
                .unwrap();
        }
        let (labels, done) = history.labels();
        assert!(done > 1 && done < 30, "{}", labels.len());
        assert!(history.bytes <= 4000);
    }

    #[test]
    fn edits_of_another_text_leave_everything_as_it_was() {
        let mut history = History::default();
        let text = history.apply("abc", change(1, 3, "x"), None).unwrap();
        assert!(history.apply(&text, change(5, 9, "y"), None).is_err());
        assert_eq!(history.undo(""), None);
        assert_eq!(history.undo(&text).unwrap().text, "abc");
    }

    proptest! {
        #[test]
        fn undo_and_redo_restore_every_text(
            first in "[a-cé]{0,20}",
            steps in prop::collection::vec((cuts(), 0_u8..3, 0_u8..4), 0..12),
        ) {
            let mut history = History::default();
            // Every text that a step led to; one step may have led through several.
            let mut texts = vec![first];
            for (at, (cuts, key, act)) in steps.iter().enumerate() {
                let text = texts.last().unwrap().clone();
                if *act == 0 {
                    let back = history.undo(&text);
                    prop_assert_eq!(back.is_some(), texts.len() > 1);
                    if let Some(back) = back {
                        texts.pop();
                        prop_assert_eq!(&back.text, texts.last().unwrap());
                    }
                    continue;
                }
                let count = history.labels().1;
                let key = (*key > 0).then(|| CoalesceKey {
                    key: key.to_string(),
                    at: at as f64,
                    pause: f64::INFINITY,
                });
                let change = Change {
                    edits: edits(&text, cuts),
                    select: Vec::new(),
                    label: String::new(),
                };
                let next = history.apply(&text, change, key).unwrap();
                if next != text && history.labels().1 == count {
                    texts.pop();
                }
                if next != text {
                    texts.push(next);
                }
            }
            let last = texts.last().unwrap().clone();
            let mut text = last.clone();
            for wanted in texts.iter().rev().skip(1) {
                text = history.undo(&text).unwrap().text;
                prop_assert_eq!(&text, wanted);
            }
            prop_assert_eq!(history.undo(&text), None);
            for wanted in texts.iter().skip(1) {
                text = history.redo(&text).unwrap().text;
                prop_assert_eq!(&text, wanted);
            }
            prop_assert_eq!(text, last);
        }
    }
}
