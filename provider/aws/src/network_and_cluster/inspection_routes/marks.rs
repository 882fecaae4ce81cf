//! Whose the routes are: routes have no tags, and the tables they stand in are a network's, whose own
//! mark they carry. So the tables carry a second mark beside it.

use travel_framework::ownership::{Claim, Mark};

use crate::tags::Tags;

/// What the tags of the second mark begin with.
const INSPECTION: &str = "travel:inspection";
const DEPLOYMENT: &str = "travel:inspection-deployment";
const RESOURCE: &str = "travel:inspection-resource";
const GENERATION: &str = "travel:inspection-generation";
/// What stands on a table that only has routes back: several firewalls may share it.
const SHARED: &str = "return";

/// Whether some inspection leads routes of the table that has these tags.
pub fn are_inspected(tags: &Tags) -> bool {
    tags.keys().any(|key| key.starts_with(INSPECTION))
}

/// The mark of an inspection.
pub fn of(claim: &Claim) -> Tags {
    let pairs = [
        (DEPLOYMENT, &claim.deployment),
        (RESOURCE, &claim.resource),
        (GENERATION, &claim.generation),
    ];
    pairs.map(|(key, value)| (key.to_owned(), value.clone())).into()
}

/// The keys of the mark.
pub fn keys() -> Vec<String> {
    [DEPLOYMENT, RESOURCE, GENERATION].map(str::to_owned).into()
}

/// The mark among a table's tags; none where it has no (whole) mark.
pub fn read(tags: &Tags) -> Option<Mark> {
    Some(Mark {
        deployment: tags.get(DEPLOYMENT)?.clone(),
        resource: tags.get(RESOURCE)?.clone(),
        generation: tags.get(GENERATION)?.clone(),
    })
}

/// The key of the tag on tables that have routes back to what the inspection of this name inspects.
pub fn passage(name: &str) -> String {
    format!("{INSPECTION}:{name}")
}

/// The tag of that key.
pub fn of_passage(name: &str) -> Tags {
    [(passage(name), SHARED.to_owned())].into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let claim = Claim {
            deployment: "dev/firewall".to_owned(),
            previous_deployments: Vec::new(),
            resource: "travel_inspection_routes/vpc-1/egress".to_owned(),
            generation: "1".to_owned(),
        };
        let mut tags = of(&claim);
        assert!(claim.owns(&read(&tags).unwrap()));
        assert!(are_inspected(&tags) && are_inspected(&of_passage("egress")));
        assert_eq!(tags.keys().cloned().collect::<Vec<_>>().len(), keys().len());
        tags.remove(GENERATION);
        assert_eq!(read(&tags), None);
        assert!(!are_inspected(&Tags::from([("travel:part".to_owned(), "vpc".to_owned())])));
    }
}
