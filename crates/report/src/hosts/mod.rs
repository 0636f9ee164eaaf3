//! What hosts and containers say of themselves: series of samples in order of time, read from the
//! points of whatever emitter.
//!
//! Emitters differ by data: `metrics` names their metrics and attributes.

mod cores;
mod cpu_time;
mod grouped;
mod label;
mod matching;
mod means;
mod metrics;
mod points;
mod read;
mod rounds;
mod series;
mod utilization;

pub(crate) use grouped::{Grouped, grouped};
pub(crate) use label::{ABSENT, Label};
pub(crate) use matching::Matching;
pub(crate) use metrics::{
    HOST, Keys, LOAD, MEMORY, RESOURCES, containers, keys_of_hosts, labelled_containers, processes,
};
pub(crate) use read::{Hosts, Quantities};
pub(crate) use series::Series;
