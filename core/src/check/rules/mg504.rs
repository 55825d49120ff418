use crate::check::{Context, Diagnostic, Severity};
use crate::fix;
use crate::graph::NodeIx;
use crate::hardware::{Catalogue, LookupError, slice};
use crate::spec::{GpuName, Node, Placement, Pool, PoolName, nearest};
use crate::text::{Span, Spanned};

rule! {
    /// Nodes need more GPUs than their pool has, or a GPU that it does not have. Counted are the fewest replicas
    /// (where their most are too many it is a warning), GPUs that several nodes share once, and static parts as
    /// parts. A node without a pool takes its GPUs from any pool that has them; where no pool has its GPU, nothing is
    /// known. A GPU that the catalogue does not have is a warning: nothing can be said of its memory or speed.
    ///
    /// ## Why
    /// The last pods stay pending, which of them is chance, and a graph with one node missing answers nobody.
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
    ///     generator: {role: generator, placement: {gpu: L40S, gpusPerReplica: 2, replicas: 3, pool: west}}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    ///   hardware:
    ///     pools: [{name: west, gpu: L40S, count: 4}]
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
    ///     generator: {role: generator, placement: {gpu: L40S, gpusPerReplica: 2, replicas: 2, pool: west}}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    ///   hardware:
    ///     pools: [{name: west, gpu: L40S, count: 4}]
    /// ```
    "MG504", Error, "more GPUs than there are, or an unknown one", [Own: Node(placed), Always: Graph(check)]
}

/// A GPU in millionths, so that parts of one can be added.
const WHOLE: u64 = 1_000_000;

/// What one node asks of a pool.
struct Demand<'a> {
    node: NodeIx,
    placement: &'a Placement,
    gpu: &'a Spanned<GpuName>,
    kind: &'a str,
    least: u64,
    most: u64,
}

/// Whether a node's GPU is known, and its pool has it.
fn placed(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    let catalogue = cx.catalogue();
    let Some(demand) = demand(cx, catalogue, ix) else { return };
    let name = cx.graph.name(ix);
    if let Some(told) = unknown(cx, catalogue, demand.gpu, &format!("`{name}`"), Some(name)) {
        found.push(told);
    } else if let Some(pool) = &demand.placement.pool {
        found.extend(elsewhere(cx, catalogue, &demand, pool));
    }
}

fn check(cx: &Context<'_>, found: &mut Vec<Diagnostic>) {
    let (catalogue, pools) = (cx.catalogue(), pools(cx));
    if pools.is_empty() {
        return;
    }
    for pool in pools {
        if let Some(gpu) = &pool.gpu {
            let of = pool.name.as_ref().map_or("a pool", |name| &name.value.0);
            found.extend(unknown(cx, catalogue, gpu, &format!("pool `{of}`"), None));
        }
    }
    let mut demands = Vec::new();
    let shares = cx.shares();
    for (ix, _) in cx.graph.model_nodes() {
        let Some(demand) = demand(cx, catalogue, ix) else { continue };
        let pool = demand.placement.pool.as_ref();
        if pool.is_some_and(|pool| elsewhere(cx, catalogue, &demand, pool).is_some()) {
            continue;
        }
        // GPUs that are shared count with the first of those who share them.
        if shares.first(ix).is_none_or(|first| first == ix) {
            demands.push(demand);
        }
    }
    let before = found.len();
    for pool in pools {
        let (Some(name), Some(count)) = (named(pool), pool.count) else { continue };
        let inside = |demand: &&Demand<'_>| demand.placement.pool.as_ref().is_some_and(|own| &*own.value.0 == name);
        let all: Vec<&Demand<'_>> = demands.iter().filter(inside).collect();
        let what = format!("pool `{name}`");
        found.extend(over(cx, &all, &what, u64::from(count.value.0), count.span));
    }
    if found.len() > before {
        return;
    }
    for (at, pool) in pools.iter().enumerate() {
        let Some(kind) = kind(catalogue, pool) else { continue };
        let same: Vec<(usize, &Spanned<Pool>)> = pools
            .iter()
            .enumerate()
            .filter(|(_, other)| self::kind(catalogue, other) == Some(kind))
            .collect();
        let counts = same.iter().map(|(_, pool)| pool.count.map(|count| u64::from(count.value.0)));
        let sum = counts.sum::<Option<u64>>();
        let (Some(sum), Some(count)) = (sum, pool.count) else { continue };
        // Once for all pools of a GPU.
        if same.first().is_some_and(|&(first, _)| first != at) {
            continue;
        }
        let all: Vec<&Demand<'_>> = demands.iter().filter(|demand| demand.kind == kind).collect();
        let names: Vec<String> = same.iter().filter_map(|(_, pool)| Some(format!("`{}`", named(pool)?))).collect();
        let what = format!("{} {}", if names.len() == 1 { "pool" } else { "the pools" }, names.join(" and "));
        found.extend(over(cx, &all, &what, sum, count.span));
    }
}

