use crate::check::meeting::{finding, of_items, offer_adapter};
use crate::check::{Context, Diagnostic};
use crate::fix::Planner;
use crate::graph::{FactValue, Param};
use crate::infer::{Conflict, Side};

rule! {
    /// An output and an input disagree in what has a size: the shape, rank or layout of a tensor, the pixels
    /// of an image, the rate of sound, or a bound that the input states and the output may exceed. Where
    /// symbols such as `$D` are involved, the finding shows what forces each.
    ///
    /// ## Why
    /// A model that was exported for 224 × 224 pixels fails on the first picture of another size, and one in
    /// `NHWC` order silently misreads one in `NCHW`. The error that a server gives names neither node.
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
    ///       outputs: {out: {type: tensor, dtype: f32, shape: [3, 256, 256]}}
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
    "MG203", Error, "shape, rank or size differs", [Always: Conflict(check)]
}

fn check(cx: &Context<'_>, conflict: &Conflict, found: &mut Vec<Diagnostic>) {
    let mut planner = Planner::new(cx);
    let Some(param) = conflict.slot.param.filter(|&param| has_size(param)) else {
        return;
    };
    let message = message(cx, conflict, param);
    let Some(diagnostic) = finding(cx, &RULE, conflict, message) else {
        return;
    };
    let help = if param.is_bound() {
        "lower the output's bound, raise the input's, or cut the value with an adapter"
    } else {
        "give both one size, or convert by an adapter"
    };
    let diagnostic = diagnostic.with_help(help);
    found.push(offer_adapter(cx, &mut planner, conflict, diagnostic));
}

/// A vector's dimension and how it is stored have rules of their own.
const fn has_size(param: Param) -> bool {
    matches!(
        param,
        Param::Shape
            | Param::Layout
            | Param::Width
            | Param::Height
            | Param::Channels
            | Param::SampleRate
            | Param::MaxTokens
            | Param::MaxItems
    )
}

fn message(cx: &Context<'_>, conflict: &Conflict, param: Param) -> String {
    let from = cx.graph.port_path(conflict.from);
    let to = cx.graph.port_path(conflict.to);
    let (given, taken) = (&conflict.given, &conflict.taken);
    let items = of_items(conflict.slot);
    if let (Some(a), Some(b)) = (rank(given), rank(taken))
        && a != b
    {
        return format!(
            "`{from}` gives {items}rank {a}, {given}, `{to}` takes {items}rank {b}, {taken}"
        );
    }
    let key = param.key();
    if param.is_bound() {
        return format!(
            "`{from}` may give {items}{key} {given}, `{to}` takes {items}at most {taken}"
        );
    }
    format!("`{from}` gives {items}{key} {given}, `{to}` takes {items}{taken}")
}

fn rank(side: &Side) -> Option<usize> {
    match side {
        Side::Value(FactValue::Shape(shape), _) => Some(shape.len()),
        _ => None,
    }
}
