//! From stations to the integer program that both engines run.

use core::time::Duration;
use std::collections::BTreeMap;

use super::{Arrivals, MAX_SERVERS, Program, Service, Settings, Station, Warmup};
use crate::draws::{self, MAX_STATIONS, MAX_TICKS, Moments, Table};
use crate::error::SimulationError;
use crate::theory;

/// The lengths that a tick may have, in nanoseconds.
pub(in crate::program) const TICKS_NS: [f64; 4] = [100.0, 1e3, 1e4, 1e5];

/// Below this many ticks, rounding would shift the mean of a gap by more than 0.05 %.
pub(in crate::program) const COARSEST: f64 = 10.0;

/// The integer program: what decides a result is in ticks.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    /// The length of a tick, in milliseconds.
    pub(crate) tick_ms: f64,
    /// Inverse-CDF tables, which stations refer to by index.
    pub(crate) tables: Vec<Table>,
    /// The stations, in the program's order.
    pub(crate) stations: Vec<CompiledStation>,
    /// Requests counted in each lane.
    pub(crate) counted: u32,
    /// Replications of each station.
    pub(crate) replications: u32,
    /// The seed.
    pub(crate) seed: u32,
}

/// One station in integers.
#[derive(Clone, Debug)]
pub(crate) struct CompiledStation {
    pub(crate) name: String,
    /// The position in the program, which keys the draws.
    pub(crate) index: u32,
    pub(crate) servers: u32,
    /// The index of the table of gaps.
    pub(crate) gap: usize,
    /// The index of the table of services.
    pub(crate) service: usize,
    /// Requests that each lane simulates before it counts.
    pub(crate) warmup: u32,
    /// The share of the servers' time that arrivals ask for; from 1 on the queue grows for ever.
    pub(crate) load: f64,
}

/// One replication of one station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lane {
    /// The station's index.
    pub(crate) station: u32,
    pub(crate) replication: u32,
}

impl CompiledStation {
    pub(crate) fn is_stable(&self) -> bool {
        self.load < 1.0
    }
}

impl Compiled {
    /// Checks a program and turns it into integers.
    pub(crate) fn new(program: &Program, settings: &Settings) -> Result<Self, SimulationError> {
        if program.stations.is_empty() {
            return Err(SimulationError::NoStations);
        }
        if program.stations.len() > MAX_STATIONS {
            return Err(SimulationError::TooManyStations {
                count: program.stations.len(),
            });
        }
        let counted = counted(settings)?;
        let laws = program
            .stations
            .iter()
            .map(Law::new)
            .collect::<Result<Vec<_>, _>>()?;
        let tick_ns = tick_ns(&program.stations, &laws)?;

        let mut tables = Vec::new();
        let mut gaps = BTreeMap::new();
        let mut stations = Vec::new();
        for ((index, station), law) in (0..).zip(&program.stations).zip(&laws) {
            let too_long = || SimulationError::station(&station.name, TOO_LONG);
            let gap_mean = law.gap_ns / tick_ns;
            let gap = if let Some(&gap) = gaps.get(&gap_mean.to_bits()) {
                gap
            } else {
                let table = Table::new(0, |p, c| gap_mean * draws::exponential(p, c));
                tables.push(table.ok_or_else(too_long)?);
                let gap = tables.len().saturating_sub(1);
                gaps.insert(gap_mean.to_bits(), gap);
                gap
            };
            let table =
                Table::new(1, |p, c| law.service_ns(p, c) / tick_ns).ok_or_else(too_long)?;
            let moments = table.moments();
            tables.push(table);
            let load = moments.mean / gap_mean / f64::from(station.servers);
            check_resolution(station, gap_mean, moments, tick_ns)?;
            stations.push(CompiledStation {
                name: station.name.clone(),
                index,
                servers: station.servers,
                gap,
                service: tables.len().saturating_sub(1),
                warmup: warmup(station, settings, counted, gap_mean, moments, load)?,
                load,
            });
        }
        Ok(Self {
            tick_ms: tick_ns / 1e6,
            tables,
            stations,
            counted,
            replications: settings.replications,
            seed: settings.seed,
        })
    }

    /// The stations that are simulated: those that keep up with their arrivals.
    pub(crate) fn stable(&self) -> impl Iterator<Item = &CompiledStation> {
        self.stations.iter().filter(|station| station.is_stable())
    }

    /// The lanes of the stable stations, station by station.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = Lane> {
        self.stable().flat_map(|station| {
            (0..self.replications).map(|replication| Lane {
                station: station.index,
                replication,
            })
        })
    }

    /// All requests to be simulated, warm-up included.
    pub(crate) fn work(&self) -> u64 {
        self.stable().fold(0, |sum, station| {
            let requests = u64::from(station.warmup).saturating_add(u64::from(self.counted));
            sum.saturating_add(requests.saturating_mul(u64::from(self.replications)))
        })
    }
}