fn named(pool: &Pool) -> Option<&str> {
    pool.name.as_ref().map(|name| &*name.value.0)
}

fn pools<'a>(cx: &Context<'a>) -> &'a [Spanned<Pool>] {
    let body = cx.graph.spec.body();
    let hardware = body.and_then(|body| body.hardware.as_ref());
    hardware.and_then(|hardware| hardware.pools.as_ref()).map_or(&[], |pools| &pools.value)
}

/// The catalogue's name of a pool's GPU, else the name as it stands.
fn kind<'a>(catalogue: &'a Catalogue, pool: &'a Spanned<Pool>) -> Option<&'a str> {
    pool.gpu.as_ref().map(|gpu| catalogue.find(&gpu.value).map_or(&*gpu.value.0, |gpu| &*gpu.name))
}

fn demand<'a>(cx: &Context<'a>, catalogue: &'a Catalogue, ix: NodeIx) -> Option<Demand<'a>> {
    let node: &'a Node = cx.graph.spec_of(ix)?;
    let external = node.external.is_some_and(|external| external.value);
    let placement = &node.placement.as_ref().filter(|_| !external)?.value;
    let gpu = placement.gpu.as_ref()?;
    let kind = catalogue.find(&gpu.value).map_or(&*gpu.value.0, |gpu| &*gpu.name);
    let gpus = placement.gpus_per_replica.map_or(1, |gpus| u64::from(gpus.value.0));
    let each = match slice(placement) {
        Some(part) => {
            let parts = u64::from(part.part).saturating_mul(WHOLE);
            parts.checked_div(u64::from(part.whole)).unwrap_or(WHOLE)
        }
        None => gpus.saturating_mul(WHOLE),
    };
    let (least, most) = placement.replicas.map_or((1, 1), |replicas| (replicas.value.min, replicas.value.max));
    let times = |replicas: u32| u64::from(replicas).saturating_mul(each);
    Some(Demand { node: ix, placement, gpu, kind, least: times(least), most: times(most) })
}

fn unknown(
    cx: &Context<'_>,
    catalogue: &Catalogue,
    gpu: &Spanned<GpuName>,
    who: &str,
    node: Option<&str>,
) -> Option<Diagnostic> {
    let LookupError { name, near } = catalogue.find(&gpu.value).err()?;
    let message = format!("{who} asks for the GPU `{name}`, which the catalogue does not have");
    let help = "of an unknown GPU neither memory nor speed can be checked";
    let mut found = RULE.at(gpu.span, message).with_severity(Severity::Warning).with_help(help);
    if let Some(node) = node {
        found = found.on_node(node);
    }
    for near in near.iter().take(3).filter(|near| !near.is_empty()) {
        found.fixes.extend(fix::replace(cx, format!("Change to {near}"), gpu.span, near.as_str()));
    }
    Some(found)
}

