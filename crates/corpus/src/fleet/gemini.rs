//! Gemini CLI: cumulative metrics, events that are told twice, no cost.

use std::collections::BTreeMap;

use super::Member;
use super::counted::{Told, What};
use super::delivery::{HOUR, SECOND};
use super::item::{Attribute, Item, NumberKind, Sender, Shape, Val, int, text, truth};
use super::ledger::{Text, Tokens, Who};
use super::meter::{Count, Meter, Temporality};
use super::models::GEMINI;
use super::plan::{self, Ending, Round, Session, Sharing, Work};

const SERVICE: &str = "gemini-cli";
const TOOLS: [&str; 4] = ["run_shell_command", "read_file", "replace", "glob"];

const TOKENS: Shape = Shape {
    name: "gemini_cli.token.usage",
    unit: "",
    number: NumberKind::Int,
};
const REQUESTS: Shape = Shape {
    name: "gemini_cli.api.request.count",
    unit: "",
    number: NumberKind::Int,
};
const TOOL_CALLS: Shape = Shape {
    name: "gemini_cli.tool.call.count",
    unit: "",
    number: NumberKind::Int,
};
/// The same tokens by the conventions.
const AGAIN: Shape = Shape {
    name: "gen_ai.client.token.usage",
    unit: "token",
    number: NumberKind::Histogram,
};

pub(super) fn all_signals(member: &mut Member<'_>) {
    member.gemini(true, true);
}

pub(super) fn events(member: &mut Member<'_>) {
    member.gemini(true, false);
}

pub(super) fn metrics(member: &mut Member<'_>) {
    member.gemini(false, true);
}

fn of_classes(classes: &BTreeMap<&'static str, u64>) -> Tokens {
    let class = |name| classes.get(name).copied();
    let cached = class("cache");
    let thought = class("thought");
    let output = class("output");
    Tokens {
        input: class("input").map(|input| input - cached.unwrap_or(0)),
        cache_read: cached,
        cache_creation: None,
        output: output.map_or(thought, |output| Some(output + thought.unwrap_or(0))),
        reasoning: thought,
    }
}

fn common(session: &Session) -> Vec<Attribute> {
    vec![
        text("session.id", &session.id),
        text("installation.id", "77777777-6666-4555-8444-333333333333"),
        truth("interactive", true),
        text("user.email", &session.user),
        text("auth_type", "oauth-personal"),
        ("experiments.ids", Val::List(&["1", "22"])),
    ]
}

fn who(session: &Session, round: &Round) -> Who {
    Who {
        agent: Text::from("gemini_cli"),
        service: Text::from(SERVICE),
        session: Some(Text::from(session.id.as_str())),
        user: Some(Text::from(session.user.as_str())),
        model: Some(Text::from(round.model.name)),
        host: None,
    }
}

