//! The document's types: what a ModelGraph and a ModelSpec may say.
//!
//! Each type is declared once, by the macros of this room, and from that one declaration come its
//! reader, its part of the JSON Schema, its canonical order of keys and its documentation.

#[macro_use]
mod macros;

pub mod form;
mod graph;
mod payload;
pub mod piqc;
mod placement;
pub(crate) mod primitive;
mod read;
mod reader;
mod replicas;
mod revision;
mod units;

pub use graph::*;
pub use payload::{
    Dimension, Dtype, Kind, Metric, Pooling, Score, ScoreKind, ScoreOrder, TypeBase, TypeExpr,
    TypeMap, TypeParams, TypeWord,
};
pub use placement::*;
pub use primitive::{
    Any, ByNode, ByPort, ByRule, ByText, ByType, Condition, Endpoint, EngineName, GpuName, Image,
    Label, Map, MapKey, ModelName, Named, NodeName, PoolName, Positive, Slowdown, Text, Version,
    to_json,
};
pub use read::{API_VERSION, Document, KIND, LOCK_KIND, Reading, read};
pub use reader::{Reader, Shape, is_node_name, is_port_name, list_words, nearest};
pub use replicas::{Autoscale, Autoscaling, ReplicaBounds, Replicas, ScaleBy, ScaleTarget};
pub(crate) use revision::same_revision;
pub use units::{
    Bytes, Cores, Count, Duration, FineDuration, Money, MoneyRate, Percent, Rate, Ratio,
};
