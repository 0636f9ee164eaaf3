//! Questions about hosts and containers, and about what they did while spans ran.

use super::Selection;

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
