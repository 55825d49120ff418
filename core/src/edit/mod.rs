//! User commands as text edits, and undo.
//!
//! The text is the truth: a command looks at the [`Analysis`] of a text and returns the smallest
//! edits that say it. Nothing else is changed, and nothing is kept.

mod compose;
mod error;
mod history;

use core::fmt;

pub use error::EditError;
pub use history::{CoalesceKey, History, Moment};

use crate::Analysis;
use crate::text::{Span, TextEdit, apply};

/// Something of a graph that can be selected.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Item {
    /// One of the graph's own inputs.
    Input(String),
    /// A node.
    Node(String),
    /// One of the graph's own outputs.
    Output(String),
    /// An edge, by its id: as stated, else `from→to`.
    Edge(String),
}

impl Item {
    /// Its name, or the edge's id.
    pub fn name(&self) -> &str {
        match self {
            Self::Input(name) | Self::Node(name) | Self::Output(name) | Self::Edge(name) => name,
        }
    }
}

impl fmt::Display for Item {
    /// ``node `guard` ``
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Input(_) => "input",
            Self::Node(_) => "node",
            Self::Output(_) => "output",
            Self::Edge(_) => "edge",
        };
        write!(f, "{what} `{}`", self.name())
    }
}

/// A place on the canvas, in pixels at full size; `y` grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Point2 {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Point2 {
    /// A place.
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }
}

/// What a user wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Applies the edits of a quick fix.
    ApplyFix {
        /// Its edits.
        edits: Vec<TextEdit>,
    },
    /// Replaces text, as typing does.
    Replace {
        /// The edits.
        edits: Vec<TextEdit>,
    },
    /// Replaces the whole document.
    Load {
        /// The new text.
        text: String,
    },
}

/// What a command does to the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    /// The edits, in terms of the text that was analysed, in its order and without overlap.
    pub edits: Vec<TextEdit>,
    /// What to select afterwards.
    pub select: Vec<Item>,
    /// What was done, for menus: `Add embedder`.
    pub label: String,
}

/// The edits that carry out a command on the text of an analysis.
///
/// # Errors
/// [`EditError`] when it cannot be done; it says why.
pub fn plan(analysis: &Analysis, command: &Command) -> Result<Change, EditError> {
    match command {
        Command::ApplyFix { edits } => replace(analysis, edits, "Apply fix"),
        Command::Replace { edits } => replace(analysis, edits, "Type"),
        Command::Load { text } => {
            let whole = TextEdit::replace(Span::new(0, analysis.text.len()), text.clone());
            replace(analysis, &[whole], "Load")
        }
    }
}

fn replace(analysis: &Analysis, edits: &[TextEdit], label: &str) -> Result<Change, EditError> {
    apply(&analysis.text, edits)?;
    Ok(Change {
        edits: edits.to_vec(),
        select: Vec::new(),
        label: label.to_owned(),
    })
}
