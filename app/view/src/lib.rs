//! The markup of the designer.
//!
//! `view!` reads the syntax of leptos' macro of that name, as far as the designer uses it, and
//! writes calls of `crate::ui::dom`: one small call an attribute and a child, none of which is
//! compiled anew for the place that it stands at. `#[component]` makes a struct of a function whose
//! fields are its arguments, so that a component's name in markup is a struct's literal.

mod component;
mod markup;
mod names;

use proc_macro::TokenStream;

/// Elements as an expression, a `crate::ui::dom::View`.
///
/// - `<div>…</div>`, `<input />`: elements of HTML and SVG.
/// - `name="words"`, `name=expression`, `name`: attributes. An expression is a text, a number, a
///   `bool` (there or not), an `Option` of these (not there when `None`), or a closure or signal of
///   these, followed from then on.
/// - `class:name=flag`, `style:name=value`, `prop:name=value`: one class, one property of the style,
///   one of the object, by the same expressions. Properties are set when the children are there.
/// - `on:event=handler`: the event's type is known to a closure.
/// - `node_ref=reference`: keeps the element for code.
/// - `"words"` and `{expression}`: children; a closure or a signal is followed from then on.
/// - `<Name field=value />`: a component; what stands between its tags is its field `children`.
/// - `<Show when=condition fallback=closure>…</Show>`: there while the condition holds, and the
///   closure's view, if there is one, while it does not.
/// - `<For each=items key=key let:item>…</For>`: a list whose rows follow the items by their keys.
#[proc_macro]
pub fn view(tokens: TokenStream) -> TokenStream {
    markup::view(tokens.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}

/// A component of a function: the struct that `view!` makes, and how it is drawn. What the function
/// reads of signals is read once.
#[proc_macro_attribute]
pub fn component(options: TokenStream, item: TokenStream) -> TokenStream {
    component::component(&options.into(), item.into())
        .unwrap_or_else(|error| error.to_compile_error())
        .into()
}
