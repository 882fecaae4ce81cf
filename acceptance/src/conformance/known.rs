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
pub const DEFECTS: &[Defect] = &[
    Defect {
        type_name: "travel_dr_snapshot_policy",
        check: Check::Import,
        places: &["account"],
        what: "`backup.account` is the account's name after an import, also where the \
               configuration has its id; the plan is empty, and the name stays in the state",
    },
    Defect {
        type_name: "travel_eks_platform",
        check: Check::Crash,
        places: &["08-upgrade.tf"],
        what: "killed between the control plane's upgrade and that of the add-ons, the next plan is \
               refused: it looks for the add-ons' old versions among those of the new one",
    },
    Defect {
        type_name: "travel_helm_release",
        check: Check::Import,
        places: &["chart_digest"],
        what: "`chart_digest` stays null after an import, also once the chart is set again",
    },
    Defect {
        type_name: "travel_helm_stack",
        check: Check::Import,
        places: &["chart_digest", "revision", "last_deployed"],
        what: "as of a release; and the apply after an import writes a new revision of releases with \
               `skip_crds`, though nothing of them changes",
    },
    Defect {
        type_name: "travel_kms_key",
        check: Check::Budget,
        places: &["03-alias-and-replicas.tf", "04-replace.tf"],
        what: "a replica in its deletion window costs a refresh two calls that `5 + 4 * replicas` \
               does not count",
    },
];

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
