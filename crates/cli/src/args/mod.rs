//! The command line as typed: clap derive types with their help, and nothing else.
//!
//! What the options mean together is checked where a command turns them into a plan
//! (`commands/`), how a value is spelled in `values.rs`.

mod activity;
mod answer;
mod capture;
mod cat;
mod compare;
mod cost;
mod exporter;
mod hosts;
mod input;
mod replay;
mod report;
mod results;
mod upkeep;

pub use answer::{DataArgs, Format, OutputArgs, SelectionArgs, SqlArgs};
pub use capture::{
    CaptureArgs, CaptureFileArgs, CaptureLimitArgs, FileCompressionArg, GroupingArg,
};
pub use cat::{CatArgs, CompressArg, SliceArgs, SortArg};
pub use compare::CompareArgs;
pub use cost::{CostArgs, PricingArgs};
pub use exporter::{ExporterArgs, HttpArg};
pub use hosts::{ContainerOrderArg, HostFillArg, HostSeriesArgs, HostsReportName};
pub use input::{ConversionArgs, DecodeArgs, DedupArg, InputArgs, ReadArgs};
pub use replay::{ReplayArgs, TimesArg};
pub use report::{CommonReportArgs, ReportArgs, ReportName, TokenFillArg};
pub use results::ResultArgs;
pub use upkeep::{CompactArgs, DropArgs, VerifyArgs};

use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};
use otolith_ingest::RedactTarget;

use crate::values;

/// Turns archived OpenTelemetry captures into tables, answers and load
///
/// A capture is a file or directory of OTLP telemetry: Collector file exports (JSON lines, proto
/// frames, zstd frames), agentic-ci dumps, raw request bodies, gRPC dumps, gzip or zstd around any
/// of them. Layouts are recognised from the bytes.
#[derive(Debug, Parser)]
#[command(name = "otolith", version, after_help = EXIT_CODES)]
pub struct Args {
    /// What to do
    #[command(subcommand)]
    pub command: Command,

    /// Print data and errors only: no progress, notes or summaries
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    clean
  1    failed
  2    wrong usage
  3    finished, but something was rejected, skipped or refused
  4    replay finished, but a condition of --fail-if held or could not be judged
  130  interrupted; what was finished stays valid

Data goes to standard output, everything else to standard error.";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Say what is in captures: layouts, signals, services, time range, problems
    Inspect(InspectArgs),
    /// Convert captures into the tables of a lake
    Convert(ConvertArgs),
    /// Write captures, or a lake, as another capture: transcode, slice, merge, sample, redact, split
    Cat(CatArgs),
    /// Compare what was sent with what arrived, item by item
    Compare(CompareArgs),
    /// List the databases, tables and columns of a lake
    Tables(TablesArgs),
    /// Rewrite the many small parts of a lake as few
    Compact(CompactArgs),
    /// Remove what is older than a date from a lake
    Drop(DropArgs),
    /// Check that a lake is what its runs wrote
    Verify(VerifyArgs),
    /// Answer a common question about captures or a lake
    Report(ReportArgs),
    /// Run a SQL query over captures or a lake
    Sql(SqlArgs),
    /// Send captures to an OTLP endpoint, over HTTP or gRPC
    Replay(Box<ReplayArgs>),
    /// Receive telemetry over OTLP and write captures
    Capture(CaptureArgs),
}

/// `otolith inspect`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  otolith inspect otel/                          every file below a directory
  zcat dump.jsonl.gz | otolith inspect -         standard input
  otolith inspect --json otel/ | jq .services    as one JSON object")]
pub struct InspectArgs {
    /// Captures: files, directories (walked), or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,

    /// How captures are read.
    #[command(flatten)]
    pub input: InputArgs,
}

