//! GuardDuty, as botocore sees it.

use travel_acceptance::sandbox::settings::Settings;

use crate::{own, run, run_script};

#[test]
fn botocore_understands_guardduty() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let management = sandbox.connection().management_account.clone();
        run_script(&sandbox, &management, "guardduty_operations.py", &[]).await;
    });
}
