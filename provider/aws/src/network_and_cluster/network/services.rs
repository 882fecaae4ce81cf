//! The names of the services that have endpoints in a network.
//!
//! After "AWS services that integrate with AWS PrivateLink" in the PrivateLink guide; which names
//! differ in China is what `ec2 describe-vpc-endpoint-services` says there.

use crate::partition::Partition;

/// The services whose interface endpoints in China are named from their domain there.
const NAMED_BY_CHINA: [&str; 53] = [
    "account",
    "application-autoscaling",
    "appmesh-envoy-management",
    "athena",
    "autoscaling",
    "awsconnector",
    "backup",
    "batch",
    "cassandra",
    "cloudcontrolapi",
    "cloudformation",
    "codedeploy-commands-secure",
    "databrew",
    "dms",
    "ebs",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "eks",
    "elasticache",
    "elasticbeanstalk",
    "elasticfilesystem",
    "elasticfilesystem-fips",
    "emr-containers",
    "execute-api",
    "fsx",
    "imagebuilder",
    "iot.data",
    "iotsitewise.api",
    "iotsitewise.data",
    "kinesis-streams",
    "lambda",
    "license-manager",
    "monitoring",
    "polly",
    "rds",
    "redshift",
    "redshift-data",
    "s3",
    "sagemaker.api",
    "sagemaker.featurestore-runtime",
    "sagemaker.runtime",
    "securityhub",
    "servicecatalog",
    "sms",
    "sqs",
    "states",
    "sts",
    "sync-states",
    "synthetics",
    "transcribestreaming",
    "transfer",
    "xray",
];

/// The whole name of a service, for a short one such as `s3` or `ecr.api`.
pub fn full_name(service: &str, gateway: bool, region: &str) -> String {
    if is_full(service) {
        return service.to_owned();
    }
    let china = Partition::of_region(region) == Partition::China;
    match service {
        "transcribe" if china => format!("cn.com.amazonaws.{region}.transcribe.cn"),
        _ if china && !gateway && NAMED_BY_CHINA.contains(&service) => {
            format!("cn.com.amazonaws.{region}.{service}")
        }
        _ => format!("com.amazonaws.{region}.{service}"),
    }
}

/// Whether a service has gateway endpoints, which cost nothing.
pub fn has_gateway(service: &str) -> bool {
    matches!(short(service), "s3" | "dynamodb")
}

/// Whether the service's own name can lead to an interface endpoint without more ado: not for
/// services of others, nor for those that also have gateway endpoints.
pub fn has_private_names(service: &str) -> bool {
    !has_gateway(service) && !service.contains(".vpce-svc-")
}

/// Whether the name is that of an endpoint service, rather than the short one of an AWS service.
fn is_full(service: &str) -> bool {
    let domains = ["com.amazonaws.", "cn.com.amazonaws.", "aws.", "api.aws."];
    domains.iter().any(|domain| service.starts_with(domain))
}

/// The last part of a whole name; a short one as it is.
fn short(service: &str) -> &str {
    if is_full(service) { service.rsplit('.').next().unwrap_or(service) } else { service }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_region_and_kind() {
        for (service, gateway, region, name) in [
            ("s3", true, "eu-central-1", "com.amazonaws.eu-central-1.s3"),
            ("ecr.api", false, "us-gov-west-1", "com.amazonaws.us-gov-west-1.ecr.api"),
            ("s3", true, "cn-north-1", "com.amazonaws.cn-north-1.s3"),
            ("s3", false, "cn-north-1", "cn.com.amazonaws.cn-north-1.s3"),
            ("ecr.dkr", false, "cn-northwest-1", "cn.com.amazonaws.cn-northwest-1.ecr.dkr"),
            ("logs", false, "cn-northwest-1", "com.amazonaws.cn-northwest-1.logs"),
            ("transcribe", false, "cn-north-1", "cn.com.amazonaws.cn-north-1.transcribe.cn"),
            (
                "com.amazonaws.vpce.eu-west-1.vpce-svc-0abc",
                false,
                "eu-west-1",
                "com.amazonaws.vpce.eu-west-1.vpce-svc-0abc",
            ),
            (
                "aws.sagemaker.eu-west-1.notebook",
                false,
                "eu-west-1",
                "aws.sagemaker.eu-west-1.notebook",
            ),
            ("api.aws.eu-west-1.cassandra", false, "eu-west-1", "api.aws.eu-west-1.cassandra"),
        ] {
            assert_eq!(full_name(service, gateway, region), name);
        }
    }

    #[test]
    fn knows_what_a_service_has() {
        for (service, gateway, private_names) in [
            ("s3", true, false),
            ("com.amazonaws.eu-west-1.dynamodb", true, false),
            ("sts", false, true),
            ("com.amazonaws.vpce.eu-west-1.vpce-svc-0abc", false, false),
        ] {
            assert_eq!(has_gateway(service), gateway, "{service}");
            assert_eq!(has_private_names(service), private_names, "{service}");
        }
    }

    #[test]
    fn the_list_is_sorted() {
        assert!(NAMED_BY_CHINA.is_sorted());
    }
}
