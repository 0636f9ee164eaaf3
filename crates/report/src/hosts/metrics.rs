//! The metrics of hosts, and the attributes that tell their series apart, by the emitters that are
//! known: the Collector's host metrics, the system metrics of Python and the host metrics of
//! JavaScript. Later semantic conventions renamed attributes; all names are accepted.

use super::read::Level;
use otolith_tables::AttributePlace::{self, Item, Resource};

/// Where an attribute may be, the first that is there counts.
pub(crate) type Keys = &'static [(AttributePlace, &'static str)];

/// The host. Claude Code repeats it on every item instead of the resource.
pub(crate) const HOST: Keys = &[(Resource, "host.name"), (Item, "host.name")];

/// The number of a core: `cpu0` or `0` from the Collector, from 1 from Python, from 0 from
/// JavaScript.
pub(super) const CPU: Keys = &[
    (Item, "cpu"),
    (Item, "cpu.logical_number"),
    (Item, "system.cpu.logical_number"),
];

/// What a core did.
pub(super) const CPU_STATE: Keys = &[
    (Item, "state"),
    (Item, "cpu.mode"),
    (Item, "system.cpu.state"),
];

/// The state in which a core did nothing. Waiting for disks is not idle here.
pub(super) const IDLE: &str = "idle";

/// Share of the time since the last reading per core and state.
pub(super) const CPU_UTILIZATION: &str = "system.cpu.utilization";
/// Seconds since the machine started per core and state.
pub(super) const CPU_TIME: &str = "system.cpu.time";

/// What memory is used for.
pub(super) const MEMORY_STATE: Keys = &[(Item, "state"), (Item, "system.memory.state")];

/// Memory: bytes in use, and the share of all that they are.
pub(crate) const MEMORY: [Level; 2] = [
    Level {
        metric: "system.memory.usage",
        state: Some("used"),
    },
    Level {
        metric: "system.memory.utilization",
        state: Some("used"),
    },
];

/// The metrics of busy cores and of levels.
pub(crate) fn host_metrics(levels: &[Level]) -> Vec<&'static str> {
    let levels = levels.iter().map(|level| level.metric);
    [CPU_UTILIZATION, CPU_TIME]
        .into_iter()
        .chain(levels)
        .collect()
}

/// The attributes that are read of them.
pub(crate) fn keys_of_hosts() -> impl Iterator<Item = (AttributePlace, &'static str)> {
    let all = [HOST, CPU, CPU_STATE, MEMORY_STATE];
    all.into_iter().flatten().copied()
}
