use core::fmt;

use super::Facts;
use crate::check::{Code, Diagnostic, Fix};
use crate::spec::{
    Dimension, Kind, ModelGraph, ScoreKind, ScoreOrder, TypeBase, TypeExpr, TypeParams, list_words,
    nearest,
};
use crate::text::{Span, Spanned, TextEdit};

/// A payload type with every name resolved: a kind and the facts that are known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    /// What kind of value; `any` where that is unknown.
    pub kind: Kind,
    /// Where the kind is stated; `None` where the role brings it.
    pub span: Option<Span>,
    /// What is known. A parameter that is not here is unknown.
    pub facts: Facts,
    /// The type of each item (`candidates`, `list`) or piece (`stream`), where known.
    pub inner: Option<Box<Type>>,
}

/// A parameter of a payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Param {
    /// Most tokens.
    MaxTokens,
    /// Who made the tokens.
    Tokenizer,
    /// Components of a vector.
    Dim,
    /// How numbers are stored.
    Dtype,
    /// How vectors are compared.
    Metric,
    /// Whether a vector's length is 1.
    Normalized,
    /// How token vectors became one.
    Pooling,
    /// The model whose space a vector lies in.
    Space,
    /// Whether a vector is sparse.
    Sparse,
    /// What a score measures.
    ScoreKind,
    /// How candidates are ordered.
    ScoreOrder,
    /// The least score there can be.
    ScoreMin,
    /// The most score there can be.
    ScoreMax,
    /// Most items.
    MaxItems,
    /// A format's name.
    Format,
    /// What a label may be.
    Classes,
    /// A tensor's dimensions.
    Shape,
    /// The order of a tensor's dimensions.
    Layout,
    /// A JSON Schema.
    Schema,
    /// A media type.
    MediaType,
    /// Pixels across.
    Width,
    /// Pixels down.
    Height,
    /// Channels.
    Channels,
    /// Samples a second.
    SampleRate,
}

impl Param {
    /// The parameter's key in the document.
    pub const fn key(self) -> &'static str {
        match self {
            Self::MaxTokens => "maxTokens",
            Self::Tokenizer => "tokenizer",
            Self::Dim => "dim",
            Self::Dtype => "dtype",
            Self::Metric => "metric",
            Self::Normalized => "normalized",
            Self::Pooling => "pooling",
            Self::Space => "space",
            Self::Sparse => "sparse",
            Self::ScoreKind => "score.kind",
            Self::ScoreOrder => "score.order",
            Self::ScoreMin => "score.min",
            Self::ScoreMax => "score.max",
            Self::MaxItems => "maxItems",
            Self::Format => "format",
            Self::Classes => "classes",
            Self::Shape => "shape",
            Self::Layout => "layout",
            Self::Schema => "schema",
            Self::MediaType => "mediaType",
            Self::Width => "width",
            Self::Height => "height",
            Self::Channels => "channels",
            Self::SampleRate => "sampleRate",
        }
    }

    /// Whether the value is an upper bound: an output within it satisfies an input that states it.
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::MaxTokens | Self::MaxItems)
    }
}

/// What is known of one parameter, and where it is stated.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// The value.
    pub value: FactValue,
    /// Where it is stated.
    pub span: Span,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum FactValue {
    /// A number.
    Number(u64),
    /// Yes or no.
    Flag(bool),
    /// A word or name.
    Word(String),
    /// A dimension.
    Dimension(Dimension),
    /// Several dimensions.
    Shape(Vec<Dimension>),
    /// Several words.
    Words(Vec<String>),
    /// JSON.
    Json(serde_json::Value),
}

impl fmt::Display for FactValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => write!(f, "{value}"),
            Self::Flag(value) => write!(f, "{value}"),
            Self::Word(word) => f.write_str(word),
            Self::Dimension(dimension) => write!(f, "{dimension}"),
            Self::Shape(shape) => {
                let shape: Vec<String> = shape.iter().map(Dimension::to_string).collect();
                write!(f, "[{}]", shape.join(", "))
            }
            Self::Words(words) => write!(f, "[{}]", words.join(", ")),
            Self::Json(value) => write!(f, "{value}"),
        }
    }
}

impl Type {
    /// A kind of which nothing else is known.
    pub fn of_kind(kind: Kind) -> Self {
        Self {
            kind,
            span: None,
            facts: Facts::default(),
            inner: None,
        }
    }

