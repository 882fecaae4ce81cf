//! Destroys: what a resource has made goes, and nothing else; also where others have removed some of
//! its parts.

use anyhow::{Context, Result, ensure};

use super::crash::End;
use super::disturbed::places;
use super::inventory::Inventory;
use super::reference::page_of;
use super::{Check, Extent, Trial};
use crate::sandbox::faults::{Kind, Moment};

impl Trial<'_> {
    /// Removes what the steps have made, again and again from the same state while more and more of
    /// it is gone already: a provider that is killed is somebody else who removes some parts, of
    /// which this state knows nothing. What is there then is what was there before the steps.
    ///
    /// # Errors
    /// Where a destroy fails, or leaves or takes something else.
    pub(super) async fn destroy_what_is_left(&mut self, before: &Inventory) -> Result<()> {
        if self.case.cannot_be_destroyed() {
            return Ok(());
        }
        let expected = self.plan("").await?;
        let state = self.state.clone();
        let mut is_gone = false;
        for at in places(Extent::Sample) {
            let ended = self.attempt("", &expected, Kind::Write, at, Moment::After).await;
            self.count(Check::Destroy);
            is_gone = match ended.with_context(|| format!("with {} parts gone", at / 2))? {
                End::Well => true,
                End::Killed => false,
            };
            if is_gone {
                break;
            }
            self.state = state.clone();
        }
        ensure!(is_gone, "does not get on");
        let leaves = self.case.leaves();
        let says_so = page_of(&self.case.type_name)?.contains("- A destroy leaves: ");
        ensure!(leaves.is_empty() || says_so, "the page does not say what a destroy leaves");
        let after = Inventory::take(self.sandbox, self.case).await?.without(leaves);
        before.compare(&after).context("a destroy does not leave what was there before")
    }
}
