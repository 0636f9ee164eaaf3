//! When a request is sent again, and how long to wait before.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;

use crate::schedule::Turn;

/// When a request is sent again, and how long to wait before.
///
/// Repeated are HTTP 429, 502, 503 and 504, failed connections, lost connections and timeouts;
/// nothing else, and never what was answered with success. `Retry-After` of a 429 or 503 is
/// waited for exactly; otherwise the wait is `initial_backoff`, growing by half with each attempt
/// to at most `max_backoff`, times a factor between 0.5 and 1.5.
///
/// The end of both bounds counts as failure. So does at once a `Retry-After` that would go beyond
/// `max_elapsed`. Until the receiver has answered anything at all, a failed connection is
/// repeated at most twice, and what has no valid certificate or does not speak HTTP is not tried
/// again: a wrong address should be told soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Most attempts for one request, the first one included; 1 never repeats. Default 10.
    pub max_attempts: u32,
    /// Most time from the first attempt of a request to the beginning of its last; zero never
    /// repeats. Default 5 min.
    pub max_elapsed: Duration,
    /// Wait before the second attempt. Default 1 s.
    pub initial_backoff: Duration,
    /// Longest wait, unless the receiver asks for more. Default 30 s.
    pub max_backoff: Duration,
    /// Seed of the random factor: the same seed gives request number n of a loop the same waits. Default 0.
    pub seed: u64,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 10,
            max_elapsed: Duration::from_secs(5 * 60),
            initial_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(30),
            seed: 0,
        }
    }
}

/// Attempts at a receiver that has never answered.
const ATTEMPTS_BEFORE_FIRST_ANSWER: u32 = 3;

/// What the last attempt of a request leaves to go by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempted {
    /// The request.
    pub(crate) turn: Turn,
    /// Attempts so far.
    pub(crate) attempts: u32,
    /// Since the first attempt began.
    pub(crate) elapsed: Duration,
    /// What the receiver asked for.
    pub(crate) retry_after: Option<Duration>,
    /// Whether there is a receiver.
    pub(crate) receiver: Receiver,
}

/// Whether there is a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receiver {
    /// It has answered before, or may have got the request.
    Present,
    /// It has never answered, and no connection came about.
    Absent,
    /// It has never answered, and what is there is none: the next attempt would find the same.
    Wrong,
}

impl RetryPolicy {
    /// How long to wait before the next attempt at something repeatable, or `None` to give up.
    pub(crate) fn wait(&self, attempted: Attempted) -> Option<Duration> {
        let most = match attempted.receiver {
            Receiver::Present => self.max_attempts,
            Receiver::Absent => self.max_attempts.min(ATTEMPTS_BEFORE_FIRST_ANSWER),
            Receiver::Wrong => 1,
        };
        if attempted.attempts >= most {
            return None;
        }
        let wait = match attempted.retry_after {
            Some(asked) => asked,
            None => self.backoff(attempted),
        };
        let until = attempted.elapsed.checked_add(wait)?;
        (until < self.max_elapsed).then_some(wait)
    }

    fn backoff(&self, attempted: Attempted) -> Duration {
        // Beyond 1.5^60 every wait is the longest one.
        let exponent = attempted.attempts.saturating_sub(1).min(60);
        let grown = self.initial_backoff.as_secs_f64() * 1.5_f64.powi(exponent as i32);
        let wait = grown.min(self.max_backoff.as_secs_f64());
        let Turn { pass, request } = attempted.turn;
        let number = u64::from(request).rotate_left(32) ^ mix(pass);
        let random = mix(mix(self.seed ^ number) ^ u64::from(attempted.attempts));
        // The 53 bits that a double holds.
        let unit = (random >> 11) as f64 / (1_u64 << 53) as f64;
        Duration::try_from_secs_f64(wait * (0.5 + unit)).unwrap_or(self.max_backoff)
    }
}

