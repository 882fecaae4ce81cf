//! What the parts of a platform share while they are made, changed and removed: the operation,
//! what is wanted, what is there; and calls to a service that does one thing at a time.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Debug;

use aws_sdk_eks::types::{Update, UpdateStatus};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::ownership::taken;
use travel_framework::parts::Seen;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use super::EksPlatform;
use super::health::{self, Health};
use super::observed::Observed;
use crate::consistency::{Call, IAM, WITHIN_SERVICE};
use crate::error::{Answer, Reply, failure, is_code, message};
use crate::tags::{TagChanges, Tags, mark};

/// Parts under way.
pub struct Work<'a> {
    /// The operation.
    pub call: &'a Call,
    /// What is wanted.
    pub wanted: &'a EksPlatform,
    /// What there was, as far as it is known.
    pub prior: &'a EksPlatform,
    observed: Seen<Observed>,
}

impl<'a> Work<'a> {
    /// The work from what is there, which `prior` knows, to what is wanted.
    pub fn new(
        call: &'a Call,
        wanted: &'a EksPlatform,
        prior: &'a EksPlatform,
        observed: Observed,
    ) -> Self {
        Self { call, wanted, prior, observed: Seen::new(observed) }
    }

    /// Looks at what is there.
    pub fn see<T>(&self, look: impl FnOnce(&Observed) -> T) -> T {
        self.observed.see(look)
    }

    /// Notes a change of what is there.
    pub fn note(&self, change: impl FnOnce(&mut Observed)) {
        self.observed.note(change);
    }

    /// What is there, when all is done.
    pub fn into_observed(self) -> Observed {
        self.observed.into_inner()
    }

    /// The client for EKS.
    pub fn eks(&self) -> &aws_sdk_eks::Client {
        self.call.scope.eks()
    }

    /// The name of the cluster.
    pub fn cluster(&self) -> &str {
        &self.wanted.name
    }

    /// The tags of a part that has these beside those of all parts, its mark included.
    pub fn tags(&self, own: Option<&Tags>) -> Tags {
        part_tags(self.wanted, own, self.call.claim.tags())
    }

    /// What makes the tags of a part those it is to have. Tags that others have added stay;
    /// `before` are those that were the part's own.
    pub fn tag_changes(
        &self,
        own: Option<&Tags>,
        before: Option<&Tags>,
        there: &Tags,
    ) -> TagChanges {
        let before = self.prior.tagging.tags_all.iter().chain(before).flatten();
        TagChanges::toward(self.tags(own), there, before.map(|(key, _)| key))
    }

