//! A folder that keeps what was fetched under its digest. Several processes may use it at once: what is there is whole,
//! and what is read is checked, so that nobody has to be trusted.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::digest::Digest;

/// What the cache holds at most, in bytes: then what was not used for longest goes first.
const LARGEST: u64 = 1 << 30;
/// What was not used for this long goes.
const UNUSED_FOR: Duration = Duration::from_secs(60 * 24 * 60 * 60);
/// What is half-written for this long was left behind by a process that ended.
const HALF_WRITTEN_FOR: Duration = Duration::from_secs(24 * 60 * 60);
/// How the name of a file begins that is being written.
const HALF_WRITTEN: &str = ".new-";

/// Where archives of charts are kept between runs, under their digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    folder: PathBuf,
    largest: u64,
}

impl Cache {
    /// A cache in a folder, which is made once there is something to keep.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Cache { folder, largest: LARGEST }
    }

    /// The folder for caches of the user who runs this, as the XDG base directory specification or macOS has it; none
    /// where there is no home.
    #[must_use]
    pub fn user_folder() -> Option<PathBuf> {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let is_usable = |folder: &PathBuf| folder.is_absolute();
        folder("XDG_CACHE_HOME").filter(is_usable).or_else(|| {
            let home = folder("HOME").filter(is_usable)?;
            Some(home.join(if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }))
        })
    }

    /// What is kept under a digest. What does not have it is removed. Blocks.
    pub(super) fn get(&self, digest: &Digest, limit: usize) -> Option<Bytes> {
        let path = self.path(digest);
        let file = File::open(&path).ok()?;
        let mut data = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most).read_to_end(&mut data).ok()?;
        if data.len() > limit || !digest.is_of(&data) {
            tracing::warn!("{} is damaged, and is fetched anew", path.display());
            self.remove(&path);
            return None;
        }
        // That it was used now is only a hint for what to remove first.
        if let Ok(file) = File::options().append(true).open(&path)
            && let Err(error) = file.set_modified(SystemTime::now())
        {
            tracing::debug!("cannot note that {} is in use: {error}", path.display());
        }
        Some(data.into())
    }

    /// Keeps content under its digest. Where that fails, it is fetched again the next time. Blocks.
    pub(super) fn put(&self, digest: &Digest, data: &[u8]) {
        if let Err(error) = self.write(digest, data) {
            tracing::warn!("cannot keep a chart in {}: {error}", self.folder.display());
        }
        if let Err(error) = self.tidy(SystemTime::now()) {
            tracing::debug!("cannot tidy {}: {error}", self.folder.display());
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        let (algorithm, digits) = digest.parts();
        self.folder.join(algorithm).join(digits)
    }

    fn write(&self, digest: &Digest, data: &[u8]) -> std::io::Result<()> {
        let path = self.path(digest);
        let folder = path.parent().unwrap_or(&self.folder);
        make_folder(folder)?;
        let unique = uuid::Uuid::new_v4().simple();
        let written = folder.join(format!("{HALF_WRITTEN}{unique}"));
        let outcome = write_whole(&written, data).and_then(|()| fs::rename(&written, &path));
        if outcome.is_err() {
            self.remove(&written);
        }
        outcome?;
        // The name lasts only once the folder is written, too.
        File::open(folder)?.sync_all()
    }

    /// Removes what nobody has used for long, and as much as there is too much.
    fn tidy(&self, now: SystemTime) -> std::io::Result<()> {
        let mut kept = Vec::new();
        for algorithm in fs::read_dir(&self.folder)? {
            let algorithm = algorithm?;
            if !algorithm.file_type()?.is_dir() {
                continue;
            }
            for entry in fs::read_dir(algorithm.path())? {
                let entry = entry?;
                // Another process may have removed it.
                let Ok(details) = entry.metadata() else { continue };
                let used = details.modified()?;
                let unused_for = now.duration_since(used).unwrap_or_default();
                let name = entry.file_name();
                let is_half_written = name.to_string_lossy().starts_with(HALF_WRITTEN);
                let lasts = if is_half_written { HALF_WRITTEN_FOR } else { UNUSED_FOR };
                if unused_for > lasts {
                    self.remove(&entry.path());
                } else if !is_half_written {
                    kept.push((used, details.len(), entry.path()));
                }
            }
        }
        kept.sort();
        let mut total: u64 = kept.iter().map(|(_, length, _)| length).sum();
        for (_, length, path) in kept {
            if total <= self.largest {
                break;
            }
            self.remove(&path);
            total -= length;
        }
        Ok(())
    }

    fn remove(&self, path: &Path) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                tracing::warn!("cannot remove {}: {error}", path.display());
            }
            _ => {}
        }
    }
}

/// Makes a folder for nobody else: charts may be private.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write_whole(path: &Path, data: &[u8]) -> std::io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(data)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &Path) -> usize {
        fs::read_dir(folder.join("sha256")).map_or(0, Iterator::count)
    }

    #[test]
    fn what_is_kept_is_whole_or_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path().join("charts"));
        let digest = Digest::of(b"abc");
        assert_eq!(cache.get(&digest, 10), None);
        cache.put(&digest, b"abc");
        assert_eq!(cache.get(&digest, 10).as_deref(), Some(b"abc".as_slice()));
        assert_eq!(files(&folder.path().join("charts")), 1);
        // Damaged, it is gone; the next to fetch it replaces it.
        for damaged in ["ab", "abd", "a much longer text"] {
            fs::write(cache.path(&digest), damaged).unwrap();
            assert_eq!(cache.get(&digest, 10), None, "{damaged}");
            assert!(!cache.path(&digest).exists(), "{damaged}");
        }
        cache.put(&digest, b"abc");
        assert_eq!(cache.get(&digest, 10).as_deref(), Some(b"abc".as_slice()));
    }

    #[test]
    fn many_write_and_read_the_same_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = vec![7; 100_000];
        let digest = Digest::of(&data);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let cache = Cache::at(folder.path().to_owned());
                    for _ in 0..20 {
                        cache.put(&digest, &data);
                        // Never half of it.
                        assert!(cache.get(&digest, data.len()).is_some());
                    }
                });
            }
        });
        assert_eq!(files(folder.path()), 1);
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache { folder: folder.path().to_owned(), largest: 250 };
        let now = SystemTime::now();
        let digests: Vec<Digest> = (0..4_u8)
            .map(|number| {
                let data = [number; 100];
                let digest = Digest::of(&data);
                cache.write(&digest, &data).unwrap();
                let used = now - Duration::from_secs(1000 - u64::from(number));
                File::options()
                    .append(true)
                    .open(cache.path(&digest))
                    .and_then(|file| file.set_modified(used))
                    .unwrap();
                digest
            })
            .collect();
        fs::write(folder.path().join("sha256/.new-1"), "half").unwrap();
        cache.tidy(now).unwrap();
        let left: Vec<bool> = digests.iter().map(|it| cache.get(it, 100).is_some()).collect();
        assert_eq!(left, [false, false, true, true]);
        // Who is writing now is left alone; what nobody uses goes.
        assert_eq!(files(folder.path()), 3);
        cache.tidy(now + UNUSED_FOR * 2).unwrap();
        assert_eq!(files(folder.path()), 0);
    }

    #[test]
    fn a_folder_that_cannot_be_written_costs_only_the_keeping() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let cache = Cache::at(file);
        cache.put(&Digest::of(b"abc"), b"abc");
        assert_eq!(cache.get(&Digest::of(b"abc"), 10), None);
    }
}
