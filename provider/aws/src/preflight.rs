//! Whether a policy of the organization denies what a planned change is going to call: told in the plan,
//! by the policies that `travel_effective_policies` has published, and by the statement that denies it.

pub mod published;

use std::sync::Arc;

use travel_framework::platform::{Change, Platform as _};
use travel_framework::{Diagnostic, Diagnostics, Failure, Model, Severity};
use travel_value::Value;

use self::published::{FORM, Published, Verdict};
use crate::error::Reply as _;
use crate::policy::denial::{Context, Request};
use crate::session::{CONVENTIONAL_ROLE, Session};
use crate::{Aws, Scope};

/// Services whose calls all count as calls to the partition's one region (IAM User Guide, "AWS global
/// condition context keys", `aws:RequestedRegion`).
const GLOBAL: [&str; 3] = ["account", "iam", "organizations"];

/// Where the policies of the organization are published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Source {
    /// The bucket.
    #[model(required, length(3, 63))]
    pub bucket: String,
    /// The object's key.
    #[model(required, length(1, 1024))]
    pub key: String,
    /// The bucket's region; by default the provider's.
    #[model(optional)]
    pub region: Option<String>,
    /// The role that applies, by its name with its path, where another one plans. By default whoever plans.
    #[model(
        optional,
        pattern("^[A-Za-z0-9+=,.@_/-]{1,512}$", "the name of a role, with its path: ci/deploy")
    )]
    pub apply_role: Option<String>,
    /// Whether a plan only warns of what would be denied.
    #[model(optional)]
    pub warn_only: Option<bool>,
}

/// What a change of a resource calls, whatever its attributes: by the resource's type.
pub type Needs = fn(&str, Change) -> Vec<&'static str>;

/// What policies of the organization deny of a change. `object` is what is planned, or what is to be
/// removed.
pub async fn foresee(aws: &Aws, type_name: &str, change: Change, object: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    let session = aws.session();
    let Some(source) = session.settings().effective_policies.known() else { return found };
    let actions = aws.needs(type_name, change);
    let is_unknown = |name: &str| object.get(name).is_unknown();
    if actions.is_empty() || is_unknown("account") || is_unknown("region") {
        return found;
    }
    // Where the credentials cannot work, whatever calls says so.
    let Ok(scope) = aws.scope(object).await else { return found };
    let asked = async {
        let principal = principal(source, &session, &scope).await?;
        Ok((session.published(source).await?, principal))
    };
    let (published, principal) = match asked.await {
        Ok(known) => known,
        Err(error) => {
            found.push(not_told(&error));
            return found;
        }
    };
    let mut denied: Vec<(Verdict, Vec<&str>)> = Vec::new();
    for action in actions {
        let context = context(&published, &scope, principal.as_deref(), action);
        let request = Request { action, resource: object.get("arn").as_str(), context: &context };
        let Ok(verdict) = published.verdict(scope.account_id(), &request) else {
            found.push(not_published(source, &scope));
            return found;
        };
        let Some(verdict) = verdict else { continue };
        match denied.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, actions)) => actions.push(action),
            None => denied.push((verdict, vec![action])),
        }
    }
    found.extend(denied.into_iter().map(|(verdict, actions)| {
        let what = format!("{} of a {type_name}", change.name());
        let said = refusal(&verdict, &actions, &what, principal.as_deref(), &scope, source);
        let has_region = object.entries().is_some_and(|it| it.contains_key("region"));
        if verdict.is_regional && has_region { said.at_attribute("region") } else { said }
    }));
    found
}

/// What is known of a call.
fn context(published: &Published, scope: &Scope, principal: Option<&str>, action: &str) -> Context {
    let service = action.split(':').next().unwrap_or_default();
    let region = match GLOBAL.contains(&service) {
        true => scope.partition().global_region(),
        false => scope.region(),
    };
    let context = match principal {
        Some(principal) => Context::default().with("aws:PrincipalArn", principal),
        None => Context::default(),
    };
    context
        .with("aws:PrincipalAccount", scope.account_id())
        .with("aws:PrincipalOrgID", published.organization_id.as_str())
        .with("aws:PrincipalIsAWSService", "false")
        .with("aws:RequestedRegion", region)
        .with("aws:SecureTransport", "true")
        .with("aws:ViaAWSService", "false")
        .without("aws:CalledVia")
        .without("aws:CalledViaFirst")
        .without("aws:CalledViaLast")
}