    /// Changes the tags of something of EKS.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn retag(&self, arn: &str, changes: &TagChanges) -> Result<(), Failure> {
        if !changes.set.is_empty() {
            let set: HashMap<String, String> = changes.set.clone().into_iter().collect();
            let request = self.eks().tag_resource().resource_arn(arn).set_tags(Some(set));
            request.send().await.at(&self.call.scope)?;
        }
        if !changes.remove.is_empty() {
            let keys = Some(changes.remove.clone());
            let request = self.eks().untag_resource().resource_arn(arn).set_tag_keys(keys);
            request.send().await.at(&self.call.scope)?;
        }
        Ok(())
    }

    /// The error for something under the name of a part that is not the platform's own; none
    /// where it is.
    ///
    /// # Errors
    /// That error.
    pub fn must_own(&self, what: &str, tags: &Tags, path: Path) -> Result<(), Failure> {
        let mark = mark(tags);
        if mark.as_ref().is_some_and(|mark| self.call.claim.owns(mark)) {
            return Ok(());
        }
        let remedy = "Take it out of this configuration, or remove that one.";
        Err(taken(what, mark.as_ref(), remedy).at(path).into())
    }

    /// Makes something: again while the cluster is busy, or while what it names is not seen yet
    /// (`early`), and until it is known whether it is there. The result says whether it was made
    /// by this; otherwise it was there already.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn make<T, E, F, G>(
        &self,
        what: &str,
        early: impl Fn(&SdkError<E, HttpResponse>) -> bool + Sync,
        exists: impl Fn() -> G + Sync,
        send: impl Fn() -> F + Sync,
    ) -> Result<bool, Failure>
    where
        T: Send,
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
        F: Future<Output = Answer<T, E>> + Send,
        G: Future<Output = Result<bool, Failure>> + Send,
    {
        let patience = Instant::now() + IAM;
        let (early, exists, send) = (&early, &exists, &send);
        self.call
            .wait_until(what, Pace::QUICK, || async move {
                let error = match send().await {
                    Ok(_) => return Ok(Look::Done(true)),
                    Err(error) => error,
                };
                if is_code(&error, &["ResourceInUseException"]) && exists().await? {
                    return Ok(Look::Done(false));
                }
                if is_busy(&error) || (early(&error) && Instant::now() < patience) {
                    return Ok(Look::Pending(message(&error).to_owned()));
                }
                Err(failure(&error, &self.call.scope.place()))
            })
            .await
    }

    /// Looks at something and changes it, until no change is left. `apply` carries out one change
    /// to its end, or says false where the service is busy with something else; then all is looked
    /// at again, since that may have been the same change.
    ///
    /// # Errors
    /// As a look or a change fails, where a change does not show for a while after its end, and
    /// where the operation's time is up.
    pub async fn converge<X, C, L, A>(
        &self,
        what: &str,
        look: impl Fn() -> L,
        next: impl Fn(&X) -> Option<C>,
        apply: impl Fn(C) -> A,
    ) -> Result<X, Failure>
    where
        C: Clone + PartialEq + Debug,
        L: Future<Output = Result<X, Failure>>,
        A: Future<Output = Result<bool, Failure>>,
    {
        let mut done: Option<(C, Instant)> = None;
        let mut attempt = 0;
        loop {
            self.call.proceed()?;
            let there = look().await?;
            let Some(change) = next(&there) else { return Ok(there) };
            let shown_late = match &done {
                Some((last, at)) if *last == change => Some(at.elapsed()),
                _ => None,
            };
            let over = Instant::now() >= self.call.deadline;
            match shown_late {
                Some(late) if over || late > WITHIN_SERVICE => return Err(ignored(what, &change)),
                Some(_) => {}
                None if apply(change.clone()).await? => {
                    done = Some((change, Instant::now()));
                    attempt = 0;
                    continue;
                }
                None if over => return Err(busy(what)),
                None => tracing::info!("waiting for {what}: busy with something else"),
            }
            self.call.pause(Pace::SLOW.pause(attempt)).await?;
            attempt += 1;
        }
    }

    /// Waits for an update that EKS carries out in the background: of the cluster, or of a node
    /// group or add-on.
    ///
    /// # Errors
    /// Where it fails, with EKS's reasons; at `path`.
    pub async fn finish(
        &self,
        update: Option<&Update>,
        target: Target<'_>,
        what: &str,
        path: &Path,
    ) -> Result<(), Failure> {
        let Some(id) = update.and_then(Update::id) else { return Ok(()) };
        let request = self.eks().describe_update().name(self.cluster()).update_id(id);
        let request = match target {
            Target::Cluster => request,
            Target::NodeGroup(name) => request.nodegroup_name(name),
            Target::Addon(name) => request.addon_name(name),
        };
        let request = &request;
        let known_by = Instant::now() + WITHIN_SERVICE;
        let ended = self
            .call
            .wait_until(what, Pace::SLOW, || async move {
                let answer = request.clone().send().await;
                let found = answer.found(&self.call.scope, &["ResourceNotFoundException"])?;
                let Some(update) = found.and_then(|found| found.update) else {
                    // A new update may not be known everywhere yet. One that stays unknown is of
                    // the past: what it changes tells what came of it.
                    return Ok(match Instant::now() < known_by {
                        true => Look::Pending("not known yet".to_owned()),
                        false => Look::Done(None),
                    });
                };
                Ok(match update.status() {
                    Some(UpdateStatus::InProgress) => Look::Pending("in progress".to_owned()),
                    _ => Look::Done(Some(update)),
                })
            })
            .await?;
        let Some(ended) = ended else { return Ok(()) };
        if ended.status() == Some(&UpdateStatus::Successful) {
            return Ok(());
        }
        let errors = ended.errors().iter().map(|error| {
            let code = error.error_code().map(|code| code.as_str());
            health::issue(code, error.error_message(), error.resource_ids())
        });
        let errors: Vec<String> = errors.collect();
        Err(Diagnostic::error(
            format!("{what} failed"),
            format!(
                "{} ({}, update {id}).{} Apply again once the cause is mended.",
                health::reasons(&errors),
                self.call.scope.place(),
                remedy(&errors),
            ),
        )
        .at(path.clone())
        .into())
    }

    /// Removes something, and waits until `look` does not find it any more. Where EKS is busy with
    /// it, it is asked again.
    ///
    /// # Errors
    /// As a look or the removal fails.
    pub async fn remove_until_gone<X, T, E, L, F>(
        &self,
        what: &str,
        look: impl Fn() -> L + Sync,
        delete: impl Fn() -> F + Sync,
    ) -> Result<(), Failure>
    where
        X: Health + Send + Sync,
        T: Send,
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
        L: Future<Output = Result<Option<X>, Failure>> + Send,
        F: Future<Output = Answer<T, E>> + Send,
    {
        let (look, delete) = (&look, &delete);
        self.call
            .wait_until(&format!("{what} to be gone"), Pace::SLOW, || async move {
                let Some(there) = look().await? else { return Ok(Look::Done(())) };
                if there.status() != "DELETING"
                    && let Err(error) = delete().await
                    && !is_busy(&error)
                    && !is_gone(&error)
                {
                    return Err(failure(&error, &self.call.scope.place()));
                }
                Ok(Look::Pending(there.words()))
            })
            .await
    }

    /// The error for something whose making failed.
    pub fn not_made(&self, what: &str, there: &impl Health) -> Diagnostic {
        Diagnostic::error(
            format!("{what} was not made"),
            format!(
                "{} ({}). Mend the cause and apply again: that removes what is left of it, and \
                 makes it anew.",
                health::reasons(&there.issues()),
                self.call.scope.place(),
            ),
        )
    }

    /// The error for something that went while it was worked on.
    pub fn vanished(&self, what: &str) -> Diagnostic {
        Diagnostic::error(
            format!("{what} is gone"),
            format!("It was there a moment ago ({}). Apply again.", self.call.scope.place()),
        )
    }
}

