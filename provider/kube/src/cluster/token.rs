//! Bearer tokens: where they come from, and keeping one that is still good.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use http::HeaderValue;
use tokio::sync::Mutex;

use crate::error::BoxError;

/// Gives bearer tokens for one cluster.
#[async_trait]
pub trait TokenSource: Send + Sync + fmt::Debug {
    /// A token that is good now.
    async fn token(&self) -> Result<Token, BoxError>;
}

/// A bearer token. Its value is never shown.
#[derive(Clone)]
pub struct Token {
    value: String,
    expires_at: Option<SystemTime>,
}

impl Token {
    /// A token with the time from which it is no longer accepted; none where it has no end.
    pub fn new(value: impl Into<String>, expires_at: Option<SystemTime>) -> Self {
        Token { value: value.into(), expires_at }
    }

    /// The token itself: a secret.
    pub fn reveal(&self) -> &str {
        &self.value
    }

    /// From when on it is no longer accepted; none where it has no end.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.expires_at
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Token").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A token that never changes, as service accounts of old and static token files have them.
#[derive(Debug, Clone)]
pub struct StaticToken(Token);

impl StaticToken {
    /// A source that always gives `value`.
    pub fn new(value: impl Into<String>) -> Self {
        StaticToken(Token::new(value, None))
    }
}

#[async_trait]
impl TokenSource for StaticToken {
    async fn token(&self) -> Result<Token, BoxError> {
        Ok(self.0.clone())
    }
}

/// How long before its end a token is replaced.
const REFRESH_BEFORE: Duration = Duration::from_secs(60);

/// Holds the current token and fetches the next before the current one ends; one fetch at a time.
#[derive(Debug)]
pub(super) struct TokenCache {
    source: Arc<dyn TokenSource>,
    current: Mutex<Option<Token>>,
}

impl TokenCache {
    pub(super) fn new(source: Arc<dyn TokenSource>) -> Self {
        TokenCache { source, current: Mutex::new(None) }
    }

    /// The Authorization header to send now.
    pub(super) async fn header(&self) -> Result<HeaderValue, BoxError> {
        let mut current = self.current.lock().await;
        let now = SystemTime::now();
        if let Some(token) = &*current
            && token.expires_at.is_none_or(|end| now + REFRESH_BEFORE < end)
        {
            return header_of(token);
        }
        match self.source.token().await {
            Ok(token) => {
                let header = header_of(&token)?;
                *current = Some(token);
                Ok(header)
            }
            // A token that is about to end is still good for this call; the next one tries again.
            Err(error) => match &*current {
                Some(token) if token.expires_at.is_none_or(|end| now < end) => {
                    tracing::warn!(%error, "the cluster's token could not be renewed before its end");
                    header_of(token)
                }
                _ => Err(error),
            },
        }
    }

    /// Forgets the current token, because the cluster refused the header it made. A token fetched since then stays.
    pub(super) async fn forget(&self, refused: &HeaderValue) {
        let mut current = self.current.lock().await;
        if let Some(token) = &*current
            && header_of(token).is_ok_and(|header| header == *refused)
        {
            *current = None;
        }
    }
}

fn header_of(token: &Token) -> Result<HeaderValue, BoxError> {
    let header = HeaderValue::try_from(format!("Bearer {}", token.value));
    let mut header = header.map_err(|_| "the token holds characters a header cannot carry")?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Debug)]
    struct Counting {
        fetched: AtomicUsize,
        lifetime: Option<Duration>,
        fails_from: usize,
    }

    #[async_trait]
    impl TokenSource for Counting {
        async fn token(&self) -> Result<Token, BoxError> {
            let number = self.fetched.fetch_add(1, Ordering::SeqCst);
            if number >= self.fails_from {
                return Err("no more tokens".into());
            }
            Ok(Token::new(
                format!("t{number}"),
                self.lifetime.map(|lifetime| SystemTime::now() + lifetime),
            ))
        }
    }

    async fn check(lifetime: Option<u64>, fails_from: usize, expected: [Option<&str>; 3]) {
        let lifetime = lifetime.map(Duration::from_secs);
        let cache = TokenCache::new(Arc::new(Counting {
            fetched: AtomicUsize::new(0),
            lifetime,
            fails_from,
        }));
        for expected in expected {
            let header = cache.header().await.ok();
            let expected = expected.map(|token| format!("Bearer {token}"));
            assert_eq!(header.as_ref().map(|header| header.to_str().unwrap().to_owned()), expected);
        }
    }

    #[tokio::test]
    async fn a_token_is_kept_until_shortly_before_its_end() {
        check(None, 9, [Some("t0"), Some("t0"), Some("t0")]).await;
        check(Some(900), 9, [Some("t0"), Some("t0"), Some("t0")]).await;
        check(Some(30), 9, [Some("t0"), Some("t1"), Some("t2")]).await;
    }

    #[tokio::test]
    async fn a_failed_renewal_uses_the_token_while_it_is_good() {
        check(Some(30), 1, [Some("t0"), Some("t0"), Some("t0")]).await;
        check(Some(0), 1, [Some("t0"), None, None]).await;
        check(None, 0, [None, None, None]).await;
    }

    #[tokio::test]
    async fn a_refused_token_is_forgotten_but_not_its_successor() {
        let source = Counting { fetched: AtomicUsize::new(0), lifetime: None, fails_from: 9 };
        let cache = TokenCache::new(Arc::new(source));
        let first = cache.header().await.unwrap();
        cache.forget(&first).await;
        let second = cache.header().await.unwrap();
        assert_eq!(second.to_str().unwrap(), "Bearer t1");
        cache.forget(&first).await;
        assert_eq!(cache.header().await.unwrap(), second);
    }

    #[test]
    fn a_token_is_never_shown() {
        let source = StaticToken::new("sesame");
        assert!(!format!("{source:?}").contains("sesame"));
        let error = header_of(&Token::new("sesame\n", None)).unwrap_err();
        assert!(!error.to_string().contains("sesame"));
    }
}
