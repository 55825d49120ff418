use super::Gpu;
use crate::spec::{Model, Placement, Precision, Ratio, Share};

/// What a server keeps for activations and its own work, in bytes of each GPU.
pub const ACTIVATIONS: u64 = 1_250_000_000;

/// Tokens of one block of the KV cache: it is given out in whole blocks.
pub const KV_BLOCK_TOKENS: u64 = 16;

/// The share of a GPU's memory that a server takes, in tenths.
const TAKEN_TENTHS: u64 = 9;

/// How a model fills the memory of each of the GPUs that it is spread over. All in bytes per GPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryFit {
    /// GPUs that it is spread over.
    pub gpus: u32,
    /// Memory of one GPU.
    pub memory: u64,
    /// What of it a server may use: nine tenths, less [`ACTIVATIONS`].
    pub usable: u64,
    /// The weights' share.
    pub weights: u64,
    /// What remains for the KV cache; 0 when the weights leave nothing.
    pub room: u64,
}

impl MemoryFit {
    /// How a model fills GPUs of `memory` bytes; `None` where the number of its parameters or
    /// their precision is not known.
    pub fn new(model: &Model, memory: u64, gpus: u32) -> Option<Self> {
        let gpus = gpus.max(1);
        let weights = weight_bytes(model)?.div_ceil(u64::from(gpus));
        let usable = usable_memory(memory);
        Some(Self {
            gpus,
            memory,
            usable,
            weights,
            room: usable.saturating_sub(weights),
        })
    }

    /// Whether the weights leave anything for the KV cache.
    pub const fn fits(&self) -> bool {
        self.room > 0
    }

    /// Tokens that the KV cache holds, in whole blocks; `None` where layers, KV heads or their
    /// size are not known.
    pub fn kv_tokens(&self, model: &Model) -> Option<u64> {
        let tokens = self
            .room
            .checked_div(kv_bytes_per_token(model, self.gpus)?)?;
        let blocks = tokens.checked_div(KV_BLOCK_TOKENS)?;
        blocks.checked_mul(KV_BLOCK_TOKENS)
    }
}

/// Bytes of a model's weights: parameters × precision; `None` where either is not known.
pub fn weight_bytes(model: &Model) -> Option<u64> {
    let bits = model.precision?.bits();
    let parameters = model.parameters?.value.0;
    Some(parameters.checked_mul(bits)?.div_ceil(8))
}

/// Bytes of KV cache that a token takes on each GPU: 2 · layers · ⌈kvHeads / gpus⌉ · headDim ·
/// precision. The precision of the cache is, where not stated, that of the weights and at least 8
/// bits. `None` where a factor is not known, or nothing is left of it.
pub fn kv_bytes_per_token(model: &Model, gpus: u32) -> Option<u64> {
    let bits = match model.kv_precision {
        Some(stated) => stated.bits(),
        None => model.precision?.bits().max(Precision::Fp8.bits()),
    };
    let heads = model.kv_heads?.value.0.div_ceil(gpus.max(1));
    [
        u64::from(model.layers?.value.0),
        u64::from(heads),
        u64::from(model.head_dim?.value.0),
        bits,
    ]
    .into_iter()
    .try_fold(2_u64, u64::checked_mul)
    .map(|bits| bits.div_ceil(8))
    .filter(|&bytes| bytes > 0)
}

/// What of a GPU's memory a server may fill with weights and KV cache: nine tenths, less
/// [`ACTIVATIONS`].
pub const fn usable_memory(memory: u64) -> u64 {
    // Of a part of a byte the server has no use: rounding down loses nothing.
    let (tenth, rest) = (memory / 10, memory % 10);
    let taken = tenth
        .saturating_mul(TAKEN_TENTHS)
        .saturating_add(rest.saturating_mul(TAKEN_TENTHS) / 10);
    taken.saturating_sub(ACTIVATIONS)
}

/// The static part of each GPU that a placement has; none for whole GPUs.
pub fn slice(placement: &Placement) -> Option<Ratio> {
    match placement.share.as_ref().map(|share| &share.value) {
        Some(Share::Mig(mig)) => mig.fraction.map(|fraction| fraction.value),
        _ => None,
    }
}

/// The memory of each GPU that a placement has, in bytes.
pub fn memory_of(gpu: &Gpu, placement: &Placement) -> u64 {
    slice(placement).map_or(gpu.memory.0, |slice| slice_memory(gpu.memory.0, slice))
}

