//! What reports and queries read, select and print; `otolith sql`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args as Group, ValueEnum};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use otolith_capture::Signal;
use otolith_report::{Calendar, Glob};

use super::input::{ConversionArgs, InputArgs};
use crate::values;

/// A lake, or how captures are read.
#[derive(Debug, Group)]
pub struct DataArgs {
    /// Ask this lake instead of captures; options of reading captures do not go with it
    #[arg(long, value_name = "DIR", conflicts_with_all = OF_CAPTURES)]
    pub lake: Option<PathBuf>,

    /// Stop when a frame or item of the captures is rejected
    #[arg(long)]
    pub strict: bool,

    /// How to convert.
    #[command(flatten)]
    pub convert: ConversionArgs,
}

/// The options that would have no effect on a lake.
const OF_CAPTURES: [&str; 10] = [
    "strict",
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

/// Which items a report is about.
#[derive(Debug, Group)]
#[command(next_help_heading = "Selection")]
pub struct SelectionArgs {
    /// Only items at or after this time
    ///
    /// RFC 3339 (`2026-11-20T12:00:00Z`), a date (its start in --tz), a time of the clock of --tz
    /// (`2026-11-20T12:00`), or a span back from the newest item: `90s`, `30m`, `24h`, `7d`, `2w`.
    /// Days and weeks back are those of the calendar: the same time of the clock.
    #[arg(long, value_name = "TIME", value_parser = values::Moment::parse)]
    pub since: Option<values::Moment>,

    /// Only items before this time; a date means until its end, a time of the clock that comes
    /// twice the later one
    #[arg(long, value_name = "TIME", value_parser = values::Moment::parse)]
    pub until: Option<values::Moment>,

    /// Only services whose `service.name` fits: `*` any run, `?` one character
    #[arg(long, value_name = "GLOB")]
    pub service: Option<Glob>,

    /// Only this kind of telemetry
    #[arg(long, value_name = "SIGNAL", value_parser = values::signal())]
    pub signal: Option<Signal>,

    /// Count items that repeat another item's identity, instead of removing them
    #[arg(long)]
    pub keep_duplicates: bool,

    /// Time zone of days, hours, weeks and months: an IANA name
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = otolith_report::time_zone)]
    pub tz: TimeZone,

    /// The day that weeks begin with
    #[arg(long, value_name = "DAY", default_value = "monday", value_parser = values::weekday())]
    pub week_start: Weekday,
}

impl SelectionArgs {
    /// The calendar of days, hours, weeks and months.
    pub fn calendar(&self) -> Calendar {
        Calendar {
            tz: self.tz.clone(),
            week_start: self.week_start,
        }
    }
}

/// Where an answer goes, and how it looks.
#[derive(Debug, Group)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// How the answer is written
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    pub format: Format,

    /// Short for --format json
    #[arg(long, conflicts_with = "format")]
    pub json: bool,

    /// Write the answer to a file instead of standard output, which `-` means too
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

impl OutputArgs {
    /// The format, `--json` included.
    pub fn kind(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned text for people, long texts cut; notes go to standard error
    Table,
    /// A header line and one line per row (RFC 4180)
    Csv,
    /// One object: report, parameters, columns, rows, notes
    Json,
    /// One object per row and line
    Jsonl,
    /// A Markdown table, notes below it
    Markdown,
    /// A page of its own, notes below the table; it loads and runs nothing
    Html,
    /// A Parquet file with types, units and notes; to a file or a pipe
    Parquet,
}

impl Format {
    /// Whether the notes are part of it; they go to standard error otherwise.
    pub fn holds_notes(self) -> bool {
        matches!(self, Self::Json | Self::Markdown | Self::Html)
    }

    /// Its name as it is typed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Parquet => "parquet",
        }
    }
}

/// `otolith sql`.
#[derive(Debug, Group)]
#[command(after_help = "\
Tables are `DATABASE.TABLE`, and `TABLE` alone for all databases together; `otolith tables` lists them
with their columns. There are also `usage` (tokens and cost of every agent, one row per request or point),
each metric by its name (`claude_code_token_usage`), `opentelemetry_traces` and `opentelemetry_logs`.

Without a query, queries are read from standard input, each ended by `;`, and answered in their order
up to the first that fails. If that is a terminal, there is a prompt: a query may take several lines and
ends with `;`, Tab completes names, Ctrl-C cancels what is typed, Ctrl-D ends, `.help` lists its
commands. What is typed is kept, for you alone to read, in otolith/sql-history below $XDG_STATE_HOME
or ~/.local/state, the last 1000 entries; lines that begin with a blank are not.

Examples:
  otolith sql --lake my-lake                     the prompt
  otolith sql --lake my-lake < queries.sql       queries of a file
  otolith sql --lake my-lake 'SELECT span_name, count(*) AS n FROM traces GROUP BY span_name'
  otolith sql otel/ 'SELECT sum(cost_usd) AS cost FROM claude_code.logs'
  otolith sql --lake my-lake --format csv -o out.csv 'SELECT * FROM metrics LIMIT 100'")]
pub struct SqlArgs {
    /// Captures (unless --lake is given), then the query; without a query see below
    #[arg(value_name = "PATH... QUERY")]
    pub paths_and_query: Vec<OsString>,

    /// What now() is in queries, instead of the time of the newest item: `clock` for that of this
    /// machine, or a time in UTC
    #[arg(long, value_name = "TIME", value_parser = values::Present::parse)]
    pub now: Option<values::Present>,

    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,

    /// Where the answer goes.
    #[command(flatten)]
    pub output: OutputArgs,

    /// How captures are read.
    #[command(flatten)]
    pub input: InputArgs,
}
