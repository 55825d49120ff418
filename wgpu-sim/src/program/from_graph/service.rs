use core::ops::ControlFlow;
use core::time::Duration;

use modelspec_core::spec::{self, Latency};
use modelspec_core::text::Spanned;

use super::super::{Arrivals, MAX_SERVERS, Program, Service, Settings, Station, Warmup};
use super::Origin;
use crate::draws::{lognormal_sigma, normal_upper};

/// The variation of a service of which one percentile is known.
const ASSUMED_CV: f64 = 0.5;

/// The service time of a node, or why there is none.
pub(in crate::program) fn of(node: &spec::Node, servers: u32) -> Result<(Service, Origin), String> {
    let (unloaded, origin) = unloaded(node)?;
    let (Origin::Latency(_), Some(latency)) = (origin, &node.latency) else {
        return Ok((unloaded, origin));
    };
    let at = latency.at.as_ref().and_then(|at| at.rate);
    let Some(rate) = at
        .map(|rate| rate.value.per_second())
        .filter(|&rate| rate > 0.0)
    else {
        return Ok((unloaded, origin));
    };
    let servers = servers.min(MAX_SERVERS);
    fit(&latency.value, &unloaded, rate, servers).map(|service| (service, Origin::Fitted))
}

/// The service of a node with its latency taken as unloaded, or why there is none.
pub(in crate::program) fn unloaded(node: &spec::Node) -> Result<(Service, Origin), String> {
    if let Some(service) = &node.service {
        return declared(&service.value).map(|service| (service, Origin::stated(node)));
    }
    let continuous = matches!(node.batch(), Some(spec::Batch::Continuous(_)));
    let Some(latency) = &node.latency else {
        return Err(if continuous {
            "its service time under continuous batching is not stated, and is not estimated here"
        } else {
            "no service time is stated; add `service` or `latency`"
        }
        .to_owned());
    };
    let origin = Origin::Latency(latency.source.map(|source| source.value));
    Ok((from_percentiles(&latency.value)?, origin))
}

fn time(stated: Option<Spanned<spec::Duration>>) -> Option<Duration> {
    stated.map(|stated| Duration::from_nanos(stated.value.0))
}

fn declared(service: &spec::Service) -> Result<Service, String> {
    let lacks = |what: &str| format!("its `service` lacks {what}");
    match service {
        spec::Service::Fixed(value) => Ok(Service::Fixed(Duration::from_nanos(value.0))),
        spec::Service::Exponential(law) => {
            let mean = time(law.mean).ok_or_else(|| lacks("`mean`"))?;
            Ok(Service::Exponential { mean })
        }
        spec::Service::Lognormal(law) => {
            let cv = law.cv.map(|cv| cv.value);
            match (time(law.mean), cv, time(law.p50), time(law.p95)) {
                (Some(mean), Some(cv), ..) => Ok(Service::Lognormal { mean, cv }),
                (_, _, Some(p50), Some(p95)) => Ok(Service::LognormalPercentiles { p50, p95 }),
                _ => Err(lacks("`mean` and `cv`, or `p50` and `p95`")),
            }
        }
        spec::Service::Empirical(values) if values.is_empty() => Err(lacks("a value")),
        spec::Service::Empirical(values) => {
            let values = values
                .iter()
                .map(|value| Duration::from_nanos(value.value.0));
            Ok(Service::Empirical(values.collect()))
        }
        spec::Service::Batch(line) => {
            let (base, item) = time(line.base)
                .zip(time(line.per_item))
                .ok_or_else(|| lacks("`base` and `perItem`"))?;
            Ok(Service::Fixed(base.saturating_add(item)))
        }
        spec::Service::Points(points) => {
            let one = points
                .iter()
                .find(|point| point.batch.is_some_and(|b| b.value.0 == 1));
            let time = one.and_then(|point| time(point.time));
            time.map(Service::Fixed)
                .ok_or_else(|| lacks("the point of a batch of 1"))
        }
        spec::Service::Gamma(law) => {
            let cv = law.cv.map(|cv| cv.value);
            let (mean, cv) = time(law.mean)
                .zip(cv)
                .ok_or_else(|| lacks("`mean` and `cv`"))?;
            Ok(Service::Gamma { mean, cv })
        }
        spec::Service::Continuous(_) => Err("continuous batching is not simulated".to_owned()),
    }
}

