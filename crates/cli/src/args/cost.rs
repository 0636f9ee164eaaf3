//! `otolith report cost`: grouping and prices.

use std::path::PathBuf;

use clap::Args as Group;
use otolith_report::{Dimension, LongContext, ServiceTier};

use super::report::CommonReportArgs;
use crate::values;

/// `otolith report cost`.
#[derive(Debug, Group)]
#[command(after_help = "\
Reported cost is what emitters say; estimated cost is what their tokens cost by list prices. They are never
mixed in one column. docs/reports/prices.md describes price files and how models are matched.

Examples:
  otolith report cost otel/
  otolith report cost --lake my-lake --by week,user --tz Europe/Berlin
  otolith report cost --lake my-lake --by model --prices model_prices_and_context_window.json
  otolith report cost --lake my-lake --by agent,model --service-tier batch --format csv
  otolith report cost --lake my-lake --since 2026-11-20 --until 2026-11-20 --explain
  otolith report cost --lake my-lake --reconcile")]
pub struct CostArgs {
    /// What rows are grouped by, in the order of the columns, separated by commas
    #[arg(long, value_name = "DIMENSIONS", value_delimiter = ',', default_value = "day,agent",
          value_parser = values::dimension())]
    pub by: Vec<Dimension>,

    /// Print what made the numbers: a row per request or export of a metric, with the place in the
    /// captures where it lies
    #[arg(long)]
    pub explain: bool,

    /// Hold events, metrics and list prices against each other, per day and agent, and name gaps
    #[arg(long, conflicts_with_all = ["by", "explain"])]
    pub reconcile: bool,

    /// How tokens are priced.
    #[command(flatten)]
    pub pricing: PricingArgs,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// How tokens are priced.
#[derive(Debug, Group)]
#[command(next_help_heading = "Prices")]
pub struct PricingArgs {
    /// Estimate by these list prices instead of the embedded ones
    ///
    /// JSON of the form that docs/reports/prices.md describes, or LiteLLM's
    /// `model_prices_and_context_window.json`; which it is, is recognised from the content.
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,

    /// Price requests that name no service tier by this one
    #[arg(long, value_name = "TIER", default_value = "standard",
          value_parser = values::service_tier())]
    pub service_tier: ServiceTier,

    /// What requests pay that are longer than a length above which tokens cost more: `whole`, the
    /// higher price for all of their tokens, as providers bill, or `split`, the higher price for
    /// what exceeds the length in each class of tokens
    #[arg(long, value_name = "RULE", default_value = "whole", value_parser = values::long_context())]
    pub long_context: LongContext,
}
