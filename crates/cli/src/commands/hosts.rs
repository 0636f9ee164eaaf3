//! The questions of `otolith report` about hosts.

use otolith_report::{
    Data, Report, ReportError, Selection, SessionResourcesQuery, Signal, TraceResourcesQuery,
};
use otolith_tables::Wanted;

/// A report about hosts with its own parameters.
pub enum HostsQuestion {
    TraceResources {
        trace: Option<String>,
        root_only: bool,
    },
    SessionResources,
}

impl HostsQuestion {
    /// What has to be read of captures.
    pub fn wanted(&self, signal: Option<Signal>) -> Wanted {
        match self {
            Self::TraceResources { .. } | Self::SessionResources => {
                otolith_report::resources_wanted(signal)
            }
        }
    }

    /// The answer.
    pub fn ask(self, data: Data<'_>, selection: Selection) -> Result<Report, ReportError> {
        match self {
            Self::TraceResources { trace, root_only } => otolith_report::trace_resources(
                data,
                &TraceResourcesQuery {
                    trace,
                    root_only,
                    selection,
                },
            ),
            Self::SessionResources => {
                otolith_report::session_resources(data, &SessionResourcesQuery { selection })
            }
        }
    }
}
