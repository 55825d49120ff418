use crate::check::{Context, Diagnostic};
use crate::fix;
use crate::graph::NodeIx;
use crate::spec::{Arrivals, Batch, Duration, Latency, Node, Rate, Service};
use crate::text::{Span, Spanned};
use crate::yaml::Fragment;

rule! {
    /// At the declared rate a node is busy more than 80 % of the time, all its replicas counted.
    ///
    /// The work that arrives is rate × share of the requests that reach the node × mean time of one; what can be
    /// done is replicas × requests that one serves at once. A node that an autoscaler grows counts with its most
    /// replicas. Without `service` the mean follows from a declared latency's median, and from a second percentile
    /// where it states one; a latency under load holds waiting and says nothing here.
    ///
    /// ## Why
    /// Waiting grows as 1 / (1 − utilisation): from 80 % to 95 % it quadruples, and at 100 % the queue never ends.
    /// A server that looks well used at its mean is the one that breaks the 99th percentile.
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
    ///       service: {exponential: {mean: 900ms}}
    ///       placement: {gpu: L4, replicas: 4}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    ///   workload: {arrivals: {poisson: {rate: 4rps}}}
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
    ///       service: {exponential: {mean: 900ms}}
    ///       placement: {gpu: L4, replicas: 5}
    ///   edges:
    ///     - {from: inputs.question, to: generator.prompt}
    ///     - {from: generator.text, to: outputs.answer}
    ///   workload: {arrivals: {poisson: {rate: 4rps}}}
    /// ```
    "MG406", Warning, "a node is busy more than 80 % of the time", [Visits: Node(check)]
}

/// The share of the time that a node may be busy.
const BUSY: f64 = 0.8;

/// How far a percentile of a normal law lies above its median, in standard deviations.
const HEIGHTS: [f64; 4] = [0.0, 1.281_551_565_545, 1.644_853_626_951, 2.326_347_874_041];

fn check(cx: &Context<'_>, ix: NodeIx, found: &mut Vec<Diagnostic>) {
    if let Some((rate, span)) = rate(cx) {
        let share = cx.visits().get(ix.0 as usize).copied().unwrap_or(0.0);
        found.extend(busy(cx, ix, rate * share, span));
    }
}

/// The mean rate of the workload, else the promised throughput, in requests a second.
fn rate(cx: &Context<'_>) -> Option<(f64, Span)> {
    let body = cx.graph.spec.body()?;
    let objectives = body.objectives.as_ref();
    let arrivals = body.workload.as_ref().and_then(|workload| workload.arrivals.as_ref());
    let Some(arrivals) = arrivals else {
        let promised = objectives.and_then(|objectives| objectives.throughput)?;
        return Some((promised.value.per_second(), promised.span));
    };
    let of = |rate: Option<Spanned<Rate>>| rate.map(|rate| rate.value.per_second());
    let mean = match &arrivals.value {
        Arrivals::Poisson(poisson) => of(poisson.rate)?,
        Arrivals::Gamma(gamma) => of(gamma.rate)?,
        Arrivals::Mmpp(mmpp) => {
            let (mut requests, mut time) = (0.0, 0.0);
            for state in mmpp.states.as_ref()?.iter() {
                let hold = state.mean_hold?.value.as_seconds();
                requests += of(state.rate)? * hold;
                time += hold;
            }
            requests / time
        }
        // The busiest stretch decides.
        Arrivals::Profile(points) => points.iter().filter_map(|point| of(point.rate)).fold(0.0, f64::max),
        // Clients that wait ask as fast as they are answered; a file's rate is not known here.
        Arrivals::Trace(_) | Arrivals::Closed(_) => return None,
    };
    Some((mean, arrivals.span)).filter(|(mean, _)| mean.is_finite())
}

fn busy(cx: &Context<'_>, ix: NodeIx, rate: f64, span: Span) -> Option<Diagnostic> {
    let node = cx.graph.spec_of(ix)?;
    if node.external.is_some_and(|external| external.value) {
        return None;
    }
    let (mean, stated) = mean(node)?;
    let replicas = node.placement.as_ref().and_then(|placement| placement.replicas);
    let most = replicas.map_or(1, |replicas| replicas.value.max.max(1));
    let each = f64::from(at_once(node));
    let load = rate * mean;
    let utilisation = load / (f64::from(most) * each);
    if !(utilisation > BUSY && utilisation.is_finite()) {
        return None;
    }
    let name = cx.graph.name(ix);
    let percent = whole(utilisation * 100.0);
    let busy = if utilisation < 1.0 {
        format!("`{name}` is busy {percent} % of the time")
    } else {
        format!("`{name}` gets {percent} % of what it can do")
    };
    let (time, arrive) = (time(mean), tidy(rate));
    let servers = match (most, at_once(node)) {
        (1, 1) => "one server".to_owned(),
        (replicas, 1) => format!("{replicas} replicas"),
        (replicas, each) => format!("{replicas} replicas that serve {each} at once"),
    };
    let message = format!("{busy}: {arrive} requests a second × {time} on {servers}");
    let mut found = RULE
        .at(replicas.map_or(stated, |replicas| replicas.span), message)
        .on_node(name)
        .relate(span, "the rate is stated here")
        .relate(stated, format!("one request takes {time} on average"))
        .with_help("run more replicas, batch requests, or make it faster; the simulation says how long they wait");
    let needed = whole_up(load / (BUSY * each));
    if node.placement.is_some() && needed <= 10_000 {
        let varied = replicas.is_some_and(|replicas| replicas.value.min < replicas.value.max);
        let path = ["spec", "nodes", name, "placement", "replicas", "max"];
        let path = path.get(..if varied { 6 } else { 5 })?;
        let label = format!("Run {}{needed} replicas", if varied { "up to " } else { "" });
        found.fixes.extend(fix::set(cx, label, path, &Fragment::raw(&needed)));
    }
    Some(found)
}

