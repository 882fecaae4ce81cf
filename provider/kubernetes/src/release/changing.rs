//! Bringing a release about in the cluster, and removing it.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use travel_framework::model::Model;
use travel_framework::ownership::{Claim, Mark};
use travel_framework::{Diagnostic, Failure};
use travel_helm::TreeMap;
use travel_helm::chart::Chart;
use travel_helm::lifecycle::{self, Conduct, Definitions, LifecycleError, Removal, Target, Wanted};
use travel_helm::release::{Release, Status};
use travel_kube::Cluster;
use travel_value::{Path, Value};

use super::documents::{self, Documents};
use super::memory::{ReleaseMemory, SecretKey};
use super::values::{self, Values};
use super::{Identity, Settings, charts, failure, observing, ownership, planning};
use crate::platform::{Connected, Mirror};

/// Work on one release.
pub struct Work<'a> {
    /// The cluster.
    pub connected: &'a Connected,
    /// What names the release there.
    pub identity: Identity<'a>,
    /// Where it stands in the configuration.
    pub path: Path,
    /// Where charts are looked for.
    pub mirror: &'a Mirror,
    /// On whose behalf.
    pub claim: &'a Claim,
    /// When the time is up.
    pub deadline: Instant,
    /// Ends when the work is to stop.
    pub cancel: &'a CancellationToken,
}

