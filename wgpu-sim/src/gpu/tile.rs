//! Lanes that are on the GPU together: their buffers, dispatches and read-back.

use core::cell::Cell;

use super::{Gpu, GpuError, MAX_SERVERS};
use crate::draws::{KNOTS, Purpose, counter_word};
use crate::program::{Compiled, Lane};
use crate::record::{COUNTS, Record};

/// Lanes of a workgroup, as the kernel has it.
const WORKGROUP: u32 = 64;
/// Words of a lane's state before its backlogs.
const FIELDS: usize = 8;

/// Passes through the kernel's loops that an invocation may make in one dispatch. Mesa's software
/// driver silently leaves loops after 65,535.
const MAX_PASSES: u32 = 60_000;

/// How many lanes fit a device at once.
pub(super) fn size(limits: &wgpu::Limits) -> usize {
    let lane = (COUNTS as u64).saturating_mul(4);
    let most = limits
        .max_storage_buffer_binding_size
        .min(limits.max_buffer_size);
    let groups = most
        .checked_div(lane.saturating_mul(u64::from(WORKGROUP)))
        .unwrap_or(0);
    // No dispatch needs more than this many workgroups.
    let groups = usize::try_from(groups.clamp(1, 4096)).unwrap_or(1);
    groups.saturating_mul(WORKGROUP as usize)
}

/// The inverse-CDF tables of a program on the GPU.
pub(super) struct Tables {
    buffer: wgpu::Buffer,
}

impl Tables {
    /// Uploads the tables.
    pub(super) fn new(gpu: &Gpu, compiled: &Compiled) -> Result<Self, GpuError> {
        if let Some(station) = compiled
            .stable()
            .find(|station| station.servers > MAX_SERVERS)
        {
            return Err(GpuError::Unsuitable(format!(
                "node `{}` has {} servers, {MAX_SERVERS} are the most; use the CPU",
                station.name, station.servers
            )));
        }
        let tables = compiled.tables.iter();
        let words: Vec<u32> = tables
            .flat_map(|table| table.knots().iter().copied())
            .collect();
        let size = (words.len() as u64).saturating_mul(4);
        if size > gpu.device.limits().max_storage_buffer_binding_size {
            return Err(GpuError::Unsuitable(format!(
                "{} service and arrival times need {} MiB of tables; use the CPU",
                compiled.tables.len(),
                size >> 20
            )));
        }
        Ok(Self {
            buffer: gpu.upload("tables", wgpu::BufferUsages::STORAGE, &words),
        })
    }
}

/// Some lanes of a program, on the GPU.
pub(super) struct Tile<'a> {
    gpu: &'a Gpu,
    seed: u32,
    /// Requests of each lane.
    ends: Vec<u32>,
    /// The most servers of a lane's station.
    servers: u32,
    /// Requests that every lane has simulated, if it has that many.
    steps: Cell<u32>,
    slice: wgpu::Buffer,
    state: wgpu::Buffer,
    counts: wgpu::Buffer,
    bindings: wgpu::BindGroup,
}

impl<'a> Tile<'a> {
    pub(super) fn new(
        gpu: &'a Gpu,
        compiled: &Compiled,
        tables: &Tables,
        lanes: &[Lane],
    ) -> Result<Self, GpuError> {
        let mut ends = Vec::new();
        let mut words = Vec::new();
        let mut servers = 1_u32;
        for lane in lanes {
            let Some(station) = compiled.stations.get(lane.station as usize) else {
                continue;
            };
            let end = station.warmup.saturating_add(compiled.counted);
            let offset = |table: usize| {
                u32::try_from(table.saturating_mul(KNOTS))
                    .map_err(|_| GpuError::Unsuitable("too many tables; use the CPU".into()))
            };
            words.extend([
                lane.replication,
                counter_word(station.index, Purpose::Gap, 0),
                offset(station.gap)?,
                offset(station.service)?,
                station.servers,
                station.warmup,
                end,
                0,
            ]);
            ends.push(end);
            servers = servers.max(station.servers);
        }
        let sized = |words: usize| (words as u64).saturating_mul(ends.len() as u64);
        let kept = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        let lanes = gpu.upload("lanes", wgpu::BufferUsages::STORAGE, &words);
        let slice = gpu.upload("slice", wgpu::BufferUsages::UNIFORM, &[0; 4]);
        let state = gpu.create(
            "state",
            kept,
            sized(FIELDS.saturating_add(servers as usize)),
        );
        let counts = gpu.create("counts", kept, sized(COUNTS));
        let buffers = [&slice, &lanes, &tables.buffer, &state, &counts];
        let bindings = gpu.bind(gpu.stations(), &buffers);
        gpu.failure.check()?;
        Ok(Self {
            gpu,
            seed: compiled.seed,
            ends,
            servers,
            steps: Cell::new(0),
            slice,
            state,
            counts,
            bindings,
        })
    }

    /// Whether every lane has come to its end.
    pub(super) fn is_done(&self) -> bool {
        self.ends.iter().all(|&end| end <= self.steps.get())
    }

    /// How many requests a lane may simulate in the next dispatch: what is left of the longest lane,
    /// within the passes that a driver grants.
    pub(super) fn longest(&self) -> u32 {
        let most = self.ends.iter().copied().max().unwrap_or(0);
        // A request is a pass, and each of its servers one more; so are backlogs loaded and stored.
        let request = self.servers.saturating_add(1);
        let passes = MAX_PASSES.saturating_sub(request.saturating_mul(2));
        let granted = passes.checked_div(request).unwrap_or(1);
        most.saturating_sub(self.steps.get()).min(granted).max(1)
    }

    /// Requests simulated in all lanes, when each has taken `steps`.
    fn done(&self, steps: u32) -> u64 {
        self.ends
            .iter()
            .fold(0, |sum, &end| sum.saturating_add(u64::from(end.min(steps))))
    }

    /// One dispatch: up to `steps` further requests in each lane. Says how many were simulated.
    pub(super) async fn advance(&self, steps: u32) -> Result<u64, GpuError> {
        let before = self.steps.get();
        let after = before.saturating_add(steps);
        let lanes = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.gpu.write(&self.slice, &[self.seed, lanes, steps, 0]);
        let groups = lanes.div_ceil(WORKGROUP);
        self.gpu
            .dispatch(self.gpu.stations(), &self.bindings, groups)
            .await?;
        self.steps.set(after);
        Ok(self.done(after).saturating_sub(self.done(before)))
    }

    /// Reads the lanes' records back, in order.
    pub(super) async fn read(&self, push: &mut dyn FnMut(Record)) -> Result<(), GpuError> {
        let state = self.gpu.read(&self.state, self.state.size() / 4).await?;
        let counts = self.gpu.read(&self.counts, self.counts.size() / 4).await?;
        let fields: Vec<&[u32]> = state.chunks_exact(self.ends.len().max(1)).collect();
        for (lane, counts) in counts.chunks_exact(COUNTS).enumerate() {
            let field = |field: usize| {
                fields
                    .get(field)
                    .and_then(|values| values.get(lane))
                    .copied()
                    .unwrap_or(0)
            };
            if self.ends.get(lane) != Some(&field(0)) {
                return Err(GpuError::Failed(format!(
                    "its driver stopped a lane after {} requests",
                    field(0)
                )));
            }
            let sum = |low: usize| {
                u64::from(field(low)) | (u64::from(field(low.saturating_add(1))) << 32)
            };
            push(Record {
                counts: counts.to_vec(),
                wait_sum: sum(2),
                service_sum: sum(4),
                gap_sum: sum(6),
                saturated: field(1) != 0,
            });
        }
        Ok(())
    }
}
