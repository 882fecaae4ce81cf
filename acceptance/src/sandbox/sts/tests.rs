use http::Uri;

use super::*;
use crate::sandbox::client::Client;
use crate::sandbox::{Options, Sandbox};

async fn sandbox() -> Sandbox {
    Sandbox::bare(Options::default()).await.unwrap()
}

async fn check_error(client: &Client, operation: &str, parameters: &[(&str, &str)], part: &str) {
    let error = client.query("sts", operation, parameters).await.unwrap_err();
    assert!(error.to_string().contains(part), "{operation}: {error}");
}

#[tokio::test]
async fn answers_have_the_shape_of_the_query_protocol() {
    let sandbox = sandbox().await;
    let answer = sandbox.client().query("sts", "GetCallerIdentity", &[]).await.unwrap();
    assert_eq!(answer.name, "GetCallerIdentityResponse");
    assert_eq!(answer.attributes, [("xmlns".to_owned(), NAMESPACE.to_owned())]);
    assert_eq!(answer.text_at("GetCallerIdentityResult/Account"), "111122223333");
    assert_eq!(answer.text_at("ResponseMetadata/RequestId").len(), 36);
    let answer = sandbox.client().query("sts", "GetSessionToken", &[]).await.unwrap();
    let credentials = answer.at("GetSessionTokenResult/Credentials").unwrap();
    assert!(credentials.text_at("AccessKeyId").starts_with("ASIA"));
    assert!(
        credentials.text_at("Expiration").parse::<chrono::DateTime<Utc>>().unwrap() > Utc::now()
    );
}

#[tokio::test]
async fn bad_requests_are_named() {
    let sandbox = sandbox().await;
    let client = sandbox.client();
    let role = "arn:aws:iam::999999999999:role/deploy";
    let assume = "AssumeRole";
    check_error(&client, assume, &[("RoleArn", role)], "at 'roleSessionName'").await;
    check_error(&client, assume, &[("RoleSessionName", "me")], "at 'roleArn'").await;
    let name = ("RoleSessionName", "not/good");
    check_error(&client, assume, &[("RoleArn", role), name], "regular expression").await;
    let name = ("RoleSessionName", "good");
    check_error(&client, assume, &[("RoleArn", "deploy"), name], "deploy is invalid").await;
    // Nobody but Organizations makes accounts.
    let denied = "AccessDenied: User: arn:aws:iam::111122223333:user/sandbox is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::999999999999:role/deploy";
    check_error(&client, assume, &[("RoleArn", role), name], denied).await;
    let short = ("DurationSeconds", "60");
    check_error(&client, "GetSessionToken", &[short], "greater than or equal to 900").await;
    check_error(&client, "GetNothing", &[], "InvalidAction: Could not find operation").await;
}

/// A presigned URL as a Kubernetes client makes it, signed by hand.
fn token_url(sandbox: &Sandbox, cluster: &str, expires_seconds: u32) -> String {
    let connection = sandbox.connection();
    let now = Utc::now();
    let scope = format!("{}/{}/sts/aws4_request", now.format("%Y%m%d"), connection.region);
    let url = format!(
        "{}/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}%2F{}&X-Amz-Date={}&X-Amz-Expires={expires_seconds}&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id",
        connection.endpoint,
        connection.access_key_id,
        scope.replace('/', "%2F"),
        now.format("%Y%m%dT%H%M%SZ"),
    );
    let uri: Uri = format!("{url}&X-Amz-Signature=0").parse().unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("host", uri.authority().unwrap().as_str().parse().unwrap());
    headers.insert("x-k8s-aws-id", cluster.parse().unwrap());
    let signature = Signature::read(&uri, &HeaderMap::new()).unwrap().unwrap();
    let request = Signed { method: &Method::GET, uri: &uri, headers: &headers, body: b"" };
    let value = signature.expected(&connection.secret_access_key, &request);
    format!("{url}&X-Amz-Signature={value}")
}

#[tokio::test]
async fn tokens_prove_who_signed_them_for_which_cluster() {
    let sandbox = sandbox().await;
    let url = token_url(&sandbox, "dev", 60);
    let ask = |url: &str, cluster: &str| {
        identify(url, &[("x-k8s-aws-id", cluster)], sandbox.world()).map(|caller| caller.arn)
    };
    assert_eq!(ask(&url, "dev"), Ok("arn:aws:iam::111122223333:user/sandbox".to_owned()));
    let check = |url: &str, cluster: &str, part: &str| {
        let error = ask(url, cluster).unwrap_err();
        assert!(error.contains(part), "{error}");
    };
    check(&url, "prod", "not that of the key");
    check(&url.replace("GetCallerIdentity", "GetSessionToken"), "dev", "something else");
    check(&url.replace("%3Bx-k8s-aws-id", ""), "dev", "does not cover x-k8s-aws-id");
    check("http://127.0.0.1/?Action=GetCallerIdentity", "dev", "not signed");
    let unknown = url.replace(&sandbox.connection().access_key_id, "AKIAAAAAAAAAAAAAAAAA");
    check(&unknown, "dev", "not known");
}
