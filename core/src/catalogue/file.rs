//! The document `kind: Catalogue`: facts that a user knows, each with its source.

use crate::check::{Code, Diagnostic};
use crate::hardware::Vendor;
use crate::spec::{
    self, Api, ByText, Bytes, Document, Image, Map, MoneyRate, Node, Positive, Text,
};
use crate::text::{Span, Spanned};

/// The kind of a catalogue.
pub const KIND: &str = "Catalogue";
/// The name of the file beside the documents that it helps to write.
pub const FILE_NAME: &str = "modelspec.catalogue.yaml";

record! {
    /// What is known of models, GPUs and serving programs.
    pub struct CatalogueFile {
        /// The version of the format: `modelgraph/v1alpha1`.
        @required "apiVersion" api_version: Text,
        /// `Catalogue`.
        @required "kind" kind: Text,
        /// Models, by what their hub calls them.
        "models" models: Map<ByText, Vec<Spanned<Facts>>>,
        /// GPUs, by name.
        "gpus" gpus: Map<ByText, KnownGpu>,
        /// Serving programs, by the name in `serving.engine`.
        "engines" engines: Map<ByText, KnownEngine>,
    }

    /// What one source states of a model.
    pub struct Facts {
        /// Where it is stated: an address, or a few words.
        @required "source" source: Text,
        /// When it was read there: `2026-11-26`.
        @required "date" date: Text,
        /// What a reader should know beside it.
        "note" note: Text,
        /// What it states, as a node that runs the model would.
        @required "node" node: Node,
    }

    /// A GPU.
    pub struct KnownGpu {
        /// Where its figures are stated.
        @required "source" source: Text,
        /// When they were read there.
        @required "date" date: Text,
        /// What else it is called.
        "aliases" aliases: Vec<Spanned<Text>>,
        /// Who makes it; default `nvidia`.
        "vendor" vendor: Vendor,
        /// Memory that programs see.
        @required "memory" memory: Bytes,
        /// Peak memory bandwidth in 10⁹ bytes per second.
        @required "bandwidthGBs" bandwidth_gb_s: f64,
        /// Dense peak of bf16 matrix products in 10¹² operations per second.
        @required "bf16Tflops" bf16_tflops: f64,
        /// Dense peak of fp8 products in 10¹² operations per second; none if not stated.
        "fp8Tflops" fp8_tflops: f64,
        /// Dense peak of fp4 products in 10¹² operations per second; none if not stated.
        "fp4Tflops" fp4_tflops: f64,
        /// Power limit in watts.
        "powerW" power_w: f64,
        /// Bandwidth to the next GPU, one way, in 10⁹ bytes per second.
        "linkGBs" link_gb_s: f64,
        /// What an hour of it costs.
        "price" price: MoneyRate,
    }

    /// A program that serves models.
    pub struct KnownEngine {
        /// Where it is stated.
        @required "source" source: Text,
        /// When it was read there.
        @required "date" date: Text,
        /// Its container image.
        "image" image: Image,
        /// Where it listens.
        "port" port: Positive,
        /// How it is called.
        "api" api: Api,
        /// The path that answers once it can serve.
        "health" health: Text,
    }
}

/// Reads a catalogue.
///
/// # Errors
/// What is wrong with it, by place; and where the text holds no catalogue.
pub fn read(text: &str) -> Result<CatalogueFile, Vec<Diagnostic>> {
    let mut reading = spec::read(text);
    if !reading.diagnostics.is_empty() {
        return Err(reading.diagnostics);
    }
    let found = reading
        .documents
        .drain(..)
        .find_map(|document| match document {
            Document::Catalogue(file) => Some(*file),
            _ => None,
        });
    found.ok_or_else(|| {
        let message = format!("there is no document of `kind: {KIND}`");
        let help = format!(
            "begin with `apiVersion: {}`, `kind: {KIND}`",
            spec::API_VERSION
        );
        let found = Diagnostic::new(Code::UNKNOWN_KIND, Span::default(), message);
        vec![found.with_help(help)]
    })
}
