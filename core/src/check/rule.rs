use super::{Code, Diagnostic, Severity};
use crate::graph::Graph;
use crate::infer::Typing;
use crate::text::Span;
use crate::yaml::Node;

/// One rule of the catalogue.
#[derive(Debug)]
pub struct Rule {
    /// Its code.
    pub code: Code,
    /// What it finds, in a few words.
    pub title: &'static str,
    /// How grave it is unless the document says otherwise.
    pub severity: Severity,
    /// Its page in Markdown: what, why, an example that fails and the same example fixed.
    pub page: &'static str,
    /// What looks for it; `None` for what reading itself finds.
    pub check: Option<fn(&Context<'_>, &mut Vec<Diagnostic>)>,
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The document's text.
    pub text: &'a str,
    /// The tree of the graph's document; paths for edits begin here.
    pub tree: &'a Node,
    /// The graph, indexed.
    pub graph: &'a Graph,
    /// The types of its ports.
    pub typing: &'a Typing,
}

impl Rule {
    /// A finding of this rule with its own severity.
    pub fn at(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, span, message).with_severity(self.severity)
    }

    /// The YAML of the page's `## Fails` and `## Fixed`.
    pub fn examples(&self) -> Option<(&'static str, &'static str)> {
        Some((self.example("## Fails")?, self.example("## Fixed")?))
    }

    fn example(&self, heading: &str) -> Option<&'static str> {
        let (_, section) = self.page.split_once(heading)?;
        let (_, block) = section.split_once("```yaml\n")?;
        block.split_once("```").map(|(yaml, _)| yaml)
    }
}

/// Declares the rule of a file; its doc comment is the rule's page.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])*
        $code:literal, $severity:ident, $title:literal $(, $check:path)? $(,)?
    ) => {
        /// The rule of this file.
        pub(crate) const RULE: $crate::check::Rule = $crate::check::Rule {
            code: $crate::check::Code($code),
            title: $title,
            severity: $crate::check::Severity::$severity,
            page: $crate::check::rule::page!($($doc)*),
            check: rule!(@check $($check)?),
        };
    };
    (@check $check:path) => { Some($check) };
    (@check) => { None };
}

/// Joins the lines of a doc comment, without the space that follows each `///`.
macro_rules! page {
    ($($line:literal)*) => { concat!($($line, "\n"),*) };
}
pub(crate) use page;