/// A pool that there is not, or that has another GPU.
fn elsewhere(
    cx: &Context<'_>,
    catalogue: &Catalogue,
    demand: &Demand<'_>,
    wanted: &Spanned<PoolName>,
) -> Option<Diagnostic> {
    let name = cx.graph.name(demand.node);
    let pools = pools(cx);
    let own = &*wanted.value.0;
    let Some(pool) = pools.iter().find(|pool| named(pool) == Some(own)) else {
        let message = format!("`{name}` is placed in the pool `{own}`, and `hardware` has no such pool");
        let mut found = RULE.at(wanted.span, message).on_node(name);
        if let Some(near) = nearest(own, pools.iter().filter_map(|pool| named(pool))) {
            found = found.with_help(format!("did you mean `{near}`?"));
            found.fixes.extend(fix::replace(cx, format!("Change to `{near}`"), wanted.span, near));
            return Some(found);
        }
        return Some(found.with_help("state it under `spec.hardware.pools`"));
    };
    let has = kind(catalogue, pool).filter(|&has| has != demand.kind)?;
    let message = format!("`{name}` runs on {}, the pool `{own}` has {has}", demand.kind);
    let mut found = RULE.at(wanted.span, message).on_node(name);
    if let Some(gpu) = &pool.gpu {
        found = found.relate(gpu.span, format!("the pool has {has}"));
    }
    found.fixes.extend(fix::replace(cx, format!("Place {name} on {has}"), demand.gpu.span, has));
    Some(found.with_help("take another pool, or the pool's GPU"))
}

/// Whether nodes need more than there are.
fn over(cx: &Context<'_>, demands: &[&Demand<'_>], what: &str, count: u64, span: Span) -> Option<Diagnostic> {
    let sum = demands.iter().fold(0_u64, |sum, demand| sum.saturating_add(demand.least));
    let needed = sum.div_ceil(WHOLE);
    if needed > count {
        let terms: Vec<String> = demands.iter().map(|demand| term(cx, demand, demand.least)).collect();
        let kind = demands.first().map_or("", |demand| demand.kind);
        let message = format!("{what} has {count} {kind}, the nodes need {needed}: {}", terms.join(" + "));
        let [first, ..] = demands else { return None };
        let mut found = RULE
            .at(first.gpu.span, message)
            .relate(span, format!("{what} has {count}"))
            .with_help("run fewer replicas, or state a larger pool");
        for demand in demands.iter().skip(1) {
            found = found.relate(demand.gpu.span, term(cx, demand, demand.least));
        }
        found = found.on_node(cx.graph.name(first.node));
        if let [only] = demands {
            found.fixes.extend(fewer(cx, only, count));
        }
        return Some(found);
    }
    let scarce = demands.iter().find(|demand| demand.most.div_ceil(WHOLE) > count)?;
    let name = cx.graph.name(scarce.node);
    let most = scarce.most.div_ceil(WHOLE);
    let message = format!("`{name}` may grow to {most} {}, {what} has {count}", scarce.kind);
    let found = RULE
        .at(scarce.placement.replicas?.span, message)
        .with_severity(Severity::Warning)
        .on_node(name)
        .relate(span, format!("{what} has {count}"))
        .with_help("it will never have its most replicas: state fewer, or a larger pool");
    Some(found)
}

/// `` `generator` 3 × 2 ``
fn term(cx: &Context<'_>, demand: &Demand<'_>, least: u64) -> String {
    let name = cx.graph.name(demand.node);
    let replicas = demand.placement.replicas.map_or(1, |replicas| replicas.value.min);
    match (slice(demand.placement), demand.placement.gpus_per_replica) {
        (Some(part), _) => format!("`{name}` {replicas} × {}/{}", part.part, part.whole),
        (None, Some(gpus)) if gpus.value.0 > 1 => format!("`{name}` {replicas} × {}", gpus.value.0),
        _ => format!("`{name}` {}", least.div_ceil(WHOLE)),
    }
}

/// As many replicas as there is room for.
fn fewer(cx: &Context<'_>, demand: &Demand<'_>, count: u64) -> Option<crate::check::Fix> {
    let replicas = demand.placement.replicas.filter(|replicas| replicas.value.min == replicas.value.max)?;
    let each = demand.least.checked_div(u64::from(replicas.value.min))?;
    let room = count.saturating_mul(WHOLE).checked_div(each).filter(|&room| room > 0)?;
    fix::replace(cx, format!("Run {room} replicas"), replicas.span, room.to_string())
}
