//! The options of reports about hosts.

use clap::Args as Group;

use super::report::CommonReportArgs;
use crate::values;

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
