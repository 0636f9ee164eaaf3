//! Reports and SQL over lakes that were converted from captures: real ones with their truth, and
//! hand-written ones for what the real ones lack.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do: at once"
)]

mod activity;
mod agents;
mod captures;
mod codex;
mod coding;
mod coverage;
mod directly;
mod explain;
mod hosts;
mod javascript_sdk;
mod kept;
mod ledger;
mod metrics;
mod otlp;
mod price_files;
mod prices;
mod rate;
mod readings;
mod reconcile;
mod resources;
mod series;
mod sql;
mod support;
