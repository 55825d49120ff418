//! What people and clusters call a GPU.

use core::fmt;

use super::Gpu;
use crate::spec::{list_words, nearest};

/// The other names of each GPU. The first is the product label that a Kubernetes node with the
/// GPU carries (`nvidia.com/gpu.product`, `amd.com/gpu.product-name`).
const NAMES: &[(&str, &[&str])] = &[
    ("T4", &["Tesla-T4"]),
    ("L4", &["NVIDIA-L4"]),
    ("A10G", &["NVIDIA-A10G"]),
    ("A30", &["NVIDIA-A30", "a30-24gb"]),
    ("L40S", &["NVIDIA-L40S", "l40s-48gb"]),
    (
        "A100-40GB-SXM",
        &["NVIDIA-A100-SXM4-40GB", "a100-40gb", "a100-40gb-sxm4"],
    ),
    (
        "A100-80GB-SXM",
        &["NVIDIA-A100-SXM4-80GB", "a100-80gb", "a100-80gb-sxm4"],
    ),
    (
        "A100-80GB-PCIe",
        &["NVIDIA-A100-80GB-PCIe", "a100-pcie", "a100-pcie-80gb"],
    ),
    (
        "H100-80GB-SXM",
        &[
            "NVIDIA-H100-80GB-HBM3",
            "h100",
            "h100-80gb",
            "h100-sxm",
            "h100-sxm5",
            "h100-sxm-80gb",
            "h100-sxm5-80gb",
            "h100-80gb-sxm5",
            "h100-mega-80gb",
        ],
    ),
    ("H100-80GB-PCIe", &["NVIDIA-H100-PCIe", "h100-pcie-80gb"]),
    (
        "H200-141GB-SXM",
        &["NVIDIA-H200", "h200-141gb", "h200-sxm", "h200-141gb-hbm3e"],
    ),
    ("B200-180GB-SXM", &["NVIDIA-B200", "b200-180gb", "b200-sxm"]),
    ("B300", &["NVIDIA-B300-SXM6-AC", "b300-sxm"]),
    (
        "RTX-PRO-6000-Server",
        &[
            "NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition",
            "rtx-pro-6000",
        ],
    ),
    ("RTX-4090", &["NVIDIA-GeForce-RTX-4090", "4090"]),
    ("MI300X", &["AMD_Instinct_MI300X_OAM", "mi300x-192gb"]),
];

/// What a name may begin with and mean the same.
const MAKERS: &[&str] = &["nvidia-", "amd-", "tesla-", "geforce-", "instinct-"];

/// A GPU that the catalogue does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LookupError {
    /// The name that was looked up.
    pub name: String,
    /// Names of the catalogue that may have been meant, the nearest first.
    pub near: Vec<String>,
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the catalogue has no GPU `{}`", self.name)?;
        if self.near.is_empty() {
            return Ok(());
        }
        write!(
            f,
            "; it has {}",
            list_words(self.near.iter().map(String::as_str))
        )
    }
}

impl core::error::Error for LookupError {}

impl Gpu {
    /// The product label that a Kubernetes node with this GPU carries: `nvidia.com/gpu.product`,
    /// or `amd.com/gpu.product-name`.
    pub fn product_label(&self) -> &str {
        self.aliases().next().unwrap_or(&self.name)
    }

    /// Its other names, the product label first.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        let row = NAMES.iter().find(|(name, _)| *name == self.name);
        let known = row.map_or(&[][..], |(_, aliases)| aliases);
        let also = self.also.iter().map(String::as_str);
        also.chain(known.iter().copied())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        core::iter::once(&*self.name).chain(self.aliases())
    }
}

/// Small letters, `-` between words, without the maker and without what a cluster adds for a
/// shared GPU.
fn plain(name: &str) -> String {
    let name = name.trim().to_lowercase().replace([' ', '_'], "-");
    let mut plain = name.as_str();
    while let Some(rest) = MAKERS.iter().find_map(|maker| plain.strip_prefix(maker)) {
        plain = rest;
    }
    plain.strip_suffix("-shared").unwrap_or(plain).to_owned()
}

