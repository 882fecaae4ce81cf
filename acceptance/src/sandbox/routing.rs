//! The one table of services: how each is recognised and who answers for it.
//!
//! LocalStack answers for what it implements itself (S3, KMS, IAM, SQS, SNS, EventBridge and others). moto answers
//! for the rest, and for EC2 with all that refers to it: load balancers, scaling groups, flow logs and private zones
//! look their subnets, log groups and networks up in moto's own memory, and LocalStack has neither of the first two.
//! What moto looks up and LocalStack holds, buckets and roles, is repeated to it by their backends.

use super::backend::Backend;
use super::fakes::{
    access_analyzer, account, cloudtrail, config, dlm, eks, guardduty, identity_center,
    identity_store, network_firewall, rbin,
};
use super::wire::Protocol::{self, Ec2, Json10, Json11, Query, RestJson, RestXml, S3};
use super::{ec2, iam, kms, organizations, quotas, s3, ssm, sso, sts, tagging};
use Home::{LocalStack, Moto, Own};

/// A service of AWS.
#[derive(Debug)]
pub struct Service {
    /// Its name here, in the record and in botocore's folder of models.
    pub name: &'static str,
    /// Its name in signatures.
    pub signing_name: &'static str,
    /// The protocol of most of its callers.
    pub protocol: Protocol,
    /// What tells it from others of the same signing name: the target's prefix of a JSON protocol, the API version of
    /// the query protocols, the start of the path of a REST protocol. Calls of the gateway's own carry it.
    pub mark: &'static str,
    /// Who answers.
    pub home: Home,
}

/// Who answers for a service.
#[derive(Clone, Copy, Debug)]
pub enum Home {
    /// The emulator LocalStack.
    LocalStack,
    /// The emulator moto.
    Moto,
    /// A backend of the sandbox, made once at its start.
    Own(fn() -> Box<dyn Backend>),
}

/// Every service the sandbox has.
#[rustfmt::skip]
pub const SERVICES: &[Service] = &[
    service("accessanalyzer", "access-analyzer", RestJson, "", Own(access_analyzer::backend)),
    service("account", "account", RestJson, "", Own(account::backend)),
    service("acm", "acm", Json11, "CertificateManager", Moto),
    service("acm-pca", "acm-pca", Json11, "ACMPrivateCA", Moto),
    service("application-autoscaling", "application-autoscaling", Json11, "AnyScaleFrontendService", Moto),
    service("autoscaling", "autoscaling", Query, "2011-01-01", Moto),
    service("backup", "backup", RestJson, "", Moto),
    service("cloudtrail", "cloudtrail", Json11, "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101", Own(cloudtrail::backend)),
    service("cloudwatch", "monitoring", Query, "2010-08-01", LocalStack),
    service("config", "config", Json11, "StarlingDoveService", Own(config::backend)),
    service("dlm", "dlm", RestJson, "", Own(dlm::backend)),
    service("dynamodb", "dynamodb", Json10, "DynamoDB_20120810", Moto),
    service("ec2", "ec2", Ec2, "2016-11-15", Own(ec2::backend)),
    service("ecr", "ecr", Json11, "AmazonEC2ContainerRegistry_V20150921", Moto),
    service("efs", "elasticfilesystem", RestJson, "", Moto),
    service("eks", "eks", RestJson, "", Own(eks::backend)),
    service("elb", "elasticloadbalancing", Query, "2012-06-01", Moto),
    service("elbv2", "elasticloadbalancing", Query, "2015-12-01", Moto),
    service("events", "events", Json11, "AWSEvents", LocalStack),
    service("guardduty", "guardduty", RestJson, "", Own(guardduty::backend)),
    service("iam", "iam", Query, "2010-05-08", Own(iam::backend)),
    service("identitystore", "identitystore", Json11, "AWSIdentityStore", Own(identity_store::backend)),
    service("kms", "kms", Json11, "TrentService", Own(kms::backend)),
    service("lambda", "lambda", RestJson, "", Moto),
    service("logs", "logs", Json11, "Logs_20140328", Moto),
    service("network-firewall", "network-firewall", Json10, "NetworkFirewall_20201112", Own(network_firewall::backend)),
    service("organizations", "organizations", Json11, "AWSOrganizationsV20161128", Own(organizations::backend)),
    service("ram", "ram", RestJson, "", Moto),
    service("rbin", "rbin", RestJson, "", Own(rbin::backend)),
    service("rds", "rds", Query, "2014-10-31", Moto),
    service("resource-groups", "resource-groups", RestJson, "", Moto),
    service("resourcegroupstaggingapi", "tagging", Json11, "ResourceGroupsTaggingAPI_20170126", Own(tagging::backend)),
    service("route53", "route53", RestXml, "", Moto),
    service("route53resolver", "route53resolver", Json11, "Route53Resolver", Moto),
    service("s3control", "s3", RestXml, "/v20180820/", LocalStack),
    service("s3", "s3", S3, "", Own(s3::backend)),
    service("scheduler", "scheduler", RestJson, "", LocalStack),
    service("secretsmanager", "secretsmanager", Json11, "secretsmanager", LocalStack),
    service("securityhub", "securityhub", RestJson, "", Moto),
    service("service-quotas", "servicequotas", Json11, "ServiceQuotasV20190624", Own(quotas::backend)),
    service("sns", "sns", Query, "2010-03-31", LocalStack),
    service("sqs", "sqs", Json10, "AmazonSQS", LocalStack),
    service("ssm", "ssm", Json11, "AmazonSSM", Own(ssm::backend)),
    service("sso", "awsssoportal", RestJson, "/federation/", Own(sso::backend)),
    service("sso-admin", "sso", Json11, "SWBExternalService", Own(identity_center::backend)),
    service("stepfunctions", "states", Json10, "AWSStepFunctions", LocalStack),
    service("sts", "sts", Query, "2011-06-15", Own(sts::backend)),
    service("wafv2", "wafv2", Json11, "AWSWAF_20190729", Moto),
];

