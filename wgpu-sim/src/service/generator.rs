//! The step time of a generator under continuous batching, from its model and GPU.
//!
//! - c0 = weights / (GPUs · bandwidth · `η_w`) + layers · 20 µs + 2 · layers · all-reduce
//! - c1 = 2 · parameters at work / (GPUs · peak · μ)
//! - c2 = KV bytes of a token on each GPU / (bandwidth · `η_kv`)
//! - c3 = 4 · layers · heads · head size / (GPUs · bf16 peak · μ): attention's two products, two
//!   operations each, for a pair of tokens
//!
//! A static part of a GPU (`share: {mig: …}`) has its part of the peak, and of the bandwidth what it
//! has of the memory.
//!
//! Weights and KV bytes are those of `modelspec_core::hardware`, as rules MG501 and MG506 count
//! them.

use modelspec_core::hardware::{
    Catalogue, Gpu, MemoryFit, kv_bytes_per_token, memory_of, slice, weight_bytes,
};
use modelspec_core::spec::{Model, Placement, Precision};

use super::efficiency::{LAYER_NS, Reached, peak, reached};
use super::{Basis, StepTime, gpu_of};

/// What a generator does, as far as model and GPU say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Generator {
    /// The time of a step.
    pub step: StepTime,
    /// Tokens that the KV cache of a replica holds.
    pub kv_tokens: u64,
    /// What the times rest on.
    pub basis: Basis,
}

/// The parts of a step's time that do not depend on how well a GPU is used: at its peaks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtPeak {
    /// Reading all weights at the whole bandwidth, in nanoseconds.
    pub weights: f64,
    /// One token's products at peak, in nanoseconds.
    pub token: f64,
    /// Reading a token of context at the whole bandwidth, in nanoseconds.
    pub context: f64,
    /// Attention between two tokens at peak, in nanoseconds.
    pub pair: f64,
    /// Small kernels and all-reduces of all layers, in nanoseconds.
    pub fixed: f64,
}

impl AtPeak {
    /// The parts of a model on `gpus` GPUs; what is missing of the facts, as a document states it.
    ///
    /// # Errors
    /// The first fact that is missing.
    pub fn new(model: &Model, gpu: &Gpu, gpus: u32) -> Result<Self, &'static str> {
        let precision = model.precision.ok_or("`model.precision`")?.value;
        let layers = f64::from(model.layers.ok_or("`model.layers`")?.value.0);
        let parameters = model.parameters.ok_or("`model.parameters`")?.value.0;
        let active = model
            .active_parameters
            .map_or(parameters, |active| active.value.0);
        let weights = weight_bytes(model).ok_or("a number of `model.parameters` below 2⁶⁰")? as f64;
        let heads = model.kv_heads.ok_or("`model.kvHeads`").map(|_| ());
        let size = model.head_dim.ok_or("`model.headDim`").map(|_| ());
        let context = kv_bytes_per_token(model, gpus);
        let context = context.ok_or_else(|| heads.and(size).err().unwrap_or("`model.kvHeads`"))?;
        let width = match (model.heads, model.head_dim, model.hidden) {
            (Some(heads), Some(size), _) => f64::from(heads.value.0) * f64::from(size.value.0),
            // Most models' heads fill their hidden state.
            (_, _, Some(hidden)) => f64::from(hidden.value.0),
            _ => return Err("`model.heads`"),
        };
        let (many, bandwidth) = (f64::from(gpus.max(1)), gpu.bandwidth_gb_s);
        let per_ns = |precision| many * peak(gpu, precision) / 1e9;
        Ok(Self {
            weights: weights / (many * bandwidth),
            token: 2.0 * active as f64 / per_ns(precision),
            context: context as f64 / bandwidth,
            pair: 4.0 * layers * width / per_ns(Precision::Bf16),
            fixed: layers * (LAYER_NS + 2.0 * all_reduce_ns(gpu, gpus)),
        })
    }

    /// On static parts of the GPUs, which compute and read so much of the whole: their small kernels
    /// take as long.
    fn on_slice(self, compute: f64, memory: f64) -> Self {
        Self {
            weights: self.weights / memory,
            token: self.token / compute,
            context: self.context / memory,
            pair: self.pair / compute,
            fixed: self.fixed,
        }
    }

    /// The step's time with so much of the peaks.
    pub fn step(&self, reached: &Reached) -> StepTime {
        StepTime {
            base: self.weights / reached.weight_read + self.fixed,
            token: self.token / reached.compute,
            context: self.context / reached.kv_read,
            prefill: self.pair / reached.compute,
        }
    }
}

/// A generator's step time and KV cache on the GPU of its placement.
///
/// # Errors
/// What is missing or does not fit, as the end of a sentence about the node.
pub fn estimate(
    model: &Model,
    placement: &Placement,
    catalogue: &Catalogue,
) -> Result<Generator, String> {
    let (gpu, gpus) = gpu_of(placement, catalogue)?;
    let lacks = |fact| format!("to estimate its service time {fact} is missing");
    let memory = memory_of(gpu, placement);
    let mut parts = AtPeak::new(model, gpu, gpus).map_err(lacks)?;
    if let Some(slice) = slice(placement) {
        let compute = f64::from(slice.part) / f64::from(slice.whole);
        // A part of the memory is read over its part of the bus.
        parts = parts.on_slice(compute, memory as f64 / gpu.memory.0 as f64);
    }
    let fit = MemoryFit::new(model, memory, gpus);
    let kv_tokens = fit.and_then(|fit| fit.kv_tokens(model)).unwrap_or(0);
    if kv_tokens == 0 {
        let name = &gpu.name;
        return Err(format!(
            "its weights leave no room for a KV cache on {gpus} × {name}"
        ));
    }
    let precision = model.precision.map_or(Precision::Bf16, |it| it.value);
    let reached = reached(catalogue, gpu, precision);
    Ok(Generator {
        step: parts.step(&reached),
        kv_tokens,
        basis: reached.basis,
    })
}

