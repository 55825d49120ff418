use std::collections::{BTreeMap, BTreeSet};

use modelspec_core::check::Severity;
use modelspec_core::edit::Item;
use modelspec_core::graph::{Direction, Edge, Graph, NodeIx, PortIx};

use crate::ui::{Glyph, role_glyph};
use crate::workspace::Document;

/// A line of the tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// Tells it from all others.
    pub(super) key: String,
    /// From 1.
    pub(super) level: usize,
    /// Its place among its siblings, from 1, and how many there are.
    pub(super) place: (usize, usize),
    pub(super) glyph: Glyph,
    pub(super) label: String,
    pub(super) detail: String,
    /// Errors and warnings.
    pub(super) findings: (usize, usize),
    /// Whether what is within is shown; `None` where there is nothing.
    pub(super) open: Option<bool>,
    /// What selecting it selects.
    pub(super) item: Option<Item>,
    /// The ports that connecting it joins.
    pub(super) ports: Vec<PortIx>,
    /// The row that it is within.
    pub(super) parent: Option<String>,
}

/// A graph of so many nodes shows all of them open.
const SMALL: usize = 12;

struct Tree<'a> {
    document: &'a Document,
    graph: &'a Graph,
    toggled: &'a BTreeSet<String>,
    is_small: bool,
    findings: BTreeMap<&'a str, (usize, usize)>,
    rows: Vec<Row>,
}

/// The rows that are to be seen: the graph's inputs, its nodes with their ports and edges, its
/// outputs, and the edges whose ends are missing.
pub(super) fn rows(document: &Document, toggled: &BTreeSet<String>, filter: &str) -> Vec<Row> {
    let Some(graph) = &document.drawn.graph else {
        return Vec::new();
    };
    let mut findings = BTreeMap::new();
    for found in &document.analysis.diagnostics {
        let count: &mut (usize, usize) = match found.node.as_deref() {
            Some(node) => findings.entry(node).or_default(),
            None => continue,
        };
        match found.severity {
            Severity::Error => count.0 += 1,
            Severity::Warning => count.1 += 1,
            _ => {}
        }
    }
    let mut tree = Tree {
        document,
        graph,
        toggled,
        is_small: graph.model_nodes().count() <= SMALL,
        findings,
        rows: Vec::new(),
    };
    let filter = filter.trim().to_lowercase();
    let fits = |name: &str, detail: &str| {
        filter.is_empty()
            || name.to_lowercase().contains(&filter)
            || detail.to_lowercase().contains(&filter)
    };
    let ends = |node: NodeIx, direction: Direction| -> Vec<PortIx> {
        graph
            .node(node)
            .map(|node| match direction {
                Direction::Output => node.outputs.clone(),
                Direction::Input => node.inputs.clone(),
            })
            .unwrap_or_default()
    };
    for port in ends(NodeIx::INPUTS, Direction::Output) {
        tree.end(port, true, &fits);
    }
    for (ix, _) in graph.model_nodes() {
        tree.node(ix, &fits);
    }
    for port in ends(NodeIx::OUTPUTS, Direction::Input) {
        tree.end(port, false, &fits);
    }
    for edge in graph.broken.iter().filter(|edge| fits(&edge.id, "")) {
        tree.rows.push(Row {
            key: format!("edge {}", edge.id),
            level: 1,
            place: (0, 0),
            glyph: Glyph::Edge,
            label: format!("{} → {}", edge.from.text, edge.to.text),
            detail: "an end of it is missing".to_owned(),
            findings: (1, 0),
            open: None,
            item: Some(Item::Edge(edge.id.clone())),
            ports: Vec::new(),
            parent: None,
        });
    }
    let mut rows = tree.rows;
    number(&mut rows);
    rows
}

/// Counts the siblings of each row.
fn number(rows: &mut [Row]) {
    let mut counts: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for row in rows.iter_mut() {
        let count = counts.entry(row.parent.clone()).or_default();
        *count += 1;
        row.place.0 = *count;
    }
    for row in rows {
        row.place.1 = counts.get(&row.parent).copied().unwrap_or(1);
    }
}

