//! The headers of files that hold weights: `.safetensors`, `.gguf`, `.onnx`.
//!
//! Only the header is read, whatever the size of the file; a header that asks for more than it is
//! worth, or does not agree with the file that it stands in, is refused.

mod cursor;
mod gguf;
mod onnx;
mod safetensors;
#[cfg(test)]
mod tests;

pub(super) use gguf::Gguf;
pub(super) use onnx::Onnx;
pub(super) use safetensors::Safetensors;

use self::cursor::{Cursor, Fault};
use super::{Draft, File, Kind, Place};
use crate::text::Span;

static PARTS: Kind = Kind::guessed("IM-HEADER-PARTS", "Files in parts that are not all there");
static ROLE: Kind = Kind::guessed("IM-HEADER-ROLE", "What a model of weights does");
static STATED: Kind = Kind::understood("IM-HEADER-STATED", "What the header of weights states");
static FORMAT: Kind = Kind::kept("IM-HEADER-FORMAT", "How weights are stored");

/// Refuses a file for what is wrong with its header.
fn refuse(kind: &'static Kind, file: &File<'_>, fault: &Fault, draft: &mut Draft) {
    let at = usize::try_from(fault.at).unwrap_or(usize::MAX);
    let place = file.at(Span::at(at));
    let message = format!("the header of `{}` {}", file.path(), fault.message);
    let help = "the file is damaged or made to harm: take it again from its source";
    draft.refuse(kind, place, message, help);
}

/// The start of a file, for what is said of all of it.
fn start(file: &File<'_>) -> Place {
    file.at(Span::at(0))
}

/// The name of a file without its part and extension, the number of the part and of all parts:
/// `model-00001-of-00003.safetensors`.
fn part(file: &File<'_>) -> (String, Option<(u32, u32)>) {
    let name = file.name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let numbers = stem.rsplit_once("-of-").and_then(|(before, all)| {
        let (own, number) = before.rsplit_once('-')?;
        Some((own, number.parse().ok()?, all.parse().ok()?))
    });
    match numbers {
        Some((own, number, all)) => (own.to_owned(), Some((number, all))),
        None => (stem.to_owned(), None),
    }
}

/// Whether parts are all there, each once. One that says nothing of parts is whole.
fn is_whole(parts: &[Option<(u32, u32)>]) -> bool {
    match parts {
        [None] => true,
        [Some((_, all)), ..] => {
            let mut numbers: Vec<u32> = parts.iter().flatten().map(|part| part.0).collect();
            numbers.sort_unstable();
            numbers.dedup();
            let same = parts
                .iter()
                .all(|part| part.is_some_and(|part| part.1 == *all));
            same && u32::try_from(numbers.len()) == Ok(*all)
                && numbers.first() == Some(&1)
                && numbers.last() == Some(all)
        }
        _ => false,
    }
}

/// Tells that parts of a model are missing, so that its size is not known.
fn tell_of_parts(node: &str, file: &File<'_>, draft: &mut Draft) {
    let message = format!(
        "not all parts of `{node}`'s weights are among the files: how many parameters it has is \
         not known"
    );
    draft.guess(&PARTS, start(file), Some(node), message, "unknown");
}
