//! One cluster's way from wish to Kubernetes: its door, its control plane once somebody knocks, and what EKS keeps
//! inside it.

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use anyhow::Context;
use async_trait::async_trait;
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use super::state::Key;
use super::{Inner, volumes};
use crate::sandbox::fakes::control_plane::authority::Authority;
use crate::sandbox::fakes::control_plane::client::path_of;
use crate::sandbox::fakes::control_plane::proxy::{self, House};
use crate::sandbox::fakes::control_plane::{Blueprint, ControlPlane};
use crate::sandbox::gate::Gate;
use crate::sandbox::world::World;

/// How many objects are applied at once.
const CONCURRENT: usize = 8;

/// Between the end of a watch and the next.
const PAUSE: Duration = Duration::from_millis(200);

/// What is followed inside a cluster.
#[derive(Clone, Copy, Debug)]
enum Subject {
    Namespaces,
    Claims,
    Volumes,
}

/// The Kubernetes side of one cluster.
pub struct Runtime {
    /// What tells it from other clusters of the same name: the last part of its issuer.
    pub incarnation: String,
    /// Its authority, which signs both its door and its API server.
    pub authority: Authority,
    /// Its door's address.
    pub endpoint: String,
    key: Key,
    plane: OnceCell<Arc<ControlPlane>>,
    /// What EKS has applied, by path, with its digest.
    applied: tokio::sync::Mutex<BTreeMap<String, u64>>,
    tasks: Mutex<JoinSet<()>>,
}

