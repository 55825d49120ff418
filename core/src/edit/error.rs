use core::fmt;

use super::Item;
use crate::Analysis;
use crate::check::Code;
use crate::text::{ConflictError, LineIndex};
use crate::yaml;

/// Why a command cannot be carried out, in a sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The text is not YAML throughout, so that an edit of its tree might miss.
    Unreadable {
        /// The line of the first thing that cannot be read, from 1.
        line: usize,
    },
    /// The text holds no ModelGraph.
    NoGraph,
    /// Edits that are none of this text.
    Conflict(ConflictError),
    /// Nothing of that name is there.
    NoSuch(Item),
    /// Something of that name is there.
    Taken(Item),
    /// A name that cannot be one.
    BadName(Item),
    /// An end that no edge can have.
    BadEnd {
        /// As it was given.
        end: String,
        /// What is wrong with it.
        why: String,
    },
    /// The two ends are joined already.
    Joined {
        /// Where the edge begins.
        from: String,
        /// Where it ends.
        to: String,
    },
    /// A pasted text that cannot be used.
    Paste(String),
    /// What the tree of the text does not allow.
    Tree(yaml::EditError),
}

impl EditError {
    pub(super) fn unreadable(analysis: &Analysis) -> Self {
        let mut found = analysis.reading.diagnostics.iter();
        let first = found.find(|found| matches!(found.code, Code::SYNTAX | Code::LIMIT));
        let start = first.map_or(0, |found| found.span.start);
        let line = LineIndex::new(&analysis.text).line_of(start);
        Self::Unreadable {
            line: line.saturating_add(1),
        }
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { line } => write!(
                f,
                "the text cannot be read at line {line}: mend it there first"
            ),
            Self::NoGraph => write!(
                f,
                "the text holds no ModelGraph: begin one with `kind: ModelGraph`"
            ),
            Self::Conflict(error) => write!(f, "the text has changed meanwhile: {error}"),
            Self::NoSuch(item) => write!(f, "there is no {item}"),
            Self::Taken(item) => write!(f, "there is a {item} already: choose another name"),
            Self::BadName(Item::Node(name)) => write!(
                f,
                "`{name}` cannot name a node: use small letters, digits and `-`, from a letter to \
                 a letter or digit, at most 63; `inputs` and `outputs` are the graph's own"
            ),
            Self::BadName(Item::Edge(_)) => write!(f, "an edge's id is one line of text"),
            Self::BadName(item) => write!(
                f,
                "`{}` cannot name a port: use letters, digits, `_` and `-`, from a letter or `_`",
                item.name()
            ),
            Self::BadEnd { end, why } => write!(f, "no edge can join `{end}`: {why}"),
            Self::Joined { from, to } => {
                write!(f, "`{from}` and `{to}` are joined by an edge already")
            }
            Self::Paste(why) => write!(f, "this cannot be pasted: {why}"),
            Self::Tree(error) => write!(f, "{error}"),
        }
    }
}

impl core::error::Error for EditError {}

impl From<ConflictError> for EditError {
    fn from(error: ConflictError) -> Self {
        Self::Conflict(error)
    }
}

impl From<yaml::EditError> for EditError {
    fn from(error: yaml::EditError) -> Self {
        Self::Tree(error)
    }
}
