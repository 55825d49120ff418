use crate::text::Span;

/// What became of something that a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// It cannot be imported: there is no document.
    Refused,
    /// The file leaves it open and a graph needs it: a value was taken.
    Guessed,
    /// A graph has no word for it: it is kept in annotations, or left out.
    Kept,
    /// It is in the graph.
    Understood,
}

impl Class {
    /// A small word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refused => "error",
            Self::Guessed => "guessed",
            Self::Kept => "kept",
            Self::Understood => "understood",
        }
    }
}

/// One kind of note.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its code, stable for ever: `IM-HF-POOLING`.
    pub code: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// What becomes of such things.
    pub class: Class,
}

impl Kind {
    /// Of what is in the graph.
    pub const fn understood(code: &'static str, title: &'static str) -> Self {
        Self::new(code, title, Class::Understood)
    }

    /// Of what was taken because nothing is said.
    pub const fn guessed(code: &'static str, title: &'static str) -> Self {
        Self::new(code, title, Class::Guessed)
    }

    /// Of what a graph has no word for.
    pub const fn kept(code: &'static str, title: &'static str) -> Self {
        Self::new(code, title, Class::Kept)
    }

    /// Of what cannot be imported.
    pub const fn refused(code: &'static str, title: &'static str) -> Self {
        Self::new(code, title, Class::Refused)
    }

    const fn new(code: &'static str, title: &'static str, class: Class) -> Self {
        Self { code, title, class }
    }
}

/// A place in one of the files.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The path of the file.
    pub file: String,
    /// Its bytes: of the text where it is one, else of the file.
    pub span: Span,
}

impl Place {
    /// A place in a file.
    pub fn new(file: impl Into<String>, span: Span) -> Self {
        Self {
            file: file.into(),
            span,
        }
    }
}

/// Something to tell about an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Of which kind.
    pub kind: &'static Kind,
    /// Where it stands.
    pub place: Place,
    /// The node of the graph that it is about.
    pub node: Option<String>,
    /// One sentence that stands alone.
    pub message: String,
    /// What was taken, for a guess.
    pub value: Option<String>,
    /// The way out, for what is refused.
    pub help: Option<String>,
}
