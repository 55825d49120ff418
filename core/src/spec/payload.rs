//! Payload types as the document states them: `text`, `{kind: vector, dim: 1024}`, `QueryVector`.

use serde_json::json;

use super::form::{Form, TextUse};
use super::primitive::{Any, ModelName, Text};
use super::reader::{Reader, Shape, list_words};
use super::units::Count;
use crate::text::{Span, Spanned};
use crate::yaml::{Node, Value};

words! {
    /// What kind of value a port carries.
    pub enum Kind {
        /// Text.
        "text" Text,
        /// Token ids.
        "tokens" Tokens,
        /// An embedding.
        "vector" Vector,
        /// A scored list, as a retriever or reranker gives it.
        "candidates" Candidates,
        /// Chat messages.
        "messages" Messages,
        /// One of some classes.
        "label" Label,
        /// A tensor.
        "tensor" Tensor,
        /// An image.
        "image" Image,
        /// Sound.
        "audio" Audio,
        /// JSON.
        "json" Json,
        /// Bytes of a media type.
        "bytes" Bytes,
        /// A list of items of one type.
        "list" List,
        /// A value that arrives in pieces.
        "stream" Stream,
        /// Any value; what it is, is unknown.
        "any" Any,
    }

    /// How a number is stored.
    pub enum Dtype {
        /// 64-bit float.
        "f64" F64,
        /// 32-bit float.
        "f32" F32,
        /// 16-bit float.
        "f16" F16,
        /// bfloat16.
        "bf16" Bf16,
        /// 8-bit float.
        "f8" F8,
        /// 64-bit integer.
        "i64" I64,
        /// 32-bit integer.
        "i32" I32,
        /// 16-bit integer.
        "i16" I16,
        /// 8-bit integer.
        "i8" I8,
        /// 64-bit unsigned integer.
        "u64" U64,
        /// 32-bit unsigned integer.
        "u32" U32,
        /// 16-bit unsigned integer.
        "u16" U16,
        /// 8-bit unsigned integer.
        "u8" U8,
        /// Boolean.
        "bool" Bool,
        /// Single bits, packed.
        "binary" Binary,
        /// Strings.
        "string" String,
    }

    /// How two vectors are compared.
    pub enum Metric {
        /// The angle between them.
        "cosine" Cosine,
        /// The inner product.
        "dot" Dot,
        /// The straight distance.
        "euclidean" Euclidean,
        /// The sum of absolute differences.
        "manhattan" Manhattan,
        /// The number of differing bits.
        "hamming" Hamming,
    }

    /// How token vectors become one.
    pub enum Pooling {
        /// The vector of the first token.
        "cls" Cls,
        /// The average.
        "mean" Mean,
        /// The maximum of each component.
        "max" Max,
        /// The vector of the last token.
        "last" Last,
    }

    /// What a score measures.
    pub enum ScoreKind {
        /// Higher is nearer.
        "similarity" Similarity,
        /// Lower is nearer.
        "distance" Distance,
        /// An unbounded model output.
        "logit" Logit,
        /// From 0 to 1.
        "probability" Probability,
    }

    /// How candidates are ordered by score.
    pub enum ScoreOrder {
        /// Lowest first.
        "asc" Asc,
        /// Highest first.
        "desc" Desc,
    }
}

record! {
    /// The score of candidates.
    pub struct Score {
        /// What it measures.
        "kind" kind: ScoreKind,
        /// Which comes first.
        "order" order: ScoreOrder,
        /// The least there can be.
        "min" min: f64,
        /// The most there can be.
        "max" max: f64,
    }

    /// The parameters of a payload type; which of them apply follows from its kind.
    pub struct TypeParams {
        /// `text`: the most tokens it may hold.
        "maxTokens" max_tokens: Count,
        /// `tokens`: which tokenizer made them.
        "tokenizer" tokenizer: ModelName,
        /// `vector`: number of components.
        "dim" dim: Dimension,
        /// `vector`, `tensor`: how each component is stored.
        "dtype" dtype: Dtype,
        /// `vector`: how it is to be compared.
        "metric" metric: Metric,
        /// `vector`: whether its length is 1.
        "normalized" normalized: bool,
        /// `vector`: how token vectors became one.
        "pooling" pooling: Pooling,
        /// `vector`: the model whose space it lies in.
        "space" space: ModelName,
        /// `vector`: whether only some components are stored.
        "sparse" sparse: bool,
        /// `candidates`: the type of each.
        "item" item: Box<TypeExpr>,
        /// `candidates`: their score.
        "score" score: Score,
        /// `candidates`, `list`: the most there are.
        "maxItems" max_items: Count,
        /// `messages`, `image`, `audio`: the format's name.
        "format" format: Text,
        /// `label`: what it may be.
        "classes" classes: Vec<Spanned<Text>>,
        /// `tensor`: its dimensions, without the batch.
        "shape" shape: Vec<Spanned<Dimension>>,
        /// `tensor`: the order of its dimensions, such as `NCHW`.
        "layout" layout: Text,
        /// `json`: a JSON Schema.
        "schema" schema: Any,
        /// `bytes`: the media type, such as `application/pdf`.
        "mediaType" media_type: Text,
        /// `image`: pixels across.
        "width" width: Dimension,
        /// `image`: pixels down.
        "height" height: Dimension,
        /// `image`, `audio`: number of channels.
        "channels" channels: Dimension,
        /// `audio`: samples a second.
        "sampleRate" sample_rate: Count,
        /// `list`, `stream`: the type of each item or piece.
        "of" of: Box<TypeExpr>,
    }
}

