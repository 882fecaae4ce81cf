//! The grants by which the backup account's role may use the keys of the volumes.
//!
//! Grants have no tags: their name says whose they are, and one that is asked for again under the
//! same name is the same. Follows "Grants in AWS KMS" of its developer guide; the operations are
//! those of "Automate cross-account snapshot copies" of the Amazon EBS User Guide.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_kms::types::GrantOperation;
use travel_framework::Failure;
use travel_framework::ownership::Claim;
use travel_framework::parts::{Observed as Standing, Part};

use super::observed::Grant;
use super::wanted::Side;
use super::work::Work;
use crate::Scope;
use crate::consistency::{Call, IAM, send_when_ready};
use crate::error::{Reply, is_code};
use crate::partition::Arn;

/// What EC2 does with the key of a snapshot that it copies.
const OPERATIONS: [GrantOperation; 8] = [
    GrantOperation::CreateGrant,
    GrantOperation::Decrypt,
    GrantOperation::DescribeKey,
    GrantOperation::Encrypt,
    GrantOperation::GenerateDataKey,
    GrantOperation::GenerateDataKeyWithoutPlaintext,
    GrantOperation::ReEncryptFrom,
    GrantOperation::ReEncryptTo,
];
/// How many grants KMS lists at once, at most. What makes volumes usable are grants too, so a key
/// may have many.
const PAGE_SIZE: i32 = 100;
/// How long the name of a grant may be.
const LONGEST_NAME: usize = 256;

/// A grant on a key.
pub struct GrantPart {
    /// The key's ARN.
    pub key: String,
}

/// The name of the part for a key.
pub fn part(key: &str) -> String {
    let id = key.rsplit('/').next().unwrap_or(key);
    format!("backup/grant/{id}")
}

/// The names that say that something without tags is ours; the first is the one for what is new.
pub fn names(claim: &Claim) -> Vec<String> {
    let deployments = [&claim.deployment].into_iter().chain(&claim.previous_deployments);
    let name = |deployment: &String| -> String {
        let allowed = |character: char| {
            let fits = character.is_ascii_alphanumeric() || ":/_-".contains(character);
            if fits { character } else { '-' }
        };
        let text = format!("travel:{deployment}:{}", claim.resource);
        text.chars().take(LONGEST_NAME).map(allowed).collect()
    };
    deployments.map(name).collect()
}

#[async_trait]
impl<'a> Part<Work<'a>> for GrantPart {
    fn name(&self) -> String {
        part(&self.key)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let grantee = work.wanted.role_arn(Side::Backup);
        match self.there(work).as_slice() {
            [] => Standing::Absent,
            [grant] if fits(grant, &grantee) => Standing::AsPlanned,
            _ => Standing::Different,
        }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let grantee = work.wanted.role_arn(Side::Backup);
        let (kept, obsolete): (Vec<Grant>, Vec<Grant>) =
            self.there(work).into_iter().partition(|grant| fits(grant, &grantee));
        let (mut kept, spare) = (kept.into_iter(), Vec::from_iter(obsolete));
        let grant = match kept.next() {
            Some(grant) => grant,
            None => self.make(work, &grantee).await?,
        };
        for grant in spare.into_iter().chain(kept) {
            self.revoke(work, &grant).await?;
        }
        work.note(|observed| {
            observed.grants.insert(self.key.clone(), vec![grant]);
        });
        Ok(())
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        for grant in self.there(work) {
            self.revoke(work, &grant).await?;
        }
        work.note(|observed| {
            observed.grants.remove(&self.key);
        });
        Ok(())
    }
}

impl GrantPart {
    fn there(&self, work: &Work<'_>) -> Vec<Grant> {
        work.see(|observed| observed.grants.get(&self.key).cloned().unwrap_or_default())
    }

    async fn make(&self, work: &Work<'_>, grantee: &str) -> Result<Grant, Failure> {
        let name = names(&work.call.claim).into_iter().next();
        let request = key_scope(work.call, &self.key)
            .kms()
            .create_grant()
            .key_id(&self.key)
            .set_name(name)
            .grantee_principal(grantee)
            .set_operations(Some(OPERATIONS.to_vec()));
        // KMS refuses a role that it does not know yet.
        let made = send_when_ready(
            work.call,
            IAM,
            |error| is_code(error, &["InvalidArnException"]),
            || request.clone().send(),
        )
        .await
        .map_err(|failure| failure.at_attribute("volume_kms_key_arns"))?;
        Ok(Grant {
            id: made.grant_id.unwrap_or_default(),
            grantee: grantee.to_owned(),
            operations: operations(&OPERATIONS),
        })
    }

    async fn revoke(&self, work: &Work<'_>, grant: &Grant) -> Result<(), Failure> {
        let scope = key_scope(work.call, &self.key);
        let request = scope.kms().revoke_grant().key_id(&self.key).grant_id(&grant.id);
        // With its key a grant is gone too.
        request.send().await.found(&scope, &["NotFoundException", "InvalidGrantIdException"])?;
        Ok(())
    }
}

fn fits(grant: &Grant, grantee: &str) -> bool {
    grant.grantee == grantee && grant.operations == operations(&OPERATIONS)
}

fn operations(operations: &[GrantOperation]) -> BTreeSet<String> {
    operations.iter().map(|operation| operation.as_str().to_owned()).collect()
}

/// Calls for a key go to its region; the account is ours, which KMS lets use another's key.
fn key_scope(call: &Call, key: &str) -> Scope {
    match Arn::parse(key) {
        Some(arn) => call.scope.in_region(&arn.region),
        None => call.scope.clone(),
    }
}

/// Our grants on a key; none where the key is gone.
///
/// # Errors
/// Where a call fails.
pub async fn list(call: &Call, key: &str) -> Result<Vec<Grant>, Failure> {
    let scope = key_scope(call, key);
    let names = names(&call.claim);
    let pages = scope.kms().list_grants().key_id(key).into_paginator().page_size(PAGE_SIZE);
    let all = pages.items().send();
    let all = all.try_collect().await.found(&scope, &["NotFoundException"])?;
    let ours = all
        .unwrap_or_default()
        .into_iter()
        .filter(|grant| grant.name.as_ref().is_some_and(|name| names.contains(name)));
    let read = ours.map(|grant| Grant {
        id: grant.grant_id.unwrap_or_default(),
        grantee: grant.grantee_principal.unwrap_or_default(),
        operations: operations(grant.operations.as_deref().unwrap_or_default()),
    });
    Ok(read.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::claim;

    #[test]
    fn names_say_whose_a_grant_is() {
        let mut claim = claim("travel_dr_snapshot_policy/claims");
        claim.previous_deployments = vec!["dev/old unit".to_owned()];
        assert_eq!(
            names(&claim),
            [
                "travel:dev/test:travel_dr_snapshot_policy/claims",
                "travel:dev/old-unit:travel_dr_snapshot_policy/claims"
            ]
        );
        assert_eq!(part("arn:aws:kms:eu-central-1:111122223333:key/k1"), "backup/grant/k1");
    }
}