impl Tree<'_> {
    fn is_open(&self, key: &str) -> bool {
        self.is_small != self.toggled.contains(key)
    }

    /// What a port carries, in a few words.
    fn carries(&self, port: PortIx) -> String {
        let Some(ty) = self.document.drawn.typing.of(port) else {
            return String::new();
        };
        match ty.key_figure() {
            Some(figure) => format!("{} {figure}", ty.kind.word()),
            None => ty.kind.word().to_owned(),
        }
    }

    fn end(&mut self, port: PortIx, is_input: bool, fits: &impl Fn(&str, &str) -> bool) {
        let graph = self.graph;
        let Some(found) = graph.port(port) else {
            return;
        };
        let word = if is_input { "input" } else { "output" };
        if !fits(&found.name, word) {
            return;
        }
        let key = format!("{word} {}", found.name);
        let edges: Vec<&Edge> = if is_input {
            graph.edges_at(port).collect()
        } else {
            Vec::new()
        };
        let open = (!edges.is_empty()).then(|| self.is_open(&key));
        let item = if is_input {
            Item::Input(found.name.clone())
        } else {
            Item::Output(found.name.clone())
        };
        let from = if is_input {
            String::new()
        } else {
            self.fed_by(port)
        };
        self.rows.push(Row {
            key: key.clone(),
            level: 1,
            place: (0, 0),
            glyph: if is_input {
                Glyph::Input
            } else {
                Glyph::Output
            },
            label: found.name.clone(),
            detail: format!("{word} · {}{from}", self.carries(port)),
            findings: (0, 0),
            open,
            item: Some(item),
            ports: vec![port],
            parent: None,
        });
        if open == Some(true) {
            self.edges(&edges, 2, &key);
        }
    }

    /// The ports that feed an input.
    fn fed_by(&self, port: PortIx) -> String {
        let from = self
            .graph
            .edges_at(port)
            .filter_map(|edge| Some(self.graph.port_path(edge.ports?.0)));
        let from: Vec<String> = from.collect();
        if from.is_empty() {
            " · not connected".to_owned()
        } else {
            format!(" · from {}", from.join(", "))
        }
    }

    fn node(&mut self, ix: NodeIx, fits: &impl Fn(&str, &str) -> bool) {
        let graph = self.graph;
        let Some(node) = graph.node(ix) else { return };
        let role = node.role.map_or("no role", |role| role.word());
        let model = graph
            .spec_of(ix)
            .and_then(|spec| Some(spec.model.as_ref()?.id.as_ref()?.value.0.clone()));
        let detail = match &model {
            Some(model) => format!("{role} · {model}"),
            None => role.to_owned(),
        };
        if !fits(&node.name, &detail) {
            return;
        }
        let key = format!("node {}", node.name);
        let control: Vec<&Edge> = graph
            .outgoing(ix)
            .filter(|edge| edge.ports.is_none())
            .collect();
        let is_empty = node.inputs.is_empty() && node.outputs.is_empty() && control.is_empty();
        let open = (!is_empty).then(|| self.is_open(&key));
        self.rows.push(Row {
            key: key.clone(),
            level: 1,
            place: (0, 0),
            glyph: role_glyph(node.role),
            label: node.name.clone(),
            detail,
            findings: self
                .findings
                .get(node.name.as_str())
                .copied()
                .unwrap_or_default(),
            open,
            item: Some(Item::Node(node.name.clone())),
            ports: node.outputs.iter().chain(&node.inputs).copied().collect(),
            parent: None,
        });
        if open != Some(true) {
            return;
        }
        for (ports, is_output) in [(&node.inputs, false), (&node.outputs, true)] {
            for port in ports {
                self.port(*port, is_output, &key);
            }
        }
        self.edges(&control, 2, &key);
    }

    fn port(&mut self, ix: PortIx, is_output: bool, parent: &str) {
        let graph = self.graph;
        let Some(port) = graph.port(ix) else { return };
        let side = if is_output { "gives" } else { "takes" };
        let key = format!("{parent} {side} {}", port.name);
        let edges: Vec<&Edge> = if is_output {
            graph.edges_at(ix).collect()
        } else {
            Vec::new()
        };
        let open = (!edges.is_empty()).then(|| !self.toggled.contains(&key));
        let from = if is_output {
            String::new()
        } else {
            self.fed_by(ix)
        };
        let optional = if port.required { "" } else { " · optional" };
        self.rows.push(Row {
            key: key.clone(),
            level: 2,
            place: (0, 0),
            glyph: if is_output {
                Glyph::Output
            } else {
                Glyph::Input
            },
            label: port.name.clone(),
            detail: format!("{side} {}{optional}{from}", self.carries(ix)),
            findings: (0, 0),
            open,
            item: None,
            ports: vec![ix],
            parent: Some(parent.to_owned()),
        });
        if open == Some(true) {
            self.edges(&edges, 3, &key);
        }
    }

    fn edges(&mut self, edges: &[&Edge], level: usize, parent: &str) {
        for edge in edges {
            let to = match edge.ports {
                Some((_, to)) => self.graph.port_path(to),
                None => self.graph.name(edge.target).to_owned(),
            };
            self.rows.push(Row {
                key: format!("edge {}", edge.id),
                level,
                place: (0, 0),
                glyph: Glyph::Arrow,
                label: to,
                detail: format!("{} edge", edge.role.word()),
                findings: (0, 0),
                open: None,
                item: Some(Item::Edge(edge.id.clone())),
                ports: Vec::new(),
                parent: Some(parent.to_owned()),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use modelspec_core::Analysis;

    use super::*;

    const TEXT: &str = "apiVersion: modelgraph/v1alpha1
kind: ModelGraph
metadata: {name: search}
spec:
  inputs: {question: {type: text}}
  outputs: {hits: {type: candidates}}
  nodes:
    embedder: {role: embedder, model: {id: a/b}, outputs: {vector: {dim: 768}}}
    store: {role: retriever}
  edges:
    - {from: inputs.question, to: embedder.text}
    - {from: embedder.vector, to: store.query}
    - {from: store.hits, to: outputs.hits}
";

    fn lines(toggled: &[&str], filter: &str) -> Vec<String> {
        let document = Document::empty().opened(String::new(), Rc::new(Analysis::new(TEXT)));
        let toggled = toggled.iter().map(|key| (*key).to_owned()).collect();
        rows(&document, &toggled, filter)
            .into_iter()
            .map(|row| {
                let indent = "  ".repeat(row.level - 1);
                let (at, all) = row.place;
                format!("{indent}{} ({}) {at}/{all}", row.label, row.detail)
            })
            .collect()
    }

    #[test]
    fn inputs_nodes_with_ports_and_edges_outputs() {
        assert_eq!(
            lines(&[], ""),
            [
                "question (input · text) 1/4",
                "  embedder.text (data edge) 1/1",
                "embedder (embedder · a/b) 2/4",
                "  text (takes text · from inputs.question) 1/2",
                "  vector (gives vector 768) 2/2",
                "    store.query (data edge) 1/1",
                "store (retriever) 3/4",
                "  query (takes vector 768 · from embedder.vector) 1/2",
                "  hits (gives candidates) 2/2",
                "    outputs.hits (data edge) 1/1",
                "hits (output · candidates · from store.hits) 4/4",
            ]
        );
    }

    #[test]
    fn what_is_closed_or_does_not_fit_is_left_out() {
        assert_eq!(
            lines(&["node embedder", "node store", "input question"], "er"),
            ["embedder (embedder · a/b) 1/2", "store (retriever) 2/2"]
        );
    }
}
