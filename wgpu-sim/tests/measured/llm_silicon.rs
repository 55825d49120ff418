//! Time per output token of measured servers: `llm-silicon-measured.csv`.
//!
//! Each row is a server that always held `batch_size` requests of equal prompts and answers, so its
//! mean step is [`StepLoad::steady`].

use std::collections::BTreeMap;

use modelspec_core::Analysis;
use modelspec_core::hardware::Catalogue;
use modelspec_core::spec::{Model, Precision};
use wgpu_sim::service::calibrate::{MeasuredStep, step};
use wgpu_sim::service::efficiency::{SERVED, reached, single};
use wgpu_sim::service::generator::AtPeak;
use wgpu_sim::service::{StepLoad, least_squares};

use crate::table::{Row, median_size, number, quantile, rows, shared};

struct Measured {
    server: String,
    gpu: &'static str,
    gpus: u32,
    model: Model,
    parts: AtPeak,
    load: StepLoad,
    time: f64,
}

impl Measured {
    fn precision(&self) -> Precision {
        self.model.precision.unwrap().value
    }
}

/// Model facts by the models' own `config.json`.
fn model(id: &str, precision: &str) -> Model {
    let facts = match id {
        "Qwen/Qwen3-32B" => "parameters: 32.8B, layers: 64, heads: 64, kvHeads: 8, headDim: 128",
        "meta-llama/Llama-3.1-70B" => {
            "parameters: 70.6B, layers: 80, heads: 64, kvHeads: 8, headDim: 128"
        }
        _ => panic!("the facts of {id} are not here"),
    };
    // An empty cell is the precision that the model is published in.
    let precision = if precision.is_empty() {
        "bf16"
    } else {
        precision
    };
    let text = format!(
        "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nspec:\n  nodes:\n    one: {{model: {{{facts}, precision: {precision}}}}}\n"
    );
    let graph = Analysis::new(text).graph.unwrap();
    graph.spec.node("one").unwrap().model.clone().unwrap().value
}

fn read(row: &Row) -> Measured {
    let gpu = match &*row["system"] {
        "h100_sxm" => "H100-80GB-SXM",
        "b200_sxm" => "B200-180GB-SXM",
        other => panic!("the GPU of {other} is not named here"),
    };
    let model = model(&row["model_path"], &row["precision"]);
    let gpus = row["tp_size"].parse().unwrap();
    let catalogue = Catalogue::builtin();
    let parts = AtPeak::new(&model, catalogue.find(gpu).unwrap(), gpus).unwrap();
    let of = |column| number(row, column);
    Measured {
        server: [
            "model_path",
            "system",
            "precision",
            "backend",
            "backend_version",
        ]
        .map(|column| row[column].clone())
        .join(" "),
        gpu,
        gpus,
        model,
        parts,
        load: StepLoad::steady(of("batch_size"), of("isl"), of("osl")),
        time: 1e6 * of("silicon_tpot_ms"),
    }
}

fn measured() -> Option<Vec<Measured>> {
    let text = shared("llm-silicon-measured.csv")?;
    Some(rows(&text).iter().map(read).collect())
}

fn groups<K: Ord>(of: &[Measured], key: impl Fn(&Measured) -> K) -> BTreeMap<K, Vec<&Measured>> {
    let mut groups: BTreeMap<K, Vec<&Measured>> = BTreeMap::new();
    for one in of {
        groups.entry(key(one)).or_default().push(one);
    }
    groups
}

/// Shares of the peaks of weight reads and products, fitted to servers: all else as the catalogue
/// and the formula have it.
fn fit(of: &[&Measured]) -> (f64, f64) {
    let catalogue = Catalogue::builtin();
    let (mut lines, mut goals) = (Vec::new(), Vec::new());
    for one in of {
        let gpu = catalogue.find(one.gpu).unwrap();
        let reached = reached(&catalogue, gpu, one.precision());
        let parts = one.parts;
        let known = parts.fixed + parts.context / reached.kv_read * one.load.context;
        let products = parts.token * one.load.tokens + parts.pair * one.load.prefill;
        lines.push(vec![parts.weights / one.time, products / one.time]);
        goals.push(1.0 - known / one.time);
    }
    // No share is above 1, so no factor below 1.
    let found = least_squares::bounded(&lines, &goals, &[1.0, 1.0]).unwrap();
    (1.0 / found[0], 1.0 / found[1])
}

fn error(one: &Measured, (weight_read, compute): (f64, f64)) -> f64 {
    let catalogue = Catalogue::builtin();
    let gpu = catalogue.find(one.gpu).unwrap();
    let mut reached = reached(&catalogue, gpu, one.precision());
    (reached.weight_read, reached.compute) = (weight_read, compute);
    one.parts.step(&reached).of(&one.load) / one.time - 1.0
}

