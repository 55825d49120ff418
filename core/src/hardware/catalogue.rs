use std::borrow::Cow;

use super::names;
use crate::catalogue::KnownGpu;
use crate::order::Arrange as _;
use crate::spec::{Bytes, MoneyRate};

/// One GPU a row: memory, bandwidth, dense peaks, measured efficiencies, price. An empty cell is
/// unknown.
const TABLE: &str = include_str!("gpus.csv");

/// The GPUs that are known, in the order of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalogue {
    gpus: Vec<Gpu>,
}

words! {
    /// Who makes a GPU.
    pub enum Vendor {
        /// NVIDIA.
        "nvidia" Nvidia,
        /// AMD.
        "amd" Amd,
    }
}

/// What is known of a GPU. Peaks are dense: without sparsity.
#[derive(Clone, Debug, PartialEq)]
pub struct Gpu {
    /// Its name in the catalogue, such as `H100-80GB-SXM`.
    pub name: Cow<'static, str>,
    /// What else a user's own catalogue calls it.
    pub also: Vec<String>,
    /// Who makes it.
    pub vendor: Vendor,
    /// Memory that programs see.
    pub memory: Bytes,
    /// Peak memory bandwidth in 10⁹ bytes per second.
    pub bandwidth_gb_s: f64,
    /// Peak of bf16 matrix products in 10¹² operations per second.
    pub bf16_tflops: f64,
    /// Peak of fp8 products in 10¹² operations per second; `None` where the GPU has none.
    pub fp8_tflops: Option<f64>,
    /// Peak of fp4 products in 10¹² operations per second; `None` where unknown or none.
    pub fp4_tflops: Option<f64>,
    /// Power limit in watts.
    pub power_w: Option<f64>,
    /// Bandwidth to the next GPU, one way, in 10⁹ bytes per second.
    pub link_gb_s: Option<f64>,
    /// Shares of the peaks that were measured; `None` for a GPU that nobody measured.
    pub efficiency: Option<Efficiency>,
    /// Times of a small all-reduce, where measured.
    pub all_reduce: Option<AllReduce>,
    /// What an hour of it costs; a default that a pool's own price replaces.
    pub price: Option<MoneyRate>,
    /// Where the price comes from, and of when it is.
    pub price_source: Option<Cow<'static, str>>,
    /// Where its figures come from, and of when they are.
    pub source: Cow<'static, str>,
}

/// Measured shares of a GPU's peaks, from 0 to 1.
#[derive(Clone, Debug, PartialEq)]
pub struct Efficiency {
    /// Share of the bf16 peak by tokens in the step, in rising order.
    pub bf16: Vec<(u32, f64)>,
    /// Share of the fp8 peak by tokens in the step, in rising order; empty where not measured.
    pub fp8: Vec<(u32, f64)>,
    /// Share of the bandwidth while bf16 weights are read.
    pub weight_read_bf16: Option<f64>,
    /// Share of the bandwidth while fp8 weights are read.
    pub weight_read_fp8: Option<f64>,
    /// Share of the bandwidth while attention reads the KV cache.
    pub decode_attention: Option<f64>,
}

/// Microseconds of a small all-reduce among 2, 4 and 8 GPUs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AllReduce {
    /// Among two.
    pub two_us: f64,
    /// Among four.
    pub four_us: f64,
    /// Among eight.
    pub eight_us: f64,
}

impl Catalogue {
    /// The built-in catalogue. It is read from its table at each call, in microseconds: build it
    /// once for a run over a graph.
    pub fn builtin() -> Self {
        let mut lines = TABLE.lines();
        let header: Vec<&'static str> = lines.next().unwrap_or("").split(',').collect();
        let gpus = lines.filter_map(|line| gpu(&header, line)).collect();
        Self { gpus }
    }

    /// All GPUs, in the order of the table.
    pub fn gpus(&self) -> &[Gpu] {
        &self.gpus
    }

    /// Adds a GPU that a user knows, before all others; what it leaves open is unknown. One whose
    /// figures are not all there is left out: reading it has said so.
    pub(crate) fn add(&mut self, name: &str, known: &KnownGpu) {
        let gpu = || {
            let number = |figure: Option<crate::text::Spanned<f64>>| figure.map(|it| it.value);
            let also = known
                .aliases
                .as_ref()
                .into_iter()
                .flat_map(|list| list.iter());
            let source = known.source.as_ref()?;
            Some(Gpu {
                name: Cow::from(name.to_owned()),
                also: also.map(|alias| alias.value.0.clone()).collect(),
                vendor: known.vendor.map_or(Vendor::Nvidia, |vendor| vendor.value),
                memory: known.memory?.value,
                bandwidth_gb_s: number(known.bandwidth_gb_s)?,
                bf16_tflops: number(known.bf16_tflops)?,
                fp8_tflops: number(known.fp8_tflops),
                fp4_tflops: number(known.fp4_tflops),
                power_w: number(known.power_w),
                link_gb_s: number(known.link_gb_s),
                efficiency: None,
                all_reduce: None,
                price: known.price.map(|price| price.value),
                price_source: known.price.map(|_| Cow::from(source.value.0.clone())),
                source: Cow::from(source.value.0.clone()),
            })
        };
        self.gpus.splice(0..0, gpu());
    }

