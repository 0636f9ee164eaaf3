//! `otolith compare`.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};
use otolith_ingest::{Ids, Times};

use super::input::{InputArgs, MAX_THREADS};
use crate::values;

/// `otolith compare`.
#[derive(Debug, Group)]
#[command(after_help = "\
Items are equal if they mean the same, with their resource, scope and metric: whatever the encoding, the
order of attributes, and the request that they are in. Equal items count as often as they are there. What
is sent and does not arrive is missing; what arrives more often than it was sent is duplicated; what arrives
and was not sent is unexpected. The command ends with 3 if there is any of it, or something cannot be read.

Sends a capture, receives it, and compares:
  otolith capture --listen 127.0.0.1:4318 --out got/ &
  otolith replay otel/ --to http://127.0.0.1:4318 --speed max
  otolith compare otel/ --with got/

Examples:
  otolith compare otel/ --with got/ --times shifted       after replay --times shift
  otolith compare otel/ --with got/ --times ignore        after replay --times live
  otolith compare otel/ --with my-lake --json | jq .missing")]
pub struct CompareArgs {
    /// What was sent: captures (files, directories, `-` for standard input), or lakes
    #[arg(required = true, value_name = "LEFT")]
    pub left: Vec<PathBuf>,

    /// What arrived: captures or lakes
    #[arg(long, required = true, value_name = "RIGHT", num_args = 1..)]
    pub with: Vec<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    /// What times mean
    #[arg(long, value_name = "TIMES", default_value = "same")]
    pub times: TimesCompared,

    /// What ids of traces and spans mean
    #[arg(long, value_name = "IDS", default_value = "same")]
    pub ids: IdsCompared,

    /// Most differences of each kind that are listed; all are counted
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: u32,

    /// Threads that read and decode [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MAX_THREADS))]
    pub threads: Option<u16>,

    /// Items held in memory, 48 bytes each, before they are sorted and set aside in the directory for
    /// temporary files (TMPDIR), once for each side. Bytes, or with KiB, MiB, GiB
    #[arg(long, value_name = "SIZE", default_value = "48MiB", value_parser = values::size)]
    pub buffer_size: u64,

    /// How captures are read.
    #[command(flatten)]
    pub input: InputArgs,
}

/// What times mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimesCompared {
    /// They have to be equal
    Same,
    /// Those that arrived are all later or earlier by one span of time, which is found and told
    Shifted,
    /// Only distances of times inside of a span or log record count, such as how long a span took; of
    /// data points only which times there are
    Ignore,
}

impl From<TimesCompared> for Times {
    fn from(times: TimesCompared) -> Self {
        match times {
            TimesCompared::Same => Self::Same,
            TimesCompared::Shifted => Self::Shifted,
            TimesCompared::Ignore => Self::Ignored,
        }
    }
}

/// What ids mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IdsCompared {
    /// They have to be equal
    Same,
    /// Only whether there is one counts
    Ignore,
}

impl From<IdsCompared> for Ids {
    fn from(ids: IdsCompared) -> Self {
        match ids {
            IdsCompared::Same => Self::Same,
            IdsCompared::Ignore => Self::Ignored,
        }
    }
}
