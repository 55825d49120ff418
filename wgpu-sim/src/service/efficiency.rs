//! The shares of a GPU's peaks that programs reach.
//!
//! Three sources, best first:
//! 1. [`SERVED`]: fitted to whole servers that were measured. A test fits them anew from the
//!    measurements and compares (`tests/measured.rs`).
//! 2. The efficiencies of the GPU catalogue ([`Gpu::efficiency`]): single products and reads. Where
//!    a GPU of the same generation was measured as a server, they are moved by as much as that
//!    GPU's moved.
//! 3. For a GPU that nobody measured, the median of its generation; of all, where none of its
//!    generation was measured.

use modelspec_core::hardware::{Catalogue, Efficiency, Gpu};
use modelspec_core::spec::Precision;

use super::Basis;

/// Efficiencies fitted to measured servers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    /// The GPU in the catalogue.
    pub gpu: &'static str,
    /// Bits of a weight.
    pub bits: u64,
    /// Share of the bandwidth at which weights are read: `η_w`.
    pub weight_read: f64,
    /// Share of the peak of matrix products at saturation: μ.
    pub compute: f64,
}

/// Fitted to `silicon_tpot_ms` of `llm-silicon-measured.csv` (ai-dynamo/aiconfigurator @095f58a):
/// Qwen3-32B and Llama-3.1-70B under TensorRT-LLM, vLLM and `SGLang`.
pub const SERVED: &[Served] = &[
    Served {
        gpu: "H100-80GB-SXM",
        bits: 16,
        weight_read: 0.832,
        compute: 0.942,
    },
    Served {
        gpu: "H100-80GB-SXM",
        bits: 8,
        weight_read: 0.756,
        compute: 0.446,
    },
    Served {
        gpu: "B200-180GB-SXM",
        bits: 8,
        weight_read: 0.776,
        compute: 0.58,
    },
    Served {
        gpu: "B200-180GB-SXM",
        bits: 4,
        weight_read: 0.45,
        compute: 0.451,
    },
];

/// The time of a layer's small kernels and the host between them, in nanoseconds.
pub const LAYER_NS: f64 = 20_000.0;

/// What programs reach of one GPU, for weights of one precision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reached {
    /// Share of the bandwidth at which weights are read: `η_w`.
    pub weight_read: f64,
    /// Share of the bandwidth at which attention reads the KV cache: `η_kv`.
    pub kv_read: f64,
    /// Share of the peak of matrix products at saturation: μ.
    pub compute: f64,
    /// What these rest on.
    pub basis: Basis,
}

/// GPUs of one architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    Turing,
    Ampere,
    Ada,
    Hopper,
    Blackwell,
    Other,
}

fn generation(name: &str) -> Generation {
    // By how makers name their products; what a user adds is named alike.
    let begins = |names: &[&str]| names.iter().any(|begin| name.starts_with(begin));
    if begins(&["T4"]) {
        Generation::Turing
    } else if begins(&["A10", "A30", "A40"]) {
        Generation::Ampere
    } else if begins(&["L4", "L40", "RTX-40"]) {
        Generation::Ada
    } else if begins(&["H100", "H200", "GH200", "H20"]) {
        Generation::Hopper
    } else if begins(&[
        "B100",
        "B200",
        "B300",
        "GB200",
        "GB300",
        "RTX-PRO-6000",
        "RTX-50",
    ]) {
        Generation::Blackwell
    } else {
        Generation::Other
    }
}

/// The peak of matrix products with weights of a precision, in operations per second. Weights that
/// the GPU has no products for are widened before: products run at bf16.
pub fn peak(gpu: &Gpu, precision: Precision) -> f64 {
    let tera = match precision {
        // Products of fp32 inputs run at half the rate of bf16 ones where tensor cores take them
        // (TF32), by all makers' data sheets.
        Precision::Fp32 => 0.5 * gpu.bf16_tflops,
        Precision::Bf16 | Precision::Fp16 | Precision::Int4 => gpu.bf16_tflops,
        Precision::Fp8 | Precision::Int8 => gpu.fp8_tflops.unwrap_or(gpu.bf16_tflops),
        Precision::Fp4 => gpu.fp4_tflops.or(gpu.fp8_tflops).unwrap_or(gpu.bf16_tflops),
    };
    tera * 1e12
}

