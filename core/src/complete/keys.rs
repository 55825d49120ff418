use core::fmt::Write as _;
use std::collections::BTreeSet;

use super::cursor::Slot;
use super::forms::{describe, fields};
use super::{Completion, CompletionKind, List};
use crate::check::RULES;
use crate::graph::{Direction, Graph, default_ports};
use crate::order::{Arrange as _, Gather as _};
use crate::spec::Role;
use crate::spec::form::{Choice, Form, KeyUse};

impl List<'_> {
    /// The keys that the forms at the caret have and the mapping does not state yet.
    pub(super) fn keys(&self, forms: &[Form], found: &mut Vec<Completion>) {
        for form in forms {
            match form {
                Form::Record(record) => {
                    let mut open: Vec<_> = fields(self.analysis, self.cursor, record)
                        .into_iter()
                        .filter(|field| !self.is_stated(field.key))
                        .collect();
                    open.arrange_by_key(|field| !field.required);
                    for field in open {
                        let form = (field.form)();
                        let mut detail = describe(&form);
                        if field.required {
                            detail.push_str(" (required)");
                        }
                        found.push(self.key(field.key, &form, detail, field.doc));
                    }
                }
                Form::Choice(choice) => self.variants(choice, found),
                Form::Map { key, value } => self.names(*key, &value(), found),
                _ => {}
            }
        }
    }

    /// Whether the mapping states a key, the one at the caret aside.
    fn is_stated(&self, key: &str) -> bool {
        let others = self.cursor.siblings.iter();
        let mut others = others.filter(|entry| entry.span != self.cursor.span);
        others.any(|entry| entry.key == key)
    }

    fn is_alone(&self) -> bool {
        let mut others = self.cursor.siblings.iter();
        others.all(|entry| entry.span == self.cursor.span)
    }

    fn variants(&self, choice: &'static Choice, found: &mut Vec<Completion>) {
        if !self.is_alone() {
            return;
        }
        for variant in choice.variants {
            if let Some(form) = variant.form {
                let form = form();
                found.push(self.key(variant.word, &form, describe(&form), variant.doc));
            }
        }
    }

    /// Keys that the author chooses, where the document has them already.
    fn names(&self, key: KeyUse, value: &Form, found: &mut Vec<Completion>) {
        let path: Vec<&str> = self.cursor.path.iter().map(String::as_str).collect();
        let mut names: Vec<(String, String)> = match (key, path.as_slice()) {
            (KeyUse::Rule, _) => {
                let rules = RULES.iter();
                rules
                    .map(|rule| (rule.code.0.to_owned(), rule.title.to_owned()))
                    .collect()
            }
            (KeyUse::Node, ["spec", "nodes"]) => self.missing_nodes(),
            (KeyUse::Node, _) => self.node_names(),
            (KeyUse::Port, ["spec", "nodes", node, side]) => {
                let side = match *side {
                    "inputs" => Direction::Input,
                    _ => Direction::Output,
                };
                self.role_of(node).map_or_else(Vec::new, |role| {
                    let ports = default_ports(role, side).iter();
                    let detail = |kind: &str| format!("{kind}, by its role");
                    ports
                        .map(|port| (port.name.to_owned(), detail(port.kind.word())))
                        .collect()
                })
            }
            (KeyUse::Port, ["spec", "workload", "tokens"] | ["layout", "inputs"]) => {
                self.own_ports(Direction::Output)
            }
            (KeyUse::Port, ["layout", "outputs"]) => self.own_ports(Direction::Input),
            _ => Vec::new(),
        };
        names.retain(|(name, _)| !self.is_stated(name));
        for (name, detail) in names {
            let mut completion = self.key(&name, value, detail, "");
            completion.kind = match key {
                KeyUse::Node => CompletionKind::Node,
                KeyUse::Rule => CompletionKind::Rule,
                _ => CompletionKind::Port,
            };
            found.push(completion);
        }
    }

    fn role_of(&self, node: &str) -> Option<Role> {
        let (graph, _) = self.analysis.reading.graph()?;
        graph.node(node)?.role.map(|role| role.value)
    }

    /// The nodes, each with its role.
    pub(super) fn node_names(&self) -> Vec<(String, String)> {
        let graph = self.analysis.graph.iter();
        let nodes = graph.flat_map(Graph::model_nodes);
        let named = nodes.map(|(_, node)| {
            let role = node.role.map_or("", Role::word);
            (node.name.clone(), role.to_owned())
        });
        named.collect()
    }

    /// Nodes that edges name and that are not there.
    fn missing_nodes(&self) -> Vec<(String, String)> {
        let graph = self.analysis.graph.iter();
        let ends = graph
            .flat_map(|graph| &graph.broken)
            .flat_map(|edge| [&edge.from, &edge.to]);
        let missing: BTreeSet<&str> = ends
            .filter(|end| end.node.is_none())
            .filter_map(|end| end.text.split('.').next())
            .filter(|name| {
                crate::spec::is_node_name(name) && !matches!(*name, "inputs" | "outputs")
            })
            .gather();
        let named = missing.into_iter();
        named
            .map(|name| (name.to_owned(), "named by an edge".to_owned()))
            .collect()
    }

    /// The graph's own inputs (which give) or outputs (which take).
    fn own_ports(&self, side: Direction) -> Vec<(String, String)> {
        let Some((graph, _)) = self.analysis.reading.graph() else {
            return Vec::new();
        };
        let name = |port: &crate::spec::Named<crate::spec::Port>| port.name.value.clone();
        let names: Vec<String> = match side {
            Direction::Output => graph.inputs().map(name).collect(),
            Direction::Input => graph.outputs().map(name).collect(),
        };
        names
            .into_iter()
            .map(|name| (name, String::new()))
            .collect()
    }

    /// A key, with what must stand behind it.
    fn key(&self, key: &str, form: &Form, detail: String, info: &str) -> Completion {
        let written = crate::yaml::scalar(key);
        let mut apply = written.into_owned();
        let mut caret = apply.len();
        if self.cursor.slot != (Slot::Key { colon: true }) {
            let (begin, end) = self.behind(form);
            let _ = write!(apply, ":{begin}");
            caret = apply.len();
            apply.push_str(end);
        }
        Completion {
            label: key.to_owned(),
            detail,
            apply,
            caret,
            span: self.cursor.span,
            kind: CompletionKind::Key,
            info: info.trim().to_owned(),
        }
    }

    /// What is written behind a key's colon: up to the caret, and from there.
    fn behind(&self, form: &Form) -> (String, &'static str) {
        if self.cursor.in_flow {
            return in_brackets(form);
        }
        let newline = self.newline();
        let indent = " ".repeat(self.cursor.column.saturating_add(2));
        match form {
            Form::Record(_) | Form::Map { .. } => (format!("{newline}{indent}"), ""),
            Form::List(_) => (format!("{newline}{indent}- "), ""),
            _ => (" ".to_owned(), ""),
        }
    }

    /// A choice that takes a value, to stand behind a key.
    pub(super) fn chosen(&self, word: &'static str, form: &Form, info: &'static str) -> Completion {
        let (begin, end) = in_brackets(form);
        let written = format!("{{{word}:{begin}{end}}}");
        let mut made = self.written(CompletionKind::Word, word, &written, describe(form), info);
        made.caret = made.caret.saturating_sub(end.len()).saturating_sub(1);
        made
    }
}

/// What is written behind a key's colon in brackets: up to the caret, and from there.
fn in_brackets(form: &Form) -> (String, &'static str) {
    match form {
        Form::Record(_) | Form::Map { .. } => (" {".to_owned(), "}"),
        Form::List(_) => (" [".to_owned(), "]"),
        _ => (" ".to_owned(), ""),
    }
}
