//! The time of a batch of an encoder — an embedder, reranker or classifier — from its model and
//! GPU.
//!
//! τ(b, s) = τ0 + b·s·2·parameters / (GPUs · peak · µ(b·s)): b sequences of s tokens each, of which
//! every token passes all weights once. τ0 is the layers' small kernels, 20 µs each. µ is the share
//! of the peak that products of so many tokens reach; of few tokens it falls as their number does,
//! for then the weights' way from memory takes the time.
//!
//! Attention between the tokens is left out: at 512 tokens it is a fourteenth of the products.

use modelspec_core::hardware::Catalogue;
use modelspec_core::spec::{Model, Placement};

use super::efficiency::{Curve, LAYER_NS, curve, peak};
use super::{Basis, gpu_of};

/// How long batches of an encoder take.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoder {
    /// τ0, in nanoseconds.
    pub base: f64,
    /// What depends on the tokens.
    pub products: Products,
}

impl Encoder {
    /// The time of a batch of so many tokens, in nanoseconds.
    pub fn time(&self, tokens: f64) -> f64 {
        self.base + self.products.time(tokens)
    }
}

/// The matrix products of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Products {
    /// One token's at the whole peak, in nanoseconds.
    pub token: f64,
    /// The share of the peak that they reach.
    pub reached: Curve,
    /// What the share rests on.
    pub basis: Basis,
}

impl Products {
    /// The products of a model on the GPU of its placement.
    ///
    /// # Errors
    /// What is missing, as the end of a sentence about the node.
    pub fn new(
        model: &Model,
        placement: &Placement,
        catalogue: &Catalogue,
    ) -> Result<Self, String> {
        let (gpu, gpus) = gpu_of(placement, catalogue)?;
        let lacks = |fact: &str| format!("to estimate its service time {fact} is missing");
        let parameters = model
            .active_parameters
            .or(model.parameters)
            .ok_or_else(|| lacks("`model.parameters`"))?;
        let precision = model.precision.ok_or_else(|| lacks("`model.precision`"))?;
        let per_ns = f64::from(gpus.max(1)) * peak(gpu, precision.value) / 1e9;
        let (reached, basis) = curve(catalogue, gpu, precision.value.bits());
        Ok(Self {
            token: 2.0 * parameters.value.0 as f64 / per_ns,
            reached,
            basis,
        })
    }

    /// The time of so many tokens' products, in nanoseconds.
    pub fn time(&self, tokens: f64) -> f64 {
        self.token * self.reached.effort(tokens)
    }
}

/// An encoder's times on the GPU of its placement.
///
/// # Errors
/// What is missing, as the end of a sentence about the node.
pub fn estimate(
    model: &Model,
    placement: &Placement,
    catalogue: &Catalogue,
) -> Result<Encoder, String> {
    let products = Products::new(model, placement, catalogue)?;
    let layers = model.layers;
    let layers = layers.ok_or("to estimate its service time `model.layers` is missing")?;
    Ok(Encoder {
        base: LAYER_NS * f64::from(layers.value.0),
        products,
    })
}