impl Work<'_> {
    /// The revisions of the release, oldest first.
    ///
    /// # Errors
    /// Where the cluster cannot be asked.
    pub async fn history(&self) -> Result<Vec<Release>, Failure> {
        let progress = |_: &str| {};
        let target = self.target(&self.connected.cluster, &progress);
        lifecycle::history(&target).await.map_err(|error| self.failed(&error))
    }

    /// Brings what is known of the release up to what the cluster has of it; false where there is
    /// none.
    ///
    /// # Errors
    /// Where the cluster cannot be asked.
    pub async fn observe(
        &self,
        settings: &mut Settings,
        memory: &mut ReleaseMemory,
        key: &SecretKey,
    ) -> Result<bool, Failure> {
        let history = self.history().await?;
        let Self { connected, identity, .. } = self;
        observing::observe(connected, *identity, &history, settings, memory, key).await
    }

    /// Installs or upgrades the release. `state` follows: where that fails, it says how the
    /// release stands then.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn deploy(
        &self,
        plan: &Settings,
        state: &mut Settings,
        memory: &mut ReleaseMemory,
        key: &SecretKey,
    ) -> Result<(), Failure> {
        let made = self.make(plan, state, memory, key).await;
        if let Err(mut failure) = made {
            if let Failure::Failed(diagnostic) = &mut failure {
                diagnostic.detail = plan.secrets().hidden_in(&diagnostic.detail);
            }
            // What is there now tells more than what was to be there.
            let mut found = state.clone();
            match self.observe(&mut found, memory, key).await {
                Ok(true) => *state = found,
                Ok(false) => state.forget(),
                Err(error) => {
                    tracing::warn!(
                        "cannot tell how the release stands: {}",
                        error.into_diagnostic()
                    );
                }
            }
            return Err(failure);
        }
        Ok(())
    }

    async fn make(
        &self,
        plan: &Settings,
        state: &mut Settings,
        memory: &mut ReleaseMemory,
        key: &SecretKey,
    ) -> Result<(), Failure> {
        let object = <Settings as Model>::to_value(plan);
        let chart = self.chart(plan, &object).await?;
        let Values::Given(values) = values::merged(&object, &self.path)? else {
            return Err(Failure::from(self.undecided("values_yaml")));
        };
        let history = self.history().await?;
        self.refuse_foreign(&history, state)?;
        self.claim_pending(&history).await?;
        let told = self.told(&object, memory, &chart).await?;
        let progress = |step: &str| tracing::info!("release {}: {step}", self.identity.name);
        let target = self.target(&self.connected.cluster, &progress);
        let wanted = Wanted {
            labels: ownership::labels(self.claim),
            create_namespace: plan.create_namespace,
            definitions: if plan.skip_crds { Definitions::Skip } else { Definitions::Upgrade },
            capabilities: Some(told.clone()),
            conduct: Conduct {
                wait: plan.wait,
                force_conflicts: plan.force_conflicts,
                history_limit: plan.history_limit,
                rollback_on_failure: plan.rollback_on_failure,
                ..Conduct::default()
            },
            ..Wanted::new(&chart, &values)
        };
        let actual_definitions = self.definitions(plan, &target, &wanted).await?;
        let ever_stood = |release: &Release| {
            matches!(release.info.status, Status::Deployed | Status::Superseded)
        };
        let deployed = if history.iter().any(ever_stood) {
            lifecycle::upgrade(&target, &wanted).await
        } else {
            lifecycle::install(&target, &wanted).await
        };
        let release = deployed.map_err(|error| self.failed(&error))?;
        *state = self.deployed(plan, &release, &actual_definitions, key, &values)?;
        let digest = charts::digest(&chart);
        memory.inputs = planning::inputs(key, &object, self.identity, &digest, &values, memory);
        memory.revision = release.version;
        memory.drifted.clear();
        Ok(())
    }

    /// The chart, which must still be the one that was planned.
    async fn chart(&self, plan: &Settings, object: &Value) -> Result<Chart, Failure> {
        let charts::Wanted::Known(reference) = charts::wanted(object, &self.path, self.mirror)?
        else {
            return Err(self.undecided("chart").into());
        };
        let chart = charts::find(&reference, &self.path).await?.chart;
        let digest = charts::digest(&chart);
        if plan.chart_digest.as_ref().is_some_and(|planned| *planned != digest) {
            return Err(Diagnostic::error(
                format!("the chart {:?} has changed", reference.chart),
                "It is not the one that was planned: its content has changed since. Plan again.",
            )
            .at(self.path.field("chart"))
            .into());
        }
        Ok(chart)
    }

    /// What the chart is told of the cluster: what it was planned with, or else what the cluster
    /// says now.
    async fn told(
        &self,
        object: &Value,
        memory: &mut ReleaseMemory,
        chart: &Chart,
    ) -> Result<travel_helm::Capabilities, Failure> {
        let mut capabilities = observing::capabilities(self.connected).await?;
        let before = planning::told(object, Some(memory));
        let version = match &before {
            Some(before) => Some(before.kube_version.clone()),
            None => object.get("kube_version").as_str().map(str::to_owned),
        };
        if let Some(version) = version {
            capabilities.kube_version = planning::kube_version(&version, &self.path)?;
        }
        match before.and_then(|before| before.api_versions) {
            Some(known) => capabilities.api_versions = known,
            None => {
                for version in planning::declared_api_versions(object) {
                    if !capabilities.api_versions.contains(&version) {
                        capabilities.api_versions.push(version);
                    }
                }
            }
        }
        memory.kube_version.clone_from(&capabilities.kube_version.version);
        memory.api_versions =
            charts::asks_for_capabilities(chart).then(|| capabilities.api_versions.clone());
        Ok(capabilities)
    }

    /// The definitions that come with the chart, where it is not known from the plan which.
    async fn definitions(
        &self,
        plan: &Settings,
        target: &Target<'_>,
        wanted: &Wanted<'_>,
    ) -> Result<Vec<String>, Failure> {
        if plan.documents.is_some() || plan.skip_crds {
            return Ok(Vec::new());
        }
        let rendering = lifecycle::render_for(target, wanted, false).await;
        let rendering = rendering.map_err(|error| self.failed(&error))?;
        let files = rendering.custom_resource_definitions().into_iter();
        Ok(files.map(|(_, file)| String::from_utf8_lossy(&file.data).into_owned()).collect())
    }

    /// What is to be told of a release that stands.
    fn deployed(
        &self,
        plan: &Settings,
        release: &Release,
        definitions: &[String],
        key: &SecretKey,
        values: &TreeMap,
    ) -> Result<Settings, Failure> {
        let definitions = definitions.iter().map(String::as_str);
        let namespace = self.identity.namespace;
        let objects = documents::applied(&release.manifest, definitions, namespace);
        let objects = objects.map_err(|error| {
            let reasons = travel_kube::error::chain(&error);
            Diagnostic::error("what was applied is not readable", format!("{reasons}."))
        })?;
        let secrets = plan.secrets();
        let actual: Documents = objects
            .iter()
            .map(|object| (object.key().to_string(), documents::fields(object, key, &secrets)))
            .collect::<BTreeMap<_, _>>();
        Ok(Settings {
            documents: Some(documents::as_planned(plan.documents.as_ref(), actual)),
            values_digest: Some(planning::code(key, values)),
            revision: i64::try_from(release.version).ok(),
            release_status: Some(release.info.status.as_str().to_owned()),
            first_deployed: release.info.first_deployed.clone(),
            last_deployed: release.info.last_deployed.clone(),
            ..plan.clone()
        })
    }

    /// Refuses a release that is there and not ours, unless the state has it: then it was brought
    /// in, and this claims it.
    fn refuse_foreign(&self, history: &[Release], state: &Settings) -> Result<(), Failure> {
        let Some(last) = history.last().filter(|last| last.info.status != Status::Uninstalled)
        else {
            return Ok(());
        };
        let mark = ownership::mark(last, self.claim);
        let is_ours = mark.as_ref().is_some_and(|mark| self.claim.owns(mark));
        if is_ours || state.revision.is_some() {
            return Ok(());
        }
        let name = format!("{}/{}", self.identity.namespace, self.identity.name);
        Err(self.claim.refusal(&name, mark.as_ref()).at(self.path.clone()).into())
    }

    /// Marks what an apply of ours left on its way as this apply's: nobody else is at work on it,
    /// since a deployment has one writer at a time.
    async fn claim_pending(&self, history: &[Release]) -> Result<(), Failure> {
        for release in history {
            let status = release.info.status;
            let is_on_its_way = status.is_pending() || status == Status::Uninstalling;
            let mark = ownership::mark(release, self.claim);
            let is_ours = mark.as_ref().is_some_and(|mark| self.claim.owns(mark));
            if is_on_its_way && is_ours {
                let marked = ownership::claim_record(&self.connected.cluster, release, self.claim);
                marked.await.map_err(|error| failure::of_call(&error))?;
            }
        }
        Ok(())
    }

    /// Removes the release, with everything of it. That there is none is no error; one that is
    /// somebody else's by now is left alone. Gives what is to be told.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn remove(&self, settings: &Settings) -> Result<Vec<Diagnostic>, Failure> {
        let history = self.history().await?;
        let Some(last) = history.last() else { return Ok(Vec::new()) };
        let Identity { name, namespace } = self.identity;
        if let Some(mark) = ownership::mark(last, self.claim)
            && !self.claim.owns(&mark)
        {
            let Mark { resource, deployment, .. } = mark;
            return Ok(vec![Diagnostic::warning(
                format!("the release {namespace}/{name} was not removed"),
                format!("{resource} of deployment {deployment:?} has adopted it since."),
            )]);
        }
        let progress = |step: &str| tracing::info!("release {name}: {step}");
        let target = self.target(&self.connected.cluster, &progress);
        let drains = settings.drain_kinds();
        let removal = Removal { drains: &drains, ..Removal::default() };
        let uninstalled = lifecycle::uninstall(&target, &removal).await;
        let uninstalled = uninstalled.map_err(|error| self.failed(&error))?;
        let kept = uninstalled.kept.iter().map(|(document, reason)| {
            Diagnostic::warning(
                format!("{document} stays"),
                format!("The release {namespace}/{name} is removed, but not {document}: {reason}."),
            )
        });
        Ok(kept.collect())
    }

    fn target<'t>(
        &'t self,
        cluster: &'t Cluster,
        progress: &'t (dyn Fn(&str) + Send + Sync),
    ) -> Target<'t> {
        Target {
            cluster,
            namespace: self.identity.namespace,
            name: self.identity.name,
            timeout: self
                .deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_secs(1)),
            cancel: self.cancel,
            progress,
        }
    }

    fn failed(&self, error: &LifecycleError) -> Failure {
        failure::of_release(error, &self.path)
    }

    fn undecided(&self, name: &str) -> Diagnostic {
        Diagnostic::error(
            format!("{name} is not known"),
            "It should be by now. Report this: it is a mistake of the provider.",
        )
        .at(self.path.field(name))
    }
}
