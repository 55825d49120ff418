use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Class, FORM, File, Kind, LIMIT, Note, Place, READ, RENAMED, SYNTAX, file};
use crate::export::dns_label;
use crate::format;
use crate::graph::{Direction, default_ports};
use crate::spec::{self, Role, is_port_name};
use crate::text::Span;
use crate::yaml::{self, ErrorKind, Node};

/// The document under construction, and what there is to tell about it.
///
/// Keys and values are those of the format as JSON; their order and spelling are put right at the
/// end. What is said first stays: later files only add.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    metadata: Map<String, Value>,
    annotations: Map<String, Value>,
    spec: Map<String, Value>,
    inputs: Map<String, Value>,
    outputs: Map<String, Value>,
    nodes: Vec<(String, Map<String, Value>)>,
    names: BTreeMap<String, usize>,
    edges: Vec<Value>,
    notes: Vec<Note>,
    told: BTreeSet<String>,
    folders: BTreeMap<String, String>,
}

/// The most notes of one import: a hostile file must not fill the memory with them.
const MOST_NOTES: usize = 10_000;
/// The longest part of a foreign text that a sentence quotes.
const LONGEST_QUOTE: usize = 80;

impl Draft {
    /// Names the graph, unless it has a name. The name is made a label.
    pub fn name(&mut self, wanted: &str) {
        if !self.metadata.contains_key("name") {
            let name = label(wanted);
            self.metadata.insert("name".to_owned(), json!(name));
        }
    }

    /// States something of the graph's `metadata`, unless it is stated.
    pub fn metadata(&mut self, key: &str, value: Value) {
        self.metadata.entry(key).or_insert(value);
    }

    /// Keeps a value in the annotations of the graph.
    pub fn annotate(&mut self, key: &str, value: Value) {
        self.annotations.entry(key).or_insert(value);
    }

    /// The keys of `spec` beside nodes, edges, inputs and outputs.
    pub fn spec(&mut self) -> &mut Map<String, Value> {
        &mut self.spec
    }

    /// Adds a node; gives the name that it got, which is `wanted` where a node may have that name.
    /// Else `externalName` keeps it, and a note says so.
    pub fn node(&mut self, wanted: &str, place: &Place) -> String {
        let reserved = |name: &str| matches!(name, "inputs" | "outputs");
        let taken = |name: &str| reserved(name) || self.names.contains_key(name);
        let name = free(&label(wanted), 63, taken);
        let mut node = Map::new();
        if name != wanted && !wanted.is_empty() {
            node.insert("externalName".to_owned(), json!(wanted));
            let message = format!("`{}` is called `{name}` here", quote(wanted));
            self.understand(&RENAMED, place.clone(), Some(&name), message);
        }
        self.names.insert(name.clone(), self.nodes.len());
        self.nodes.push((name.clone(), node));
        name
    }

    /// Lets a node stand for a folder: what other files of the folder say is said of it.
    pub fn stands_for(&mut self, folder: &str, node: &str) {
        let folders = &mut self.folders;
        folders
            .entry(folder.to_owned())
            .or_insert_with(|| node.to_owned());
    }

    /// The node that stands for a folder.
    pub fn node_of(&self, folder: &str) -> Option<String> {
        self.folders.get(folder).cloned()
    }

