//! The Unix socket that the plugin listens on: where it is, who may use it, and its removal.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use nix::unistd::Group;
use tempfile::TempPath;

/// A bound socket. Its file goes when this is dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: TempPath,
}

/// Why there is no socket to listen on.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The socket could not be made.
    #[error("failed to make a socket in {}", folder.display())]
    Bind {
        /// Where it was to be.
        folder: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The group that is to use the socket does not exist.
    #[error("failed to find the group {0:?}, which PLUGIN_UNIX_SOCKET_GROUP names")]
    NoSuchGroup(String),
    /// The socket could not be given to its users.
    #[error("failed to set who may use the socket {}", path.display())]
    Permissions {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The socket's path cannot be told to the caller.
    #[error("failed to tell the caller the path {}: it has other characters than text", .0.display())]
    Path(PathBuf),
}

impl Listener {
    /// Binds a socket of a new name in a folder, else in the system's folder for temporary files.
    /// Only this user may connect, and the group if one is named.
    ///
    /// # Errors
    /// When the folder cannot be written, its path is too long for a socket, or the group is not
    /// known or not this user's.
    pub fn bind(folder: Option<&Path>, group: Option<&str>) -> Result<Self, ListenError> {
        let folder = folder.map_or_else(std::env::temp_dir, Path::to_path_buf);
        let (socket, path) = tempfile::Builder::new()
            .prefix("plugin")
            .make_in(&folder, |path| UnixListener::bind(path))
            .and_then(|file| {
                file.as_file().set_nonblocking(true)?;
                Ok(file.into_parts())
            })
            .map_err(|source| ListenError::Bind { folder, source })?;
        let denied = |source| ListenError::Permissions { path: path.to_path_buf(), source };
        let mode = match group {
            Some(group) => {
                chown(&path, None, Some(group_id(group)?)).map_err(denied)?;
                0o660
            }
            None => 0o600,
        };
        fs::set_permissions(&path, Permissions::from_mode(mode)).map_err(denied)?;
        if path.to_str().is_none_or(|path| path.contains(['|', '\n'])) {
            return Err(ListenError::Path(path.to_path_buf()));
        }
        Ok(Self { socket, path })
    }

    /// The socket's path, without a character that would break the handshake line.
    pub fn path(&self) -> &str {
        self.path.to_str().unwrap_or_default()
    }

    /// The socket in the hands of the current runtime, and the file to remove at the end.
    ///
    /// # Errors
    /// When the runtime cannot watch the socket.
    pub fn into_async(self) -> io::Result<(tokio::net::UnixListener, TempPath)> {
        Ok((tokio::net::UnixListener::from_std(self.socket)?, self.path))
    }
}

fn group_id(group: &str) -> Result<u32, ListenError> {
    if let Ok(number) = group.parse() {
        return Ok(number);
    }
    match Group::from_name(group) {
        Ok(Some(group)) => Ok(group.gid.as_raw()),
        Ok(None) | Err(_) => Err(ListenError::NoSuchGroup(group.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn only_its_users_may_use_the_socket_and_it_goes_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let own_group = fs::metadata(folder.path()).unwrap().gid();
        let name = Group::from_gid(own_group.into()).unwrap().map(|group| group.name);
        let groups = [None, Some(own_group.to_string()), name];
        for (position, group) in groups.iter().enumerate() {
            let listener = Listener::bind(Some(folder.path()), group.as_deref()).unwrap();
            let path = PathBuf::from(listener.path());
            let metadata = fs::metadata(&path).unwrap();
            let mode = if group.is_none() { 0o600 } else { 0o660 };
            assert_eq!(metadata.mode() & 0o777, mode, "{position}");
            assert_eq!(metadata.gid(), own_group);
            drop(listener);
            assert!(!path.exists());
        }
    }

    #[test]
    fn says_why_there_is_no_socket() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("x".repeat(120));
        fs::create_dir(&long).unwrap();
        let bar = folder.path().join("a|b");
        fs::create_dir(&bar).unwrap();
        for (folder, group, message) in [
            (folder.path().join("none"), None, "failed to make a socket in "),
            (long, None, "failed to make a socket in "),
            (bar, None, "failed to tell the caller the path "),
            (folder.path().to_path_buf(), Some("no-such-group"), "failed to find the group "),
        ] {
            let error = Listener::bind(Some(&folder), group).unwrap_err().to_string();
            assert!(error.starts_with(message), "{error}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "sockets are left");
    }
}
