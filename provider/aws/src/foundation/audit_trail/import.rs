//! What an import id of a trail means.

use travel_framework::Diagnostic;

use super::{AuditTrail, planning};
use crate::partition::{Arn, is_region};

/// The state that a read can start from, by the id given to an import.
pub fn import(id: &str) -> Result<AuditTrail, Diagnostic> {
    let mut state = AuditTrail::default();
    if let Some(arn) = Arn::parse(id) {
        let name = arn.resource.strip_prefix("trail/").filter(|_| arn.service == "cloudtrail");
        name.ok_or_else(|| not_an_id(id))?.clone_into(&mut state.name);
        state.placement.region = Some(arn.region);
        state.placement.account_id = Some(arn.account_id);
        state.arn = Some(id.to_owned());
    } else if let Some((region, name)) = id.split_once('/').filter(|(first, _)| is_region(first)) {
        state.placement.region = Some(region.to_owned());
        name.clone_into(&mut state.name);
    } else {
        id.clone_into(&mut state.name);
    }
    match planning::fault_of_name(&state.name) {
        None => Ok(state),
        Some(_) => Err(not_an_id(id)),
    }
}

fn not_an_id(id: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{id:?} names no trail"),
        "A trail is imported by its name in the provider's region, REGION/NAME, or its ARN, as in \
         arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit. A delegated administrator imports a trail \
         of the organization by its name: the ARN is that of the management account.",
    )
}
