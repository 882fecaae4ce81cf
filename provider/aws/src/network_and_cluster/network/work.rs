//! What the parts of a network share while they are made, changed and removed: the operation,
//! what is wanted, what is there, and how calls are made that must not be made twice.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::Duration;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, ResourceType, Tag, TagSpecification};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::Failure;
use travel_framework::parts::Seen;
use travel_framework::wait::{Look, Pace};

use super::observed::Observed;
use super::wanted::Wanted;
use super::{Network, blockers, state};
use crate::Scope;
use crate::consistency::{Call, WITHIN_SERVICE, make_once};
use crate::ec2;
use crate::error::{Answer, Reply, failure, is_code, message};
use crate::tags::{PART_TAG, TagChanges, Tags};

/// How many resources one request can tag.
const TAGGED_AT_ONCE: usize = 500;

/// How long something may be held by what is not the network's own before that is an error: what
/// was just taken away may count for a while.
const HELD: Duration = Duration::from_secs(300);
/// How CreateNatGateway calls a subnet that it does not see yet.
const EARLY: [&str; 1] = ["InvalidSubnet"];

/// What is not there yet, or any more.
pub const MISSING: [&str; 17] = [
    "InvalidVpcID.NotFound",
    "InvalidVpcId.NotFound",
    "InvalidSubnetID.NotFound",
    "InvalidSubnetId.NotFound",
    "InvalidRouteTableID.NotFound",
    "InvalidRouteTableId.NotFound",
    "InvalidInternetGatewayID.NotFound",
    "InvalidInternetGatewayId.NotFound",
    "InvalidAllocationID.NotFound",
    "InvalidElasticIpID.NotFound",
    "NatGatewayNotFound",
    "InvalidGroup.NotFound",
    "InvalidGroupId.NotFound",
    "InvalidSecurityGroupID.NotFound",
    "InvalidVpcEndpointId.NotFound",
    "InvalidVpcEndpointID.NotFound",
    "InvalidID",
];

/// What is not there any more: nobody but a removal asks for these right after they were made.
const GONE: [&str; 5] = [
    "InvalidAssociationID.NotFound",
    "InvalidVpcCidrBlockAssociationID.NotFound",
    "InvalidSubnetCidrBlockAssociationID.NotFound",
    "InvalidEgressOnlyInternetGatewayId.NotFound",
    "InvalidGatewayID.NotFound",
];

/// Parts under way.
pub struct Work<'a> {
    /// The operation.
    pub call: &'a Call,
    /// What is wanted.
    pub wanted: &'a Wanted,
    /// What the network had before, which is its own to take away.
    pub prior: &'a Network,
    observed: Seen<Observed>,
}

