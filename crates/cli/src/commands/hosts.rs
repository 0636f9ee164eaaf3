//! The questions of `otolith report` about hosts.

use otolith_report::{
    Answer, Calendar, ContainerOrder, ContainerTokensQuery, ContainersQuery, Data, Every, HostFill,
    HostSeriesQuery, ReportError, Selection, SessionResourcesQuery, Signal, TraceResourcesQuery,
};
use otolith_tables::Wanted;

use crate::args::{
    CommonReportArgs, ContainerOrderArg, HostFillArg, HostSeriesArgs, HostsReportName,
};

/// A report about hosts with its own parameters.
pub enum HostsQuestion {
    Cpu(Every, HostFill),
    Memory(Every, HostFill),
    Load(Every, HostFill),
    Processes(Every, HostFill),
    Containers(Option<usize>, ContainerOrder),
    ContainerTokens(Every, Option<String>),
    TraceResources {
        trace: Option<String>,
        root_only: bool,
    },
    SessionResources,
}

impl HostsQuestion {
    /// The question that was typed, and what every report takes.
    pub fn of(name: HostsReportName) -> (Self, CommonReportArgs) {
        let series = |args: HostSeriesArgs, question: fn(Every, HostFill) -> Self| {
            let fill = match args.fill {
                HostFillArg::Previous => HostFill::Previous,
                HostFillArg::Linear => HostFill::Linear,
                HostFillArg::None => HostFill::None,
            };
            (question(args.every, fill), args.common)
        };
        match name {
            HostsReportName::Cpu(args) => series(args, Self::Cpu),
            HostsReportName::Memory(args) => series(args, Self::Memory),
            HostsReportName::Load(args) => series(args, Self::Load),
            HostsReportName::Processes(args) => series(args, Self::Processes),
            HostsReportName::Containers(args) => {
                let order = match args.order {
                    ContainerOrderArg::Cpu => ContainerOrder::Cpu,
                    ContainerOrderArg::Memory => ContainerOrder::Memory,
                };
                (Self::Containers(args.top, order), args.common)
            }
            HostsReportName::ContainerTokens(args) => {
                (Self::ContainerTokens(args.every, args.label), args.common)
            }
            HostsReportName::TraceResources(args) => {
                let question = Self::TraceResources {
                    trace: args.trace,
                    root_only: args.root_only,
                };
                (question, args.common)
            }
            HostsReportName::SessionResources(args) => (Self::SessionResources, args.common),
        }
    }

    /// What has to be read of captures.
    pub fn wanted(&self, signal: Option<Signal>) -> Wanted {
        match self {
            Self::Cpu(..) | Self::Memory(..) | Self::Load(..) => {
                otolith_report::hosts_wanted(signal)
            }
            Self::Processes(..) => otolith_report::processes_wanted(signal),
            Self::Containers(..) => otolith_report::containers_wanted(signal),
            Self::ContainerTokens(_, label) => {
                otolith_report::container_tokens_wanted(signal, label.as_deref())
            }
            Self::TraceResources { .. } | Self::SessionResources => {
                otolith_report::resources_wanted(signal)
            }
        }
    }

    /// The answer.
    pub fn ask(
        self,
        data: Data<'_>,
        calendar: Calendar,
        selection: Selection,
    ) -> Result<Answer, ReportError> {
        let series = |every, fill, selection| HostSeriesQuery {
            every,
            fill,
            calendar: calendar.clone(),
            selection,
        };
        let report = match self {
            Self::Cpu(every, fill) => otolith_report::cpu(data, &series(every, fill, selection)),
            Self::Memory(every, fill) => {
                otolith_report::memory(data, &series(every, fill, selection))
            }
            Self::Load(every, fill) => otolith_report::load(data, &series(every, fill, selection)),
            Self::Processes(every, fill) => {
                otolith_report::processes(data, &series(every, fill, selection))
            }
            Self::Containers(top, order) => otolith_report::containers(
                data,
                &ContainersQuery {
                    top,
                    order,
                    selection,
                },
            ),
            Self::ContainerTokens(every, label) => otolith_report::container_tokens(
                data,
                &ContainerTokensQuery {
                    every,
                    label,
                    calendar,
                    selection,
                },
            ),
            Self::TraceResources { trace, root_only } => {
                let query = TraceResourcesQuery {
                    trace,
                    root_only,
                    selection,
                };
                return otolith_report::trace_resources(data, &query);
            }
            Self::SessionResources => {
                let query = SessionResourcesQuery { selection };
                return otolith_report::session_resources(data, &query);
            }
        };
        report.map(Answer::from)
    }
}
