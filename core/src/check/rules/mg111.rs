use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::spec::{self, Document, Map, ModelGraph, SpecRef, nearest, piqc};
use crate::text::{Span, Spanned};
use crate::yaml;

rule! {
    /// What a node's `specRef` points to cannot be used: it names nothing, a document that is not there, the
    /// graph itself by some way round, a file without a digest to know it by, or a document that says other things
    /// of the node than the node does.
    ///
    /// ## Why
    /// A node that takes its contract from another document is checked by that contract. Where the document may
    /// change unseen, or says something else than what will be deployed, the check is of another graph. What stands
    /// on the node wins; that it had to is what this rule says.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer: {role: generator, specRef: {name: writer-7b}, model: {precision: fp8}}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ---
    /// apiVersion: piqc.ai/v1alpha1
    /// kind: ModelSpec
    /// metadata: {name: writer-7b}
    /// spec:
    ///   identity: {model: {id: Qwen/Qwen2.5-7B-Instruct, family: qwen, task: text-generation, framework: tgi, precision: bf16}}
    ///   runtime: {accelerator: {vendor: nvidia, type: L40S, count: 1}}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: answer}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {answer: {type: text}}
    ///   nodes:
    ///     writer: {role: generator, specRef: {name: writer-7b}, model: {precision: bf16}}
    ///   edges:
    ///     - {from: inputs.question, to: writer.prompt}
    ///     - {from: writer.text, to: outputs.answer}
    /// ---
    /// apiVersion: piqc.ai/v1alpha1
    /// kind: ModelSpec
    /// metadata: {name: writer-7b}
    /// spec:
    ///   identity: {model: {id: Qwen/Qwen2.5-7B-Instruct, family: qwen, task: text-generation, framework: tgi, precision: bf16}}
    ///   runtime: {accelerator: {vendor: nvidia, type: L40S, count: 1}}
    /// ```
    "MG111", Error, "what a node refers to cannot be used", [Own: Node(check)]
}

/// A document of the stream by its name.
enum Target<'a> {
    Graph(&'a ModelGraph),
    Model(&'a piqc::ModelSpec),
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {

    let Some(stated) = cx.graph.spec_of(ix).and_then(|node| node.spec_ref.as_ref()) else {
        return;
    };
    found.extend(digest(cx, ix, stated));
    let Some(name) = &stated.name else {
        if stated.path.is_none() {
            let node = cx.graph.name(ix);
            let message = format!("the `specRef` of `{node}` names neither a file nor a document");
            let help = "state `name` for a document of this stream, or `path` for a file beside it";
            found.push(RULE.at(stated.span, message).on_node(node).with_help(help));
        }
        return;
    };
    // What a file holds is known where the file is: here only the stream is.
    match target(cx, &name.value) {
        None if stated.path.is_some() => {}
        None => found.push(missing(cx, ix, name)),
        Some(Target::Graph(graph)) => found.extend(subgraph(cx, ix, name.span, graph)),
        Some(Target::Model(model)) => conflicts(cx, ix, model, found),
    }
}

fn name_of(document: &Document) -> Option<&str> {
    match document {
        Document::Graph(graph) => graph.name(),
        Document::ModelSpec(spec) => Some(&spec.metadata.as_ref()?.name.as_ref()?.value.0),
        Document::Lock(_) | Document::Catalogue(_) | Document::Unknown => None,
    }
}

fn target<'a>(cx: &Context<'a>, name: &str) -> Option<Target<'a>> {
    let documents = &cx.analysis.reading.documents;
    match documents.iter().find(|document| name_of(document) == Some(name))? {
        Document::Graph(graph) => Some(Target::Graph(graph)),
        Document::ModelSpec(spec) => Some(Target::Model(spec)),
        Document::Lock(_) | Document::Catalogue(_) | Document::Unknown => None,
    }
}

