//! The derive macro that turns a struct into a Terraform schema and its conversion.

use proc_macro::TokenStream;

/// Derives the schema and conversion of a model.
#[proc_macro_derive(Model, attributes(model))]
pub fn model(_input: TokenStream) -> TokenStream {
    TokenStream::new()
}
