use crate::check::placed::with;
use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::hardware::Catalogue;
use crate::spec::{NodeName, Pool, nearest};
use crate::text::Spanned;
use crate::yaml::Fragment;

rule! {
    /// Nodes that are to stand beside each other, or share a GPU, are placed on machines that are not the same:
    /// in different pools, or on different GPUs. Or the other node is run by somebody else, or does not exist.
    ///
    /// ## Why
    /// `coLocate` is there to save a hop over the network, and a scheduler that cannot keep it leaves the pod
    /// waiting for ever, or places it anywhere: the latency of the design is then that of another one.
    ///
    /// ## Fails
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {hits: {type: candidates}}
    ///   nodes:
    ///     embedder: {role: embedder, placement: {gpu: L4, pool: small, coLocate: [store]}}
    ///     store: {role: retriever, placement: {cpu: 4, pool: large}}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
    ///   hardware:
    ///     pools:
    ///       - {name: small, gpu: L4, count: 2}
    ///       - {name: large, gpu: L40S, count: 2}
    /// ```
    ///
    /// ## Fixed
    /// ```yaml
    /// apiVersion: modelgraph/v1alpha1
    /// kind: ModelGraph
    /// metadata: {name: search}
    /// spec:
    ///   inputs: {question: {type: text}}
    ///   outputs: {hits: {type: candidates}}
    ///   nodes:
    ///     embedder: {role: embedder, placement: {gpu: L4, pool: small, coLocate: [store]}}
    ///     store: {role: retriever, placement: {cpu: 4, pool: small}}
    ///   edges:
    ///     - {from: inputs.question, to: embedder.text}
    ///     - {from: embedder.vector, to: store.query}
    ///     - {from: store.hits, to: outputs.hits}
    ///   hardware:
    ///     pools:
    ///       - {name: small, gpu: L4, count: 2}
    ///       - {name: large, gpu: L40S, count: 2}
    /// ```
    "MG503", Warning, "co-located nodes are placed apart", [Always: Graph(check)]
}

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    for &ix in cx.beside() {
        let placement = cx.graph.spec_of(ix).and_then(|node| node.placement.as_ref());
        let Some(placement) = placement.map(|placement| &placement.value) else { continue };
        let beside = placement.co_locate.as_ref().map_or(&[][..], |names| &names.value);
        for name in beside.iter().chain(with(placement)) {
            found.extend(apart(cx, cx.catalogue(), ix, name));
        }
    }
}

/// Where a node stands, as far as it says.
struct Stand<'a> {
    pool: Option<&'a str>,
    gpu: Option<&'a str>,
}

fn stand<'a>(cx: &Context<'a>, catalogue: &'a Catalogue, ix: NodeIx) -> Stand<'a> {
    let placement = cx.graph.spec_of(ix).and_then(|node| node.placement.as_ref());
    let pool = placement.and_then(|placement| placement.pool.as_ref()).map(|pool| &*pool.value.0);
    let own = placement.and_then(|placement| placement.gpu.as_ref());
    let of_pool = || pool.and_then(|name| find(cx, name)?.gpu.as_ref());
    let gpu = own.or_else(of_pool).map(|gpu| &*gpu.value.0);
    let gpu = gpu.map(|name| catalogue.find(name).map_or(name, |gpu| &*gpu.name));
    Stand { pool, gpu }
}

fn find<'a>(cx: &Context<'a>, name: &str) -> Option<&'a Pool> {
    let pools = cx.graph.spec.body()?.hardware.as_ref()?.pools.as_ref()?;
    let named = |pool: &&Spanned<Pool>| pool.name.as_ref().is_some_and(|own| &*own.value.0 == name);
    pools.iter().find(named).map(|pool| &pool.value)
}

fn apart(
    cx: &Context<'_>,
    catalogue: &Catalogue,
    ix: NodeIx,
    name: &Spanned<NodeName>,
) -> Option<Diagnostic> {
    let graph = cx.graph;
    let (own, wanted) = (graph.name(ix), &*name.value.0);
    let at = |message: String| RULE.at(name.span, message).on_node(own);
    let Some(other) = graph.find(wanted).filter(|other| other.is_model()) else {
        let found = at(format!("`{own}` is to stand beside `{wanted}`, and there is no such node"));
        let names = graph.model_nodes().map(|(_, node)| node.name.as_str());
        let Some(near) = nearest(wanted, names) else { return Some(found) };
        let mut found = found.with_help(format!("did you mean `{near}`?"));
        found.fixes.extend(fix::replace(cx, format!("Change to `{near}`"), name.span, near));
        return Some(found);
    };
    let external = |ix: NodeIx| graph.spec_of(ix).and_then(|node| node.external).filter(|external| external.value);
    if let Some(external) = external(other) {
        let message = format!("`{own}` is to stand beside `{wanted}`, which is run by somebody else");
        return Some(at(message).relate(external.span, format!("`{wanted}` is external")));
    }
    let (here, there) = (stand(cx, catalogue, ix), stand(cx, catalogue, other));
    let differ = |one: Option<&str>, other: Option<&str>| one.zip(other).is_some_and(|(one, other)| one != other);
    let pools = differ(here.pool, there.pool);
    // Each of two that name each other would tell the same.
    let mutual = graph.spec_of(other).and_then(|node| node.placement.as_ref()).is_some_and(|placement| {
        let beside = placement.co_locate.as_ref().map_or(&[][..], |names| &names.value);
        beside.iter().chain(with(&placement.value)).any(|name| &*name.value.0 == own)
    });
    if (mutual && other < ix) || !(pools || differ(here.gpu, there.gpu)) {
        return None;
    }
    let (one, two, what) = if pools {
        (here.pool?, there.pool?, "in pool ")
    } else {
        (here.gpu?, there.gpu?, "on ")
    };
    let mut found = at(format!("`{own}` is to stand beside `{wanted}`, yet is {what}`{one}` and that {what}`{two}`"))
        .with_help("place both on the same machines, or take the wish away");
    if let Some(node) = graph.node(other) {
        found = found.relate(node.span, format!("`{wanted}` stands {what}`{two}`"));
    }
    if pools && let Some(pool) = here.pool {
        let path = ["spec", "nodes", wanted, "placement", "pool"];
        let label = format!("Place {wanted} in {pool}");
        found.fixes.extend(fix::set(cx, label, &path, &Fragment::text(pool)));
    }
    Some(found)
}