/// Fits the table of efficiencies anew, and tells it with `--nocapture`.
#[test]
fn the_table_of_efficiencies_is_what_the_measurements_give() {
    let Some(measured) = measured() else { return };
    let (mut seen, mut worst) = (0, 0.0_f64);
    for ((gpu, bits), of) in groups(&measured, |one| (one.gpu, one.precision().bits())) {
        let (weight_read, compute) = fit(&of);
        eprintln!(
            "{gpu}, {bits} bits, {} rows: η_w {weight_read:.3}, μ {compute:.3}",
            of.len()
        );
        let row = SERVED.iter().find(|row| row.gpu == gpu && row.bits == bits);
        let row = row.expect("a row of each GPU and precision that was measured");
        let off = [row.weight_read - weight_read, row.compute - compute];
        worst = off.iter().fold(worst, |worst, off| worst.max(off.abs()));
        seen += 1;
    }
    assert!(worst < 0.01, "a share of the table is {worst} off");
    assert_eq!(seen, SERVED.len());
}

#[test]
fn the_defaults_lie_within_twenty_percent_in_the_median() {
    let Some(measured) = measured() else { return };
    let catalogue = Catalogue::builtin();
    let of = |shares: &dyn Fn(&Measured) -> (f64, f64)| -> Vec<f64> {
        measured.iter().map(|one| error(one, shares(one))).collect()
    };
    let gpu = |one: &Measured| catalogue.find(one.gpu).unwrap().clone();
    let fitted = of(&|one| {
        let reached = reached(&catalogue, &gpu(one), one.precision());
        (reached.weight_read, reached.compute)
    });
    let unfitted = of(&|one| {
        let single = single(&catalogue, &gpu(one), one.precision().bits());
        (single.weight_read, single.compute)
    });
    let (median, far) = (
        median_size(&fitted),
        quantile(&fitted.iter().map(|it| it.abs()).collect::<Vec<_>>(), 0.9),
    );
    eprintln!("defaults: median {median:.3}, nine of ten within {far:.3}");
    eprintln!(
        "single products and reads alone: median {:.3}",
        median_size(&unfitted)
    );
    assert!(median <= 0.20, "{median}");
    assert!(median_size(&unfitted) <= 0.25);
}

/// The honest figure: a server that the efficiencies were not fitted to.
#[test]
fn a_server_that_was_left_out_lies_within_twenty_percent() {
    let Some(measured) = measured() else { return };
    let mut errors = Vec::new();
    for (server, own) in groups(&measured, |one| one.server.clone()) {
        let kin = (own[0].gpu, own[0].precision());
        let others: Vec<&Measured> = measured
            .iter()
            .filter(|one| one.server != server && (one.gpu, one.precision()) == kin)
            .collect();
        // A handful of rows decide no efficiencies.
        if others.len() > 20 {
            let shares = fit(&others);
            let here: Vec<f64> = own.iter().map(|one| error(one, shares)).collect();
            eprintln!(
                "{server}: median {:.3} of {}",
                median_size(&here),
                here.len()
            );
            errors.extend(here);
        }
    }
    let median = median_size(&errors);
    eprintln!("left out: median {median:.3} of {}", errors.len());
    assert!(
        errors.len() > 600 && median <= 0.20,
        "{median} of {}",
        errors.len()
    );
}

/// c0 … c3 of each server and number of GPUs, from every other of its rows, judged on the rest.
#[test]
fn calibrated_servers_lie_within_ten_percent() {
    let Some(measured) = measured() else { return };
    let (mut errors, mut left) = (Vec::new(), 0);
    let mut servers: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for ((server, gpus), of) in groups(&measured, |one| (one.server.clone(), one.gpus)) {
        if of.len() < 8 {
            left += of.len();
            continue;
        }
        let mut here = Vec::new();
        for judged in 0..2 {
            let part = |own: bool| {
                of.iter()
                    .enumerate()
                    .filter(move |(at, _)| (at % 2 == judged) == own)
            };
            let points: Vec<MeasuredStep> = part(false)
                .map(|(_, one)| MeasuredStep {
                    load: one.load,
                    time: one.time,
                })
                .collect();
            let fit = step(&points).unwrap();
            here.extend(part(true).map(|(_, one)| fit.value.of(&one.load) / one.time - 1.0));
        }
        eprintln!(
            "{server} on {gpus}: median {:.3} of {}",
            median_size(&here),
            here.len()
        );
        servers.entry(server).or_default().extend(&here);
        errors.extend(here);
    }
    let median = median_size(&errors);
    eprintln!(
        "calibrated: median {median:.3} of {}, {left} in groups too small",
        errors.len()
    );
    assert!(
        errors.len() > 600 && median <= 0.10,
        "{median} of {}",
        errors.len()
    );
    for (server, errors) in servers {
        let median = median_size(&errors);
        assert!(median <= 0.10, "{server}: {median}");
    }
}
