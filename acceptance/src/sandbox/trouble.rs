//! The errors every service has, each with the code and status that the service's protocol gives it.
//!
//! Follows the "common errors" pages of the services' API references, and EC2's and S3's error code pages.

use serde::{Deserialize, Serialize};

use super::wire::{Protocol, ServiceError};

/// A trouble that any service can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// Too many requests.
    Throttled,
    /// The session's credentials have run out.
    ExpiredToken,
    /// The access key, or the session token that goes with it, is not known.
    UnknownKey,
    /// The request is not signed.
    NotSigned,
    /// The signature is not that of the key.
    WrongSignature,
    /// The caller may not do this.
    AccessDenied,
    /// The thing asked for does not exist.
    NotFound,
    /// The service failed (500).
    Failure,
    /// The service is not available (503).
    Unavailable,
}

impl Trouble {
    /// The error of `service` for this trouble with `operation`.
    pub fn of(self, protocol: Protocol, service: &str, operation: &str) -> ServiceError {
        let (status, code) = match self {
            Self::NotFound => not_found(protocol, service, operation),
            _ => self.status_and_code(protocol, service),
        };
        ServiceError::new(code, self.message(operation)).with_status(status)
    }

    fn message(self, operation: &str) -> String {
        match self {
            Self::Throttled => "Rate exceeded".to_owned(),
            Self::ExpiredToken => {
                "The security token included in the request is expired".to_owned()
            }
            Self::UnknownKey => "The security token included in the request is invalid.".to_owned(),
            Self::NotSigned => "Request is missing Authentication Token".to_owned(),
            Self::WrongSignature => {
                "The request signature we calculated does not match the signature you provided. \
                 Check your AWS Secret Access Key and signing method."
                    .to_owned()
            }
            Self::AccessDenied => format!("User is not authorized to perform: {operation}"),
            Self::NotFound => format!("{operation}: the resource does not exist"),
            Self::Failure => "An internal error has occurred".to_owned(),
            Self::Unavailable => "The service is unavailable. Please try again shortly.".to_owned(),
        }
    }

    fn status_and_code(self, protocol: Protocol, service: &str) -> (u16, String) {
        use Protocol::{Cbor, Ec2, Json10, Json11, Query, RestJson, RestXml, S3};
        let (status, code) = match (self, protocol) {
            (Self::Throttled, Ec2) => (503, "RequestLimitExceeded"),
            (Self::Throttled, S3) => (503, "SlowDown"),
            (Self::Throttled, Query | RestXml) => (400, "Throttling"),
            (Self::Throttled, RestJson) if service == "lambda" => (429, "TooManyRequestsException"),
            (Self::Throttled, RestJson) => (429, "ThrottlingException"),
            (Self::Throttled, _) if service == "organizations" => (400, "TooManyRequestsException"),
            (Self::Throttled, _) => (400, "ThrottlingException"),

            (Self::ExpiredToken, Ec2) => (400, "RequestExpired"),
            (Self::ExpiredToken, S3) => (400, "ExpiredToken"),
            (Self::ExpiredToken, Query | RestXml) => (403, "ExpiredToken"),
            (Self::ExpiredToken, RestJson) => (403, "ExpiredTokenException"),
            (Self::ExpiredToken, _) => (400, "ExpiredTokenException"),

            (Self::UnknownKey, Ec2) => (401, "AuthFailure"),
            (Self::UnknownKey, S3) => (403, "InvalidAccessKeyId"),
            (Self::UnknownKey, Query | RestXml) => (403, "InvalidClientTokenId"),
            (Self::UnknownKey, RestJson) => (403, "UnrecognizedClientException"),
            (Self::UnknownKey, _) => (400, "UnrecognizedClientException"),

            (Self::NotSigned, S3) => (403, "AccessDenied"),
            (Self::NotSigned, Query | Ec2 | RestXml) => (403, "MissingAuthenticationToken"),
            (Self::NotSigned, RestJson) => (403, "MissingAuthenticationTokenException"),
            (Self::NotSigned, _) => (400, "MissingAuthenticationTokenException"),

            (Self::WrongSignature, Ec2) => (401, "AuthFailure"),
            (Self::WrongSignature, S3 | Query | RestXml) => (403, "SignatureDoesNotMatch"),
            (Self::WrongSignature, RestJson) => (403, "InvalidSignatureException"),
            (Self::WrongSignature, _) => (400, "InvalidSignatureException"),

            (Self::AccessDenied, Ec2) => (403, "UnauthorizedOperation"),
            (Self::AccessDenied, S3 | Query | RestXml) => (403, "AccessDenied"),
            (Self::AccessDenied, RestJson) => (403, "AccessDeniedException"),
            (Self::AccessDenied, _) => (400, "AccessDeniedException"),

            (Self::Failure, Ec2 | S3) => (500, "InternalError"),
            (Self::Failure, Query | RestXml) => (500, "InternalFailure"),
            (Self::Failure, Json10 | Json11 | Cbor) if service == "kms" => {
                (500, "KMSInternalException")
            }
            (Self::Failure, _) => (500, "InternalServerError"),

            (Self::Unavailable, Ec2) => (503, "Unavailable"),
            (Self::Unavailable, S3 | Query | RestXml) => (503, "ServiceUnavailable"),
            (Self::Unavailable, _) => (503, "ServiceUnavailableException"),

            (Self::NotFound, _) => (404, "ResourceNotFoundException"),
        };
        (status, code.to_owned())
    }
}

