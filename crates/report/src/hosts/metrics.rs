//! The metrics of hosts, processes and containers, and the attributes that tell their series
//! apart, by the emitters that are known: the Collector's receivers for hosts, podman and docker,
//! the system metrics of Python and the host metrics of JavaScript. Later semantic conventions
//! renamed attributes; all names are accepted.

use super::grouped::{Kind, Quantity, Told, Wish};
use super::label::Label;
use super::read::{Level, Quantities};
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

/// What is read beside spans.
pub(crate) const RESOURCES: Quantities<'_> = Quantities {
    busy: true,
    levels: &MEMORY,
};

/// Processes that run or wait for it, mean over 1, 5 and 15 minutes.
pub(crate) const LOAD: [Level; 3] = [
    Level {
        metric: "system.cpu.load_average.1m",
        state: None,
    },
    Level {
        metric: "system.cpu.load_average.5m",
        state: None,
    },
    Level {
        metric: "system.cpu.load_average.15m",
        state: None,
    },
];

/// The attributes that are read of the metrics of hosts.
pub(crate) fn keys_of_hosts() -> impl Iterator<Item = (AttributePlace, &'static str)> {
    let all = [HOST, CPU, CPU_STATE, MEMORY_STATE];
    all.into_iter().flatten().copied()
}

/// What a process is called.
const PROCESS: Keys = &[
    (Resource, "process.executable.name"),
    (Resource, "process.command"),
];

/// What tells processes of one name apart.
const PROCESS_ID: Keys = &[(Resource, "process.pid"), (Resource, "service.instance.id")];

/// What a process did with its time: `user`, `system`, and `wait`, in which it used none.
const PROCESS_STATE: Keys = &[
    (Item, "state"),
    (Item, "type"),
    (Item, "cpu.mode"),
    (Item, "process.cpu.state"),
];

/// Of processes: cores in use, share of all cores in use, bytes of memory.
const OF_PROCESSES: [Quantity; 3] = [
    &[rate("process.cpu.time", 1.0)],
    &[level("process.cpu.utilization", 1.0)],
    &[
        level("process.memory.usage", 1.0),
        level("process.memory.physical_usage", 1.0),
    ],
];

/// Processes by host, name (else service) and id.
pub(crate) fn processes() -> Wish {
    Wish {
        quantities: &OF_PROCESSES,
        groups: vec![
            Label::new(HOST),
            Label::or_base(PROCESS, Some("service_name")),
            Label::new(PROCESS_ID),
        ],
        except: (Label::new(PROCESS_STATE), "wait"),
    }
}

const CONTAINER: Keys = &[(Resource, "container.name"), (Item, "container.name")];
const CONTAINER_ID: Keys = &[(Resource, "container.id"), (Item, "container.id")];
const IMAGE: Keys = &[
    (Resource, "container.image.name"),
    (Item, "container.image.name"),
];

/// Of containers: cores in use, bytes of memory, their limit, share of the limit.
///
/// podman and docker count nanoseconds of CPU; the receiver of the former declares `s`. Percentages
/// are of one core, also where the unit is `1`.
const OF_CONTAINERS: [Quantity; 4] = [
    &[
        Told {
            wrong_unit: Some("s"),
            ..rate("container.cpu.usage.total", 1e-9)
        },
        level("container.cpu.percent", 0.01),
        level("container.cpu.utilization", 0.01),
    ],
    &[level("container.memory.usage.total", 1.0)],
    &[level("container.memory.usage.limit", 1.0)],
    &[level("container.memory.percent", 0.01)],
];

/// Containers by host, name, id and image.
pub(crate) fn containers() -> Wish {
    Wish {
        quantities: &OF_CONTAINERS,
        groups: [HOST, CONTAINER, CONTAINER_ID, IMAGE]
            .map(Label::new)
            .into(),
        except: (Label::new(&[]), ""),
    }
}

/// Containers by host, name, id, and a label of theirs if one is asked for.
pub(crate) fn labelled_containers(label: Option<&str>) -> Wish {
    let mut groups: Vec<Label> = [HOST, CONTAINER, CONTAINER_ID].map(Label::new).into();
    groups.extend(label.map(Label::of_key));
    Wish {
        groups,
        ..containers()
    }
}

const fn level(metric: &'static str, scale: f64) -> Told {
    Told {
        metric,
        kind: Kind::Level,
        scale,
        wrong_unit: None,
    }
}

const fn rate(metric: &'static str, scale: f64) -> Told {
    Told {
        kind: Kind::Rate,
        ..level(metric, scale)
    }
}
