use core::cell::OnceCell;

use super::Place;
use crate::lock::Digest;
use crate::text::Span;
use crate::yaml::{self, Limits, Node, Parsed};

/// Where the bytes of a file come from: memory, a disk, what was dropped on a page.
///
/// The files of models are larger than memory, and what is asked of them stands in a few places.
pub trait Content {
    /// Its size in bytes.
    fn size(&self) -> u64;

    /// The bytes from `at` on, `length` of them or as many as there are; `None` where they cannot
    /// be read.
    fn read(&self, at: u64, length: usize) -> Option<Vec<u8>>;
}

impl<const N: usize> Content for [u8; N] {
    fn size(&self) -> u64 {
        N as u64
    }

    fn read(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        Some(part(self, at, length))
    }
}

impl Content for Vec<u8> {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        Some(part(self, at, length))
    }
}

impl Content for String {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        Some(part(self.as_bytes(), at, length))
    }
}

fn part(bytes: &[u8], at: u64, length: usize) -> Vec<u8> {
    let start = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let end = start.saturating_add(length).min(bytes.len());
    bytes.get(start..end).unwrap_or_default().to_vec()
}

/// The most bytes of a text that is read whole.
pub(super) const MOST_TEXT: usize = 16 << 20;
/// Bytes that tell a text from other files.
const HEAD: usize = 4096;
/// Bytes that are hashed at once.
const CHUNK: usize = 1 << 20;

/// One of the files of an import. What is asked of it is read once, when it is asked.
pub struct File<'a> {
    path: String,
    content: &'a dyn Content,
    text: OnceCell<Option<String>>,
    parsed: OnceCell<Option<Parsed>>,
}

impl core::fmt::Debug for File<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut fields = f.debug_struct("File");
        fields.field("path", &self.path);
        fields.field("size", &self.size()).finish_non_exhaustive()
    }
}

impl<'a> File<'a> {
    /// A file at a path, relative to the set, with `/` between folders.
    pub fn new(path: impl Into<String>, content: &'a dyn Content) -> Self {
        Self {
            path: path.into().replace('\\', "/"),
            content,
            text: OnceCell::new(),
            parsed: OnceCell::new(),
        }
    }

    /// Where it stands in the set.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its own name, without folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Its name without what stands behind the first `.`.
    pub fn stem(&self) -> &str {
        let name = self.name();
        match name.split_once('.') {
            Some((stem, _)) if !stem.is_empty() => stem,
            _ => name,
        }
    }

    /// What stands behind the last `.` of its name, in small letters; empty where there is none.
    pub fn extension(&self) -> String {
        let name = self.name().rsplit_once('.');
        name.map_or_else(String::new, |(_, extension)| extension.to_lowercase())
    }

    /// The folder that it stands in; empty at the top.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Its size in bytes.
    pub fn size(&self) -> u64 {
        self.content.size()
    }

    /// Bytes from a place on; fewer where it ends, `None` where it cannot be read.
    pub fn read(&self, at: u64, length: usize) -> Option<Vec<u8>> {
        if at >= self.size() {
            return Some(Vec::new());
        }
        let mut bytes = self.content.read(at, length)?;
        bytes.truncate(length);
        Some(bytes)
    }

    /// A place in it.
    pub fn at(&self, span: Span) -> Place {
        Place::new(&self.path, span)
    }

    /// Whether its first bytes can be read.
    pub fn is_readable(&self) -> bool {
        self.read(0, 1).is_some()
    }

    /// The whole text; `None` for what is larger than 16 MiB, not UTF-8, or cannot be read.
    pub fn text(&self) -> Option<&str> {
        let text = self.text.get_or_init(|| {
            let size = usize::try_from(self.size()).ok()?;
            let head = self.read(0, HEAD)?;
            if size > MOST_TEXT || head.contains(&0) {
                return None;
            }
            let bytes = if size <= head.len() {
                head
            } else {
                self.read(0, size)?
            };
            let text = String::from_utf8(bytes).ok()?;
            Some(text.strip_prefix('\u{feff}').map_or_else(
                || text.clone(),
                // Places in the text stay places in the file.
                |rest| format!("   {rest}"),
            ))
        });
        text.as_deref()
    }

    /// The text read as YAML or JSON, with all that is wrong with it; of Markdown, its front
    /// matter.
    pub fn parsed(&self) -> Option<&Parsed> {
        let parsed = self.parsed.get_or_init(|| {
            let text = self.text()?;
            let text = match &*self.extension() {
                "md" => front_matter(text)?,
                _ => text,
            };
            Some(yaml::read(text, &Limits::default()))
        });
        parsed.as_ref()
    }

    /// The first document of the text read as YAML or JSON, where it says anything.
    pub fn tree(&self) -> Option<&Node> {
        let parsed = self.parsed()?;
        parsed.documents.iter().find(|tree| !tree.is_null())
    }

    /// The digest of its bytes; `None` where they cannot be read.
    pub fn digest(&self) -> Option<Digest> {
        let mut at = 0_u64;
        let mut whole = true;
        let parts = core::iter::from_fn(|| {
            if at >= self.size() {
                return None;
            }
            let bytes = self.read(at, CHUNK).filter(|bytes| !bytes.is_empty());
            whole &= bytes.is_some();
            at = at.saturating_add(bytes.as_ref()?.len() as u64);
            bytes
        });
        let digest = Digest::of_parts(parts);
        whole.then_some(digest)
    }
}

/// What stands between the `---` that begins a text and the next.
fn front_matter(text: &str) -> Option<&str> {
    let end = text.strip_prefix("---")?.find("\n---")?;
    text.get(..end.saturating_add("---\n".len()))
}
