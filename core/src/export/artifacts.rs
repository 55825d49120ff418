use crate::Analysis;
use crate::order::Arrange as _;
use crate::text::Span;

/// What an export gives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// The files, by path.
    pub files: Vec<File>,
    /// What the graph says and the target cannot, in the order of the document.
    pub losses: Vec<Note>,
    /// What the target needs and the graph does not say, in the order of the document.
    pub assumptions: Vec<Note>,
}

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where, relative, with `/` between folders.
    pub path: String,
    /// What it holds.
    pub text: String,
    /// In which language.
    pub language: Language,
}

/// The language of a file: how it is coloured, and how a comment is written in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// YAML.
    Yaml,
    /// JSON, which has no comments: the target says name, version and digest within.
    Json,
    /// Python.
    Python,
    /// A shell script; its first line stays the first.
    Shell,
    /// A protocol buffer as text.
    TextProto,
    /// Markdown.
    Markdown,
    /// Text for people, which says name, version and digest within.
    Text,
}

/// One kind of loss or assumption.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its code, stable for ever: `TG-KUBERNETES-IMAGE`.
    pub code: &'static str,
    /// What it is about, in a few words.
    pub title: &'static str,
    /// Whether a loss of this kind changes safety or correctness, so that the export stops unless
    /// it is accepted.
    pub stops: bool,
}

/// A loss or an assumption.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Of which kind.
    pub kind: &'static Kind,
    /// Where in the document it comes from.
    pub span: Span,
    /// The node that it is about.
    pub node: Option<String>,
    /// One sentence that stands alone.
    pub message: String,
    /// What was taken; `None` for a loss.
    pub value: Option<String>,
}

impl Kind {
    /// A loss that is told, or an assumption.
    pub const fn told(code: &'static str, title: &'static str) -> Self {
        Self {
            code,
            title,
            stops: false,
        }
    }

    /// A loss that stops the export unless it is accepted.
    pub const fn stopping(code: &'static str, title: &'static str) -> Self {
        Self {
            code,
            title,
            stops: true,
        }
    }
}

impl Language {
    /// A small word for it, as highlighters know it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Yaml => "yaml",
            Self::Json => "json",
            Self::Python => "python",
            Self::Shell => "shell",
            Self::TextProto => "textproto",
            Self::Markdown => "markdown",
            Self::Text => "text",
        }
    }

    /// What stands before and behind a line of comment; `None` where there are no comments.
    pub const fn comment(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Yaml | Self::Python | Self::Shell | Self::TextProto => Some(("# ", "")),
            Self::Markdown => Some(("<!-- ", " -->")),
            Self::Json | Self::Text => None,
        }
    }
}

impl Artifacts {
    /// Adds a file.
    pub fn file(&mut self, path: impl Into<String>, language: Language, text: impl Into<String>) {
        self.files.push(File {
            path: path.into(),
            text: text.into(),
            language,
        });
    }

    /// Tells of a loss.
    pub fn lose(
        &mut self,
        kind: &'static Kind,
        node: Option<&str>,
        span: Span,
        message: impl Into<String>,
    ) {
        self.losses.push(Note {
            kind,
            span,
            node: node.map(str::to_owned),
            message: message.into(),
            value: None,
        });
    }

    /// Tells of an assumption and the value taken.
    pub fn assume(
        &mut self,
        kind: &'static Kind,
        node: Option<&str>,
        span: Span,
        message: impl Into<String>,
        value: impl Into<String>,
    ) {
        self.assumptions.push(Note {
            kind,
            span,
            node: node.map(str::to_owned),
            message: message.into(),
            value: Some(value.into()),
        });
    }

    /// Notes at places of the open text, where the graph was composed of several.
    pub(super) fn place(&mut self, analysis: &Analysis) {
        for note in self.losses.iter_mut().chain(&mut self.assumptions) {
            note.span = analysis.place(note.span);
        }
    }

    /// Files by path, notes by place.
    pub(super) fn sort(&mut self) {
        self.files.arrange_by(|a, b| a.path.cmp(&b.path));
        for notes in [&mut self.losses, &mut self.assumptions] {
            notes.arrange_by(|a, b| {
                let key = |note: &Note| (note.span, note.kind.code);
                key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message))
            });
            notes.dedup();
        }
    }
}
