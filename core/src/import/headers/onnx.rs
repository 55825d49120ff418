use serde_json::{Map, Value, json};

use super::{Cursor, Draft, FORMAT, Fault, File, ROLE, STATED, start};
use crate::import::{Importer, Kind, port_label, quote};

/// The importer.
#[derive(Clone, Copy, Debug)]
pub(in crate::import) struct Onnx;

static HEADER: Kind = Kind::refused(
    "IM-ONNX-HEADER",
    "ONNX models that are malformed or hostile",
);
static BATCH: Kind = Kind::guessed("IM-ONNX-BATCH", "Which dimension is that of the batch");
static TYPE: Kind = Kind::kept(
    "IM-ONNX-TYPE",
    "Values of an ONNX model that are no tensors",
);
static KINDS: &[&Kind] = &[&HEADER, &BATCH, &TYPE, &ROLE, &STATED, &FORMAT];

/// The longest name that is read.
const MOST_NAME: u64 = 4096;
/// The most inputs and outputs.
const MOST_PORTS: usize = 1024;
/// The most dimensions of one.
const MOST_DIMENSIONS: usize = 64;
/// The most fields of one message, so that a file of nothing but fields ends.
const MOST_FIELDS: u32 = 1 << 22;

impl Importer for Onnx {
    fn name(&self) -> &'static str {
        "onnx"
    }

    fn title(&self) -> &'static str {
        "ONNX models"
    }

    fn about(&self) -> &'static str {
        "The inputs and outputs of .onnx files, with their dimensions, and the number of parameters"
    }

    fn kinds(&self) -> &'static [&'static Kind] {
        KINDS
    }

    fn detect(&self, file: &File<'_>) -> bool {
        if file.extension() == "onnx" {
            return true;
        }
        // The version of the format comes first, then a field of a model.
        let head = file.read(0, 3).unwrap_or_default();
        let next = [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42];
        matches!(head.as_slice(), [0x08, 3..=20, tag] if next.contains(tag))
    }

    fn read(&self, files: &[&File<'_>], draft: &mut Draft) {
        for &file in files {
            match model(file) {
                Ok(model) => write(file, &model, draft),
                Err(fault) => super::refuse(&HEADER, file, &fault, draft),
            }
        }
    }
}

/// What a model takes, gives and weighs.
#[derive(Debug, Default)]
struct Model {
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    parameters: u64,
}

#[derive(Debug, Default)]
struct Port {
    name: String,
    /// The number of the type of its elements; `None` for what is no tensor.
    element: Option<u64>,
    /// `None` where nothing is said of it.
    shape: Option<Vec<Dimension>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Dimension {
    Fixed(u64),
    Named(String),
    Unknown,
}

fn write(file: &File<'_>, model: &Model, draft: &mut Draft) {
    let folder = file.folder();
    let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
    let own = folder.rsplit('/').next().unwrap_or_default();
    let stands = draft.node_of(folder);
    let known = stands.or_else(|| draft.node_of(above).filter(|_| own == "onnx"));
    let node = if let Some(node) = known {
        // Its ports are those of its role; the tensors are how one server feeds it.
        let side = |ports: &[Port]| -> Value {
            ports
                .iter()
                .map(|port| (port.name.clone(), port.json(false)))
                .collect()
        };
        let signature = json!({"inputs": side(&model.inputs), "outputs": side(&model.outputs)});
        draft.keep(&node, "onnx/signature", signature);
        let message = format!("the tensors of `{node}` stand in the annotation `onnx/signature`");
        draft.keep_aside(&FORMAT, start(file), Some(&node), message);
        node
    } else {
        let node = draft.node(&crate::export::dns_label(file.stem()), &start(file));
        draft.name(&node);
        draft.put(&node, &["role"], "transformer");
        let message = format!("what `{node}` does, its tensors alone do not say");
        draft.guess(&ROLE, start(file), Some(&node), message, "transformer");
        for (side, ports) in [("inputs", &model.inputs), ("outputs", &model.outputs)] {
            write_ports(&node, side, ports, file, draft);
        }
        node
    };
    if model.parameters > 0 && draft.put(&node, &["model", "parameters"], model.parameters) {
        let message = format!("`{node}` has {} parameters", model.parameters);
        draft.understand(&STATED, start(file), Some(&node), message);
    }
}

fn write_ports(node: &str, side: &str, ports: &[Port], file: &File<'_>, draft: &mut Draft) {
    let mut map = Map::new();
    for port in ports {
        let label = port_label(&port.name);
        let name = crate::import::free(&label, 63, |name| map.contains_key(name));
        let batched = port.is_batched();
        let mut value = port.json(batched);
        if let Value::Object(value) = &mut value
            && name != port.name
        {
            value.insert("externalName".to_owned(), json!(port.name));
        }
        if port.element.is_none() {
            let message = format!("`{node}.{name}` is no tensor: what it holds is not said");
            draft.keep_aside(&TYPE, start(file), Some(node), message);
        }
        if batched {
            let message = format!(
                "the first dimension of `{node}.{name}` is taken for that of the batch, which \
                 shapes leave out"
            );
            let first = port.shape.as_ref().and_then(|shape| shape.first());
            let value = first.map_or_else(|| json!(-1), Dimension::json);
            draft.guess(
                &BATCH,
                start(file),
                Some(node),
                message,
                quote(&value.to_string()),
            );
        }
        map.insert(name, value);
    }
    draft.put(node, &[side], Value::Object(map));
}

impl Port {
    /// Whether its first dimension is open and named as a batch, or has no name.
    fn is_batched(&self) -> bool {
        let first = self.shape.as_ref().and_then(|shape| shape.first());
        match first {
            Some(Dimension::Named(name)) => {
                let name = name.to_lowercase();
                name.contains("batch") || matches!(&*name, "n" | "b" | "bs")
            }
            Some(Dimension::Unknown) => true,
            _ => false,
        }
    }