/// A lognormal through the percentiles that a latency states.
fn from_percentiles(latency: &Latency) -> Result<Service, String> {
    let stated = [
        (0.5, latency.p50),
        (0.1, latency.p90),
        (0.05, latency.p95),
        (0.01, latency.p99),
    ];
    // How many standard deviations of the logarithm a percentile lies above the median.
    let height = |tail: f64| if tail < 0.5 { normal_upper(tail) } else { 0.0 };
    let known: Vec<(f64, f64)> = stated
        .into_iter()
        .filter_map(|(tail, stated)| Some((height(tail), time(stated)?.as_nanos() as f64)))
        .collect();
    let (mu, sigma) = match known.as_slice() {
        [] => return Err("its `latency` states no percentile".to_owned()),
        &[(z, value)] => {
            let sigma = lognormal_sigma(ASSUMED_CV);
            (libm::log(value.max(1.0)) - sigma * z, sigma)
        }
        [(low_z, low), .., (high_z, high)] => {
            if high < low {
                return Err("its higher percentile is below its lower one".to_owned());
            }
            let sigma = (libm::log(high.max(1.0)) - libm::log(low.max(1.0))) / (high_z - low_z);
            (libm::log(low.max(1.0)) - sigma * low_z, sigma)
        }
    };
    let at = |z: f64| nanos(libm::exp(mu + sigma * z));
    Ok(Service::LognormalPercentiles {
        p50: at(0.0),
        p95: at(normal_upper(0.05)),
    })
}

fn nanos(value: f64) -> Duration {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let rounded = libm::round(value).max(1.0) as u64;
    Duration::from_nanos(rounded)
}

/// Shrinks a service until its simulated sojourn at `rate` has the percentile that the latency
/// states: a latency under load holds waiting. Deterministic; within half a percent.
fn fit(latency: &Latency, unloaded: &Service, rate: f64, servers: u32) -> Result<Service, String> {
    let &Service::LognormalPercentiles { p50, p95 } = unloaded else {
        return Ok(unloaded.clone());
    };
    let stated = [latency.p95, latency.p99, latency.p90, latency.p50];
    let at = stated.iter().position(Option::is_some).unwrap_or(0);
    let Some(goal) = stated
        .get(at)
        .copied()
        .flatten()
        .map(|goal| goal.value.as_millis())
    else {
        return Ok(unloaded.clone());
    };
    let scaled = |factor: f64| Service::LognormalPercentiles {
        p50: nanos(p50.as_nanos() as f64 * factor),
        p95: nanos(p95.as_nanos() as f64 * factor),
    };
    let settings = Settings {
        replications: 16,
        requests: 64_000,
        warmup: Warmup::Requests(1_000),
        ..Settings::default()
    };
    let reaches = |factor: f64| {
        let arrivals = Arrivals::Poisson { rate };
        let station = Station {
            name: String::new(),
            servers,
            arrivals,
            service: scaled(factor),
        };
        let program = Program {
            stations: vec![station],
        };
        let go_on = &mut |_| ControlFlow::Continue(());
        let outcome = crate::simulate_cpu(&program, &settings, go_on).ok()?;
        let sojourn = outcome.stations.into_iter().next()?.sojourn?;
        [
            sojourn.p95_ms,
            sojourn.p99_ms,
            sojourn.p90_ms,
            sojourn.p50_ms,
        ]
        .get(at)
        .copied()
    };
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    for _ in 0..12 {
        let middle = 0.5 * (low + high);
        // What cannot be simulated is over its capacity: too slow.
        match reaches(middle) {
            Some(value) if value <= goal => low = middle,
            _ => high = middle,
        }
    }
    if low == 0.0 {
        let at = format!("{rate} requests a second");
        return Err(format!(
            "no service time gives its latency at {at} with {servers} servers"
        ));
    }
    Ok(scaled(low))
}

/// The mean of a service in seconds.
pub(in crate::program) fn mean_seconds(service: &Service) -> f64 {
    match service {
        Service::Fixed(time) => time.as_secs_f64(),
        Service::Exponential { mean }
        | Service::Lognormal { mean, .. }
        | Service::Gamma { mean, .. } => mean.as_secs_f64(),
        Service::LognormalPercentiles { p50, p95 } => {
            let (low, high) = (p50.as_secs_f64(), p95.as_secs_f64());
            let sigma = libm::log((high / low.max(1e-9)).max(1.0)) / normal_upper(0.05);
            low * libm::exp(0.5 * sigma * sigma)
        }
        Service::Empirical(values) => {
            let sum: f64 = values.iter().map(Duration::as_secs_f64).sum();
            sum / values.len().max(1) as f64
        }
    }
}
