/// How a notice looks and sounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Only spoken to those who listen.
    Quiet,
    /// Shown for a moment.
    Plain,
    /// Shown until it is put away.
    Error,
}

/// Something said to the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// How.
    pub(crate) tone: Tone,
    /// The sentence.
    pub(crate) text: String,
}

impl Notice {
    /// What went wrong, and the way out.
    pub(crate) fn error(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Error,
            text: text.into(),
        }
    }

    /// What was done.
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Plain,
            text: text.into(),
        }
    }

    /// What is seen anyway, for those who listen.
    pub(crate) fn quiet(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Quiet,
            text: text.into(),
        }
    }
}
