//! What `#[model(…)]` says of one field.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, Field, Ident, Lit, LitInt, LitStr, Result, Token, Type, parenthesized};

/// How the field stands in the object.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An attribute.
    Attribute,
    /// A model whose attributes stand beside the others.
    Flatten,
    /// Nested blocks, kept as this.
    Block(&'static str),
}

/// One field and all that was said of it.
pub struct FieldModel {
    pub ident: Ident,
    pub kind: Type,
    pub name: String,
    pub place: Place,
    description: String,
    flags: Vec<Ident>,
    default: Option<TokenStream>,
    deprecated: Option<LitStr>,
    rules: Vec<TokenStream>,
    same: Option<Expr>,
}

const FLAGS: [&str; 9] = [
    "required",
    "optional",
    "computed",
    "replace",
    "sensitive",
    "write_only",
    "volatile",
    "config_only",
    "not_imported",
];

impl FieldModel {
    pub fn parse(field: &Field) -> Result<Self> {
        let ident = field
            .ident
            .clone()
            .ok_or_else(|| syn::Error::new_spanned(field, "a model's fields need names"))?;
        let mut model = Self {
            name: ident.to_string().trim_start_matches("r#").to_owned(),
            ident,
            kind: field.ty.clone(),
            place: Place::Attribute,
            description: documentation(&field.attrs),
            flags: Vec::new(),
            default: None,
            deprecated: None,
            rules: Vec::new(),
            same: None,
        };
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("model")) {
            attribute.parse_nested_meta(|meta| model.take(&meta))?;
        }
        let documented = !model.description.is_empty() || model.place == Place::Flatten;
        if !documented {
            let message = "an attribute needs a doc comment: it is its description";
            return Err(syn::Error::new_spanned(field, message));
        }
        Ok(model)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        let word =
            meta.path.get_ident().cloned().ok_or_else(|| meta.error("expected a single word"))?;
        match word.to_string().as_str() {
            flag if FLAGS.contains(&flag) => self.flags.push(word),
            "name" => self.name = meta.value()?.parse::<LitStr>()?.value(),
            "deprecated" => self.deprecated = Some(meta.value()?.parse()?),
            "same" => self.same = Some(meta.value()?.parse()?),
            "flatten" => self.place = Place::Flatten,
            "block" => self.place = Place::Block(block_nesting(meta)?),
            "default" => self.default = Some(self.default_value(meta)?),
            "rule" => {
                let check: Expr = meta.value()?.parse()?;
                self.rules.push(quote!(::travel_framework::rule::Rule::custom(#check)));
            }
            "range" => {
                let (minimum, maximum) = bounds(meta)?;
                let maximum = maximum.map_or(quote!(i64::MAX), |number| quote!(#number));
                self.rules.push(quote! {
                    ::travel_framework::rule::Rule::Range { minimum: #minimum, maximum: #maximum }
                });
            }
            "length" => {
                let (minimum, maximum) = bounds(meta)?;
                let maximum = maximum.map_or(quote!(usize::MAX), |number| quote!(#number));
                self.rules.push(quote! {
                    ::travel_framework::rule::Rule::Length { minimum: #minimum, maximum: #maximum }
                });
            }
            "pattern" => {
                let words = strings(meta)?;
                let [pattern, meaning] = words.as_slice() else {
                    return Err(meta.error("expected pattern(\"…\", \"what a match is\")"));
                };
                // The provider compiles patterns only when it needs them, so mistakes are found here.
                regex::Regex::new(&pattern.value())
                    .map_err(|error| syn::Error::new(pattern.span(), error))?;
                self.rules
                    .push(quote!(::travel_framework::rule::Rule::pattern(#pattern, #meaning)));
            }
            "one_of" => {
                let words = strings(meta)?;
                self.rules.push(quote! {
                    ::travel_framework::rule::Rule::OneOf(vec![#(#words.to_owned()),*])
                });
            }
            _ => return Err(meta.error("not something a field can be")),
        }
        Ok(())
    }

    fn default_value(&self, meta: &ParseNestedMeta<'_>) -> Result<TokenStream> {
        let kind = &self.kind;
        if !meta.input.peek(Token![=]) {
            return Ok(quote!(<#kind as ::core::default::Default>::default()));
        }
        let expression: Expr = meta.value()?.parse()?;
        Ok(match &expression {
            Expr::Lit(literal) if matches!(literal.lit, Lit::Str(_)) => {
                quote!(<#kind as ::core::convert::From<&str>>::from(#expression))
            }
            _ => quote!(#expression),
        })
    }

    /// The expression of this field's `schema::Attribute`.
    pub fn attribute(&self) -> TokenStream {
        let Self { name, kind, description, flags, rules, .. } = self;
        let default = self.default.as_ref().map_or(
            quote!(None),
            |value| quote!(Some(<#kind as ::travel_framework::model::Field>::to_value(&#value))),
        );
        let deprecated =
            self.deprecated.as_ref().map_or(quote!(None), |words| quote!(Some(#words.to_owned())));
        let same = self.same.as_ref().map_or(
            quote!(None),
            |same| quote!(Some(::travel_framework::schema::Sameness(::std::sync::Arc::new(#same)))),
        );
        // Core accepts a planned value that the configuration does not set only from a computed
        // attribute, so a default makes one.
        let defaulted = self.default.is_some().then(|| quote!(attribute.computed = true;));
        quote! {{
            let mut attribute = ::travel_framework::schema::Attribute {
                name: #name.to_owned(),
                kind: <#kind as ::travel_framework::model::Field>::kind(),
                description: #description.to_owned(),
                default: #default,
                deprecated: #deprecated,
                rules: vec![#(#rules),*],
                same: #same,
                ..::core::default::Default::default()
            };
            #(attribute.#flags = true;)*
            #defaulted
            attribute
        }}
    }

    /// The expression of this field's `schema::NestedBlock`.
    pub fn nested_block(&self, nesting: &str) -> TokenStream {
        let Self { name, kind, description, .. } = self;
        let nesting = Ident::new(nesting, self.ident.span());
        quote! {{
            let mut block = <#kind as ::travel_framework::model::Blocks>::block();
            if block.description.is_empty() {
                block.description = #description.to_owned();
            }
            ::travel_framework::schema::NestedBlock {
                name: #name.to_owned(),
                nesting: ::travel_framework::schema::BlockNesting::#nesting,
                block,
            }
        }}
    }
}

/// The words of the doc comments, as one Markdown text.
pub fn documentation(attributes: &[Attribute]) -> String {
    let lines: Vec<String> = attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("doc"))
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(literal) => match &literal.lit {
                    Lit::Str(text) => Some(text.value().trim().to_owned()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })
        .collect();
    let paragraphs = lines.join("\n");
    paragraphs
        .split("\n\n")
        .map(|paragraph| paragraph.replace('\n', " "))
        .collect::<Vec<_>>()
        .join("\n\n")
}

fn block_nesting(meta: &ParseNestedMeta<'_>) -> Result<&'static str> {
    if !meta.input.peek(syn::token::Paren) {
        return Ok("Single");
    }
    let content;
    parenthesized!(content in meta.input);
    let word: Ident = content.parse()?;
    match word.to_string().as_str() {
        "list" => Ok("List"),
        "set" => Ok("Set"),
        "map" => Ok("Map"),
        _ => Err(syn::Error::new_spanned(word, "expected list, set or map")),
    }
}

fn bounds(meta: &ParseNestedMeta<'_>) -> Result<(LitInt, Option<LitInt>)> {
    let content;
    parenthesized!(content in meta.input);
    let minimum = content.parse()?;
    if content.is_empty() {
        return Ok((minimum, None));
    }
    content.parse::<Token![,]>()?;
    Ok((minimum, Some(content.parse()?)))
}

/// The string literals in the parentheses after a word.
pub fn strings(meta: &ParseNestedMeta<'_>) -> Result<Vec<LitStr>> {
    let content;
    parenthesized!(content in meta.input);
    let words = content.parse_terminated(<LitStr as syn::parse::Parse>::parse, Token![,])?;
    Ok(words.into_iter().collect())
}
