use super::cursor::{Cursor, Slot};
use super::forms::{self, describe};
use super::ports::find;
use super::values::{aliases, figures, word_doc};
use crate::Analysis;
use crate::graph::{Direction, Graph, PortIx};
use crate::infer::Slot as Fact;
use crate::spec::form::{Form, TextUse};
use crate::spec::{Kind, Role};

/// What is to be said of the word at a byte offset, in Markdown: what a key means and takes, the
/// inferred type of a port and why it has it, the role of a node, the figures of a GPU. Findings
/// are not repeated.
pub fn hover(analysis: &Analysis, offset: usize) -> Option<String> {
    let cursor = Cursor::find(&analysis.text, offset)?;
    if cursor.span.is_empty() {
        return None;
    }
    let forms = forms::at(forms::root(&cursor), &cursor.path);
    let word = word(&analysis.text, &cursor);
    match cursor.slot {
        Slot::Key { .. } => key(analysis, &cursor, &forms, word),
        Slot::Value | Slot::Fresh => value(analysis, &cursor, &forms, word),
    }
}

/// The word at the caret without its quotes.
fn word<'t>(text: &'t str, cursor: &Cursor) -> &'t str {
    cursor.span.of(text).trim_matches(['"', '\''])
}

fn key(analysis: &Analysis, cursor: &Cursor, forms: &[Form], word: &str) -> Option<String> {
    if let Some((doc, form)) = forms::doc(forms, word) {
        let doc = doc.trim();
        let takes = form.map(|form| format!("\n\nTakes {}.", describe(&form)));
        return Some(format!("`{word}`: {doc}{}", takes.unwrap_or_default()));
    }
    let graph = analysis.graph.as_ref()?;
    let path: Vec<&str> = cursor.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["spec" | "layout", "nodes"] => node(analysis, graph, word),
        ["spec" | "layout", "inputs"] => own(analysis, graph, "inputs", word),
        ["spec" | "layout", "outputs"] => own(analysis, graph, "outputs", word),
        ["spec", "nodes", name, side @ ("inputs" | "outputs")] => {
            let side = match *side {
                "inputs" => Direction::Input,
                _ => Direction::Output,
            };
            port(
                analysis,
                graph,
                find(graph, &format!("{name}.{word}"), side)?,
            )
        }
        [.., "checks"] => {
            let rule = crate::check::rule(word)?;
            Some(format!("`{}`: {}", rule.code, rule.title))
        }
        _ => None,
    }
}

fn own(analysis: &Analysis, graph: &Graph, node: &str, name: &str) -> Option<String> {
    let side = match node {
        "inputs" => Direction::Output,
        _ => Direction::Input,
    };
    port(
        analysis,
        graph,
        find(graph, &format!("{node}.{name}"), side)?,
    )
}

fn value(analysis: &Analysis, cursor: &Cursor, forms: &[Form], word: &str) -> Option<String> {
    let text = forms.iter().find_map(|form| match form {
        Form::Text(text) => Some(*text),
        _ => None,
    });
    match text {
        Some(TextUse::Port) => {
            let graph = analysis.graph.as_ref()?;
            let side = match cursor.path.last().map(String::as_str) {
                Some("to") => Direction::Input,
                _ => Direction::Output,
            };
            match find(graph, word, side) {
                Some(found) => port(analysis, graph, found),
                None => node(analysis, graph, word),
            }
        }
        Some(TextUse::Node) => node(analysis, analysis.graph.as_ref()?, word),
        Some(TextUse::Gpu) => {
            let catalogue = analysis.gpus();
            let gpu = catalogue.find(word).ok()?;
            let more = aliases(gpu);
            let more = if more.is_empty() {
                more
            } else {
                format!("\n\n{more}")
            };
            Some(format!("`{}`: {}{more}", gpu.name, figures(gpu)))
        }
        Some(TextUse::Type) => payload(analysis, word),
        _ => word_doc(forms, word).map(|doc| format!("`{word}`: {doc}")),
    }
}

fn payload(analysis: &Analysis, word: &str) -> Option<String> {
    let mut kinds = Kind::CHOICE.variants.iter();
    if let Some(kind) = kinds.find(|variant| variant.word == word) {
        return Some(format!("`{word}`: {}", kind.doc.trim()));
    }
    let (graph, _) = analysis.reading.graph()?;
    let named = graph.body()?.types.as_ref()?.named(word)?;
    Some(format!("`{word}`: `{}`", named.span.of(&analysis.text)))
}

/// A node: its role, and what its ports carry.
fn node(analysis: &Analysis, graph: &Graph, name: &str) -> Option<String> {
    let node = graph.node(graph.find(name)?)?;
    let role = node.role.map_or("node", Role::word);
    let mut lines = vec![format!("`{name}`: {role}")];
    for (ports, mark) in [(&node.inputs, "takes"), (&node.outputs, "gives")] {
        for &ix in ports {
            let port = graph.port(ix)?;
            let ty = analysis.typing.of(ix).unwrap_or(&port.ty);
            lines.push(format!("- {mark} `{}`: `{ty}`", port.name));
        }
    }
    Some(lines.join("\n"))
}

/// A port: its type after inference, and where each inferred fact comes from.
fn port(analysis: &Analysis, graph: &Graph, ix: PortIx) -> Option<String> {
    let typing = &analysis.typing;
    let ty = typing.of(ix).unwrap_or(&graph.port(ix)?.ty);
    let mut lines = vec![format!("`{}`: `{ty}`", graph.port_path(ix))];
    let params = ty.facts.keys().map(|&param| Some(param));
    for param in core::iter::once(None).chain(params) {
        let fact = Fact { depth: 0, param };
        if typing.origin(ix, fact).is_some()
            && let Some(source) = typing.why(graph, ix, fact).last()
        {
            lines.push(format!("- {}", source.text));
        }
    }
    Some(lines.join("\n"))
}
