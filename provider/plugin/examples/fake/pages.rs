//! A provider of the framework's pages over a world in memory: a disk that can be listed, moved and
//! upgraded, a lease that must be renewed, and an action that takes its time.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use travel_framework::action::{Action, Progress};
use travel_framework::ephemeral::{Ephemeral, Open};
use travel_framework::list::{Finder, Listable};
use travel_framework::ownership::Mark;
use travel_framework::platform::Platform;
use travel_framework::resource::{Found, Resource};
use travel_framework::timeouts::Lifecycle;
use travel_framework::value::Value;
use travel_framework::{Call, Diagnostic, Diagnostics, Failure, Model, Plan, Provider};

/// Everything that the tests need.
pub fn provider() -> Provider {
    let world = Arc::new(World);
    Provider::new("A provider of pages.")
        .platform(&world)
        .resource::<Disk>(&world)
        .list::<Disk>(&world)
        .ephemeral_resource::<Lease>(&world)
        .action::<Flush>(&world)
}

struct World;

/// Nothing.
#[derive(Clone, Debug, Default, Model)]
struct WorldConfig {
    /// Where the world is.
    #[model(optional)]
    place: Option<String>,
}

#[async_trait]
impl Platform for World {
    type Config = WorldConfig;
    type Scope = ();

    fn validate(&self, _: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    fn configure(&self, _: &Value, _: &str) -> Diagnostics {
        Diagnostics::new()
    }

    fn plan(&self, _: &mut Plan<'_>) {}

    async fn scope(&self, object: &Value) -> Result<(), Diagnostic> {
        match object.get("name").as_str() {
            Some("unreachable") => Err(Diagnostic::error("out of reach", "Log in again.")),
            _ => Ok(()),
        }
    }

    fn place(&self, (): &(), _: &mut Value) {}
}

/// A disk. Those that exist are disk-1 to disk-200, of which every tenth cannot be read.
///
/// Version 0 of its state had its size in bytes, as `bytes`.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "fake_disk",
    id = "id",
    proof = tags,
    refresh = "1",
    identity("name"),
    moves("others/storage storage_volume.volume_name")
)]
struct Disk {
    /// Name.
    #[model(required, replace)]
    name: String,
    /// Size in gibibytes.
    #[model(optional, default = 1)]
    size: i64,
    /// Passphrase.
    #[model(optional, sensitive, write_only)]
    passphrase: Option<String>,
    /// How many seconds to wait for it. Only the provider reads it.
    #[model(optional, config_only, default = 30)]
    patience: i64,
    /// Id.
    #[model(computed)]
    id: Option<String>,
    /// Kept by the framework.
    #[model(flatten)]
    lifecycle: Lifecycle,
}

const DISKS: u32 = 200;
const GIBIBYTE: i64 = 1 << 30;

impl Disk {
    fn number(name: &str) -> Option<u32> {
        name.strip_prefix("disk-")?.parse().ok().filter(|number| (1..=DISKS).contains(number))
    }
}

#[async_trait]
impl Resource for Disk {
    type Platform = World;

    const VERSION: i64 = 1;

    fn upgrade(
        version: i64,
        mut state: serde_json::Value,
    ) -> Result<serde_json::Value, Diagnostic> {
        if version != 0 {
            return Err(Diagnostic::error(format!("no way from version {version}"), ""));
        }
        let bytes = state["bytes"].as_i64().ok_or_else(|| {
            Diagnostic::error("failed to upgrade the disk", "Its state has no number of bytes.")
        })?;
        state["size"] = (bytes / GIBIBYTE).into();
        Ok(state)
    }

    async fn read(_: &Call<World>, state: &Self) -> Result<Option<Self>, Failure> {
        let Some(number) = Self::number(&state.name) else { return Ok(None) };
        if number % 10 == 0 {
            return Err(Diagnostic::error("disk on fire", "Put it out.").into());
        }
        let id = Some(format!("id-{number}"));
        Ok(Some(Self { size: i64::from(number), id, ..state.clone() }))
    }

    async fn find(_: &Call<World>, _: &Self) -> Result<Vec<Found<Self>>, Failure> {
        Ok(Vec::new())
    }

