//! Values as tensors: the batch is no dimension of them.

use crate::graph::{FactValue, Param, Type};
use crate::spec::{Dimension, Kind};

/// What a tensor is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::export) struct Tensor {
    /// `TYPE_FP32` and so on.
    pub(in crate::export) data_type: &'static str,
    /// Its dimensions; -1 is any.
    pub(in crate::export) dims: Vec<i64>,
    /// Whether the document says so, rather than a custom of how such values are written.
    pub(in crate::export) stated: bool,
}

impl Tensor {
    /// The tensor of a value.
    pub(in crate::export) fn of(ty: &Type) -> Self {
        let custom = |data_type, dims: &[i64]| Self {
            data_type,
            dims: dims.to_vec(),
            stated: false,
        };
        match ty.kind {
            Kind::Vector => {
                let dim = ty.dim().and_then(|dim| i64::try_from(dim).ok());
                Self {
                    data_type: data_type(ty).unwrap_or("TYPE_FP32"),
                    dims: vec![dim.filter(|dim| *dim > 0).unwrap_or(-1)],
                    stated: dim.is_some() && data_type(ty).is_some(),
                }
            }
            Kind::Tensor => {
                let shape = ty.fact(Param::Shape).map(|fact| &fact.value);
                let dims: Option<Vec<i64>> = match shape {
                    Some(FactValue::Shape(shape)) if !shape.is_empty() => {
                        Some(shape.iter().map(dimension).collect())
                    }
                    _ => None,
                };
                Self {
                    data_type: data_type(ty).unwrap_or("TYPE_FP32"),
                    stated: dims.is_some() && data_type(ty).is_some(),
                    dims: dims.unwrap_or_else(|| vec![-1]),
                }
            }
            Kind::Tokens => custom("TYPE_INT64", &[-1]),
            Kind::Image => custom("TYPE_UINT8", &[-1, -1, 3]),
            Kind::Audio => custom("TYPE_FP32", &[-1]),
            Kind::Bytes => custom("TYPE_UINT8", &[-1]),
            Kind::List | Kind::Candidates => custom("TYPE_STRING", &[-1]),
            _ => custom("TYPE_STRING", &[1]),
        }
    }

    /// For people: `TYPE_FP32 [ 1024 ]`.
    pub(in crate::export) fn shown(&self) -> String {
        let dims: Vec<String> = self.dims.iter().map(i64::to_string).collect();
        format!("{} [ {} ]", self.data_type, dims.join(", "))
    }
}

fn dimension(dimension: &Dimension) -> i64 {
    match dimension {
        Dimension::Fixed(size) => i64::try_from(*size)
            .ok()
            .filter(|size| *size > 0)
            .unwrap_or(-1),
        Dimension::Any | Dimension::Symbol(_) => -1,
    }
}

fn data_type(ty: &Type) -> Option<&'static str> {
    Some(match ty.word(Param::Dtype)? {
        "f64" => "TYPE_FP64",
        "f32" => "TYPE_FP32",
        "f16" => "TYPE_FP16",
        "bf16" => "TYPE_BF16",
        "i64" => "TYPE_INT64",
        "i32" => "TYPE_INT32",
        "i16" => "TYPE_INT16",
        "i8" => "TYPE_INT8",
        "u64" => "TYPE_UINT64",
        "u32" => "TYPE_UINT32",
        "u16" => "TYPE_UINT16",
        "u8" | "binary" => "TYPE_UINT8",
        "bool" => "TYPE_BOOL",
        "string" => "TYPE_STRING",
        _ => return None,
    })
}
