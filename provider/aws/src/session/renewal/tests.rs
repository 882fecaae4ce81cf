use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use chrono::TimeDelta;

use super::*;
use crate::passage;
use crate::testing::{Fake, Reply};

/// Gives another key every time it is asked: KEY1, KEY2 and so on.
#[derive(Clone, Debug, Default)]
struct Numbered(Arc<AtomicUsize>);

impl ProvideCredentials for Numbered {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let key = format!("KEY{number}");
        future::ProvideCredentials::ready(Ok(Credentials::new(key, "s", None, None, "test")))
    }
}

/// Makes a call for each time in seconds with the credentials that AWS takes; gives how many went
/// well, and how often credentials were got.
async fn calls(accepted: &'static [&'static str], times: &[u64]) -> (usize, usize) {
    let fake = Fake::with_own_sts(move |request| {
        if accepted.contains(&request.key.as_str()) {
            return Reply::query("GetCallerIdentity", "<Account>111122223333</Account>");
        }
        Reply::query_error("ExpiredToken", "The security token included in the request is expired")
    });
    let renewal = Renewal::default();
    let provider = Numbered::default();
    let client = passage::through(renewal.clone(), SharedHttpClient::new(fake.clone()));
    let config = fake
        .config()
        .to_builder()
        .credentials_provider(SharedCredentialsProvider::new(provider.clone()))
        .identity_cache(SharedIdentityCache::new(renewal))
        .http_client(client)
        .retry_config(RetryConfig::standard().with_max_attempts(4))
        .build();
    let config = aws_sdk_sts::config::Builder::from(&config).retry_classifier(RetryRenewed);
    let client = aws_sdk_sts::Client::from_conf(config.build());
    let begun = Instant::now();
    let mut fine = 0;
    for seconds in times {
        tokio::time::sleep_until(begun + Duration::from_secs(*seconds)).await;
        fine += usize::from(client.get_caller_identity().send().await.is_ok());
    }
    (fine, provider.0.load(Ordering::Relaxed))
}

#[tokio::test(start_paused = true)]
async fn ended_credentials_are_got_anew_and_the_call_made_again() {
    assert_eq!(calls(&["KEY1"], &[0, 10]).await, (2, 1));
    assert_eq!(calls(&["KEY2"], &[0, 10]).await, (2, 2));
    // What does not get better is not tried again and again.
    assert_eq!(calls(&[], &[0, 10, 20]).await, (0, 2));
    assert_eq!(calls(&["KEY3"], &[0, 10, 100]).await, (1, 3));
}

#[test]
fn credentials_that_nobody_renews_are_told_of() {
    let now = Utc::now();
    let check = |names: &[&str], end: TimeDelta, expected: Option<bool>| {
        let variable = |name: &str| match name {
            "AWS_CREDENTIAL_EXPIRATION" => Some((now + end).to_rfc3339()),
            name => names.contains(&name).then(|| "x".to_owned()),
        };
        let said = outlasted(Duration::from_secs(3600), now, variable);
        assert_eq!(said.map(|it| it.is_error()), expected, "{names:?} {end}");
    };
    let session = ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"];
    check(&session, TimeDelta::minutes(61), None);
    check(&session, TimeDelta::minutes(59), Some(false));
    check(&session, TimeDelta::minutes(-1), Some(true));
    check(&["AWS_ACCESS_KEY_ID"], TimeDelta::minutes(-1), None);
    check(&[], TimeDelta::minutes(-1), None);
    let nonsense = |_: &str| Some("soon".to_owned());
    assert_eq!(outlasted(Duration::from_secs(1), now, nonsense), None);
}
