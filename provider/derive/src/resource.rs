//! The `Described` implementation of a struct with a `#[resource(…)]` attribute.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, Ident, LitInt, LitStr, Result};

use crate::field::strings;

pub fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Some(attribute) =
        input.attrs.iter().find(|attribute| attribute.path().is_ident("resource"))
    else {
        return Ok(TokenStream::new());
    };
    let mut type_name: Option<LitStr> = None;
    let mut id: Option<LitStr> = None;
    let mut refresh: Option<LitStr> = None;
    let mut proof: Option<Ident> = None;
    let mut key = quote!("name");
    let mut identity: Vec<LitStr> = Vec::new();
    let mut keeps: Vec<LitStr> = Vec::new();
    let mut moves: Vec<TokenStream> = Vec::new();
    let mut consistency_seconds = quote!(0);
    attribute.parse_nested_meta(|meta| {
        let word = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
        match word.as_str() {
            "type" => type_name = Some(meta.value()?.parse()?),
            "id" => id = Some(meta.value()?.parse()?),
            "refresh" => refresh = Some(meta.value()?.parse()?),
            "proof" => proof = Some(proof_variant(&meta.value()?.parse()?)?),
            "key" => {
                let name: LitStr = meta.value()?.parse()?;
                key = quote!(#name);
            }
            "identity" => identity = strings(&meta)?,
            "keeps" => keeps = strings(&meta)?,
            "moves" => {
                moves = strings(&meta)?.iter().map(move_source).collect::<Result<_>>()?;
            }
            "consistency_seconds" => {
                let seconds: LitInt = meta.value()?.parse()?;
                consistency_seconds = quote!(#seconds);
            }
            _ => return Err(meta.error("not something a resource can be")),
        }
        Ok(())
    })?;
    let missing = |what| syn::Error::new_spanned(attribute, format!("a resource needs {what}"));
    let type_name = type_name.ok_or_else(|| missing("type = \"…\""))?;
    let id = id.ok_or_else(|| missing("id = \"…\""))?;
    let refresh = refresh.ok_or_else(|| missing("refresh = \"…\""))?;
    let proof = proof.ok_or_else(|| missing("proof = …"))?;
    let ident = &input.ident;
    Ok(quote! {
        #[automatically_derived]
        impl ::travel_framework::resource::Described for #ident {
            const DESCRIPTION: ::travel_framework::resource::Description =
                ::travel_framework::resource::Description {
                    type_name: #type_name,
                    id: #id,
                    key: #key,
                    proof: ::travel_framework::resource::Proof::#proof,
                    refresh: #refresh,
                    identity: &[#(#identity),*],
                    keeps: &[#(#keeps),*],
                    consistency: ::core::time::Duration::from_secs(#consistency_seconds),
                    moves: &[#(#moves),*],
                };
        }
    })
}

/// `NAMESPACE/PROVIDER TYPE.ATTRIBUTE`: a resource of another provider, and what says its id.
fn move_source(words: &LitStr) -> Result<TokenStream> {
    let text = words.value();
    let parts = text.split_once(' ').and_then(|(provider, rest)| {
        let (type_name, id) = rest.split_once('.')?;
        provider.contains('/').then_some((provider, type_name, id))
    });
    let (provider, type_name, id) = parts.ok_or_else(|| {
        syn::Error::new(words.span(), "expected \"NAMESPACE/PROVIDER TYPE.ATTRIBUTE\"")
    })?;
    Ok(quote! {
        ::travel_framework::resource::MoveSource {
            provider: #provider,
            type_name: #type_name,
            id: #id,
        }
    })
}

fn proof_variant(word: &Ident) -> Result<Ident> {
    let variant = match word.to_string().as_str() {
        "tags" => "Tags",
        "parent" => "Parent",
        "record" => "Record",
        "equality" => "Equality",
        _ => {
            return Err(syn::Error::new_spanned(word, "expected tags, parent, record or equality"));
        }
    };
    Ok(Ident::new(variant, word.span()))
}