/// Requests that one replica serves together.
fn at_once(node: &Node) -> u32 {
    let Some(placement) = &node.placement else { return 1 };
    let cores = placement.cpu.filter(|_| placement.gpu.is_none());
    let cores = cores.and_then(|cores| u32::try_from(cores.value.0.checked_div(1000)?).ok());
    let stated = placement.concurrency.map(|count| count.value.0);
    let own = stated.or(cores).unwrap_or(1).max(1);
    match node.batch() {
        Some(Batch::Continuous(batch)) => own.max(batch.max_sequences.map_or(1, |most| most.value.0)),
        Some(Batch::Dynamic(batch)) => own.saturating_mul(batch.max_size.map_or(1, |most| most.value.0)),
        _ => own,
    }
}

/// The mean time of one request, or of a full batch, in seconds.
fn mean(node: &Node) -> Option<(f64, Span)> {
    if let Some(service) = &node.service {
        return Some((declared(node, &service.value)?, service.span));
    }
    let latency = node.latency.as_ref()?;
    Some((unloaded(&latency.value)?, latency.span))
}

fn seconds(time: Option<Spanned<Duration>>) -> Option<f64> {
    time.map(|time| time.value.as_seconds())
}

fn declared(node: &Node, service: &Service) -> Option<f64> {
    let size = match node.batch() {
        Some(Batch::Dynamic(batch)) => batch.max_size.map_or(1, |most| most.value.0),
        _ => 1,
    };
    match service {
        Service::Fixed(time) => Some(time.as_seconds()),
        Service::Exponential(law) => seconds(law.mean),
        Service::Gamma(law) => seconds(law.mean),
        Service::Lognormal(law) => {
            seconds(law.mean).or_else(|| lognormal((0.0, seconds(law.p50)?), (1.644_853_626_951, seconds(law.p95)?)))
        }
        Service::Empirical(times) => {
            let sum: f64 = times.iter().map(|time| time.value.as_seconds()).sum();
            Some(sum / times.len() as f64).filter(|mean| mean.is_finite())
        }
        Service::Batch(line) => Some(seconds(line.base)? + f64::from(size) * seconds(line.per_item)?),
        Service::Points(points) => {
            let full = points.iter().find(|point| point.batch.is_some_and(|batch| batch.value.0 == size));
            seconds(full?.time)
        }
        Service::Continuous(_) => None,
    }
}

/// The mean of a lognormal law through two percentiles.
fn lognormal((low_z, low): (f64, f64), (high_z, high): (f64, f64)) -> Option<f64> {
    if low <= 0.0 || high < low || high_z <= low_z {
        return None;
    }
    let sigma = libm::log(high / low) / (high_z - low_z);
    Some(low * libm::exp(sigma * (sigma / 2.0 - low_z)))
}

/// The mean that the percentiles of a server without load say; of a median alone the median, since a time's mean
/// is hardly below it.
fn unloaded(latency: &Latency) -> Option<f64> {
    if latency.at.as_ref().is_some_and(|at| at.rate.is_some()) {
        return None;
    }
    let stated = [latency.p50, latency.p90, latency.p95, latency.p99];
    let known: Vec<(f64, f64)> =
        HEIGHTS.into_iter().zip(stated).filter_map(|(z, time)| Some((z, seconds(time)?))).collect();
    match known.as_slice() {
        [] => None,
        [only] => (only.0 <= 0.0).then_some(only.1),
        [first, .., last] => lognormal(*first, *last),
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(value: f64) -> u64 {
    libm::round(value.max(0.0)) as u64
}

fn whole_up(value: f64) -> u64 {
    whole(libm::ceil(value))
}

/// A mean with three digits.
fn time(seconds: f64) -> Duration {
    let mut unit = 1_u64;
    let nanos = whole(seconds * 1e9);
    while nanos.checked_div(unit).is_some_and(|digits| digits >= 1000) {
        unit = unit.saturating_mul(10);
    }
    let digits = whole(seconds * 1e9 / unit as f64);
    Duration(digits.saturating_mul(unit))
}

/// `4`, `0.25`, `13.3`
fn tidy(rate: f64) -> String {
    let hundredths = whole(rate * 100.0);
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    let text = format!("{whole}.{rest:02}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{lognormal, tidy, time};
    use crate::spec::Duration;

    #[test]
    fn a_mean_follows_from_two_percentiles() {
        // A lognormal of mean 1 and variation 0.5: median 0.8944, p95 1.9452.
        let mean = lognormal((0.0, 0.894_427), (1.644_853_626_951, 1.945_2)).unwrap();
        assert!((mean - 1.0).abs() < 1e-3, "{mean}");
        assert_eq!(lognormal((0.0, 2.0), (1.6, 1.0)), None);
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(time(0.036_127_9), Duration(36_100_000));
        assert_eq!(time(0.9), Duration(900_000_000));
        assert_eq!(tidy(4.0), "4");
        assert_eq!(tidy(0.25), "0.25");
    }
}