impl Kind {
    /// The keys of the parameters that a kind has.
    pub const fn params(self) -> &'static [&'static str] {
        match self {
            Self::Text => &["maxTokens"],
            Self::Tokens => &["tokenizer", "maxTokens"],
            Self::Vector => &[
                "dim",
                "dtype",
                "metric",
                "normalized",
                "pooling",
                "space",
                "sparse",
            ],
            Self::Candidates => &["item", "score", "maxItems"],
            Self::Messages => &["format", "maxTokens"],
            Self::Label => &["classes"],
            Self::Tensor => &["dtype", "shape", "layout"],
            Self::Image => &["format", "width", "height", "channels"],
            Self::Audio => &["format", "sampleRate", "channels"],
            Self::Json => &["schema"],
            Self::Bytes => &["mediaType"],
            Self::List => &["of", "maxItems"],
            Self::Stream => &["of"],
            Self::Any => &[],
        }
    }
}

/// A dimension: a whole number, any, or an unknown with a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// So many.
    Fixed(u64),
    /// `-1`: any.
    Any,
    /// `$D`: equal names in one graph are one unknown.
    Symbol(String),
}

impl core::fmt::Display for Dimension {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Fixed(value) => write!(f, "{value}"),
            Self::Any => f.write_str("-1"),
            Self::Symbol(name) => write!(f, "${name}"),
        }
    }
}

impl Shape for Dimension {
    fn form() -> Form {
        Form::Text(TextUse::Dimension)
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let value = node.as_scalar().and_then(|scalar| {
            if let Some(name) = scalar.text.strip_prefix('$') {
                return reader.is_name(name).then(|| Self::Symbol(name.to_owned()));
            }
            match scalar.as_integer()? {
                -1 => Some(Self::Any),
                value => u64::try_from(value)
                    .ok()
                    .filter(|&value| value > 0)
                    .map(Self::Fixed),
            }
        });
        if value.is_none() {
            reader.bad_value(
                node,
                "a dimension (a number from 1, `-1` for any, or `$Name`)",
            );
        }
        value
    }

    fn canonical(&self) -> serde_json::Value {
        match self {
            Self::Fixed(value) => json!(value),
            Self::Any => json!(-1),
            Self::Symbol(name) => json!(format!("${name}")),
        }
    }
}

/// A payload type as it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeExpr {
    /// The kind, or the name of one of `spec.types`.
    pub base: Spanned<TypeBase>,
    /// Its parameters.
    pub params: TypeParams,
}

/// What a type builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeBase {
    /// A kind.
    Kind(Kind),
    /// One of `spec.types`.
    Named(String),
}

impl Default for TypeExpr {
    fn default() -> Self {
        Self {
            base: Spanned::new(TypeBase::Kind(Kind::Any), Span::default()),
            params: TypeParams::default(),
        }
    }
}

record! {
    /// A payload type with its parameters.
    pub struct TypeMap + params: TypeParams {
        /// What kind of value it is.
        @required "kind" kind: TypeWord,
    }
}

/// A kind's word or a type's name.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeWord(pub TypeBase);

impl Shape for TypeWord {
    fn form() -> Form {
        Form::Text(TextUse::Type)
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let text = Text::read(node, reader)?;
        if let Some(kind) = Kind::from_word(&text) {
            return Some(Self(TypeBase::Kind(kind)));
        }
        if !reader.is_name(&text) {
            let kinds = Kind::ALL.iter().map(|kind| kind.word());
            reader.bad_value(node, &format!("a type's name or {}", list_words(kinds)));
            return None;
        }
        Some(Self(TypeBase::Named(text.0)))
    }

    fn canonical(&self) -> serde_json::Value {
        match &self.0 {
            TypeBase::Kind(kind) => json!(kind.word()),
            TypeBase::Named(name) => json!(name),
        }
    }
}

fn type_word() -> Form {
    TypeWord::form()
}

fn type_map() -> Form {
    TypeMap::form()
}

impl Shape for TypeExpr {
    fn form() -> Form {
        Form::Either(type_word, type_map)
    }

    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        match &node.value {
            Value::Mapping(_) => {
                let map = TypeMap::read(node, reader)?;
                let base = map.kind?.map(|word| word.0);
                Some(Self {
                    base,
                    params: map.params,
                })
            }
            Value::Scalar(_) => {
                let word = TypeWord::read(node, reader)?;
                let base = Spanned::new(word.0, node.span);
                Some(Self {
                    base,
                    params: TypeParams::default(),
                })
            }
            Value::Sequence(_) => {
                reader.wrong_type(node, "a payload type");
                None
            }
        }
    }

    fn canonical(&self) -> serde_json::Value {
        let mut map = serde_json::Map::new();
        map.insert(
            "kind".to_owned(),
            TypeWord(self.base.value.clone()).canonical(),
        );
        self.params.write_fields(&mut map);
        serde_json::Value::Object(map)
    }
}
