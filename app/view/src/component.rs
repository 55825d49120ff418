//! `#[component]`: a struct of a function's arguments.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Error, FnArg, ItemFn, Pat, Result};

/// The struct of a component, and its drawing.
pub(crate) fn component(options: &TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !options.is_empty() {
        return Err(Error::new_spanned(options, "a component has no options"));
    }
    let function: ItemFn = syn::parse2(item)?;
    let signature = &function.sig;
    if !signature.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &signature.generics,
            "a component is compiled once; it has no generics",
        ));
    }
    if let Some(word) = &signature.asyncness {
        return Err(Error::new_spanned(word, "a component is drawn at once"));
    }
    let visibility = &function.vis;
    let name = &signature.ident;
    let mut fields = Vec::new();
    let mut patterns = Vec::new();
    for argument in &signature.inputs {
        let FnArg::Typed(argument) = argument else {
            return Err(Error::new_spanned(argument, "a component is no method"));
        };
        let Pat::Ident(pattern) = &*argument.pat else {
            return Err(Error::new_spanned(
                &argument.pat,
                "an argument of a component has a name, as it has in markup",
            ));
        };
        let (attributes, field, ty) = (&argument.attrs, &pattern.ident, &argument.ty);
        fields.push(quote!(#(#attributes)* #visibility #field: #ty));
        patterns.push(quote!(#pattern));
    }
    let attributes = &function.attrs;
    let lints = attributes.iter().filter(|attribute| !is_doc(attribute));
    let body = &function.block;
    Ok(quote! {
        #(#attributes)*
        // They are the function's arguments, named as such.
        #[allow(clippy::struct_field_names)]
        #visibility struct #name { #(#fields),* }

        #(#lints)*
        impl crate::ui::dom::IntoView for #name {
            fn into_view(self) -> crate::ui::dom::View {
                let Self { #(#patterns),* } = self;
                crate::ui::dom::untracked(move || #body)
            }
        }
    })
}

fn is_doc(attribute: &Attribute) -> bool {
    attribute.path().is_ident("doc")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(item: TokenStream) -> String {
        match component(&TokenStream::new(), item) {
            Ok(tokens) => tokens.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn arguments_become_fields() {
        let written = written(quote! {
            /// A picture.
            #[component]
            pub(crate) fn Icon(
                /// Which.
                glyph: Glyph,
                mut size: u8,
            ) -> impl IntoView {
                view! { <svg></svg> }
            }
        });
        let fields = quote! {
            pub(crate) struct Icon {
                /// Which.
                pub(crate) glyph: Glyph,
                pub(crate) size: u8
            }
        };
        assert!(written.contains(&fields.to_string()), "{written}");
        assert!(
            written.contains("let Self { glyph , mut size } = self"),
            "{written}"
        );
    }

    #[test]
    fn what_a_component_cannot_be_is_said() {
        let generic = written(quote!(
            fn List<T>(items: Vec<T>) -> impl IntoView {}
        ));
        assert_eq!(generic, "a component is compiled once; it has no generics");
        let nameless = written(quote!(
            fn Pair((a, b): (u8, u8)) -> impl IntoView {}
        ));
        assert!(nameless.contains("has a name"), "{nameless}");
    }
}
