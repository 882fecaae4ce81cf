//! Policies of the organization and contacts of its accounts, as their APIs show them.

use travel_acceptance::sandbox::settings::Settings;

use crate::{own, run, run_script};

#[test]
fn botocore_understands_policies_and_contacts() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let management = sandbox.connection().management_account.clone();
        run_script(&sandbox, &management, "organization_operations.py", &[]).await;
    });
}