/// The time of one small all-reduce among so many GPUs, in nanoseconds: a layer's activations of a
/// step are far below the sizes at which links fill. Of a GPU whose links nobody measured, the
/// slowest known time: that of cards without a link of their own.
pub fn all_reduce_ns(gpu: &Gpu, gpus: u32) -> f64 {
    /// L40S, by the GPU catalogue.
    const SLOWEST_US: [f64; 3] = [30.0, 90.0, 270.0];
    let measured = gpu
        .all_reduce
        .map(|it| [it.two_us, it.four_us, it.eight_us]);
    let [two, four, eight] = measured.unwrap_or(SLOWEST_US);
    let micros = match gpus {
        0 | 1 => 0.0,
        2 => two,
        3 | 4 => four,
        _ => eight,
    };
    1e3 * micros
}

#[cfg(test)]
mod tests {
    use modelspec_core::Analysis;

    use super::*;

    fn on(placement: &str, model: &str) -> Result<Generator, String> {
        let text = format!(
            "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nspec:\n  nodes:\n    one: {{model: {{{model}}}, placement: {{{placement}}}}}\n"
        );
        let graph = Analysis::new(text).graph.unwrap();
        let node = graph.spec.node("one").unwrap();
        let (model, placement) = (node.model.as_ref(), node.placement.as_ref());
        estimate(
            &model.unwrap().value,
            &placement.unwrap().value,
            &Catalogue::builtin(),
        )
    }

    const LLAMA_8B: &str =
        "parameters: 8.03B, precision: bf16, layers: 32, heads: 32, kvHeads: 8, headDim: 128";

    #[test]
    fn each_coefficient_is_its_formula() {
        let found = on("gpu: H100-80GB-SXM", LLAMA_8B).unwrap();
        // 16.06 GB at 0.832 × 3350 GB/s, and 32 layers of 20 µs.
        assert!((found.step.base - (16.06e9 / (3350.0 * 0.832) + 640e3)).abs() < 1.0);
        assert!((found.step.token - 2.0 * 8.03e9 / (989e3 * 0.942)).abs() < 1e-6);
        assert!((found.step.context - 131_072.0 / (3350.0 * 0.77)).abs() < 1e-9);
        assert!((found.step.prefill - 4.0 * 32.0 * 4096.0 / (989e3 * 0.942)).abs() < 1e-9);
        assert_eq!(found.basis, Basis::Served);
    }

    #[test]
    fn a_slice_computes_and_reads_with_its_part() {
        let whole = on("gpu: H100-80GB-SXM", LLAMA_8B).unwrap();
        let part = on(
            "gpu: H100-80GB-SXM, share: {mig: {fraction: 3/7}}",
            LLAMA_8B,
        )
        .unwrap();
        // Three of seven multiprocessors, and half of the memory; layers start as fast as ever.
        let read = |found: &Generator| found.step.base - 640e3;
        assert!((read(&part) / read(&whole) - 2.0).abs() < 1e-9);
        assert!((part.step.context / whole.step.context - 2.0).abs() < 1e-9);
        assert!((part.step.token / whole.step.token - 7.0 / 3.0).abs() < 1e-9);
        assert!((part.step.prefill / whole.step.prefill - 7.0 / 3.0).abs() < 1e-9);
        assert!(part.kv_tokens < whole.kv_tokens / 2);
    }

    #[test]
    fn more_gpus_read_faster_and_wait_for_each_other() {
        let one = on("gpu: H100-80GB-SXM", LLAMA_8B).unwrap();
        let two = on("gpu: H100-80GB-SXM, gpusPerReplica: 2", LLAMA_8B).unwrap();
        let saved = 0.5 * 16.06e9 / (3350.0 * 0.832);
        let waited = 2.0 * 32.0 * 9e3;
        assert!((two.step.base - (one.step.base - saved + waited)).abs() < 1.0);
        assert!(two.kv_tokens > 2 * one.kv_tokens);
    }

    #[test]
    fn what_is_missing_is_named() {
        let told = on("gpu: L4", "parameters: 8B, precision: bf16").unwrap_err();
        assert_eq!(
            told,
            "to estimate its service time `model.layers` is missing"
        );
        let told = on("gpu: T4", LLAMA_8B).unwrap_err();
        assert!(told.contains("no room for a KV cache on 1 × T4"), "{told}");
        let told = on("gpu: Z9", LLAMA_8B).unwrap_err();
        assert_eq!(told, "the GPU `Z9` is not known");
        assert_eq!(
            on("cpu: 8", LLAMA_8B).unwrap_err(),
            "its placement states no GPU"
        );
    }
}
