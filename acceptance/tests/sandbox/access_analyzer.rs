//! IAM Access Analyzer, as botocore sees it.

use travel_acceptance::sandbox::settings::Settings;

use crate::{own, run, run_script};

#[test]
fn botocore_understands_access_analyzer() {
    run(async {
        let sandbox = own(Settings::default()).await;
        let management = sandbox.connection().management_account.clone();
        run_script(&sandbox, &management, "access_analyzer_operations.py", &[]).await;
    });
}