    /// Whether two types say the same, wherever it is stated.
    pub fn says_the_same(&self, other: &Self) -> bool {
        let facts = || self.facts.iter().zip(other.facts.iter());
        let inner = match (&self.inner, &other.inner) {
            (Some(one), Some(other)) => one.says_the_same(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        inner
            && self.kind == other.kind
            && self.facts.len() == other.facts.len()
            && facts().all(|((one, a), (other, b))| one == other && a.value == b.value)
    }

    /// The fact of a parameter.
    pub fn fact(&self, param: Param) -> Option<&Fact> {
        self.facts.get(&param)
    }

    /// The dimension of a vector, where it is a number.
    pub fn dim(&self) -> Option<u64> {
        match &self.fact(Param::Dim)?.value {
            FactValue::Dimension(Dimension::Fixed(value)) => Some(*value),
            _ => None,
        }
    }

    /// A bound or other number.
    pub fn number(&self, param: Param) -> Option<u64> {
        match &self.fact(param)?.value {
            FactValue::Number(value) => Some(*value),
            _ => None,
        }
    }

    /// A word or name.
    pub fn word(&self, param: Param) -> Option<&str> {
        match &self.fact(param)?.value {
            FactValue::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The figure that a reader asks first, for the canvas: `1024` of a vector, `20` of candidates.
    pub fn key_figure(&self) -> Option<String> {
        let fact = match self.kind {
            Kind::Vector => self.fact(Param::Dim),
            Kind::Candidates | Kind::List => self.fact(Param::MaxItems),
            Kind::Text => self.fact(Param::MaxTokens),
            Kind::Tensor => self.fact(Param::Shape).or_else(|| self.fact(Param::Dtype)),
            Kind::Audio => self.fact(Param::SampleRate),
            _ => None,
        }?;
        Some(fact.value.to_string())
    }
}

impl fmt::Display for Type {
    /// As the document would write it in flow style.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.facts.is_empty() && self.inner.is_none() {
            return f.write_str(self.kind.word());
        }
        write!(f, "{{kind: {}", self.kind.word())?;
        for (param, fact) in self.facts.iter() {
            write!(f, ", {}: {}", param.key(), fact.value)?;
        }
        if let Some(inner) = &self.inner {
            let key = if self.kind == Kind::Candidates {
                "item"
            } else {
                "of"
            };
            write!(f, ", {key}: {inner}")?;
        }
        f.write_str("}")
    }
}

/// Resolves a written type: names of `spec.types` are followed, parameters beside it win.
///
/// `outer` are the parameters that stand beside `type` on a port. What cannot be is reported.
pub fn resolve(
    graph: &ModelGraph,
    written: Option<&Spanned<TypeExpr>>,
    outer: &TypeParams,
    inherited: Option<&Type>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Type {
    let mut ty = match written {
        Some(expr) => resolve_expr(graph, expr, &mut Vec::new(), diagnostics),
        None => inherited
            .cloned()
            .unwrap_or_else(|| Type::of_kind(Kind::Any)),
    };
    // A port of the role that states the same kind anew keeps what the role says of it.
    if let Some(inherited) = inherited.filter(|inherited| inherited.kind == ty.kind) {
        for (param, fact) in inherited.facts.iter() {
            ty.facts.or_insert_with(*param, || fact.clone());
        }
        ty.inner = ty.inner.or_else(|| inherited.inner.clone());
    }
    add_params(graph, &mut ty, outer, &mut Vec::new(), diagnostics);
    ty
}

/// The most types that are followed from one to the next, into items and by names.
const DEEPEST: usize = 64;

fn resolve_expr(
    graph: &ModelGraph,
    expr: &Spanned<TypeExpr>,
    following: &mut Vec<String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Type {
    let span = expr.base.span;
    let mut ty = match &expr.base.value {
        TypeBase::Kind(kind) => Type {
            span: Some(span),
            ..Type::of_kind(*kind)
        },
        TypeBase::Named(name) => {
            let types = graph.body().and_then(|spec| spec.types.as_ref());
            let found = types.and_then(|types| types.named(name));
            match found {
                Some(_) if following.contains(name) => {
                    let names = following.iter().map(String::as_str);
                    let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
                    let chain = names.join(" → ");
                    let message = format!("type `{name}` is made of itself ({chain} → {name})");
                    diagnostics.push(Diagnostic::new(Code::BAD_VALUE, span, message));
                    Type::of_kind(Kind::Any)
                }
                Some(_) if following.len() >= DEEPEST => {
                    let message =
                        format!("type `{name}` is made of types more than {DEEPEST} deep");
                    let help = "state it in fewer steps";
                    diagnostics.push(Diagnostic::new(Code::LIMIT, span, message).with_help(help));
                    Type::of_kind(Kind::Any)
                }
                Some(named) => {
                    following.push(name.clone());
                    let inner = Spanned::new(named.value.clone(), named.span);
                    let ty = resolve_expr(graph, &inner, following, diagnostics);
                    following.pop();
                    ty
                }
                None => {
                    let names = types.into_iter().flat_map(|types| types.iter());
                    let known = Kind::ALL.iter().map(|kind| kind.word());
                    let known: Vec<&str> = known
                        .chain(names.map(|named| named.name.as_str()))
                        .collect();
                    diagnostics.push(unknown_type(name, span, &known));
                    Type::of_kind(Kind::Any)
                }
            }
        }
    };
    add_params(graph, &mut ty, &expr.params, following, diagnostics);
    ty
}

fn unknown_type(name: &str, span: Span, known: &[&str]) -> Diagnostic {
    let message = format!("there is no payload type `{name}`");
    let mut diagnostic = Diagnostic::new(Code::BAD_VALUE, span, message);
    if let Some(near) = nearest(name, known.iter().copied()) {
        diagnostic.help = Some(format!("did you mean `{near}`?"));
        let edit = TextEdit::replace(span, near);
        diagnostic
            .fixes
            .push(Fix::safe(format!("Change to `{near}`"), vec![edit]));
    } else {
        diagnostic.help = Some(format!(
            "state it under `spec.types`, or use {}",
            list_words(known.to_vec())
        ));
    }
    diagnostic
}

/// Adds stated parameters to a type; those that its kind does not have are reported.
fn add_params(
    graph: &ModelGraph,
    ty: &mut Type,
    params: &TypeParams,
    following: &mut Vec<String>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let kind = ty.kind;
    let mut allowed = |key: &'static str, span: Span| {
        if kind == Kind::Any || kind.params().contains(&key) {
            return true;
        }
        let message = format!("`{key}` is not a parameter of `{kind}`");
        let help = match kind.params() {
            [] => format!("`{kind}` has none"),
            some => format!("`{kind}` has {}", list_words(some.iter().copied())),
        };
        diagnostics.push(Diagnostic::new(Code::UNKNOWN_KEY, span, message).with_help(help));
        false
    };
    let mut facts = Vec::new();
    macro_rules! take {
        ($field:ident, $key:literal, $param:ident, $value:ident => $fact:expr) => {
            if let Some(stated) = &params.$field
                && allowed($key, stated.span)
            {
                let $value = &stated.value;
                facts.push((
                    Param::$param,
                    Fact {
                        value: $fact,
                        span: stated.span,
                    },
                ));
            }
        };
    }
    take!(max_tokens, "maxTokens", MaxTokens, v => FactValue::Number(v.0));
    take!(tokenizer, "tokenizer", Tokenizer, v => FactValue::Word(v.0.clone()));
    take!(dim, "dim", Dim, v => FactValue::Dimension(v.clone()));
    take!(dtype, "dtype", Dtype, v => FactValue::Word(v.word().to_owned()));
    take!(metric, "metric", Metric, v => FactValue::Word(v.word().to_owned()));
    take!(normalized, "normalized", Normalized, v => FactValue::Flag(*v));
    take!(pooling, "pooling", Pooling, v => FactValue::Word(v.word().to_owned()));
    take!(space, "space", Space, v => FactValue::Word(v.0.clone()));
    take!(sparse, "sparse", Sparse, v => FactValue::Flag(*v));
    take!(max_items, "maxItems", MaxItems, v => FactValue::Number(v.0));
    take!(format, "format", Format, v => FactValue::Word(v.0.clone()));
    take!(classes, "classes", Classes, v => FactValue::Words(
        v.iter().map(|class| class.value.0.clone()).collect()
    ));
    take!(shape, "shape", Shape, v => FactValue::Shape(
        v.iter().map(|dimension| dimension.value.clone()).collect()
    ));
    take!(layout, "layout", Layout, v => FactValue::Word(v.0.clone()));
    take!(schema, "schema", Schema, v => FactValue::Json(v.0.clone()));
    take!(media_type, "mediaType", MediaType, v => FactValue::Word(v.0.clone()));
    take!(width, "width", Width, v => FactValue::Dimension(v.clone()));
    take!(height, "height", Height, v => FactValue::Dimension(v.clone()));
    take!(channels, "channels", Channels, v => FactValue::Dimension(v.clone()));
    take!(sample_rate, "sampleRate", SampleRate, v => FactValue::Number(v.0));
    if let Some(score) = &params.score
        && allowed("score", score.span)
    {
        let word = |span, word: &str| Fact {
            value: FactValue::Word(word.to_owned()),
            span,
        };
        if let Some(kind) = &score.kind {
            facts.push((
                Param::ScoreKind,
                word(kind.span, ScoreKind::word(kind.value)),
            ));
        }
        if let Some(order) = &score.order {
            facts.push((
                Param::ScoreOrder,
                word(order.span, ScoreOrder::word(order.value)),
            ));
        }
        let ends = [(Param::ScoreMin, score.min), (Param::ScoreMax, score.max)];
        for (param, end) in ends {
            facts.extend(end.map(|end| {
                let value = FactValue::Json(end.value.into());
                let span = end.span;
                (param, Fact { value, span })
            }));
        }
    }
    let inner = match (&params.item, &params.of) {
        (Some(item), _) if allowed("item", item.span) => Some(item),
        (_, Some(of)) if allowed("of", of.span) => Some(of),
        _ => None,
    };
    if let Some(inner) = inner {
        let expr = Spanned::new((*inner.value).clone(), inner.span);
        // A type within a type is a step too, though without a name.
        following.push(String::new());
        ty.inner = Some(Box::new(resolve_expr(graph, &expr, following, diagnostics)));
        following.pop();
    }
    ty.facts.extend(facts);
}
