//! The program that tells what another one takes.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use travel_acceptance::bench::{Meter, Run};

async fn run(script: &str) -> Run {
    let meter = Meter::new(env!("CARGO_BIN_EXE_travel-meter"));
    let environment = [("FOLDER", Path::new("/proc/self"))];
    meter.run(Path::new("sh"), ["-c", script], environment).await.unwrap()
}

#[tokio::test]
async fn it_tells_how_a_program_ended() {
    assert!(run("test \"$FOLDER\" = /proc/self; echo printed; echo said >&2").await.succeeded);
    assert!(!run("exit 3").await.succeeded);
    let meter = Meter::new(env!("CARGO_BIN_EXE_travel-meter"));
    let missing = meter.run(Path::new("/no/such/program"), ["x"], []).await.unwrap_err();
    assert!(missing.to_string().contains("/no/such/program"), "{missing}");
}

#[tokio::test]
async fn it_tells_what_a_program_held() {
    const HELD: u64 = 64 << 20;
    let small = run("exit 0").await;
    let large = run(&format!("text=$(head -c {HELD} /dev/zero | tr '\\0' x); : \"$text\"")).await;
    assert!(large.peak_bytes >= HELD, "{large:?}");
    assert!(small.peak_bytes > 0 && small.peak_bytes < HELD, "{small:?}");
}