fn not_found(protocol: Protocol, service: &str, operation: &str) -> (u16, String) {
    if protocol == Protocol::Ec2 {
        return (400, ec2_not_found(operation));
    }
    let (status, code) = match service {
        "iam" => (404, "NoSuchEntity"),
        "kms" => (400, "NotFoundException"),
        "s3" if operation.contains("Object") => (404, "NoSuchKey"),
        "s3" => (404, "NoSuchBucket"),
        "route53" => (404, "NoSuchHostedZone"),
        "ssm" => (400, "ParameterNotFound"),
        "organizations" if operation.contains("Unit") => {
            (400, "OrganizationalUnitNotFoundException")
        }
        "organizations" if operation.contains("Account") => (400, "AccountNotFoundException"),
        "organizations" if operation.contains("Policy") => (400, "PolicyNotFoundException"),
        "organizations" => (400, "TargetNotFoundException"),
        "elbv2" if operation.contains("TargetGroup") => (400, "TargetGroupNotFound"),
        "elbv2" => (400, "LoadBalancerNotFound"),
        _ => match protocol {
            Protocol::RestJson => (404, "ResourceNotFoundException"),
            Protocol::Query => (404, "NoSuchEntity"),
            _ => (400, "ResourceNotFoundException"),
        },
    };
    (status, code.to_owned())
}

/// EC2's code for a missing thing, from the operation's noun.
fn ec2_not_found(operation: &str) -> String {
    let start = operation.char_indices().skip(1).find(|(_, letter)| letter.is_ascii_uppercase());
    let noun = start.map_or(operation, |(at, _)| &operation[at..]);
    let noun = noun.strip_suffix('s').unwrap_or(noun);
    match noun {
        "NatGateway" => "NatGatewayNotFound".to_owned(),
        "SecurityGroup" => "InvalidGroup.NotFound".to_owned(),
        "Addresse" | "Address" => "InvalidAllocationID.NotFound".to_owned(),
        "Volume" | "Snapshot" => format!("Invalid{noun}.NotFound"),
        "VpcEndpoint" | "FlowLog" => format!("Invalid{noun}Id.NotFound"),
        _ => format!("Invalid{noun}ID.NotFound"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(
        trouble: Trouble,
        protocol: Protocol,
        service: &str,
        operation: &str,
        expected: (u16, &str),
    ) {
        let error = trouble.of(protocol, service, operation);
        assert_eq!(
            (error.status, error.code.as_str()),
            expected,
            "{trouble:?} of {service} {operation}"
        );
    }

    #[test]
    fn each_protocol_names_its_troubles() {
        use Protocol::{Cbor, Ec2, Json11, Query, RestJson, RestXml, S3};
        use Trouble::{
            AccessDenied, ExpiredToken, Failure, NotFound, NotSigned, Throttled, UnknownKey,
            WrongSignature,
        };
        check(Throttled, Ec2, "ec2", "CreateVpc", (503, "RequestLimitExceeded"));
        check(Throttled, S3, "s3", "PutObject", (503, "SlowDown"));
        check(Throttled, Query, "iam", "GetRole", (400, "Throttling"));
        check(Throttled, Json11, "kms", "CreateKey", (400, "ThrottlingException"));
        check(
            Throttled,
            Json11,
            "organizations",
            "CreateAccount",
            (400, "TooManyRequestsException"),
        );
        check(Throttled, RestJson, "eks", "CreateCluster", (429, "ThrottlingException"));
        check(ExpiredToken, Ec2, "ec2", "CreateVpc", (400, "RequestExpired"));
        check(ExpiredToken, Query, "sts", "GetCallerIdentity", (403, "ExpiredToken"));
        check(ExpiredToken, Json11, "kms", "CreateKey", (400, "ExpiredTokenException"));
        check(UnknownKey, Query, "sts", "GetCallerIdentity", (403, "InvalidClientTokenId"));
        check(UnknownKey, Json11, "kms", "CreateKey", (400, "UnrecognizedClientException"));
        check(UnknownKey, RestJson, "eks", "ListClusters", (403, "UnrecognizedClientException"));
        check(UnknownKey, Ec2, "ec2", "DescribeVpcs", (401, "AuthFailure"));
        check(UnknownKey, S3, "s3", "ListBuckets", (403, "InvalidAccessKeyId"));
        check(NotSigned, Json11, "kms", "ListKeys", (400, "MissingAuthenticationTokenException"));
        check(WrongSignature, RestXml, "route53", "GetChange", (403, "SignatureDoesNotMatch"));
        check(AccessDenied, Ec2, "ec2", "CreateVpc", (403, "UnauthorizedOperation"));
        check(Failure, Cbor, "cloudwatch", "PutMetricAlarm", (500, "InternalServerError"));
        check(NotFound, Query, "iam", "GetRole", (404, "NoSuchEntity"));
        check(NotFound, Ec2, "ec2", "DescribeVpcs", (400, "InvalidVpcID.NotFound"));
        check(NotFound, Ec2, "ec2", "DeleteNatGateway", (400, "NatGatewayNotFound"));
        check(NotFound, Ec2, "ec2", "DescribeSubnets", (400, "InvalidSubnetID.NotFound"));
        check(NotFound, Ec2, "ec2", "DescribeAddresses", (400, "InvalidAllocationID.NotFound"));
        check(NotFound, Ec2, "ec2", "DescribeVpcEndpoints", (400, "InvalidVpcEndpointId.NotFound"));
        check(NotFound, RestJson, "eks", "DescribeCluster", (404, "ResourceNotFoundException"));
    }
}
