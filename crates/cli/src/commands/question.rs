//! The questions of `otolith report`: from what was typed to what is read and asked.

use otolith_report::{
    Calendar, CostQuery, Data, Dimension, MetricsQuery, Report, ReportError, Selection, Signal,
    SummaryQuery, TokensQuery, ToolsQuery,
};
use otolith_tables::Wanted;

use super::hosts::HostsQuestion;
use crate::args::{CommonReportArgs, ReportName};
use crate::exit::UsageError;

/// A report with its own parameters.
pub enum Question {
    Summary,
    Cost(Vec<Dimension>),
    Tokens(Vec<Dimension>),
    Tools,
    Metrics,
    Hosts(HostsQuestion),
}

impl Question {
    /// The question that was typed, and what every report takes.
    pub fn of(name: ReportName) -> (Self, CommonReportArgs) {
        match name {
            ReportName::Summary(args) => (Self::Summary, args.common),
            ReportName::Cost(args) => (Self::Cost(args.by), args.common),
            ReportName::Tokens(args) => (Self::Tokens(args.by), args.common),
            ReportName::Tools(args) => (Self::Tools, args.common),
            ReportName::Metrics(args) => (Self::Metrics, args.common),
            ReportName::TraceResources(args) => {
                let question = HostsQuestion::TraceResources {
                    trace: args.trace,
                    root_only: args.root_only,
                };
                (Self::Hosts(question), args.common)
            }
            ReportName::SessionResources(args) => {
                (Self::Hosts(HostsQuestion::SessionResources), args.common)
            }
        }
    }

    /// Checks what options mean together.
    pub fn check(&self) -> Result<(), UsageError> {
        let (Self::Cost(by) | Self::Tokens(by)) = self else {
            return Ok(());
        };
        let twice = by
            .iter()
            .enumerate()
            .find(|(index, d)| by[..*index].contains(d));
        match twice {
            Some((_, dimension)) => Err(UsageError(format!("--by names `{dimension}` twice"))),
            None => Ok(()),
        }
    }

    /// What has to be read of captures.
    pub fn wanted(&self, signal: Option<Signal>) -> Wanted {
        match self {
            Self::Summary | Self::Cost(_) | Self::Tokens(_) | Self::Tools => {
                otolith_report::usage_wanted(signal)
            }
            Self::Metrics => otolith_report::metrics_wanted(signal),
            Self::Hosts(question) => question.wanted(signal),
        }
    }

    /// The answer.
    pub fn ask(
        self,
        data: Data<'_>,
        calendar: Calendar,
        selection: Selection,
    ) -> Result<Report, ReportError> {
        match self {
            Self::Summary => otolith_report::summary(data, &SummaryQuery { selection }),
            Self::Cost(by) => otolith_report::cost(
                data,
                &CostQuery {
                    by,
                    calendar,
                    selection,
                },
            ),
            Self::Tokens(by) => otolith_report::tokens(
                data,
                &TokensQuery {
                    by,
                    calendar,
                    selection,
                },
            ),
            Self::Tools => otolith_report::tools(data, &ToolsQuery { selection }),
            Self::Metrics => otolith_report::metrics(data, &MetricsQuery { selection }),
            Self::Hosts(question) => question.ask(data, selection),
        }
    }
}
