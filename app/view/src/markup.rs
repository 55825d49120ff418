//! `view!`: markup as calls.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use rstml::node::{
    KeyedAttribute, KeyedAttributeValue, Node, NodeAttribute, NodeBlock, NodeElement,
};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, Path, Result, Stmt};

use crate::names::{Key, Tag, key, span, tag, word};

type Element = NodeElement<rstml::Infallible>;

/// The calls that markup stands for.
pub(crate) fn view(tokens: TokenStream) -> Result<TokenStream> {
    let nodes = rstml::parse2(tokens)?;
    whole(&nodes, false)
}

/// Several nodes as one view.
fn whole(nodes: &[Node], svg: bool) -> Result<TokenStream> {
    match nodes {
        [] => Ok(quote!(crate::ui::dom::View::Empty)),
        [Node::Fragment(fragment)] => whole(&fragment.children, svg),
        [Node::Element(element)] => self::element(element, svg),
        [Node::Text(text)] => {
            let words = &text.value;
            Ok(quote!(crate::ui::dom::View::Text(#words.into())))
        }
        [Node::Block(block)] => {
            let block = bare(block);
            Ok(quote!(crate::ui::dom::IntoView::into_view(#block)))
        }
        nodes => {
            let children = children(nodes, svg)?;
            Ok(quote!(crate::ui::dom::Fragment::new() #children .into_view()))
        }
    }
}

/// The calls that add children.
fn children(nodes: &[Node], svg: bool) -> Result<TokenStream> {
    let mut calls = TokenStream::new();
    for node in nodes {
        calls.extend(match node {
            Node::Text(text) => {
                let words = &text.value;
                quote!(.text(#words))
            }
            Node::Block(block) => {
                let block = bare(block);
                quote_spanned!(block.span()=> .child(#block))
            }
            Node::Element(element) => {
                let view = self::element(element, svg)?;
                quote!(.child(#view))
            }
            Node::Fragment(fragment) => children(&fragment.children, svg)?,
            Node::Comment(_) => TokenStream::new(),
            Node::Doctype(_) | Node::RawText(_) | Node::Custom(_) => {
                return Err(Error::new_spanned(
                    node,
                    "a text stands in quotes, an expression in braces",
                ));
            }
        });
    }
    Ok(calls)
}

/// An element or a component.
fn element(element: &Element, svg: bool) -> Result<TokenStream> {
    match tag(element.name())? {
        Tag::Component(path) => component(element, &path, svg),
        Tag::Svg(name) => plain(element, &name, true),
        Tag::Element(name) => plain(element, &name, svg),
    }
}

/// An element of the page.
fn plain(element: &Element, name: &str, svg: bool) -> Result<TokenStream> {
    let mut calls = TokenStream::new();
    let mut last = TokenStream::new();
    for attribute in keyed(element)? {
        let at = span(&attribute.key);
        let value = attribute.value();
        let given = || value.ok_or_else(|| Error::new(at, "this needs a value: `name=value`"));
        match key(&attribute.key)? {
            Key::Attribute(name) => match value {
                None => calls.extend(quote!(.literal(#name, ""))),
                Some(value) => calls.extend(literal(value).map_or_else(
                    || quote_spanned!(value.span()=> .attr(#name, #value)),
                    |words| quote!(.literal(#name, #words)),
                )),
            },
            Key::Class(name) => {
                let value = given()?;
                calls.extend(quote_spanned!(value.span()=> .class(#name, #value)));
            }
            Key::Style(name) => {
                let value = given()?;
                calls.extend(quote_spanned!(value.span()=> .style(#name, #value)));
            }
            // What a list of options shows can be said once the options are there.
            Key::Property(name) => {
                let value = given()?;
                last.extend(quote_spanned!(value.span()=> .prop(#name, #value)));
            }
            Key::Event(name) => {
                let event = Ident::new(&name, at);
                let value = given()?;
                calls.extend(quote_spanned!(value.span()=> .on(leptos::ev::#event, #value)));
            }
            Key::NodeRef => {
                let value = given()?;
                calls.extend(quote_spanned!(value.span()=> .node_ref(#value)));
            }
        }
    }
    let children = children(&element.children, svg && name != "foreignObject")?;
    let new = format_ident!("{}", if svg { "svg" } else { "html" });
    Ok(quote!(crate::ui::dom::Element::#new(#name) #calls #children #last .into_view()))
}

/// A component, as the literal of its struct.
fn component(element: &Element, path: &Path, svg: bool) -> Result<TokenStream> {
    let built_in = path.get_ident().map(ToString::to_string);
    match built_in.as_deref() {
        Some("For") => return list(element, svg),
        Some("Show") => return show(element, svg),
        _ => {}
    }
    let mut fields = TokenStream::new();
    for attribute in keyed(element)? {
        let name = Ident::new(&word(&attribute.key), span(&attribute.key));
        let field = |value| quote!(#name: #value,);
        fields.extend(attribute.value().map_or_else(|| quote!(#name,), field));
    }
    if !element.children.is_empty() {
        let view = whole(&element.children, svg)?;
        fields.extend(quote!(children: ::std::boxed::Box::new(move || #view),));
    }
    Ok(quote!(crate::ui::dom::IntoView::into_view(#path { #fields })))
}

/// `<For each=items key=key let:item>`.
fn list(element: &Element, svg: bool) -> Result<TokenStream> {
    let (mut each, mut key, mut item) = (None, None, None);
    for attribute in keyed(element)? {
        let name = word(&attribute.key);
        match (name.as_str(), attribute.value()) {
            ("each", Some(value)) => each = Some(value),
            ("key", Some(value)) => key = Some(value),
            (name, None) if name.starts_with("let:") => {
                let name = name.trim_start_matches("let:");
                item = Some(Ident::new(name, span(&attribute.key)));
            }
            _ => return Err(Error::new(span(&attribute.key), LIST)),
        }
    }
    let (Some(each), Some(key), Some(item)) = (each, key, item) else {
        return Err(Error::new(span(element.name()), LIST));
    };
    let view = whole(&element.children, svg)?;
    Ok(quote!(crate::ui::dom::keyed(#each, #key, move |#item| #view)))
}

const LIST: &str = "a list is written `<For each=items key=key let:item>`";

/// `<Show when=condition fallback=closure>`.
fn show(element: &Element, svg: bool) -> Result<TokenStream> {
    let (mut when, mut fallback) = (None, None);
    for attribute in keyed(element)? {
        match (word(&attribute.key).as_str(), attribute.value()) {
            ("when", Some(value)) => when = Some(value),
            ("fallback", Some(value)) => fallback = Some(value),
            _ => return Err(Error::new(span(&attribute.key), CONDITION)),
        }
    }
    let Some(when) = when else {
        return Err(Error::new(span(element.name()), CONDITION));
    };
    let fallback = fallback.map_or_else(
        || quote!(|| crate::ui::dom::View::Empty),
        ToTokens::to_token_stream,
    );
    let view = whole(&element.children, svg)?;
    Ok(quote!(crate::ui::dom::show(#when, move || #view, #fallback)))
}

const CONDITION: &str =
    "what comes and goes is written `<Show when=condition>`, and may have a `fallback=closure`";

/// The attributes of an element, all of which have names.
fn keyed(element: &Element) -> Result<Vec<&KeyedAttribute>> {
    let attributes = element
        .attributes()
        .iter()
        .map(|attribute| match attribute {
            NodeAttribute::Attribute(attribute) => match attribute.possible_value {
                KeyedAttributeValue::Binding(_) => Err(Error::new(
                    span(&attribute.key),
                    "an attribute is written `name=value`",
                )),
                _ => Ok(attribute),
            },
            NodeAttribute::Block(block) => Err(Error::new(
                block.span(),
                "an attribute is written `name=value`",
            )),
        });
    attributes.collect()
}

/// A block, without its braces where it is one expression.
fn bare(block: &NodeBlock) -> TokenStream {
    match block {
        NodeBlock::ValidBlock(block) => match block.stmts.as_slice() {
            [Stmt::Expr(expression, None)] => expression.to_token_stream(),
            _ => block.to_token_stream(),
        },
        NodeBlock::Invalid(block) => block.to_token_stream(),
    }
}

/// The words of a value that is a text as it stands.
fn literal(value: &Expr) -> Option<&LitStr> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Str(words),
            ..
        }) => Some(words),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(tokens: TokenStream) -> String {
        match view(tokens) {
            Ok(tokens) => tokens.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[allow(clippy::needless_pass_by_value)]
    fn check(tokens: TokenStream, expected: TokenStream) {
        assert_eq!(written(tokens), expected.to_string());
    }

    #[test]
    fn elements_are_calls() {
        check(
            quote! { <a class="skip" data-kind=kind href="#canvas" hidden>"Skip " {there}</a> },
            quote! {
                crate::ui::dom::Element::html("a")
                    .literal("class", "skip")
                    .attr("data-kind", kind)
                    .literal("href", "#canvas")
                    .literal("hidden", "")
                    .text("Skip ")
                    .child(there)
                    .into_view()
            },
        );
    }

    #[test]
    fn properties_are_set_last() {
        check(
            quote! {
                <select prop:value=shown class:low=flag style:width=w on:change=act node_ref=field>
                    <option value="a"></option>
                </select>
            },
            quote! {
                crate::ui::dom::Element::html("select")
                    .class("low", flag)
                    .style("width", w)
                    .on(leptos::ev::change, act)
                    .node_ref(field)
                    .child(crate::ui::dom::Element::html("option").literal("value", "a").into_view())
                    .prop("value", shown)
                    .into_view()
            },
        );
    }

    #[test]
    fn svg_is_known_by_name_and_by_place() {
        check(
            quote! { <svg><title>"A"</title></svg> },
            quote! {
                crate::ui::dom::Element::svg("svg")
                    .child(crate::ui::dom::Element::svg("title").text("A").into_view())
                    .into_view()
            },
        );
        let alone = written(quote! { <line x1=left></line> });
        assert!(alone.contains("Element :: svg"), "{alone}");
        let title = written(quote! { <title>"A"</title> });
        assert!(title.contains("Element :: html"), "{title}");
    }

    #[test]
    fn components_are_literals() {
        check(
            quote! { <panels::Frame place=place field><b></b></panels::Frame> },
            quote! {
                crate::ui::dom::IntoView::into_view(panels::Frame {
                    place: place,
                    field,
                    children: ::std::boxed::Box::new(move ||
                        crate::ui::dom::Element::html("b").into_view()),
                })
            },
        );
    }

    #[test]
    fn lists_and_conditions_are_built_in() {
        check(
            quote! { <For each=items key=Clone::clone let:item>{item}</For> },
            quote! {
                crate::ui::dom::keyed(items, Clone::clone, move |item|
                    crate::ui::dom::IntoView::into_view(item))
            },
        );
        check(
            quote! { <Show when=is_new>"New"</Show> },
            quote! {
                crate::ui::dom::show(
                    is_new,
                    move || crate::ui::dom::View::Text("New".into()),
                    || crate::ui::dom::View::Empty
                )
            },
        );
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let list = written(quote! { <For each=items let:item>{item}</For> });
        assert_eq!(list, LIST);
        let kind = written(quote! { <p use:tooltip=x></p> });
        assert!(kind.contains("`use:` is not known"), "{kind}");
        let event = written(quote! { <p on:click></p> });
        assert!(event.contains("needs a value"), "{event}");
    }
}