pub(in crate::program) const TOO_LONG: &str = "its times span more than 2³⁰ ticks of 100 µs (about a day); \
    shorten the longest or raise the rate";

/// The coefficients of variation of a gamma service: narrower ones are fixed for all that it
/// matters, and beyond nearly all values are 0.
const GAMMA_CV: (f64, f64) = (0.01, 30.0);

/// A station's distributions in nanoseconds.
pub(in crate::program) struct Law<'a> {
    /// The mean gap.
    gap_ns: f64,
    service: &'a Service,
    /// Ascending measured values, or none.
    sorted: Vec<f64>,
    /// The mean and standard deviation of a lognormal's logarithm.
    log: (f64, f64),
}

pub(in crate::program) fn ns(duration: Duration) -> f64 {
    duration.as_nanos() as f64
}

impl<'a> Law<'a> {
    pub(in crate::program) fn new(station: &'a Station) -> Result<Self, SimulationError> {
        let fail = |reason: String| Err(SimulationError::station(&station.name, reason));
        let Arrivals::Poisson { rate } = station.arrivals;
        if !(rate.is_finite() && rate > 0.0) {
            return fail(format!(
                "its arrival rate is {rate} a second; give one above 0"
            ));
        }
        if !(1..=MAX_SERVERS).contains(&station.servers) {
            let servers = station.servers;
            return fail(format!(
                "it has {servers} servers (replicas × concurrency); give 1 to {MAX_SERVERS}"
            ));
        }
        let (mut sorted, mut log) = (Vec::new(), (0.0, 0.0));
        match &station.service {
            Service::Fixed(_) | Service::Exponential { .. } => {}
            Service::Lognormal { mean, cv } => {
                if mean.is_zero() {
                    return fail("its lognormal service has mean 0; give a longer one".into());
                }
                if !(cv.is_finite() && *cv >= 0.0) {
                    return fail(format!(
                        "its coefficient of variation is {cv}; give 0 or a positive number"
                    ));
                }
                let sigma = draws::lognormal_sigma(*cv);
                log = (libm::log(ns(*mean)) - 0.5 * sigma * sigma, sigma);
            }
            Service::LognormalPercentiles { p50, p95 } => {
                if p50.is_zero() || p95 < p50 {
                    return fail(format!(
                        "its p50 is {p50:?} and its p95 {p95:?}; give 0 < p50 ≤ p95"
                    ));
                }
                let mu = libm::log(ns(*p50));
                log = (mu, (libm::log(ns(*p95)) - mu) / draws::normal_upper(0.05));
            }
            Service::Gamma { mean, cv } => {
                if mean.is_zero() {
                    return fail("its gamma service has mean 0; give a longer one".into());
                }
                if !(cv.is_finite() && (GAMMA_CV.0..=GAMMA_CV.1).contains(cv)) {
                    let (least, most) = GAMMA_CV;
                    return fail(format!(
                        "the coefficient of variation of its gamma service is {cv}; give {least} to \
                         {most}"
                    ));
                }
            }
            Service::Empirical(values) => {
                if values.is_empty() {
                    return fail("it has no measured service times; give at least one".into());
                }
                sorted = values.iter().map(|&value| ns(value)).collect();
                sorted.sort_by(f64::total_cmp);
            }
        }
        Ok(Self {
            gap_ns: 1e9 / rate,
            service: &station.service,
            sorted,
            log,
        })
    }

    /// The service time that is exceeded with probability `c` = 1 − `p`.
    pub(in crate::program) fn service_ns(&self, p: f64, c: f64) -> f64 {
        match self.service {
            Service::Fixed(time) => ns(*time),
            Service::Exponential { mean } => ns(*mean) * draws::exponential(p, c),
            Service::Lognormal { .. } | Service::LognormalPercentiles { .. } => {
                draws::lognormal(self.log.0, self.log.1, p, c)
            }
            Service::Gamma { mean, cv } => {
                let square = cv * cv;
                ns(*mean) * square * draws::gamma(1.0 / square, p, c)
            }
            Service::Empirical(_) => draws::empirical(&self.sorted, p),
        }
    }