/// A file that may change unseen, or a digest that is none.
fn digest(cx: &Context<'_>, ix: NodeIx, stated: &Spanned<SpecRef>) -> Option<Diagnostic> {
    let node = cx.graph.name(ix);
    let form = "state `digest: sha256:` and the 64 digits of the document's SHA-256";
    let Some(digest) = &stated.digest else {
        let path = stated.path.as_ref()?;
        let message = format!("`{node}` refers to `{}` without a digest, so it may change unseen", path.value);
        return Some(RULE.at(path.span, message).on_node(node).with_help(form));
    };
    let digits = digest.value.strip_prefix("sha256:").unwrap_or("");
    if digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let message = format!("`{}` of `{node}` is not a digest", digest.value);
    Some(RULE.at(digest.span, message).on_node(node).with_help(form))
}

fn missing(cx: &Context<'_>, ix: NodeIx, name: &Spanned<spec::Text>) -> Diagnostic {
    let node = cx.graph.name(ix);
    let wanted = &name.value.0;
    let message = format!("`{node}` refers to `{wanted}`, and no document here has that name");
    let documents = cx.analysis.reading.documents.iter();
    let others = documents.filter_map(name_of).filter(|&other| cx.graph.spec.name() != Some(other));
    let mut diagnostic = RULE.at(name.span, message).on_node(node);
    if let Some(near) = nearest(wanted, others) {
        diagnostic.fixes.extend(fix::replace(cx, format!("Change to `{near}`"), name.span, near));
        return diagnostic.with_help(format!("did you mean `{near}`?"));
    }
    diagnostic.with_help("add the document to this stream behind `---`, or state the `path` of its file")
}

fn subgraph(cx: &Context<'_>, ix: NodeIx, span: Span, graph: &ModelGraph) -> Option<Diagnostic> {
    let node = cx.graph.name(ix);
    if let Some(chain) = way_back(cx, graph) {
        let message = format!("`{node}` refers to `{}`, which leads back to this graph", chain.join("` → `"));
        let help = "a graph cannot be a part of itself: take one of the references away";
        return Some(RULE.at(span, message).on_node(node).with_help(help));
    }
    let stated = cx.graph.spec_of(ix)?;
    let inner = graph.body();
    let sides = [
        ("inputs", &stated.inputs, inner.and_then(|body| body.inputs.as_ref())),
        ("outputs", &stated.outputs, inner.and_then(|body| body.outputs.as_ref())),
    ];
    sides.into_iter().find_map(|(side, own, inner)| {
        let known = |name: &str| inner.is_some_and(|ports| ports.get(name).is_some());
        let port = own.as_ref()?.iter().find(|port| !known(&port.name.value))?;
        let (name, of) = (&port.name.value, graph.name().unwrap_or(""));
        let message = format!("`{node}` states `{name}` among its {side}, the graph `{of}` has no such one");
        let names: Vec<&str> = inner.into_iter().flat_map(|ports| names(&ports.value)).collect();
        let help = match names.as_slice() {
            [] => format!("`{of}` has no {side}"),
            some => format!("`{of}` has {}", spec::list_words(some.iter().copied())),
        };
        Some(RULE.at(port.name.span, message).on_port(node, name).with_help(help))
    })
}

fn names<T>(map: &Map<spec::ByPort, T>) -> impl Iterator<Item = &str> {
    map.iter().map(|named| named.name.value.as_str())
}

/// The names from a graph of the stream to the one that is checked, where its references lead there.
fn way_back<'a>(cx: &Context<'a>, graph: &'a ModelGraph) -> Option<Vec<&'a str>> {
    let own = cx.graph.spec.name()?;
    let mut seen = vec![graph.name()?];
    let mut open = vec![vec![graph.name()?]];
    while let Some(chain) = open.pop() {
        let last = *chain.last()?;
        if last == own {
            return Some(chain);
        }
        let Some(Target::Graph(graph)) = target(cx, last) else { continue };
        for node in graph.nodes() {
            let next = node.value.spec_ref.as_ref().and_then(|stated| stated.name.as_ref());
            let Some(next) = next.map(|next| &*next.value.0) else { continue };
            if next == own || !seen.contains(&next) {
                seen.push(next);
                open.push(chain.iter().copied().chain([next]).collect());
            }
        }
    }
    None
}

