use core::fmt;

use crate::text::{Span, TextEdit};

/// The code of a rule, stable for ever: `MG301`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub &'static str);

impl Code {
    /// The text is not YAML.
    pub const SYNTAX: Self = Self("MG001");
    /// A key that the format does not have.
    pub const UNKNOWN_KEY: Self = Self("MG002");
    /// A value of the wrong type.
    pub const WRONG_TYPE: Self = Self("MG003");
    /// A key that must be there.
    pub const MISSING_KEY: Self = Self("MG004");
    /// A value or unit that cannot be.
    pub const BAD_VALUE: Self = Self("MG005");
    /// A key stated twice.
    pub const DUPLICATE_KEY: Self = Self("MG006");
    /// A limit of size or depth.
    pub const LIMIT: Self = Self("MG007");
    /// A name that is reserved or malformed.
    pub const BAD_NAME: Self = Self("MG008");
    /// A version or kind that is not ours.
    pub const UNKNOWN_KIND: Self = Self("MG009");
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

words! {
    /// How grave a finding is.
    pub enum Severity {
        /// Not said at all.
        "off" Off,
        /// Good to know.
        "info" Info,
        /// Likely a mistake.
        "warning" Warning,
        /// Must be mended.
        "error" Error,
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule.
    pub code: Code,
    /// How grave it is, after the document's own settings.
    pub severity: Severity,
    /// One sentence that names the values and stands alone.
    pub message: String,
    /// Where it is.
    pub span: Span,
    /// The node it is about.
    pub node: Option<String>,
    /// The port it is about, without its node.
    pub port: Option<String>,
    /// The edge it is about: its id.
    pub edge: Option<String>,
    /// Other places, in their own words.
    pub related: Vec<Related>,
    /// What the sentence adds up, one summand a row, behind them the sum and the limit.
    pub table: Vec<Row>,
    /// The way out.
    pub help: Option<String>,
    /// Changes that mend it.
    pub fixes: Vec<Fix>,
}

/// Another place of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub span: Span,
    /// What it has to do with the finding.
    pub message: String,
}

/// One row of what a finding adds up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What it is of.
    pub what: String,
    /// How much, with its unit.
    pub amount: String,
}

/// A change that mends a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in the imperative.
    pub label: String,
    /// Whether it may be applied without a look.
    pub applicability: Applicability,
    /// Whether it is the one to apply in bulk.
    pub preferred: bool,
    /// The change.
    pub edits: Vec<TextEdit>,
}

/// Whether a fix may be applied without a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// It says what was meant.
    Safe,
    /// It may change the meaning.
    Unsafe,
}

impl Applicability {
    /// `safe` or `unsafe`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

impl Fix {
    /// A fix that may be applied without a look, and in bulk.
    pub fn safe(label: impl Into<String>, edits: Vec<TextEdit>) -> Self {
        Self {
            label: label.into(),
            applicability: Applicability::Safe,
            preferred: true,
            edits,
        }
    }

    /// A fix that a person should choose.
    pub fn choice(label: impl Into<String>, edits: Vec<TextEdit>) -> Self {
        Self {
            label: label.into(),
            applicability: Applicability::Unsafe,
            preferred: false,
            edits,
        }
    }
}

impl Diagnostic {
    /// An error at a place.
    pub fn new(code: Code, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span,
            node: None,
            port: None,
            edge: None,
            related: Vec::new(),
            table: Vec::new(),
            help: None,
            fixes: Vec::new(),
        }
    }

    /// With another severity.
    pub fn with_severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// About a node.
    pub fn on_node(mut self, node: impl Into<String>) -> Self {
        self.node = Some(node.into());
        self
    }

    /// About a port of a node.
    pub fn on_port(mut self, node: impl Into<String>, port: impl Into<String>) -> Self {
        self.node = Some(node.into());
        self.port = Some(port.into());
        self
    }

    /// About an edge.
    pub fn on_edge(mut self, edge: impl Into<String>) -> Self {
        self.edge = Some(edge.into());
        self
    }

    /// With another place.
    pub fn relate(mut self, span: Span, message: impl Into<String>) -> Self {
        self.related.push(Related {
            span,
            message: message.into(),
        });
        self
    }

    /// With a row of what it adds up.
    pub fn row(mut self, what: impl Into<String>, amount: impl Into<String>) -> Self {
        self.table.push(Row {
            what: what.into(),
            amount: amount.into(),
        });
        self
    }

    /// With a way out.
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// With a change that mends it.
    pub fn with_fix(mut self, fix: Fix) -> Self {
        self.fixes.push(fix);
        self
    }
}
