use super::File;

/// What is wrong with a header, behind `the header of …`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// Where, in bytes of the file.
    pub(super) at: u64,
    /// What.
    pub(super) message: String,
}

/// A reader of a file's bytes that holds a small part of them at a time.
#[derive(Debug)]
pub(super) struct Cursor<'f> {
    file: &'f File<'f>,
    at: u64,
    window: Vec<u8>,
    window_at: u64,
}

/// Bytes that are held at a time.
const WINDOW: usize = 1 << 16;

impl<'f> Cursor<'f> {
    /// At the start of a file.
    pub(super) fn new(file: &'f File<'f>) -> Self {
        Self {
            file,
            at: 0,
            window: Vec::new(),
            window_at: 0,
        }
    }

    /// Where it stands.
    pub(super) const fn at(&self) -> u64 {
        self.at
    }

    /// Goes to a place.
    pub(super) fn seek(&mut self, at: u64) {
        self.at = at;
    }

    /// A fault where it stands.
    pub(super) fn fault<T>(&self, message: impl Into<String>) -> Result<T, Fault> {
        Err(Fault {
            at: self.at,
            message: message.into(),
        })
    }

    /// Steps over bytes that must be there.
    pub(super) fn skip(&mut self, length: u64) -> Result<(), Fault> {
        match self.at.checked_add(length) {
            Some(at) if at <= self.file.size() => {
                self.at = at;
                Ok(())
            }
            _ => self.fault(format!(
                "goes on for {length} bytes behind the end of the file"
            )),
        }
    }

    /// Some bytes, `N` of them and no more than are held at a time.
    pub(super) fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let held = |cursor: &Self| -> Option<[u8; N]> {
            let start = usize::try_from(cursor.at.checked_sub(cursor.window_at)?).ok()?;
            let slice = cursor.window.get(start..start.checked_add(N)?)?;
            slice.try_into().ok()
        };
        let mut found = held(self);
        if found.is_none() {
            let Some(window) = self.file.read(self.at, WINDOW) else {
                return self.fault("cannot be read");
            };
            self.window = window;
            self.window_at = self.at;
            found = held(self);
        }
        let Some(bytes) = found else {
            return self.fault("ends too early");
        };
        self.at = self.at.saturating_add(N as u64);
        Ok(bytes)
    }

    /// One byte.
    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        Ok(u8::from_le_bytes(self.take()?))
    }

    /// A little-endian number of 4 bytes.
    pub(super) fn u32(&mut self) -> Result<u32, Fault> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    /// A little-endian number of 8 bytes.
    pub(super) fn u64(&mut self) -> Result<u64, Fault> {
        Ok(u64::from_le_bytes(self.take()?))
    }

    /// So many bytes, at most `most`.
    pub(super) fn bytes(&mut self, length: u64, most: usize) -> Result<Vec<u8>, Fault> {
        let size = usize::try_from(length).ok().filter(|&size| size <= most);
        let Some(size) = size else {
            return self.fault(format!("has {length} bytes where at most {most} are read"));
        };
        let start = self.at;
        self.skip(length)?;
        match self.file.read(start, size) {
            Some(bytes) if bytes.len() == size => Ok(bytes),
            _ => self.fault("cannot be read"),
        }
    }
}
