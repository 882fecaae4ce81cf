//! A sandbox in the background, and what is left of it when it ends in any way.

use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::process::Command;
use travel_acceptance::sandbox::children::remembered;
use travel_acceptance::sandbox::handle::Handle;
use travel_acceptance::sandbox::process::Process;

use super::run;

const LONGEST: Duration = Duration::from_secs(20);

/// The folder of a sandbox, which is taken down at the end of a test that fails, too.
struct Place {
    root: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    fn folder(&self) -> PathBuf {
        self.root.path().join("sandbox")
    }

    /// Runs `travel-sandbox`; whether it succeeded, and what it printed.
    async fn command(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_travel-sandbox"))
            .args(arguments)
            .arg("--folder")
            .arg(self.folder())
            .output()
            .await
            .unwrap();
        let printed = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
    }

    async fn up(&self) -> Handle {
        let (succeeded, printed) = self.command(&["up"]).await;
        assert!(succeeded, "{printed}");
        assert!(printed.contains("export AWS_ENDPOINT_URL='http://127.0.0.1:"), "{printed}");
        Handle::attach(&self.folder()).unwrap().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut down = std::process::Command::new(env!("CARGO_BIN_EXE_travel-sandbox"));
        down.arg("down").arg("--folder").arg(self.folder());
        drop(down.output());
    }
}

async fn wait_until_nothing_is_left(folder: &Path, processes: &[Process]) {
    assert!(processes.len() >= 3, "the janitor and two emulators: {processes:?}");
    for process in processes {
        process.wait_until_gone(LONGEST).await.unwrap();
    }
    let gone = async {
        let mut ticks = tokio::time::interval(Duration::from_millis(20));
        while folder.exists() {
            ticks.tick().await;
        }
    };
    tokio::time::timeout(LONGEST, gone).await.unwrap();
}

#[test]
fn it_comes_up_and_goes_down() {
    run(async {
        let place = Place::new();
        let (succeeded, printed) = place.command(&["status"]).await;
        assert!(!succeeded && printed.contains("not up"), "{printed}");
        let running = place.up().await;
        let client = running.client().with_user_agent("x deployment/dev%2Fone");
        client.query("sts", "GetCallerIdentity", &[]).await.unwrap();
        let (succeeded, printed) = place.command(&["status"]).await;
        assert!(succeeded && printed.contains("localstack  ready"), "{printed}");
        let (_, printed) = place.command(&["calls"]).await;
        assert!(printed.contains("1 dev/one"), "{printed}");
        let (_, printed) = place.command(&["env"]).await;
        assert!(printed.contains("export AWS_ACCESS_KEY_ID='AKIA"), "{printed}");
        let (succeeded, printed) = place.command(&["up"]).await;
        assert!(succeeded && printed.contains("already up"), "{printed}");
        let processes = remembered(&place.folder());
        let (succeeded, printed) = place.command(&["down"]).await;
        assert!(succeeded, "{printed}");
        wait_until_nothing_is_left(&place.folder(), &processes).await;
        let (succeeded, printed) = place.command(&["down"]).await;
        assert!(succeeded && printed.contains("not up"), "{printed}");
    });
}

#[test]
fn nothing_is_left_when_it_is_killed() {
    run(async {
        let place = Place::new();
        let running = place.up().await;
        let processes = remembered(&place.folder());
        assert!(running.connection().process.signal(Signal::SIGKILL));
        wait_until_nothing_is_left(&place.folder(), &processes).await;
        let (succeeded, printed) = place.command(&["status"]).await;
        assert!(!succeeded && printed.contains("not up"), "{printed}");
    });
}

#[test]
fn what_a_killed_janitor_leaves_goes_with_the_next_command() {
    run(async {
        let place = Place::new();
        let running = place.up().await;
        let processes = remembered(&place.folder());
        assert!(processes[0].signal(Signal::SIGKILL), "the janitor is the first");
        assert!(running.connection().process.signal(Signal::SIGKILL));
        running.connection().process.wait_until_gone(LONGEST).await.unwrap();
        assert!(processes[1].is_alive() && place.folder().exists());
        let (succeeded, printed) = place.command(&["down"]).await;
        assert!(succeeded && printed.contains("a crashed sandbox had left"), "{printed}");
        wait_until_nothing_is_left(&place.folder(), &processes).await;
    });
}

#[test]
fn a_folder_of_somebody_else_is_refused() {
    run(async {
        let place = Place::new();
        std::fs::create_dir(place.folder()).unwrap();
        let precious = place.folder().join("precious");
        std::fs::write(&precious, "x").unwrap();
        let (succeeded, printed) = place.command(&["up"]).await;
        assert!(!succeeded && printed.contains("is not empty"), "{printed}");
        let (succeeded, _) = place.command(&["down"]).await;
        assert!(succeeded && precious.exists());
    });
}
