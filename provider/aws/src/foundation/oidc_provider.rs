//! `travel_oidc_provider`: an issuer of identities that IAM trusts.
//!
//! Source: IAM API reference, CreateOpenIDConnectProvider.

mod planning;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use travel_framework::list::{Finder, Listable};
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};

use crate::consistency::{Call, WITHIN_SERVICE, answer_when_ready, made_here, make_once, settle};
use crate::error::{Reply, is_code};
use crate::iam_role::{GONE, iam_tags, is_too_early, patiently};
use crate::platform::Aws;
use crate::tags::{self, Tags};
use crate::{GlobalPlacement, Tagging};

/// How long IAM may take to show what was just written.
const SETTLING: Duration = Duration::from_secs(30);
const TAKEN: &str = "EntityAlreadyExists";

/// An OpenID Connect provider of IAM: an issuer whose tokens roles can trust, so that a pipeline works
/// in AWS without any key of its own.
///
/// An account has one for each issuer, so every role that trusts the issuer shares it.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_oidc_provider",
    proof = tags,
    id = "arn",
    key = "url",
    refresh = "1",
    identity("url"),
    moves("hashicorp/aws aws_iam_openid_connect_provider.arn"),
    consistency_seconds = 5
)]
pub struct OidcProvider {
    /// The issuer's address, such as `https://token.actions.githubusercontent.com`. Another address
    /// means another provider.
    #[model(required, replace, rule = planning::is_url)]
    pub url: String,
    /// Whom the tokens are for that are trusted: all of them, such as `sts.amazonaws.com`.
    #[model(required, rule = planning::are_client_ids)]
    pub client_ids: BTreeSet<String>,
    /// The SHA-1 digests of certificates that the issuer's server certificate must be signed by, as 40
    /// lower-case hexadecimal digits. Without any, IAM finds them itself; it needs none of issuers
    /// whose certificate authority it knows.
    #[model(optional, computed, rule = planning::are_thumbprints)]
    pub thumbprints: Option<BTreeSet<String>>,
    /// The ARN, which a trust policy names as its `Federated` principal.
    #[model(computed)]
    pub arn: Option<String>,
    /// The account.
    #[model(flatten)]
    pub placement: GlobalPlacement,
    /// Tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

#[async_trait]
impl Resource for OidcProvider {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Ok(state.look(call).await?.map(|there| state.seen(call, there).0))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let found = plan.look(call).await?.map(|there| {
            let (object, mark) = plan.seen(call, there);
            Found { object, mark, complete: true, label: plan.arn_at(call) }
        });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let thumbprints = plan.thumbprints.clone();
        let request = call
            .scope
            .once()
            .iam()
            .create_open_id_connect_provider()
            .url(&plan.url)
            .set_client_id_list(Some(plan.client_ids.iter().cloned().collect()))
            .set_thumbprint_list(thumbprints.map(|it| it.into_iter().collect()))
            .set_tags(Some(iam_tags(&plan.tagging.for_create(&call.claim))?));
        let send = || {
            let answer = request.clone().send();
            async { Ok(answer.await?.open_id_connect_provider_arn) }
        };
        let look = || async {
            let made: Option<Self> = made_here(call, plan).await?;
            Ok(made.map(|_| plan.arn_at(call)))
        };
        let patience =
            |error: &_| if is_too_early(error) { WITHIN_SERVICE } else { Duration::ZERO };
        let made = make_once(call, patience, &[TAKEN], send, look).await?;
        if made.as_ref().is_err_and(|error| is_code(error, &[TAKEN])) {
            return Err(taken(call, &plan.url).into());
        }
        state.arn = made.at(&call.scope)?;
        state.finish(call, plan).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let (arn, scope, client) = (prior.arn_at(call), &call.scope, call.scope.iam());
        // One comes before another goes, so that the provider trusts somebody all the time.
        for id in plan.client_ids.difference(&prior.client_ids) {
            let request = client.add_client_id_to_open_id_connect_provider();
            let request = request.open_id_connect_provider_arn(&arn).client_id(id);
            patiently(call, scope, || request.clone().send()).await?;
            state.client_ids.insert(id.clone());
        }
        for id in prior.client_ids.difference(&plan.client_ids) {
            let request = client.remove_client_id_from_open_id_connect_provider();
            let request = request.open_id_connect_provider_arn(&arn).client_id(id);
            patiently(call, scope, || request.clone().send()).await?;
            state.client_ids.remove(id);
        }
        if let Some(wanted) =
            plan.thumbprints.as_ref().filter(|_| plan.thumbprints != prior.thumbprints)
        {
            let request = client.update_open_id_connect_provider_thumbprint();
            let request = request.open_id_connect_provider_arn(&arn);
            let request = request.set_thumbprint_list(Some(wanted.iter().cloned().collect()));
            patiently(call, scope, || request.clone().send()).await?;
            state.thumbprints = Some(wanted.clone());
        }
        let generation = prior.lifecycle.generation.as_deref();
        let changes = plan.tagging.changes(&prior.tagging, generation, &call.claim);
        if !changes.set.is_empty() {
            let request = client.tag_open_id_connect_provider().open_id_connect_provider_arn(&arn);
            let request = request.set_tags(Some(iam_tags(&changes.set)?));
            patiently(call, scope, || request.clone().send()).await?;
        }
        if !changes.remove.is_empty() {
            let request =
                client.untag_open_id_connect_provider().open_id_connect_provider_arn(&arn);
            let request = request.set_tag_keys(Some(changes.remove.clone()));
            patiently(call, scope, || request.clone().send()).await?;
        }
        state.arn = Some(arn);
        state.finish(call, plan).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let (arn, scope) = (prior.arn_at(call), &call.scope);
        let request = scope.iam().delete_open_id_connect_provider();
        let request = request.open_id_connect_provider_arn(&arn);
        let answer =
            answer_when_ready(call, WITHIN_SERVICE, is_too_early, || request.clone().send());
        answer.await?.found(scope, &GONE)?;
        call.wait_until(&format!("the end of OIDC provider {arn}"), Pace::QUICK, || async {
            let there = prior.look(call).await?;
            Ok(there.map_or(Look::Done(()), |_| Look::Pending("there".to_owned())))
        })
        .await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(state.look(call).await?.and_then(|there| tags::mark(&tags_of(&there))))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl OidcProvider {
    /// The ARN, which account and issuer make up.
    fn arn_at(&self, call: &Call) -> String {
        let (scope, issuer) = (&call.scope, planning::issuer(&self.url));
        let resource = format!("oidc-provider/{issuer}");
        scope.partition().iam_arn(scope.account_id(), &resource)
    }

    async fn look(&self, call: &Call) -> Result<Option<GetOpenIdConnectProviderOutput>, Failure> {
        let request = call.scope.iam().get_open_id_connect_provider();
        let request = request.open_id_connect_provider_arn(self.arn_at(call));
        request.send().await.found(&call.scope, &GONE)
    }

    /// The provider as it is there, and the mark on it. This is its last known state.
    fn seen(&self, call: &Call, there: GetOpenIdConnectProviderOutput) -> (Self, Option<Mark>) {
        let settings = &call.scope.settings().tags;
        let (tagging, mark) = Tagging::read(tags_of(&there), &self.tagging, settings);
        let thumbprints = there.thumbprint_list.unwrap_or_default();
        let thumbprints: BTreeSet<String> =
            thumbprints.into_iter().map(|it| it.to_lowercase()).collect();
        let object = Self {
            url: self.url.clone(),
            client_ids: there.client_id_list.unwrap_or_default().into_iter().collect(),
            thumbprints: (!thumbprints.is_empty()).then_some(thumbprints),
            arn: Some(self.arn_at(call)),
            tagging,
            placement: self.placement.clone(),
            lifecycle: self.lifecycle.clone(),
        };
        (object, mark)
    }

    /// Notes that all is as planned, and waits until IAM shows it.
    async fn finish(&mut self, call: &Call, plan: &Self) -> Result<(), Failure> {
        let thumbprints = plan.thumbprints.clone().or(self.thumbprints.take());
        *self = Self { arn: self.arn.clone(), thumbprints, ..plan.clone() };
        let wanted = &*self;
        settle(call, SETTLING, || async {
            Ok(Self::read(call, wanted).await?.is_some_and(|there| {
                there.client_ids == wanted.client_ids
                    && (wanted.thumbprints.is_none() || there.thumbprints == wanted.thumbprints)
                    && there.tagging.tags_all == wanted.tagging.tags_all
            }))
        })
        .await?;
        if self.thumbprints.is_none() {
            // None were given, so they are those that IAM has found.
            let there = Self::read(call, self).await?;
            self.thumbprints = there.and_then(|there| there.thumbprints);
        }
        Ok(())
    }
}

fn tags_of(there: &GetOpenIdConnectProviderOutput) -> Tags {
    there.tags().iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// The OpenID Connect providers of an account.
#[derive(Clone, Debug, Default, Model)]
pub struct OidcProviders {
    /// The account.
    #[model(flatten)]
    pub placement: GlobalPlacement,
}

#[async_trait]
impl Listable for OidcProvider {
    type Query = OidcProviders;

    async fn list(call: &Call, _query: &OidcProviders, found: &Finder) -> Result<(), Failure> {
        let answer = call.scope.iam().list_open_id_connect_providers().send().await;
        let there = answer.at(&call.scope)?.open_id_connect_provider_list.unwrap_or_default();
        for arn in there.into_iter().filter_map(|entry| entry.arn) {
            let issuer = arn.split_once(":oidc-provider/").map_or("", |(_, issuer)| issuer);
            found.tell(&arn, issuer).await;
        }
        Ok(())
    }
}

fn taken(call: &Call, url: &str) -> Diagnostic {
    Diagnostic::error(
        format!("the OIDC provider of {url} exists already"),
        format!(
            "An account has one for each issuer ({}). Import it, or use it where it is managed. \
             Under create_before_destroy none can take its place.",
            call.scope.place(),
        ),
    )
    .at_attribute("url")
}

#[cfg(test)]
mod tests;
