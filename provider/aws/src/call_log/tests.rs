use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;

use super::*;

const SIGNED: &str = "AWS4-HMAC-SHA256 Credential=AKIA/20260131/eu-west-1/kms/aws4_request, \
                      SignedHeaders=host, Signature=s";

/// A request with headers; the operation's name is none where only the request itself tells it.
fn request(
    name: Option<&str>,
    address: &str,
    headers: &[(&'static str, &'static str)],
    body: &'static str,
) -> HttpRequest {
    let mut request = HttpRequest::get(address).unwrap().map(|_: SdkBody| SdkBody::from(body));
    for (name, value) in headers {
        request.headers_mut().insert(*name, *value);
    }
    if let Some(operation) = name {
        let account = Some("111122223333".to_owned());
        request.add_extension(Purpose { operation: operation.to_owned(), account });
    }
    request
}

#[test]
fn a_request_says_which_call_it_is_of() {
    let check = |request: HttpRequest, expected: (&str, &str, &str, &str, u32)| {
        let Line { service, operation, account, region, attempt } = Line::of(&request);
        let (account, region) = (account.unwrap_or_default(), region.unwrap_or_default());
        let found = (&*service, &*operation, &*account, &*region, attempt);
        assert_eq!(found, expected);
    };
    let agent = |agent: &'static str| ("x-amz-user-agent", agent);
    check(
        request(
            Some("DescribeCluster"),
            "https://eks.eu-west-1.amazonaws.com/clusters/main",
            &[
                agent("aws-sdk-rust/1.4.0 ua/2.1 api/eks/1.160.0 os/linux"),
                ("authorization", SIGNED),
                ("amz-sdk-request", "attempt=2; max=4"),
            ],
            "",
        ),
        ("eks", "DescribeCluster", "111122223333", "eu-west-1", 2),
    );
    check(
        request(
            None,
            "https://logs.eu-west-1.amazonaws.com/",
            &[
                agent("aws-sdk-rust/1.4.0 api/cloudwatchlogs#1.162.0"),
                ("x-amz-target", "Logs_20140328.DescribeLogGroups"),
            ],
            "{}",
        ),
        ("logs", "DescribeLogGroups", "", "", 1),
    );
    check(
        request(
            None,
            "http://127.0.0.1:4566/",
            &[agent("aws-sdk-rust/1.4.0 api/sts/1.124.0"), ("authorization", SIGNED)],
            "Action=AssumeRole&RoleArn=arn&ExternalId=secret",
        ),
        ("sts", "AssumeRole", "", "eu-west-1", 1),
    );
    check(
        request(
            None,
            "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?account_id=1",
            &[agent("aws-sdk-rust/1.4.0 api/sso/1.119.0")],
            "",
        ),
        ("sso", "GET /federation/credentials", "", "", 1),
    );
}

#[test]
fn an_answer_is_told_as_loudly_as_it_matters() {
    let check = |status: u16, error: Option<&str>, words: &str, expected: Weight| {
        let code = StatusCode::try_from(status).unwrap();
        let response = HttpResponse::new(code, SdkBody::empty());
        assert_eq!((&*outcome(&response, error), weight(Some(status), error)), (words, expected));
    };
    check(200, None, "succeeded", Weight::Expected);
    check(304, None, "succeeded", Weight::Expected);
    check(404, Some("ResourceInUse"), "failed: ResourceInUse", Weight::Expected);
    let missing = "InvalidVpcID.NotFound";
    check(400, Some(missing), "failed: InvalidVpcID.NotFound", Weight::Expected);
    check(400, Some("DependencyViolation"), "failed: DependencyViolation", Weight::Refused);
    check(400, Some("Throttling"), "failed: Throttling", Weight::Troubling);
    check(403, Some("AccessDenied"), "failed: AccessDenied", Weight::Troubling);
    check(403, None, "failed: HTTP status 403", Weight::Refused);
    check(503, None, "failed: HTTP status 503", Weight::Troubling);
    assert_eq!(weight(None, None), Weight::Troubling);
}
