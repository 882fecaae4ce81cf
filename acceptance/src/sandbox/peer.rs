//! The process at the other end of a connection, found by its socket once per connection.

use std::collections::HashSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::process::Process;
use super::socket_table;

/// Processes that were found before: most connections come from one of them.
static SEEN: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// One end of a connection.
#[derive(Clone, Debug)]
pub struct Peer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    remote: SocketAddr,
    local: SocketAddr,
    process: OnceCell<Option<Process>>,
    gone: CancellationToken,
}

impl Peer {
    /// The peer of an accepted connection.
    pub fn new(remote: SocketAddr, local: SocketAddr) -> Self {
        let gone = CancellationToken::new();
        Self(Arc::new(Inner { remote, local, process: OnceCell::new(), gone }))
    }

    /// The sandbox itself, for calls it makes of its own.
    pub fn own() -> Self {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let process = OnceCell::new_with(Some(Process::current()));
        let gone = CancellationToken::new();
        Self(Arc::new(Inner { remote: nowhere, local: nowhere, process, gone }))
    }

    /// The process, looked up at the first call. `None` where it cannot be known: it has already closed the
    /// connection, belongs to somebody else, or this is no Linux.
    pub async fn process(&self) -> Option<Process> {
        let (remote, local) = (self.0.remote, self.0.local);
        let find = || async move {
            tokio::task::spawn_blocking(move || find(remote, local)).await.unwrap_or_default()
        };
        self.0.process.get_or_init(find).await.clone()
    }

    /// The process, where it has been looked up already.
    pub fn known_process(&self) -> Option<Process> {
        self.0.process.get().cloned().flatten()
    }

    /// Ends when the connection has.
    pub fn gone(&self) -> &CancellationToken {
        &self.0.gone
    }
}

/// The process that owns the socket `remote` to `local` of this machine.
fn find(remote: SocketAddr, local: SocketAddr) -> Option<Process> {
    let inode = socket_table::inode(remote, local)?;
    let link = format!("socket:[{inode}]");
    let seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut tried = HashSet::new();
    let mut candidates = seen.into_iter().chain(all_processes());
    let pid = candidates.find(|pid| tried.insert(*pid) && holds(*pid, &link))?;
    let process = Process::of(pid)?;
    let mut seen = SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    seen.retain(|other| *other != pid);
    seen.insert(0, pid);
    seen.truncate(32);
    Some(process)
}

/// The newest processes first: a caller has mostly started after the machine's own services.
fn all_processes() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mut pids: Vec<i32> =
        entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable_by(|one, other| other.cmp(one));
    pids
}

fn holds(pid: i32, link: &str) -> bool {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    entries
        .flatten()
        .any(|entry| fs::read_link(entry.path()).is_ok_and(|target| target.as_os_str() == link))
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    #[tokio::test]
    async fn finds_the_process_behind_a_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let local = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(local), listener.accept());
        let (_client, (_server, remote)) = (client.unwrap(), accepted.unwrap());
        let peer = Peer::new(remote, local);
        assert_eq!(peer.known_process(), None);
        assert_eq!(peer.process().await, Process::current());
        assert_eq!(peer.known_process(), Process::current());
    }
}
