//! What a name in markup stands for.

use proc_macro2::Span;
use rstml::node::NodeName;
use syn::spanned::Spanned as _;
use syn::{Error, Path, Result};

/// Elements of SVG that HTML has not; the others of SVG are known by what they stand in.
const SVG: &[&str] = &[
    "animate",
    "animateMotion",
    "animateTransform",
    "circle",
    "clipPath",
    "defs",
    "desc",
    "ellipse",
    "filter",
    "foreignObject",
    "g",
    "image",
    "line",
    "linearGradient",
    "marker",
    "mask",
    "mpath",
    "path",
    "pattern",
    "polygon",
    "polyline",
    "radialGradient",
    "rect",
    "set",
    "stop",
    "svg",
    "switch",
    "symbol",
    "text",
    "textPath",
    "tspan",
    "use",
    "view",
];

/// What an element's name stands for.
pub(crate) enum Tag {
    /// An element of HTML, or one of SVG within SVG.
    Element(String),
    /// An element that only SVG has.
    Svg(String),
    /// A component.
    Component(Path),
}

/// Reads an element's name: a component's path has its last part in upper case.
pub(crate) fn tag(name: &NodeName) -> Result<Tag> {
    match name {
        NodeName::Block(block) => Err(Error::new(block.span(), "an element has a fixed name")),
        NodeName::Path(path) => {
            let last = path.path.segments.last().map(|part| part.ident.to_string());
            let last = last.unwrap_or_default();
            if last.starts_with(|sign: char| sign.is_ascii_uppercase()) {
                Ok(Tag::Component(path.path.clone()))
            } else if SVG.contains(&last.as_str()) {
                Ok(Tag::Svg(last))
            } else {
                Ok(Tag::Element(word(name)))
            }
        }
        NodeName::Punctuated(_) => Ok(Tag::Element(word(name))),
    }
}

/// What an attribute's name stands for.
pub(crate) enum Key {
    Attribute(String),
    Class(String),
    Style(String),
    Property(String),
    Event(String),
    NodeRef,
}

/// Reads an attribute's name.
pub(crate) fn key(name: &NodeName) -> Result<Key> {
    let word = word(name);
    let Some((kind, rest)) = word.split_once(':') else {
        return Ok(if word == "node_ref" {
            Key::NodeRef
        } else {
            Key::Attribute(word)
        });
    };
    let rest = rest.to_owned();
    match kind {
        "attr" => Ok(Key::Attribute(rest)),
        "class" => Ok(Key::Class(rest)),
        "style" => Ok(Key::Style(rest)),
        "prop" => Ok(Key::Property(rest)),
        "on" => Ok(Key::Event(rest)),
        "xlink" | "xml" => Ok(Key::Attribute(word)),
        _ => Err(Error::new(
            span(name),
            format!(
                "`{kind}:` is not known; there are `class:`, `style:`, `prop:`, `on:` and `attr:`"
            ),
        )),
    }
}

/// A name as it stands in the page.
pub(crate) fn word(name: &NodeName) -> String {
    name.to_string().replace("r#", "")
}

/// Where a name stands.
pub(crate) fn span(name: &NodeName) -> Span {
    name.span()
}
