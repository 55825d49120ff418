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

fn bytes(words: impl IntoIterator<Item = u32>) -> Vec<u8> {
    words.into_iter().flat_map(u32::to_le_bytes).collect()
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
        let words = bytes(
            compiled
                .tables
                .iter()
                .flat_map(|table| table.knots().iter().copied()),
        );
        if words.len() as u64 > gpu.device.limits().max_storage_buffer_binding_size {
            return Err(GpuError::Unsuitable(format!(
                "{} service and arrival times need {} MiB of tables; use the CPU",
                compiled.tables.len(),
                words.len() >> 20
            )));
        }
        Ok(Self {
            buffer: upload(gpu, "tables", wgpu::BufferUsages::STORAGE, &words),
        })
    }
}

fn upload(gpu: &Gpu, label: &str, usage: wgpu::BufferUsages, bytes: &[u8]) -> wgpu::Buffer {
    let buffer = create(
        gpu,
        label,
        usage | wgpu::BufferUsages::COPY_DST,
        bytes.len() as u64,
    );
    gpu.queue.write_buffer(&buffer, 0, bytes);
    buffer
}

/// A buffer of zeros.
fn create(gpu: &Gpu, label: &str, usage: wgpu::BufferUsages, size: u64) -> wgpu::Buffer {
    gpu.device.create_buffer(&wgpu::BufferDescriptor {
        label: Some(label),
        size,
        usage,
        mapped_at_creation: false,
    })
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
        let sized = |words: usize| {
            (words as u64)
                .saturating_mul(4)
                .saturating_mul(ends.len() as u64)
        };
        let kept = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
        let lanes = upload(gpu, "lanes", wgpu::BufferUsages::STORAGE, &bytes(words));
        let slice = upload(gpu, "slice", wgpu::BufferUsages::UNIFORM, &bytes([0; 4]));
        let state = create(
            gpu,
            "state",
            kept,
            sized(FIELDS.saturating_add(servers as usize)),
        );
        let counts = create(gpu, "counts", kept, sized(COUNTS));
        let buffers = [&slice, &lanes, &tables.buffer, &state, &counts];
        let entries: Vec<_> = (0..)
            .zip(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let bindings = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("tile"),
            layout: &gpu.pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
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
        self.gpu
            .queue
            .write_buffer(&self.slice, 0, &bytes([self.seed, lanes, steps, 0]));
        let mut encoder = self
            .gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(&self.gpu.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.dispatch_workgroups(lanes.div_ceil(WORKGROUP), 1, 1);
        drop(pass);
        self.gpu.queue.submit([encoder.finish()]);
        self.gpu.finish().await?;
        self.steps.set(after);
        Ok(self.done(after).saturating_sub(self.done(before)))
    }

    /// Reads the lanes' records back, in order.
    pub(super) async fn read(&self, push: &mut dyn FnMut(Record)) -> Result<(), GpuError> {
        let state = self.read_buffer(&self.state).await?;
        let counts = self.read_buffer(&self.counts).await?;
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

    async fn read_buffer(&self, buffer: &wgpu::Buffer) -> Result<Vec<u32>, GpuError> {
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = create(self.gpu, "staging", usage, buffer.size());
        let mut encoder = self
            .gpu
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, buffer.size());
        self.gpu.queue.submit([encoder.finish()]);
        let (sender, receiver) = futures_channel::oneshot::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone only when the run was given up.
            let _ = sender.send(result);
        });
        let failed = |error: &dyn core::fmt::Display| GpuError::Failed(error.to_string());
        self.gpu
            .wait(receiver)
            .await?
            .map_err(|error| failed(&error))?;
        let view = staging
            .get_mapped_range(..)
            .map_err(|error| failed(&error))?;
        let words = view
            .chunks_exact(4)
            .map(|word| {
                word.iter()
                    .rev()
                    .fold(0, |word, &byte| (word << 8) | u32::from(byte))
            })
            .collect();
        drop(view);
        staging.unmap();
        Ok(words)
    }
}
