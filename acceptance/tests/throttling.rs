//! A service that takes only so many calls a second: a plan learns how many, and keeps to it.

use travel_acceptance::load;
use travel_acceptance::sandbox::{self, Options, Sandbox};
use travel_acceptance::terraform::{Core, Workspace};

const PARAMETERS: usize = 150;
const CALLS_PER_SECOND: f64 = 20.0;
/// The calls that are under way when the first is throttled: as many as terraform works at side by side, each with
/// one retry that may meet the same.
const LEARNING: usize = 2 * 10;
/// Of the others, this share may be throttled at most.
const SHARE: f64 = 0.02;

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_learns_how_much_a_service_takes() {
    if sandbox::left_out() {
        return;
    }
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let workspace = Workspace::new(Core::installed()[0], sandbox.environment()).unwrap();
    workspace.write("main.tf", &load::parameters(PARAMETERS)).unwrap();
    workspace.init().await.unwrap();
    workspace.apply(&[]).await.unwrap();
    let plan = load::plan_limited(&sandbox, &workspace, Some(CALLS_PER_SECOND)).await.unwrap();
    println!("{plan:?}");
    assert!(plan.throttled > 0, "the limit was never met: {plan:?}");
    let later = plan.throttled.saturating_sub(LEARNING);
    #[expect(clippy::cast_precision_loss, reason = "there are hundreds")]
    let most = plan.calls as f64 * SHARE;
    #[expect(clippy::cast_precision_loss, reason = "there are hundreds")]
    let later = later as f64;
    assert!(later <= most, "{plan:?}");
}
