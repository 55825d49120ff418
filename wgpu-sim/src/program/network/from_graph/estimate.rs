//! The time of a node that states none, from the facts of its model, index and hardware.

use core::time::Duration;

use modelspec_core::graph::{Graph, NodeIx};
use modelspec_core::hardware::Catalogue;
use modelspec_core::spec::{self, Kind, Role};

use super::tokens::{Sequences, sequences};
use crate::program::{Origin, Service};
use crate::service::encoder::{self, Encoder, Products};
use crate::service::search;

/// Who reads a whole text at once.
const ENCODERS: [Role; 3] = [Role::Embedder, Role::Reranker, Role::Classifier];

/// The service of one request of a node without `service` and `latency`; none where nothing of its
/// kind is estimated.
pub(super) fn alone(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
    role: Option<Role>,
) -> Option<Result<(Service, Origin), String>> {
    if role == Some(Role::Retriever) {
        return Some(searching(graph, ix, node));
    }
    let encoding = encoding(graph, ix, node, role)?;
    Some(encoding.map(|(encoder, sequences)| {
        let time = encoder.time(sequences.count * sequences.tokens);
        let origin = Origin::Estimated(encoder.products.basis);
        (Service::Fixed(nanos(time)), origin)
    }))
}

/// The time of its batches of 1, 2, … requests.
pub(super) fn batches(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
    role: Option<Role>,
    size: u32,
) -> Option<Result<(Vec<Duration>, Origin), String>> {
    let encoding = encoding(graph, ix, node, role)?;
    Some(encoding.map(|(encoder, sequences)| {
        let each = sequences.count * sequences.tokens;
        let time = |size| nanos(encoder.time(f64::from(size) * each));
        let origin = Origin::Estimated(encoder.products.basis);
        ((1..=size).map(time).collect(), origin)
    }))
}

/// The time by which a batch of `size` requests outlasts one of `known`, in nanoseconds, from the
/// products of its model; none where their facts are not known.
pub(super) fn growth(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
    known: u32,
) -> Option<impl Fn(u32) -> f64> {
    let (model, placement) = (node.model.as_ref()?, node.placement.as_ref()?);
    let products = Products::new(model, placement, &Catalogue::builtin()).ok()?;
    let Sequences { count, tokens } = sequences(graph, ix, node).ok()?;
    let time = move |size: u32| products.time(f64::from(size) * count * tokens);
    Some(move |size| time(size) - time(known))
}

/// An encoder and what it computes for a request.
fn encoding(
    graph: &Graph,
    ix: NodeIx,
    node: &spec::Node,
    role: Option<Role>,
) -> Option<Result<(Encoder, Sequences), String>> {
    if !role.is_some_and(|role| ENCODERS.contains(&role)) {
        return None;
    }
    let (model, placement) = (node.model.as_ref()?, node.placement.as_ref()?);
    let encoder = encoder::estimate(model, placement, &Catalogue::builtin());
    Some(encoder.and_then(|encoder| Ok((encoder, sequences(graph, ix, node)?))))
}

fn searching(graph: &Graph, ix: NodeIx, node: &spec::Node) -> Result<(Service, Origin), String> {
    let lacks = |fact: &str| format!("to estimate its service time {fact} is missing");
    let documents = node.index.as_ref().and_then(|index| index.documents);
    let documents = documents.ok_or_else(|| lacks("`index.documents`"))?;
    let inputs = graph.node(ix).into_iter().flat_map(|node| &node.inputs);
    let mut queries = inputs
        .filter_map(|&port| Some(&graph.port(port)?.ty))
        .filter(|ty| ty.kind == Kind::Vector);
    let dimension = queries.find_map(modelspec_core::graph::Type::dim);
    let dimension = dimension.ok_or_else(|| lacks("the `dim` of its query"))?;
    let service = Service::Lognormal {
        mean: nanos(search::mean(documents.value.0, dimension)),
        cv: search::CV,
    };
    Ok((service, Origin::Estimated(search::BASIS)))
}

/// To the nearest nanosecond, at least one.
pub(super) fn nanos(time: f64) -> Duration {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates.
    let rounded = libm::round(time).max(1.0) as u64;
    Duration::from_nanos(rounded)
}
