use std::collections::BTreeMap;

use super::{Cursor, Draft, FORMAT, Fault, File, PARTS, ROLE, STATED, is_whole, part, start};
use crate::import::huggingface::root;
use crate::import::{Importer, Kind};
use crate::order::Arrange as _;
use crate::yaml::{self, Entry, Limits, Node};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(in crate::import) struct Safetensors;

static HEADER: Kind = Kind::refused(
    "IM-SAFETENSORS-HEADER",
    "Headers of safetensors that are malformed or hostile",
);
static KINDS: &[&Kind] = &[&HEADER, &PARTS, &ROLE, &STATED, &FORMAT];

/// The most bytes of a header that is read; the largest models need a few.
const MOST_HEADER: u64 = 16 << 20;
/// Bytes before the header: its length.
const LENGTH: u64 = 8;

impl Importer for Safetensors {
    fn name(&self) -> &'static str {
        "safetensors"
    }

    fn title(&self) -> &'static str {
        "safetensors weights"
    }

    fn about(&self) -> &'static str {
        "The header of .safetensors files: number of parameters, how they are stored"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn detect(&self, file: &File<'_>) -> bool {
        if file.extension() == "safetensors" {
            return true;
        }
        let mut cursor = Cursor::new(file);
        let length = cursor.u64();
        let fits = length.is_ok_and(|length| length >= 2 && length <= file.size());
        fits && matches!(cursor.take(), Ok([b'{', b'"']))
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        // By folder of the model, then by name without the number of a part.
        let mut models: BTreeMap<&str, BTreeMap<String, Weights<'_>>> = BTreeMap::new();
        for &file in files {
            match header(file) {
                Ok(counts) => {
                    let (name, number) = part(file);
                    let model = models.entry(root(file)).or_default();
                    let name = format!("{}/{name}", file.folder());
                    let weights = model.entry(name).or_insert_with(|| Weights::of(file));
                    weights.parts.push(number);
                    for (dtype, count) in counts {
                        let sum = weights.counts.entry(dtype).or_default();
                        *sum = sum.saturating_add(count);
                    }
                }
                Err(fault) => super::refuse(&HEADER, file, &fault, draft),
            }
        }
        for (folder, weights) in models {
            write(folder, &weights, draft);
        }
    }
}

/// What the parts of one file of weights hold.
#[derive(Debug)]
struct Weights<'f> {
    first: &'f File<'f>,
    parts: Vec<Option<(u32, u32)>>,
    /// Elements of each type.
    counts: BTreeMap<&'static Stored, u64>,
}

