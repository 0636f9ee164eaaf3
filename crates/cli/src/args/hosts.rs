//! The options of reports about hosts.

use clap::{Args as Group, Subcommand, ValueEnum};
use otolith_report::Every;

use super::report::CommonReportArgs;
use crate::values;

/// The reports about hosts.
#[derive(Debug, Subcommand)]
pub enum HostsReportName {
    /// How busy hosts were, per bucket of time
    Cpu(HostSeriesArgs),
    /// Memory in use by hosts, per bucket of time
    Memory(HostSeriesArgs),
    /// Load averages of hosts, per bucket of time
    Load(HostSeriesArgs),
    /// CPU and memory of processes, per bucket of time
    Processes(HostSeriesArgs),
    /// CPU and memory of containers, the greediest first
    Containers(ContainersArgs),
    /// CPU of containers beside the tokens of the agents in them, per bucket of time
    ContainerTokens(ContainerTokensArgs),
    /// Per span: how busy its host was and how much memory was in use meanwhile
    TraceResources(TraceResourcesArgs),
    /// Root spans in order of time, with what their host did before, during and after
    SessionResources(SessionResourcesArgs),
}

/// A report with a row per bucket of time.
#[derive(Debug, Group)]
#[command(after_help = "\
Buckets are those of the clock and the calendar of --tz.

Examples:
  otolith report cpu otel/
  otolith report memory --lake my-lake --every 1h --tz Europe/Berlin --since 7d
  otolith report load --lake my-lake --every 1m --fill previous --format csv
  otolith report processes --lake my-lake --service otelcol")]
pub struct HostSeriesArgs {
    /// How long buckets are: `30s`, `5m`, `1h`, `1d`, `1w`, `1month`
    #[arg(long, value_name = "LENGTH", default_value = "5m")]
    pub every: Every,

    /// What stands in a bucket without samples, between the first and the last sample
    #[arg(long, value_name = "WHAT", default_value = "none")]
    pub fill: HostFillArg,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// What stands in a bucket without samples.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum HostFillArg {
    /// What the bucket before it has
    Previous,
    /// What lies on the line between the buckets around it
    Linear,
    /// No row
    None,
}

/// `otolith report containers`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  otolith report containers otel/ --top 10
  otolith report containers --lake my-lake --order memory --since 24h --format markdown")]
pub struct ContainersArgs {
    /// Only this many
    #[arg(long, value_name = "N")]
    pub top: Option<usize>,

    /// Those first that use most of this
    #[arg(long, value_name = "WHAT", default_value = "cpu")]
    pub order: ContainerOrderArg,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// Of what those that use most come first.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum ContainerOrderArg {
    /// Cores in use
    Cpu,
    /// Bytes in use
    Memory,
}

/// `otolith report container-tokens`.
#[derive(Debug, Group)]
#[command(after_help = "\
A container belongs to the agent whose service or name --label holds, else to the one whose service or name is
in the container's name: `claude-code`, `agents_claude-code_1`.

Examples:
  otolith report container-tokens otel/
  otolith report container-tokens --lake my-lake --every 1h --label agent --format csv")]
pub struct ContainerTokensArgs {
    /// How long buckets are: `30s`, `5m`, `1h`, `1d`, `1w`, `1month`
    #[arg(long, value_name = "LENGTH", default_value = "5m")]
    pub every: Every,

    /// The attribute of containers that names the agent or its service
    #[arg(long, value_name = "KEY")]
    pub label: Option<String>,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// `otolith report trace-resources`.
#[derive(Debug, Group)]
#[command(after_help = "\
Spans and samples belong to the same host if both name it (`host.name`), or if there is only one.

Examples:
  otolith report trace-resources otel/ --root-only
  otolith report trace-resources --lake my-lake --trace 4bf92f3577b34da6a3ce929d0e0e4736
  otolith report trace-resources --lake my-lake --service 'claude*' --format csv -o spans.csv")]
pub struct TraceResourcesArgs {
    /// Only spans of this trace
    #[arg(long, value_name = "ID", value_parser = values::trace_id)]
    pub trace: Option<String>,

    /// Only spans without a parent
    #[arg(long)]
    pub root_only: bool,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// `otolith report session-resources`.
#[derive(Debug, Group)]
#[command(after_help = "\
Spans and samples belong to the same host if both name it (`host.name`), or if there is only one.

Examples:
  otolith report session-resources otel/
  otolith report session-resources --lake my-lake --since 24h --format markdown")]
pub struct SessionResourcesArgs {
    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}