const fn service(
    name: &'static str,
    signing_name: &'static str,
    protocol: Protocol,
    mark: &'static str,
    home: Home,
) -> Service {
    Service { name, signing_name, protocol, mark, home }
}

/// What of a request tells services of one signing name apart.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// The prefix of `X-Amz-Target`.
    pub target: Option<&'a str>,
    /// The `Version` of a query call.
    pub version: Option<&'a str>,
    /// The path.
    pub path: &'a str,
}

/// The service of a signing name, `None` where the sandbox has none.
pub fn find(signing_name: &str, hints: Hints<'_>) -> Option<&'static Service> {
    let mut named = SERVICES.iter().filter(|service| service.signing_name == signing_name);
    let first = named.clone().next();
    let marked = named.find(|service| match service.protocol {
        Json10 | Json11 => hints.target == Some(service.mark),
        Query | Ec2 => hints.version == Some(service.mark),
        _ => hints.path.starts_with(service.mark),
    });
    marked.or(first)
}

/// The service of a name of this table.
pub fn named(name: &str) -> Option<&'static Service> {
    SERVICES.iter().find(|service| service.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(signing_name: &str, hints: Hints<'_>, expected: Option<&str>) {
        assert_eq!(find(signing_name, hints).map(|service| service.name), expected);
    }

    #[test]
    fn finds_services_by_signing_name_and_mark() {
        let none = Hints::default();
        check("kms", none, Some("kms"));
        check("elasticloadbalancing", Hints { version: Some("2015-12-01"), ..none }, Some("elbv2"));
        check("elasticloadbalancing", Hints { version: Some("2012-06-01"), ..none }, Some("elb"));
        check("s3", Hints { path: "/bucket/key", ..none }, Some("s3"));
        check("s3", Hints { path: "/v20180820/accesspoint", ..none }, Some("s3control"));
        check("sso", Hints { target: Some("SWBExternalService"), ..none }, Some("sso-admin"));
        check("nosuch", none, None);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<&str> = SERVICES.iter().map(|service| service.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SERVICES.len());
    }
}