    /// The GPU of a name: its own, an alias such as `h100` or `a100-80gb`, or a product label of
    /// Kubernetes such as `NVIDIA-H100-80GB-HBM3`; case, spaces and underscores do not count.
    ///
    /// # Errors
    /// [`super::LookupError`] with the names that may have been meant.
    pub fn find(&self, name: &str) -> Result<&Gpu, names::LookupError> {
        names::find(&self.gpus, name)
    }

    /// The GPUs for which `fits` holds, cheapest first; those without a price are left out.
    pub fn cheapest(&self, fits: impl Fn(&Gpu) -> bool) -> Vec<&Gpu> {
        let mut found: Vec<&Gpu> = self.gpus.iter().filter(|gpu| fits(gpu)).collect();
        found.retain(|gpu| gpu.price.is_some());
        found.arrange_by_key(|gpu| (gpu.price, gpu.memory));
        found
    }
}

fn gpu(header: &[&'static str], line: &'static str) -> Option<Gpu> {
    let cells: Vec<&'static str> = line.split(',').collect();
    let text = |column: &str| {
        let at = header.iter().position(|name| *name == column)?;
        cells.get(at).copied().filter(|cell| !cell.is_empty())
    };
    let number = |column: &str| text(column)?.parse::<f64>().ok();
    let curve = |precision: &str| {
        let prefix = format!("mfu_{precision}_m");
        let columns = header.iter().filter_map(|column| {
            let tokens = column.strip_prefix(&prefix)?.parse().ok()?;
            Some((tokens, number(column)?))
        });
        columns.collect::<Vec<(u32, f64)>>()
    };
    let bf16 = curve("bf16");
    let efficiency = (!bf16.is_empty()).then(|| Efficiency {
        bf16,
        fp8: curve("fp8"),
        weight_read_bf16: number("weight_read_mbu_bf16"),
        weight_read_fp8: number("weight_read_mbu_fp8"),
        decode_attention: number("decode_attention_mbu"),
    });
    let all_reduce = || {
        Some(AllReduce {
            two_us: number("allreduce_small_tp2_us")?,
            four_us: number("allreduce_small_tp4_us")?,
            eight_us: number("allreduce_small_tp8_us")?,
        })
    };
    Some(Gpu {
        name: text("gpu")?.into(),
        also: Vec::new(),
        vendor: match text("vendor")? {
            "amd" => Vendor::Amd,
            _ => Vendor::Nvidia,
        },
        memory: Bytes::parse(&format!("{}MiB", text("memory_mib")?))?,
        bandwidth_gb_s: number("bandwidth_gb_s")?,
        bf16_tflops: number("bf16_tflops_dense")?,
        fp8_tflops: number("fp8_tflops_dense"),
        fp4_tflops: number("fp4_tflops_dense"),
        power_w: number("tdp_w"),
        link_gb_s: number("link_gb_s_one_way"),
        efficiency,
        all_reduce: all_reduce(),
        price: text("price_usd_per_hour")
            .and_then(|price| MoneyRate::parse(&format!("{price}usd/h"))),
        price_source: text("price_source").map(Cow::from),
        source: text("source")?.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_a_gpu() {
        let catalogue = Catalogue::builtin();
        assert_eq!(catalogue.gpus().len(), TABLE.lines().count() - 1);
        for gpu in catalogue.gpus() {
            assert!(gpu.memory > Bytes(8 << 30), "{}", gpu.name);
            assert!(gpu.bandwidth_gb_s > 100.0, "{}", gpu.name);
            assert_eq!(
                gpu.price.is_some(),
                gpu.price_source.is_some(),
                "{}",
                gpu.name
            );
            if let Some(efficiency) = &gpu.efficiency {
                let shares = efficiency.bf16.iter().chain(&efficiency.fp8);
                assert!(
                    shares
                        .clone()
                        .all(|&(_, share)| share > 0.0 && share <= 1.0)
                );
                assert!(efficiency.bf16.is_sorted_by_key(|&(tokens, _)| tokens));
            }
        }
    }

    #[test]
    fn a_row_keeps_its_figures() {
        let catalogue = Catalogue::builtin();
        let h100 = catalogue.find("H100-80GB-SXM").unwrap();
        assert_eq!(h100.memory, Bytes(81_559 << 20));
        assert_eq!(h100.price, MoneyRate::parse("2.95usd/h"));
        let efficiency = h100.efficiency.as_ref().unwrap();
        assert_eq!(efficiency.bf16.first(), Some(&(128, 0.31)));
        assert_eq!(efficiency.fp8, [(128, 0.22), (4096, 0.52)]);
        assert_eq!(
            h100.all_reduce.unwrap().eight_us.to_bits(),
            20_f64.to_bits()
        );
        let t4 = catalogue.find("T4").unwrap();
        assert_eq!((t4.fp8_tflops, &t4.efficiency), (None, &None));
    }

    #[test]
    fn the_cheapest_come_first_and_the_unpriced_not_at_all() {
        let catalogue = Catalogue::builtin();
        let found = catalogue.cheapest(|gpu| gpu.memory >= Bytes(80_000 << 20));
        let names: Vec<&str> = found.iter().take(3).map(|gpu| &*gpu.name).collect();
        assert_eq!(names, ["A100-80GB-PCIe", "A100-80GB-SXM", "H100-80GB-SXM"]);
        assert!(found.iter().all(|gpu| gpu.name != "MI300X"));
    }
}
