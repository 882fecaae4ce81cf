//! The defects of the provider that the harness has found and that are not mended yet. What shows
//! them is left out until then; a line goes with its defect.

use super::Check;

/// Something that a resource does not keep.
#[derive(Clone, Copy, Debug)]
pub struct Defect {
    /// The resource's type.
    pub type_name: &'static str,
    /// The check that shows it.
    pub check: Check,
    /// What is left out of the check: attributes that an import changes, values that must not be
    /// unknown, or steps that are only applied; all of it where nothing is named.
    pub places: &'static [&'static str],
    /// What is wrong.
    pub what: &'static str,
}

/// All of them.
pub const DEFECTS: &[Defect] = &[Defect {
    type_name: "travel_dr_snapshot_policy",
    check: Check::Import,
    places: &["account"],
    what: "`backup.account` is the account's name after an import, also where the \
               configuration has its id; the plan is empty, and the name stays in the state",
}];

/// Whether a check of a resource is left out.
pub fn is_left_out(type_name: &str, check: Check) -> bool {
    find(type_name, check).any(|defect| defect.places.is_empty())
}

/// Whether a place is left out of a check of a resource.
pub(super) fn is_known(type_name: &str, check: Check, place: &str) -> bool {
    find(type_name, check).any(|defect| defect.places.contains(&place))
}

fn find(type_name: &str, check: Check) -> impl Iterator<Item = &'static Defect> {
    DEFECTS.iter().filter(move |it| it.type_name == type_name && it.check == check)
}
