//! `otolith replay`.

use std::num::{NonZeroU16, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as Group, ValueEnum};
use otolith_replay::Pace;

use super::exporter::ExporterArgs;
use super::input::{InputArgs, MAX_THREADS};
use super::results::ResultArgs;
use crate::values::{self, Loops};

/// `otolith replay`.
#[derive(Debug, Group)]
#[command(after_help = "\
Requests are sent in the order in which they were recorded, all signals on one clock: the arrival time
in the envelope, else the newest time inside the request. Payloads pass through byte for byte unless
times, ids or names are changed, which --times, --fresh-ids and --multiply do, or a request is too long. Refused requests are repeated by the OTLP rules (429, 502, 503, 504, with Retry-After;
the retryable codes of gRPC, with RetryInfo).

OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL, _HEADERS, _COMPRESSION, _TIMEOUT, _CERTIFICATE, _CLIENT_KEY,
_CLIENT_CERTIFICATE and _INSECURE are honoured, also for one signal (OTEL_EXPORTER_OTLP_LOGS_ENDPOINT ...), as the
OpenTelemetry specification says. Options win.

Examples:
  otolith replay otel/ --to http://localhost:4318
  otolith replay otel/ --speed 10x --max-gap 30s --dry-run
  otolith replay otel/ --to http://localhost:4318 --speed 10x --times shift
  otolith replay otel/ --to http://localhost:4318 --rate 2000/s --ramp 10s --loop forever --duration 5m
  otolith replay otel/ --to http://localhost:4317 --protocol grpc --compression zstd
  otolith replay otel/ --to http://localhost:4318 --times live --fresh-ids --multiply 100
  otolith replay otel/ --to http://localhost:4318 --speed 10x --fail-if 'p99>250ms' --fail-if 'errors>0.1%'
  otolith replay otel/ --to https://otlp.example.com --speed max -H 'Authorization: Bearer ...' --json")]
pub struct ReplayArgs {
    /// Captures: files, directories (walked), or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Print the outcome as one JSON object
    #[arg(long)]
    pub json: bool,

    /// Pace: recorded gaps divided by a factor (`1x`, `10x`, `0.5x`), or `max` for no gaps
    ///
    /// Stages follow each other: `1x:1m,10x` goes ten times as fast after a minute, `1x..10x:5m,10x` gets
    /// there in a straight line. A last stage with a time ends the run.
    #[arg(long, value_name = "SPEED", default_value = "1x", value_parser = values::speed)]
    pub speed: Pace,

    /// Pace: so much per second instead of recorded gaps: `500/s`, `20000items/s`, `5MiB/s`
    ///
    /// Requests, items, or bytes before compression; also per minute (`/m`) and hour (`/h`). In stages as
    /// --speed: `100/s:1m,200/s:1m,400/s:1m` are steps, `0..500/s:30s,500/s:5m,500..0/s:30s` a ramp up and
    /// down.
    #[arg(long, value_name = "RATE", conflicts_with = "speed", value_parser = values::rate)]
    pub rate: Option<Pace>,

    /// Get to the pace in a straight line from 0 in this time
    #[arg(long, value_name = "TIME", value_parser = values::positive_span)]
    pub ramp: Option<Duration>,

    /// Send everything N times, or `forever`; each loop begins one mean gap after the one before
    #[arg(long = "loop", value_name = "N", default_value = "1", value_parser = values::loops)]
    pub loops: Loops,

    /// End after this time: what would be due then or later is not sent; answers are waited for
    #[arg(long, value_name = "TIME", value_parser = values::positive_span)]
    pub duration: Option<Duration>,

    /// End after N requests, over all loops
    #[arg(long, value_name = "N")]
    pub requests: Option<NonZeroU64>,

    /// Wait for answers: with --in-flight requests waiting, the schedule is put off
    ///
    /// Without it the times of sending do not depend on answers (an open loop), what is held back is sent
    /// late, and latency counts from when it should have been sent. With it, latency counts from sending:
    /// callers that wait, as `--speed max` always does.
    #[arg(long)]
    pub closed_loop: bool,

    /// Longest gap between two requests of the run, such as `5s`; longer ones are cut to it
    ///
    /// It is measured after the speed has divided the gap: at 10x a pause of an hour takes 6 minutes,
    /// and with `--max-gap 30s` half a minute.
    #[arg(long, value_name = "TIME", conflicts_with = "rate", value_parser = values::span)]
    pub max_gap: Option<Duration>,

    /// Tell what would be sent, when and how fast, and send nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Times inside the requests: as recorded, all moved so that the first is now, or each as it is sent
    #[arg(long, value_name = "TIMES", default_value = "keep")]
    pub times: TimesArg,

    /// Other ids of traces and spans; links, parents, log records and exemplars go with them
    #[arg(long)]
    pub fresh_ids: bool,

    /// Send as N services and hosts: all but the first get a number to their names, and other ids
    ///
    /// The names are service.name, service.instance.id, host.name and host.id; a resource with none of
    /// them gets a service.instance.id. N times the requests, for tests of cardinality.
    #[arg(long, value_name = "N", default_value = "1")]
    pub multiply: NonZeroU16,

    /// Most requests on their way at once; when reached, sending waits and lateness grows
    #[arg(long, value_name = "N", default_value = "64")]
    pub in_flight: NonZeroUsize,

    /// Threads that send [default: one per core]
    ///
    /// For a receiver on this machine, which needs cores, too, half of them, unless requests are changed,
    /// compressed or encrypted on the way, or have over 64 KiB in the mean.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS))]
    pub threads: Option<u16>,

    /// How often a request is repeated that was refused for now, or not answered at all
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(..1000))]
    pub retries: u32,

    /// How long after its first attempt a request may be repeated
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = values::span)]
    pub retry_for: Duration,

    /// Longest request, before compression; longer ones are sent in parts. Over gRPC 4MiB unless given
    ///
    /// A request that is refused as too large (HTTP 413, or gRPC in words) is divided, too, item by item
    /// if need be. An item that is too large alone fails.
    #[arg(long, value_name = "SIZE", value_parser = values::size)]
    pub max_request_bytes: Option<u64>,

    /// Save failed requests as captures: FILE.traces.binpb, FILE.metrics.binpb, FILE.logs.binpb
    #[arg(long, value_name = "FILE")]
    pub failed: Option<PathBuf>,

    /// Go on where the run that wrote FILE ended; write it while running, remove it when all is sent
    ///
    /// The first run finds no FILE and begins. After Ctrl-C, a crash or a receiver that is gone the same
    /// command sends what was not sent, and again what was on its way or never got a connection; what was
    /// refused for good it does not. After `kill -9` what was sent in the last second is sent again. The
    /// pace goes on from there, times and ids stay as in the first run. With --dry-run FILE is only read,
    /// for what is left.
    #[arg(long, value_name = "FILE")]
    pub resume: Option<PathBuf>,

    /// What becomes of the outcome.
    #[command(flatten)]
    pub results: ResultArgs,

    /// The receiver.
    #[command(flatten)]
    pub exporter: ExporterArgs,

    /// How captures are read.
    #[command(flatten)]
    pub input: InputArgs,
}

/// What happens to times inside replayed requests.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TimesArg {
    /// As recorded
    Keep,
    /// All moved by one offset
    Shift,
    /// Each request moved to its moment of sending; durations stay, and series of metrics consistent
    Live,
}
