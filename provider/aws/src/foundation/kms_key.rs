//! `travel_kms_key`: a key, its alias and policy, its rotation, and its replicas in other regions.

mod access;
mod change;
mod face;
mod listing;
mod observed;
mod planning;
mod replicas;
mod usage;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use self::access::{Access, Place};
use self::face::tag_list;
use self::observed::{Observed, describe, is_going};
use self::replicas::Replica;
use crate::consistency::{self, Call, made_here, make_once};
use crate::error::Reply;
use crate::platform::Aws;
use crate::policy;
use crate::{Placement, Scope, Tagging, tags};

/// A key of the Key Management Service, with one alias.
///
/// A destroy schedules its deletion. Until the deletion window is over, a new key of the same name
/// in the same deployment brings it back, with everything it encrypts.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_kms_key",
    proof = tags,
    id = "arn",
    refresh = "5 + 4 * replicas, and 1 for each replica in its deletion window",
    identity("region", "name"),
    moves("hashicorp/aws aws_kms_key.arn"),
    keeps(
        "the key and its replicas until their deletion window is over, from which a new key of \
         the same name returns them"
    ),
    consistency_seconds = 10
)]
pub struct KmsKey {
    /// The key's name within the deployment. It cannot be changed; the alias can.
    #[model(
        required,
        pattern("^[a-zA-Z0-9/_-]{1,250}$", "1 to 250 letters, digits or characters of /_-")
    )]
    pub name: String,
    /// What the key is for.
    #[model(optional, default = "", length(0, 8192))]
    pub description: String,
    /// The key's alias, which begins with `alias/`; by default `alias/` and the name.
    #[model(optional, computed, pattern(
        "^alias/[a-zA-Z0-9/_-]{1,250}$",
        "alias/ and 1 to 250 letters, digits or characters of /_-"
    ), rule = face::is_not_of_aws)]
    pub alias: Option<String>,
    /// The key policy, in JSON; by default written from `access`. Without either, the account's IAM
    /// policies decide.
    #[model(optional, computed, rule = policy::is_document, same = policy::same_values, length(1, 32768))]
    pub policy: Option<String>,
    /// Who may do what with the key and its replicas, instead of a `policy`.
    #[model(optional, config_only)]
    pub access: Option<Access>,
    /// What the key can do.
    #[model(
        optional,
        default = "ENCRYPT_DECRYPT",
        replace,
        one_of(
            "ENCRYPT_DECRYPT",
            "SIGN_VERIFY",
            "GENERATE_VERIFY_MAC",
            "KEY_AGREEMENT",
            "ENCAPSULATE_DECAPSULATE"
        )
    )]
    pub key_usage: String,
    /// The kind of key. Only a `SYMMETRIC_DEFAULT` one encrypts volumes, buckets and secrets.
    #[model(
        optional,
        default = "SYMMETRIC_DEFAULT",
        replace,
        one_of(
            "SYMMETRIC_DEFAULT",
            "RSA_2048",
            "RSA_3072",
            "RSA_4096",
            "ECC_NIST_P256",
            "ECC_NIST_P384",
            "ECC_NIST_P521",
            "ECC_NIST_EDWARDS25519",
            "ECC_SECG_P256K1",
            "HMAC_224",
            "HMAC_256",
            "HMAC_384",
            "HMAC_512",
            "ML_DSA_44",
            "ML_DSA_65",
            "ML_DSA_87",
            "ML_KEM_512",
            "ML_KEM_768",
            "ML_KEM_1024",
            "SM2"
        )
    )]
    pub key_spec: String,
    /// Whether AWS makes new key material from time to time; by default for symmetric keys, the
    /// only ones it can rotate. What older material has encrypted stays readable.
    #[model(optional, computed)]
    pub enable_key_rotation: Option<bool>,
    /// How often it does; by default every 365 days.
    #[model(optional, computed, range(90, 2560))]
    pub rotation_period_days: Option<i32>,
    /// Whether the key can have replicas.
    #[model(optional, default = false, replace)]
    pub multi_region: bool,
    /// Replicas of the key by region: the same key material, so that what one region has
    /// encrypted can be read in the other.
    #[model(optional)]
    pub replicas: Option<BTreeMap<String, Replica>>,
    /// Whether the key can be used. A disabled key can be enabled again.
    #[model(optional, default = true)]
    pub enabled: bool,
    /// How many days a destroyed key can still be returned.
    #[model(optional, default = 30, range(7, 30), config_only)]
    pub deletion_window_days: i32,
    /// Whether a destroy goes on where something is found that the key still encrypts.
    #[model(optional, default = false, config_only)]
    pub force_destroy: bool,
    /// Whether a policy may be set that keeps its author from changing it again.
    #[model(optional, default = false, config_only)]
    pub bypass_policy_lockout_safety_check: bool,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The id; that of a multi-region key begins with `mrk-`.
    #[model(computed)]
    pub key_id: Option<String>,
    /// The ARNs of the replicas, by region.
    #[model(computed)]
    pub replica_arns: Option<BTreeMap<String, Option<String>>>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// Tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