/// `otolith convert`.
#[derive(Debug, Group)]
#[command(after_help = "\
Captures are known by content. What the lake has already is passed over, also when a file was
renamed, rotated or compressed since; of a file that has grown, what is new is converted. So the
same command can be run again at any time, after a crash too: nothing is lost, and nothing is there
twice. Rejects are kept in LAKE/_rejects with file, frame, offset, reason and bytes; `otolith
convert LAKE/_rejects` tries them again.

Examples:
  otolith convert otel/ --lake my-lake
  otolith convert --lake my-lake --threads 8 logs.jsonl traces.binpb.zst
  otolith convert --lake my-lake --json otel/ | jq .tables
  otolith convert --lake my-lake --redact prompts,emails,ids --redact-key secret.key otel/")]
pub struct ConvertArgs {
    /// Captures: files, directories (walked), or `-` for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Directory of the lake; made if missing
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,

    /// Print the account of the run as one JSON object
    #[arg(long)]
    pub json: bool,

    /// How to convert.
    #[command(flatten)]
    pub convert: ConversionArgs,

    /// Stop at the first frame or item that is rejected, and leave the lake as it was
    #[arg(long)]
    pub strict: bool,

    /// Convert captures that the lake has already anew, and replace the rows that they gave before
    ///
    /// Rows of one run share files. All captures that a run has read have to be named together.
    #[arg(long)]
    pub force: bool,

    /// What to do with a last record that is cut off
    #[arg(long, value_name = "WHAT", default_value = "wait")]
    pub torn_tail: TornTailArg,

    /// Most columns of one table; attributes beyond it go to its JSON columns, those that every
    /// table has are kept
    #[arg(long, value_name = "N", default_value_t = 512)]
    pub columns: usize,

    /// Rows held in memory before they are sorted and set aside on disk; with the default a run takes
    /// 50 to 65 MiB in all, and up to 45 MiB more for each further thread. Bytes, or with KiB, MiB, GiB
    #[arg(long, value_name = "SIZE", default_value = "8MiB", value_parser = values::size)]
    pub buffer_size: u64,

    /// What is redacted.
    #[command(flatten)]
    pub redaction: RedactionArgs,

    /// How captures are read.
    #[command(flatten)]
    pub input: InputArgs,
}

/// What to do with a last record that is cut off.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TornTailArg {
    /// Leave it for a later run, which reads it when the file has grown
    Wait,
    /// Reject it: the file will not grow any more
    Reject,
}

/// What is redacted.
#[derive(Debug, Group)]
#[command(next_help_heading = "Redaction")]
pub struct RedactionArgs {
    /// Keep these out of what is written: prompts, emails, ids, or attributes with this KEY
    ///
    /// prompts: what people and models wrote, tool arguments and results included; emails: e-mail
    /// addresses, also inside of any text; ids: identifiers of people, accounts, organisations,
    /// devices and machines, but not of sessions. Any other word is the key of an attribute as it
    /// was sent, or with `*` at its end the beginning of keys; keys of nested maps count too.
    /// docs/redaction.md lists the keys of each class. Rejects are then kept, if at all, without their bytes.
    #[arg(long, value_name = "CLASS|KEY,...", value_delimiter = ',')]
    pub redact: Vec<RedactTarget>,

    /// Put keyed hashes in place of redacted values, so that equal ones can still be joined
    ///
    /// The file holds the secret key: 16 bytes or more, such as from `openssl rand -out FILE 32`.
    /// Without a key, values are removed, and an e-mail address in a text becomes `[redacted]`.
    #[arg(long, value_name = "FILE", requires = "redact")]
    pub redact_key: Option<PathBuf>,
}

/// `otolith tables`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  otolith tables --lake my-lake                     all databases and tables
  otolith tables --lake my-lake claude_code         the tables of one database
  otolith tables --lake my-lake claude_code.logs    the columns of one table")]
pub struct TablesArgs {
    /// Directory of the lake
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,

    /// Only this database, or the columns of this table
    #[arg(value_name = "DB[.TABLE]")]
    pub target: Option<String>,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