/// What programs reach of a GPU with weights of a precision.
pub fn reached(catalogue: &Catalogue, gpu: &Gpu, precision: Precision) -> Reached {
    let bits = precision.bits().min(16);
    let single = single(catalogue, gpu, bits);
    let served = |name: &str| {
        let mut rows = SERVED.iter();
        rows.find(|row| row.gpu == name && row.bits == bits)
    };
    if let Some(row) = served(&gpu.name) {
        return Reached {
            weight_read: row.weight_read,
            compute: row.compute,
            basis: Basis::Served,
            ..single
        };
    }
    let kin = SERVED
        .iter()
        .find(|row| row.bits == bits && generation(row.gpu) == generation(&gpu.name));
    let kin = kin.and_then(|row| Some((row, catalogue.find(row.gpu).ok()?)));
    let Some((row, measured)) = kin else {
        return single;
    };
    let theirs = self::single(catalogue, measured, bits);
    let moved = |own: f64, fitted: f64, theirs: f64| (own * fitted / theirs).min(1.0);
    Reached {
        weight_read: moved(single.weight_read, row.weight_read, theirs.weight_read),
        compute: moved(single.compute, row.compute, theirs.compute),
        ..single
    }
}

/// The same from single products and reads alone.
pub fn single(catalogue: &Catalogue, gpu: &Gpu, bits: u64) -> Reached {
    if let Some(known) = gpu.efficiency.as_ref().and_then(|own| shares(own, bits)) {
        let basis = Basis::Measured;
        return Reached { basis, ..known };
    }
    let all = catalogue.gpus().iter();
    let measured: Vec<(Generation, Reached)> = all
        .filter_map(|gpu| {
            let shares = shares(gpu.efficiency.as_ref()?, bits)?;
            Some((generation(&gpu.name), shares))
        })
        .collect();
    let own = generation(&gpu.name);
    let kin: Vec<Reached> = measured
        .iter()
        .filter(|(generation, _)| *generation == own)
        .map(|(_, shares)| *shares)
        .collect();
    let all = || measured.iter().map(|(_, shares)| *shares).collect();
    let of = if kin.is_empty() { all() } else { kin };
    let middle = |get: fn(&Reached) -> f64| median(of.iter().map(get).collect());
    Reached {
        weight_read: middle(|it| it.weight_read),
        kv_read: middle(|it| it.kv_read),
        compute: middle(|it| it.compute),
        basis: Basis::Generation,
    }
}

/// The share of the peak of matrix products that products of so many tokens reach: µ.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve(Vec<(f64, f64)>);

impl Curve {
    fn of(measured: &[(u32, f64)]) -> Option<Self> {
        let points = measured
            .iter()
            .map(|&(tokens, share)| (f64::from(tokens), share));
        let is_share = |share: f64| share > 0.0 && share <= 1.0;
        let is_good = measured.iter().all(|&(_, share)| is_share(share));
        (!measured.is_empty() && is_good).then(|| Self(points.collect()))
    }

    /// µ of so many tokens: a line over the logarithm of their number between what was measured;
    /// beyond the last it stays, and below the first it falls with the number, for there the time
    /// is that of reading the weights.
    pub fn at(&self, tokens: f64) -> f64 {
        let Some(&(most, last)) = self.0.last() else {
            return 1.0;
        };
        let above = self.0.iter().position(|&(at, _)| at >= tokens);
        let Some(above) = above.filter(|_| tokens < most) else {
            return last;
        };
        let get = |place: usize| self.0.get(place).copied().unwrap_or((most, last));
        let (right, high) = get(above);
        let Some(below) = above.checked_sub(1) else {
            return high * tokens / right;
        };
        let (left, low) = get(below);
        low + (high - low) * libm::log(tokens / left) / libm::log(right / left)
    }

    /// Tokens over µ: the time of so many tokens, in tokens at the whole peak. More tokens never
    /// take less time.
    pub fn effort(&self, tokens: f64) -> f64 {
        let at = |tokens: f64| tokens / self.at(tokens).max(f64::MIN_POSITIVE);
        let first = self.0.first().map_or(tokens, |&(first, _)| first);
        let passed = self.0.iter().map(|&(known, _)| known);
        let passed = passed.filter(|&known| known <= tokens).map(at);
        passed.fold(at(tokens.max(first)), f64::max)
    }
}