/// A fact that node and document both state: its path on the node, and both sides.
struct Both<'a> {
    path: [&'static str; 2],
    own: Option<(String, Span)>,
    theirs: Option<&'a Spanned<spec::Text>>,
}

fn conflicts(cx: &Context<'_>, ix: NodeIx, document: &piqc::ModelSpec, found: &mut Vec<Diagnostic>) {
    let Some(node) = cx.graph.spec_of(ix) else { return };
    let body = document.spec.as_ref();
    let identity = body.and_then(|body| body.identity.as_ref());
    let theirs = identity.and_then(|identity| identity.model.as_ref());
    let model = node.model.as_ref();
    let text = |stated: Option<&Spanned<spec::Text>>| stated.map(|stated| (stated.value.0.clone(), stated.span));
    let id = model.and_then(|model| model.id.as_ref());
    let precision = model.and_then(|model| model.precision);
    let gpu = node.placement.as_ref().and_then(|placement| placement.gpu.as_ref());
    let runtime = body.and_then(|body| body.runtime.as_ref());
    let accelerator = runtime.and_then(|runtime| runtime.accelerator.as_ref());
    let both = [
        Both {
            path: ["model", "id"],
            own: id.map(|id| (id.value.0.clone(), id.span)),
            theirs: theirs.and_then(|model| model.id.as_ref()),
        },
        Both {
            path: ["model", "family"],
            own: text(model.and_then(|model| model.family.as_ref())),
            theirs: theirs.and_then(|model| model.family.as_ref()),
        },
        Both {
            path: ["model", "task"],
            own: text(model.and_then(|model| model.task.as_ref())),
            theirs: theirs.and_then(|model| model.task.as_ref()),
        },
        Both {
            path: ["model", "framework"],
            own: text(model.and_then(|model| model.framework.as_ref())),
            theirs: theirs.and_then(|model| model.framework.as_ref()),
        },
        Both {
            path: ["model", "precision"],
            own: precision.map(|precision| (precision.value.word().to_owned(), precision.span)),
            theirs: theirs.and_then(|model| model.precision.as_ref()),
        },
        Both {
            path: ["placement", "gpu"],
            own: gpu.map(|gpu| (gpu.value.0.clone(), gpu.span)),
            theirs: accelerator.and_then(|accelerator| accelerator.ty.as_ref()),
        },
    ];
    for Both { path, own, theirs } in both {
        let (Some((own, span)), Some(theirs)) = (own, theirs) else { continue };
        if same(path, &own, &theirs.value) {
            continue;
        }
        let (name, key) = (cx.graph.name(ix), path.join("."));
        let value = &theirs.value.0;
        let message = format!("`{name}` states `{key}: {own}`, the document that it refers to `{value}`");
        let mut diagnostic = RULE
            .at(span, message)
            .on_node(name)
            .relate(theirs.span, format!("the document states `{value}`"))
            .with_help("the node's own word counts: let both say what will run");
        let place = ["spec", "nodes", name, path[0], path[1]];
        let label = format!("State `{value}` as the document does");
        diagnostic.fixes.extend(fix::set(cx, label, &place, &yaml::Fragment::text(&**value)));
        found.push(diagnostic);
    }
}

/// Whether two words of a fact mean the same; GPUs have several names.
fn same(path: [&str; 2], own: &str, theirs: &str) -> bool {
    if path[1] != "gpu" {
        return own.eq_ignore_ascii_case(theirs);
    }
    let catalogue = crate::hardware::Catalogue::builtin();
    match (catalogue.find(own), catalogue.find(theirs)) {
        (Ok(own), Ok(theirs)) => own.name == theirs.name,
        _ => own.eq_ignore_ascii_case(theirs),
    }
}