    async fn create(_: &Call<World>, _: &Self, state: &mut Self) -> Result<(), Failure> {
        state.id = Some("id-0".to_owned());
        Ok(())
    }

    async fn update(
        _: &Call<World>,
        _: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        *state = Self { id: state.id.clone(), ..plan.clone() };
        Ok(())
    }

    async fn delete(_: &Call<World>, _: &Self) -> Result<(), Failure> {
        Ok(())
    }

    async fn mark(_: &Call<World>, _: &Self) -> Result<Option<Mark>, Failure> {
        Ok(None)
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        Ok(Self { name: id.to_owned(), size: 1, ..Self::default() })
    }
}

/// Which disks.
#[derive(Clone, Debug, Default, Model)]
struct DiskQuery {
    /// How many disks to list before the list fails.
    #[model(optional)]
    breaks_after: Option<u32>,
    /// The place, which the provider may say.
    #[model(optional, computed)]
    place: Option<String>,
}

#[async_trait]
impl Listable for Disk {
    type Query = DiskQuery;

    async fn list(_: &Call<World>, query: &DiskQuery, found: &Finder) -> Result<(), Failure> {
        for number in 1..=DISKS {
            if query.breaks_after == Some(number - 1) {
                return Err(Diagnostic::error("no more pages", "The world has ended.").into());
            }
            found.tell(format!("disk-{number}"), format!("Disk {number}")).await;
        }
        Ok(())
    }
}

/// A lease, which is renewed twice and then is over.
#[derive(Clone, Debug, Default, Model)]
struct Lease {
    /// What is leased; `unreachable` is not, and `broken` cannot be ended.
    #[model(required)]
    name: String,
    /// The key to it.
    #[model(computed, sensitive)]
    key: Option<String>,
    /// Its number.
    #[model(computed)]
    number: Option<i64>,
}

#[async_trait]
impl Ephemeral for Lease {
    type Platform = World;

    const TYPE_NAME: &'static str = "fake_lease";

    async fn open(&mut self, call: &Call<World>) -> Result<Option<SystemTime>, Failure> {
        self.key = Some("sesame".to_owned());
        self.number = Some(7);
        let mut memory = call.remembered();
        memory.insert("left".to_owned(), 2.into());
        call.remember(memory);
        Ok(Some(SystemTime::UNIX_EPOCH + Duration::from_millis(1_800_000_000_500)))
    }

    async fn renew(&self, open: &Open<'_, Self>) -> Result<Option<SystemTime>, Failure> {
        let mut memory = open.remembered();
        let left = memory["left"].as_i64().unwrap_or_default();
        if left == 0 {
            return Err(Diagnostic::error("the lease is over", "Take another.").into());
        }
        memory.insert("left".to_owned(), (left - 1).into());
        open.remember(memory);
        // What was opened comes again without its secret.
        open.warn(Diagnostic::warning(
            format!("{} {:?} {:?}", self.name, self.number, self.key),
            "",
        ));
        Ok(Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_900_000_000)))
    }

    async fn close(&self, open: &Open<'_, Self>) -> Result<(), Failure> {
        open.call().await?;
        match self.name.as_str() {
            "broken" => Err(Diagnostic::error("the lock is stuck", "Call somebody.").into()),
            _ => Ok(()),
        }
    }
}

/// Flushes a disk.
#[derive(Clone, Debug, Default, Model)]
struct Flush {
    /// The disk; that named `endless` is never done.
    #[model(required, length(1, 20))]
    name: String,
    /// How many steps it takes.
    #[model(optional, default = 2, range(1, 10))]
    steps: i64,
}

#[async_trait]
impl Action for Flush {
    type Platform = World;

    const TYPE_NAME: &'static str = "fake_flush";
    const TIMEOUT: Duration = Duration::from_secs(60);

    async fn invoke(&self, call: &Call<World>, progress: &Progress) -> Result<(), Failure> {
        for step in 1..=self.steps.min(10) {
            progress.tell(format!("{} step {step} of {}", self.name, self.steps));
        }
        if self.name == "endless" {
            call.cancel.cancelled().await;
            return Err(Failure::Interrupted);
        }
        call.warn(Diagnostic::warning("it was dirty", ""));
        Ok(())
    }
}
