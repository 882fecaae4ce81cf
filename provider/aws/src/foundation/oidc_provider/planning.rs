//! What a plan can say of a provider, the limits of IAM, and what an import id means.
//!
//! Source: IAM API reference, CreateOpenIDConnectProvider; IAM User Guide, "IAM and AWS STS quotas".

use travel_framework::{Diagnostic, Plan};
use travel_value::Value;

use super::OidcProvider;
use crate::partition::{Arn, is_account_id};

const LONGEST: usize = 255;
const MOST_CLIENT_IDS: usize = 100;
const MOST_THUMBPRINTS: usize = 5;

/// The address of an issuer as its ARN has it.
pub fn issuer(url: &str) -> &str {
    url.strip_prefix("https://").unwrap_or(url)
}

/// The rule of an address.
pub fn is_url(value: &Value) -> Result<(), String> {
    let Some(url) = value.as_str() else { return Ok(()) };
    let issuer = url.strip_prefix("https://").unwrap_or_default();
    let host = issuer.split('/').next().unwrap_or_default();
    if host.is_empty() || url.chars().count() > LONGEST {
        return Err(format!(
            "an address that begins with https:// and has up to {LONGEST} characters"
        ));
    }
    if host.contains([':', '@'])
        || issuer.contains(['?', '#'])
        || issuer.contains(char::is_whitespace)
    {
        return Err("an address without port, query or fragment".to_owned());
    }
    Ok(())
}

/// The rule of those whom tokens are for.
pub fn are_client_ids(value: &Value) -> Result<(), String> {
    let ids = value.elements().unwrap_or_default();
    let fits = |id: &Value| {
        id.is_unknown() || id.as_str().is_some_and(|id| (1..=LONGEST).contains(&id.chars().count()))
    };
    if ids.is_empty() || ids.len() > MOST_CLIENT_IDS || !ids.iter().all(fits) {
        return Err(format!("1 to {MOST_CLIENT_IDS} texts of 1 to {LONGEST} characters"));
    }
    Ok(())
}

/// The rule of the digests of certificates.
pub fn are_thumbprints(value: &Value) -> Result<(), String> {
    let thumbprints = value.elements().unwrap_or_default();
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let fits = |it: &Value| {
        it.is_unknown() || it.as_str().is_some_and(|it| it.len() == 40 && it.bytes().all(is_digit))
    };
    if thumbprints.is_empty()
        || thumbprints.len() > MOST_THUMBPRINTS
        || !thumbprints.iter().all(fits)
    {
        return Err(format!(
            "1 to {MOST_THUMBPRINTS} digests of 40 lower-case hexadecimal digits; leave it out for \
             what IAM finds itself"
        ));
    }
    Ok(())
}

/// Says what will be known only later.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() || !plan.is_replacement() {
        return;
    }
    plan.set("arn", Value::unknown());
    if plan.config.get("thumbprints").is_null() {
        plan.set("thumbprints", Value::unknown());
    }
}

/// The state that a read can start from: by an address or an ARN.
pub fn import(id: &str) -> Result<OidcProvider, Diagnostic> {
    let mut state = OidcProvider::default();
    let mut url = id.to_owned();
    if let Some(arn) = Arn::parse(id) {
        let issuer = arn.resource.strip_prefix("oidc-provider/").filter(|_| arn.service == "iam");
        url = format!("https://{}", issuer.ok_or_else(|| not_an_id(id))?);
        state.placement.account_id = Some(arn.account_id).filter(|account| is_account_id(account));
    }
    is_url(&url.as_str().into()).map_err(|_| not_an_id(id))?;
    state.url = url;
    Ok(state)
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no OIDC provider"),
        "An OIDC provider is imported by its address, such as \
         https://token.actions.githubusercontent.com, or by its ARN.",
    )
}
