//! Documents that refer to others.

mod contracts;
mod digests;
mod random;
mod subgraphs;

use core::fmt::Write as _;

use super::*;
use crate::check::Severity;

const NOTHING: [&str; 0] = [];

const HEAD: &str = "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {name: ";

/// `from > to | more`, one a line, as edges.
fn edges(lines: &str) -> String {
    let mut text = String::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (ends, more) = line.split_once(" | ").unwrap_or((line, ""));
        let (from, to) = ends.split_once(" > ").unwrap();
        let more = if more.is_empty() {
            String::new()
        } else {
            format!(", {more}")
        };
        writeln!(text, "    - {{from: {from}, to: {to}{more}}}").unwrap();
    }
    text
}

fn lines(text: &str, indent: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.flat_map(|line| [indent, line, "\n"]).collect()
}

/// A graph to be referred to, as a document of a stream or a file.
fn inner(name: &str, ports: &str, nodes: &str, joined: &str) -> String {
    format!(
        "{HEAD}{name}}}\nspec:\n{}  nodes:\n{}  edges:\n{}",
        lines(ports, "  "),
        lines(nodes, "    "),
        edges(joined)
    )
}

/// The open document: a question, an answer, and what is between.
#[derive(Clone)]
struct Open {
    outputs: String,
    more: String,
    nodes: String,
    edges: String,
}

impl Open {
    fn new(nodes: &str, edges: &str) -> Self {
        Self {
            outputs: "answer: {type: text}".to_owned(),
            more: String::new(),
            nodes: nodes.to_owned(),
            edges: edges.to_owned(),
        }
    }

    fn outputs(mut self, outputs: &str) -> Self {
        self.outputs = outputs.to_owned();
        self
    }

    fn answering(self, kind: &str) -> Self {
        self.outputs(&format!("answer: {{type: {kind}}}"))
    }

    fn more(mut self, more: &str) -> Self {
        self.more = more.to_owned();
        self
    }

    fn edges(&self, edges: &str) -> Self {
        Self {
            edges: edges.to_owned(),
            ..self.clone()
        }
    }

    fn without(mut self, node: &str) -> Self {
        let begins = format!("{node}:");
        let nodes = self
            .nodes
            .lines()
            .filter(|line| !line.trim().starts_with(&begins));
        self.nodes = nodes.collect::<Vec<_>>().join("\n");
        self
    }

    fn text(&self) -> String {
        let ports = format!(
            "inputs: {{question: {{type: text}}}}\noutputs: {{{}}}\n{}",
            self.outputs, self.more
        );
        inner("open", &ports, &self.nodes, &self.edges)
    }

    /// With documents behind it in its stream.
    fn beside(&self, more: &str) -> Analysis {
        let mut text = self.text();
        for document in more.split("apiVersion: modelgraph").skip(1) {
            write!(text, "---\napiVersion: modelgraph{document}").unwrap();
        }
        Analysis::new(text)
    }

    /// With files beside it.
    fn with(&self, files: &[(&str, &str)]) -> Analysis {
        let mut bundle = Bundle::new();
        for (path, text) in files {
            bundle.add(*path, text);
        }
        Analysis::with(self.text(), &bundle)
    }
}

/// The codes of at least warnings, with where they are; but not that files have no digest.
fn told(analysis: &Analysis) -> Vec<String> {
    let grave = analysis.diagnostics.iter();
    let grave = grave.filter(|found| found.severity >= Severity::Warning);
    let grave = grave.filter(|found| !found.message.contains("without a digest"));
    let told = grave.map(|found| {
        let port = found.port.as_ref();
        let port = port.map_or_else(String::new, |port| format!(".{port}"));
        let node = found.node.as_deref().unwrap_or("-");
        format!("{} {node}{port}", found.code)
    });
    told.collect()
}

const OUTER: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: outer}
spec:
  nodes:
    a: {role: custom, specRef: {path: parts/inner.yaml}}
    b: {role: custom, specRef: {name: beside}}
---
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: beside}
spec: {nodes: {}}
";

const INNER: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: inner}
spec:
  nodes:
    c: {role: custom, specRef: {path: ../deep.yaml, name: second}}
";

const DEEP: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: first}
spec: {nodes: {}}
---
apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: second}
spec: {nodes: {}}
";

#[test]
fn paths_are_relative_to_the_file_that_states_them() {
    for (folder, path, wanted) in [
        ("", "a.yaml", Some("a.yaml")),
        ("x/y", "./../a.yaml", Some("x/a.yaml")),
        ("x", "../../a.yaml", Some("../a.yaml")),
        ("x", "..", None),
        ("", "/etc/passwd", None),
        ("", "https://host/a.yaml", None),
        ("", "a\\b.yaml", None),
        ("", "", None),
    ] {
        assert_eq!(normal(folder, path).as_deref(), wanted, "{folder} {path}");
    }
}

#[test]
fn a_bundle_is_complete_when_nothing_is_wanted() {
    let outer = Analysis::new(OUTER);
    let mut bundle = Bundle::new();
    assert_eq!(bundle.wanted(&outer.reading), ["parts/inner.yaml"]);
    bundle.add("parts/inner.yaml", INNER);
    assert_eq!(bundle.wanted(&outer.reading), ["deep.yaml"]);
    bundle.add("deep.yaml", DEEP);
    assert_eq!(bundle.wanted(&outer.reading), [""; 0]);
    let specs = specs(&outer, &bundle);
    let keys: Vec<&str> = specs.keys().map(String::as_str).collect();
    assert_eq!(keys, ["beside", "deep.yaml#second", "parts/inner.yaml"]);
}

#[test]
fn a_reference_that_leads_nowhere_says_why() {
    let outer = Analysis::new(OUTER);
    let mut bundle = Bundle::new();
    let refer = |text: &str| {
        let text = OUTER.replace("{path: parts/inner.yaml}", text);
        let analysis = Analysis::new(text);
        bundle::references(&analysis.reading)
            .next()
            .unwrap()
            .clone()
    };
    bundle.refuse("gone.yaml", "no such file");
    bundle.add("words.yaml", "a: b");
    bundle.add("deep.yaml", DEEP);
    for (reference, why) in [
        ("{}", "neither `path` nor `name` is stated"),
        (
            "{name: nobody}",
            "no document of its stream is named `nobody`",
        ),
        (
            "{path: /a.yaml}",
            "`/a.yaml` is not a path relative to the document, with `/` between",
        ),
        (
            "{path: other.yaml}",
            "there is no file `other.yaml` beside the document",
        ),
        (
            "{path: gone.yaml}",
            "`gone.yaml` cannot be read: no such file",
        ),
        (
            "{path: deep.yaml, name: third}",
            "`deep.yaml` holds no document named `third`",
        ),
    ] {
        let found = bundle.find(&outer.reading, "", &refer(reference));
        assert_eq!(found.err().as_deref(), Some(why), "{reference}");
    }
    let named = refer("{path: ./deep.yaml, name: second}");
    let found = bundle.find(&outer.reading, "", &named).unwrap();
    assert_eq!(found.key, "deep.yaml#second");
}
