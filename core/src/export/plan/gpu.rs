//! The GPUs of a replica.

use super::Planner;
use crate::export::quantity;
use crate::hardware::{Gpu, Vendor};
use crate::spec::{self, Share};

/// The GPUs of a replica.
pub(in crate::export) struct Accelerator {
    /// `nvidia.com/gpu`, or a part of one.
    pub(in crate::export) resource: String,
    /// How many of it.
    pub(in crate::export) count: u32,
    /// The label of machines that have it.
    pub(in crate::export) label: &'static str,
    /// Its value; `None` where it cannot be a label.
    pub(in crate::export) product: Option<String>,
    /// What keeps other pods off such machines.
    pub(in crate::export) taint: &'static str,
}

impl Planner<'_, '_, '_> {
    pub(super) fn accelerator(&mut self, known: Option<&Gpu>) -> Option<Accelerator> {
        let placement = self.node.placement.as_ref()?;
        let stated = placement.gpu.as_ref()?;
        let count = placement.gpus_per_replica.map_or(1, |count| count.value.0);
        let amd = known.is_some_and(|gpu| gpu.vendor == Vendor::Amd);
        let (mut resource, label, taint) = if amd {
            (
                "amd.com/gpu".to_owned(),
                "amd.com/gpu.product-name",
                "amd.com/gpu",
            )
        } else {
            (
                "nvidia.com/gpu".to_owned(),
                "nvidia.com/gpu.product",
                "nvidia.com/gpu",
            )
        };
        let product = known.map_or(&*stated.value.0, |gpu| gpu.product_label());
        let mut product = quantity::label_value(&product.replace(' ', "-"));
        if let Some(share) = &placement.share {
            match &share.value {
                Share::Mig(mig) => {
                    let fraction = mig.fraction.map(|fraction| fraction.value);
                    match known
                        .zip(fraction)
                        .and_then(|(gpu, part)| mig_profile(gpu, part))
                    {
                        Some(profile) => resource = format!("nvidia.com/mig-{profile}"),
                        None => self.lose(
                            self.cx.kinds.share,
                            share.span,
                            "asks for a part of a GPU that is not known to be cut so: it gets a \
                             whole one",
                        ),
                    }
                }
                Share::Mps(_) | Share::TimeSlice(_) => {
                    // The device plugin marks machines whose GPUs it hands out more than once.
                    product.push_str("-SHARED");
                    self.lose(
                        self.cx.kinds.share,
                        share.span,
                        "shares its GPU: with whom, and how much of it each gets, only the \
                         device plugin's configuration says",
                    );
                    if matches!(&share.value, Share::TimeSlice(slice) if slice.priority.is_some()) {
                        self.lose(
                            self.cx.kinds.share,
                            share.span,
                            "has a priority on its GPU: the device plugin gives all who share \
                             one equal turns",
                        );
                    }
                }
            }
        }
        if self.cx.selects {
            let message = format!("machines with the GPU of `{}` carry this label", self.name);
            let value = format!("{label}={product}");
            let (kind, node) = (self.cx.kinds.selector, Some(self.name));
            self.cx
                .artifacts
                .assume(kind, node, stated.span, message, value);
        }
        Some(Accelerator {
            resource,
            count,
            label,
            product: (!product.is_empty() && product.len() <= 63).then_some(product),
            taint,
        })
    }
}

/// The profile of a static part of a GPU, such as `3g.40gb`; `None` for a GPU that is not cut, or
/// not so.
fn mig_profile(gpu: &Gpu, part: spec::Ratio) -> Option<String> {
    let (whole, gigabytes) = match &*gpu.name {
        "A30" => (4, 24),
        "A100-40GB-SXM" => (7, 40),
        "A100-80GB-SXM" | "A100-80GB-PCIe" | "H100-80GB-SXM" | "H100-80GB-PCIe" => (7, 80),
        "H200-141GB-SXM" => (7, 141),
        "B200-180GB-SXM" => (7, 180),
        _ => return None,
    };
    let slices: u32 = if whole == 7 { 8 } else { 4 };
    let memory: u32 = match (part.part, part.whole == whole) {
        (cores @ (1 | 2), true) => cores,
        (3, true) if whole == 7 => 4,
        (4, true) => 4,
        (7, true) => 8,
        _ => return None,
    };
    // To the nearest, as NVIDIA names them.
    let doubled = memory.checked_mul(gigabytes)?.checked_mul(2)?;
    let size = doubled
        .checked_add(slices)?
        .checked_div(slices.checked_mul(2)?)?;
    Some(format!("{}g.{size}gb", part.part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hardware::Catalogue;

    #[test]
    fn parts_of_a_gpu_are_named_as_nvidia_does() {
        let catalogue = Catalogue::builtin();
        for (gpu, part, whole, wanted) in [
            ("A100-40GB-SXM", 1, 7, Some("1g.5gb")),
            ("H100", 2, 7, Some("2g.20gb")),
            ("H100", 3, 7, Some("3g.40gb")),
            ("H100", 4, 7, Some("4g.40gb")),
            ("H100", 7, 7, Some("7g.80gb")),
            ("H200", 1, 7, Some("1g.18gb")),
            ("H200", 3, 7, Some("3g.71gb")),
            ("B200", 1, 7, Some("1g.23gb")),
            ("A30", 2, 4, Some("2g.12gb")),
            ("A30", 1, 7, None),
            ("H100", 5, 7, None),
            ("L4", 1, 7, None),
        ] {
            let gpu = catalogue.find(gpu).unwrap();
            let found = mig_profile(gpu, spec::Ratio { part, whole });
            assert_eq!(found.as_deref(), wanted, "{} {part}/{whole}", gpu.name);
        }
    }
}
