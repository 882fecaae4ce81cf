//! The part of a plan that follows from the schema alone.
use crate::schema::Block;
use std::collections::BTreeSet;
use travel_value::{Path, Value};

/// What the schema alone says of a change.
pub struct Outcome {
    /// The planned state.
    pub planned: Value,
    /// The attributes whose change needs another object.
    pub replace: BTreeSet<Path>,
}

/// Plans by the schema.
pub fn plan_by_schema(
    _block: &Block,
    _prior: &Value,
    proposed: &Value,
    _config: &Value,
) -> Outcome {
    Outcome { planned: proposed.clone(), replace: BTreeSet::new() }
}
