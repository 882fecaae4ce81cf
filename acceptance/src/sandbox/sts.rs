//! STS: who a caller is, and sessions of roles. Both emulators get their accounts from here.
//!
//! Follows the AWS Security Token Service API Reference, version 2011-06-15.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{SecondsFormat, Utc};
use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::accounts::{Caller, Credentials};
use super::backend::Backend;
use super::call::{Call, Reply};
use super::form::Form;
use super::signature::{Signature, Signed};
use super::trouble::Trouble;
use super::trust::{self, Principal};
use super::wire::ServiceError;
use super::world::{Order, World};
use super::xml::Element;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const HOUR_SECONDS: i64 = 3600;

/// The backend of STS.
pub fn backend() -> Box<dyn Backend> {
    Box::new(Sts)
}

#[derive(Debug)]
struct Sts;

#[async_trait]
impl Backend for Sts {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let form = call.form();
        let result = match call.operation.as_str() {
            "GetCallerIdentity" => identity(&call.caller),
            "AssumeRole" => assume_role(&call, &form, world).await?,
            "AssumeRoleWithWebIdentity" => assume_role_with_web_identity(&form, world).await?,
            "GetSessionToken" => {
                let duration = duration(&form, 12 * HOUR_SECONDS, 36 * HOUR_SECONDS)?;
                vec![written(&world.accounts.open_session(call.caller.clone(), duration))]
            }
            "GetAccessKeyInfo" => {
                let key = required(&form, "AccessKeyId")?;
                let account = world.accounts.account_of_key(key);
                let account = account.ok_or_else(|| {
                    ServiceError::new("ValidationError", "the access key is not known")
                })?;
                vec![Element::text("Account", account)]
            }
            other => {
                let message = format!("Could not find operation {other} for version 2011-06-15");
                return Err(ServiceError::new("InvalidAction", message));
            }
        };
        Ok(Reply::query(&call, NAMESPACE, result))
    }
}

fn identity(caller: &Caller) -> Vec<Element> {
    vec![
        Element::text("Arn", &caller.arn),
        Element::text("UserId", &caller.user_id),
        Element::text("Account", &caller.account),
    ]
}

