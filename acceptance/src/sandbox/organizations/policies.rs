//! The policies of the organization, and what they are attached to. moto has not all types of them, and lets pass
//! what AWS refuses.
//!
//! Follows the AWS Organizations API Reference and "Quotas and service limlet of_aws = of_aws(kind.name, around).filter(|it| {s" of its user guide.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::sandbox::fakes::input::page;
use crate::sandbox::wire::ServiceError;

/// The policies that AWS attaches: to everything, where their type is enabled.
const FULL_ACCESS: &str = "p-FullAWSAccess";
const FULL_RESOURCE_ACCESS: &str = "p-RCPFullAWSAccess";
const SERVICE_CONTROL: &str = "SERVICE_CONTROL_POLICY";
const RESOURCE_CONTROL: &str = "RESOURCE_CONTROL_POLICY";
/// How many a page lists at most, and where the caller does not say.
const PAGE: usize = 20;
/// How many tags a policy can have.
const MOST_TAGS: usize = 50;

/// A type of policies: the folder of its ARNs, how long one can be, and how many of it something can have.
struct Kind {
    name: &'static str,
    folder: &'static str,
    longest: usize,
    most: usize,
}

const KINDS: [Kind; 7] = [
    kind(SERVICE_CONTROL, "service_control_policy", 10_240, 10),
    kind(RESOURCE_CONTROL, "resource_control_policy", 5_120, 5),
    kind("TAG_POLICY", "tag_policy", 10_000, 10),
    kind("BACKUP_POLICY", "backup_policy", 10_000, 10),
    kind("AISERVICES_OPT_OUT_POLICY", "aiservices_opt_out_policy", 2_500, 5),
    kind("CHATBOT_POLICY", "chatbot_policy", 10_000, 5),
    kind("DECLARATIVE_POLICY_EC2", "declarative_policy_ec2", 10_000, 10),
];

const fn kind(name: &'static str, folder: &'static str, longest: usize, most: usize) -> Kind {
    Kind { name, folder, longest, most }
}

/// All policies by their ids, and the targets that have no FullAWSAccess any more.
#[derive(Debug, Default)]
pub struct Policies {
    policies: BTreeMap<String, Policy>,
    without_full_access: BTreeSet<String>,
}

#[derive(Clone, Debug)]
struct Policy {
    id: String,
    arn: String,
    name: String,
    description: String,
    kind: &'static str,
    content: String,
    tags: BTreeMap<String, String>,
    targets: BTreeMap<String, Value>,
}

/// What the organization is like, as far as policies ask.
#[derive(Debug)]
pub struct Surroundings {
    /// The id of the organization.
    pub organization: String,
    /// The id of its management account.
    pub management: String,
    /// The types of policies that its root takes.
    pub enabled: BTreeSet<String>,
    /// The target that a call names, as a summary of it; none where there is no such thing.
    pub target: Option<Value>,
    /// Root, units and accounts, as summaries of them, where a call is about what all of them have.
    pub everything: Vec<Value>,
}

/// Whether a policy is one of AWS, which everything has where its type is enabled.
pub fn is_of_aws(id: &str) -> bool {
    matches!(id, FULL_ACCESS | FULL_RESOURCE_ACCESS)
}

/// Whether an operation is about policies.
pub fn is_of_policies(operation: &str, input: &Value) -> bool {
    match operation {
        "CreatePolicy"
        | "DescribePolicy"
        | "UpdatePolicy"
        | "DeletePolicy"
        | "ListPolicies"
        | "AttachPolicy"
        | "DetachPolicy"
        | "ListTargetsForPolicy"
        | "ListPoliciesForTarget" => true,
        "TagResource" | "UntagResource" | "ListTagsForResource" => {
            input["ResourceId"].as_str().is_some_and(|id| id.starts_with("p-"))
        }
        _ => false,
    }
}

