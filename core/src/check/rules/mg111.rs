use crate::check::{Context, Diagnostic, Fix};
use crate::compose::{Conflict, Fault, Problem};
use crate::fix;
use crate::lock::Digest;
use crate::spec::{list_words, nearest};
use crate::yaml::{self, Fragment};

rule! {
    /// What a node's `specRef` points to cannot be used: it names nothing, a document that is not there, the
    /// graph itself by some way round, a file without a digest to know it by or with another one, or a document
    /// that says other things of the node than the node does.
    ///
    /// A ModelSpec is merged into the node: it says what the node leaves out. Another graph is a subgraph: its
    /// inputs and outputs are the node's ports, and every rule looks through it. What is found in it is told at the
    /// reference, with the file and the place there.
    ///
    /// The digest is SHA-256 of what the document means, with all that it refers to: the one that `modelspec lock`
    /// writes of it. Comments, the order of keys, units and the layout make no difference to it.
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
    "MG111", Error, "what a node refers to cannot be used", [Always: Graph(check)]
}

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let Some(composition) = cx.analysis.composition() else { return };
    found.extend(composition.faults().iter().map(|fault| told(cx, fault)));
}

fn told(cx: &Context<'_>, fault: &Fault) -> Diagnostic {
    let node = &*fault.node;
    let at = |message: String| {
        let found = RULE.at(fault.span, message);
        if node.is_empty() { found } else { found.on_node(node) }
    };
    match &fault.problem {
        Problem::Nameless => {
            let message = format!("the `specRef` of `{node}` names neither a file nor a document");
            at(message).with_help("state `name` for a document of this stream, or `path` for a file beside it")
        }
        Problem::Unnamed(wanted, others) => {
            let message = format!("`{node}` refers to `{wanted}`, and no document here has that name");
            let found = at(message);
            let Some(near) = nearest(wanted, others.iter().map(String::as_str)) else {
                return found.with_help("add the document to this stream behind `---`, or state the `path` of its file");
            };
            let fix = fix::replace(cx, format!("Change to `{near}`"), fault.span, near);
            with(found, fix).with_help(format!("did you mean `{near}`?"))
        }
        Problem::Lost(why) => at(format!("`specRef` of `{node}` leads nowhere: {why}"))
            .with_help("a `path` is looked for from the document's folder on; in the designer, drop the file on the page"),
        Problem::Unpinned(target, real) => {
            let message = format!("`{node}` refers to `{target}` without a digest, so it may change unseen");
            let path = ["spec", "nodes", node, "specRef", "digest"];
            let label = "Pin it to what it is now";
            let fix = real.and_then(|real| fix::set(cx, label, &path, &Fragment::text(real.to_string())));
            with(at(message).with_help(FORM), fix)
        }
        Problem::NoDigest(stated, real) => {
            let message = format!("`{stated}` of `{node}` is not a digest");
            with(at(message).with_help(FORM), real.and_then(|real| pin(cx, fault, real)))
        }
        Problem::OtherDigest { target, stated, real } => {
            let message = format!("`{node}` pins `{target}` to `{stated}`, and its digest is `{real}`");
            let help = "see what has changed in it, then pin it anew";
            with(at(message).with_help(help), pin(cx, fault, *real))
        }
        Problem::Cycle(names) => {
            let message = format!("`{node}` refers to `{}`, which leads back to this graph", names.join("` → `"));
            at(message).with_help("a graph cannot be a part of itself: take one of the references away")
        }
        Problem::Deep(most) => {
            let message = format!("`{node}` refers to graphs of graphs more than {most} deep");
            at(message).with_help("bring in the innermost ones directly")
        }
        Problem::Large(most) => {
            let message = format!("with all that it refers to, the graph has more than {most}");
            at(message).with_help("divide it into graphs of their own that call one another")
        }
        Problem::Port { side, port, of, names } => {
            let message = format!("`{node}` states `{port}` among its {side}, the graph `{of}` has no such one");
            let help = match names.as_slice() {
                [] => format!("`{of}` has no {side}"),
                some => format!("`{of}` has {}", list_words(some.iter().map(String::as_str))),
            };
            at(message).on_port(node, port).with_help(help)
        }
        Problem::Conflict(conflict) => conflicting(cx, fault, conflict),
    }
}

const FORM: &str = "state `digest: sha256:` and the 64 digits that `modelspec lock` writes of the document";

fn with(mut found: Diagnostic, fix: Option<Fix>) -> Diagnostic {
    found.fixes.extend(fix);
    found
}

fn pin(cx: &Context<'_>, fault: &Fault, real: Digest) -> Option<Fix> {
    fix::replace(cx, "Pin it to what it is now", fault.span, yaml::scalar(&real.to_string()))
}

fn conflicting(cx: &Context<'_>, fault: &Fault, conflict: &Conflict) -> Diagnostic {
    let node = &*fault.node;
    let (key, own, theirs) = (conflict.path.join("."), &conflict.own, &conflict.theirs);
    let message = format!("`{node}` states `{key}: {own}`, the document that it refers to `{theirs}`");
    let found = RULE
        .at(fault.span, message)
        .on_node(node)
        .relate(conflict.theirs_span, format!("the document states `{theirs}`"))
        .with_help("the node's own word counts: let both say what will run");
    let own = ["spec", "nodes", node].into_iter();
    let place: Vec<&str> = own.chain(conflict.path.iter().map(String::as_str)).collect();
    let label = format!("State `{theirs}` as the document does");
    let value = if conflict.is_text { Fragment::text(&**theirs) } else { Fragment::raw(theirs) };
    with(found, fix::set(cx, label, &place, &value))
}