    fn json(&self, without_batch: bool) -> Value {
        let Some(element) = self.element else {
            return json!({"type": "any"});
        };
        let mut port = json!({"type": "tensor"});
        let Some(map) = port.as_object_mut() else {
            return port;
        };
        if let Some(dtype) = dtype(element) {
            map.insert("dtype".to_owned(), json!(dtype));
        }
        if let Some(shape) = &self.shape {
            let shown = shape.iter().skip(usize::from(without_batch));
            let shape: Vec<Value> = shown.map(Dimension::json).collect();
            map.insert("shape".to_owned(), json!(shape));
        }
        port
    }
}

impl Dimension {
    fn json(&self) -> Value {
        match self {
            Self::Fixed(value) => json!(value),
            Self::Named(name) => json!(format!("${}", port_label(name))),
            Self::Unknown => json!(-1),
        }
    }
}

/// The word for a type of elements.
const fn dtype(element: u64) -> Option<&'static str> {
    Some(match element {
        1 => "f32",
        2 => "u8",
        3 => "i8",
        4 => "u16",
        5 => "i16",
        6 => "i32",
        7 => "i64",
        8 => "string",
        9 => "bool",
        10 => "f16",
        11 => "f64",
        12 => "u32",
        13 => "u64",
        16 => "bf16",
        17..=20 => "f8",
        _ => return None,
    })
}

/// A field of a message: its number and what stands there.
#[derive(Clone, Copy, Debug)]
struct Field {
    number: u64,
    value: Wire,
}

#[derive(Clone, Copy, Debug)]
enum Wire {
    Number(u64),
    /// From where to where.
    Bytes(u64, u64),
    /// Of a fixed size, which nothing that is read here has.
    Fixed,
}

