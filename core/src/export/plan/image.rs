//! The image of a node.

use super::Planner;
use crate::catalogue::Engine;
use crate::export::quantity;
use crate::hardware::Gpu;
use crate::spec::{self, Protocol};

/// The image that is stated; else the one that the program's project publishes.
pub(in crate::export) enum Image {
    Stated(String),
    Published(String),
}

/// The image of a node, as far as it or its program says; without a digest of the node's own.
pub(in crate::export) fn of(
    node: &spec::Node,
    engine: Option<&Engine>,
    gpu: Option<&Gpu>,
) -> Option<Image> {
    let serving = node.serving.as_ref();
    if let Some(stated) = serving.and_then(|serving| serving.image.as_ref()) {
        return Some(Image::Stated(stated.value.0.clone()));
    }
    let protocol = serving.and_then(|serving| serving.protocol);
    let protocol = protocol.map_or(Protocol::Http, |protocol| protocol.value);
    let published = engine?.image(gpu.map(|gpu| &*gpu.name), protocol)?;
    Some(Image::Published(published))
}

/// An image with the digest that the node states.
pub(in crate::export) fn pinned(image: String, node: &spec::Node) -> String {
    let serving = node.serving.as_ref();
    match serving.and_then(|serving| serving.digest.as_ref()) {
        Some(digest) if !image.contains('@') => {
            let digest = digest.value.0.trim_start_matches("sha256:");
            format!("{image}@sha256:{digest}")
        }
        _ => image,
    }
}

impl Planner<'_, '_, '_> {
    pub(super) fn image(
        &mut self,
        engine: Option<&'static Engine>,
        gpu: Option<&Gpu>,
        object: &str,
    ) -> String {
        let image = match of(self.node, engine, gpu) {
            Some(Image::Stated(image)) => image,
            published => {
                let image = if let Some(Image::Published(image)) = published {
                    image
                } else {
                    let version = self.cx.subject.version.map(quantity::label_value);
                    let version = version.filter(|version| !version.is_empty());
                    format!("{object}:{}", version.as_deref().unwrap_or("0.0.0"))
                };
                self.assume(self.cx.kinds.image, "the image", &image);
                image
            }
        };
        pinned(image, self.node)
    }
}