/// Who is going to call: the role that is said to apply, else the one that works there now; none where
/// that cannot be told.
async fn principal(
    source: &Source,
    session: &Arc<Session>,
    scope: &Scope,
) -> Result<Option<String>, Diagnostic> {
    let role = |name: &str| scope.partition().iam_arn(scope.account_id(), &format!("role/{name}"));
    if let Some(name) = &source.apply_role {
        return Ok(Some(role(name.trim_start_matches('/'))));
    }
    if scope.account_id() == session.caller().await?.account_id {
        return session.principal().await;
    }
    let settings = session.settings();
    let named = scope.name().and_then(|name| settings.role(name));
    let known = named.or_else(|| settings.role_in(scope.account_id()));
    Ok(Some(known.map_or_else(|| role(CONVENTIONAL_ROLE), |role| role.role_arn.clone())))
}

fn refusal(
    verdict: &Verdict,
    actions: &[&str],
    what: &str,
    principal: Option<&str>,
    scope: &Scope,
    source: &Source,
) -> Diagnostic {
    let principal = principal.unwrap_or("whoever applies");
    let remedy = match verdict.is_regional {
        true => "Choose a region that it allows",
        false => "Plan it otherwise",
    };
    let said = Diagnostic::error(
        format!("a policy of the organization denies the {what}"),
        format!(
            "{principal} calls {} for it ({}), and {}. {remedy}, or have an exception made by those \
             who keep the policies. They are those that were published in s3://{}/{}.",
            actions.join(", "),
            scope.place(),
            verdict.source,
            source.bucket,
            source.key,
        ),
    );
    match source.warn_only {
        Some(true) => Diagnostic { severity: Severity::Warning, ..said },
        _ => said,
    }
}

fn not_told(error: &Diagnostic) -> Diagnostic {
    Diagnostic::warning(
        "it cannot be told whether policies of the organization deny this plan",
        format!("{}: {}", error.summary, error.detail),
    )
}

fn not_published(source: &Source, scope: &Scope) -> Diagnostic {
    Diagnostic::warning(
        "it cannot be told whether policies of the organization deny this plan",
        format!(
            "What is published in s3://{}/{} does not know account {}. Apply the \
             travel_effective_policies that publishes it again.",
            source.bucket,
            source.key,
            scope.account_id(),
        ),
    )
}

/// Reads what is published, with the credentials of whoever calls.
pub(crate) async fn read(session: &Arc<Session>, source: &Source) -> Result<Published, Diagnostic> {
    let caller = session.caller().await?;
    let base = session.base().await?;
    let region = source.region.as_ref().or_else(|| session.settings().region.known());
    let region = region.map_or_else(|| caller.partition.global_region().to_owned(), Clone::clone);
    let spot = session.spot(&caller.account_id, &region, caller.partition, &base);
    let scope = Scope::new(Arc::clone(session), spot);
    let place = format!("s3://{}/{}", source.bucket, source.key);
    let said = |failure: Failure| failure.into_diagnostic();
    let request = scope.s3().get_object().bucket(&source.bucket).key(&source.key);
    let object = request.send().await.at(&scope).map_err(said)?;
    let bytes = object.body.collect().await.map_err(|error| {
        Diagnostic::error(format!("failed to read {place}"), crate::error::chain(&error))
    })?;
    let published: Published = serde_json::from_slice(&bytes.into_bytes()).map_err(|error| {
        Diagnostic::error(
            format!("failed to understand {place}"),
            format!("It is not what travel_effective_policies writes: {error}."),
        )
    })?;
    if published.form > FORM {
        return Err(Diagnostic::error(
            format!("failed to understand {place}"),
            "A newer version of the provider has written it. Use that one here, too.",
        ));
    }
    Ok(published)
}

#[cfg(test)]
mod tests;
