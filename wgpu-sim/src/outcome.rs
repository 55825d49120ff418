//! What a simulation tells.

pub(crate) mod chosen;
pub(crate) mod graph;
pub(crate) mod journeys;
pub(crate) mod steady;

use serde::Serialize;

use crate::draws::Table;
use crate::program::{Compiled, CompiledStation};
use crate::record::Record;
use crate::stats::{Bin, Histogram, Summary};

/// Which engine ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Engine {
    /// The Rust engine.
    Cpu,
    /// The WGSL engine.
    Gpu,
}

/// The result of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// Which engine ran. It makes no difference to the figures.
    pub engine: Engine,
    /// Why the GPU did not run although it was to; none otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_note: Option<String>,
    /// The seed.
    pub seed: u32,
    /// Replications of each station.
    pub replications: u32,
    /// Requests counted at each stable station, all replications together.
    pub requests: u64,
    /// Whether every station keeps up with its arrivals.
    pub stable: bool,
    /// The stations, in the program's order.
    pub stations: Vec<StationResult>,
}

/// The result for one station.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StationResult {
    /// The station's name.
    pub name: String,
    /// The share of the servers' time spent serving; for a station that does not keep up, the
    /// share that its arrivals ask for, 1 or more.
    pub utilisation: f64,
    /// Whether the station keeps up with its arrivals. If not, its queue grows for ever and its
    /// times have no distribution: they are none.
    pub stable: bool,
    /// The time from arrival to the start of service.
    pub wait: Option<Summary>,
    /// The time of service.
    pub service: Option<Summary>,
    /// The time from arrival to the end of service.
    pub sojourn: Option<Summary>,
    /// The distribution of the sojourn, to be drawn: bins without gaps, ascending; none where the
    /// sojourn is none. The JSON does not have it: its percentiles say what decides.
    #[serde(skip)]
    pub distribution: Vec<Bin>,
}

impl StationResult {
    /// Summarises the records of a station's lanes; none for a station that was not simulated.
    fn new(compiled: &Compiled, station: &CompiledStation, records: &[Record]) -> Self {
        let saturated = records.iter().any(|record| record.saturated);
        let stable = station.is_stable() && !saturated;
        let sum =
            |of: fn(&Record) -> u64| records.iter().map(of).fold(0_u64, u64::saturating_add) as f64;
        let offered = sum(|record| record.gap_sum) * f64::from(station.servers);
        let utilisation = if stable && offered > 0.0 {
            sum(|record| record.service_sum) / offered
        } else {
            station.load
        };
        let services = compiled
            .tables
            .get(station.service)
            .map_or((0, 0), Table::bounds);
        let summary = |samples: Vec<_>, bounds| {
            stable
                .then(|| Summary::new(&samples, bounds, compiled.tick_ms))
                .flatten()
        };
        let distribution = if stable {
            let sojourns = records.iter().map(|record| record.sojourn().counts);
            Histogram::pool(sojourns).bins(compiled.tick_ms)
        } else {
            Vec::new()
        };
        Self {
            name: station.name.clone(),
            utilisation,
            stable,
            distribution,
            wait: summary(records.iter().map(Record::wait).collect(), (0, u32::MAX)),
            service: summary(records.iter().map(Record::service).collect(), services),
            sojourn: summary(
                records.iter().map(Record::sojourn).collect(),
                (services.0, u32::MAX),
            ),
        }
    }
}

/// Gathers records lane by lane and summarises each station as soon as it is complete, so that only
/// one station's records are held.
pub(crate) struct Gathering<'a> {
    compiled: &'a Compiled,
    results: Vec<StationResult>,
    records: Vec<Record>,
}

impl<'a> Gathering<'a> {
    pub(crate) fn new(compiled: &'a Compiled) -> Self {
        let mut gathering = Self {
            compiled,
            results: Vec::new(),
            records: Vec::new(),
        };
        gathering.skip_unstable();
        gathering
    }

    /// Takes the next lane's record, in the order of [`Compiled::lanes`].
    pub(crate) fn push(&mut self, record: Record) {
        self.records.push(record);
        if self.records.len() == self.compiled.replications as usize {
            let records = core::mem::take(&mut self.records);
            self.close(&records);
            self.skip_unstable();
        }
    }

    fn close(&mut self, records: &[Record]) {
        if let Some(station) = self.compiled.stations.get(self.results.len()) {
            self.results
                .push(StationResult::new(self.compiled, station, records));
        }
    }

    fn skip_unstable(&mut self) {
        let is_unstable = |station: &CompiledStation| !station.is_stable();
        while self
            .compiled
            .stations
            .get(self.results.len())
            .is_some_and(is_unstable)
        {
            self.close(&[]);
        }
    }

    pub(crate) fn finish(self, engine: Engine) -> Outcome {
        let Self {
            compiled, results, ..
        } = self;
        Outcome {
            engine,
            engine_note: None,
            seed: compiled.seed,
            replications: compiled.replications,
            requests: u64::from(compiled.counted).saturating_mul(compiled.replications.into()),
            stable: results.iter().all(|station| station.stable),
            stations: results,
        }
    }
}