impl Policies {
    /// Answers an operation about policies.
    ///
    /// # Errors
    /// The service's error.
    pub fn perform(
        &mut self,
        operation: &str,
        input: &Value,
        around: &Surroundings,
    ) -> Result<Value, ServiceError> {
        match operation {
            "CreatePolicy" => self.create(input, around),
            "DescribePolicy" => Ok(self.get(input, around)?.described()),
            "UpdatePolicy" => self.update(input),
            "DeletePolicy" => self.delete(input),
            "ListPolicies" => {
                let kind = kind_of(&input["Filter"])?;
                let own = self.policies.values().filter(|policy| policy.kind == kind.name).cloned();
                let all = of_aws(kind.name, around).into_iter().chain(own);
                paged(input, "Policies", all.map(|policy| policy.summary()).collect())
            }
            "AttachPolicy" => self.attach(input, around),
            "DetachPolicy" => self.detach(input, around),
            "ListTargetsForPolicy" => {
                paged(input, "Targets", self.targets(&self.get(input, around)?, around))
            }
            "ListPoliciesForTarget" => {
                let kind = kind_of(&input["Filter"])?;
                let target = target_of(around)?;
                let all = self.of_target(kind, &target, around);
                paged(input, "Policies", all.iter().map(Policy::summary).collect())
            }
            "TagResource" => self.tag(input),
            "UntagResource" => {
                let removed = input["TagKeys"].as_array().cloned().unwrap_or_default();
                let policy = self.tagged(input)?;
                policy.tags.retain(|key, _| !removed.iter().any(|it| it == key));
                Ok(json!({}))
            }
            "ListTagsForResource" => {
                let tags = &self.tagged(input)?.tags;
                let tags: Vec<Value> =
                    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
                Ok(json!({"Tags": tags}))
            }
            other => Err(ServiceError::internal(format!("{other} is not about policies"))),
        }
    }

    /// Whether there is one that is not of AWS.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    /// What is gone has no policies.
    pub fn forget(&mut self, target: &str) {
        self.without_full_access.remove(target);
        self.policies.values_mut().for_each(|policy| drop(policy.targets.remove(target)));
    }

    /// A type that is disabled is attached to nothing.
    pub fn detach_all(&mut self, kind: &str) {
        if kind == SERVICE_CONTROL {
            self.without_full_access.clear();
        }
        let of_kind = self.policies.values_mut().filter(|policy| policy.kind == kind);
        of_kind.for_each(|policy| policy.targets.clear());
    }

    fn create(&mut self, input: &Value, around: &Surroundings) -> Result<Value, ServiceError> {
        let kind = kind_of(&input["Type"])?;
        let content = text(input, "Content");
        check_content(kind, content)?;
        let name = text(input, "Name").to_owned();
        if !(1..=128).contains(&name.chars().count()) {
            return Err(invalid("INVALID_PATTERN", "Name must have 1 to 128 characters."));
        }
        if text(input, "Description").chars().count() > 512 {
            return Err(invalid("MAX_LENGTH_EXCEEDED", "Description can have 512 characters."));
        }
        self.check_name(&name, None)?;
        let id = format!("p-{}", &Uuid::new_v4().simple().to_string()[..10]);
        let arn = arn(around, kind, &id);
        let tags = tags_of(input);
        check_tags(&tags)?;
        let policy = Policy {
            id: id.clone(),
            arn,
            name,
            description: text(input, "Description").to_owned(),
            kind: kind.name,
            content: content.to_owned(),
            tags,
            targets: BTreeMap::new(),
        };
        let described = policy.described();
        self.policies.insert(id, policy);
        Ok(described)
    }