fn varint(cursor: &mut Cursor<'_>) -> Result<u64, Fault> {
    let mut value = 0_u64;
    for at in 0..10_u32 {
        let byte = cursor.byte()?;
        let bits = u64::from(byte & 0x7f);
        let shifted = bits.checked_shl(at.saturating_mul(7)).unwrap_or(0);
        value |= shifted;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    cursor.fault("has a number of more than ten bytes")
}

/// Goes over the fields of a message that ends at `end`.
fn fields(
    cursor: &mut Cursor<'_>,
    end: u64,
    mut each: impl FnMut(&mut Cursor<'_>, Field) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut count = 0_u32;
    while cursor.at() < end {
        count = count.saturating_add(1);
        if count > MOST_FIELDS {
            return cursor.fault(format!("has more than {MOST_FIELDS} fields in one message"));
        }
        let tag = varint(cursor)?;
        let number = tag >> 3;
        if number == 0 {
            return cursor.fault("has a field without a number");
        }
        let value = match tag & 7 {
            0 => Wire::Number(varint(cursor)?),
            1 => {
                cursor.skip(8)?;
                Wire::Fixed
            }
            2 => {
                let length = varint(cursor)?;
                let from = cursor.at();
                match from.checked_add(length) {
                    Some(to) if to <= end => Wire::Bytes(from, to),
                    _ => {
                        return cursor.fault(format!(
                            "has a field of {length} bytes, more than there are"
                        ));
                    }
                }
            }
            5 => {
                cursor.skip(4)?;
                Wire::Fixed
            }
            wire => return cursor.fault(format!("has a field of wire type {wire}")),
        };
        let after = match value {
            Wire::Bytes(_, to) => to,
            _ => cursor.at(),
        };
        if after > end {
            return cursor.fault("has a field that ends behind its message");
        }
        each(cursor, Field { number, value })?;
        cursor.seek(after);
    }
    Ok(())
}

fn name(cursor: &mut Cursor<'_>, from: u64, to: u64) -> Result<String, Fault> {
    cursor.seek(from);
    let most = usize::try_from(MOST_NAME).unwrap_or(0);
    let bytes = cursor.bytes(to.saturating_sub(from), most)?;
    match String::from_utf8(bytes) {
        Ok(name) => Ok(name),
        Err(_) => cursor.fault("has a name that is not UTF-8"),
    }
}

fn model(file: &File<'_>) -> Result<Model, Fault> {
    let mut cursor = Cursor::new(file);
    let mut graph = None;
    fields(&mut cursor, file.size(), |_, field| {
        if let (7, Wire::Bytes(from, to)) = (field.number, field.value) {
            graph = Some((from, to));
        }
        Ok(())
    })?;
    let Some((from, to)) = graph else {
        cursor.seek(0);
        return cursor.fault("has no graph");
    };
    let mut model = Model::default();
    cursor.seek(from);
    fields(&mut cursor, to, |cursor, field| {
        let (11 | 12, Wire::Bytes(from, to)) = (field.number, field.value) else {
            return Ok(());
        };
        let ports = if field.number == 11 {
            &mut model.inputs
        } else {
            &mut model.outputs
        };
        if ports.len() >= MOST_PORTS {
            return cursor.fault(format!("has more than {MOST_PORTS} inputs or outputs"));
        }
        ports.push(port(cursor, from, to)?);
        Ok(())
    })?;
    // Older files list the weights among the inputs. They are gone over once more rather than
    // kept: there may be any number of them.
    cursor.seek(from);
    fields(&mut cursor, to, |cursor, field| {
        if let (5, Wire::Bytes(from, to)) = (field.number, field.value) {
            let (name, elements) = weight(cursor, from, to)?;
            model
                .inputs
                .retain(|port| Some(&port.name) != name.as_ref());
            model.parameters = model.parameters.saturating_add(elements);
        }
        Ok(())
    })?;
    Ok(model)
}

/// An input or output.
fn port(cursor: &mut Cursor<'_>, from: u64, to: u64) -> Result<Port, Fault> {
    let mut port = Port::default();
    cursor.seek(from);
    fields(cursor, to, |cursor, field| {
        match (field.number, field.value) {
            (1, Wire::Bytes(from, to)) => port.name = name(cursor, from, to)?,
            (2, Wire::Bytes(from, to)) => {
                cursor.seek(from);
                fields(cursor, to, |cursor, field| {
                    if let (1, Wire::Bytes(from, to)) = (field.number, field.value) {
                        cursor.seek(from);
                        tensor_type(cursor, to, &mut port)?;
                    }
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(port)
}

fn tensor_type(cursor: &mut Cursor<'_>, end: u64, port: &mut Port) -> Result<(), Fault> {
    port.element = Some(0);
    fields(cursor, end, |cursor, field| {
        match (field.number, field.value) {
            (1, Wire::Number(element)) => port.element = Some(element),
            (2, Wire::Bytes(from, to)) => {
                let mut shape = Vec::new();
                cursor.seek(from);
                fields(cursor, to, |cursor, field| {
                    let (1, Wire::Bytes(from, to)) = (field.number, field.value) else {
                        return Ok(());
                    };
                    if shape.len() >= MOST_DIMENSIONS {
                        let message =
                            format!("has a tensor of more than {MOST_DIMENSIONS} dimensions");
                        return cursor.fault(message);
                    }
                    shape.push(dimension(cursor, from, to)?);
                    Ok(())
                })?;
                port.shape = Some(shape);
            }
            _ => {}
        }
        Ok(())
    })
}

fn dimension(cursor: &mut Cursor<'_>, from: u64, to: u64) -> Result<Dimension, Fault> {
    let mut dimension = Dimension::Unknown;
    cursor.seek(from);
    fields(cursor, to, |cursor, field| {
        match (field.number, field.value) {
            // Some write 0 or -1 for any.
            (1, Wire::Number(value)) if i64::try_from(value).is_ok_and(|value| value > 0) => {
                dimension = Dimension::Fixed(value);
            }
            (2, Wire::Bytes(from, to)) if to > from => {
                dimension = Dimension::Named(name(cursor, from, to)?);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(dimension)
}

/// The name of a weight, and its elements where they are floating-point numbers.
fn weight(cursor: &mut Cursor<'_>, from: u64, to: u64) -> Result<(Option<String>, u64), Fault> {
    let mut own = None;
    let mut elements = 1_u64;
    let mut element = 0;
    cursor.seek(from);
    fields(cursor, to, |cursor, field| {
        match (field.number, field.value) {
            (1, Wire::Number(dim)) => elements = elements.saturating_mul(dim),
            (1, Wire::Bytes(from, to)) => {
                cursor.seek(from);
                while cursor.at() < to {
                    elements = elements.saturating_mul(varint(cursor)?);
                }
            }
            (2, Wire::Number(ty)) => element = ty,
            (8, Wire::Bytes(from, to)) if to.saturating_sub(from) <= MOST_NAME => {
                own = Some(name(cursor, from, to)?);
            }
            _ => {}
        }
        Ok(())
    })?;
    if i64::try_from(elements).is_err() {
        return cursor.fault("has weights of more elements than there can be");
    }
    let is_float = matches!(element, 1 | 10 | 11 | 16..=20);
    Ok((own, if is_float { elements } else { 0 }))
}
