use std::borrow::Cow;
use std::collections::BTreeMap;

use super::EditError;
use super::compose::Pieces;
use super::refs::order_at;
use crate::Analysis;
use crate::spec::{API_VERSION, KIND};
use crate::text::{Span, TextEdit, apply};
use crate::yaml::{self, Fragment, Limits, Node, Options, Style, Value};

/// Keys, and in lists indexes in decimal, from the root of the graph's document.
pub(super) type Path = Vec<String>;

/// A path from its words.
pub(super) fn path<const N: usize>(segments: [&str; N]) -> Path {
    segments.map(str::to_owned).to_vec()
}

/// One step of a command.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Sets a value; missing keys on the way are made.
    Set(Path, Fragment, Style),
    /// New keys of one mapping, which is made where it is missing.
    Entries(Path, Vec<(String, Fragment)>),
    /// New items of one list, which is made where it is missing.
    Items(Path, Vec<Fragment>),
    /// A new item before another.
    Insert(Path, usize, Fragment),
    /// Removes a value; with `true`, also what that leaves empty.
    Remove(Path, bool),
    /// Gives a key another name.
    RenameKey(Path, String),
    /// Gives a scalar another text.
    Scalar(Path, String),
    /// An edit of the text as it was when the draft began; only as a first step.
    Text(TextEdit),
}

/// A text that a command changes step by step; the text is read again only where a step needs what
/// one before it wrote.
pub(super) struct Draft<'a> {
    text: Cow<'a, str>,
    tree: Cow<'a, Node>,
    document: usize,
    pieces: Pieces,
    pending: Vec<TextEdit>,
    /// Start, end and whether it only deletes, of the pending edits.
    taken: BTreeMap<(usize, usize), bool>,
    /// How many children of a collection the pending edits remove.
    removed: BTreeMap<Path, usize>,
}

impl<'a> Draft<'a> {
    /// Begins with the text of an analysis; an empty one gets its first lines.
    pub(super) fn new(analysis: &'a Analysis) -> Result<Self, EditError> {
        let reading = &analysis.reading;
        if !reading.is_well_formed() {
            return Err(EditError::unreadable(analysis));
        }
        let graph = reading.graph().map(|(_, tree)| tree);
        let document = reading
            .trees
            .iter()
            .position(|tree| {
                graph.map_or_else(|| tree.is_null(), |graph| core::ptr::eq(tree, graph))
            })
            .ok_or(EditError::NoGraph)?;
        let tree = reading.trees.get(document).ok_or(EditError::NoGraph)?;
        let mut draft = Self {
            text: Cow::Borrowed(&analysis.text),
            tree: Cow::Borrowed(tree),
            document,
            pieces: Pieces::default(),
            pending: Vec::new(),
            taken: BTreeMap::new(),
            removed: BTreeMap::new(),
        };
        if tree.is_null() {
            let head = Fragment::map([
                ("apiVersion", Fragment::text(API_VERSION)),
                ("kind", Fragment::text(KIND)),
                (
                    "metadata",
                    Fragment::map([("name", Fragment::text("untitled"))]),
                ),
            ]);
            draft.step(&Step::Set(Vec::new(), head, Style::Block))?;
            draft.read_again()?;
        }
        Ok(draft)
    }

    /// Takes the steps in order, each as if those before it were done.
    pub(super) fn steps(mut self, steps: &[Step]) -> Result<Vec<TextEdit>, EditError> {
        for step in steps {
            self.step(step)?;
        }
        self.finish()
    }

    fn finish(mut self) -> Result<Vec<TextEdit>, EditError> {
        if !self.pending.is_empty() {
            // Overlaps show here, not in front of the user.
            apply(&self.text, &self.pending)?;
            self.pieces.apply(&self.pending);
        }
        Ok(self.pieces.edits())
    }

    fn step(&mut self, step: &Step) -> Result<(), EditError> {
        if let Step::Entries(at, entries) = step {
            return self.entries(at, entries);
        }
        if let Step::Items(at, items) = step {
            return self.items(at, items);
        }
        if self.must_read_first(step) {
            self.read_again()?;
        }
        let edits = match self.edits(step) {
            Ok(edits) if !self.clashes(&edits) => edits,
            Err(error) if self.pending.is_empty() => return Err(error),
            Ok(_) | Err(_) => {
                self.read_again()?;
                self.edits(step)?
            }
        };
        self.accept(edits);
        if let Step::Remove(at, _) = step
            && let Some((_, parent)) = at.split_last()
        {
            let count = self.removed.entry(parent.to_vec()).or_default();
            *count = count.saturating_add(1);
        }
        Ok(())
    }

    fn accept(&mut self, edits: Vec<TextEdit>) {
        for edit in &edits {
            let deletes = edit.replacement.is_empty();
            self.taken.insert((edit.span.start, edit.span.end), deletes);
        }
        self.pending.extend(edits);
    }

    /// Whether edits overlap pending ones, or touch them otherwise than as two deletions.
    fn clashes(&self, edits: &[TextEdit]) -> bool {
        edits.iter().any(|edit| {
            let Span { start, end } = edit.span;
            let deletes = edit.replacement.is_empty();
            let before = self.taken.range(..=(end, usize::MAX)).rev();
            let mut near = before.take_while(|((_, last), _)| *last >= start);
            near.any(|(&(other_start, other_end), &also)| {
                !(deletes && also && (other_end <= start || end <= other_start))
            })
        })
    }

