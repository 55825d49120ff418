use std::collections::BTreeMap;

use serde_json::json;

use super::{Cursor, Draft, FORMAT, Fault, File, PARTS, ROLE, STATED, is_whole, part, start};
use crate::import::{Importer, Kind};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(in crate::import) struct Gguf;

static HEADER: Kind = Kind::refused(
    "IM-GGUF-HEADER",
    "Headers of GGUF that are malformed or hostile",
);
static KINDS: &[&Kind] = &[&HEADER, &PARTS, &ROLE, &STATED, &FORMAT];

/// The most bytes of a header that are read: its largest part is the vocabulary.
const MOST_HEADER: u64 = 256 << 20;
/// The most keys and tensors.
const MOST_KEYS: u64 = 1 << 16;
const MOST_TENSORS: u64 = 1 << 20;
/// The longest text that is kept; templates are longer.
const MOST_TEXT: u64 = 1 << 10;
/// The most dimensions of a tensor.
const MOST_DIMENSIONS: u32 = 4;

impl Importer for Gguf {
    fn name(&self) -> &'static str {
        "gguf"
    }

    fn title(&self) -> &'static str {
        "GGUF weights"
    }

    fn about(&self) -> &'static str {
        "The header of .gguf files: architecture, context, heads, number of parameters"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn detect(&self, file: &File<'_>) -> bool {
        let magic = file.read(0, 4);
        file.extension() == "gguf" || magic.is_some_and(|magic| magic == *b"GGUF")
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        let mut models: BTreeMap<String, Vec<(&File<'_>, Header)>> = BTreeMap::new();
        for &file in files {
            match header(file) {
                Ok(header) => {
                    let key = format!("{}/{}", file.folder(), part(file).0);
                    models.entry(key).or_default().push((file, header));
                }
                Err(fault) => super::refuse(&HEADER, file, &fault, draft),
            }
        }
        for parts in models.values() {
            write(parts, draft);
        }
    }
}

fn write(parts: &[(&File<'_>, Header)], draft: &mut Draft) {
    // The first part has the keys.
    let Some((file, first)) = parts.iter().max_by_key(|(_, header)| header.texts.len()) else {
        return;
    };
    let node = draft.node_of(file.folder()).unwrap_or_else(|| {
        let (own, _) = part(file);
        let node = draft.node(&crate::export::dns_label(&own), &start(file));
        draft.name(&node);
        node
    });
    let architecture = first.text("general.architecture").unwrap_or_default();
    let number = |key: &str| first.number(&format!("{architecture}.{key}"));
    let width = number("embedding_length");
    let pooling = number("pooling_type");
    let encodes = architecture.contains("bert") || architecture.ends_with("encoder");
    let role = match pooling {
        Some(4) => "reranker",
        Some(1..=3) => "embedder",
        _ if encodes => "embedder",
        _ => "generator",
    };
    if draft.put(&node, &["role"], role) && pooling.is_none() {
        let message = format!(
            "the role of `{node}` is taken from its architecture, `{}`",
            crate::import::quote(architecture)
        );
        draft.guess(&ROLE, start(file), Some(&node), message, role);
    }
    if !architecture.is_empty() {
        draft.put(&node, &["model", "family"], architecture);
    }
    if let Some(license) = first.text("general.license") {
        draft.put(&node, &["model", "license"], license);
    }
    if let Some(name) = first.text("general.name") {
        draft.put(&node, &["description"], name);
    }
    let heads = number("attention.head_count");
    let sizes = [
        ("layers", number("block_count")),
        ("heads", heads),
        ("kvHeads", number("attention.head_count_kv").or(heads)),
        ("headDim", number("attention.key_length")),
        ("hidden", width),
        ("contextTokens", number("context_length")),
    ];
    for (key, value) in sizes {
        if let Some(value) = value.filter(|&value| value > 0) {
            draft.put(&node, &["model", key], value);
        }
    }
    if let (Some(width), Some(heads)) = (width, heads)
        && width.checked_rem(heads) == Some(0)
        && let Some(dim) = width.checked_div(heads)
    {
        draft.put(&node, &["model", "headDim"], dim);
    }
    if let Some(tokens) = first.tokens.filter(|&tokens| tokens > 0) {
        draft.put(&node, &["tokenizer", "vocabSize"], tokens);
    }
    if role != "generator"
        && let Some(context) = number("context_length").filter(|&context| context > 0)
    {
        draft.put(&node, &["tokenizer", "maxInputTokens"], context);
    }
    if role == "embedder"
        && let Some(width) = width.filter(|&width| width > 0)
    {
        let mut port = json!({"type": "vector", "dim": width});
        let pooling = match pooling {
            Some(1) => Some("mean"),
            Some(2) => Some("cls"),
            Some(3) => Some("last"),
            _ => None,
        };
        if let (Some(pooling), Some(port)) = (pooling, port.as_object_mut()) {
            port.insert("pooling".to_owned(), json!(pooling));
        }
        draft.put(&node, &["outputs", "vector"], port);
    }
    stored(&node, file, parts, draft);
}

/// How the weights are stored, and how many there are.
fn stored(node: &str, file: &File<'_>, parts: &[(&File<'_>, Header)], draft: &mut Draft) {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for (ty, count) in parts.iter().flat_map(|(_, header)| &header.elements) {
        let sum = counts.entry(*ty).or_default();
        *sum = sum.saturating_add(*count);
    }
    if let Some((&ty, _)) = counts.iter().max_by_key(|(_, count)| **count) {
        let (name, precision) = described(ty);
        draft.keep(node, "gguf/type", name);
        if let Some(precision) = precision {
            draft.put(node, &["model", "precision"], precision);
        } else {
            let message = format!(
                "most weights of `{node}` are stored as {name}, which a graph has no word for; the \
                 annotation `gguf/type` keeps it"
            );
            draft.keep_aside(&FORMAT, start(file), Some(node), message);
        }
    }
    let numbers: Vec<_> = parts.iter().map(|(file, _)| part(file).1).collect();
    if !is_whole(&numbers) {
        super::tell_of_parts(node, file, draft);
        return;
    }
    let parameters = counts
        .values()
        .fold(0_u64, |sum, count| sum.saturating_add(*count));
    if parameters > 0 && draft.put(node, &["model", "parameters"], parameters) {
        let message = format!("`{node}` has {parameters} parameters");
        draft.understand(&STATED, start(file), Some(node), message);
    }
}

