use chrono::TimeDelta;

use super::*;

const KEY: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
const SESSION: (&str, &str) = ("ASIAIOSFODNN7EXAMPLE", "secret/2");

struct Case {
    method: Method,
    uri: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static str,
    key: (&'static str, &'static str),
    service: &'static str,
}

/// Requests as botocore 1.42 signs them, at the same moment.
const CASES: [fn() -> Case; 5] = [
    || Case {
        method: Method::POST,
        uri: "/",
        headers: &[
            ("x-amz-target", "TrentService.DescribeKey"),
            ("content-type", "application/x-amz-json-1.1"),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/eu-central-1/kms/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=1f0261e59b0160bb5ded515e4611775ac6df734618c162cd0e407f8050cf0f8f",
            ),
        ],
        body: r#"{"KeyId":"a"}"#,
        key: KEY,
        service: "kms",
    },
    || Case {
        method: Method::GET,
        uri: "/clusters/a%20b?x=1&a=%2F",
        headers: &[
            ("x-amz-security-token", "token+/="),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=ASIAIOSFODNN7EXAMPLE/20261121/eu-central-1/eks/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=a90dda65cfb53bd3a99c81a68a945f29f68e4c9056d146f8f619b703aef00563",
            ),
        ],
        body: "",
        key: SESSION,
        service: "eks",
    },
    || Case {
        method: Method::PUT,
        uri: "/bucket/dir/a%20b.txt?partNumber=1&uploadId=u",
        headers: &[
            (
                "x-amz-content-sha256",
                "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
            ),
            (
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/eu-central-1/s3/aws4_request,SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=f8f4a96146037962c160d5304b1fb31410dab61ad27ae776e64ddcd321d694b9",
            ),
        ],
        body: "",
        key: KEY,
        service: "s3",
    },
    || Case {
        method: Method::GET,
        uri: "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAIOSFODNN7EXAMPLE%2F20261121%2Feu-central-1%2Fsts%2Faws4_request&X-Amz-Date=20261121T080000Z&X-Amz-Expires=60&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=token%2B%2F%3D&X-Amz-Signature=12ab05efd9d85de1dd9902aa514576a25d9458376a4c20eca8fe172178fc86d5",
        headers: &[("x-k8s-aws-id", "dev")],
        body: "",
        key: SESSION,
        service: "sts",
    },
    || Case {
        method: Method::GET,
        uri: "/bucket/key%2B?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261121%2Feu-central-1%2Fs3%2Faws4_request&X-Amz-Date=20261121T080000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=093a2e47c3e15885685ee1b477c665ff3267a093648a2aba9b647593d115703e",
        headers: &[],
        body: "",
        key: KEY,
        service: "s3",
    },
];

fn headers(case: &Case) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("127.0.0.1:4566"));
    headers.insert("x-amz-date", HeaderValue::from_static("20261121T080000Z"));
    for (name, value) in case.headers {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    headers
}

fn at_signing() -> DateTime<Utc> {
    "2026-11-21T08:00:00Z".parse().unwrap()
}

#[test]
fn accepts_what_botocore_signs_and_nothing_else() {
    for case in CASES.map(|case| case()) {
        let (uri, headers) = (case.uri.parse::<Uri>().unwrap(), headers(&case));
        let read = Signature::read(&uri, &headers).unwrap().unwrap();
        assert_eq!(
            (read.access_key.as_str(), read.service.as_str(), read.region.as_str()),
            (case.key.0, case.service, "eu-central-1")
        );
        let token = (case.key == SESSION).then(|| "token+/=".to_owned());
        assert_eq!(read.token, token, "{}", case.uri);
        let signed = Signed {
            method: &case.method,
            uri: &uri,
            headers: &headers,
            body: case.body.as_bytes(),
        };
        assert_eq!(read.check(case.key.1, at_signing(), &signed), Ok(()), "{}", case.uri);
        assert_eq!(read.check("another secret", at_signing(), &signed), Err(Mismatch::Wrong));
        let other = Signed { method: &Method::DELETE, ..signed };
        assert_eq!(read.check(case.key.1, at_signing(), &other), Err(Mismatch::Wrong));
        let later = at_signing() + TimeDelta::minutes(16);
        let late = read.check(case.key.1, later, &signed);
        assert!(matches!(late, Err(Mismatch::Expired { .. })), "{}", case.uri);
    }
}

#[test]
fn knows_the_headers_it_covers() {
    let case = CASES[3]();
    let read = Signature::read(&case.uri.parse().unwrap(), &headers(&case)).unwrap().unwrap();
    assert!(read.covers("x-k8s-aws-id"));
    assert!(!read.covers("x-amz-date"));
    assert_eq!(read.expires_seconds, Some(60));
}

#[test]
fn says_what_is_malformed() {
    let check = |authorization: &'static str, expected: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", HeaderValue::from_static(authorization));
        headers.insert("x-amz-date", HeaderValue::from_static("20261121T080000Z"));
        let error = Signature::read(&Uri::from_static("/"), &headers).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    check("AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0", "KEY/DATE/REGION");
    check("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=0", "lacks Credential");
    let none = Signature::read(&Uri::from_static("/"), &HeaderMap::new()).unwrap();
    assert_eq!(none, None);
}

#[test]
fn the_account_takes_the_place_of_the_key() {
    for case in CASES.map(|case| case()) {
        let (mut uri, mut headers) = (case.uri.parse::<Uri>().unwrap(), headers(&case));
        rewrite_access_key("111122223333", case.key.0, &mut uri, &mut headers);
        let read = Signature::read(&uri, &headers).unwrap().unwrap();
        assert_eq!(read.access_key, "111122223333", "{uri}");
        assert_eq!((read.service.as_str(), read.region.as_str()), (case.service, "eu-central-1"));
    }
}
