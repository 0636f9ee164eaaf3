//! What hosts and containers say of themselves: series of samples in order of time, read from the
//! points of whatever emitter.
//!
//! Emitters differ by data: `metrics` names their metrics and attributes.

mod cores;
mod cpu_time;
mod label;
mod matching;
mod metrics;
mod points;
mod read;
mod series;
mod utilization;

pub(crate) use label::{ABSENT, Label};
pub(crate) use matching::Matching;
pub(crate) use metrics::{HOST, Keys, MEMORY, host_metrics, keys_of_hosts};
pub(crate) use read::Hosts;
pub(crate) use series::Series;
