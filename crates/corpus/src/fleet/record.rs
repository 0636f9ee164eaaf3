//! Entries of a ledger about single events.

use super::ledger::{Ledger, ModelCall, Outcome, Spending, Text, Tokens, ToolCall, Who};
use super::plan::{Call, Ending, Tool};

impl Ledger {
    /// A request to a model that is told at a time.
    pub(super) fn call<T>(&mut self, who: Who, time: u64, is_error: bool, call: &Call<T>) {
        self.model_calls.push(ModelCall {
            time,
            who,
            count: 1,
            is_error,
            duration: Some(call.nanos()),
        });
    }

    /// Tokens without a cost that are told at a time.
    pub(super) fn spend(&mut self, who: Who, time: u64, tokens: Tokens, prompt: Option<&str>) {
        self.spendings.push(Spending {
            time,
            who,
            tokens,
            cost: None,
            prompt: prompt.map(Text::from),
        });
    }

    /// A call of a tool that is told at a time. Of one that did not run nobody tells how long it
    /// took.
    pub(super) fn use_tool(&mut self, who: Who, time: u64, tool: &Tool, outcome: Outcome) {
        self.tool_calls.push(ToolCall {
            time,
            who,
            tool: Text::from(tool.name),
            count: 1,
            is_event: true,
            outcome,
            duration: (outcome != Outcome::Rejected).then(|| tool.call.nanos()),
        });
    }
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Success => Self::Success,
            Ending::Error => Self::Error,
            Ending::Rejected => Self::Rejected,
        }
    }
}