/// The curve of a GPU for weights of so many bits; of one that nobody measured, that of the median
/// of its generation.
pub fn curve(catalogue: &Catalogue, gpu: &Gpu, bits: u64) -> (Curve, Basis) {
    let of = |gpu: &Gpu| {
        let own = gpu.efficiency.as_ref()?;
        // What fp8 was not measured for, such as Ampere, computes as bf16 does.
        let narrow = Curve::of(&own.fp8).filter(|_| bits <= 8);
        narrow.or_else(|| Curve::of(&own.bf16))
    };
    if let Some(own) = of(gpu) {
        return (own, Basis::Measured);
    }
    let own = generation(&gpu.name);
    let known: Vec<(Generation, Curve)> = catalogue
        .gpus()
        .iter()
        .filter_map(|gpu| Some((generation(&gpu.name), of(gpu)?)))
        .collect();
    let is_kin = known.iter().any(|(generation, _)| *generation == own);
    let kin = known
        .iter()
        .filter(|(generation, _)| !is_kin || *generation == own);
    let mut kin: Vec<&Curve> = kin.map(|(_, curve)| curve).collect();
    let saturated = |curve: &Curve| curve.at(f64::INFINITY);
    kin.sort_by(|a, b| saturated(a).total_cmp(&saturated(b)));
    let middle = kin.len().saturating_sub(1) / 2;
    let median = kin.get(middle).map(|&curve| curve.clone());
    // Of nothing, the middle of what a share can be.
    let median = median.unwrap_or_else(|| Curve(vec![(128.0, 0.5)]));
    (median, Basis::Generation)
}

fn shares(own: &Efficiency, bits: u64) -> Option<Reached> {
    let saturated = |curve: &[(u32, f64)]| {
        let shares = curve.iter().map(|&(_, share)| share);
        shares.reduce(f64::max)
    };
    // What fp8 was not measured for, such as Ampere, computes as bf16 does.
    let narrow = own.weight_read_fp8.zip(saturated(&own.fp8));
    let (weight_read, compute) = match narrow {
        Some(narrow) if bits <= 8 => narrow,
        _ => (own.weight_read_bf16?, saturated(&own.bf16)?),
    };
    Some(Reached {
        weight_read,
        kv_read: own.decode_attention?,
        compute,
        basis: Basis::Measured,
    })
}

/// The lower median; 0.5 of nothing, the middle of what a share can be.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len().saturating_sub(1) / 2;
    values.get(middle).copied().unwrap_or(0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(name: &str, precision: Precision) -> Reached {
        let catalogue = Catalogue::builtin();
        let gpu = catalogue.find(name).unwrap();
        reached(&catalogue, gpu, precision)
    }

    #[test]
    fn a_gpu_has_the_best_that_is_known_of_it() {
        assert_eq!(on("H100-80GB-SXM", Precision::Bf16).basis, Basis::Served);
        assert_eq!(on("A100-80GB-SXM", Precision::Bf16).basis, Basis::Measured);
        assert_eq!(on("RTX-4090", Precision::Bf16).basis, Basis::Generation);
        // The one measured GPU of its generation.
        let (card, kin) = (on("RTX-4090", Precision::Bf16), on("L40S", Precision::Bf16));
        assert_eq!(
            (card.weight_read, card.compute),
            (kin.weight_read, kin.compute)
        );
    }

    /// An H200 is an H100 with faster memory: no figure of it may come out slower.
    #[test]
    fn the_faster_of_two_kin_stays_the_faster() {
        for precision in [Precision::Bf16, Precision::Fp8] {
            let read = |name| {
                let catalogue = Catalogue::builtin();
                let gpu = catalogue.find(name).unwrap();
                gpu.bandwidth_gb_s * on(name, precision).weight_read
            };
            assert!(
                read("H200-141GB-SXM") > read("H100-80GB-SXM"),
                "{precision:?}"
            );
        }
    }

    #[test]
    fn every_known_gpu_has_shares_between_0_and_1() {
        let catalogue = Catalogue::builtin();
        for gpu in catalogue.gpus() {
            for &precision in Precision::ALL {
                let reached = reached(&catalogue, gpu, precision);
                for share in [reached.weight_read, reached.kv_read, reached.compute] {
                    assert!(share > 0.1 && share <= 1.0, "{} {precision:?}", gpu.name);
                }
                assert!(peak(gpu, precision) > 1e12, "{}", gpu.name);
            }
        }
    }
}
