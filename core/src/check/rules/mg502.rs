use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::spec::{Node, Positive};
use crate::text::Spanned;

rule! {
    /// A model is spread over a number of GPUs that does not divide its attention heads, or its key and value
    /// heads. More GPUs than there are of the latter are well where each head then has equally many.
    ///
    /// ## Why
    /// Tensor parallelism gives each GPU whole heads. A server refuses any other number when it starts: after the
    /// pod was scheduled, the image pulled and the weights read.
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
    ///     generator:
    ///       role: generator
    ///       model: {id: Qwen/Qwen2.5-7B-Instruct, heads: 28, kvHeads: 4}
    ///       placement: {gpu: L4, gpusPerReplica: 8}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
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
    ///     generator:
    ///       role: generator
    ///       model: {id: Qwen/Qwen2.5-7B-Instruct, heads: 28, kvHeads: 4}
    ///       placement: {gpu: L4, gpusPerReplica: 4}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    /// ```
    "MG502", Error, "GPUs of a replica do not divide the heads", [Own: Node(check)]
}

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    found.extend(heads(cx, ix));
}

fn divides(gpus: u32, heads: Option<Spanned<Positive>>) -> bool {
    heads.is_none_or(|heads| heads.value.0.checked_rem(gpus) == Some(0))
}

/// Whether each GPU gets equally many, or each head equally many GPUs.
fn spreads(gpus: u32, heads: Option<Spanned<Positive>>) -> bool {
    divides(gpus, heads)
        || heads.is_none_or(|heads| gpus > heads.value.0 && gpus.checked_rem(heads.value.0) == Some(0))
}

/// The heads of a node's model that its GPUs cannot share evenly, and what they are.
pub(super) fn uneven(node: &Node) -> Option<(Spanned<Positive>, &'static str)> {
    let count = node.placement.as_ref()?.gpus_per_replica?.value.0;
    let model = node.model.as_ref()?;
    if !divides(count, model.heads) {
        return Some((model.heads?, "attention heads"));
    }
    if !spreads(count, model.kv_heads) {
        return Some((model.kv_heads?, "key and value heads"));
    }
    None
}

fn heads(cx: &Context<'_>, ix: NodeIx) -> Option<Diagnostic> {
    let node = cx.graph.spec_of(ix)?;
    let (heads, what) = uneven(node)?;
    let gpus = node.placement.as_ref()?.gpus_per_replica?;
    let model = node.model.as_ref()?;
    let (count, all, kv) = (gpus.value.0, model.heads, model.kv_heads);
    let name = cx.graph.name(ix);
    let number = heads.value.0;
    let message = format!("`{name}` has {number} {what}, which {count} GPUs cannot share evenly");
    let mut diagnostic = RULE
        .at(gpus.span, message)
        .on_node(name)
        .relate(heads.span, format!("{number} {what}"))
        .with_help("take a number of GPUs that divides both numbers of heads");
    let fits = |gpus: &u32| divides(*gpus, all) && spreads(*gpus, kv);
    let fewer = (1..count.min(1024)).rev().find(fits);
    let more = (count.saturating_add(1)..=count.saturating_mul(2).min(1024)).find(fits);
    for other in fewer.into_iter().chain(more) {
        let label = if other == 1 { "Use 1 GPU".to_owned() } else { format!("Use {other} GPUs") };
        diagnostic.fixes.extend(fix::replace(cx, label, gpus.span, other.to_string()));
    }
    Some(diagnostic)
}
