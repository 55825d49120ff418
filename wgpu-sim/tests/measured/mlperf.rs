//! Servers of BERT-99, a stand-in for embedders, rerankers and classifiers: `mlperf`.
//!
//! Each accelerator batches what has come when it is free: τ(b) = τ0 + α·b. The offline figure, of
//! batches as large as can be, gives α; τ0 is such that the server's p95 is met. Judged is its p99.
//! A system was measured under a single server load, so the point must be of the same run.

use core::ops::ControlFlow;
use core::time::Duration;
use std::collections::BTreeMap;

use wgpu_sim::network::{Gaps, Link, Network, Routing, Stage, Work};
use wgpu_sim::service::calibrate::BatchTime;
use wgpu_sim::{Settings, Summary, simulate_graph};

use crate::table::{Row, median_size, number, rows, shared};

/// Their means are fifty times their medians: a few requests hung for 540 s, and what these did to
/// the others nobody tells.
const BROKEN: [&str; 3] = [
    "C245M8_H100_PCIe_80GBx2_TRT",
    "R760_H100_PCIe_80GBx2_TRT",
    "R760xa_H100_PCIe_80GBx4_TRT",
];

/// More than come to an accelerator while it computes.
const LARGEST_BATCH: u32 = 2_048;

struct System {
    name: String,
    /// Each with a queue of its own.
    accelerators: u32,
    /// Samples a second, of all accelerators.
    offline: f64,
    /// Requests a second.
    rate: f64,
    p95_ms: f64,
    p99_ms: f64,
}

impl System {
    fn new(offline: &Row, server: &Row) -> Self {
        let platform = &server["platform"];
        Self {
            name: format!("{} {platform}", server["submitter"]),
            accelerators: accelerators(platform),
            offline: number(offline, "samples_per_s"),
            rate: number(server, "sched_sps"),
            p95_ms: number(server, "lat_p95") / 1e6,
            p99_ms: number(server, "lat_p99") / 1e6,
        }
    }

    fn is_broken(&self) -> bool {
        BROKEN.iter().any(|broken| self.name.ends_with(broken))
    }

    /// In nanoseconds.
    fn item(&self) -> f64 {
        1e9 * f64::from(self.accelerators) / self.offline
    }

    fn times(&self, batch: BatchTime) -> Summary {
        let time = |size: u32| {
            let nanos = (batch.base + batch.item * f64::from(size)).round();
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            Duration::from_nanos(nanos as u64)
        };
        let work = Work::Batch {
            replicas: self.accelerators,
            routing: Routing::Random,
            times: (1..=LARGEST_BATCH).map(time).collect(),
            max_delay: Duration::ZERO,
        };
        let network = Network {
            rate: self.rate,
            gaps: Gaps::Exponential,
            stages: vec![Stage::new("bert", work)],
            links: vec![Link::new(None, Some(0)), Link::new(Some(0), None)],
            objective: None,
            max_in_flight: None,
        };
        let settings = Settings {
            replications: 2,
            requests: 80_000,
            ..Settings::default()
        };
        let go_on = &mut |_| ControlFlow::Continue(());
        let outcome = simulate_graph(&network, &settings, go_on).unwrap();
        outcome.end_to_end.expect("it keeps up")
    }

    /// τ0 and α, by the offline figure and the server's p95.
    fn fitted(&self) -> BatchTime {
        let item = self.item();
        // A batch of what comes in a batch's time takes τ0 / (1 − ρ), and the slowest wait as long.
        let spare = 1.0 - self.rate / self.offline;
        let mut base = 0.5e6 * self.p95_ms * spare;
        for _ in 0..4 {
            let found = self.times(BatchTime { base, item }).p95_ms;
            base *= self.p95_ms / found;
        }
        BatchTime { base, item }
    }
}

/// As the name of a platform tells: `H100x8`, `4XH100`; a CPU is one.
fn accelerators(platform: &str) -> u32 {
    let marks = platform.match_indices(['x', 'X']);
    let digit = |at: usize| platform.get(at..=at)?.parse::<u32>().ok();
    let around: Vec<_> = marks
        .map(|(at, _)| (at.checked_sub(1).and_then(digit), digit(at + 1)))
        .collect();
    let behind = around.iter().rev().find_map(|(_, after)| *after);
    let before = || around.iter().rev().find_map(|(before, _)| *before);
    behind.or_else(before).unwrap_or(1)
}

#[test]
fn the_slowest_of_a_server_follow_from_its_offline_figure_and_one_percentile() {
    let Some(text) = shared("mlperf/v4.1-bert99.csv") else {
        return;
    };
    let mut systems: BTreeMap<(String, String), BTreeMap<String, Row>> = BTreeMap::new();
    for row in rows(&text) {
        let system = systems.entry((row["submitter"].clone(), row["platform"].clone()));
        system.or_default().insert(row["scenario"].clone(), row);
    }
    let (mut errors, mut broken) = (Vec::new(), 0);
    for of in systems.values() {
        let (Some(offline), Some(server)) = (of.get("Offline"), of.get("Server")) else {
            continue;
        };
        let system = System::new(offline, server);
        if system.is_broken() {
            let mean = number(server, "lat_mean") / 1e6;
            assert!(mean > 10.0 * system.p99_ms, "{} is sound", system.name);
            broken += 1;
            continue;
        }
        let batch = system.fitted();
        let error = system.times(batch).p99_ms / system.p99_ms - 1.0;
        eprintln!(
            "{}: τ0 {:.2} ms, α {:.1} µs, p99 {error:+.3}",
            system.name,
            batch.base / 1e6,
            batch.item / 1e3
        );
        assert!(error.abs() <= 0.10, "{}: {error}", system.name);
        errors.push(error);
    }
    eprintln!("median {:.3} of {}", median_size(&errors), errors.len());
    assert_eq!((errors.len(), broken), (32, BROKEN.len()));
}