    /// Whether there is a node of a name.
    pub fn has_node(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Whether other files made nodes so far.
    pub(super) fn has_nodes(&self) -> bool {
        !self.nodes.is_empty()
    }

    /// What a node says under a path; `None` where it says nothing.
    pub fn get(&self, node: &str, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        let (_, node) = self.nodes.get(*self.names.get(node)?)?;
        let node = node.get(*first)?;
        rest.iter().try_fold(node, |value, key| value.get(key))
    }

    /// States something of a node under a path, unless it is stated; whether the node now says
    /// this. It does not where there is no such node, or something else is stated.
    pub fn put(&mut self, node: &str, path: &[&str], value: impl Into<Value>) -> bool {
        let node = self.names.get(node).and_then(|&at| self.nodes.get_mut(at));
        let (Some((_, map)), Some((last, folders))) = (node, path.split_last()) else {
            return false;
        };
        let mut map = map;
        for key in folders {
            match map.entry(*key).or_insert_with(|| json!({})) {
                Value::Object(inner) => map = inner,
                _ => return false,
            }
        }
        let value = value.into();
        *map.entry(*last).or_insert_with(|| value.clone()) == value
    }

    /// States a value of a node under a path, maps key by key: what is stated stays.
    pub(super) fn merge(&mut self, node: &str, path: &[&str], value: Value) {
        match value {
            Value::Object(map) if !map.is_empty() => {
                for (key, value) in map {
                    let path: Vec<&str> = path.iter().copied().chain([key.as_str()]).collect();
                    self.merge(node, &path, value);
                }
            }
            value => {
                self.put(node, path, value);
            }
        }
    }

    /// Takes over a document as it stands, without the nodes that others describe.
    pub(super) fn adopt(&mut self, document: &Map<String, Value>, skip: impl Fn(&str) -> bool) {
        for (key, value) in object_of(document.get("metadata")) {
            match (key.as_str(), value) {
                ("annotations", Value::Object(map)) => self.annotations.extend(map.clone()),
                (key, value) => self.metadata(key, value.clone()),
            }
        }
        for (key, value) in object_of(document.get("spec")) {
            match (key.as_str(), value) {
                ("inputs", Value::Object(map)) => self.inputs.extend(map.clone()),
                ("outputs", Value::Object(map)) => self.outputs.extend(map.clone()),
                ("edges", Value::Array(list)) => self.edges.extend(list.iter().cloned()),
                ("nodes", Value::Object(nodes)) => {
                    for (name, node) in nodes.iter().filter(|(name, _)| !skip(name)) {
                        self.names.insert(name.clone(), self.nodes.len());
                        let node = node.as_object().cloned().unwrap_or_default();
                        self.nodes.push((name.clone(), node));
                    }
                }
                (key, value) => {
                    self.spec.entry(key).or_insert_with(|| value.clone());
                }
            }
        }
    }

    /// Keeps a value in the annotations of a node.
    pub fn keep(&mut self, node: &str, key: &str, value: impl Into<Value>) {
        self.put(node, &["annotations", key], value);
    }

    /// Adds an input of the graph; gives the name that it got.
    pub fn input(&mut self, wanted: &str, port: Value) -> String {
        add_port(&mut self.inputs, wanted, port)
    }

    /// Adds an output of the graph; gives the name that it got.
    pub fn output(&mut self, wanted: &str, port: Value) -> String {
        add_port(&mut self.outputs, wanted, port)
    }

    /// Adds an edge between two ends: `node.port`, `inputs.name` or `outputs.name`, or nodes alone
    /// for control.
    pub fn edge(&mut self, from: &str, to: &str) {
        self.edge_with(from, to, Map::new());
    }

    /// Adds an edge that says more than its ends.
    pub fn edge_with(&mut self, from: &str, to: &str, more: Map<String, Value>) {
        let mut edge = Map::new();
        edge.insert("from".to_owned(), json!(from));
        edge.insert("to".to_owned(), json!(to));
        for (key, value) in more {
            edge.insert(key, value);
        }
        self.edges.push(Value::Object(edge));
    }

    /// The documents of a file that holds YAML or JSON. What is wrong with its form is refused,
    /// once; then there are none.
    pub fn trees<'f>(&mut self, file: &'f File<'_>) -> &'f [Node] {
        let Some(parsed) = file.parsed() else {
            self.refuse_unread(file);
            return &[];
        };
        if parsed.errors.is_empty() {
            return &parsed.documents;
        }
        if self.told.insert(file.path().to_owned()) {
            for error in &parsed.errors {
                let kind = match error.kind {
                    ErrorKind::Limit => &LIMIT,
                    ErrorKind::Syntax | ErrorKind::DuplicateKey => &SYNTAX,
                };
                let help = error.help.clone();
                let help = help.unwrap_or_else(|| "mend it, then import again".to_owned());
                self.refuse(kind, file.at(error.span), &*error.message, help);
            }
        }
        &[]
    }

    /// The text of a file that must be one; what is too large or no text is refused, once.
    pub fn text<'f>(&mut self, file: &'f File<'_>) -> Option<&'f str> {
        let text = file.text();
        if text.is_none() {
            self.refuse_unread(file);
        }
        text
    }

    fn refuse_unread(&mut self, file: &File<'_>) {
        if !self.told.insert(file.path().to_owned()) {
            return;
        }
        let (name, place) = (file.path(), file.at(Span::at(0)));
        if file.size() > file::MOST_TEXT as u64 {
            let message = format!(
                "`{name}` has {} bytes; texts of at most {} are read",
                file.size(),
                file::MOST_TEXT
            );
            self.refuse(&LIMIT, place, message, "take a smaller one");
        } else if file.is_readable() {
            let message = format!("`{name}` is no text in UTF-8");
            self.refuse(&SYNTAX, place, message, "save it as UTF-8");
        } else {
            let message = format!("`{name}` cannot be read");
            self.refuse(&READ, place, message, "see whether it is still there");
        }
    }

    /// Tells what is in the graph now.
    pub fn understand(
        &mut self,
        kind: &'static Kind,
        place: Place,
        node: Option<&str>,
        message: impl Into<String>,
    ) {
        self.note(kind, place, node, message.into(), None, None);
    }

    /// Tells of a guess and the value taken.
    pub fn guess(
        &mut self,
        kind: &'static Kind,
        place: Place,
        node: Option<&str>,
        message: impl Into<String>,
        value: impl Into<String>,
    ) {
        self.note(kind, place, node, message.into(), Some(value.into()), None);
    }

    /// Tells of something that a graph has no word for.
    pub fn keep_aside(
        &mut self,
        kind: &'static Kind,
        place: Place,
        node: Option<&str>,
        message: impl Into<String>,
    ) {
        self.note(kind, place, node, message.into(), None, None);
    }

    /// Refuses the import, with the way out.
    pub fn refuse(
        &mut self,
        kind: &'static Kind,
        place: Place,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let help = Some(help.into());
        self.note(kind, place, None, message.into(), None, help);
    }

    /// Refuses a file with more of something than are imported at once.
    pub(super) fn refuse_more(&mut self, file: &File<'_>, most: usize, what: &str) {
        let message = format!("there are more than {most} {what}");
        let place = file.at(Span::at(0));
        self.refuse(&LIMIT, place, message, "import fewer at once");
    }

    fn note(
        &mut self,
        kind: &'static Kind,
        place: Place,
        node: Option<&str>,
        message: String,
        value: Option<String>,
        help: Option<String>,
    ) {
        // The first refusal is told whatever else there is: it decides.
        let decides = kind.class == Class::Refused && !self.is_refused();
        if self.notes.len() < MOST_NOTES || decides {
            self.notes.push(Note {
                kind,
                place,
                node: node.map(str::to_owned),
                message,
                value,
                help,
            });
        }
    }

    /// Whether anything was refused so far.
    pub fn is_refused(&self) -> bool {
        let refused = |note: &Note| note.kind.class == Class::Refused;
        self.notes.iter().any(refused)
    }

    /// Gives a graph of one node that nothing is connected to the inputs and outputs of that node.
    fn wire_lone_node(&mut self) {
        let [(name, node)] = self.nodes.as_slice() else {
            return;
        };
        if !self.edges.is_empty() || !self.inputs.is_empty() || !self.outputs.is_empty() {
            return;
        }
        let name = name.clone();
        let role = node.get("role").and_then(Value::as_str);
        let role = role.and_then(Role::from_word);
        let ports = |key: &str, side: Direction| -> Vec<(String, Value)> {
            if let Some(Value::Object(stated)) = node.get(key) {
                let ports = stated
                    .iter()
                    .map(|(name, port)| (name.clone(), port.clone()));
                return ports.collect();
            }
            let brought = role
                .map_or(&[][..], |role| default_ports(role, side))
                .iter();
            brought
                .filter(|port| port.required)
                .map(|port| (port.name.to_owned(), json!({"type": port.kind.word()})))
                .collect()
        };
        let (takes, gives) = (
            ports("inputs", Direction::Input),
            ports("outputs", Direction::Output),
        );
        for (port, ty) in takes {
            let input = self.input(&port, without_foreign_name(ty));
            self.edge(&format!("inputs.{input}"), &format!("{name}.{port}"));
        }
        for (port, ty) in gives {
            let output = self.output(&port, without_foreign_name(ty));
            self.edge(&format!("{name}.{port}"), &format!("outputs.{output}"));
        }
    }

    fn document(&mut self) -> Value {
        self.wire_lone_node();
        self.name("imported");
        let mut metadata = core::mem::take(&mut self.metadata);
        if !self.annotations.is_empty() {
            let annotations = core::mem::take(&mut self.annotations);
            metadata.insert("annotations".to_owned(), Value::Object(annotations));
        }
        let mut spec = core::mem::take(&mut self.spec);
        let mut nodes = Map::new();
        for (name, node) in core::mem::take(&mut self.nodes) {
            nodes.insert(name, Value::Object(node));
        }
        let edges = core::mem::take(&mut self.edges);
        let sides = [
            ("inputs", core::mem::take(&mut self.inputs)),
            ("outputs", core::mem::take(&mut self.outputs)),
            ("nodes", nodes),
        ];
        for (key, map) in sides {
            if !map.is_empty() {
                spec.insert(key.to_owned(), Value::Object(map));
            }
        }
        if !edges.is_empty() {
            spec.insert("edges".to_owned(), Value::Array(edges));
        }
        json!({
            "apiVersion": spec::API_VERSION,
            "kind": spec::KIND,
            "metadata": metadata,
            "spec": spec,
        })
    }

    /// The document in canonical form, and the notes; empty where something is refused.
    pub(super) fn finish(mut self) -> (String, Vec<Note>) {
        if self.is_refused() {
            return (String::new(), self.notes);
        }
        let text = yaml::document(&self.document());
        let found = match format::format(&text) {
            Ok(text) => return (text, self.notes),
            Err(found) => found,
        };
        for found in found {
            let message = format!("what the files say makes no graph: {}", found.message);
            let help = "change the value there, then import again";
            self.refuse(&FORM, Place::new("", Span::at(0)), message, help);
        }
        (String::new(), self.notes)
    }
}

fn object_of(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn without_foreign_name(mut port: Value) -> Value {
    if let Value::Object(port) = &mut port {
        port.shift_remove("externalName");
    }
    port
}

/// Adds a port under a name that it may have and that is free.
fn add_port(ports: &mut Map<String, Value>, wanted: &str, mut port: Value) -> String {
    let name = free(&port_label(wanted), 63, |name| ports.contains_key(name));
    if let Value::Object(port) = &mut port
        && name != wanted
    {
        port.insert("externalName".to_owned(), json!(wanted));
    }
    ports.insert(name.clone(), port);
    name
}

/// `wanted`, or with a number from 2 on behind it that is free, cut to so many bytes.
pub(super) fn free(wanted: &str, longest: usize, taken: impl Fn(&str) -> bool) -> String {
    let numbered = |number: u32| {
        let suffix = format!("-{number}");
        let room = longest.saturating_sub(suffix.len()).min(wanted.len());
        let stem = wanted.get(..room).unwrap_or(wanted);
        format!("{}{suffix}", stem.trim_end_matches('-'))
    };
    if !taken(wanted) {
        return wanted.to_owned();
    }
    // Thousands may want one name: the numbers are not tried one by one. `low` is taken, `high`
    // is free.
    let (mut low, mut high) = (1_u32, 2_u32);
    while taken(&numbered(high)) {
        low = high;
        high = high.saturating_mul(2);
    }
    while high.abs_diff(low) > 1 {
        let middle = low.midpoint(high);
        if taken(&numbered(middle)) {
            low = middle;
        } else {
            high = middle;
        }
    }
    numbered(high)
}

/// A foreign text as a sentence quotes it: on one line, and short.
pub(super) fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().take(LONGEST_QUOTE).collect();
    quoted = quoted.replace(|c: char| c.is_control(), " ");
    if quoted.len() < text.len() {
        quoted.push('…');
    }
    quoted
}

/// A text as an RFC 1035 label of at most 63 bytes.
fn label(text: &str) -> String {
    let label = dns_label(text);
    let short = label.get(..63).unwrap_or(&label);
    short.trim_end_matches('-').to_owned()
}

/// A text as the name of a port.
pub(super) fn port_label(text: &str) -> String {
    if is_port_name(text) {
        return text.to_owned();
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let mut name: String = text
        .chars()
        .map(|c| if allowed(c) { c } else { '_' })
        .take(63)
        .collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        name.insert(0, '_');
    }
    name
}