/// What a header says that a graph has a word for.
#[derive(Debug, Default)]
struct Header {
    texts: BTreeMap<String, String>,
    numbers: BTreeMap<String, u64>,
    /// The size of the vocabulary.
    tokens: Option<u64>,
    /// The elements of each type of tensors.
    elements: BTreeMap<u32, u64>,
}

impl Header {
    fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.numbers.get(key).copied()
    }
}

fn header(file: &File<'_>) -> Result<Header, Fault> {
    let mut cursor = Cursor::new(file);
    if cursor.take()? != *b"GGUF" {
        cursor.seek(0);
        return cursor.fault("does not begin with `GGUF`");
    }
    let version = cursor.u32()?;
    if !matches!(version, 2 | 3) {
        return cursor.fault(format!(
            "is of version {version}; versions 2 and 3 are read"
        ));
    }
    let (tensors, keys) = (cursor.u64()?, cursor.u64()?);
    for (what, count, most) in [
        ("tensors", tensors, MOST_TENSORS),
        ("keys", keys, MOST_KEYS),
    ] {
        if count > most {
            return cursor.fault(format!("claims {count} {what}; at most {most} are read"));
        }
    }
    let mut header = Header::default();
    for _ in 0..keys {
        let key = text(&mut cursor)?.unwrap_or_default();
        let ty = cursor.u32()?;
        value(&mut cursor, &mut header, key, ty)?;
    }
    let alignment = header.number("general.alignment").unwrap_or(32);
    if !alignment.is_power_of_two() || alignment > 1 << 20 {
        return cursor.fault(format!("aligns tensors to {alignment} bytes"));
    }
    let mut ends: Vec<(u64, u64)> = Vec::new();
    for _ in 0..tensors {
        let (ty, elements, offset) = tensor(&mut cursor)?;
        if offset.checked_rem(alignment) != Some(0) {
            return cursor.fault(format!("puts a tensor at {offset}, which is not aligned"));
        }
        if let Some(bytes) = bytes_of(ty, elements) {
            ends.push((cursor.at(), offset.saturating_add(bytes)));
        }
        let sum = header.elements.entry(ty).or_default();
        *sum = sum.saturating_add(elements);
    }
    let start = cursor.at().checked_next_multiple_of(alignment);
    let data = start.map_or(0, |start| file.size().saturating_sub(start));
    if let Some((at, end)) = ends.into_iter().find(|(_, end)| *end > data) {
        cursor.seek(at);
        return cursor.fault(format!(
            "puts a tensor up to byte {end} of the data; the file has {data}"
        ));
    }
    Ok(header)
}

fn guard(cursor: &Cursor<'_>) -> Result<(), Fault> {
    if cursor.at() > MOST_HEADER {
        return cursor.fault(format!("has more than {MOST_HEADER} bytes"));
    }
    Ok(())
}

/// A text; `None` where it is too long to be kept.
fn text(cursor: &mut Cursor<'_>) -> Result<Option<String>, Fault> {
    guard(cursor)?;
    let length = cursor.u64()?;
    if length > MOST_TEXT {
        cursor.skip(length)?;
        return Ok(None);
    }
    let start = cursor.at();
    let bytes = cursor.bytes(length, usize::try_from(MOST_TEXT).unwrap_or(0))?;
    if let Ok(text) = String::from_utf8(bytes) {
        return Ok(Some(text));
    }
    cursor.seek(start);
    cursor.fault("has a text that is not UTF-8")
}

