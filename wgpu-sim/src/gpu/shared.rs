//! A device that outlives a run.

use core::cell::Cell;
use std::rc::Rc;

use super::{Gpu, GpuError};

/// The device of runs that follow one another: made when it is first asked for, kept with the
/// kernels that were compiled since, and made anew once it has failed.
///
/// It belongs to one thread, since devices of browsers do.
#[derive(Default)]
pub struct SharedGpu {
    kept: Cell<Option<Rc<Gpu>>>,
}

impl SharedGpu {
    /// The device that is kept; another where there is none, or where that has failed.
    ///
    /// # Errors
    /// As for [`Gpu::new`].
    pub async fn get(&self) -> Result<Rc<Gpu>, GpuError> {
        // One that fails is dropped before another is asked for.
        if let Some(gpu) = self.kept.take()
            && gpu.is_alive()
        {
            self.kept.set(Some(Rc::clone(&gpu)));
            return Ok(gpu);
        }
        let gpu = Rc::new(Gpu::new().await?);
        self.kept.set(Some(Rc::clone(&gpu)));
        Ok(gpu)
    }
}
