//! `otolith report`: the reports and their own options.

use std::path::PathBuf;

use clap::{Args as Group, Subcommand, ValueEnum};
use otolith_report::{Dimension, Every, TokensBy};

use super::activity::{ActivityArgs, CoverageArgs, PromptArgs, SessionsArgs};
use super::answer::{DataArgs, OutputArgs, SelectionArgs};
use super::cost::CostArgs;
use super::hosts::HostsReportName;
use super::input::InputArgs;
use crate::values;

/// `otolith report`.
#[derive(Debug, Group)]
pub struct ReportArgs {
    /// Which report
    #[command(subcommand)]
    pub name: ReportName,
}

/// The reports.
#[derive(Debug, Subcommand)]
pub enum ReportName {
    /// Tokens by model and type, cost by model and in total, active time, API requests and time
    Summary(PlainReportArgs),
    /// Cost by agent, user, session, model, host or calendar unit
    Cost(CostArgs),
    /// Tokens by type, grouped like cost; with `--by type` a row per type
    Tokens(TokensArgs),
    /// Tokens per bucket of time, and per second and minute
    TokenRate(TokenRateArgs),
    /// Calls, success, errors and durations per agent and tool
    Tools(ToolsArgs),
    /// Each tool call: when, how it ended, how long it took
    ToolCalls(ActivityArgs),
    /// Sessions: start, length, prompts, requests, tools, tokens, cost
    Sessions(SessionsArgs),
    /// All that happened for one prompt, in order, with tokens and cost
    Prompt(PromptArgs),
    /// Failed requests and retries by agent, model and status
    Errors(ActivityArgs),
    /// What is missing: signals, parents of spans, sessions, times
    Coverage(CoverageArgs),
    /// What each metric counted or stood at, per service and scope
    Metrics(PlainReportArgs),
    #[command(flatten)]
    Hosts(HostsReportName),
}

/// A report without grouping.
#[derive(Debug, Group)]
#[command(after_help = REPORT_EXAMPLES)]
pub struct PlainReportArgs {
    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// A report with `--by`.
#[derive(Debug, Group)]
#[command(after_help = REPORT_EXAMPLES)]
pub struct GroupedReportArgs {
    /// What rows are grouped by, in the order of the columns, separated by commas
    #[arg(long, value_name = "DIMENSIONS", value_delimiter = ',', default_value = "day,agent",
          value_parser = values::dimension())]
    pub by: Vec<Dimension>,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// `otolith report tokens`.
#[derive(Debug, Group)]
#[command(after_help = REPORT_EXAMPLES)]
pub struct TokensArgs {
    /// What rows are grouped by, in the order of the columns, separated by commas; with `type` there
    /// is a row per type of tokens instead of a column
    #[arg(long, value_name = "DIMENSIONS", value_delimiter = ',', default_value = "day,agent",
          value_parser = values::tokens_by())]
    pub by: Vec<TokensBy>,

    /// Print what made the numbers: a row per request or export of a metric, with the place in the
    /// captures where it lies
    #[arg(long)]
    pub explain: bool,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// `otolith report tools`.
#[derive(Debug, Group)]
#[command(after_help = REPORT_EXAMPLES)]
pub struct ToolsArgs {
    /// Print what made the numbers: a row per call, or per point of a metric that counts calls, with
    /// the place in the captures where it lies
    #[arg(long)]
    pub explain: bool,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// `otolith report token-rate`.
#[derive(Debug, Group)]
#[command(after_help = "\
Buckets are those of the clock and the calendar of --tz: a day of a change of clocks has 23 or 25 hours.
Events count when they happened, metrics when they were exported.

Examples:
  otolith report token-rate otel/
  otolith report token-rate --lake my-lake --every 1h --tz Europe/Berlin --since 7d
  otolith report token-rate --lake my-lake --every 60s --by agent,model --fill zero --format csv")]
pub struct TokenRateArgs {
    /// How long buckets are: `30s`, `5m`, `1h`, `1d`, `1w`, `1month`
    #[arg(long, value_name = "LENGTH", default_value = "5m")]
    pub every: Every,

    /// What is summed apart in a bucket, separated by commas
    #[arg(long, value_name = "DIMENSIONS", value_delimiter = ',', default_value = "agent",
          value_parser = values::dimension_without_time())]
    pub by: Vec<Dimension>,

    /// What stands where nothing was used between the first and the last usage
    #[arg(long, value_name = "WHAT", default_value = "none")]
    pub fill: TokenFillArg,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// What stands in a bucket where nothing was used.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum TokenFillArg {
    /// A row with zeros
    Zero,
    /// No row
    None,
}

const REPORT_EXAMPLES: &str = "\
Captures are read anew for each report; convert once with `otolith convert` when you ask often.

Examples:
  otolith report cost otel/
  otolith report cost --lake my-lake --by week,user --tz Europe/Berlin
  otolith report tokens --lake my-lake --by model,type --since 7d --format csv -o tokens.csv
  otolith report tools --lake my-lake --service 'claude*' --format json";

/// What every report takes.
#[derive(Debug, Group)]
pub struct CommonReportArgs {
    /// Captures: files, directories (walked), or `-` for standard input
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    /// Where the data is.
    #[command(flatten)]
    pub data: DataArgs,

    /// Which items.
    #[command(flatten)]
    pub selection: SelectionArgs,

    /// Where the answer goes.
    #[command(flatten)]
    pub output: OutputArgs,

    /// How captures are read.
    #[command(flatten)]
    pub input: InputArgs,
}
