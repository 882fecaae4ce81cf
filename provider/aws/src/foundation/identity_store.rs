//! What the pages of the identity store share: finding an object by its name, and writing attributes
//! one by one.

use aws_sdk_identitystore::types::{AlternateIdentifier, AttributeOperation, UniqueAttribute};
use aws_smithy_types::Document;
use travel_framework::{Diagnostic, Failure};

use crate::consistency::Call;
use crate::error::incomplete;
use crate::foundation::identity_center::instance;

/// The identity store to work in: the one that is named, or that of the only instance here.
///
/// # Errors
/// Where a call fails, or there is no instance, or several.
pub async fn store(call: &Call, named: Option<&str>) -> Result<String, Failure> {
    match named {
        Some(named) => Ok(named.to_owned()),
        None => Ok(instance(call, None).await?.store_id),
    }
}

/// What finds an object by an attribute that no two share.
///
/// # Errors
/// Where the SDK refuses it: it never does.
pub fn by_attribute(path: &str, value: &str) -> Result<AlternateIdentifier, Failure> {
    let attribute = UniqueAttribute::builder()
        .attribute_path(path)
        .attribute_value(Document::String(value.to_owned()))
        .build()
        .map_err(|error| incomplete(&error))?;
    Ok(AlternateIdentifier::UniqueAttribute(attribute))
}

/// A change of one attribute; without a value it is taken away.
///
/// # Errors
/// Where the SDK refuses it: it never does.
pub fn operation(path: &str, value: Option<Document>) -> Result<AttributeOperation, Failure> {
    let operation = AttributeOperation::builder().attribute_path(path);
    operation.set_attribute_value(value).build().map_err(|error| incomplete(&error))
}

/// A text as a change takes it.
pub fn text(value: &Option<String>) -> Option<Document> {
    value.clone().map(Document::String)
}

/// The warning for an object that is taken over because it is as configured.
pub fn taken_over(what: &str) -> Diagnostic {
    Diagnostic::warning(
        format!("{what} exists already"),
        "It is as configured, and managed here from now on: the identity store has no place for \
         marks of who made it. That is nothing to mind where an apply was cut off before.",
    )
}

/// The error for an object of the same name that is otherwise.
pub fn differs(what: &str, type_name: &str, id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{what} exists already"),
        format!(
            "It is not as configured, so that it may be somebody else's. To manage it here, bring it \
             in with an import block (to = {type_name}.NAME, id = {id:?}); otherwise choose another \
             name.",
        ),
    )
    .at_attribute("name")
}

/// The parts of an id for an import: `REGION/STORE/ID` or `STORE/ID`.
pub fn import_parts(id: &str) -> Option<(Option<String>, String, String)> {
    let owned = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    match id.split('/').collect::<Vec<_>>()[..] {
        [store, id] => Some((None, owned(store)?, owned(id)?)),
        [region, store, id] => Some((Some(owned(region)?), owned(store)?, owned(id)?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_names_store_and_object() {
        let parts = |store: &str, id: &str| (store.to_owned(), id.to_owned());
        let (store, id) = parts("d-1", "a-b");
        assert_eq!(import_parts("d-1/a-b"), Some((None, store.clone(), id.clone())));
        let region = Some("eu-west-1".to_owned());
        assert_eq!(import_parts("eu-west-1/d-1/a-b"), Some((region, store, id)));
        assert_eq!(import_parts("a-b"), None);
        assert_eq!(import_parts("d-1/"), None);
    }
}
