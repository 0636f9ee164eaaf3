//! Options of reading, decoding and converting captures, shared by the commands.

use clap::{Args as Group, ValueEnum};
use otolith_capture::{InputFormat, Signal};

use crate::values;

/// How captures are read.
#[derive(Debug, Group)]
#[command(next_help_heading = "Reading captures")]
pub struct ReadArgs {
    /// Take every file as this format instead of recognising it from its bytes
    ///
    /// json: JSON values in any arrangement; proto-frames: a 4-byte big-endian length before each
    /// message; zstd-frames: the same, each message compressed; protobuf: one bare message per
    /// file; varint-frames: a varint length before each message; grpc-frames: gRPC's 5-byte head.
    #[arg(long, value_name = "FORMAT", value_parser = values::input_format())]
    pub input_format: Option<InputFormat>,

    /// Signal of protobuf messages that do not name it
    ///
    /// A bare protobuf message does not say what it is. Without this option its signal is taken
    /// from the envelope, the file name, or the structure of the message; where those do not
    /// decide, the frame is rejected as `unknown_signal`.
    #[arg(long, hide_short_help = true, value_name = "SIGNAL", value_parser = values::signal())]
    pub protobuf_signal: Option<Signal>,

    /// Largest frame, decoded; larger ones are rejected. Bytes, or with KiB, MiB, GiB
    #[arg(long, hide_short_help = true, value_name = "SIZE", default_value = "64MiB", value_parser = values::size)]
    pub max_frame: u64,

    /// Largest ratio of decompressed to compressed bytes, looked at beyond 64 MiB
    #[arg(
        long,
        hide_short_help = true,
        value_name = "RATIO",
        default_value_t = 1000
    )]
    pub max_ratio: u64,

    /// Most bytes that one compressed file may decompress to [default: no limit]
    #[arg(long, hide_short_help = true, value_name = "SIZE", value_parser = values::size)]
    pub max_decompressed: Option<u64>,
}

/// How frames are decoded.
#[derive(Debug, Group)]
#[command(next_help_heading = "Decoding")]
pub struct DecodeArgs {
    /// Deepest nesting of attribute values and bodies, at most 256; deeper ones are rejected
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = 64,
          value_parser = clap::value_parser!(u16).range(1..=256))]
    pub max_depth: u16,

    /// Most attributes of one item, resource or scope; more are rejected
    #[arg(long, hide_short_help = true, value_name = "N", default_value_t = 4096)]
    pub max_attributes: usize,
}

/// How captures are read and decoded.
#[derive(Debug, Group)]
pub struct InputArgs {
    /// How to read.
    #[command(flatten)]
    pub read: ReadArgs,

    /// How to decode.
    #[command(flatten)]
    pub decode: DecodeArgs,
}

/// What shapes a conversion, also one into a temporary lake.
#[derive(Debug, Group)]
pub struct ConversionArgs {
    /// Threads that read and decode [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS))]
    pub threads: Option<u16>,

    /// Drop what occurred before in the run
    #[arg(long, value_name = "WHAT")]
    pub dedup: Option<DedupArg>,
}

/// More threads than any machine has use for would only fail to start.
pub(super) const MAX_THREADS: i64 = 1024;

/// What `--dedup` drops.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DedupArg {
    /// Requests of exactly the same bytes
    Requests,
}
