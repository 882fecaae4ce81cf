//! How a key comes to be as planned.

use std::time::Duration;

use tokio::time::Instant;
use travel_framework::Failure;
use travel_framework::wait::Pace;

use super::face::{self, Face};
use super::{KmsKey, planning, replicas};
use crate::consistency::Call;
use travel_framework::resource::Resource;

/// How long to wait until a read shows what was just written.
const SETTLING: Duration = Duration::from_secs(30);

impl KmsKey {
    /// Brings the key, its rotation and its replicas from `prior` to `plan`. `self` follows.
    pub(super) async fn bring(
        &mut self,
        call: &Call,
        prior: &Self,
        plan: &Self,
        marked_with: Option<&str>,
    ) -> Result<(), Failure> {
        let key = self.key_id()?.to_owned();
        let (mut face, wanted) = (Face::of(prior), Face::of(plan));
        let settings = &call.scope.settings().tags;
        let bypass = plan.bypass_policy_lockout_safety_check;
        let brought =
            face::bring(call, &call.scope, &key, &mut face, &wanted, marked_with, bypass).await;
        face.write(self, plan, settings);
        replicas::stay_behind(call, prior, self);
        brought?;
        self.bring_rotation(call, &key, plan).await?;
        let disabled = face::disable(call, &call.scope, &key, &mut face, &wanted).await;
        face.write(self, plan, settings);
        disabled?;
        replicas::bring(call, prior, plan, self, marked_with).await?;
        let replica_arns = planning::replica_arns(self.arn.as_deref(), plan.replicas.as_ref());
        *self = Self {
            key_id: self.key_id.clone(),
            arn: self.arn.clone(),
            replica_arns: Some(replica_arns),
            ..plan.clone()
        };
        self.settle(call).await
    }

    async fn bring_rotation(&mut self, call: &Call, key: &str, plan: &Self) -> Result<(), Failure> {
        let wanted = (plan.enable_key_rotation, plan.rotation_period_days);
        let kms = call.scope.kms();
        if wanted == (self.enable_key_rotation, self.rotation_period_days) {
            return Ok(());
        }
        if plan.enable_key_rotation == Some(true) {
            let request = kms
                .enable_key_rotation()
                .key_id(key)
                .set_rotation_period_in_days(plan.rotation_period_days);
            face::send(call, || request.clone().send()).await?;
        } else if self.enable_key_rotation == Some(true) {
            face::send(call, || kms.disable_key_rotation().key_id(key).send()).await?;
        }
        (self.enable_key_rotation, self.rotation_period_days) = wanted;
        Ok(())
    }

    /// Waits until a read shows what was written, so that the next plan is empty. If it takes
    /// longer than KMS says, the next plan will tell: that is no reason to fail.
    async fn settle(&self, call: &Call) -> Result<(), Failure> {
        let until = (Instant::now() + SETTLING).min(call.deadline);
        let mut attempt = 0;
        loop {
            let shown = match Self::read(call, self).await {
                Ok(read) => read.is_some_and(|read| read.equals(self)),
                Err(Failure::Interrupted) => return Err(Failure::Interrupted),
                Err(Failure::Failed(error)) => {
                    tracing::debug!("not yet readable: {error}");
                    false
                }
            };
            if shown || Instant::now() >= until {
                return Ok(());
            }
            call.pause(Pace::QUICK.pause(attempt)).await?;
            attempt += 1;
        }
    }

    /// Whether a read shows the same key.
    pub(super) fn equals(&self, other: &Self) -> bool {
        Face::of(self).equals(&Face::of(other))
            && self.enable_key_rotation == other.enable_key_rotation
            && self.rotation_period_days == other.rotation_period_days
            && replicas::equal(self.replicas.as_ref(), other.replicas.as_ref())
    }
}
