//! CloudTrail's trails, as botocore sees them, with buckets, keys, topics and roles of the emulators.

use crate::{run, run_script, shared};

#[test]
fn botocore_understands_cloudtrail() {
    run(async {
        let sandbox = shared().await;
        let management = sandbox.connection().management_account.clone();
        run_script(sandbox, &management, "cloudtrail_operations.py", &[]).await;
    });
}
