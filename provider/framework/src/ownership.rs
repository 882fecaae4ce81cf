//! Who owns an object in the cloud: the mark every create leaves, and what it proves.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::diagnostic::Diagnostic;

/// The tag that names the deployment (the unit) that owns an object.
pub const DEPLOYMENT_TAG: &str = "travel:deployment";
/// The tag that names the resource, as type/name.
pub const RESOURCE_TAG: &str = "travel:resource";
/// The tag that is fresh for every create and every adoption.
pub const GENERATION_TAG: &str = "travel:generation";

/// How long the value of a tag can be, in most services.
const LONGEST_VALUE: usize = 256;

/// What a mark calls a resource, type/name: the end of what is too long for a tag is a digest of
/// all of it.
pub fn resource_value(key: String) -> String {
    if key.chars().count() <= LONGEST_VALUE {
        return key;
    }
    let digest: String =
        Sha256::digest(&key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let kept: String = key.chars().take(LONGEST_VALUE - 1 - digest.len()).collect();
    format!("{kept}:{digest}")
}

/// What stands on an object in the cloud.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The deployment that made or adopted it.
    pub deployment: String,
    /// The resource it is, as type/name.
    pub resource: String,
    /// Which create or adoption of that resource it is.
    pub generation: String,
}

impl Mark {
    /// The mark among an object's tags; none where it has no (whole) mark.
    pub fn from_tags<'a>(tags: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        let tags: BTreeMap<&str, &str> = tags.into_iter().collect();
        Some(Self {
            deployment: (*tags.get(DEPLOYMENT_TAG)?).to_owned(),
            resource: (*tags.get(RESOURCE_TAG)?).to_owned(),
            generation: (*tags.get(GENERATION_TAG)?).to_owned(),
        })
    }

    /// Whether this tag belongs to a mark rather than to the person.
    pub fn is_tag(name: &str) -> bool {
        name.starts_with("travel:")
    }
}

/// The mark that an apply leaves on everything it makes, and by which it knows its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The deployment, from the provider's configuration.
    pub deployment: String,
    /// Names the deployment had before, whose objects are still its own.
    pub previous_deployments: Vec<String>,
    /// The resource, as type/name.
    pub resource: String,
    /// The generation of this create, adoption, or of the object under update.
    pub generation: String,
}

impl Claim {
    /// A generation that no object has had before.
    pub fn fresh_generation() -> String {
        format!("{:032x}", rand::random::<u128>())
    }

    /// The tags that make the mark.
    pub fn tags(&self) -> [(String, String); 3] {
        [
            (DEPLOYMENT_TAG.to_owned(), self.deployment.clone()),
            (RESOURCE_TAG.to_owned(), self.resource.clone()),
            (GENERATION_TAG.to_owned(), self.generation.clone()),
        ]
    }

    /// Whether a mark is this deployment's mark on this resource, of whatever generation.
    pub fn owns(&self, mark: &Mark) -> bool {
        mark.resource == self.resource
            && (mark.deployment == self.deployment
                || self.previous_deployments.contains(&mark.deployment))
    }

    /// The error for an object that stands in the way and is somebody else's, or nobody's.
    pub fn refusal(&self, object: &str, mark: Option<&Mark>) -> Diagnostic {
        let (type_name, _) = self.resource.split_once('/').unwrap_or((&self.resource, ""));
        let remedy = format!(
            "To manage it here, bring it in with an import block (to = {type_name}.NAME, id = \
             {object:?}); otherwise choose another name.",
        );
        taken(object, mark, &remedy)
    }
}

/// The error for something that exists already and is somebody else's, or nobody's. `remedy` is a
/// sentence on what to do about it.
pub fn taken(object: &str, mark: Option<&Mark>, remedy: &str) -> Diagnostic {
    let owner = match mark {
        Some(mark) => {
            format!("it belongs to {} of deployment {:?}", mark.resource, mark.deployment)
        }
        None => "nothing marks it as made by travel".to_owned(),
    };
    Diagnostic::error(
        format!("{object} exists already"),
        format!("{object} exists already, and {owner}. {remedy}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_for_a_tag_ends_in_a_digest() {
        let key = |length: usize| format!("travel_parameter/{}", "n".repeat(length - 17));
        assert_eq!(resource_value(key(256)), key(256));
        let (one, other) = (resource_value(key(257)), resource_value(key(258)));
        assert_eq!((one.len(), other.len()), (256, 256));
        assert_ne!(one, other);
        assert_eq!(one, resource_value(key(257)));
    }

    fn claim() -> Claim {
        Claim {
            deployment: "dev/network".into(),
            previous_deployments: vec!["dev/old".into()],
            resource: "travel_network/main".into(),
            generation: "1".into(),
        }
    }

    #[test]
    fn knows_its_own_by_deployment_and_resource() {
        for (deployment, resource, own) in [
            ("dev/network", "travel_network/main", true),
            ("dev/old", "travel_network/main", true),
            ("prod/network", "travel_network/main", false),
            ("dev/network", "travel_network/other", false),
        ] {
            let tags =
                [(DEPLOYMENT_TAG, deployment), (RESOURCE_TAG, resource), (GENERATION_TAG, "7")];
            let mark = Mark::from_tags(tags).unwrap();
            assert_eq!(claim().owns(&mark), own, "{deployment} {resource}");
        }
    }

    #[test]
    fn half_a_mark_is_none() {
        assert_eq!(Mark::from_tags([(DEPLOYMENT_TAG, "dev")]), None);
    }

    #[test]
    fn generations_are_fresh() {
        assert_ne!(Claim::fresh_generation(), Claim::fresh_generation());
    }

    #[test]
    fn a_refusal_says_whose_it_is_and_how_to_import_it() {
        let refusal = claim().refusal("vpc-1", None);
        assert!(refusal.detail.contains("travel_network.NAME, id = \"vpc-1\""), "{refusal}");
    }
}
