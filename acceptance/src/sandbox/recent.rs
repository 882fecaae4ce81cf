//! What was made so recently that calls which name it do not find it.
//!
//! AWS is eventually consistent ("Eventual consistency in the Amazon EC2 API"; IAM and KMS say the same of themselves):
//! the request that follows a creation may meet a part of the service that has not heard of it. The emulators are
//! consistent at once, so the gateway remembers when something was made, and refuses calls that name it for as long as
//! the setting `visibility_lag_seconds` says.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;

use super::call::Call;
use super::form::Form;
use super::lag::identifiers;
use super::wire::ServiceError;

/// What EC2 says of an id that it does not find, by the kind of the id.
///
/// Source: "Error codes for the Amazon EC2 API".
const EC2: [(&str, &str); 13] = [
    ("eigw", "InvalidEgressOnlyInternetGatewayId.NotFound"),
    ("eipalloc", "InvalidAllocationID.NotFound"),
    ("fl", "InvalidFlowLogId.NotFound"),
    ("igw", "InvalidInternetGatewayID.NotFound"),
    ("lt", "InvalidLaunchTemplateId.NotFound"),
    ("nat", "NatGatewayNotFound"),
    ("rtb", "InvalidRouteTableID.NotFound"),
    ("rtbassoc", "InvalidAssociationID.NotFound"),
    ("sg", "InvalidGroup.NotFound"),
    ("sgr", "InvalidSecurityGroupRuleId.NotFound"),
    ("subnet", "InvalidSubnetID.NotFound"),
    ("vpc", "InvalidVpcID.NotFound"),
    ("vpce", "InvalidVpcEndpointId.NotFound"),
];

/// A call, as far as it matters here.
#[derive(Clone, Debug)]
pub struct Said {
    service: String,
    operation: String,
    content: Bytes,
}

/// When each thing was made.
#[derive(Debug, Default)]
pub struct Recent(Mutex<HashMap<String, Instant>>);

impl Said {
    /// A call of a service.
    pub fn of(call: &Call) -> Self {
        let (service, operation) = (call.service.name.to_owned(), call.operation.clone());
        Self { service, operation, content: call.bytes() }
    }

    fn form(&self) -> Form {
        Form::parse(&String::from_utf8_lossy(&self.content))
    }

    /// The things it asks for by name. What it filters by is no such thing: of that it finds none.
    fn names(&self) -> Vec<String> {
        match self.service.as_str() {
            "ec2" => {
                let is_asked = |name: &str| !name.starts_with("Filter.");
                let form = self.form().0.into_iter();
                form.filter(|(name, _)| is_asked(name)).map(|(_, value)| value).collect()
            }
            "iam" => self.form().get("RoleName").map(str::to_owned).into_iter().collect(),
            "kms" => {
                let input: Value = serde_json::from_slice(&self.content).unwrap_or_default();
                let names = ["KeyId", "TargetKeyId"].map(|name| input[name].as_str());
                names.into_iter().flatten().map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The things it has made, by its answer.
    fn made(&self, answer: &[u8]) -> Vec<String> {
        match (self.service.as_str(), self.operation.as_str()) {
            ("ec2", operation)
                if operation.starts_with("Create") || operation.starts_with("Al") =>
            {
                let named = self.names();
                let mut made = identifiers(&String::from_utf8_lossy(answer));
                made.retain(|id| !named.contains(id));
                made
            }
            ("iam", "CreateRole") => self.names(),
            ("kms", "CreateKey") => {
                let answer: Value = serde_json::from_slice(answer).unwrap_or_default();
                let names = ["KeyId", "Arn"].map(|name| answer["KeyMetadata"][name].as_str());
                names.into_iter().flatten().map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    fn not_found(&self, name: &str) -> Option<ServiceError> {
        let (status, code) = match self.service.as_str() {
            "iam" => (404, "NoSuchEntity"),
            "kms" => (400, "NotFoundException"),
            _ => {
                let (kind, _) = name.rsplit_once('-')?;
                let (_, code) = EC2.into_iter().find(|(of, _)| *of == kind)?;
                (400, code)
            }
        };
        Some(ServiceError::new(code, format!("{name} does not exist")).with_status(status))
    }
}

impl Recent {
    /// Remembers what a call has made.
    pub fn note(&self, said: &Said, answer: &[u8]) {
        let now = Instant::now();
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        made.extend(said.made(answer).into_iter().map(|name| (name, now)));
    }

    /// What a call is told that names something which was made less than so many seconds ago.
    pub fn refuse(&self, said: &Said, lag_seconds: f64) -> Option<ServiceError> {
        // Who makes a role of this name does not ask for one.
        if lag_seconds <= 0.0 || said.operation == "CreateRole" {
            return None;
        }
        let lag = Duration::from_secs_f64(lag_seconds);
        let made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |name: &String| made.get(name).is_some_and(|at| at.elapsed() < lag);
        said.names().iter().filter(|name| is_new(name)).find_map(|name| said.not_found(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_new_is_not_found_by_name() {
        let recent = Recent::default();
        let said = |service: &str, operation: &str, content: &str| {
            let content = Bytes::from(content.to_owned());
            Said { service: service.to_owned(), operation: operation.to_owned(), content }
        };
        let vpc = "vpc-0123456789abcdef0";
        let answer = format!("<vpcId>{vpc}</vpcId>");
        recent.note(&said("ec2", "CreateVpc", "CidrBlock=10.0.0.0/16"), answer.as_bytes());
        recent.note(&said("iam", "CreateRole", "RoleName=flow"), b"");
        let answer = br#"{"KeyMetadata":{"KeyId":"1","Arn":"arn:aws:kms:eu-central-1:1:key/1"}}"#;
        recent.note(&said("kms", "CreateKey", "{}"), answer);
        let check = |service: &str, content: &str, seconds: f64, expected: Option<&str>| {
            let refused = recent.refuse(&said(service, "Any", content), seconds);
            assert_eq!(refused.map(|error| error.code).as_deref(), expected, "{content}");
        };
        let not_found = Some("InvalidVpcID.NotFound");
        check("ec2", &format!("VpcId={vpc}"), 600.0, not_found);
        check("ec2", &format!("VpcId={vpc}"), 0.0, None);
        check("ec2", &format!("Filter.1.Name=vpc-id&Filter.1.Value.1={vpc}"), 600.0, None);
        check("ec2", "VpcId=vpc-0123456789abcdef1", 600.0, None);
        check("iam", "RoleName=flow", 600.0, Some("NoSuchEntity"));
        check("iam", "RoleName=other", 600.0, None);
        check("kms", r#"{"KeyId":"1"}"#, 600.0, Some("NotFoundException"));
    }
}