/// Bytes of a value of a type that has a fixed size.
const fn size_of(ty: u32) -> Option<u64> {
    match ty {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}

fn value(cursor: &mut Cursor<'_>, header: &mut Header, key: String, ty: u32) -> Result<(), Fault> {
    let number = match ty {
        0 | 7 => u64::from(cursor.byte()?),
        2 => u64::from(u16::from_le_bytes(cursor.take()?)),
        4 => u64::from(cursor.u32()?),
        // A negative one is no size.
        5 => u64::try_from(i32::from_le_bytes(cursor.take()?)).unwrap_or(0),
        10 => cursor.u64()?,
        11 => u64::try_from(i64::from_le_bytes(cursor.take()?)).unwrap_or(0),
        8 => {
            if let Some(text) = text(cursor)? {
                header.texts.insert(key, text);
            }
            return Ok(());
        }
        9 => {
            let (of, count) = (cursor.u32()?, cursor.u64()?);
            if key == "tokenizer.ggml.tokens" {
                header.tokens = Some(count);
            }
            return array(cursor, of, count, 0);
        }
        _ => match size_of(ty) {
            Some(size) => return cursor.skip(size),
            None => return cursor.fault(format!("has a value of type {ty}, which is none")),
        },
    };
    header.numbers.insert(key, number);
    Ok(())
}

/// Steps over a list.
fn array(cursor: &mut Cursor<'_>, of: u32, count: u64, depth: u32) -> Result<(), Fault> {
    if let Some(size) = size_of(of) {
        return match size.checked_mul(count) {
            Some(bytes) => cursor.skip(bytes),
            None => cursor.fault("has a list that is longer than any file"),
        };
    }
    if !matches!(of, 8 | 9) || depth > 2 {
        return cursor.fault(format!(
            "has a list of type {of}, which is none or too deep"
        ));
    }
    for _ in 0..count {
        guard(cursor)?;
        if of == 8 {
            let length = cursor.u64()?;
            cursor.skip(length)?;
        } else {
            let (of, count) = (cursor.u32()?, cursor.u64()?);
            array(cursor, of, count, depth.saturating_add(1))?;
        }
    }
    Ok(())
}

/// The type, number of elements and offset of a tensor.
fn tensor(cursor: &mut Cursor<'_>) -> Result<(u32, u64, u64), Fault> {
    text(cursor)?;
    let dimensions = cursor.u32()?;
    if dimensions > MOST_DIMENSIONS {
        return cursor.fault(format!("has a tensor of {dimensions} dimensions"));
    }
    let mut elements = 1_u64;
    for _ in 0..dimensions {
        let dim = cursor.u64()?;
        let Some(product) = elements.checked_mul(dim) else {
            return cursor.fault("has a tensor of more elements than there can be");
        };
        elements = product;
    }
    let ty = cursor.u32()?;
    if ty > MOST_TYPE {
        return cursor.fault(format!("has a tensor of type {ty}, which is none"));
    }
    Ok((ty, elements, cursor.u64()?))
}

/// The last type of tensors that is known.
const MOST_TYPE: u32 = 39;

/// Bytes of a tensor; `None` for types whose blocks are not known here.
fn bytes_of(ty: u32, elements: u64) -> Option<u64> {
    let (block, bytes) = match ty {
        0 | 26 => (1, 4),
        1 | 25 | 30 => (1, 2),
        24 => (1, 1),
        27 | 28 => (1, 8),
        2 => (32, 18),
        3 => (32, 20),
        6 => (32, 22),
        7 => (32, 24),
        8 => (32, 34),
        10 => (256, 84),
        11 => (256, 110),
        12 => (256, 144),
        13 => (256, 176),
        14 => (256, 210),
        _ => return None,
    };
    // What overflows is larger than any file.
    let bytes = elements.div_ceil(block).checked_mul(bytes);
    Some(bytes.unwrap_or(u64::MAX))
}

/// The name of a type, and the word of the format for it.
const fn described(ty: u32) -> (&'static str, Option<&'static str>) {
    match ty {
        0 => ("F32", Some("fp32")),
        1 => ("F16", Some("fp16")),
        2 => ("Q4_0", Some("int4")),
        3 => ("Q4_1", Some("int4")),
        6 => ("Q5_0", None),
        7 => ("Q5_1", None),
        8 => ("Q8_0", Some("int8")),
        9 => ("Q8_1", Some("int8")),
        10 => ("Q2_K", None),
        11 => ("Q3_K", None),
        12 => ("Q4_K", Some("int4")),
        13 => ("Q5_K", None),
        14 => ("Q6_K", None),
        15 => ("Q8_K", Some("int8")),
        20 => ("IQ4_NL", Some("int4")),
        23 => ("IQ4_XS", Some("int4")),
        24 => ("I8", Some("int8")),
        28 => ("F64", None),
        30 => ("BF16", Some("bf16")),
        39 => ("MXFP4", Some("fp4")),
        _ => ("another type", None),
    }
}
