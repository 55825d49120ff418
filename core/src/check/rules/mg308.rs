use crate::check::{Context, Diagnostic};
use crate::graph::{Edge, NodeIx, Param, PortIx};
use crate::infer::Slot;
use crate::spec::{Kind, Tokenizer};
use crate::text::Span;

rule! {
    /// Token ids flow from one tokenizer to another.
    ///
    /// ## Why
    /// A token id means something in one vocabulary only. The other model reads other words, answers fluently
    /// and wrongly, and where the id is beyond its vocabulary it fails on that request alone. It happens between a
    /// draft and a target model, and where a tokenizer runs as a service of its own.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: draft}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     encode:
    ///       role: transformer
    ///       tokenizer: {id: meta-llama/Llama-3.1-8B}
    ///       outputs: {ids: {type: tokens}}
    ///     writer:
    ///       role: generator
    ///       tokenizer: {id: Qwen/Qwen2.5-7B-Instruct}
    ///       inputs: {prompt: {type: tokens}}
    ///   edges:
    ///     - {from: inputs.question, to: encode.in}
    ///     - {from: encode.ids, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: draft}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     encode:
    ///       role: transformer
    ///       tokenizer: {id: Qwen/Qwen2.5-7B-Instruct}
    ///       outputs: {ids: {type: tokens}}
    ///     writer:
    ///       role: generator
    ///       tokenizer: {id: Qwen/Qwen2.5-7B-Instruct}
    ///       inputs: {prompt: {type: tokens}}
    ///   edges:
    ///     - {from: inputs.question, to: encode.in}
    ///     - {from: encode.ids, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ```
    "MG308", Error, "tokens cross to another tokenizer", [Own: Edge(check)]
}

fn check(cx: &Context<'_>, edge: &Edge, found: &mut Vec<Diagnostic>) {
    found.extend(crosses(cx, edge));
}

/// Which tokenizer made, or reads, the tokens of a port.
struct Known<'a> {
    id: &'a str,
    digest: Option<&'a str>,
    span: Span,
}

fn crosses(cx: &Context<'_>, edge: &Edge) -> Option<Diagnostic> {
    let (from, to) = edge.ports?;
    let (given, taken) = (known(cx, from, edge.source)?, known(cx, to, edge.target)?);
    let same_file = given.digest.is_some() && given.digest == taken.digest;
    let other_file = given.digest.is_some() && taken.digest.is_some() && given.digest != taken.digest;
    if same_file || (given.id == taken.id && !other_file) {
        return None;
    }
    let (from_path, to_path) = (cx.graph.port_path(from), cx.graph.port_path(to));
    let message = if given.id == taken.id {
        format!("`{from_path}` gives tokens of one version of `{}`, `{to_path}` reads those of another", given.id)
    } else {
        format!("`{from_path}` gives tokens of `{}`, `{to_path}` reads tokens of `{}`", given.id, taken.id)
    };
    let port = cx.graph.port(to)?;
    let diagnostic = RULE
        .at(edge.span, message)
        .on_edge(&edge.id)
        .on_port(cx.graph.name(port.node), &port.name)
        .relate(given.span, format!("`{from_path}` has `{}` from here", given.id))
        .relate(taken.span, format!("`{to_path}` has `{}` from here", taken.id))
        .with_help("pass text and let each model cut it itself, or state a `digest` on both where they are one file");
    Some(diagnostic)
}

/// As the port's own type says, else its node's tokenizer, else what was found of the port.
fn known<'a>(cx: &Context<'a>, port: PortIx, node: NodeIx) -> Option<Known<'a>> {
    let (typing, graph) = (cx.typing, cx.graph);
    let ty = typing.of(port).filter(|ty| ty.kind == Kind::Tokens)?;
    let own = graph.spec_of(node).and_then(|node| node.tokenizer.as_ref()).map(|stated| &stated.value);
    let stated = graph.port(port)?.ty.fact(Param::Tokenizer).is_some();
    if let Some(id) = own.and_then(|own| own.id.as_ref()).filter(|_| !stated) {
        let digest = own.and_then(digest);
        return Some(Known { id: &id.value.0, digest, span: id.span });
    }
    let id = ty.word(Param::Tokenizer)?;
    let same = own.filter(|own| own.id.as_ref().is_some_and(|own| own.value.0 == id));
    let span = typing.span(graph, port, Slot::of(Param::Tokenizer))?;
    Some(Known { id, digest: same.and_then(digest), span })
}

fn digest(tokenizer: &Tokenizer) -> Option<&str> {
    tokenizer.digest.as_ref().map(|digest| &*digest.value.0)
}
