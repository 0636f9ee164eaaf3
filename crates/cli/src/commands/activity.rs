//! The questions of `otolith report` about what agents did.

use otolith_report::{
    Data, ErrorsQuery, PromptQuery, Report, ReportError, Selection, SessionsQuery, Signal,
    ToolCallsQuery,
};
use otolith_tables::Wanted;

/// A report about what agents did.
pub enum ActivityQuestion {
    ToolCalls,
    Sessions,
    Errors,
    Prompt { id: String },
}

impl ActivityQuestion {
    /// What has to be read of captures.
    pub fn wanted(&self, signal: Option<Signal>) -> Wanted {
        match self {
            Self::ToolCalls => otolith_report::usage_wanted(signal),
            Self::Sessions => otolith_report::sessions_wanted(signal),
            Self::Errors => otolith_report::errors_wanted(signal),
            Self::Prompt { .. } => otolith_report::prompt_wanted(signal),
        }
    }

    /// The answer.
    pub fn ask(self, data: Data<'_>, selection: Selection) -> Result<Report, ReportError> {
        match self {
            Self::ToolCalls => otolith_report::tool_calls(data, &ToolCallsQuery { selection }),
            Self::Sessions => otolith_report::sessions(data, &SessionsQuery { selection }),
            Self::Errors => otolith_report::errors(data, &ErrorsQuery { selection }),
            Self::Prompt { id } => otolith_report::prompt(data, &PromptQuery { id, selection }),
        }
    }
}
