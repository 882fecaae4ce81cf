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
use travel_kube::{Cluster, Document};
use travel_value::{Path, Value};

use super::charts::{self, Charts};
use super::memory::ReleaseMemory;
use super::values::{self, Values};
use super::{Identity, Seen, Settings, failure, observing, ownership, planning, repository};
use crate::documents::{self, Documents};
use crate::platform::Connected;
use crate::secrets::{SecretKey, Secrets};

/// Work on one release.
pub struct Work<'a> {
    /// The cluster.
    pub connected: &'a Connected,
    /// What names the release there.
    pub identity: Identity<'a>,
    /// Where it stands in the configuration.
    pub path: Path,
    /// Where charts come from.
    pub charts: &'a Charts,
    /// The password of the chart's repository.
    pub password: Option<&'a str>,
    /// On whose behalf.
    pub claim: &'a Claim,
    /// When the time is up.
    pub deadline: Instant,
    /// Ends when the work is to stop.
    pub cancel: &'a CancellationToken,
}

impl Work<'_> {
    /// The revisions of the release that say how it stands, oldest first.
    ///
    /// # Errors
    /// Where the cluster cannot be asked.
    pub async fn history(&self) -> Result<Vec<Release>, Failure> {
        let progress = |_: &str| {};
        let target = self.target(&self.connected.cluster, &progress);
        lifecycle::current(&target).await.map_err(|error| self.failed(&error))
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
        self.compare(&self.history().await?, settings, memory, key).await
    }

    /// As [`Work::observe`], where the revisions are known.
    ///
    /// # Errors
    /// Where the cluster cannot be asked.
    pub async fn compare(
        &self,
        history: &[Release],
        settings: &mut Settings,
        memory: &mut ReleaseMemory,
        key: &SecretKey,
    ) -> Result<bool, Failure> {
        observing::observe(self.connected, self.identity, history, settings, memory, key).await
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
        let secrets = plan.secrets();
        let made = self.make(plan, state, memory, key, &secrets).await;
        if let Err(failure) = made {
            // What is there now tells more than what was to be there.
            let mut found = state.clone();
            match self.observe(&mut found, memory, key).await {
                Ok(true) => *state = found,
                Ok(false) => state.seen = Seen::default(),
                Err(error) => {
                    let error = secrets.hidden_from_failure(error).into_diagnostic();
                    tracing::warn!("cannot tell how the release stands: {error}");
                }
            }
            return Err(secrets.hidden_from_failure(failure));
        }
        Ok(())
    }

    async fn make(
        &self,
        plan: &Settings,
        state: &mut Settings,
        memory: &mut ReleaseMemory,
        key: &SecretKey,
        secrets: &Secrets,
    ) -> Result<(), Failure> {
        let password = self.password.map_or(Value::Null, Value::from);
        let object = repository::with_password(&<Settings as Model>::to_value(plan), password);
        let chart = self.chart(plan, &object).await?;
        let Values::Given(values) = values::merged(&object, &self.path)? else {
            return Err(Failure::from(self.undecided("values_yaml")));
        };
        self.refuse_foreign(&self.history().await?, state)?;
        let told = self.told(&object, memory, &chart).await?;
        let progress = |step: &str| self.say(secrets, step);
        let target = self.target(&self.connected.cluster, &progress);
        // A deployment has one writer at a time, so nobody is at work on what one of its applies began.
        let is_left_behind = |release: &Release| {
            ownership::mark(release, self.claim).is_some_and(|mark| self.claim.owns(&mark))
        };
        let wanted = Wanted {
            labels: ownership::labels(self.claim),
            is_left_behind: &is_left_behind,
            create_namespace: plan.create_namespace,
            definitions: if plan.skip_crds { Definitions::Skip } else { Definitions::Upgrade },
            capabilities: Some(told.clone()),
            conduct: Conduct {
                wait: plan.readiness.wait,
                rules: plan.readiness.rules(),
                force_conflicts: plan.force_conflicts,
                history_limit: plan.history_limit,
                rollback_on_failure: plan.rollback_on_failure,
                ..Conduct::default()
            },
            ..Wanted::new(&chart, &values)
        };
        // A plan that knows the documents knows these, too.
        let definitions = match plan.seen.documents.is_some() || plan.skip_crds {
            true => Vec::new(),
            false => lifecycle::definitions(&chart, Some(&values), self.identity.namespace)
                .map_err(|obstacle| failure::of_definitions(&obstacle, &self.path))?,
        };
        let deployed = lifecycle::install_or_upgrade(&target, &wanted).await;
        let release = deployed.map_err(|error| self.failed(&error))?;
        *state = self.deployed(plan, &release, definitions, key, &values)?;
        let digest = charts::digest(&chart);
        memory.inputs = planning::inputs(key, &object, self.identity, &digest, &values, memory);
        memory.revision = release.version;
        memory.drifted.clear();
        Ok(())
    }

    /// The chart, which must still be the one that was planned.
    async fn chart(&self, plan: &Settings, object: &Value) -> Result<Chart, Failure> {
        let charts::Wanted::Known(reference) = charts::wanted(object, &self.path, self.charts)?
        else {
            return Err(self.undecided("chart").into());
        };
        let chart = self.charts.find(&reference, &self.path).await?.chart;
        let digest = charts::digest(&chart);
        if plan.seen.chart_digest.as_ref().is_some_and(|planned| *planned != digest) {
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
            None => capabilities.add(planning::declared_api_versions(object)),
        }
        memory.kube_version.clone_from(&capabilities.kube_version.version);
        memory.api_versions =
            charts::asks_for_capabilities(chart).then(|| capabilities.api_versions.clone());
        Ok(capabilities)
    }

    /// What is to be told of a release that stands.
    fn deployed(
        &self,
        plan: &Settings,
        release: &Release,
        definitions: Vec<Document>,
        key: &SecretKey,
        values: &TreeMap,
    ) -> Result<Settings, Failure> {
        let objects = super::documents::recorded(&release.manifest, self.identity.namespace);
        let objects = objects.map_err(|error| {
            let reasons = travel_kube::error::chain(&error);
            Diagnostic::error("what was applied is not readable", format!("{reasons}."))
        })?;
        let secrets = plan.secrets();
        let actual: Documents = definitions
            .iter()
            .chain(&objects)
            .map(|object| (object.key().to_string(), documents::fields(object, key, &secrets)))
            .collect::<BTreeMap<_, _>>();
        let seen = Seen {
            documents: Some(documents::as_planned(plan.seen.documents.as_ref(), actual)),
            values_digest: Some(planning::code(key, values)),
            revision: i64::try_from(release.version).ok(),
            release_status: Some(release.info.status.as_str().to_owned()),
            first_deployed: release.info.first_deployed.clone(),
            last_deployed: release.info.last_deployed.clone(),
            ..plan.seen.clone()
        };
        Ok(Settings { seen, ..plan.clone() })
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
        if is_ours || state.seen.revision.is_some() {
            return Ok(());
        }
        let name = format!("{}/{}", self.identity.namespace, self.identity.name);
        Err(self.claim.refusal(&name, mark.as_ref()).at(self.path.clone()).into())
    }

    /// Removes the release, with everything of it. That there is none is no error; one that is
    /// somebody else's by now is left alone. Gives what is to be told.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn remove(&self, settings: &Settings) -> Result<Vec<Diagnostic>, Failure> {
        let secrets = settings.secrets();
        let removed = self.take_down(settings, &secrets).await;
        removed.map_err(|failure| secrets.hidden_from_failure(failure))
    }

    async fn take_down(
        &self,
        settings: &Settings,
        secrets: &Secrets,
    ) -> Result<Vec<Diagnostic>, Failure> {
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
        let progress = |step: &str| self.say(secrets, step);
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
        let mut told: Vec<Diagnostic> = kept.collect();
        if !uninstalled.definitions.is_empty() {
            let names: Vec<&str> =
                uninstalled.definitions.iter().map(|key| key.name.as_str()).collect();
            told.push(Diagnostic::warning(
                format!("the definitions of the chart of {namespace}/{name} stay"),
                format!(
                    "All objects of their kinds would go with them, also those of others. If \
                     nothing needs them, delete them: kubectl delete crd {}.",
                    names.join(" ")
                ),
            ));
        }
        Ok(told)
    }

    /// Tells of a step. The cluster and the chart's hooks may quote what they were given.
    fn say(&self, secrets: &Secrets, step: &str) {
        tracing::info!("release {}: {}", self.identity.name, secrets.hidden_in(step));
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
