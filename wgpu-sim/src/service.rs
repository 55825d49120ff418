//! How long a node's own work takes, where nobody states it: estimated from the facts of its model
//! and its GPU, or calibrated to measurements.
//!
//! An estimate says what it rests on ([`Basis`]) and how far measured figures lay from it
//! ([`Basis::band`]). The formulas stand at [`generator`],
//! [`encoder`] and [`search`]; the shares of a GPU's peaks that they use, at [`efficiency`].

pub mod calibrate;
pub mod efficiency;
pub mod encoder;
pub mod generator;
pub mod least_squares;
pub mod measurements;
pub mod replay;
pub mod search;

use modelspec_core::hardware::{Catalogue, Gpu};
use modelspec_core::spec::Placement;

pub use crate::program::network::StepTime;

/// The GPU of a placement, and how many of them a replica has; what is missing, as the end of a
/// sentence about the node.
fn gpu_of<'c>(placement: &Placement, catalogue: &'c Catalogue) -> Result<(&'c Gpu, u32), String> {
    let stated = placement.gpu.as_ref();
    let stated = stated.ok_or("its placement states no GPU")?;
    let gpu = catalogue.find(&stated.value);
    let gpu = gpu.map_err(|_| format!("the GPU `{}` is not known", stated.value.0))?;
    let gpus = placement.gpus_per_replica.map_or(1, |gpus| gpus.value.0);
    Ok((gpu, gpus))
}

impl StepTime {
    /// The time of a step, in nanoseconds: base + token·T + context·C + prefill·Q.
    pub fn of(&self, load: &StepLoad) -> f64 {
        self.base
            + self.token * load.tokens
            + self.context * load.context
            + self.prefill * load.prefill
    }
}

/// What one step computes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepLoad {
    /// Tokens: one for each sequence that answers, and those of prompts.
    pub tokens: f64,
    /// The sum of the contexts of its sequences, in tokens.
    pub context: f64,
    /// The sum of k·(context + k/2) over parts of prompts of k tokens.
    pub prefill: f64,
}

impl StepLoad {
    /// The mean step of `sequences` requests that are always there, each with a prompt and an
    /// answer of so many tokens, and each replaced by the next when it is answered: in the time of
    /// one answer every sequence has its prompt computed once.
    pub fn steady(sequences: f64, prompt: f64, answer: f64) -> Self {
        let renewed = sequences / answer.max(1.0);
        Self {
            tokens: sequences + renewed * prompt,
            context: sequences * (prompt + 0.5 * answer),
            prefill: renewed * 0.5 * prompt * prompt,
        }
    }
}

/// What an estimate rests on, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// Servers of this very GPU were measured.
    Served,
    /// Products and reads of this GPU were measured, no whole server.
    Measured,
    /// Nobody measured this GPU: it has the median of its generation.
    Generation,
    /// A rule of thumb.
    Rule,
}

impl Basis {
    /// How far measured figures lie from the estimate, as a share of it: half lie within.
    ///
    /// `Served` and `Measured` are what the tests against measured servers found for a server
    /// that the efficiencies were not fitted to, and without any fit; the other two are bounds that
    /// nobody measured.
    pub const fn band(self) -> f64 {
        match self {
            Self::Served => 0.20,
            Self::Measured => 0.25,
            Self::Generation => 0.5,
            Self::Rule => 1.0,
        }
    }

    /// What it rests on, in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Served => "servers measured on this GPU",
            Self::Measured => "efficiencies measured on this GPU",
            Self::Generation => "an unmeasured GPU: the median of its generation",
            Self::Rule => "a rule of thumb",
        }
    }
}
