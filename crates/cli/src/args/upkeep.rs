//! `otolith compact`, `otolith drop` and `otolith verify`: the upkeep of a lake.

use std::path::PathBuf;

use clap::Args as Group;
use jiff::civil::Date;

use crate::values;

/// `otolith compact`.
#[derive(Debug, Group)]
#[command(after_help = "\
Every conversion adds at least one part per table and date. Compacting rewrites the small ones of
a table and date as few parts of up to 128 MiB, in one commit per table; no row changes. It takes
room for the new parts until it is done, and deletes the old ones at once: a query that is running
may have to be asked again.

Then it keeps what was spent in `_derived/usage` (2 MB beside 32 MB of parts for a month of 50
agents): until the lake changes, `report cost`, `tokens`, `token-rate`, `summary` and
`container-tokens` about all services answer from there, alike and many times as fast. Finding it
takes the memory and the time of one such report; `--no-usage` leaves it out.

Examples:
  otolith compact --lake my-lake
  otolith compact --lake my-lake --json | jq '.tables[].parts_after'")]
pub struct CompactArgs {
    /// Directory of the lake
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,

    /// Do not keep what was spent
    #[arg(long)]
    pub no_usage: bool,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `otolith drop`.
#[derive(Debug, Group)]
#[command(after_help = "\
Dates are those of the partitions, in UTC. Spans go with their events and links, points with their
exemplars. Rows without a plausible time stay. The captures still count as converted: what is
dropped comes back only with `otolith convert --force`. Rejects that were written before the date
are deleted as well.

Examples:
  otolith drop --lake my-lake --before 2026-10-01 --dry-run
  otolith drop --lake my-lake --before 2026-10-01")]
pub struct DropArgs {
    /// Directory of the lake
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,

    /// Remove all rows of dates before this one (`2026-10-01`)
    #[arg(long, value_name = "DATE", value_parser = values::date)]
    pub before: Date,

    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// `otolith verify`.
#[derive(Debug, Group)]
#[command(after_help = "\
Reads everything: the ledger of runs, the logs of the tables, every part with its checksum, the
rejects, the account of every run, and the usage that is kept. Changes nothing. Ends with 0 if all
is well, else with 3; docs/lake.md explains the findings.

Examples:
  otolith verify --lake my-lake
  otolith verify --lake my-lake --json | jq '.findings[].path'")]
pub struct VerifyArgs {
    /// Directory of the lake
    #[arg(long, value_name = "DIR")]
    pub lake: PathBuf,

    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