    /// The mean and variance of the service, in ns and ns².
    pub(in crate::program) fn service_moments(&self) -> (f64, f64) {
        match self.service {
            Service::Fixed(time) => (ns(*time), 0.0),
            Service::Exponential { mean } => (ns(*mean), ns(*mean) * ns(*mean)),
            Service::Lognormal { .. } | Service::LognormalPercentiles { .. } => {
                let (mu, square) = (self.log.0, self.log.1 * self.log.1);
                let mean = libm::exp(mu + 0.5 * square);
                (mean, mean * mean * libm::expm1(square))
            }
            Service::Gamma { mean, cv } => {
                let deviation = ns(*mean) * cv;
                (ns(*mean), deviation * deviation)
            }
            Service::Empirical(_) => {
                let n = self.sorted.len().max(1) as f64;
                let mean = self.sorted.iter().sum::<f64>() / n;
                let square = |value: &f64| (value - mean) * (value - mean);
                (mean, self.sorted.iter().map(square).sum::<f64>() / n)
            }
        }
    }
}

/// The smallest tick whose range holds the largest gap and service and 20 mean residence times,
/// unloaded as well as under the load.
fn tick_ns(stations: &[Station], laws: &[Law<'_>]) -> Result<f64, SimulationError> {
    let mut tick = TICKS_NS.first().copied().unwrap_or(1.0);
    let end = libm::scalbn(1.0, -32);
    for (station, law) in stations.iter().zip(laws) {
        let (mean, variance) = law.service_moments();
        let wait = theory::mgc_mean_wait(station.servers, 1.0 / law.gap_ns, mean, variance);
        let residence = if wait.is_finite() { mean + wait } else { mean };
        let reach = (law.gap_ns * draws::exponential(1.0 - end, end))
            .max(law.service_ns(1.0 - end, end))
            .max(20.0 * residence);
        let fits = |tick: &f64| reach / tick < f64::from(MAX_TICKS);
        let least = TICKS_NS.into_iter().find(fits);
        let least = least.ok_or_else(|| SimulationError::station(&station.name, TOO_LONG))?;
        tick = tick.max(least);
    }
    Ok(tick)
}

/// Refuses times so short beside the tick that rounding would show in the result.
fn check_resolution(
    station: &Station,
    gap_mean: f64,
    service: Moments,
    tick_ns: f64,
) -> Result<(), SimulationError> {
    let micros = tick_ns / 1e3;
    if gap_mean < COARSEST {
        return Err(SimulationError::station(
            &station.name,
            format!(
                "its arrivals are closer together than {COARSEST} ticks of {micros} µs; \
                 lower the rate, or shorten the longest time in the graph for a finer tick"
            ),
        ));
    }
    // A service that short is lost in the rounding, but harmless where it makes no load either.
    let idle = COARSEST / gap_mean / f64::from(station.servers) < 0.01;
    if service.mean < COARSEST && !idle {
        return Err(SimulationError::station(
            &station.name,
            format!(
                "its service is shorter than {COARSEST} ticks of {micros} µs, too coarse for its \
                 load; lower the rate, or shorten the longest time in the graph for a finer tick"
            ),
        ));
    }
    Ok(())
}

/// Requests that each lane counts.
pub(in crate::program) fn counted(settings: &Settings) -> Result<u32, SimulationError> {
    if settings.replications == 0 {
        return Err(SimulationError::setting(
            "replications",
            "it is 0; give at least 1",
        ));
    }
    if settings.requests == 0 {
        return Err(SimulationError::setting(
            "requests",
            "it is 0; give at least 1",
        ));
    }
    u32::try_from(settings.requests.div_ceil(u64::from(settings.replications)))
        .ok()
        .filter(|&counted| counted <= u32::MAX / 2)
        .ok_or_else(|| {
            SimulationError::setting(
                "requests",
                "more than 2³¹ for a replication; give fewer, or more replications",
            )
        })
}

/// Requests that each lane of a station simulates before it counts.
fn warmup(
    station: &Station,
    settings: &Settings,
    counted: u32,
    gap_mean: f64,
    service: Moments,
    load: f64,
) -> Result<u32, SimulationError> {
    let limit = u32::MAX / 2;
    match settings.warmup {
        Warmup::Requests(requests) if requests > limit => Err(SimulationError::setting(
            "warmup",
            "more than 2³¹ for a replication; give fewer",
        )),
        Warmup::Requests(requests) => Ok(requests),
        Warmup::Auto if load >= 1.0 => Ok(0),
        Warmup::Auto => {
            let rate = 1.0 / gap_mean;
            let wait = theory::mgc_mean_wait(station.servers, rate, service.mean, service.variance);
            let spare = 1.0 - load;
            let needed = (0.1 * f64::from(counted))
                .max(5.0 * rate * (wait + service.mean))
                .max(5.0 / (spare * spare));
            if needed > f64::from(limit) {
                return Err(SimulationError::station(
                    &station.name,
                    format!(
                        "it is {:.4} % busy, so near to its capacity that its queue takes more \
                         than 2³¹ requests to settle; add a replica or lower the rate",
                        100.0 * load
                    ),
                ));
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let requests = libm::ceil(needed) as u32;
            Ok(requests)
        }
    }
}