    fn update(&mut self, input: &Value) -> Result<Value, ServiceError> {
        let id = text(input, "PolicyId").to_owned();
        not_of_aws(&id)?;
        let policy = self.policies.get(&id).ok_or_else(missing)?.clone();
        let kind = kind_of(&policy.kind.into())?;
        let given = |name: &str| input[name].as_str().map(str::to_owned);
        if let Some(content) = given("Content") {
            check_content(kind, &content)?;
        }
        if let Some(name) = given("Name") {
            self.check_name(&name, Some(&id))?;
        }
        let changed = Policy {
            name: given("Name").unwrap_or(policy.name),
            description: given("Description").unwrap_or(policy.description),
            content: given("Content").unwrap_or(policy.content),
            ..policy
        };
        let described = changed.described();
        self.policies.insert(id, changed);
        Ok(described)
    }

    fn delete(&mut self, input: &Value) -> Result<Value, ServiceError> {
        let id = text(input, "PolicyId");
        not_of_aws(id)?;
        if !self.policies.get(id).ok_or_else(missing)?.targets.is_empty() {
            let message = "The policy is attached to one or more entities.";
            return Err(ServiceError::new("PolicyInUseException", message));
        }
        self.policies.remove(id);
        Ok(json!({}))
    }

    fn attach(&mut self, input: &Value, around: &Surroundings) -> Result<Value, ServiceError> {
        let policy = self.get(input, around)?;
        let kind = kind_of(&policy.kind.into())?;
        let target = target_of(around)?;
        let id = text(&target, "TargetId").to_owned();
        if !around.enabled.contains(kind.name) {
            let message = "The specified policy type isn't currently enabled in this root.";
            return Err(ServiceError::new("PolicyTypeNotEnabledException", message));
        }
        let attached = self.of_target(kind, &target, around);
        if attached.iter().any(|other| other.id == policy.id) {
            let message = "The selected policy is already attached to the specified target.";
            return Err(ServiceError::new("DuplicatePolicyAttachmentException", message));
        }
        if attached.len() >= kind.most {
            let message = "You have attached as many policies of this type as the target can have.";
            return Err(violated("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
        }
        if policy.id == FULL_ACCESS {
            self.without_full_access.remove(&id);
        } else if let Some(policy) = self.policies.get_mut(&policy.id) {
            policy.targets.insert(id, target);
        }
        Ok(json!({}))
    }

    fn detach(&mut self, input: &Value, around: &Surroundings) -> Result<Value, ServiceError> {
        let policy = self.get(input, around)?;
        let kind = kind_of(&policy.kind.into())?;
        let target = target_of(around)?;
        let id = text(&target, "TargetId").to_owned();
        let attached = self.of_target(kind, &target, around);
        if !attached.iter().any(|other| other.id == policy.id) {
            let message = "The policy isn't attached to the specified target.";
            return Err(ServiceError::new("PolicyNotAttachedException", message));
        }
        if policy.id == FULL_RESOURCE_ACCESS {
            return Err(invalid("NON_DETACHABLE_POLICY", "This policy of AWS can't be detached."));
        }
        if kind.name == SERVICE_CONTROL && attached.len() == 1 {
            let message = "You cannot remove the last policy attached to the specified target.";
            return Err(violated("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", message));
        }
        if policy.id == FULL_ACCESS {
            self.without_full_access.insert(id);
        } else if let Some(policy) = self.policies.get_mut(&policy.id) {
            policy.targets.remove(&id);
        }
        Ok(json!({}))
    }

    fn tag(&mut self, input: &Value) -> Result<Value, ServiceError> {
        let policy = self.tagged(input)?;
        let mut tags = policy.tags.clone();
        tags.extend(tags_of(input));
        check_tags(&tags)?;
        policy.tags = tags;
        Ok(json!({}))
    }

    fn targets(&self, policy: &Policy, around: &Surroundings) -> Vec<Value> {
        if !is_of_aws(&policy.id) {
            return policy.targets.values().cloned().collect();
        }
        let has_it = |target: &&Value| {
            let id = text(target, "TargetId");
            !(policy.id == FULL_ACCESS && self.without_full_access.contains(id))
        };
        let is_enabled = around.enabled.contains(policy.kind);
        around.everything.iter().filter(|_| is_enabled).filter(has_it).cloned().collect()
    }

    /// The policies of a type that a target has.
    fn of_target(&self, kind: &Kind, target: &Value, around: &Surroundings) -> Vec<Policy> {
        let id = text(target, "TargetId");
        let own =
            self.policies.values().filter(|it| it.kind == kind.name && it.targets.contains_key(id));
        let is_enabled = around.enabled.contains(kind.name);
        let of_aws = of_aws(kind.name, around).filter(|it| {
            is_enabled && !(it.id == FULL_ACCESS && self.without_full_access.contains(id))
        });
        of_aws.into_iter().chain(own.cloned()).collect()
    }

    fn get(&self, input: &Value, around: &Surroundings) -> Result<Policy, ServiceError> {
        let id = text(input, "PolicyId");
        let of_aws =
            [SERVICE_CONTROL, RESOURCE_CONTROL].into_iter().filter_map(|it| of_aws(it, around));
        let known =
            self.policies.get(id).cloned().or_else(|| of_aws.into_iter().find(|it| it.id == id));
        known.ok_or_else(missing)
    }

    fn tagged(&mut self, input: &Value) -> Result<&mut Policy, ServiceError> {
        self.policies.get_mut(text(input, "ResourceId")).ok_or_else(|| {
            ServiceError::new(
                "TargetNotFoundException",
                "We can't find the target that you specified.",
            )
        })
    }

    fn check_name(&self, name: &str, own: Option<&str>) -> Result<(), ServiceError> {
        let mut others = self.policies.values().filter(|it| Some(it.id.as_str()) != own);
        if others.any(|it| it.name == name) || matches!(name, "FullAWSAccess" | "RCPFullAWSAccess")
        {
            let message = "A policy with the same name already exists.";
            return Err(ServiceError::new("DuplicatePolicyException", message));
        }
        Ok(())
    }
}

impl Policy {
    fn summary(&self) -> Value {
        json!({
            "Id": self.id,
            "Arn": self.arn,
            "Name": self.name,
            "Description": self.description,
            "Type": self.kind,
            "AwsManaged": is_of_aws(&self.id),
        })
    }

    fn described(&self) -> Value {
        json!({"Policy": {"PolicySummary": self.summary(), "Content": self.content}})
    }
}

/// The policy of AWS of a type.
fn of_aws(kind: &str, around: &Surroundings) -> Option<Policy> {
    let (id, statement) = match kind {
        SERVICE_CONTROL => {
            (FULL_ACCESS, json!({"Effect": "Allow", "Action": "*", "Resource": "*"}))
        }
        RESOURCE_CONTROL => (
            FULL_RESOURCE_ACCESS,
            json!({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}),
        ),
        _ => return None,
    };
    let kind = KINDS.iter().find(|it| it.name == kind)?;
    let folder = kind.folder;
    Some(Policy {
        id: id.to_owned(),
        arn: format!("arn:aws:organizations::aws:policy/{folder}/{id}"),
        name: id.trim_start_matches("p-").to_owned(),
        description: "Allows access to every operation".to_owned(),
        kind: kind.name,
        content: json!({"Version": "2012-10-17", "Statement": [statement]}).to_string(),
        tags: BTreeMap::new(),
        // AWS lists all that it is attached to; nobody here asks.
        targets: around
            .target
            .iter()
            .map(|it| (text(it, "TargetId").to_owned(), it.clone()))
            .collect(),
    })
}

fn arn(around: &Surroundings, kind: &Kind, id: &str) -> String {
    let Surroundings { organization, management, .. } = around;
    format!("arn:aws:organizations::{management}:policy/{organization}/{}/{id}", kind.folder)
}

fn kind_of(name: &Value) -> Result<&'static Kind, ServiceError> {
    let found = KINDS.iter().find(|kind| name.as_str() == Some(kind.name));
    found.ok_or_else(|| invalid("INVALID_ENUM_POLICY_TYPE", "You specified an invalid value."))
}

fn check_content(kind: &Kind, content: &str) -> Result<(), ServiceError> {
    if content.chars().count() > kind.longest {
        let message = "You have exceeded the maximum policy size.";
        return Err(violated("POLICY_CONTENT_LIMIT_EXCEEDED", message));
    }
    let parsed = serde_json::from_str::<Value>(content).unwrap_or_default();
    let has_statements = matches!(kind.name, SERVICE_CONTROL | RESOURCE_CONTROL);
    if !parsed.is_object() || has_statements && parsed["Statement"].is_null() {
        let message = "The provided policy document does not meet the requirements of the specified policy type.";
        return Err(ServiceError::new("MalformedPolicyDocumentException", message));
    }
    Ok(())
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), ServiceError> {
    if tags.keys().any(|key| key.to_lowercase().starts_with("aws:")) {
        return Err(invalid("INVALID_SYSTEM_TAGS_PARAMETER", "Tag keys must not begin with aws:."));
    }
    if tags.len() > MOST_TAGS {
        return Err(violated("MAX_TAG_LIMIT_EXCEEDED", "A policy can have 50 tags."));
    }
    Ok(())
}

fn tags_of(input: &Value) -> BTreeMap<String, String> {
    let tags = input["Tags"].as_array().into_iter().flatten();
    tags.map(|tag| (text(tag, "Key").to_owned(), text(tag, "Value").to_owned())).collect()
}

fn target_of(around: &Surroundings) -> Result<Value, ServiceError> {
    around.target.clone().ok_or_else(|| {
        let message = "We can't find a root, OU, or account with the TargetId that you specified.";
        ServiceError::new("TargetNotFoundException", message)
    })
}

fn not_of_aws(id: &str) -> Result<(), ServiceError> {
    match id {
        FULL_ACCESS | FULL_RESOURCE_ACCESS => {
            Err(invalid("IMMUTABLE_POLICY", "This policy is managed by AWS and can't be modified."))
        }
        _ => Ok(()),
    }
}

fn missing() -> ServiceError {
    let message = "We can't find a policy with the PolicyId that you specified.";
    ServiceError::new("PolicyNotFoundException", message)
}

fn invalid(reason: &str, message: &str) -> ServiceError {
    with_reason("InvalidInputException", reason, message)
}

/// `ConstraintViolationException`.
pub fn violated(reason: &str, message: &str) -> ServiceError {
    with_reason("ConstraintViolationException", reason, message)
}

fn with_reason(code: &str, reason: &str, message: &str) -> ServiceError {
    let mut error = ServiceError::new(code, message);
    error.members = Map::from_iter([("Reason".to_owned(), reason.into())]);
    error
}

fn paged(input: &Value, name: &str, items: Vec<Value>) -> Result<Value, ServiceError> {
    let size = input["MaxResults"].as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or(PAGE);
    let (items, next) = page(items, input["NextToken"].as_str(), size.min(PAGE))
        .map_err(|message| invalid("INVALID_NEXT_TOKEN", &message))?;
    let mut answer = json!({ name: items });
    if let Some(next) = next {
        answer["NextToken"] = next.into();
    }
    Ok(answer)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENY: &str = r#"{"Version":"2012-10-17","Statement":[]}"#;

    fn around(target: &str, enabled: &[&str]) -> Surroundings {
        Surroundings {
            organization: "o-1".into(),
            management: "111122223333".into(),
            enabled: enabled.iter().map(|it| (*it).to_owned()).collect(),
            target: Some(json!({"TargetId": target})),
            everything: ["r-ab12", target].map(|id| json!({"TargetId": id})).to_vec(),
        }
    }

    fn made(policies: &mut Policies, kind: &str, name: &str) -> String {
        let content = if kind.contains("CONTROL") { DENY } else { "{}" };
        let input = json!({"Name": name, "Type": kind, "Content": content, "Description": ""});
        let made = policies.perform("CreatePolicy", &input, &around("r-ab12", &[])).unwrap();
        text(&made["Policy"]["PolicySummary"], "Id").to_owned()
    }

    fn attach(policies: &mut Policies, id: &str, around: &Surroundings) -> Result<Value, String> {
        let answer = policies.perform("AttachPolicy", &json!({"PolicyId": id}), around);
        answer.map_err(|error| error.code)
    }

    #[test]
    fn something_has_so_many_of_a_type_and_one_service_control_policy_at_least() {
        let mut policies = Policies::default();
        let unit = around("ou-ab12-34cd56ef", &[SERVICE_CONTROL]);
        for number in 0..9 {
            let id = made(&mut policies, SERVICE_CONTROL, &format!("p{number}"));
            attach(&mut policies, &id, &unit).unwrap();
            assert_eq!(
                attach(&mut policies, &id, &unit).unwrap_err(),
                "DuplicatePolicyAttachmentException"
            );
        }
        let last = made(&mut policies, SERVICE_CONTROL, "last");
        assert_eq!(
            attach(&mut policies, &last, &unit).unwrap_err(),
            "ConstraintViolationException"
        );
        let detach = |policies: &mut Policies, id: &str, around: &Surroundings| {
            policies.perform("DetachPolicy", &json!({"PolicyId": id}), around).map_err(|it| it.code)
        };
        detach(&mut policies, FULL_ACCESS, &unit).unwrap();
        let asked = json!({"PolicyId": FULL_ACCESS});
        let listed = policies.perform("ListTargetsForPolicy", &asked, &unit).unwrap();
        assert_eq!(listed["Targets"], json!([{"TargetId": "r-ab12"}]));
        attach(&mut policies, &last, &unit).unwrap();
        let other = around("111122223333", &[SERVICE_CONTROL]);
        assert_eq!(
            detach(&mut policies, FULL_ACCESS, &other).unwrap_err(),
            "ConstraintViolationException"
        );
        assert_eq!(detach(&mut policies, &last, &other).unwrap_err(), "PolicyNotAttachedException");
    }

    #[test]
    fn what_aws_refuses_is_refused() {
        let mut policies = Policies::default();
        let id = made(&mut policies, "BACKUP_POLICY", "backup");
        let unit = around("ou-ab12-34cd56ef", &["TAG_POLICY"]);
        assert_eq!(attach(&mut policies, &id, &unit).unwrap_err(), "PolicyTypeNotEnabledException");
        let unit = around("ou-ab12-34cd56ef", &["BACKUP_POLICY"]);
        attach(&mut policies, &id, &unit).unwrap();
        let mut refused = |operation: &str, input: Value| {
            policies.perform(operation, &input, &unit).unwrap_err().code
        };
        assert_eq!(refused("DeletePolicy", json!({"PolicyId": id})), "PolicyInUseException");
        let long = json!({"Name": "a", "Type": "TAG_POLICY", "Content": "a".repeat(10_001)});
        assert_eq!(refused("CreatePolicy", long), "ConstraintViolationException");
        let again = json!({"Name": "backup", "Type": "TAG_POLICY", "Content": "{}"});
        assert_eq!(refused("CreatePolicy", again), "DuplicatePolicyException");
        let other = json!({"Name": "b", "Type": SERVICE_CONTROL, "Content": "{}"});
        assert_eq!(refused("CreatePolicy", other), "MalformedPolicyDocumentException");
        let of_aws = json!({"PolicyId": FULL_ACCESS, "Name": "mine"});
        assert_eq!(refused("UpdatePolicy", of_aws), "InvalidInputException");
        policies.forget("ou-ab12-34cd56ef");
        policies.perform("DeletePolicy", &json!({"PolicyId": id}), &unit).unwrap();
        assert!(policies.is_empty());
    }
}
