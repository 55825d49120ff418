//! What a replica needs beside its GPUs: cores, memory, time to load, and a disk.

use super::Planner;
use crate::catalogue::Engine;
use crate::export::quantity;
use crate::hardware::{Gpu, weight_bytes};
use crate::spec::{Bytes, Cores, Role};

/// Cores for each GPU, where none are stated.
const CORES_PER_GPU: u64 = 4;

/// A program that loads no model is up within a minute or two.
const STARTUP_WITHOUT_MODEL: u64 = 120;
/// What a server needs to start beside reading its weights.
const STARTUP_BASE: u64 = 300;
/// Weights are fetched and read at least this fast, in bytes a second.
const LOADING_SPEED: u64 = 100_000_000;

impl Planner<'_, '_, '_> {
    pub(super) fn resources(&mut self, known: Option<&Gpu>) -> (Cores, Bytes) {
        let node = self.node;
        let placement = node.placement.as_ref();
        let gpus = placement
            .filter(|placement| placement.gpu.is_some())
            .map(|placement| {
                u64::from(placement.gpus_per_replica.map_or(1, |count| count.value.0))
            });
        let cpu = placement.and_then(|placement| placement.cpu);
        let cpu = cpu
            .map(|cpu| cpu.value)
            .filter(|cpu| cpu.0 > 0)
            .unwrap_or_else(|| {
                let cores = gpus.unwrap_or(0).saturating_mul(CORES_PER_GPU).max(1);
                self.assume(
                    self.cx.kinds.resources,
                    "the number of cores",
                    &cores.to_string(),
                );
                Cores(cores.saturating_mul(1000))
            });
        let memory = placement.and_then(|placement| placement.memory);
        let memory = memory
            .map(|memory| memory.value)
            .filter(|memory| memory.0 > 0);
        let memory = memory.unwrap_or_else(|| {
            let weights = node.model.as_ref().and_then(|model| weight_bytes(model));
            let on_gpu = known
                .zip(gpus)
                .map(|(gpu, gpus)| gpu.memory.0.saturating_mul(gpus));
            // Weights pass through the memory of the host on their way to the GPU.
            let base = match gpus {
                Some(_) => quantity::gib(8),
                None => quantity::gib(1),
            };
            let model = weights.or(on_gpu).unwrap_or(0);
            let memory = quantity::up_to_gib(base.saturating_add(model));
            self.assume(
                self.cx.kinds.resources,
                "the memory",
                &quantity::bytes(memory),
            );
            memory
        });
        (cpu, memory)
    }

    pub(super) fn startup(&mut self) -> u64 {
        let probes = self
            .node
            .serving
            .as_ref()
            .and_then(|serving| serving.probes.as_ref());
        let ready = probes.and_then(|probes| probes.ready.as_ref());
        if let Some(stated) = ready.and_then(|ready| ready.startup) {
            return quantity::seconds(stated.value).0;
        }
        let replicas = self.node.placement.as_ref().and_then(|it| it.replicas);
        if let Some(scaling) = replicas.and_then(|replicas| replicas.autoscale) {
            // Some take longer than others, and one that is given up begins anew.
            return quantity::seconds(scaling.cold_start).0.saturating_mul(2);
        }
        let seconds = match &self.node.model {
            Some(model) => {
                let weights = weight_bytes(model).unwrap_or(0);
                STARTUP_BASE.saturating_add(weights.div_ceil(LOADING_SPEED))
            }
            None => STARTUP_WITHOUT_MODEL,
        };
        self.assume(
            self.cx.kinds.startup,
            "the time for loading",
            &format!("{seconds}s"),
        );
        seconds
    }

    pub(super) fn data(
        &mut self,
        role: Option<Role>,
        engine: Option<&'static Engine>,
        memory: Bytes,
    ) -> Option<(&'static str, Bytes)> {
        if let Some(index) = &self.node.index {
            let what = "begins with an empty index: nothing here fills it";
            self.lose(self.cx.kinds.index, index.span, what);
        }
        let Some(path) = engine.and_then(|engine| engine.data) else {
            if role == Some(Role::Retriever) {
                let what = "keeps nothing beyond the life of a pod, as far as is known here";
                self.lose(self.cx.kinds.index, self.span, what);
            }
            return None;
        };
        // An index on disk is seldom larger than twice what it takes in memory.
        let size = quantity::up_to_gib(memory.0.saturating_mul(2));
        self.assume(
            self.cx.kinds.storage,
            "the disk of a replica",
            &quantity::bytes(size),
        );
        Some((path, size))
    }
}