#[async_trait]
impl Resource for KmsKey {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        planning::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let Some(key) = state.reference(call).await? else { return Ok(None) };
        let Some(metadata) = describe(&call.scope, &key).await? else { return Ok(None) };
        if is_going(&metadata) {
            return Ok(None);
        }
        observed::refuse_foreign_kinds(&metadata)?;
        let observed = Observed::of(&call.scope, metadata).await?;
        observed.object(call, state).await.map(Some)
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let mut found = Vec::new();
        for observed in observed::candidates(call, plan).await? {
            let object = observed.object(call, plan).await?;
            let complete = object.alias == plan.alias && !is_going(&observed.metadata);
            let mark = observed.mark();
            found.push(Found { object, mark, complete, label: observed.arn().to_owned() });
        }
        // A key that is in use comes before one that would have to be returned.
        found.sort_by_key(|found| !found.complete);
        Ok(found)
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let plan = &plan.with_policy(&call.scope);
        let policy = plan.policy.as_deref();
        let request = call
            .scope
            .once()
            .kms()
            .create_key()
            .description(&plan.description)
            .set_policy(policy.map(str::to_owned))
            .bypass_policy_lockout_safety_check(plan.bypass_policy_lockout_safety_check)
            .key_usage(KeyUsageType::from(plan.key_usage.as_str()))
            .key_spec(KeySpec::from(plan.key_spec.as_str()))
            .multi_region(plan.multi_region)
            .set_tags(Some(tag_list(&plan.tagging.for_create(&call.claim))?));
        let send = || {
            let answer = request.clone().send();
            async {
                let metadata = answer.await?.key_metadata;
                Ok(metadata.map(|metadata| (metadata.key_id, metadata.arn)))
            }
        };
        let look = || async {
            let made: Option<Self> = made_here(call, plan).await?;
            Ok(made.and_then(|key| Some((key.key_id?, key.arn))))
        };
        // A role that the policy names may be so new that KMS does not know it yet.
        let patience = |error: &_| match face::names_unknown_principal(error) {
            true => consistency::WITHIN_SERVICE,
            false => Duration::ZERO,
        };
        let made = make_once(call, patience, &[], send, look).await?.at(&call.scope)?;
        let (key_id, arn) = made.ok_or_else(|| no_answer("kms:CreateKey"))?;
        (state.key_id, state.arn) = (Some(key_id), arn);
        let made = Self {
            alias: None,
            enabled: true,
            enable_key_rotation: Some(false),
            rotation_period_days: None,
            replicas: None,
            policy: plan.policy.clone(),
            ..state.clone()
        };
        *state = made.clone();
        state.bring(call, &made, plan, Some(&call.claim.generation)).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let plan = &plan.with_policy(&call.scope);
        let key = prior.key_id()?;
        let metadata = describe(&call.scope, key).await?;
        let metadata = metadata.ok_or_else(|| gone(key, call))?;
        let mut prior = prior.clone();
        if is_going(&metadata) {
            face::cancel_deletion(call, &call.scope, key).await?;
            // A key comes back disabled.
            prior.enabled = false;
            state.enabled = false;
        }
        let generation = prior.lifecycle.generation.clone();
        state.bring(call, &prior, plan, generation.as_deref()).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let key = prior.key_id()?;
        let Some(metadata) = describe(&call.scope, key).await? else { return Ok(()) };
        if !is_going(&metadata) && !prior.force_destroy {
            usage::refuse_if_used(call, prior).await?;
        }
        let replicas: Vec<String> = observed::replica_regions(&metadata)
            .into_iter()
            .filter(|region| prior.replicas.as_ref().is_some_and(|own| own.contains_key(region)))
            .collect();
        replicas::remove(call, prior, &replicas).await?;
        let alias = prior.alias.as_deref();
        face::schedule_deletion(call, &call.scope, key, alias, prior.deletion_window_days).await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let Some(key) = &state.key_id else { return Ok(None) };
        let tags = observed::tags(&call.scope, key).await?;
        Ok(tags.as_ref().and_then(tags::mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

/// Whether there is a key of this ARN which is not about to be deleted.
///
/// # Errors
/// Where the call fails.
pub async fn is_in_use(scope: &Scope, arn: &str) -> Result<bool, Failure> {
    Ok(describe(scope, arn).await?.is_some_and(|metadata| !is_going(&metadata)))
}

impl KmsKey {
    /// What KMS knows the key by: its id, else (after an import) its alias, else the key that is
    /// marked with its name.
    async fn reference(&self, call: &Call) -> Result<Option<String>, Failure> {
        if let Some(known) = self.arn.as_ref().or(self.key_id.as_ref()) {
            return Ok(Some(known.clone()));
        }
        if let Some(alias) = &self.alias
            && let Some(metadata) = describe(&call.scope, alias).await?
        {
            return Ok(Some(metadata.key_id));
        }
        Ok(observed::marked(call).await?.into_iter().next())
    }

    /// The plan with the policy that is written from its access, if that was not known before.
    fn with_policy(&self, scope: &Scope) -> Self {
        let written = || self.access.as_ref().map(|access| access.policy(&Place::of(scope, self)));
        Self { policy: self.policy.clone().or_else(written), ..self.clone() }
    }

    fn key_id(&self) -> Result<&str, Failure> {
        self.key_id.as_deref().ok_or_else(|| {
            Diagnostic::error("no key id in the state", "The state names no key. Import it.").into()
        })
    }
}

fn no_answer(action: &str) -> Failure {
    Diagnostic::error(
        format!("{action} got no usable answer"),
        "The answer describes no key. Apply again: what was made is found by its tags.",
    )
    .into()
}

fn gone(key: &str, call: &Call) -> Failure {
    Diagnostic::error(
        format!("key {key} is gone"),
        format!(
            "It was there when this was planned ({}). Plan again to make another.",
            call.scope.place(),
        ),
    )
    .into()
}

#[cfg(test)]
mod tests;
