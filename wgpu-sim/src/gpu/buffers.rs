//! Words between this side and the GPU.

use super::{Gpu, GpuError};

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().copied().flat_map(u32::to_le_bytes).collect()
}

impl Gpu {
    /// A buffer with these words.
    pub(super) fn upload(
        &self,
        label: &str,
        usage: wgpu::BufferUsages,
        words: &[u32],
    ) -> wgpu::Buffer {
        let buffer = self.create(
            label,
            usage | wgpu::BufferUsages::COPY_DST,
            words.len() as u64,
        );
        self.write(&buffer, words);
        buffer
    }

    /// A buffer of so many words, all zero.
    pub(super) fn create(
        &self,
        label: &str,
        usage: wgpu::BufferUsages,
        words: u64,
    ) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            // Bindings of nothing are refused.
            size: words.saturating_mul(4).max(16),
            usage,
            mapped_at_creation: false,
        })
    }

    /// Writes words from the beginning of a buffer on.
    pub(super) fn write(&self, buffer: &wgpu::Buffer, words: &[u32]) {
        self.queue.write_buffer(buffer, 0, &bytes(words));
    }

    /// Binds buffers in the order of their numbers.
    pub(super) fn bind(
        &self,
        pipeline: &wgpu::ComputePipeline,
        buffers: &[&wgpu::Buffer],
    ) -> wgpu::BindGroup {
        let entries: Vec<_> = (0..)
            .zip(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("tile"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        })
    }

    /// Compiles a kernel.
    pub(super) fn pipeline(&self, label: &str, source: &str) -> wgpu::ComputePipeline {
        let descriptor = wgpu::ShaderModuleDescriptor {
            label: Some(label),
            source: wgpu::ShaderSource::Wgsl(source.into()),
        };
        let module = self.device.create_shader_module(descriptor);
        self.device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(label),
                layout: None,
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            })
    }

    /// Runs so many workgroups, and waits until they are done.
    pub(super) async fn dispatch(
        &self,
        pipeline: &wgpu::ComputePipeline,
        bindings: &wgpu::BindGroup,
        groups: u32,
    ) -> Result<(), GpuError> {
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        let mut encoder = self.device.create_command_encoder(&descriptor);
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, bindings, &[]);
        pass.dispatch_workgroups(groups, 1, 1);
        drop(pass);
        self.queue.submit([encoder.finish()]);
        self.finish().await
    }

    /// The first words of a buffer.
    pub(super) async fn read(
        &self,
        buffer: &wgpu::Buffer,
        words: u64,
    ) -> Result<Vec<u32>, GpuError> {
        let size = words.saturating_mul(4).min(buffer.size());
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = self.create("staging", usage, words);
        let descriptor = wgpu::CommandEncoderDescriptor::default();
        let mut encoder = self.device.create_command_encoder(&descriptor);
        encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, size);
        self.queue.submit([encoder.finish()]);
        let (sender, receiver) = futures_channel::oneshot::channel();
        staging.map_async(wgpu::MapMode::Read, .., move |result| {
            // The receiver is gone only when the run was given up.
            let _ = sender.send(result);
        });
        let failed = |error: &dyn core::fmt::Display| GpuError::Failed(error.to_string());
        if let Err(error) = self.wait(receiver).await? {
            // Browsers refuse buffers of a lost device first, and say a moment later that it is lost.
            self.finish().await?;
            return Err(failed(&error));
        }
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
