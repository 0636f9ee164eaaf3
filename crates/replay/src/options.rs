//! What a replay is told: pace, times, limits, retries.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use otolith_capture::ReadOptions;

use crate::endpoint::{Endpoint, Headers};
use crate::retry::RetryPolicy;

/// How fast requests are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// Recorded gaps divided by this factor: 10.0 is ten times as fast. Finite and above 0; what
    /// is not is refused by [`crate::plan()`].
    Factor(f64),
    /// No gaps: as fast as the requests in flight allow.
    Max,
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Factor(factor) => write!(f, "{factor}x"),
            Self::Max => f.write_str("max"),
        }
    }
}

/// A text is not a speed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a factor above 0 such as `1x`, `10x` or `0.5x`, or `max`")]
pub struct BadSpeed;

impl FromStr for Speed {
    type Err = BadSpeed;

    /// Reads `1x`, `10x`, `0.5x`, `2` or `max`.
    fn from_str(text: &str) -> Result<Self, BadSpeed> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let number = text.strip_suffix('x').unwrap_or(text);
        let factor: f64 = number.parse().map_err(|_| BadSpeed)?;
        Self::Factor(factor).checked()
    }
}

impl Speed {
    /// The speed itself if its factor is finite and above 0.
    pub(crate) fn checked(self) -> Result<Self, BadSpeed> {
        match self {
            Self::Factor(factor) if !(factor.is_finite() && factor > 0.0) => Err(BadSpeed),
            speed => Ok(speed),
        }
    }
}

/// What happens to the times inside the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// They stay as recorded; bodies pass byte for byte.
    #[default]
    Keep,
    /// All are moved by one offset, which takes the time of the first request to the start of the
    /// run. Relations between times are kept, at any speed.
    Shift,
}

impl Times {
    /// The word for it: `keep` or `shift`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Shift => "shift",
        }
    }
}

/// How bodies are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip at its fastest level: the sender must keep its pace.
    Gzip,
}

impl Compression {
    /// The word for it: `none` or `gzip`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
        }
    }
}

/// What a replay is told. Made by [`ReplayOptions::new`], then changed field by field.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// The receiver.
    pub to: Endpoint,
    /// How fast. Default: as recorded, `1x`.
    pub speed: Speed,
    /// What happens to times inside. Default: they stay.
    pub times: Times,
    /// Most requests on their way at once, those that wait for a retry included; over HTTP/1.1
    /// also the most connections. When it is reached sending waits and lateness grows.
    ///
    /// Default 64: enough for 6 400 requests a second at an answer time of 10 ms, few enough that
    /// bodies of 1 MiB take 64 MiB.
    pub in_flight: NonZeroUsize,
    /// How bodies are compressed. Default: not.
    pub compression: Compression,
    /// Sent with each request. Values never appear in output, errors or `Debug`.
    pub headers: Headers,
    /// How long one attempt may take from connecting to the end of the answer; half of it for
    /// connecting. Default 10 s, as in the OpenTelemetry specification.
    pub timeout: Duration,
    /// When a request is sent again.
    pub retry: RetryPolicy,
    /// How captures are read.
    pub read: ReadOptions,
    /// Bounds on what a frame may hold.
    pub decode: otolith_otlp::Limits,
    /// Where the temporary file with the request bodies is made; the system's place for temporary
    /// files if not given. It takes as much room as all bodies together.
    pub spool_dir: Option<PathBuf>,
    /// Where failed requests are saved, as captures of 4-byte proto frames: `out/failed` gives
    /// `out/failed.traces.binpb` and so on, for each signal with failures. Bodies are saved as
    /// planned, before times were shifted. Not saved if not given.
    pub failed: Option<PathBuf>,
}

impl ReplayOptions {
    /// The defaults, to this receiver.
    pub fn new(to: Endpoint) -> Self {
        Self {
            to,
            speed: Speed::Factor(1.0),
            times: Times::default(),
            in_flight: NonZeroUsize::new(64).expect("64 is not 0"),
            compression: Compression::default(),
            headers: Headers::default(),
            timeout: Duration::from_secs(10),
            retry: RetryPolicy::default(),
            read: ReadOptions::default(),
            decode: otolith_otlp::Limits::DEFAULT,
            spool_dir: None,
            failed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: Option<Speed>) {
        assert_eq!(input.parse().ok(), expected, "{input}");
    }

    #[test]
    fn speeds_are_factors_or_max() {
        check("1x", Some(Speed::Factor(1.0)));
        check("0.5x", Some(Speed::Factor(0.5)));
        check("20", Some(Speed::Factor(20.0)));
        check("max", Some(Speed::Max));
        for bad in ["", "x", "0x", "-1x", "infx", "nan", "fast", "1xx"] {
            check(bad, None);
        }
    }

    #[test]
    fn debug_of_options_shows_no_header_values() {
        let mut options = ReplayOptions::new("http://localhost:4318".parse().unwrap());
        let headers = vec![("x-token".to_owned(), "s3cret".to_owned())];
        options.headers = Headers::new(headers).unwrap();
        let shown = format!("{options:?}");
        assert!(shown.contains("x-token"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