pub(super) fn find<'g>(gpus: &'g [Gpu], name: &str) -> Result<&'g Gpu, LookupError> {
    // Most names are written as they stand here, and a graph may have thousands of them.
    let exact = |gpu: &&Gpu| gpu.names().any(|known| known == name);
    if let Some(gpu) = gpus.iter().find(exact) {
        return Ok(gpu);
    }
    let wanted = plain(name);
    let named = |gpu: &&Gpu| gpu.names().any(|known| plain(known) == wanted);
    gpus.iter().find(named).ok_or_else(|| LookupError {
        name: name.to_owned(),
        near: near(gpus, &wanted),
    })
}

/// The GPUs whose name goes on where the word ends; else the nearest by spelling.
fn near(gpus: &[Gpu], wanted: &str) -> Vec<String> {
    let family = wanted.split('-').next().unwrap_or(wanted);
    let begins = |gpu: &&Gpu| {
        let name = plain(&gpu.name);
        let rest = name
            .strip_prefix(wanted)
            .or_else(|| name.strip_prefix(family));
        !family.is_empty() && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let found: Vec<String> = gpus
        .iter()
        .filter(begins)
        .map(|gpu| gpu.name.to_string())
        .collect();
    if !found.is_empty() {
        return found;
    }
    let known: Vec<(String, &str)> = gpus
        .iter()
        .flat_map(|gpu| gpu.names().map(|name| (plain(name), &*gpu.name)))
        .collect();
    let word = nearest(wanted, known.iter().map(|(word, _)| word.as_str()));
    let named = word.and_then(|word| known.iter().find(|(known, _)| known == word));
    named
        .map(|&(_, name)| name.to_owned())
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::hardware::Catalogue;

    #[test]
    fn a_gpu_is_found_by_any_of_its_names() {
        let catalogue = Catalogue::builtin();
        for (name, gpu) in [
            ("L4", "L4"),
            ("nvidia-l4", "L4"),
            ("NVIDIA-L4", "L4"),
            ("nvidia_l40s", "L40S"),
            ("a100-80gb", "A100-80GB-SXM"),
            ("NVIDIA-A100-SXM4-40GB", "A100-40GB-SXM"),
            ("h100", "H100-80GB-SXM"),
            ("NVIDIA H100 80GB HBM3", "H100-80GB-SXM"),
            ("NVIDIA-H100-80GB-HBM3-SHARED", "H100-80GB-SXM"),
            ("nvidia-tesla-t4", "T4"),
            ("NVIDIA GeForce RTX 4090", "RTX-4090"),
            ("AMD Instinct MI300X OAM", "MI300X"),
        ] {
            assert_eq!(
                catalogue.find(name).map(|gpu| &*gpu.name),
                Ok(gpu),
                "{name}"
            );
        }
    }

    #[test]
    fn no_name_means_two_gpus() {
        let mut seen: BTreeMap<String, &str> = BTreeMap::new();
        let catalogue = Catalogue::builtin();
        for gpu in catalogue.gpus() {
            assert!(gpu.aliases().next().is_some(), "{} has no label", gpu.name);
            for name in gpu.names() {
                let other = seen.insert(plain(name), &gpu.name);
                assert!(other.is_none_or(|other| other == &*gpu.name), "{name}");
            }
        }
        let rows = Catalogue::builtin().gpus().len();
        assert_eq!(
            rows,
            NAMES.len(),
            "a row of names without a GPU, or the reverse"
        );
    }

    #[test]
    fn an_unknown_name_comes_with_those_that_may_be_meant() {
        let catalogue = Catalogue::builtin();
        let near = |name: &str| catalogue.find(name).unwrap_err().near;
        assert_eq!(near("L4S"), ["L4"]);
        assert_eq!(near("h10"), ["H100-80GB-SXM"]);
        // Half of those sold have half the memory: nobody can tell which is meant.
        assert_eq!(
            near("a100"),
            ["A100-40GB-SXM", "A100-80GB-SXM", "A100-80GB-PCIe"]
        );
        assert_eq!(near("H100-96GB"), ["H100-80GB-SXM", "H100-80GB-PCIe"]);
        assert_eq!(near("abacus"), [""; 0]);
        assert_eq!(near(""), [""; 0]);
    }
}
