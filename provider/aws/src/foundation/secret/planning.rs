//! What a plan can say of a secret, and what an import id means.
//!
//! Source: Secrets Manager API reference, CreateSecret and DeleteSecret; Secrets Manager quotas.

use travel_framework::platform::Platform as _;
use travel_framework::{Diagnostic, Diagnostics, Failure, Plan};
use travel_value::{Number, Path, Value};

use super::Secret;
use super::observed::{Seen, look};
use crate::Aws;
use crate::partition::{Arn, is_account_id, is_region};

/// How many bytes a value can have.
const LONGEST_VALUE: usize = 65536;
/// What the service puts behind the name in an ARN: a hyphen and six characters of its own.
const SUFFIX_LENGTH: usize = 7;

/// The rule of a value.
pub fn is_value(value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str() else { return Ok(()) };
    match text.len() {
        0 => Err("a text that is not empty".to_owned()),
        length if length > LONGEST_VALUE => {
            Err(format!("a text of at most {LONGEST_VALUE} bytes; this one has {length}"))
        }
        _ => Ok(()),
    }
}

/// The rule of a recovery window.
pub fn is_window(value: &Value) -> Result<(), String> {
    match value.as_number().and_then(Number::as_i64) {
        Some(1..=6) => Err("0, or 7 to 30: the service keeps a secret for a week at least".into()),
        _ => Ok(()),
    }
}

/// Refuses a value without a version, and a version without a value.
pub fn validate(plan: &mut Plan<'_>) {
    let has = |name: &str| !plan.config.get(name).is_null();
    match (has("secret_value"), has("secret_value_version")) {
        (true, false) => plan.refuse(
            "secret_value_version",
            "a secret_value needs a secret_value_version",
            "Give it a number to raise with every other secret_value: the value itself is kept \
             nowhere, so that no plan could tell that it is another.",
        ),
        (false, true) => plan.refuse(
            "secret_value",
            "a secret_value_version needs a secret_value",
            "Give it a secret_value, which is kept in no plan and no state; or leave out the \
             version, where others write the value.",
        ),
        _ => {}
    }
}

/// Fills in what is known, and refuses what the service would refuse.
pub fn plan(plan: &mut Plan<'_>) {
    if plan.is_destroy() {
        return;
    }
    if let Some(region) = plan.known::<String>("region")
        && plan.planned.get("replicas").entries().is_some_and(|all| all.contains_key(&region))
    {
        plan.refuse_at(
            Path::attribute("replicas").key(&region),
            format!("the secret itself is in {region}"),
            "A replica is a copy in another region. Leave this one out.",
        );
    }
    if plan.is_create() || plan.is_replacement() {
        return;
    }
    plan.set("arn", plan.prior.get("arn").clone());
    if !plan.changes("secret_value_version") {
        plan.set("version_id", plan.prior.get("version_id").clone());
    }
}

/// What only the service can tell: that the name of a new secret is held by one in deletion.
pub async fn foresee(platform: &Aws, planned: &Value) -> Diagnostics {
    let is_new = planned.get("arn").is_unknown();
    let Some(name) = planned.get("name").as_str().filter(|_| is_new) else {
        return Diagnostics::new();
    };
    let asked = async {
        let scope = platform.scope(planned).await?;
        let seen = look(&scope, name).await?.filter(Seen::is_going);
        Ok::<_, Failure>(seen.and_then(|seen| seen.refusal(&scope.place())))
    };
    match asked.await {
        Ok(refusal) => refusal.map_or_else(Diagnostics::new, Diagnostics::from),
        // The apply will tell.
        Err(failure) => {
            tracing::info!("whether the name {name} is free: {}", failure.into_diagnostic());
            Diagnostics::new()
        }
    }
}

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<Secret, Diagnostic> {
    let mut state = Secret::default();
    id.clone_into(&mut state.name);
    if let Some(arn) = Arn::parse(id) {
        let name = arn.resource.strip_prefix("secret:").filter(|_| arn.service == "secretsmanager");
        let end = name.map(|name| name.len().saturating_sub(SUFFIX_LENGTH));
        let name = name.and_then(|name| name.get(..end?));
        name.ok_or_else(|| not_an_id(id))?.clone_into(&mut state.name);
        state.placement.region = Some(arn.region);
        state.placement.account_id = Some(arn.account_id).filter(|account| is_account_id(account));
        state.arn = Some(id.to_owned());
    } else if let Some((region, name)) = id.split_once('/').filter(|(first, _)| is_region(first)) {
        state.placement.region = Some(region.to_owned());
        name.clone_into(&mut state.name);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
    if state.name.is_empty() || !state.name.bytes().all(allowed) {
        return Err(not_an_id(id));
    }
    Ok(state)
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no secret"),
        "A secret is imported by its name in the provider's region, REGION/NAME, or its whole \
         ARN, as in arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop/database-Ab1Cd2.",
    )
}