impl Member<'_> {
    fn gemini(&mut self, has_events: bool, has_metrics: bool) {
        for begin in self.begins.clone() {
            let work = Work {
                models: &GEMINI,
                tools: &TOOLS,
                creates_cache: false,
                sharing: self.random.one_of(&[Sharing::One, Sharing::Parallel]),
            };
            let session = plan::session(&self.user, self.host, begin, &work, self.random);
            let sender = Sender {
                service: SERVICE.to_owned(),
                resource: vec![
                    text("service.version", "v22.11.0"),
                    text("session.id", &session.id),
                ],
                scope: (SERVICE, "v22.11.0"),
            };
            if has_events {
                self.gemini_events(&sender, &session);
            }
            if has_metrics {
                let told = if has_events { Told::Better } else { Told::Here };
                self.gemini_metrics(&sender, &session, told);
            }
        }
    }

    fn gemini_events(&mut self, sender: &Sender, session: &Session) {
        let mut items = Vec::new();
        let mut log = |name, source, time, body: &str, own: Vec<Attribute>| {
            let mut attributes = common(session);
            attributes.push(text("event.name", name));
            attributes.extend(own);
            items.push((time, Item::log(source, time, body, attributes)));
        };
        for (turn, round) in session.rounds() {
            let who = || who(session, round);
            let model = || text("model", round.model.name);
            let prompt = || text("prompt_id", &turn.prompt);
            if let Some(failed) = &round.failure {
                let own = vec![
                    text("model_name", round.model.name),
                    model(),
                    text("error", "overloaded"),
                    int("status_code", failed.of),
                    int("duration_ms", failed.millis()),
                    prompt(),
                ];
                let source = Some("gemini_cli, log gemini_cli.api_error");
                let body = "API error for the model.";
                log("gemini_cli.api_error", source, failed.end, body, own);
                self.ledger.call(who(), failed.end, true, failed);
            }
            let tokens = &round.request.of;
            let all_input = tokens.input + tokens.cache_read;
            let own = vec![
                model(),
                int("duration_ms", round.request.millis()),
                int("input_token_count", all_input),
                int("output_token_count", tokens.output - tokens.reasoning),
                int("cached_content_token_count", tokens.cache_read),
                int("thoughts_token_count", tokens.reasoning),
                int("tool_token_count", 0),
                int("total_token_count", all_input + tokens.output),
                int("status_code", 200),
                prompt(),
            ];
            let time = round.request.end;
            let source = Some("gemini_cli, log gemini_cli.api_response");
            let body = "API response from the model.";
            log("gemini_cli.api_response", source, time, body, own);
            self.ledger.call(who(), time, false, &round.request);
            let told = Tokens {
                input: Some(tokens.input.unsigned_abs()),
                cache_read: Some(tokens.cache_read.unsigned_abs()),
                cache_creation: None,
                output: Some(tokens.output.unsigned_abs()),
                reasoning: Some(tokens.reasoning.unsigned_abs()),
            };
            self.ledger.spend(who(), time, told, Some(&turn.prompt));
            let own = vec![
                text("gen_ai.request.model", round.model.name),
                text("gen_ai.response.id", &round.request_id),
                int("gen_ai.usage.input_tokens", all_input),
                int("gen_ai.usage.output_tokens", tokens.output),
            ];
            let name = "gen_ai.client.inference.operation.details";
            log(name, None, time, "GenAI operation details.", own);
            let Some(tool) = &round.tool else { continue };
            let is_rejected = tool.call.of == Ending::Rejected;
            let own = vec![
                text("function_name", tool.name),
                int("duration_ms", tool.call.millis()),
                truth("success", tool.call.of == Ending::Success),
                text(
                    "decision",
                    if is_rejected { "reject" } else { "auto_accept" },
                ),
                prompt(),
                text("tool_type", "native"),
            ];
            let source = Some("gemini_cli, log gemini_cli.tool_call");
            let body = "Tool call.";
            log("gemini_cli.tool_call", source, tool.call.end, body, own);
            let outcome = tool.call.of.into();
            self.ledger.use_tool(who(), tool.call.end, tool, outcome);
        }
        self.delivery.events(sender, items, self.ledger);
    }

    fn gemini_metrics(&mut self, sender: &Sender, session: &Session, told: Told) {
        let fate = self.random.below(4);
        for process in 0..2 {
            let Some(first) = session.begin_of(process) else {
                continue;
            };
            let mut counts = Vec::new();
            for (_, round) in session.rounds().filter(|(turn, _)| turn.process == process) {
                let mut add = |shape, own: Vec<Attribute>, amount: i64, what| {
                    counts.push(Count {
                        time: round.request.end,
                        shape,
                        attributes: [common(session), own].concat(),
                        amount: amount.unsigned_abs(),
                        what,
                        told,
                        who: who(session, round),
                    });
                };
                let model = || text("model", round.model.name);
                let tokens = &round.request.of;
                let all_input = tokens.input + tokens.cache_read;
                for (class, amount) in [
                    ("input", all_input),
                    ("output", tokens.output - tokens.reasoning),
                    ("thought", tokens.reasoning),
                    ("cache", tokens.cache_read),
                ] {
                    let what = What::Tokens(class, of_classes);
                    add(TOKENS, vec![model(), text("type", class)], amount, what);
                }
                for (class, amount) in [("input", all_input), ("output", tokens.output)] {
                    let own = vec![
                        text("gen_ai.request.model", round.model.name),
                        text("gen_ai.token.type", class),
                    ];
                    add(AGAIN, own, amount, What::Nothing);
                }
                for (shape, own, what) in calls(round, [REQUESTS, TOOL_CALLS]) {
                    add(shape, own, 1, what);
                }
            }
            let is_old = fate == 1;
            let meter = Meter {
                temporality: Temporality::Cumulative,
                start: first - if is_old { 50 * HOUR } else { SECOND },
                interval: 10 * SECOND,
                is_old,
                forgets: fate == 2,
            };
            meter.run(sender, counts, self.delivery, self.ledger);
        }
    }
}

/// What counts the requests and the tool call of a round, in Qwen Code as well, which began as this.
pub(super) fn calls(
    round: &Round,
    [requests, tool_calls]: [Shape; 2],
) -> Vec<(Shape, Vec<Attribute>, What)> {
    let model = || text("model", round.model.name);
    let mut calls = Vec::new();
    if let Some(failed) = &round.failure {
        let own = vec![
            model(),
            int("status_code", failed.of),
            text("error_type", "ApiError"),
        ];
        calls.push((requests, own, What::Requests { is_error: true }));
    }
    let own = vec![model(), int("status_code", 200)];
    calls.push((requests, own, What::Requests { is_error: false }));
    if let Some(tool) = &round.tool {
        let is_rejected = tool.call.of == Ending::Rejected;
        let own = vec![
            text("function_name", tool.name),
            truth("success", tool.call.of == Ending::Success),
            text("decision", if is_rejected { "reject" } else { "accept" }),
            text("tool_type", "native"),
        ];
        let what = What::Tool(tool.name, tool.call.of.into());
        calls.push((tool_calls, own, what));
    }
    calls
}
