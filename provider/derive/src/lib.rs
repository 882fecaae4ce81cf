//! The derive macro that turns a struct into a Terraform schema and its conversion.
//!
//! What a field may carry in `#[model(…)]`:
//!
//! | attribute | meaning |
//! |---|---|
//! | `required`, `optional`, `computed` | who sets it |
//! | `default = EXPRESSION` or `default` | the value where the configuration has none (or the type's own default) |
//! | `replace` | another value means another object |
//! | `sensitive`, `write_only`, `volatile`, `config_only`, `not_imported` | as in `schema::Attribute` |
//! | `deprecated = "…"` | what to use instead |
//! | `range(A, B)`, `length(A, B)`, `pattern("…", "meaning")`, `one_of("a", "b")`, `rule = FUNCTION` | what a value must satisfy |
//! | `same = FUNCTION` | when two values mean the same |
//! | `name = "…"` | the attribute's name, where the field's does not serve |
//! | `flatten` | the field is a model whose attributes stand at this level |
//! | `block`, `block(list)`, `block(map)` | the field is a model written as nested blocks |
//!
//! What a struct that is a resource carries in `#[resource(…)]`: `type = "…"`, `proof = tags |
//! parent | record | equality`, `id = "…"` (the attribute that is set once the object exists),
//! `refresh = "…"` (API calls of a read), and optionally `key = "…"` (the attribute that names
//! it, `name` by default), `identity("…", …)`, `keeps("…", …)`, `consistency_seconds = N`,
//! `moves("NAMESPACE/PROVIDER TYPE.ATTRIBUTE", …)` (resources of other providers that stand for the
//! same objects, and the attribute that an import takes as the id).

mod field;
mod model;
mod resource;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives `Model` (and `Field`, so that models nest), and `Described` where the struct has a
/// `#[resource(…)]` attribute.
#[proc_macro_derive(Model, attributes(model, resource))]
pub fn model(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    model::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
