use core::cell::Cell;

use js_sys::{Array, Uint8Array};
use modelspec_core::import::Content;
use wasm_bindgen::JsCast as _;
use web_sys::{Blob, FileReaderSync};

/// A file of the user's, read in the parts that are asked for: files of models are larger than the
/// memory of a page.
pub(crate) struct InParts {
    blob: Blob,
    reader: FileReaderSync,
    read: Cell<u64>,
}

impl InParts {
    /// The files of a request; `None` where one is no file, or this is no worker.
    pub(crate) fn all(files: &Array) -> Option<Vec<Self>> {
        let one = |file: wasm_bindgen::JsValue| {
            Some(Self {
                blob: file.dyn_into().ok()?,
                reader: FileReaderSync::new().ok()?,
                read: Cell::new(0),
            })
        };
        files.iter().map(one).collect()
    }

    /// How many bytes were read so far, those that were read twice counted twice.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.read.get()
    }
}

impl Content for InParts {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A whole number from 0.
    fn size(&self) -> u64 {
        self.blob.size() as u64
    }

    fn read(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        // Sizes of files are far below 2⁵³, so that numbers hold them exactly.
        let (start, end) = (at as f64, at.saturating_add(length as u64) as f64);
        let part = self.blob.slice_with_f64_and_f64(start, end).ok()?;
        let bytes = self.reader.read_as_array_buffer(&part).ok()?;
        let bytes = Uint8Array::new(&bytes).to_vec();
        self.read
            .set(self.read.get().saturating_add(bytes.len() as u64));
        Some(bytes)
    }
}
