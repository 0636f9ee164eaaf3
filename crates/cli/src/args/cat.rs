//! `otolith cat`.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};
use jiff::tz::TimeZone;
use otolith_capture::{Dialect, Signal};
use otolith_ingest::TraceSample;
use otolith_report::Glob;

use super::RedactionArgs;
use super::input::{ConversionArgs, InputArgs};
use crate::values;

/// `otolith cat`.
#[derive(Debug, Group)]
#[command(after_help = "\
Payloads pass byte for byte where nothing has to change: same encoding, all items kept, nothing redacted.
Others are decoded and encoded anew, which keeps all that OTLP defines; fields unknown to it, repeated keys
of attributes but for the last, and bad items are then lost. Frames without items are left out.

Only agentic-ci holds times of arrival. Protobuf does not name the signal of a request: one whose items do
not show it is rejected as `unclear_signal`; write a file per signal with --signal then, and name it when
reading (--protobuf-signal).

Of a lake, databases come one after another, each by date; what comes out equals what was converted, field
by field. How items were grouped into requests, and the order of attributes, are not kept.

Examples:
  otolith cat otel/ --as proto -o all.binpb.zst
  otolith cat a.jsonl b.jsonl --as agentic-ci --since 24h --service 'claude-*' -o day.jsonl
  otolith cat otel/ --as jsonl --sample-traces 10% --redact prompts,emails,ids -o sample.jsonl.gz
  otolith cat otel/ --as jsonl --split-size 64MiB -o parts.jsonl     parts-00001.jsonl and so on
  otolith cat --lake my-lake --as jsonl | otolith convert - --lake other-lake")]
pub struct CatArgs {
    /// Captures: files, directories (walked), or `-` for standard input
    #[arg(
        value_name = "PATH",
        required_unless_present = "lake",
        conflicts_with = "lake"
    )]
    pub paths: Vec<PathBuf>,

    /// Turn this lake into a capture; options of reading captures do not go with it
    #[arg(long, value_name = "DIR", conflicts_with_all = OF_CAPTURES)]
    pub lake: Option<PathBuf>,

    /// How requests are written
    #[arg(long = "as", value_name = "FORMAT")]
    pub format: RequestFormat,

    /// Write to a file instead of standard output, which `-` means too. The file is there when all
    /// is written
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// Compression of the whole output [default: by the end of its name, `.gz` or `.zst`]
    #[arg(long, value_name = "KIND")]
    pub compress: Option<CompressArg>,

    /// Begin another file after so many bytes, counted before compression: FILE-00001.EXT and so on,
    /// each a capture of its own. A longer request is alone in its file. Bytes, or with KiB, MiB, GiB
    #[arg(long, value_name = "SIZE", value_parser = values::size, requires = "output")]
    pub split_size: Option<u64>,

    /// Put requests in the order of their times: of arrival, else the newest time inside
    ///
    /// Takes 24 bytes of memory per request, and room for all of them in the directory for temporary
    /// files (TMPDIR). Equal times keep the order of reading. A lake has an order of its own, which
    /// `auto` leaves as it is.
    #[arg(long, value_name = "WHEN", default_value = "auto", num_args = 0..=1, default_missing_value = "always")]
    pub sort: SortArg,

    /// Print the summary as one JSON object: to standard output with -o FILE, else to standard error
    #[arg(long)]
    pub json: bool,

    /// Stop at the first frame or item that is rejected, and write no file
    #[arg(long)]
    pub strict: bool,

    /// How to read in parallel.
    #[command(flatten)]
    pub convert: ConversionArgs,

    /// Which items.
    #[command(flatten)]
    pub slice: SliceArgs,

    /// What is redacted.
    #[command(flatten)]
    pub redaction: RedactionArgs,

    /// How captures are read.
    #[command(flatten)]
    pub input: InputArgs,
}

/// The options that would have no effect on a lake.
const OF_CAPTURES: [&str; 9] = [
    "threads",
    "dedup",
    "input_format",
    "protobuf_signal",
    "max_frame",
    "max_ratio",
    "max_decompressed",
    "max_depth",
    "max_attributes",
];

/// Which items are kept.
#[derive(Debug, Group)]
#[command(next_help_heading = "Selection")]
pub struct SliceArgs {
    /// Only items at or after this time; those without a time are left out
    ///
    /// RFC 3339 (`2026-11-20T12:00:00Z`), a date (its start in --tz), a time of the clock of --tz
    /// (`2026-11-20T12:00`), or a span back from the newest item: `90s`, `30m`, `24h`, `7d`, `2w`.
    /// Days and weeks back are those of the calendar. For a span back, captures are read twice.
    #[arg(long, value_name = "TIME", value_parser = values::Moment::parse)]
    pub since: Option<values::Moment>,

    /// Only items before this time; a date means until its end
    #[arg(long, value_name = "TIME", value_parser = values::Moment::parse)]
    pub until: Option<values::Moment>,

    /// Only services whose `service.name` fits: `*` any run, `?` one character
    #[arg(long, value_name = "GLOB")]
    pub service: Option<Glob>,

    /// Only this kind of telemetry
    #[arg(long, value_name = "SIGNAL", value_parser = values::signal())]
    pub signal: Option<Signal>,

    /// Keep this share of traces, each as a whole: `10%` or `0.1`
    ///
    /// By the last 56 bits of the trace id, as OpenTelemetry's probability sampling has it: the same
    /// traces in every file and every run, and a smaller share is part of a greater one. Log records
    /// go with their trace; what has no trace id stays, and so do metrics and their exemplars. Of a
    /// capture that such a sampler has thinned out before, more than the share is kept.
    #[arg(long, value_name = "SHARE")]
    pub sample_traces: Option<TraceSample>,

    /// Time zone of dates and times of the clock: an IANA name
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = otolith_report::time_zone)]
    pub tz: TimeZone,
}

/// How requests are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RequestFormat {
    /// OTLP JSON, one request per line, as the Collector's file exporter writes it
    Jsonl,
    /// Protobuf, each request after its length in 4 bytes, as the Collector writes it
    Proto,
    /// The Collector's `compression: zstd` of JSON: each request compressed alone, after its length
    JsonZstd,
    /// The same of protobuf
    ProtoZstd,
    /// agentic-ci's envelopes, one per line: time of arrival, path, OTLP JSON
    AgenticCi,
    /// Protobuf, each request after its length as a varint
    Varint,
    /// Protobuf, each request after gRPC's 5 bytes
    Grpc,
}

impl From<RequestFormat> for Dialect {
    fn from(format: RequestFormat) -> Self {
        match format {
            RequestFormat::Jsonl => Self::JsonLines,
            RequestFormat::Proto => Self::Proto,
            RequestFormat::JsonZstd => Self::JsonZstd,
            RequestFormat::ProtoZstd => Self::ProtoZstd,
            RequestFormat::AgenticCi => Self::AgenticCi,
            RequestFormat::Varint => Self::Varint,
            RequestFormat::Grpc => Self::Grpc,
        }
    }
}

/// Compression of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompressArg {
    /// None, whatever the name
    None,
    /// gzip
    Gzip,
    /// zstd
    Zstd,
}

/// When requests are put in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SortArg {
    /// If there are several files
    Auto,
    /// Always
    Always,
    /// Never: one file after another
    Never,
}
