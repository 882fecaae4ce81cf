//! Network Firewall, as botocore sees it.

use travel_acceptance::sandbox::settings::Settings;

use crate::{own, run, run_script};

#[test]
fn botocore_understands_network_firewall() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let account = sandbox.connection().management_account.clone();
        run_script(&sandbox, &account, "network_firewall_operations.py", &[]).await;
    });
}
