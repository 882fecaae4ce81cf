//! The attributes of a user, as the service reads and writes them.

use std::collections::HashMap;

use aws_sdk_identitystore::Client;
use aws_sdk_identitystore::operation::create_user::builders::CreateUserFluentBuilder;
use aws_sdk_identitystore::operation::describe_user::DescribeUserOutput;
use aws_sdk_identitystore::types::{AttributeOperation, Email, Name, PhoneNumber};
use aws_smithy_types::Document;
use travel_framework::Failure;

use super::{Contact, IdentityUser};
use crate::foundation::identity_store::{operation, text};

/// The attributes that are texts, by their paths.
pub fn texts(user: &IdentityUser) -> [(&'static str, Option<String>); 14] {
    let given = |text: &String| Some(text.clone());
    [
        ("displayName", given(&user.display_name)),
        ("name.givenName", given(&user.given_name)),
        ("name.familyName", given(&user.family_name)),
        ("name.middleName", user.middle_name.clone()),
        ("name.formatted", user.formatted_name.clone()),
        ("name.honorificPrefix", user.honorific_prefix.clone()),
        ("name.honorificSuffix", user.honorific_suffix.clone()),
        ("nickName", user.nickname.clone()),
        ("profileUrl", user.profile_url.clone()),
        ("userType", user.user_type.clone()),
        ("title", user.title.clone()),
        ("preferredLanguage", user.preferred_language.clone()),
        ("locale", user.locale.clone()),
        ("timezone", user.timezone.clone()),
    ]
}

/// What makes of one user the other.
///
/// # Errors
/// Where the SDK refuses a change: it never does.
pub fn changes(
    before: &IdentityUser,
    after: &IdentityUser,
) -> Result<Vec<AttributeOperation>, Failure> {
    let mut changes = Vec::new();
    for ((path, before), (_, after)) in texts(before).iter().zip(texts(after)) {
        if *before != after {
            changes.push(operation(path, text(&after))?);
        }
    }
    let contacts = [
        ("emails", &before.email, &after.email),
        ("phoneNumbers", &before.phone_number, &after.phone_number),
    ];
    for (path, before, after) in contacts {
        if before != after {
            changes.push(operation(path, after.as_ref().map(list_of))?);
        }
    }
    Ok(changes)
}

/// A list of one contact, as a change takes it.
fn list_of(contact: &Contact) -> Document {
    let mut members = HashMap::from([
        ("value".to_owned(), Document::String(contact.value.clone())),
        ("primary".to_owned(), Document::Bool(contact.primary)),
    ]);
    if let Some(kind) = &contact.kind {
        members.insert("type".to_owned(), Document::String(kind.clone()));
    }
    Document::Array(vec![Document::Object(members)])
}

/// The call that makes a user.
pub fn create(user: &IdentityUser, client: &Client) -> CreateUserFluentBuilder {
    let name = Name::builder()
        .given_name(&user.given_name)
        .family_name(&user.family_name)
        .set_middle_name(user.middle_name.clone())
        .set_formatted(user.formatted_name.clone())
        .set_honorific_prefix(user.honorific_prefix.clone())
        .set_honorific_suffix(user.honorific_suffix.clone())
        .build();
    let email = user.email.clone().map(|it| {
        let email = Email::builder().value(it.value).set_type(it.kind).primary(it.primary);
        vec![email.build()]
    });
    let phone_number = user.phone_number.clone().map(|it| {
        let number = PhoneNumber::builder().value(it.value).set_type(it.kind).primary(it.primary);
        vec![number.build()]
    });
    client
        .create_user()
        .user_name(&user.name)
        .display_name(&user.display_name)
        .name(name)
        .set_emails(email)
        .set_phone_numbers(phone_number)
        .set_nick_name(user.nickname.clone())
        .set_profile_url(user.profile_url.clone())
        .set_user_type(user.user_type.clone())
        .set_title(user.title.clone())
        .set_preferred_language(user.preferred_language.clone())
        .set_locale(user.locale.clone())
        .set_timezone(user.timezone.clone())
}

/// The user as the service shows it.
pub fn from_service(user: DescribeUserOutput, state: &IdentityUser) -> IdentityUser {
    let name = user.name.unwrap_or_else(|| Name::builder().build());
    let email = user.emails.unwrap_or_default().into_iter().next().map(|it| Contact {
        value: it.value.unwrap_or_default(),
        kind: it.r#type,
        primary: it.primary,
    });
    let phone_number = user.phone_numbers.unwrap_or_default().into_iter().next();
    let phone_number = phone_number.map(|it| Contact {
        value: it.value.unwrap_or_default(),
        kind: it.r#type,
        primary: it.primary,
    });
    IdentityUser {
        name: user.user_name.unwrap_or_default(),
        display_name: user.display_name.unwrap_or_default(),
        given_name: name.given_name.unwrap_or_default(),
        family_name: name.family_name.unwrap_or_default(),
        middle_name: name.middle_name,
        formatted_name: name.formatted,
        honorific_prefix: name.honorific_prefix,
        honorific_suffix: name.honorific_suffix,
        nickname: user.nick_name,
        email,
        phone_number,
        profile_url: user.profile_url,
        user_type: user.user_type,
        title: user.title,
        preferred_language: user.preferred_language,
        locale: user.locale,
        timezone: user.timezone,
        identity_store_id: Some(user.identity_store_id),
        user_id: Some(user.user_id),
        placement: state.placement.clone(),
        lifecycle: state.lifecycle.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_changed() {
        let before = IdentityUser { title: Some("x".to_owned()), ..IdentityUser::default() };
        let email = Contact { value: "jo@example.com".to_owned(), ..Contact::default() };
        let after = IdentityUser { email: Some(email), ..IdentityUser::default() };
        let changes = changes(&before, &after).unwrap();
        let paths: Vec<_> = changes.iter().map(|it| it.attribute_path()).collect();
        assert_eq!(paths, ["title", "emails"]);
        assert!(changes[0].attribute_value().is_none());
        assert!(super::changes(&after, &after).unwrap().is_empty());
    }
}