async fn assume_role(
    call: &Call,
    form: &Form,
    world: &Arc<World>,
) -> Result<Vec<Element>, ServiceError> {
    let arn = RoleArn::parse(required(form, "RoleArn")?)?;
    let session_name = session_name(form)?;
    let denied = || {
        let message = format!(
            "User: {} is not authorized to perform: sts:AssumeRole on resource: {}",
            call.caller.arn, arn.text
        );
        ServiceError::new("AccessDenied", message).with_status(403)
    };
    let role = find_role(&arn, &call.region, world).await?.ok_or_else(denied)?;
    let mut context = BTreeMap::from([
        ("aws:PrincipalAccount".to_owned(), call.caller.account.clone()),
        ("aws:PrincipalArn".to_owned(), call.caller.arn.clone()),
        ("sts:RoleSessionName".to_owned(), session_name.to_owned()),
    ]);
    if let Some(id) = form.get("ExternalId") {
        context.insert("sts:ExternalId".to_owned(), id.to_owned());
    }
    let principal = Principal::Aws(&call.caller);
    if !trusts(&role, "sts:AssumeRole", principal, &context)? {
        return Err(denied());
    }
    let longest = role.longest_seconds;
    let wanted = duration(form, HOUR_SECONDS, 12 * HOUR_SECONDS)?;
    if call.caller.role_arn.is_some() && wanted > HOUR_SECONDS {
        return Err(invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if wanted > longest {
        return Err(invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let (session, user) = open(&role, &arn, session_name, wanted, world);
    Ok(vec![written(&session), user])
}

async fn assume_role_with_web_identity(
    form: &Form,
    world: &Arc<World>,
) -> Result<Vec<Element>, ServiceError> {
    let arn = RoleArn::parse(required(form, "RoleArn")?)?;
    let session_name = session_name(form)?;
    let claims = claims(required(form, "WebIdentityToken")?)?;
    let expires = claims["exp"].as_i64().unwrap_or_default();
    if expires <= Utc::now().timestamp() {
        let message = format!("Token expired: current date/time must be before {expires}");
        return Err(ServiceError::new("ExpiredTokenException", message));
    }
    let text = |name: &str| claims[name].as_str().unwrap_or_default().to_owned();
    let issuer = text("iss");
    let provider = issuer.trim_start_matches("https://").to_owned();
    let audience = match &claims["aud"] {
        Value::Array(list) => list.first().and_then(Value::as_str).unwrap_or_default().to_owned(),
        _ => text("aud"),
    };
    let denied = || {
        let message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        ServiceError::new("AccessDenied", message).with_status(403)
    };
    let role = find_role(&arn, &world.region, world).await?.ok_or_else(denied)?;
    let provider_arn = format!("arn:aws:iam::{}:oidc-provider/{provider}", arn.account);
    let order = Order::new("iam", &arn.account, &world.region, "GetOpenIDConnectProvider");
    let found = world.query(order, &[("OpenIDConnectProviderArn", &provider_arn)]).await;
    if found.is_err() {
        let message = format!("No OpenIDConnect provider found in your account for {issuer}");
        return Err(ServiceError::new("InvalidIdentityToken", message));
    }
    let context = BTreeMap::from([
        (format!("{provider}:aud"), audience.clone()),
        (format!("{provider}:sub"), text("sub")),
        ("sts:RoleSessionName".to_owned(), session_name.to_owned()),
    ]);
    let principal = Principal::Federated(&provider_arn);
    if !trusts(&role, "sts:AssumeRoleWithWebIdentity", principal, &context)? {
        return Err(denied());
    }
    let wanted = duration(form, HOUR_SECONDS, role.longest_seconds)?;
    let (session, user) = open(&role, &arn, session_name, wanted, world);
    Ok(vec![
        written(&session),
        user,
        Element::text("Provider", provider_arn),
        Element::text("Audience", audience),
        Element::text("SubjectFromWebIdentityToken", text("sub")),
    ])
}

/// Who a presigned URL of GetCallerIdentity is signed by: the check EKS makes of a cluster's bearer token.
/// `headers` are those the bearer is known to have signed beside the host, such as `x-k8s-aws-id`; all must be covered.
///
/// # Errors
/// A sentence about why it proves nothing.
pub fn identify(url: &str, headers: &[(&str, &str)], world: &World) -> Result<Caller, String> {
    let uri: Uri = url.parse().map_err(|error| format!("the token holds no URL: {error}"))?;
    let query = Form::parse(uri.query().unwrap_or_default());
    if query.get("Action") != Some("GetCallerIdentity") {
        return Err("the token's URL asks for something else than GetCallerIdentity".to_owned());
    }
    let mut signed_headers = HeaderMap::new();
    let host = uri.authority().map_or("", |authority| authority.as_str());
    for (name, value) in headers.iter().copied().chain([("host", host)]) {
        let name = http::HeaderName::try_from(name).map_err(|error| error.to_string())?;
        signed_headers.insert(name, value.parse().map_err(|_| "a header of the token is odd")?);
    }
    let signed = Signature::read(&uri, &HeaderMap::new())?;
    let mut signature = signed.ok_or("the token is not signed")?;
    // STS honours such a URL for as long as any request, whatever shorter time it names.
    signature.expires_seconds = None;
    if let Some((name, _)) = headers.iter().find(|(name, _)| !signature.covers(name)) {
        return Err(format!("the token's signature does not cover {name}"));
    }
    let now = Utc::now();
    let token = signature.token.as_deref();
    let known = world.accounts.authenticate(&signature.access_key, token, now);
    let (caller, secret) = known.map_err(|trouble| match trouble {
        Trouble::ExpiredToken => "the credentials behind the token have expired".to_owned(),
        _ => "the credentials behind the token are not known".to_owned(),
    })?;
    let request = Signed { method: &Method::GET, uri: &uri, headers: &signed_headers, body: b"" };
    signature.check(&secret, now, &request).map_err(|mismatch| mismatch.to_string())?;
    Ok(caller)
}

#[derive(Debug)]
struct RoleArn {
    text: String,
    account: String,
    name: String,
}

impl RoleArn {
    fn parse(text: &str) -> Result<Self, ServiceError> {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        if let ["arn", _, "iam", "", account, resource] = parts.as_slice()
            && account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && let Some(path) = resource.strip_prefix("role/")
        {
            let name = path.rsplit('/').next().unwrap_or(path).to_owned();
            return Ok(Self { text: text.to_owned(), account: (*account).to_owned(), name });
        }
        Err(invalid(&format!("{text} is invalid")))
    }
}

#[derive(Debug)]
struct Role {
    id: String,
    trust: Value,
    longest_seconds: i64,
}

/// The role of an ARN; `None` where the account is not open to us, or has no such role.
async fn find_role(
    arn: &RoleArn,
    region: &str,
    world: &Arc<World>,
) -> Result<Option<Role>, ServiceError> {
    if !world.accounts.get(&arn.account).is_some_and(|account| account.open) {
        return Ok(None);
    }
    let order = Order::new("iam", &arn.account, region, "GetRole");
    let answer = match world.query(order, &[("RoleName", &arn.name)]).await {
        Ok(answer) => answer,
        Err(error) if error.code == "NoSuchEntity" => return Ok(None),
        Err(error) => return Err(error),
    };
    let role = answer.at("GetRoleResult/Role").cloned().unwrap_or_default();
    if role.text_at("Arn") != arn.text {
        return Ok(None);
    }
    let policy = percent_decode_str(role.text_at("AssumeRolePolicyDocument")).decode_utf8_lossy();
    let trust = serde_json::from_str(&policy).map_err(|error| {
        ServiceError::internal(format!("the trust policy of {} is no JSON: {error}", arn.text))
    })?;
    Ok(Some(Role {
        id: role.text_at("RoleId").to_owned(),
        trust,
        longest_seconds: role.text_at("MaxSessionDuration").parse().unwrap_or(HOUR_SECONDS),
    }))
}

fn trusts(
    role: &Role,
    action: &str,
    principal: Principal<'_>,
    context: &BTreeMap<String, String>,
) -> Result<bool, ServiceError> {
    trust::allows(&role.trust, action, principal, context)
        .map_err(|message| ServiceError::new("SandboxNotImplemented", message).with_status(501))
}

fn open(
    role: &Role,
    arn: &RoleArn,
    session_name: &str,
    duration_seconds: i64,
    world: &World,
) -> (Credentials, Element) {
    let caller = Caller {
        account: arn.account.clone(),
        arn: format!("arn:aws:sts::{}:assumed-role/{}/{session_name}", arn.account, arn.name),
        user_id: format!("{}:{session_name}", role.id),
        role_arn: Some(arn.text.clone()),
        access_key: String::new(),
    };
    let user = Element::new("AssumedRoleUser")
        .with(Element::text("AssumedRoleId", &caller.user_id))
        .with(Element::text("Arn", &caller.arn));
    (world.accounts.open_session(caller, duration_seconds), user)
}

fn written(credentials: &Credentials) -> Element {
    let expiration = credentials.expiration.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true));
    Element::new("Credentials")
        .with(Element::text("AccessKeyId", &credentials.access_key_id))
        .with(Element::text("SecretAccessKey", &credentials.secret_access_key))
        .with(Element::text("SessionToken", credentials.session_token.clone().unwrap_or_default()))
        .with(Element::text("Expiration", expiration.unwrap_or_default()))
}

fn required<'a>(form: &'a Form, name: &str) -> Result<&'a str, ServiceError> {
    form.get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        let name = first_lower(name);
        invalid(&format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

fn session_name(form: &Form) -> Result<&str, ServiceError> {
    let name = required(form, "RoleSessionName")?;
    let fits = (2..=64).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte));
    if fits {
        return Ok(name);
    }
    Err(invalid(&format!(
        "1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
    )))
}

