//! The role that Config looks at everything with.

use travel_framework::Failure;

use super::ConfigRecorder;
use super::planning::OWN_ROLE;
use crate::consistency::Call;
use crate::error::{Reply, is_code, message};

/// What the service calls itself.
const PRINCIPAL: &str = "config.amazonaws.com";

/// The role of a recorder: the one that is planned, else the service's own, which is made where it is not
/// there yet.
///
/// # Errors
/// Where the role cannot be made.
pub async fn of(call: &Call, plan: &ConfigRecorder) -> Result<String, Failure> {
    let own = call.scope.partition().iam_arn(call.scope.account_id(), OWN_ROLE);
    match &plan.role_arn {
        Some(role) if *role != own => return Ok(role.clone()),
        _ => {}
    }
    let request = call.scope.iam().create_service_linked_role().aws_service_name(PRINCIPAL);
    match request.send().await {
        // It is there already.
        Err(error) if is_code(&error, &["InvalidInput"]) && message(&error).contains("taken") => {}
        answer => drop(answer.at(&call.scope)?),
    }
    Ok(own)
}
