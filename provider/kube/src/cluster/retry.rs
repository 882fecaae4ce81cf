//! When a call is tried again, and after how long: full jitter, and what the cluster asks for in Retry-After.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use http::{HeaderMap, StatusCode};

use crate::error::Unreachable;

/// The longest pause the exponential growth leads to.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// The first pause's upper bound.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause a cluster can ask for.
const LONGEST_REQUESTED_PAUSE: Duration = Duration::from_secs(60);

/// The pause before the next attempt: random between nothing and a bound that doubles, on top of what the cluster asks
/// for. `attempt` counts from 1.
pub(super) fn pause(attempt: u32, requested: Option<Duration>) -> Duration {
    let bound =
        FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(10)).min(LONGEST_PAUSE);
    let jitter = bound.mul_f64(rand::random::<f64>());
    requested.unwrap_or_default().min(LONGEST_REQUESTED_PAUSE) + jitter
}

/// What the cluster asks for in Retry-After, in seconds; dates, which no API server sends, count as nothing.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Whether an answer of this status may turn out better next time. What cannot be repeated without harm is only tried
/// again where the cluster says that it did not begin.
pub(super) fn may_pass(status: StatusCode, repeatable: bool) -> bool {
    match status.as_u16() {
        429 => true,
        500 | 502 | 503 | 504 => repeatable,
        _ => false,
    }
}

/// How often at most a call is tried that fails below HTTP. An address that does not answer will hardly do so in the
/// next seconds, and whoever typed it wrong should hear of it soon.
pub(super) fn attempts_for(cause: Unreachable, repeatable: bool, attempts: u32) -> u32 {
    match cause {
        // The request never left, so even what cannot be repeated may be tried again.
        Unreachable::Dns | Unreachable::Refused | Unreachable::Proxy => attempts.min(3),
        Unreachable::ConnectTimeout => attempts.min(2),
        Unreachable::Tls => 1,
        _ if !repeatable => 1,
        Unreachable::Timeout => attempts.min(2),
        Unreachable::Reset | Unreachable::Other => attempts,
    }
}

/// What kept the answer away, read from the chain of errors below.
pub(super) fn cause_of(error: &(dyn StdError + 'static)) -> Unreachable {
    let mut is_connect = false;
    let mut found = None;
    let mut current = Some(error);
    while let Some(cause) = current {
        if let Some(client) = cause.downcast_ref::<hyper_util::client::legacy::Error>() {
            is_connect |= client.is_connect();
        }
        // The connector's own error type is private; its words are all there is.
        let words = cause.to_string();
        if words.starts_with("dns error") {
            return Unreachable::Dns;
        }
        if words.starts_with("tunnel error")
            || words.starts_with("SOCKS error")
            || words.starts_with("socks error")
        {
            found = Some(Unreachable::Proxy);
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            found = found.or(cause_of_io(io, is_connect));
            // What an io::Error wraps is not its source: its source is the source of that.
            if let Some(inner) = io.get_ref() {
                current = Some(inner);
                continue;
            }
        }
        if cause.is::<rustls::Error>() {
            return Unreachable::Tls;
        }
        if let Some(hyper) = cause.downcast_ref::<hyper::Error>()
            && (hyper.is_incomplete_message() || hyper.is_closed() || hyper.is_canceled())
        {
            found = found.or(Some(Unreachable::Reset));
        }
        current = cause.source();
    }
    found.unwrap_or(Unreachable::Other)
}

fn cause_of_io(error: &io::Error, is_connect: bool) -> Option<Unreachable> {
    use io::ErrorKind::*;
    match error.kind() {
        ConnectionRefused | HostUnreachable | NetworkUnreachable | AddrNotAvailable => {
            Some(Unreachable::Refused)
        }
        TimedOut if is_connect => Some(Unreachable::ConnectTimeout),
        TimedOut => Some(Unreachable::Timeout),
        ConnectionReset | ConnectionAborted | BrokenPipe | UnexpectedEof | NotConnected => {
            Some(Unreachable::Reset)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_stay_within_their_bounds() {
        for attempt in 1..=40 {
            let bound = FIRST_PAUSE * 2u32.pow((attempt - 1).min(6));
            for _ in 0..50 {
                assert!(pause(attempt, None) <= bound.min(LONGEST_PAUSE));
                let asked = pause(attempt, Some(Duration::from_secs(3)));
                assert!(
                    asked >= Duration::from_secs(3)
                        && asked <= Duration::from_secs(3) + LONGEST_PAUSE
                );
            }
        }
        assert!(
            pause(1, Some(Duration::from_secs(86_400))) <= LONGEST_REQUESTED_PAUSE + LONGEST_PAUSE
        );
    }

    #[test]
    fn what_cannot_be_repeated_is_tried_again_only_where_it_did_not_begin() {
        let check = |status: u16, repeatable, expected| {
            assert_eq!(
                may_pass(StatusCode::from_u16(status).unwrap(), repeatable),
                expected,
                "{status}"
            );
        };
        check(429, false, true);
        check(429, true, true);
        check(500, true, true);
        check(503, true, true);
        check(503, false, false);
        check(501, true, false);
        check(409, true, false);
        check(404, true, false);
        assert_eq!(attempts_for(Unreachable::Reset, false, 7), 1);
        assert_eq!(attempts_for(Unreachable::Reset, true, 7), 7);
        assert_eq!(attempts_for(Unreachable::Refused, false, 7), 3);
        assert_eq!(attempts_for(Unreachable::Tls, true, 7), 1);
    }

    #[test]
    fn only_seconds_are_taken_from_retry_after() {
        let check = |text: &str, expected: Option<u64>| {
            let mut headers = HeaderMap::new();
            headers.insert(http::header::RETRY_AFTER, text.parse().unwrap());
            assert_eq!(retry_after(&headers), expected.map(Duration::from_secs), "{text}");
        };
        check("2", Some(2));
        check(" 7 ", Some(7));
        check("Wed, 21 Oct 2026 07:28:00 GMT", None);
        check("-1", None);
    }

    #[test]
    fn the_cause_is_found_in_the_chain() {
        let check = |kind: io::ErrorKind, expected| {
            assert_eq!(cause_of(&io::Error::from(kind)), expected, "{kind:?}");
        };
        check(io::ErrorKind::ConnectionRefused, Unreachable::Refused);
        check(io::ErrorKind::ConnectionReset, Unreachable::Reset);
        check(io::ErrorKind::TimedOut, Unreachable::Timeout);
        check(io::ErrorKind::PermissionDenied, Unreachable::Other);
        let tls = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert_eq!(
            cause_of(&io::Error::other(io::Error::new(io::ErrorKind::InvalidData, tls))),
            Unreachable::Tls
        );
    }
}
