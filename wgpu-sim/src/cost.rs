//! What a graph's hardware costs.

use modelspec_core::graph::Graph;
use modelspec_core::hardware::Catalogue;
use modelspec_core::spec::{self, Pool, Role, Share};

use crate::outcome::graph::GraphOutcome;
use crate::program::{is_external, replicas};

/// What a simulated graph costs, in US dollars; none where a price is not known: it is not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// For an hour.
    pub per_hour: Option<f64>,
    /// For 1,000 requests answered, at the simulated throughput.
    pub per_1k_requests: Option<f64>,
}

impl Cost {
    /// Of a graph that was simulated, at the prices of its pools and of the catalogue.
    pub fn of(graph: &Graph, simulated: &GraphOutcome) -> Self {
        let mean = |name: &str| {
            let mut nodes = simulated.nodes.iter();
            nodes.find(|node| node.name == name)?.replicas_mean
        };
        let per_hour = cost_of(graph, &Catalogue::builtin(), &mean);
        let answered = simulated.throughput_rps.map(|rate| rate * 3_600.0);
        let answered = answered.filter(|&answered| answered > 0.0);
        let per_1k_requests = per_hour
            .zip(answered)
            .map(|(cost, answered)| 1_000.0 * cost / answered);
        Self {
            per_hour,
            per_1k_requests,
        }
    }
}

/// US dollars per hour for the replicas that are simulated; none where a node's price is not known.
///
/// A GPU costs what its pool states, else what the catalogue does. A node without a GPU has a price
/// only by its pool: that of a machine, by its share of the cores where the pool states them. What
/// others run and what takes no machine of its own (joins, routers, splitters) is free.
pub fn cost_per_hour(graph: &Graph, catalogue: &Catalogue) -> Option<f64> {
    cost_of(graph, catalogue, &|_| None)
}

/// The same, with the mean number of replicas of nodes where it varies.
fn cost_of(
    graph: &Graph,
    catalogue: &Catalogue,
    mean: &dyn Fn(&str) -> Option<f64>,
) -> Option<f64> {
    let body = graph.spec.body()?;
    let hardware = body.hardware.as_ref();
    let pools = hardware.and_then(|hardware| hardware.pools.as_ref());
    let pools: Vec<&Pool> = pools
        .into_iter()
        .flat_map(|pools| &pools.value)
        .map(|pool| &pool.value)
        .collect();
    let mut sum = 0.0;
    for (ix, node) in graph.model_nodes() {
        let Some(stated) = graph.spec_of(ix) else {
            continue;
        };
        let is_virtual = matches!(node.role, Some(Role::Join | Role::Router | Role::Splitter));
        let is_free = is_external(stated) || (is_virtual && stated.placement.is_none());
        if !is_free {
            let replicas = mean(&node.name).unwrap_or_else(|| f64::from(replicas(stated)));
            sum += replicas * replica_cost(stated, &pools, catalogue)?;
        }
    }
    Some(sum)
}

fn replica_cost(node: &spec::Node, pools: &[&Pool], catalogue: &Catalogue) -> Option<f64> {
    let placement = node.placement.as_ref()?;
    let named = placement.pool.as_ref().and_then(|name| {
        let mut pools = pools.iter();
        pools.find(|pool| {
            pool.name
                .as_ref()
                .is_some_and(|own| *own.value == *name.value)
        })
    });
    let price = |pool: &Pool| Some(pool.price?.value.per_hour());
    let Some(gpu) = &placement.gpu else {
        let pool = named?;
        let whole = pool.cpu.map(|cores| cores.value.0 as f64);
        let part = placement.cpu.map(|cores| cores.value.0 as f64);
        let share = part.zip(whole).map_or(1.0, |(part, whole)| part / whole);
        return Some(share * price(pool)?);
    };
    let known = catalogue.find(&gpu.value).ok();
    let is_same = |pool: &&&Pool| {
        let own = pool.gpu.as_ref();
        own.is_some_and(|own| {
            let other = catalogue.find(&own.value).ok();
            *own.value == *gpu.value
                || known
                    .zip(other)
                    .is_some_and(|(one, other)| one.name == other.name)
        })
    };
    let pool = named.or_else(|| pools.iter().find(is_same));
    let each = pool
        .and_then(|pool| price(pool))
        .or_else(|| Some(known?.price?.per_hour()))?;
    let gpus = placement.gpus_per_replica.map_or(1, |gpus| gpus.value.0);
    let share = match placement.share.as_ref().map(|share| &share.value) {
        None => 1.0,
        Some(Share::Mig(mig)) => {
            let fraction = mig.fraction?.value;
            f64::from(fraction.part) / f64::from(fraction.whole.max(1))
        }
        Some(Share::Mps(mps)) => sharers(mps.with.as_ref().map(|with| with.value.len())),
        Some(Share::TimeSlice(slice)) => sharers(slice.with.as_ref().map(|with| with.value.len())),
    };
    Some(f64::from(gpus) * share * each)
}

/// The share of a GPU that has so many other users.
fn sharers(others: Option<usize>) -> f64 {
    1.0 / (1.0 + others.unwrap_or(0) as f64)
}

#[cfg(test)]
mod tests {
    use modelspec_core::Analysis;

    use super::*;

    fn cost(nodes: &str, pools: &str) -> Option<f64> {
        let text = format!(
            "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nmetadata: {{name: priced}}\nspec:\n  \
             nodes:\n{nodes}  hardware:\n    pools: [{pools}]\n"
        );
        let analysis = Analysis::new(text);
        cost_per_hour(&analysis.graph.expect("a graph"), &Catalogue::builtin())
    }

    #[test]
    fn pools_and_the_catalogue_give_prices() {
        let gpu = "    a: {role: embedder, placement: {gpu: H100-80GB-SXM, gpusPerReplica: 2, \
                   replicas: {min: 3, max: 6}}}\n";
        let near = |found: Option<f64>, expected: f64| {
            assert!(
                found.is_some_and(|found| (found - expected).abs() < 1e-9),
                "{found:?}"
            );
        };
        let own = "{name: g, gpu: H100-80GB-SXM, price: 2usd/h}";
        near(cost(gpu, own), 12.0);
        let builtin = Catalogue::builtin();
        let listed = builtin.find("H100-80GB-SXM").unwrap().price.unwrap();
        near(cost(gpu, ""), 6.0 * listed.per_hour());
        let cpu = "    b: {role: retriever, placement: {cpu: 4, replicas: 2, pool: c}}\n";
        assert_eq!(cost(cpu, ""), None);
        near(cost(cpu, "{name: c, cpu: 16, price: 1usd/h}"), 0.5);
        let free = "    c: {role: join}\n    d: {role: tool, external: true}\n";
        near(cost(free, ""), 0.0);
    }
}