impl<'a> Work<'a> {
    /// The work from what is there, which `prior` knows, to what is wanted.
    pub fn new(call: &'a Call, wanted: &'a Wanted, prior: &'a Network, observed: Observed) -> Self {
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

    /// The client for EC2.
    pub fn ec2(&self) -> &Client {
        self.call.scope.ec2()
    }

    /// Where requests go that EC2 would carry out twice: repeating them is for [`Work::make`].
    pub fn once(&self) -> Scope {
        self.call.scope.once()
    }

    /// The VPC's id.
    ///
    /// # Errors
    /// Where there is none, which the order of the parts rules out.
    pub fn vpc_id(&self) -> Result<String, Failure> {
        self.need("vpc", |observed| observed.vpc_id().map(str::to_owned))
    }

    /// Something that an earlier part has made.
    ///
    /// # Errors
    /// Where it is not there, which the order of the parts rules out.
    pub fn need<T>(
        &self,
        part: &str,
        look: impl FnOnce(&Observed) -> Option<T>,
    ) -> Result<T, Failure> {
        self.see(look).ok_or_else(|| {
            travel_framework::Diagnostic::error(
                "a mistake in the provider",
                format!("Part {part} of the network was used before it was made. Report it."),
            )
            .into()
        })
    }

    /// The destinations in a route table that are the network's own.
    pub fn own_destinations(&self, table: &str) -> BTreeSet<String> {
        state::own_destinations(self.prior, self.wanted, table)
    }

    /// The tags that a part is to have, its mark included.
    pub fn tags(&self, part: &str) -> Tags {
        let mut tags = self.wanted.tags(part);
        tags.extend(self.call.claim.tags());
        tags.insert(PART_TAG.to_owned(), part.to_owned());
        tags
    }

    /// The tags for the request that makes a part.
    pub fn tag_specification(&self, kind: ResourceType, part: &str) -> TagSpecification {
        let tags = ec2::tag_list(&self.tags(part));
        TagSpecification::builder().resource_type(kind).set_tags(Some(tags)).build()
    }

    /// What makes the tags of a part those it is to have. Tags that others have added stay.
    pub fn tag_changes(&self, part: &str, there: &Tags) -> TagChanges {
        let before = state::known_tags(self.prior, part);
        TagChanges::toward(self.tags(part), there, &before)
    }

    /// Whether the tags of a part are not those it is to have.
    pub fn is_mistagged(&self, part: &str, there: &Tags) -> bool {
        !self.tag_changes(part, there).is_empty()
    }

    /// Makes the tags of a part that EC2 knows those it is to have.
    pub async fn mend_tags(&self, part: &str, id: &str) -> Result<(), Failure> {
        let there = self.see(|observed| {
            observed.own_ids().get(part).map(|(_, tags)| (*tags).clone()).unwrap_or_default()
        });
        let changes = self.tag_changes(part, &there);
        self.change_tags(id, &changes).await?;
        self.note(|observed| {
            if let Some(tags) = observed.tags_mut(part) {
                *tags = changes.applied(tags);
            }
        });
        Ok(())
    }

    /// Changes the tags of something that EC2 knows.
    pub async fn change_tags(&self, id: &str, changes: &TagChanges) -> Result<(), Failure> {
        if !changes.set.is_empty() {
            let request = self.ec2().create_tags().resources(id);
            let set = || request.clone().set_tags(Some(ec2::tag_list(&changes.set))).send();
            self.patiently(set).await?;
        }
        if !changes.remove.is_empty() {
            let keys = changes.remove.iter().map(|key| Tag::builder().key(key).build()).collect();
            let request = self.ec2().delete_tags().resources(id).set_tags(Some(keys));
            self.patiently(|| request.clone().send()).await?;
        }
        Ok(())
    }

    /// Puts the mark of this operation on every part that carries another: at once, so that an
    /// adoption that is cut off leaves the parts of a network together. The part that stands for
    /// the whole is among the last, since a later attempt goes by its mark.
    pub async fn claim_all(&self) -> Result<(), Failure> {
        let mark: Tags = self.call.claim.tags().into();
        let other = |tags: &Tags| mark.iter().any(|(key, value)| tags.get(key) != Some(value));
        let changes = TagChanges { set: mark.clone(), remove: Vec::new() };
        let roles = self.see(|observed| observed.roles.clone()).into_iter();
        for (name, mut role) in roles.filter(|(_, it)| other(&it.role.tags)) {
            role.role.retag(self.call, &self.call.scope, &changes).await?;
            self.note(|observed| drop(observed.roles.insert(name, role)));
        }
        let groups = self.see(|observed| observed.log_groups.clone()).into_iter();
        for (name, mut group) in groups.filter(|(_, it)| other(&it.tags)) {
            group.retag(self.call, &changes).await?;
            self.note(|observed| drop(observed.log_groups.insert(name, group)));
        }
        let marked: Vec<(String, String)> = self.see(|observed| {
            let parts = observed.own_ids().into_iter();
            parts
                .filter(|(_, (_, tags))| other(tags))
                .map(|(part, (id, _))| (part, id.to_owned()))
                .collect()
        });
        for some in marked.chunks(TAGGED_AT_ONCE) {
            let ids = some.iter().map(|(_, id)| id.clone()).collect();
            let tags = Some(ec2::tag_list(&mark));
            let request = self.ec2().create_tags().set_resources(Some(ids)).set_tags(tags);
            self.patiently(|| request.clone().send()).await?;
            self.note(|observed| {
                for (part, _) in some {
                    if let Some(tags) = observed.tags_mut(part) {
                        tags.extend(mark.clone());
                    }
                }
            });
        }
        Ok(())
    }

    /// Sends a request again while what it names is not there yet.
    ///
    /// # Errors
    /// As the request fails.
    pub async fn patiently<T, E, F>(&self, send: impl FnMut() -> F) -> Result<T, Failure>
    where
        E: Error + ProvideErrorMetadata + 'static,
        F: Future<Output = Answer<T, E>>,
    {
        let too_early = |error: &SdkError<E, HttpResponse>| is_code(error, &MISSING);
        crate::consistency::send_when_ready(self.call, WITHIN_SERVICE, too_early, send).await
    }

    /// Makes a part by a request that EC2 would carry out twice: where it is not certain whether
    /// the request was carried out, looks for its result before sending it again. The result is
    /// the part's id.
    ///
    /// # Errors
    /// As the request fails; a `conflict` (an error code) only where the part in the way is not
    /// the one to be made.
    pub async fn make<E, F, G>(
        &self,
        part: &str,
        conflict: &[&str],
        send: impl FnMut() -> F,
        look: impl Fn() -> G,
    ) -> Result<String, Failure>
    where
        E: Error + ProvideErrorMetadata + 'static,
        F: Future<Output = Answer<Option<String>, E>>,
        G: Future<Output = Result<Option<String>, Failure>>,
    {
        let patience = |error: &SdkError<E, HttpResponse>| {
            let early = is_code(error, &MISSING) || is_code(error, &EARLY);
            if early { WITHIN_SERVICE } else { Duration::ZERO }
        };
        let scope = &self.call.scope;
        let made = make_once(self.call, patience, conflict, send, look).await?.at(scope)?;
        made.ok_or_else(|| no_id(part, &scope.place()))
    }

    /// As [`Work::make`], where what was made is found by its tags.
    ///
    /// # Errors
    /// As for [`Work::make`].
    pub async fn make_tagged<E, F>(
        &self,
        part: &str,
        kind: &ResourceType,
        conflict: &[&str],
        send: impl FnMut() -> F,
    ) -> Result<String, Failure>
    where
        E: Error + ProvideErrorMetadata + 'static,
        F: Future<Output = Answer<Option<String>, E>>,
    {
        let look = || async { Ok(self.tagged(part, kind).await?.into_iter().next()) };
        self.make(part, conflict, send, look).await
    }

    /// The id of what this network has made as a part and what `stands`: what somebody has deleted may keep
    /// its tags for an hour.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn standing<S>(
        &self,
        part: &str,
        kind: &ResourceType,
        stands: impl Fn(String) -> S + Send + Sync,
    ) -> Result<Option<String>, Failure>
    where
        S: Future<Output = Result<bool, Failure>> + Send,
    {
        for id in self.tagged(part, kind).await? {
            if stands(id.clone()).await? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The ids of what this network has made as a part, by its tags: what is gone may still be among
    /// them for a while.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn tagged(&self, part: &str, kind: &ResourceType) -> Result<Vec<String>, Failure> {
        let mut mark: Tags = self.call.claim.tags().into();
        mark.insert(PART_TAG.to_owned(), part.to_owned());
        let request = self
            .ec2()
            .describe_tags()
            .filters(ec2::any_of("key", mark.keys()))
            .filters(ec2::any_of("value", mark.values()))
            .filters(ec2::filter("resource-type", kind.as_str()));
        let found = request.into_paginator().items().send().try_collect().await;
        let mut tags: BTreeMap<String, Tags> = BTreeMap::new();
        for tag in found.at(&self.call.scope)? {
            if let (Some(id), Some(key), Some(value)) = (tag.resource_id, tag.key, tag.value) {
                tags.entry(id).or_default().insert(key, value);
            }
        }
        // Any of the keys with any of the values has been found: what is meant has each its own.
        Ok(tags.into_iter().filter(|(_, tags)| *tags == mark).map(|(id, _)| id).collect())
    }

    /// Removes something, again and again while others still hold on to it (`busy`, error codes),
    /// until it is gone. `place` says where network interfaces may be that hold on to it: those of
    /// the network itself go by themselves, others are a reason to give up.
    ///
    /// # Errors
    /// As the request fails otherwise, where somebody else's network interfaces stand in the way,
    /// where nothing of the network's own has held on to it for minutes, and where the operation's
    /// time is up.
    pub async fn remove<T, E, F>(
        &self,
        what: &str,
        busy: &[&str],
        place: Option<Filter>,
        mut send: impl FnMut() -> F + Send,
    ) -> Result<(), Failure>
    where
        T: Send,
        E: Error + ProvideErrorMetadata + Send + 'static,
        F: Future<Output = Answer<T, E>> + Send,
    {
        let begun = Instant::now();
        self.call
            .wait_until(what, Pace::QUICK, || {
                let answer = send();
                let place = place.clone();
                async move {
                    match answer.await {
                        Ok(_) => Ok(Look::Done(())),
                        Err(error) if is_code(&error, &MISSING) || is_code(&error, &GONE) => {
                            Ok(Look::Done(()))
                        }
                        Err(error) if is_code(&error, busy) => {
                            let patient = begun.elapsed() < HELD;
                            match self.in_use(what, place, patient).await? {
                                Some(words) => Ok(Look::Pending(words)),
                                None if patient => Ok(Look::Pending("in use".to_owned())),
                                None => Err(blockers::held(what, message(&error)).into()),
                            }
                        }
                        Err(error) => Err(failure(&error, &self.call.scope.place())),
                    }
                }
            })
            .await
    }

    /// Waits until something is gone, or has the state `deleted`. What was made a moment ago may be listed,
    /// and yet not be found to be deleted: until it has the state `deleting`, it is deleted again.
    ///
    /// # Errors
    /// As `state` and `delete` fail, and where the operation's time is up.
    pub async fn wait_until_deleted<S, D>(
        &self,
        what: &str,
        state: impl Fn() -> S + Send + Sync,
        delete: impl Fn() -> D + Send + Sync,
    ) -> Result<(), Failure>
    where
        S: Future<Output = Result<Option<String>, Failure>> + Send,
        D: Future<Output = Result<(), Failure>> + Send,
    {
        self.call
            .wait_until(what, Pace::SLOW, || async {
                match state().await? {
                    None => Ok(Look::Done(())),
                    Some(state) if state == "deleted" => Ok(Look::Done(())),
                    Some(state) => {
                        if state != "deleting" {
                            delete().await?;
                        }
                        Ok(Look::Pending(state))
                    }
                }
            })
            .await
    }

    /// The network interfaces that hold on to something and will go, in words.
    async fn in_use(
        &self,
        what: &str,
        place: Option<Filter>,
        patient: bool,
    ) -> Result<Option<String>, Failure> {
        let Some(place) = place else { return Ok(None) };
        let own = self.see(Observed::interface_ids);
        let found = blockers::interfaces(self.call, place).await?;
        let others: Vec<_> = found.iter().filter(|it| !own.contains(&it.id)).cloned().collect();
        if others.iter().any(|it| !(it.passing && patient)) {
            return Err(blockers::refusal(what, &others).into());
        }
        let found: Vec<String> = found.into_iter().map(|it| it.id).collect();
        Ok((!found.is_empty()).then(|| format!("in use by {}", found.join(", "))))
    }
}

/// A token for a request that is to be carried out once, however often it is sent.
pub fn token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn no_id(part: &str, place: &str) -> Failure {
    travel_framework::Diagnostic::error(
        "EC2 gave no usable answer",
        format!("It made part {part} and gave it no id ({place}). Apply again to go on from here."),
    )
    .into()
}

#[cfg(test)]
mod tests;
