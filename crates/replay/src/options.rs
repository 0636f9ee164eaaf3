//! What a replay is told: pace, times, limits, retries.

use std::fmt;
use std::num::{NonZeroU16, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use otolith_capture::{ReadOptions, Signal};

use crate::dress::Wardrobe;
use crate::endpoint::{Endpoint, shown};
use crate::error::ReplayError;
use crate::headers::Headers;
use crate::retry::RetryPolicy;
use crate::route::{Compression, HttpVersion, Protocol, Route, TlsFiles};
use crate::transport::HttpTransport;

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
    /// Each request is moved to its moment of sending: spans and log records by the distance from
    /// the time of their request, so that durations stay; metrics by a map of all their times, so
    /// that starts of series stay equal and intervals adjacent, see `live.rs`.
    Live,
}

impl Times {
    /// The word for it: `keep`, `shift` or `live`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Shift => "shift",
            Self::Live => "live",
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
    /// The longest gap between two requests of the run, after the speed has divided it. Default: as
    /// they come; without effect where there is no pace to keep.
    pub max_gap: Option<Duration>,
    /// What happens to times inside. Default: they stay.
    pub times: Times,
    /// Whether traces and spans get other ids, each loop its own; links, parents, log records and
    /// exemplars go with them. Default false.
    pub fresh_ids: bool,
    /// As how many services and hosts each request is sent, 1 or more: all but the first have a
    /// number to their `service.name`, `service.instance.id`, `host.name` and `host.id`, and other
    /// ids of traces and spans. Default 1.
    pub copies: NonZeroU16,
    /// Longest message, before compression; longer requests are sent in parts. Default: over gRPC
    /// 4 MiB, which is what receivers take if nobody has told them otherwise; over HTTP no limit.
    pub max_request_bytes: Option<NonZeroUsize>,
    /// Most requests on their way at once, those that wait for a retry included; over HTTP/1.1
    /// also the most connections. When it is reached sending waits and lateness grows.
    ///
    /// Default 64: enough for 6 400 requests a second at an answer time of 10 ms, few enough that
    /// bodies of 1 MiB take 64 MiB.
    pub in_flight: NonZeroUsize,
    /// Connections per receiver: over HTTP/2 and gRPC requests take turns on them, default 1; over
    /// HTTP/1.1 the most that are open, default as many as requests in flight.
    pub connections: Option<NonZeroUsize>,
    /// Whether connections carry more than one request. Default true; else HTTP/1.1 only.
    pub keep_alive: bool,
    /// Encoding of requests and what carries them. Default `http/protobuf`.
    pub protocol: Protocol,
    /// Version of HTTP, for what is not gRPC.
    pub http: HttpVersion,
    /// How bodies are compressed. Default: not.
    pub compression: Compression,
    /// Level of compression: 0 to 9 of gzip, 1 to 22 of zstd; what is beyond is refused by
    /// [`crate::plan()`]. Default 1 of both: the sender must keep its pace.
    pub compression_level: Option<u32>,
    /// Whom to trust, and how to be known. Default: the authorities of the system.
    pub tls: TlsFiles,
    /// Sent with each request. Values never appear in output, errors or `Debug`.
    pub headers: Headers,
    /// How long one attempt may take from connecting to the end of the answer; half of it for
    /// connecting. Default 10 s, as in the OpenTelemetry specification.
    pub timeout: Duration,
    /// Signals that have a receiver or settings of their own, by `Signal as usize`: these take the
    /// place of `to`, `protocol`, `compression`, `headers`, `timeout` and `tls`.
    pub own: [Option<Route>; 3],
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
    /// `out/failed.traces.binpb` and so on, for each signal with failures. Of requests
    /// that were sent in parts, the parts that failed. Bodies are saved as planned, before times and
    /// ids were changed. Not saved if not given.
    pub failed: Option<PathBuf>,
}

impl ReplayOptions {
    /// The defaults, to this receiver.
    pub fn new(to: Endpoint) -> Self {
        Self {
            to,
            speed: Speed::Factor(1.0),
            max_gap: None,
            times: Times::default(),
            fresh_ids: false,
            copies: NonZeroU16::MIN,
            max_request_bytes: None,
            in_flight: NonZeroUsize::new(64).expect("64 is not 0"),
            connections: None,
            keep_alive: true,
            protocol: Protocol::default(),
            http: HttpVersion::default(),
            compression: Compression::default(),
            compression_level: None,
            tls: TlsFiles::default(),
            headers: Headers::default(),
            timeout: Duration::from_secs(10),
            own: [None, None, None],
            retry: RetryPolicy::default(),
            read: ReadOptions::default(),
            decode: otolith_otlp::Limits::DEFAULT,
            spool_dir: None,
            failed: None,
        }
    }

    /// What would make sending fail before it begins.
    pub(crate) fn check(&self) -> Result<(), ReplayError> {
        Wardrobe::new(self)?;
        HttpTransport::new(self)?;
        Ok(())
    }

    /// Where and how requests of a signal go.
    pub fn route(&self, signal: Signal) -> Route {
        self.own[signal as usize].clone().unwrap_or_else(|| Route {
            uri: self.to.uri(signal, self.protocol).clone(),
            protocol: self.protocol,
            compression: self.compression,
            headers: self.headers.clone(),
            timeout: self.timeout,
            tls: self.tls.clone(),
        })
    }

    /// Signals whose bodies wait in JSON, by `Signal as usize`: those that go out in it, and
    /// unchanged. What is changed is protobuf until then, since that can be changed in place.
    pub(crate) fn spooled_in_json(&self) -> [bool; 3] {
        let is_changed =
            self.times != Times::Keep || self.fresh_ids || self.copies > NonZeroU16::MIN;
        Signal::ALL.map(|signal| !is_changed && self.route(signal).protocol == Protocol::HttpJson)
    }

    /// All receivers, as shown: one address, or one per signal where they differ.
    pub(crate) fn receivers(&self) -> String {
        let shown = Signal::ALL.map(|signal| (signal, shown(&self.route(signal).uri, signal)));
        if shown.iter().all(|(_, address)| *address == shown[0].1) {
            return shown[0].1.clone();
        }
        let each = shown.map(|(signal, address)| format!("{signal} {address}"));
        each.join(", ")
    }

    /// All that must not be quoted.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for signal in Signal::ALL {
            secrets.extend(self.route(signal).secrets());
        }
        // Longer ones first, so that no part of one is left over.
        secrets.sort_by(|a: &String, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        secrets
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
