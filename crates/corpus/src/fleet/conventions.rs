//! Spans by the conventions for generative AI: what several agents have in common.

use super::item::{Attribute, Item, Place, int, text};
use super::ledger::{Ledger, Tokens, Who};
use super::plan::{self, Call, Ending, Round, Tool};

/// The names of attributes, which changed with time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Old,
    New,
    /// Those of Copilot in VS Code.
    Editor,
    /// Without reasoning.
    Command,
}

/// An agent that sends such spans.
pub(super) struct Emitter {
    /// The sources of spans of models and tools.
    pub(super) sources: [&'static str; 2],
    pub(super) provider: &'static str,
    pub(super) names: Names,
}

/// All input, cached or not.
pub(super) fn all_input(tokens: &plan::Tokens) -> i64 {
    tokens.input + tokens.cache_read + tokens.cache_creation
}

impl Emitter {
    /// The attributes that tell tokens.
    pub(super) fn usage(&self, tokens: &plan::Tokens) -> Vec<Attribute> {
        let reasoning = tokens.reasoning;
        let mut all = match self.names {
            Names::Old => vec![
                int("gen_ai.usage.prompt_tokens", all_input(tokens)),
                int("gen_ai.usage.completion_tokens", tokens.output),
            ],
            _ => vec![
                int("gen_ai.usage.input_tokens", all_input(tokens)),
                int("gen_ai.usage.output_tokens", tokens.output),
                int("gen_ai.usage.cache_read.input_tokens", tokens.cache_read),
                int(
                    "gen_ai.usage.cache_creation.input_tokens",
                    tokens.cache_creation,
                ),
            ],
        };
        match self.names {
            Names::New => all.push(int("gen_ai.usage.reasoning.output_tokens", reasoning)),
            Names::Editor => all.push(int("gen_ai.usage.reasoning_tokens", reasoning)),
            Names::Old | Names::Command => {}
        }
        all
    }

    fn told(&self, tokens: &plan::Tokens) -> Tokens {
        let count = |count: i64| Some(count.unsigned_abs());
        let cached = |n| {
            if self.names == Names::Old {
                None
            } else {
                count(n)
            }
        };
        Tokens {
            input: if self.names == Names::Old {
                count(all_input(tokens))
            } else {
                count(tokens.input)
            },
            cache_read: cached(tokens.cache_read),
            cache_creation: cached(tokens.cache_creation),
            output: count(tokens.output),
            reasoning: match self.names {
                Names::New | Names::Editor => count(tokens.reasoning),
                Names::Old | Names::Command => None,
            },
        }
    }

    /// The attributes that name a request.
    pub(super) fn request(&self, operation: &str, round: &Round) -> Vec<Attribute> {
        let provider = match self.names {
            Names::Old => "gen_ai.system",
            _ => "gen_ai.provider.name",
        };
        vec![
            text("gen_ai.operation.name", operation),
            text(provider, self.provider),
            text("gen_ai.request.model", round.model.name),
        ]
    }

    /// The spans of a round: a failed attempt, the request, the tool, below a parent.
    pub(super) fn round(
        &self,
        round: &Round,
        who: &Who,
        common: &[Attribute],
        mut place: impl FnMut() -> Place,
        items: &mut Vec<(u64, Item)>,
        ledger: &mut Ledger,
    ) {
        let name = format!("chat {}", round.model.name);
        let chat = (name.as_str(), 3);
        let [model_source, tool_source] = self.sources;
        let mut add = |source, name, call: Call<bool>, own: Vec<Attribute>| {
            let own = [common.to_vec(), own].concat();
            items.push((
                call.end,
                Item::span(Some(source), place(), name, &call, own),
            ));
        };
        if let Some(failed) = &round.failure {
            let mut own = self.request("chat", round);
            own.push(text("error.type", "429"));
            add(model_source, chat, failed.ends(true), own);
            ledger.call(who.clone(), failed.begin, true, failed);
        }
        let mut own = self.request("chat", round);
        own.push(text("gen_ai.response.model", round.model.name));
        own.push(text("gen_ai.response.id", &round.request_id));
        own.extend(self.usage(&round.request.of));
        let request = &round.request;
        add(model_source, chat, request.ends(false), own);
        ledger.call(who.clone(), request.begin, false, request);
        ledger.spend(who.clone(), request.begin, self.told(&request.of), None);
        let Some(tool) = ran(round) else { return };
        let is_error = tool.call.of == Ending::Error;
        let mut own = vec![
            text("gen_ai.operation.name", "execute_tool"),
            text("gen_ai.tool.name", tool.name),
            text("gen_ai.tool.call.id", &tool.id),
        ];
        own.extend(is_error.then(|| text("error.type", "ToolError")));
        let name = format!("execute_tool {}", tool.name);
        add(tool_source, (&name, 1), tool.call.ends(is_error), own);
        ledger.use_tool(who.clone(), tool.call.begin, tool, tool.call.of.into());
    }
}

/// The tool of a round, if it ran.
pub(super) fn ran(round: &Round) -> Option<&Tool> {
    let tool = round.tool.as_ref();
    tool.filter(|tool| tool.call.of != Ending::Rejected)
}

/// The tokens of several rounds.
pub(super) fn sum(rounds: &[Round]) -> plan::Tokens {
    let mut all = plan::Tokens {
        input: 0,
        cache_read: 0,
        cache_creation: 0,
        output: 0,
        reasoning: 0,
    };
    for round in rounds {
        let tokens = &round.request.of;
        all.input += tokens.input;
        all.cache_read += tokens.cache_read;
        all.cache_creation += tokens.cache_creation;
        all.output += tokens.output;
        all.reasoning += tokens.reasoning;
    }
    all
}
