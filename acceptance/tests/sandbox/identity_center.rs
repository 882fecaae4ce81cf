//! Identity Center and its identity store, as botocore sees them.

use travel_acceptance::sandbox::settings::Settings;

use crate::{own, run, run_script};

#[test]
fn botocore_understands_identity_center() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let management = sandbox.connection().management_account.clone();
        run_script(&sandbox, &management, "identity_center_operations.py", &[]).await;
    });
}
