use core::fmt;

use super::Item;
use crate::text::ConflictError;

/// Why a command cannot be carried out, in a sentence for the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The text is not YAML throughout, so that an edit of its tree might miss.
    Unreadable {
        /// The line of the first thing that cannot be read, from 1.
        line: usize,
    },
    /// Edits that are none of this text.
    Conflict(ConflictError),
    /// Nothing of that name is there.
    NoSuch(Item),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { line } => write!(
                f,
                "the text cannot be read at line {line}: mend it there first"
            ),
            Self::Conflict(error) => write!(f, "the text has changed meanwhile: {error}"),
            Self::NoSuch(item) => write!(f, "there is no {item}"),
        }
    }
}

impl core::error::Error for EditError {}

impl From<ConflictError> for EditError {
    fn from(error: ConflictError) -> Self {
        Self::Conflict(error)
    }
}
