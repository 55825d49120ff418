use super::derived::Derived;
use super::{Code, Diagnostic, Part, Severity};
use crate::Analysis;
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
    /// Its page as the doc comment has it, each line behind a space; [`Rule::markdown`] is for
    /// reading.
    pub page: &'static str,
    /// What is asked to find it; nothing for what reading itself finds.
    pub parts: &'static [Part],
}

/// What a rule looks at.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// All that is known of the text but the findings of rules; commands are planned with it.
    pub analysis: &'a Analysis,
    /// The document's text.
    pub text: &'a str,
    /// The tree of the graph's document; paths for edits begin here.
    pub tree: &'a Node,
    /// The graph, indexed.
    pub graph: &'a Graph,
    /// The types of its ports.
    pub typing: &'a Typing,
    /// What rules derive from the graph.
    pub(crate) derived: &'a Derived,
    /// Whether the text was read without a slip of syntax, so that an edit of the tree means what
    /// it says.
    pub editable: bool,
}

impl Rule {
    /// A finding of this rule with its own severity.
    pub fn at(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.code, span, message).with_severity(self.severity)
    }

    /// The page in Markdown: what, `## Why`, an example under `## Fails`, and the same example
    /// under `## Fixed`.
    pub fn markdown(&self) -> String {
        let lines = self.page.lines();
        let mut page = String::with_capacity(self.page.len());
        for line in lines {
            page.push_str(line.strip_prefix(' ').unwrap_or(line));
            page.push('\n');
        }
        page
    }

    /// The first paragraph of the page, in one line.
    pub fn summary(&self) -> String {
        let lines = self.page.lines().map(str::trim);
        let paragraph = lines.take_while(|line| !line.is_empty());
        paragraph.collect::<Vec<_>>().join(" ")
    }

    /// The YAML of the page's `## Fails` and `## Fixed`.
    pub fn examples(&self) -> Option<(String, String)> {
        let page = self.markdown();
        let example = |heading: &str| {
            let (_, section) = page.split_once(heading)?;
            let (_, block) = section.split_once("```yaml\n")?;
            block.split_once("```").map(|(yaml, _)| yaml.to_owned())
        };
        Some((example("## Fails\n")?, example("## Fixed\n")?))
    }
}

/// Declares the rule of a file; its doc comment is the rule's page. What it asks stands behind its
/// title, each question with how far it looks: `[Own: Node(check)]`.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])*
        $code:literal, $severity:ident, $title:literal
        $(, [$($scope:ident: $ask:ident($check:path)),* $(,)?])? $(,)?
    ) => {
        /// The rule of this file.
        pub(crate) const RULE: $crate::check::Rule = $crate::check::Rule {
            code: $crate::check::Code($code),
            title: $title,
            severity: $crate::check::Severity::$severity,
            page: $crate::check::rule::page!($($doc)*),
            parts: &[$($($crate::check::Part {
                scope: $crate::check::Scope::$scope,
                ask: $crate::check::Ask::$ask($check),
            }),*)?],
        };
    };
}

/// Joins the lines of a doc comment.
macro_rules! page {
    ($($line:literal)*) => { concat!($($line, "\n"),*) };
}
pub(crate) use page;
