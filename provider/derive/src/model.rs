//! The `Model` implementation of a struct.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields, Result};

use crate::field::{FieldModel, Place, documentation};
use crate::resource;

pub fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(input, "only a struct can be a model"));
    };
    let Fields::Named(fields) = &data.fields else {
        return Err(syn::Error::new_spanned(input, "a model needs named fields"));
    };
    let fields = fields.named.iter().map(FieldModel::parse).collect::<Result<Vec<_>>>()?;
    let ident = &input.ident;
    let description = documentation(&input.attrs);
    let schema = fields.iter().map(schema_line);
    let readers = fields.iter().map(reader);
    let writers = fields.iter().map(writer);
    let described = resource::expand(input)?;
    Ok(quote! {
        #[automatically_derived]
        impl ::travel_framework::model::Model for #ident {
            fn block() -> ::travel_framework::schema::Block {
                let mut block = ::travel_framework::schema::Block {
                    description: #description.to_owned(),
                    ..::core::default::Default::default()
                };
                #(#schema)*
                block
            }

            fn from_value(
                value: &::travel_framework::value::Value,
                path: &::travel_framework::value::Path,
            ) -> ::core::result::Result<Self, ::travel_framework::Diagnostic> {
                ::core::result::Result::Ok(Self { #(#readers),* })
            }

            fn to_value(&self) -> ::travel_framework::value::Value {
                let mut attributes = ::std::collections::BTreeMap::new();
                #(#writers)*
                ::travel_framework::value::Value::Object(attributes)
            }
        }

        #[automatically_derived]
        impl ::travel_framework::model::Field for #ident {
            fn kind() -> ::travel_framework::schema::AttributeKind {
                ::travel_framework::schema::AttributeKind::Nested {
                    nesting: ::travel_framework::schema::Nesting::Single,
                    attributes: <Self as ::travel_framework::model::Model>::block().attributes,
                }
            }

            fn from_value(
                value: &::travel_framework::value::Value,
                path: &::travel_framework::value::Path,
            ) -> ::core::result::Result<Self, ::travel_framework::Diagnostic> {
                if value.entries().is_none() {
                    let error = ::travel_framework::model::mismatch("an object", value, path);
                    return ::core::result::Result::Err(error);
                }
                <Self as ::travel_framework::model::Model>::from_value(value, path)
            }

            fn to_value(&self) -> ::travel_framework::value::Value {
                <Self as ::travel_framework::model::Model>::to_value(self)
            }
        }

        #[automatically_derived]
        impl ::travel_framework::model::Blocks for #ident {
            fn block() -> ::travel_framework::schema::Block {
                <Self as ::travel_framework::model::Model>::block()
            }
        }

        #described
    })
}

fn schema_line(field: &FieldModel) -> TokenStream {
    let kind = &field.kind;
    match field.place {
        Place::Attribute => {
            let attribute = field.attribute();
            quote!(block.attributes.push(#attribute);)
        }
        Place::Flatten => quote! {
            let flattened = <#kind as ::travel_framework::model::Model>::block();
            block.attributes.extend(flattened.attributes);
            block.blocks.extend(flattened.blocks);
        },
        Place::Block(nesting) => {
            let nested = field.nested_block(nesting);
            quote!(block.blocks.push(#nested);)
        }
    }
}

fn reader(field: &FieldModel) -> TokenStream {
    let FieldModel { ident, kind, name, .. } = field;
    match field.place {
        Place::Flatten => {
            quote!(#ident: <#kind as ::travel_framework::model::Model>::from_value(value, path)?)
        }
        _ => quote! {
            #ident: <#kind as ::travel_framework::model::Field>::from_value(
                value.get(#name),
                &path.field(#name),
            )?
        },
    }
}

fn writer(field: &FieldModel) -> TokenStream {
    let FieldModel { ident, kind, name, .. } = field;
    match field.place {
        Place::Flatten => quote! {
            if let ::travel_framework::value::Value::Object(flattened) =
                <#kind as ::travel_framework::model::Model>::to_value(&self.#ident)
            {
                attributes.extend(flattened);
            }
        },
        _ => quote! {
            attributes.insert(
                #name.to_owned(),
                <#kind as ::travel_framework::model::Field>::to_value(&self.#ident),
            );
        },
    }
}