/// The memory of a static part of a GPU. Sevenths come with eighths of the memory as NVIDIA cuts
/// them: 1, 2, 4, 4 and 8 eighths for 1, 2, 3, 4 and 7 sevenths.
pub fn slice_memory(memory: u64, fraction: Ratio) -> u64 {
    let (part, whole) = match (fraction.part, fraction.whole) {
        (3 | 4, 7) => (4, 8),
        (part @ (1 | 2), 7) => (part, 8),
        stated => stated,
    };
    let part = u128::from(memory).saturating_mul(u128::from(part));
    let share = part.checked_div(u128::from(whole)).unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX).min(memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Analysis;
    use crate::hardware::Catalogue;

    fn model(facts: &str) -> Model {
        let text = format!(
            "apiVersion: modelgraph/v1alpha1\nkind: ModelGraph\nspec:\n  nodes:\n    one: {{model: {{{facts}}}}}\n"
        );
        let graph = Analysis::new(text).graph.unwrap();
        graph.spec.node("one").unwrap().model.clone().unwrap().value
    }

    const LLAMA_8B: &str =
        "parameters: 8.03B, precision: bf16, layers: 32, heads: 32, kvHeads: 8, headDim: 128";

    #[test]
    fn weights_and_cache_of_a_known_model() {
        let model = model(LLAMA_8B);
        assert_eq!(weight_bytes(&model), Some(16_060_000_000));
        assert_eq!(kv_bytes_per_token(&model, 1), Some(131_072));
        assert_eq!(kv_bytes_per_token(&model, 4), Some(32_768));
        // 8 KV heads on 16 GPUs: each holds one, as a whole.
        assert_eq!(kv_bytes_per_token(&model, 16), Some(16_384));
    }

    #[test]
    fn what_is_not_stated_is_not_guessed() {
        assert_eq!(weight_bytes(&model("parameters: 8.03B")), None);
        assert_eq!(weight_bytes(&model("precision: bf16")), None);
        let no_heads = model("precision: bf16, layers: 32, headDim: 128");
        assert_eq!(kv_bytes_per_token(&no_heads, 1), None);
    }

    #[test]
    fn the_cache_has_its_own_precision_and_at_least_eight_bits() {
        let facts = "precision: int4, layers: 32, kvHeads: 8, headDim: 128";
        assert_eq!(kv_bytes_per_token(&model(facts), 1), Some(65_536));
        let stated = format!("{facts}, kvPrecision: bf16");
        assert_eq!(kv_bytes_per_token(&model(&stated), 1), Some(131_072));
    }

    #[test]
    fn weights_that_are_too_large_leave_no_room() {
        let catalogue = Catalogue::builtin();
        let model = model(LLAMA_8B);
        let on = |gpu: &str, gpus| {
            let memory = catalogue.find(gpu).unwrap().memory.0;
            MemoryFit::new(&model, memory, gpus).unwrap()
        };
        assert!(!on("T4", 1).fits());
        assert!(on("T4", 2).fits());
        assert!(on("L4", 1).fits());
        assert_eq!(on("T4", 1).kv_tokens(&model), Some(0));
    }

    #[test]
    fn a_slice_has_the_memory_that_comes_with_it() {
        let fraction = |part, whole| Ratio { part, whole };
        assert_eq!(slice_memory(80, fraction(1, 7)), 10);
        assert_eq!(slice_memory(80, fraction(3, 7)), 40);
        assert_eq!(slice_memory(80, fraction(4, 7)), 40);
        assert_eq!(slice_memory(80, fraction(7, 7)), 80);
        assert_eq!(slice_memory(80, fraction(1, 4)), 20);
    }

    /// The cache that a real server reported for Llama-3.1-8B on an RTX 4090.
    #[test]
    fn the_measured_cache_is_met_within_five_percent() {
        let folder = std::env::var("MODELSPEC_SHARED")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared").to_owned());
        let path = format!("{folder}/data/vllm-measured/RTX4090_Llama-3.1-8B__meta.json");
        let Ok(text) = std::fs::read_to_string(&path) else {
            eprintln!("skipped: {path} is not there");
            return;
        };
        let meta: serde_json::Value = serde_json::from_str(&text).unwrap();
        let measured = meta["kv_cache"]["num_kv_tokens"].as_f64().unwrap();
        let model = model(LLAMA_8B);
        let memory = Catalogue::builtin().find("RTX-4090").unwrap().memory.0;
        let fit = MemoryFit::new(&model, memory, 1).unwrap();
        let ratio = fit.kv_tokens(&model).unwrap() as f64 / measured;
        assert!(
            (ratio - 1.0).abs() < 0.05,
            "{ratio} of the measured {measured}"
        );
    }

    /// The same figure without the file, so that it holds everywhere.
    #[test]
    fn a_consumer_card_holds_41_000_tokens_of_an_8b_model() {
        let model = model(LLAMA_8B);
        let memory = Catalogue::builtin().find("RTX-4090").unwrap().memory.0;
        let fit = MemoryFit::new(&model, memory, 1).unwrap();
        assert_eq!(fit.kv_tokens(&model), Some(41_296));
    }
}