/// What an update changes.
#[derive(Clone, Copy, Debug)]
pub enum Target<'a> {
    /// The cluster.
    Cluster,
    /// The node group of this name.
    NodeGroup(&'a str),
    /// The add-on of this name.
    Addon(&'a str),
}

/// The tags of a part of a platform: those of all parts, its own, and its mark.
pub fn part_tags(
    platform: &EksPlatform,
    own: Option<&Tags>,
    mark: impl IntoIterator<Item = (String, String)>,
) -> Tags {
    let mut tags = platform.tagging.tags_all.clone().unwrap_or_default();
    tags.extend(own.into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())));
    tags.extend(mark);
    tags
}

/// Tags as EKS takes them.
pub fn eks_tags(tags: Tags) -> Option<HashMap<String, String>> {
    Some(tags.into_iter().collect())
}

/// Whether EKS does not do this now, because it does something else to the same thing.
pub fn is_busy<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let text = message(error);
    is_code(error, &["ResourceInUseException"])
        || (is_code(error, &["InvalidRequestException", "InvalidParameterException"])
            && ["not in ACTIVE", "in progress", "currently being"]
                .iter()
                .any(|it| text.contains(it)))
}

/// Whether EKS has no such thing, or no such cluster, of which it also says so in another way.
pub fn is_gone<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    is_code(error, &["ResourceNotFoundException"])
        || (is_code(error, &["ClientException"])
            && message(error).contains("No cluster found for name"))
}

/// Whether EKS does not see a role yet, or not what it may do: IAM takes its time.
pub fn is_unseen_role<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    const UNSEEN: [&str; 10] = [
        "not exist",
        "could not",
        "cannot",
        "not found",
        "invalid",
        "trust",
        "assume",
        "role params",
        "doesn't have the amazon eks managed policies",
        "policy must include",
    ];
    let text = message(error).to_lowercase();
    is_code(error, &["InvalidParameterException", "InvalidRequestException"])
        && (text.contains("role") || text.contains("principal"))
        && UNSEEN.iter().any(|words| text.contains(words))
}

fn remedy(reasons: &[String]) -> &'static str {
    if reasons.iter().any(|reason| reason.contains("PodEvictionFailure")) {
        " Pods could not be evicted: mend their pod disruption budgets, or set force_update = true."
    } else {
        ""
    }
}

fn ignored(what: &str, change: &impl Debug) -> Failure {
    Diagnostic::error(
        format!("{what} does not change"),
        format!("EKS has carried out {change:?}, but does not show it. Apply again."),
    )
    .into()
}

fn busy(what: &str) -> Failure {
    Diagnostic::error(
        format!("timed out waiting for {what}"),
        "EKS was busy with other changes all the time. Nothing is lost: the next apply goes on \
         from here.",
    )
    .into()
}

#[cfg(test)]
mod tests;