impl<'f> Weights<'f> {
    fn of(first: &'f File<'f>) -> Self {
        Self {
            first,
            parts: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    fn elements(&self) -> u64 {
        let floats = self.counts.iter().filter(|(dtype, _)| dtype.is_weight);
        floats.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

fn write(folder: &str, all: &BTreeMap<String, Weights<'_>>, draft: &mut Draft) {
    // A folder may hold the same weights twice under two names; the modules stand beside them.
    let in_folder = all
        .iter()
        .filter(|(_, weights)| weights.first.folder() == folder);
    let most = in_folder.max_by_key(|(_, weights)| weights.elements());
    let beside = all
        .iter()
        .filter(|(_, weights)| weights.first.folder() != folder);
    let chosen: Vec<&Weights<'_>> = most.into_iter().chain(beside).map(|(_, of)| of).collect();
    let Some(first) = chosen.first().map(|weights| weights.first) else {
        return;
    };
    let node = draft.node_of(folder).unwrap_or_else(|| {
        let own = folder.rsplit('/').next().unwrap_or_default();
        let wanted = if own.is_empty() { first.stem() } else { own };
        let node = draft.node(&crate::export::dns_label(wanted), &start(first));
        draft.name(&node);
        draft.stands_for(folder, &node);
        let message = format!("what `{node}` does, weights alone do not say");
        draft.guess(&ROLE, start(first), Some(&node), message, "transformer");
        draft.put(&node, &["role"], "transformer");
        node
    });
    let mut counts: BTreeMap<&Stored, u64> = BTreeMap::new();
    let mut whole = true;
    for weights in &chosen {
        whole &= is_whole(&weights.parts);
        for (dtype, count) in &weights.counts {
            let sum = counts.entry(dtype).or_default();
            *sum = sum.saturating_add(*count);
        }
    }
    let of = |weight: bool| {
        let chosen = counts
            .iter()
            .filter(move |(dtype, _)| dtype.is_weight == weight);
        chosen.map(|(dtype, count)| (*dtype, *count))
    };
    let sum = |weight| of(weight).fold(0_u64, |sum, (_, count)| sum.saturating_add(count));
    // Integers in numbers are weights packed by a scheme of their own.
    let packed = of(false)
        .filter(|(dtype, _)| dtype.name != "I64" && dtype.name != "BOOL")
        .fold(0_u64, |sum, (_, count)| sum.saturating_add(count));
    if packed > sum(true) / 8 {
        let message = format!(
            "the weights of `{node}` are packed into integers: how many there are is not known"
        );
        draft.keep_aside(&FORMAT, start(first), Some(&node), message);
        return;
    }
    if let Some((dtype, _)) = of(true).max_by_key(|(_, count)| *count)
        && let Some(precision) = dtype.precision
    {
        draft.put(&node, &["model", "precision"], precision);
    }
    if !whole {
        super::tell_of_parts(&node, first, draft);
        return;
    }
    let parameters = sum(true);
    if parameters > 0 && draft.put(&node, &["model", "parameters"], parameters) {
        let message = format!("`{node}` has {parameters} parameters");
        draft.understand(&STATED, start(first), Some(&node), message);
    }
}

/// A type of elements.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Stored {
    name: &'static str,
    bits: u64,
    is_weight: bool,
    precision: Option<&'static str>,
}

const fn float(name: &'static str, bits: u64, precision: Option<&'static str>) -> Stored {
    Stored {
        name,
        bits,
        is_weight: true,
        precision,
    }
}

const fn whole(name: &'static str, bits: u64) -> Stored {
    Stored {
        name,
        bits,
        is_weight: false,
        precision: None,
    }
}

static STORED: &[Stored] = &[
    float("F64", 64, None),
    float("F32", 32, Some("fp32")),
    float("BF16", 16, Some("bf16")),
    float("F16", 16, Some("fp16")),
    float("F8_E4M3", 8, Some("fp8")),
    float("F8_E5M2", 8, Some("fp8")),
    float("F6_E2M3", 6, None),
    float("F6_E3M2", 6, None),
    float("F4", 4, Some("fp4")),
    float("C64", 64, None),
    whole("F8_E8M0", 8),
    whole("I64", 64),
    whole("U64", 64),
    whole("I32", 32),
    whole("U32", 32),
    whole("I16", 16),
    whole("U16", 16),
    whole("I8", 8),
    whole("U8", 8),
    whole("BOOL", 8),
];

/// The number of elements of each type, from a header that agrees with its file.
fn header(file: &File<'_>) -> Result<Vec<(&'static Stored, u64)>, Fault> {
    let mut cursor = Cursor::new(file);
    let length = cursor.u64()?;
    let room = file.size().saturating_sub(LENGTH);
    if length > room {
        cursor.seek(0);
        return cursor.fault(format!("claims {length} bytes; the file has {room}"));
    }
    if length > MOST_HEADER {
        cursor.seek(0);
        return cursor.fault(format!(
            "has {length} bytes; at most {MOST_HEADER} are read"
        ));
    }
    let bytes = cursor.bytes(length, usize::try_from(MOST_HEADER).unwrap_or(usize::MAX))?;
    let fault = |at: usize, message: String| Fault {
        at: LENGTH.saturating_add(at as u64),
        message,
    };
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        fault(at, "is not UTF-8".to_owned())
    })?;
    if !text.starts_with('{') {
        return Err(fault(0, "does not begin with `{`".to_owned()));
    }
    let limits = Limits {
        depth: 8,
        errors: 1,
        ..Limits::default()
    };
    let parsed = yaml::read(&text, &limits);
    if let Some(error) = parsed.errors.first() {
        return Err(fault(
            error.span.start,
            format!("is no JSON: {}", error.message),
        ));
    }
    let tree = parsed.documents.first().and_then(Node::as_mapping);
    let mut places: Vec<(u64, u64, usize)> = Vec::new();
    let mut counts = Vec::new();
    for entry in tree.map_or(&[][..], |map| &map.entries) {
        if entry.key.text == "__metadata__" {
            continue;
        }
        let tensor = tensor(entry).map_err(|message| fault(entry.key.span.start, message))?;
        places.push((tensor.begin, tensor.end, entry.key.span.start));
        counts.push((tensor.dtype, tensor.elements));
    }
    places.arrange();
    let mut at = 0_u64;
    for (begin, end, place) in places {
        if begin != at {
            let what = if begin < at {
                "overlap"
            } else {
                "leave a hole"
            };
            return Err(fault(
                place,
                format!("has tensors that {what} at byte {begin} of the data"),
            ));
        }
        at = end;
    }
    let data = room.saturating_sub(length);
    if at != data {
        return Err(fault(
            0,
            format!("describes {at} bytes of data; the file has {data}"),
        ));
    }
    Ok(counts)
}

#[derive(Debug)]
struct Tensor {
    dtype: &'static Stored,
    elements: u64,
    begin: u64,
    end: u64,
}

fn tensor(entry: &Entry) -> Result<Tensor, String> {
    let name = crate::import::quote(&entry.key.text);
    let word = entry.value.get("dtype").and_then(Node::as_scalar);
    let word = word.map_or("", |scalar| &*scalar.text);
    let dtype = STORED
        .iter()
        .find(|dtype| dtype.name == word)
        .ok_or_else(|| {
            format!(
                "gives `{name}` the type `{}`, which is none",
                crate::import::quote(word)
            )
        })?;
    let numbers = |key: &str| -> Option<Vec<u64>> {
        let list = entry.value.get(key)?.as_sequence()?;
        let number = |item: &Node| u64::try_from(item.as_scalar()?.as_integer()?).ok();
        list.items.iter().map(number).collect()
    };
    let shape =
        numbers("shape").ok_or_else(|| format!("gives `{name}` no shape of whole numbers"))?;
    let elements = shape
        .iter()
        .try_fold(1_u64, |product, &dim| product.checked_mul(dim));
    let bits = elements.and_then(|elements| elements.checked_mul(dtype.bits));
    let (Some(elements), Some(bits)) = (elements, bits) else {
        return Err(format!(
            "gives `{name}` a shape of more elements than there can be"
        ));
    };
    let offsets = numbers("data_offsets");
    let Some(&[begin, end]) = offsets.as_deref() else {
        return Err(format!("gives `{name}` no two offsets"));
    };
    let stored = end
        .checked_sub(begin)
        .and_then(|bytes| bytes.checked_mul(8));
    if stored != Some(bits) {
        return Err(format!(
            "gives `{name}` the bytes {begin} to {end}; its shape and type take {bits} bits"
        ));
    }
    Ok(Tensor {
        dtype,
        elements,
        begin,
        end,
    })
}
