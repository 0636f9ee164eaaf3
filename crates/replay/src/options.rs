//! What a replay is told: pace, times, limits, retries.

use std::num::{NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use otolith_capture::{ReadOptions, Signal};

use crate::dress::Wardrobe;
use crate::endpoint::{Endpoint, is_here, shown};
use crate::error::ReplayError;
use crate::headers::Headers;
use crate::pace::Pace;
use crate::retry::RetryPolicy;
use crate::route::{Compression, HttpVersion, Protocol, Route, TlsFiles};
use crate::transport::HttpTransport;

/// Whether sending waits for answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Load {
    /// Times of sending are fixed in advance and do not depend on answers, as with callers that
    /// know nothing of each other. What waits because too many are in flight is late, and its latency
    /// counts from when it should have been sent.
    #[default]
    Open,
    /// As many callers as requests may be in flight, each waiting for its answer: while all wait,
    /// the schedule is put off, and latency counts from sending. Without a pace there is no other.
    Closed,
}

impl Load {
    /// The word for it: `open` or `closed`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
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
    /// run. Relations between times are kept, at any speed. Each loop is moved further, behind the one
    /// before it.
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
    pub pace: Pace,
    /// Whether sending waits for answers. Default: it does not, unless the pace is [`Pace::Max`].
    pub load: Load,
    /// How often everything is sent, `None` for no end. The next loop begins one mean gap after the
    /// last request of the one before. Default 1.
    pub loops: Option<NonZeroU32>,
    /// Requests that would be due at that time or later are not sent; without a pace, and under a
    /// closed load, nothing begins then. Answers are waited for. Default: no bound.
    pub duration: Option<Duration>,
    /// Most requests of the run, over all loops. Default: no bound.
    pub requests: Option<NonZeroU64>,
    /// The longest gap between two requests of the run, after the speed has divided it. Default: as
    /// they come; without effect on rates, and where there is no pace to keep.
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
    /// Threads that send, besides those that keep the pace, make requests ready for it and watch over the run.
    /// Default: one per processor; half of them, at least one, where a receiver is on this machine and
    /// needs the others, unless bodies are changed, compressed, encrypted, or have over 64 KiB in the mean.
    pub threads: Option<NonZeroU16>,
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
    /// Where a run that ends before its time leaves how far it came, once a second and at its end; a run
    /// that finds this there goes on. The file is removed when nothing is left to send. Not kept if
    /// not given.
    pub resume: Option<PathBuf>,
}

/// Requests of this mean length cost more copying than handing over.
const LONG_BYTES: u64 = 64 << 10;

impl ReplayOptions {
    /// The defaults, to this receiver.
    pub fn new(to: Endpoint) -> Self {
        Self {
            to,
            pace: Pace::speed(1.0).expect("1 is above 0"),
            load: Load::default(),
            loops: Some(NonZeroU32::MIN),
            duration: None,
            requests: None,
            max_gap: None,
            times: Times::default(),
            fresh_ids: false,
            copies: NonZeroU16::MIN,
            max_request_bytes: None,
            in_flight: NonZeroUsize::new(64).expect("64 is not 0"),
            threads: None,
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
            resume: None,
        }
    }

    /// Whether sending waits for answers, which it always does where there is no pace to keep.
    pub(crate) fn load(&self) -> Load {
        match self.pace {
            Pace::Max => Load::Closed,
            Pace::Recorded(_) | Pace::Rate(..) => self.load,
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
        Signal::ALL.map(|signal| {
            !self.changes_bodies() && self.route(signal).protocol == Protocol::HttpJson
        })
    }

    /// Signals whose bodies go out as they wait, by `Signal as usize`, when it is their turn.
    pub(crate) fn sent_as_spooled(&self) -> [bool; 3] {
        Signal::ALL.map(|signal| {
            let route = self.route(signal);
            !self.changes_bodies()
                && route.protocol != Protocol::Grpc
                && route.compression == Compression::None
                // Others are read ahead of their time.
                && self.pace == Pace::Max
        })
    }

    /// Whether bodies go out other than they were recorded, encoding aside.
    fn changes_bodies(&self) -> bool {
        self.times != Times::Keep || self.fresh_ids || self.copies > NonZeroU16::MIN
    }

    /// How many threads send requests of this mean length.
    pub(crate) fn sending_threads(&self, mean_bytes: u64) -> usize {
        if let Some(threads) = self.threads {
            return usize::from(threads.get());
        }
        let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let routes = Signal::ALL.map(|signal| self.route(signal));
        let is_here = routes.iter().any(|route| is_here(&route.uri));
        let is_plain = |route: &Route| route.compression == Compression::None && !route.is_https();
        // On two cores, two threads sent fewer short requests to such a receiver than one, which leaves
        // the other to it; long ones, which are mostly copied, more: `cargo xtask bench replay throughput`.
        match is_here
            && mean_bytes < LONG_BYTES
            && !self.changes_bodies()
            && routes.iter().all(is_plain)
        {
            true => (processors / 2).max(1),
            false => processors,
        }
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

    #[test]
    fn debug_of_options_shows_no_header_values() {
        let mut options = ReplayOptions::new("http://localhost:4318".parse().unwrap());
        let headers = vec![("x-token".to_owned(), "s3cret".to_owned())];
        options.headers = Headers::new(headers).unwrap();
        let shown = format!("{options:?}");
        assert!(shown.contains("x-token"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn a_receiver_on_this_machine_is_left_half_of_the_processors() {
        let all = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let half = (all / 2).max(1);
        let check = |to: &str, change: fn(&mut ReplayOptions), expected| {
            let mut options = ReplayOptions::new(to.parse().unwrap());
            change(&mut options);
            assert_eq!(options.sending_threads(6_800), expected, "{to}");
        };
        let long = ReplayOptions::new("http://localhost:4318".parse().unwrap());
        assert_eq!(long.sending_threads(650_000), all);
        check("http://localhost:4318", |_| (), half);
        check("http://h:4318", |_| (), all);
        check("https://localhost:4318", |_| (), all);
        let gzip: fn(&mut ReplayOptions) = |options| options.compression = Compression::Gzip;
        check("http://localhost:4318", gzip, all);
        check(
            "http://localhost:4318",
            |options| options.fresh_ids = true,
            all,
        );
        let three: fn(&mut ReplayOptions) = |options| options.threads = NonZeroU16::new(3);
        check("http://localhost:4318", three, 3);
    }
}