/// The finalizer of SplitMix64: spreads every bit of its input.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Whether an HTTP status may be repeated.
pub(crate) fn is_retryable(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// Whether `Retry-After` counts with this status.
pub(crate) fn honours_retry_after(status: u16) -> bool {
    matches!(status, 429 | 503)
}

/// Reads `Retry-After`: seconds, or an HTTP date, which is a past one if it is before `now`.
/// `None` for what is neither.
pub(crate) fn parse_retry_after(text: &str, now_unix_nano: u64) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than fit are more seconds than anyone waits.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = DateTimeParser::new().parse_timestamp(text).ok()?;
    let wait = at.as_nanosecond() - i128::from(now_unix_nano);
    Some(Duration::from_nanos(u64::try_from(wait).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 784_111_777 * 1_000_000_000;

    #[track_caller]
    fn check(input: &str, expected: Option<u64>) {
        let seconds = parse_retry_after(input, NOW).map(|wait| wait.as_secs());
        assert_eq!(seconds, expected, "{input}");
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        check("0", Some(0));
        check(" 120 ", Some(120));
        check("99999999999999999999999", Some(u64::MAX));
        check("Sun, 06 Nov 1994 08:49:47 GMT", Some(10));
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        for bad in ["", "soon", "-1", "1.5", "1994-11-06"] {
            check(bad, None);
        }
    }

    fn attempted(attempts: u32) -> Attempted {
        Attempted {
            turn: Turn {
                pass: 0,
                request: 7,
            },
            attempts,
            elapsed: Duration::ZERO,
            retry_after: None,
            receiver: Receiver::Present,
        }
    }

    #[test]
    fn waits_grow_with_jitter_to_the_longest() {
        let policy = RetryPolicy::default();
        for attempts in 1..10 {
            let wait = policy.wait(attempted(attempts)).unwrap().as_secs_f64();
            let plain = 1.5_f64.powi(attempts as i32 - 1).min(30.0);
            assert!(
                (0.5 * plain..=1.5 * plain).contains(&wait),
                "{attempts}: {wait}"
            );
            assert_eq!(
                policy.wait(attempted(attempts)).unwrap().as_secs_f64(),
                wait
            );
        }
        assert_eq!(policy.wait(attempted(10)), None);
        let other = RetryPolicy { seed: 1, ..policy };
        assert_ne!(policy.wait(attempted(1)), other.wait(attempted(1)));
    }

    #[test]
    fn what_the_receiver_asks_for_is_waited_for_exactly_or_not_at_all() {
        let policy = RetryPolicy::default();
        let asked = |seconds| Attempted {
            retry_after: Some(Duration::from_secs(seconds)),
            ..attempted(1)
        };
        assert_eq!(policy.wait(asked(0)), Some(Duration::ZERO));
        assert_eq!(policy.wait(asked(299)), Some(Duration::from_secs(299)));
        assert_eq!(policy.wait(asked(300)), None);
        assert_eq!(policy.wait(asked(u64::MAX)), None);
    }

    #[test]
    fn bounds_end_it() {
        let none = RetryPolicy {
            max_elapsed: Duration::ZERO,
            ..RetryPolicy::default()
        };
        assert_eq!(none.wait(attempted(1)), None);
        let policy = RetryPolicy::default();
        let absent = |attempts| Attempted {
            receiver: Receiver::Absent,
            ..attempted(attempts)
        };
        assert!(policy.wait(absent(2)).is_some());
        assert_eq!(policy.wait(absent(3)), None);
        let wrong = Attempted {
            receiver: Receiver::Wrong,
            ..attempted(1)
        };
        assert_eq!(policy.wait(wrong), None);
        let longest = RetryPolicy {
            max_attempts: u32::MAX,
            initial_backoff: Duration::MAX,
            max_backoff: Duration::MAX,
            ..policy
        };
        assert_eq!(longest.wait(attempted(u32::MAX - 1)), None);
    }
}