impl Runtime {
    /// A cluster's door, open, with nothing behind it yet.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn open(
        key: &Key,
        incarnation: String,
        eks: &Arc<Inner>,
        world: &Arc<World>,
    ) -> anyhow::Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("failed to find a free port for a cluster")?;
        let endpoint = format!("https://127.0.0.1:{}", listener.local_addr()?.port());
        let authority = Authority::new("kubernetes")?;
        let tls = authority.server_tls(&authority.server(&["127.0.0.1", "localhost"])?)?;
        let runtime = Arc::new(Self {
            incarnation,
            authority,
            endpoint,
            key: key.clone(),
            plane: OnceCell::new(),
            applied: tokio::sync::Mutex::default(),
            tasks: Mutex::default(),
        });
        let house = Arc::new(Resident {
            runtime: Arc::downgrade(&runtime),
            eks: Arc::downgrade(eks),
            world: Arc::downgrade(world),
            key: key.clone(),
        });
        runtime
            .tasks()
            .spawn(async move { match proxy::serve(listener, Arc::new(tls), house).await {} });
        Ok(runtime)
    }

    /// The control plane, if it runs.
    pub fn running(&self) -> Option<&Arc<ControlPlane>> {
        self.plane.get()
    }

    /// The control plane, started where it does not run yet.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn plane(
        self: &Arc<Self>,
        eks: &Arc<Inner>,
        world: &Arc<World>,
    ) -> anyhow::Result<&Arc<ControlPlane>> {
        let start = || async {
            let began = Instant::now();
            let blueprint = self.blueprint(eks, world).await?;
            let plane = ControlPlane::start(&world.children, blueprint, &self.authority).await?;
            if let Err(error) = self.apply(&plane, eks).await {
                plane.end(&world.children);
                return Err(error);
            }
            let seconds = began.elapsed().as_secs_f64();
            tracing::info!("the control plane of {} started in {seconds:.1} s", self.key.name);
            Ok(Arc::new(plane))
        };
        let fresh = self.plane.get().is_none();
        let plane = self.plane.get_or_try_init(start).await?;
        if fresh {
            self.follow(eks, world);
        }
        Ok(plane)
    }

    async fn blueprint(&self, eks: &Inner, world: &World) -> anyhow::Result<Blueprint> {
        let mut state = eks.state.lock().await;
        let cluster = state.cluster(&self.key)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let name = format!("cluster-{}-{}", self.key.name, &self.incarnation[..6].to_lowercase());
        Ok(Blueprint {
            folder: world.folder.join("clusters").join(&name),
            name,
            tools: world.tools.clone(),
            version: cluster.version().to_owned(),
            issuer: text(&cluster.shape["identity"]["oidc"]["issuer"]),
            service_range: text(&cluster.shape["kubernetesNetworkConfig"]["serviceIpv4Cidr"]),
            address: cluster.address.parse().context("a cluster has no address in its network")?,
            token_review_url: eks.token_review_url(world, &self.incarnation),
        })
    }

    /// Brings what EKS keeps in the cluster to what is wished, where the control plane runs.
    ///
    /// # Errors
    /// When the API server refuses something.
    pub async fn sync(&self, eks: &Inner) -> anyhow::Result<()> {
        match self.running() {
            Some(plane) => self.apply(plane, eks).await,
            None => Ok(()),
        }
    }

    /// Applies what is new or changed since the last time, and deletes what is not wished any more.
    async fn apply(&self, plane: &ControlPlane, eks: &Inner) -> anyhow::Result<()> {
        // The wishes are taken under the lock, so that older ones never follow newer ones.
        let mut applied = self.applied.lock().await;
        let client = plane.administrator();
        let wishes = eks.wishes(&self.key, client).await?;
        let wished: BTreeMap<String, (u64, Value)> = wishes
            .into_iter()
            .map(|object| (path_of(&object), (digest(&object), object)))
            .collect();
        let gone: Vec<String> =
            applied.keys().filter(|path| !wished.contains_key(*path)).cloned().collect();
        for path in gone {
            client.delete(&path).await?;
            applied.remove(&path);
        }
        let changed: Vec<(String, u64, Value)> = wished
            .into_iter()
            .filter(|(path, (digest, _))| applied.get(path) != Some(digest))
            .map(|(path, (digest, object))| (path, digest, object))
            .collect();
        let done: Vec<(String, u64)> = stream::iter(changed)
            .map(|(path, digest, object)| async move {
                client.apply(&object).await?;
                anyhow::Ok((path, digest))
            })
            .buffer_unordered(CONCURRENT)
            .try_collect()
            .await?;
        applied.extend(done);
        Ok(())
    }

    /// Follows what happens inside the cluster: access policies that hold in namespaces of some names must hold in
    /// those that come later, and claims want their volumes.
    fn follow(self: &Arc<Self>, eks: &Arc<Inner>, world: &Arc<World>) {
        let mut tasks = self.tasks();
        for subject in [Subject::Namespaces, Subject::Claims, Subject::Volumes] {
            let (runtime, eks) = (Arc::downgrade(self), Arc::downgrade(eks));
            let world = Arc::downgrade(world);
            tasks.spawn(async move {
                loop {
                    let (Some(runtime), Some(eks), Some(world)) =
                        (runtime.upgrade(), eks.upgrade(), world.upgrade())
                    else {
                        return;
                    };
                    if let Err(error) = runtime.follow_once(subject, &eks, &world).await {
                        tracing::info!("following {subject:?} of a cluster ended: {error:#}");
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            });
        }
    }

    async fn follow_once(
        &self,
        subject: Subject,
        eks: &Inner,
        world: &Arc<World>,
    ) -> anyhow::Result<()> {
        let Some(plane) = self.running() else { return Ok(()) };
        match subject {
            Subject::Namespaces => {
                let mut events =
                    plane.administrator().watch("/api/v1/namespaces?watch=true").await?;
                while let Some(event) = events.next().await {
                    if event["type"] == "ADDED" {
                        self.sync(eks).await?;
                    }
                }
                Ok(())
            }
            Subject::Claims => volumes::follow_claims(plane, &self.key, world).await,
            Subject::Volumes => volumes::follow_volumes(plane, &self.key, world).await,
        }
    }

    /// A kubeconfig of the administrator, `None` before the control plane runs.
    pub fn kubeconfig(&self) -> Option<PathBuf> {
        self.running().map(|plane| plane.kubeconfig().clone())
    }

    /// Closes the door and ends the control plane.
    pub fn close(&self, world: &World) {
        self.tasks().abort_all();
        if let Some(plane) = self.plane.get() {
            plane.end(&world.children);
        }
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(object: &Value) -> u64 {
    let mut hasher = DefaultHasher::new();
    object.to_string().hash(&mut hasher);
    hasher.finish()
}

/// What a cluster's door leads to.
struct Resident {
    runtime: Weak<Runtime>,
    eks: Weak<Inner>,
    world: Weak<World>,
    key: Key,
}

#[async_trait]
impl House for Resident {
    fn place(&self) -> (String, String) {
        (self.key.account.clone(), self.key.region.clone())
    }

    fn gate(&self) -> Option<Arc<Gate>> {
        self.world.upgrade().map(|world| Arc::clone(&world.gate))
    }

    async fn control_plane(&self) -> Result<Arc<ControlPlane>, String> {
        let gone = || "the cluster is gone".to_owned();
        let runtime = self.runtime.upgrade().ok_or_else(gone)?;
        let eks = self.eks.upgrade().ok_or_else(gone)?;
        let world = self.world.upgrade().ok_or_else(gone)?;
        // Of its own, so that a start goes on when the caller that asked for it has gone.
        let started = tokio::spawn(async move {
            runtime.plane(&eks, &world).await.map(Arc::clone).map_err(|error| format!("{error:#}"))
        });
        started.await.map_err(|error| error.to_string())?
    }
}
