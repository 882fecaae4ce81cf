//! A place with an index.yaml: a folder, or a web server's.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;

use super::SourceError;
use super::access::Access;
use super::address::{is_address, without_credentials};
use super::web::Site;

/// A place with an index.yaml.
pub(super) enum Mirror {
    Folder(PathBuf),
    Web(Box<Site>),
}

impl Mirror {
    pub(super) fn of(text: &str, access: &Access) -> Result<Self, SourceError> {
        if is_address(text) {
            return Ok(Mirror::Web(Box::new(Site::parse(text, access)?)));
        }
        let folder = PathBuf::from(text.strip_prefix("file://").unwrap_or(text));
        if !folder.is_dir() {
            return Err(SourceError::Mirror(text.to_owned()));
        }
        Ok(Mirror::Folder(folder))
    }

    /// Whether a file is on another machine.
    pub(super) fn is_far(&self, name: &str) -> bool {
        matches!(self, Mirror::Web(_)) || is_address(name)
    }

    /// Where the mirror has a file, for people.
    pub(super) fn place(&self, name: &str) -> String {
        match self {
            _ if is_address(name) => without_credentials(name),
            Mirror::Folder(folder) => folder.join(name).display().to_string(),
            Mirror::Web(site) => site.place(name),
        }
    }

    /// Reads a file by its path in the mirror, or by an address of its own.
    pub(super) async fn read(&self, name: &str, limit: usize) -> Result<Bytes, SourceError> {
        match self {
            Mirror::Web(site) => Ok(site.get(name, limit).await?),
            Mirror::Folder(_) if is_address(name) => {
                Ok(Site::parse(name, &Access::default())?.get(name, limit).await?)
            }
            Mirror::Folder(folder) => {
                let (path, place) = (folder.join(name), self.place(name));
                let inside = Path::new(name)
                    .components()
                    .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
                if !inside {
                    let (mirror, chart) = (self.to_string(), name.to_owned());
                    return Err(SourceError::Outside { mirror, chart: chart.clone(), url: chart });
                }
                let data = tokio::fs::read(path).await;
                let data =
                    data.map_err(|source| SourceError::Read { path: place.clone(), source })?;
                if data.len() > limit {
                    return Err(SourceError::TooLarge { place, limit });
                }
                Ok(data.into())
            }
        }
    }
}

impl fmt::Display for Mirror {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mirror::Folder(folder) => write!(out, "{}", folder.display()),
            Mirror::Web(site) => write!(out, "{}", site.place("")),
        }
    }
}
