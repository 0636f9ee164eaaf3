//! The questions of `otolith report` about what agents did, and what is missing.

use std::time::Duration;

use otolith_report::{
    CoverageQuery, Data, ErrorsQuery, Pricing, PromptQuery, Report, ReportError, Selection,
    SessionsQuery, Signal, ToolCallsQuery,
};
use otolith_tables::Wanted;

/// A report about what agents did.
pub enum ActivityQuestion {
    ToolCalls,
    Sessions { pricing: Pricing },
    Errors,
    Prompt { id: String },
    Coverage { gap: Duration },
}

impl ActivityQuestion {
    /// What has to be read of captures.
    pub fn wanted(&self, signal: Option<Signal>) -> Wanted {
        match self {
            Self::ToolCalls => otolith_report::usage_wanted(signal),
            Self::Sessions { .. } => otolith_report::sessions_wanted(signal),
            Self::Errors => otolith_report::errors_wanted(signal),
            Self::Prompt { .. } => otolith_report::prompt_wanted(signal),
            Self::Coverage { .. } => otolith_report::coverage_wanted(signal),
        }
    }

    /// The answer.
    pub fn ask(self, data: Data<'_>, selection: Selection) -> Result<Report, ReportError> {
        match self {
            Self::ToolCalls => otolith_report::tool_calls(data, &ToolCallsQuery { selection }),
            Self::Sessions { pricing } => {
                otolith_report::sessions(data, &SessionsQuery { selection, pricing })
            }
            Self::Errors => otolith_report::errors(data, &ErrorsQuery { selection }),
            Self::Coverage { gap } => {
                let gap_nanos = i64::try_from(gap.as_nanos()).unwrap_or(i64::MAX);
                let query = CoverageQuery {
                    gap_nanos,
                    selection,
                };
                otolith_report::coverage(data, &query)
            }
            Self::Prompt { id } => otolith_report::prompt(data, &PromptQuery { id, selection }),
        }
    }
}
