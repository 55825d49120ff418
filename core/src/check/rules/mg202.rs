use crate::check::meeting::{finding, of_items, offer_adapter};
use crate::check::{Context, Diagnostic};
use crate::fix::Planner;
use crate::graph::Param;
use crate::infer::Conflict;

rule! {
    /// An output stores its numbers in one type, and the input takes another: `f32` and `f16`.
    ///
    /// ## Why
    /// Most servers do not convert: Triton refuses a tensor of another type, and where raw bytes are passed
    /// on, four bytes are read as two numbers. Pixels as bytes where a model takes floats are the common
    /// case.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: images}
    /// spec:
    ///   inputs: {picture: {type: image}}
    ///   outputs: {label: {type: label}}
    ///   nodes:
    ///     resize:
    ///       role: transformer
    ///       outputs: {out: {type: tensor, dtype: u8, shape: [3, 224, 224]}}
    ///     model:
    ///       role: classifier
    ///       inputs: {in: {type: tensor, dtype: f32, shape: [3, 224, 224]}}
    ///   edges:
    ///     - {from: inputs.picture, to: resize.in}
    ///     - {from: resize.out, to: model.in}
    ///     - {from: model.label, to: outputs.label}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: images}
    /// spec:
    ///   inputs: {picture: {type: image}}
    ///   outputs: {label: {type: label}}
    ///   nodes:
    ///     resize:
    ///       role: transformer
    ///       outputs: {out: {type: tensor, dtype: f32, shape: [3, 224, 224]}}
    ///     model:
    ///       role: classifier
    ///       inputs: {in: {type: tensor, dtype: f32, shape: [3, 224, 224]}}
    ///   edges:
    ///     - {from: inputs.picture, to: resize.in}
    ///     - {from: resize.out, to: model.in}
    ///     - {from: model.label, to: outputs.label}
    /// ```
    "MG202", Error, "numbers are stored otherwise", [Always: Conflict(check)]
}

fn check(cx: &Context<'_>, conflict: &Conflict, found: &mut Vec<Diagnostic>) {
    let mut planner = Planner::new(cx);
    if conflict.slot.param != Some(Param::Dtype) {
        return;
    }
    let from = cx.graph.port_path(conflict.from);
    let to = cx.graph.port_path(conflict.to);
    let (given, taken) = (&conflict.given, &conflict.taken);
    let items = of_items(conflict.slot);
    let message = format!("`{from}` gives {items}dtype {given}, `{to}` takes {items}{taken}");
    let Some(diagnostic) = finding(cx, &RULE, conflict, message) else {
        return;
    };
    let diagnostic = diagnostic.with_help("state one `dtype` on both, or convert by an adapter");
    found.push(offer_adapter(cx, &mut planner, conflict, diagnostic));
}
