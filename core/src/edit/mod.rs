//! User commands as text edits, and undo.
//!
//! The text is the truth: a command looks at the [`Analysis`] of a text and returns the smallest
//! edits that say it. Nothing else is changed, and nothing is kept.

mod add;
mod compose;
mod connect;
mod draft;
mod error;
mod fill;
mod history;
mod locate;
mod names;
mod place;
mod refs;
mod remove;
mod rename;
#[cfg(test)]
mod tests;
mod value;
mod view;

use core::fmt;

pub use error::EditError;
pub use fill::{Conflict, Knowledge, knowledge};
pub use history::{CoalesceKey, History, Moment};
pub use locate::{item_at, span_of};

use crate::Analysis;
use crate::catalogue::Fact;
use crate::spec::{Kind, Role};
use crate::text::{Span, TextEdit, apply};
use crate::yaml::Fragment;
use view::View;

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
    /// Adds a node that says its role and nothing else.
    AddNode {
        /// What it does.
        role: Role,
        /// Its name; default the role's word, with a number where that is taken.
        name: Option<String>,
        /// Its upper left corner.
        at: Option<Point2>,
    },
    /// Adds an input of the graph.
    AddInput {
        /// Its name.
        name: String,
        /// What it carries.
        kind: Kind,
        /// Its upper left corner.
        at: Option<Point2>,
    },
    /// Adds an output of the graph.
    AddOutput {
        /// Its name.
        name: String,
        /// What it carries.
        kind: Kind,
        /// Its upper left corner.
        at: Option<Point2>,
    },
    /// Adds an edge; an input or output of the graph that is not there yet is made. Two nodes
    /// without ports are joined by a control edge.
    Connect {
        /// `node.port`, `inputs.name`, or a node.
        from: String,
        /// `node.port`, `outputs.name`, or a node.
        to: String,
    },
    /// Joins two ports through a new adapter, which states the types of both.
    ConnectThroughAdapter {
        /// `node.port` or `inputs.name`.
        from: String,
        /// `node.port` or `outputs.name`.
        to: String,
    },
    /// Puts a new adapter into an edge; what the edge says stays on its first half.
    InsertAdapter {
        /// The edge's id.
        edge: String,
    },
    /// Puts a new join, which hands on what comes first, before an input that several edges feed.
    InsertJoin {
        /// `node.port` or `outputs.name`.
        to: String,
    },
    /// Removes things, and with a node all that names it.
    Remove {
        /// What goes.
        items: Vec<Item>,
        /// Whether what fed the nodes that go now feeds what they fed, where the types fit.
        bridge: bool,
    },
    /// Gives a thing another name wherever the document names it; conditions are left alone. An
    /// edge gets an id.
    Rename {
        /// What is renamed.
        item: Item,
        /// Its new name.
        to: String,
    },
    /// Moves things on the canvas; places are whole pixels.
    Move {
        /// The upper left corners; edges have none and are passed over.
        to: Vec<(Item, Point2)>,
    },
    /// Sets a value; missing keys on the way are made.
    Set {
        /// Keys, and in lists indexes in decimal, from the root of the graph's document.
        path: Vec<String>,
        /// The value.
        value: Fragment,
    },
    /// Removes a value, and the records around it that it alone fills.
    Unset {
        /// Keys, and in lists indexes in decimal, from the root of the graph's document.
        path: Vec<String>,
    },
    /// Puts facts of a model where a node says nothing; they are those of
    /// [`Knowledge::missing`].
    Fill {
        /// The node's name.
        node: String,
        /// What is put.
        facts: Vec<Fact>,
    },
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
    let view = View::new(analysis);
    match command {
        Command::AddNode { role, name, at } => add::node(view, *role, name.as_deref(), *at),
        Command::AddInput { name, kind, at } => {
            add::port(view, Item::Input(name.clone()), *kind, *at)
        }
        Command::AddOutput { name, kind, at } => {
            add::port(view, Item::Output(name.clone()), *kind, *at)
        }
        Command::Connect { from, to } => connect::connect(view, from, to),
        Command::ConnectThroughAdapter { from, to } => connect::connect_through(view, from, to),
        Command::InsertAdapter { edge } => connect::insert_adapter(view, edge),
        Command::InsertJoin { to } => connect::insert_join(view, to),
        Command::Remove { items, bridge } => remove::remove(view, items, *bridge),
        Command::Rename { item, to } => rename::rename(view, item, to),
        Command::Move { to } => {
            let label = match to.as_slice() {
                [(only, _)] => format!("Move {}", only.name()),
                _ => format!("Move {} items", to.len()),
            };
            place::go(view, to, label)
        }
        Command::Set { path, value } => value::set(view, path, value),
        Command::Unset { path } => value::unset(view, path),
        Command::Fill { node, facts } => fill::fill(view, node, facts),
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