fn duration(form: &Form, default_seconds: i64, longest_seconds: i64) -> Result<i64, ServiceError> {
    let Some(text) = form.get("DurationSeconds") else { return Ok(default_seconds) };
    let seconds: i64 = text.parse().map_err(|_| invalid("DurationSeconds must be a number"))?;
    let limit = |bound: &str, seconds: i64| {
        invalid(&format!(
            "1 validation error detected: Value '{text}' at 'durationSeconds' failed to satisfy constraint: Member must have value {bound} than or equal to {seconds}"
        ))
    };
    if seconds < 900 {
        Err(limit("greater", 900))
    } else if seconds > longest_seconds {
        Err(limit("less", longest_seconds))
    } else {
        Ok(seconds)
    }
}

/// The claims of a web identity token. Its signature is not checked: the sandbox has no keys of outside issuers.
fn claims(token: &str) -> Result<Value, ServiceError> {
    let malformed =
        || ServiceError::new("InvalidIdentityToken", "The ID Token provided is not a valid JWT.");
    let payload = token.split('.').nth(1).ok_or_else(malformed)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload).map_err(|_| malformed())?;
    serde_json::from_slice(&bytes).map_err(|_| malformed())
}

fn invalid(message: &str) -> ServiceError {
    ServiceError::new("ValidationError", message)
}

fn first_lower(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests;
