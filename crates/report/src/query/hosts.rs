//! Questions about hosts and containers, and about what they did while spans ran.

use super::Selection;
use crate::calendar::{Calendar, Every};

/// Question of `trace-resources`.
#[derive(Clone, Debug, Default)]
pub struct TraceResourcesQuery {
    /// The only trace, by its id in hex digits.
    pub trace: Option<String>,
    /// Only spans without a parent.
    pub root_only: bool,
    /// Which spans, by start and service; samples of all services are looked at.
    pub selection: Selection,
}

/// Question of `session-resources`.
#[derive(Clone, Debug, Default)]
pub struct SessionResourcesQuery {
    /// Which spans, by start and service; samples of all services are looked at.
    pub selection: Selection,
}

/// Question of `cpu`, `memory`, `load` and `processes`.
#[derive(Clone, Debug)]
pub struct HostSeriesQuery {
    /// How long buckets are.
    pub every: Every,
    /// What stands in a bucket without samples.
    pub fill: HostFill,
    /// What buckets are aligned to.
    pub calendar: Calendar,
    /// Which points, by time and service.
    pub selection: Selection,
}

/// What a report on hosts shows for a bucket without samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFill {
    /// What the bucket before it has.
    Previous,
    /// What lies on the line between the buckets around it, by their starts.
    Linear,
    /// No row.
    None,
}

impl HostFill {
    /// The word: `previous`, `linear` or `none`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Previous => "previous",
            Self::Linear => "linear",
            Self::None => "none",
        }
    }
}

/// Question of `containers`.
#[derive(Clone, Debug)]
pub struct ContainersQuery {
    /// How many to show; all if absent.
    pub top: Option<usize>,
    /// Which come first.
    pub order: ContainerOrder,
    /// Which points, by time and service.
    pub selection: Selection,
}

/// Of what those that use most come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerOrder {
    /// CPU.
    Cpu,
    /// Memory.
    Memory,
}

impl ContainerOrder {
    /// The word: `cpu` or `memory`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
        }
    }
}

/// Question of `container-tokens`.
#[derive(Clone, Debug)]
pub struct ContainerTokensQuery {
    /// How long buckets are.
    pub every: Every,
    /// The attribute of containers that names an agent or its service.
    pub label: Option<String>,
    /// What buckets are aligned to.
    pub calendar: Calendar,
    /// Which usage and samples, by time; usage by service. Containers of all services are looked at.
    pub selection: Selection,
}