    /// A removal that would leave a collection empty, or a second one in brackets.
    fn must_read_first(&self, step: &Step) -> bool {
        let Step::Remove(at, _) = step else {
            return false;
        };
        let Some((_, parent)) = at.split_last() else {
            return false;
        };
        let Some(&gone) = self.removed.get(parent) else {
            return false;
        };
        let (count, flow) = self.at(parent).map_or((0, true), shape);
        flow || gone.saturating_add(1) >= count
    }

    fn at(&self, at: &[String]) -> Option<&Node> {
        self.tree.at(at.iter().map(String::as_str))
    }

    fn read_again(&mut self) -> Result<(), EditError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let pending = core::mem::take(&mut self.pending);
        self.text = Cow::Owned(apply(&self.text, &pending)?.text);
        self.pieces.apply(&pending);
        self.taken.clear();
        self.removed.clear();
        let parsed = yaml::read(&self.text, &Limits::default());
        let mut trees = parsed.documents.into_iter();
        self.tree = Cow::Owned(trees.nth(self.document).ok_or(EditError::NoGraph)?);
        Ok(())
    }

    fn entries(&mut self, at: &Path, entries: &[(String, Fragment)]) -> Result<(), EditError> {
        if entries.is_empty() {
            return Ok(());
        }
        self.read_again()?;
        let (count, flow) = self.at(at).map_or((0, false), shape);
        if count == 0 {
            let style = style_of(entries.iter().map(|(_, value)| value));
            return self.step(&Step::Set(
                at.clone(),
                Fragment::Map(entries.to_vec()),
                style,
            ));
        }
        let mut together = Vec::new();
        for (key, value) in entries {
            let mut to = at.clone();
            to.push(key.clone());
            let step = Step::Set(to, value.clone(), style_of(core::iter::once(value)));
            if flow {
                self.step(&step)?;
            } else {
                together.extend(self.edits(&step)?);
            }
        }
        self.accept(together);
        Ok(())
    }

    fn items(&mut self, at: &Path, items: &[Fragment]) -> Result<(), EditError> {
        if items.is_empty() {
            return Ok(());
        }
        self.read_again()?;
        let (count, flow) = self.at(at).map_or((0, false), shape);
        if count == 0 {
            let list = Fragment::List(items.to_vec());
            return self.step(&Step::Set(at.clone(), list, Style::Auto));
        }
        let mut together = Vec::new();
        for (nth, item) in items.iter().enumerate() {
            let index = if flow {
                count.saturating_add(nth)
            } else {
                count
            };
            let step = Step::Insert(at.clone(), index, item.clone());
            if flow {
                self.step(&step)?;
            } else {
                together.extend(self.edits(&step)?);
            }
        }
        self.accept(together);
        Ok(())
    }

    fn edits(&self, step: &Step) -> Result<Vec<TextEdit>, EditError> {
        let (text, tree) = (&*self.text, &*self.tree);
        let edits = match step {
            Step::Set(at, value, style) => {
                let order = order_at(tree, at);
                let options = Options {
                    style: *style,
                    order: &order,
                    prune: false,
                };
                yaml::set(text, tree, &words(at), value, &options)?
            }
            Step::Insert(at, index, item) => {
                let options = Options {
                    style: Style::Flow,
                    ..Options::default()
                };
                yaml::insert_at(text, tree, &words(at), *index, item, &options)?
            }
            Step::Remove(at, prune) => {
                let options = Options {
                    prune: *prune,
                    ..Options::default()
                };
                yaml::remove(text, tree, &words(at), &options)?
            }
            Step::RenameKey(at, to) => yaml::rename_key(text, tree, &words(at), to)?,
            Step::Scalar(at, to) => yaml::replace_scalar(text, tree, &words(at), to)?,
            Step::Text(edit) => vec![edit.clone()],
            Step::Entries(..) | Step::Items(..) => Vec::new(),
        };
        Ok(edits)
    }
}

fn words(at: &[String]) -> Vec<&str> {
    at.iter().map(String::as_str).collect()
}

/// Number of children, and whether it is written in brackets.
fn shape(node: &Node) -> (usize, bool) {
    match &node.value {
        Value::Scalar(_) => (0, false),
        Value::Sequence(list) => (list.items.len(), list.flow),
        Value::Mapping(mapping) => (mapping.entries.len(), mapping.flow),
    }
}

/// Nodes of one fact are written as lines like all others; what has inner collections that fit
/// into a line keeps them there.
fn style_of<'f>(values: impl Iterator<Item = &'f Fragment>) -> Style {
    let is_short = |value: &Fragment| match value {
        Fragment::Map(entries) => {
            entries.iter().any(|(key, _)| key == "role")
                && entries
                    .iter()
                    .all(|(_, value)| matches!(value, Fragment::Scalar(_) | Fragment::Raw(_)))
        }
        _ => false,
    };
    let mut values = values.peekable();
    if values.peek().is_some() && values.all(is_short) {
        Style::Block
    } else {
        Style::Auto
    }
}
