//! AWS Config, as botocore sees it.

use travel_acceptance::sandbox::settings::Settings;

use crate::{own, run, run_script};

#[test]
fn botocore_understands_config() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let management = sandbox.connection().management_account.clone();
        run_script(&sandbox, &management, "config_operations.py", &[("ACCOUNT", &management)])
            .await;
    });
}
