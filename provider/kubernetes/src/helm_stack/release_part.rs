//! One release of a stack as a part of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use travel_framework::Failure;
use travel_framework::parts::{Observed, Ordered, Part};

use super::{Call, StackRelease, path_of};
use crate::platform::Connected;
use crate::release::changing::Work;
use crate::release::memory::Memory;
use crate::release::{Identity, Seen};
use crate::secrets::SecretKey;

/// How many releases are looked at side by side.
const CONCURRENCY: usize = 8;

/// What the parts of a stack share.
pub struct Shared<'a> {
    call: &'a Call,
    connected: &'a Connected,
    key: SecretKey,
    known: Mutex<Known>,
}

/// What is known of the releases, as they are and as they are remembered.
struct Known {
    releases: BTreeMap<String, StackRelease>,
    memory: Memory,
}

/// One release.
pub struct ReleasePart {
    /// The label of its block.
    label: String,
    /// What it is to be, or, where it is to go, what it is.
    block: StackRelease,
    /// The password of its chart's repository.
    password: Option<String>,
}

impl ReleasePart {
    /// The release of a block as a part, with the parts that it comes after.
    pub fn ordered<'a>(
        label: &str,
        block: &StackRelease,
        password: Option<&String>,
    ) -> Ordered<Shared<'a>> {
        let after = block.after.iter().flatten().map(|label| name(label)).collect();
        let password = password.cloned();
        (Box::new(Self { label: label.to_owned(), block: block.clone(), password }), after)
    }
}

impl<'a> Shared<'a> {
    /// What the parts of an operation share, whose releases are these to begin with, and of which
    /// this is remembered.
    pub fn new(
        call: &'a Call,
        connected: &'a Connected,
        releases: &BTreeMap<String, StackRelease>,
        mut memory: Memory,
    ) -> Self {
        let key = memory.own_secret_key();
        let known = Mutex::new(Known { releases: releases.clone(), memory });
        Self { call, connected, key, known }
    }

    /// The releases as they are in the end, and what is remembered of them.
    pub fn into_parts(self) -> (BTreeMap<String, StackRelease>, Memory) {
        let Known { releases, memory } =
            self.known.into_inner().unwrap_or_else(PoisonError::into_inner);
        (releases, memory)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Work on a release of a stack.
pub fn work<'a>(
    call: &'a Call,
    connected: &'a Connected,
    label: &'a str,
    block: &'a StackRelease,
) -> Work<'a> {
    Work {
        connected,
        identity: Identity { name: block.name(label), namespace: &block.settings.namespace },
        path: path_of(label),
        charts: &call.scope.charts,
        password: None,
        claim: &call.claim,
        deadline: call.deadline,
        cancel: &call.cancel,
    }
}

/// Those of the releases that are there, as they are.
///
/// # Errors
/// Where the cluster cannot be asked.
pub async fn observe(
    call: &Call,
    connected: &Connected,
    releases: &BTreeMap<String, StackRelease>,
    memory: &mut Memory,
) -> Result<BTreeMap<String, StackRelease>, Failure> {
    let key = memory.own_secret_key();
    let looks: Vec<_> = releases
        .iter()
        .map(|(label, block)| {
            let mut remembered = memory.releases.get(label).cloned().unwrap_or_default();
            let (mut found, key) = (block.clone(), &key);
            async move {
                let work = work(call, connected, label, block);
                let is_there = work.observe(&mut found.settings, &mut remembered, key).await?;
                Ok::<_, Failure>(is_there.then(|| (label.clone(), found, remembered)))
            }
        })
        .collect();
    let looks = futures::stream::iter(looks).buffer_unordered(CONCURRENCY);
    let looks: Vec<Result<_, Failure>> = looks.collect().await;
    let mut seen = BTreeMap::new();
    memory.releases.clear();
    for look in looks {
        if let Some((label, found, remembered)) = look? {
            memory.releases.insert(label.clone(), remembered);
            seen.insert(label, found);
        }
    }
    Ok(seen)
}

fn name(label: &str) -> String {
    format!("release {label}")
}

#[async_trait]
impl<'a> Part<Shared<'a>> for ReleasePart {
    fn name(&self) -> String {
        name(&self.label)
    }

    fn observe(&self, shared: &Shared<'a>) -> Observed {
        let known = shared.known();
        match known.releases.get(&self.label) {
            None => Observed::Absent,
            Some(is) if is.settings.is_as(&self.block.settings) => Observed::AsPlanned,
            Some(_) => Observed::Different,
        }
    }

    async fn ensure(&self, shared: &Shared<'a>) -> Result<(), Failure> {
        let (is, mut remembered) = {
            let mut known = shared.known();
            (known.releases.get(&self.label).cloned(), known.memory.release(&self.label).clone())
        };
        let mut settings = match is {
            Some(is) => is.settings,
            None => {
                let mut settings = self.block.settings.clone();
                settings.seen = Seen::default();
                settings
            }
        };
        let work = Work {
            password: self.password.as_deref(),
            ..work(shared.call, shared.connected, &self.label, &self.block)
        };
        let planned = &self.block.settings;
        let deployed = work.deploy(planned, &mut settings, &mut remembered, &shared.key).await;
        let mut known = shared.known();
        let is_there = settings.seen.revision.is_some();
        if is_there {
            let block = StackRelease { settings, ..self.block.clone() };
            known.releases.insert(self.label.clone(), block);
            known.memory.releases.insert(self.label.clone(), remembered);
        } else {
            known.releases.remove(&self.label);
            known.memory.releases.remove(&self.label);
        }
        deployed
    }

    async fn remove(&self, shared: &Shared<'a>) -> Result<(), Failure> {
        let work = work(shared.call, shared.connected, &self.label, &self.block);
        let told = work.remove(&self.block.settings).await?;
        told.into_iter().for_each(|warning| shared.call.warn(warning));
        let mut known = shared.known();
        known.releases.remove(&self.label);
        known.memory.releases.remove(&self.label);
        Ok(())
    }
}
