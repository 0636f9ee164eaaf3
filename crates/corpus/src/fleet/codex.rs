//! Codex: log records whose numbers are texts in part, and deltas that name no user and no host.

use std::collections::BTreeMap;

use super::Member;
use super::counted::{Told, What};
use super::delivery::SECOND;
use super::item::{Attribute, Content, Item, NumberKind, Sender, Shape, int, text};
use super::ledger::{Outcome, Text, Tokens, Who};
use super::meter::{Count, Meter, Temporality, unset};
use super::models::{self, CODEX};
use super::plan::{self, Ending, Round, Session, Sharing, Work};

const TOOLS: [&str; 3] = ["exec_command", "apply_patch", "update_plan"];

const TOKENS: Shape = Shape {
    name: "codex.turn.token_usage",
    unit: "",
    number: NumberKind::Histogram,
};
const COST: Shape = Shape {
    name: "codex.turn.cost_microusd",
    unit: "",
    number: NumberKind::Int,
};
const REQUESTS: Shape = Shape {
    name: "codex.api_request",
    unit: "",
    number: NumberKind::Int,
};
const TOOL_CALLS: Shape = Shape {
    name: "codex.tool.call",
    unit: "",
    number: NumberKind::Int,
};

/// What a member exports.
#[derive(Clone, Copy)]
struct Export {
    service: &'static str,
    has_logs: bool,
    has_spans: bool,
    has_metrics: bool,
    has_cost: bool,
}

pub(super) fn cli(member: &mut Member<'_>) {
    member.codex(Export {
        service: "codex_cli_rs",
        has_logs: true,
        has_spans: true,
        has_metrics: true,
        has_cost: true,
    });
}

/// It sends no metrics.
pub(super) fn exec(member: &mut Member<'_>) {
    member.codex(Export {
        service: "codex_exec",
        has_logs: true,
        has_spans: false,
        has_metrics: false,
        has_cost: false,
    });
}

/// Metrics alone, of a version without cost.
pub(super) fn metrics(member: &mut Member<'_>) {
    member.codex(Export {
        service: "codex_vscode",
        has_logs: false,
        has_spans: false,
        has_metrics: true,
        has_cost: false,
    });
}

fn of_classes(classes: &BTreeMap<&'static str, u64>) -> Tokens {
    Tokens::of_inclusive(classes, "cached_input", "reasoning_output")
}

/// Input with what is cached.
fn all_input(tokens: &plan::Tokens) -> i64 {
    tokens.input + tokens.cache_read
}

impl Member<'_> {
    fn codex(&mut self, export: Export) {
        for begin in self.begins.clone() {
            let work = Work {
                models: &CODEX,
                tools: &TOOLS,
                creates_cache: false,
                sharing: Sharing::One,
            };
            let session = plan::session(&self.user, self.host, begin, &work, self.random);
            if export.has_logs {
                self.codex_logs(export, &session);
            }
            if export.has_spans {
                self.codex_spans(export, &session);
            }
            if export.has_metrics {
                self.codex_metrics(export, &session);
            }
        }
    }

    fn codex_logs(&mut self, export: Export, session: &Session) {
        let sender = Sender {
            service: export.service.to_owned(),
            resource: vec![
                text("service.version", "0.169.0"),
                text("env", "dev"),
                text("host.name", session.host),
            ],
            scope: ("codex_otel.log_only", ""),
        };
        let mut items = Vec::new();
        let mut log = |round: &Round, name, source, time: u64, own: Vec<Attribute>| {
            let mut attributes = vec![
                text("event.name", name),
                text("conversation.id", &session.id),
                text("app.version", "0.169.0"),
                text("auth_mode", "ApiKey"),
                text("originator", export.service),
                text("user.email", &session.user),
                text("terminal.type", "xterm-256color"),
                text("model", round.model.name),
                text("slug", round.model.name),
                unset("mcp_server"),
            ];
            attributes.extend(own);
            let item = Item {
                source,
                attributes,
                content: Content::Log {
                    time: 0,
                    observed: time,
                    severity: (9, "INFO"),
                    body: None,
                    event_name: "event otel/src/events/session_telemetry.rs:700",
                },
            };
            items.push((time, item));
        };
        for (_, round) in session.rounds() {
            let who = || Who {
                agent: Text::from("codex"),
                service: Text::from(export.service),
                session: Some(Text::from(session.id.as_str())),
                user: Some(Text::from(session.user.as_str())),
                model: Some(Text::from(round.model.name)),
                host: Some(Text::from(session.host)),
            };
            let request = Some("codex, log codex.api_request");
            if let Some(failed) = &round.failure {
                let own = vec![
                    text("duration_ms", &failed.millis().to_string()),
                    int("http.response.status_code", failed.of),
                    text("error.message", "stream disconnected"),
                    int("attempt", 0),
                ];
                log(round, "codex.api_request", request, failed.end, own);
                self.ledger.call(who(), failed.end, true, failed);
            }
            let own = vec![
                text("duration_ms", &round.request.millis().to_string()),
                int("http.response.status_code", 200),
                int("attempt", 1),
            ];
            let time = round.request.end;
            log(round, "codex.api_request", request, time, own);
            self.ledger.call(who(), time, false, &round.request);
            let tokens = &round.request.of;
            let own = vec![
                text("event.kind", "response.completed"),
                text("input_token_count", &all_input(tokens).to_string()),
                text("output_token_count", &tokens.output.to_string()),
                int("cached_token_count", tokens.cache_read),
                int("reasoning_token_count", tokens.reasoning),
                text(
                    "tool_token_count",
                    &(all_input(tokens) + tokens.output).to_string(),
                ),
            ];
            let source = Some("codex, log codex.sse_event");
            log(round, "codex.sse_event", source, time, own);
            let told = Tokens {
                input: Some(tokens.input.unsigned_abs()),
                cache_read: Some(tokens.cache_read.unsigned_abs()),
                cache_creation: None,
                output: Some(tokens.output.unsigned_abs()),
                reasoning: Some(tokens.reasoning.unsigned_abs()),
            };
            self.ledger.spend(who(), time, told, None);
            let own = vec![text("event.kind", "response.output_item.done")];
            log(round, "codex.sse_event", None, time, own);
            let Some(tool) = &round.tool else { continue };
            let is_rejected = tool.call.of == Ending::Rejected;
            let own = vec![
                text("tool_name", tool.name),
                text("call_id", &tool.id),
                text("decision", if is_rejected { "denied" } else { "approved" }),
            ];
            let source = is_rejected.then_some("codex, log codex.tool_decision");
            log(round, "codex.tool_decision", source, tool.call.begin, own);
            if is_rejected {
                let time = tool.call.begin;
                self.ledger.use_tool(who(), time, tool, Outcome::Rejected);
                continue;
            }
            let success = tool.call.of == Ending::Success;
            let own = vec![
                text("tool_name", tool.name),
                text("call_id", &tool.id),
                text("duration_ms", &tool.call.millis().to_string()),
                text("success", if success { "true" } else { "false" }),
            ];
            let source = Some("codex, log codex.tool_result");
            log(round, "codex.tool_result", source, tool.call.end, own);
            let outcome = tool.call.of.into();
            self.ledger.use_tool(who(), tool.call.end, tool, outcome);
        }
        self.delivery.events(&sender, items, self.ledger);
    }

    /// Spans that tell the tokens of the log records again: per turn, and per response without the
    /// conversation.
    fn codex_spans(&mut self, export: Export, session: &Session) {
        let sender = Sender {
            service: export.service.to_owned(),
            resource: vec![text("service.version", "0.169.0"), text("env", "dev")],
            scope: (export.service, ""),
        };
        let mut items = Vec::new();
        for turn in &session.turns {
            let (trace, root) = (self.random.next(), self.random.next());
            let (mut input, mut cached, mut output) = (0, 0, 0);
            for round in &turn.rounds {
                let tokens = &round.request.of;
                input += all_input(tokens);
                cached += tokens.cache_read;
                output += tokens.output;
                let attributes = vec![
                    int("gen_ai.usage.input_tokens", all_input(tokens)),
                    int("gen_ai.usage.cache_read.input_tokens", tokens.cache_read),
                    int("gen_ai.usage.output_tokens", tokens.output),
                    int("codex.usage.reasoning_output_tokens", tokens.reasoning),
                    int(
                        "codex.usage.total_tokens",
                        all_input(tokens) + tokens.output,
                    ),
                ];
                let source = Some("codex, span handle_responses");
                let place = (trace, self.random.next(), root);
                let call = round.request.ends(false);
                let span = Item::span(source, place, ("completed", 0), &call, attributes);
                items.push((call.end, span));
                self.ledger.cover("tokens");
            }
            let attributes = vec![
                text("conversation.id", &session.id),
                int("codex.turn.token_usage.input_tokens", input),
                int("codex.turn.token_usage.cached_input_tokens", cached),
                int("codex.turn.token_usage.output_tokens", output),
                int("codex.turn.token_usage.total_tokens", input + output),
            ];
            let call = plan::Call {
                begin: turn.begin,
                end: turn.end,
                of: false,
            };
            let source = Some("codex, span session_task.turn");
            let name = ("session_task.turn", 0);
            let span = Item::span(source, (trace, root, 0), name, &call, attributes);
            items.push((call.end, span));
        }
        self.delivery.events(&sender, items, self.ledger);
    }

    fn codex_metrics(&mut self, export: Export, session: &Session) {
        let sender = Sender {
            service: export.service.to_owned(),
            resource: vec![text("service.version", "0.169.0"), text("env", "dev")],
            scope: ("codex", ""),
        };
        let told = if export.has_logs {
            Told::Covered
        } else {
            Told::Here
        };
        let mut counts = Vec::new();
        for (turn, round) in session.rounds() {
            let mut add = |shape: Shape, own: Vec<Attribute>, amount: u64, what, told| {
                let mut attributes = vec![
                    text("auth_mode", "ApiKey"),
                    text("session_source", "cli"),
                    text("originator", export.service),
                    text("service_name", export.service),
                    text("model", round.model.name),
                    text("app.version", "0.169.0"),
                ];
                attributes.extend(own);
                let is_cost = shape == COST;
                counts.push(Count {
                    time: round.request.end,
                    shape,
                    attributes,
                    amount,
                    what,
                    told,
                    who: Who {
                        agent: Text::from("codex"),
                        service: Text::from(export.service),
                        session: is_cost.then(|| Text::from(session.id.as_str())),
                        user: None,
                        model: Some(Text::from(round.model.name)),
                        host: None,
                    },
                });
            };
            let tokens = &round.request.of;
            for (class, amount) in [
                ("input", all_input(tokens)),
                ("cached_input", tokens.cache_read),
                ("output", tokens.output),
                ("reasoning_output", tokens.reasoning),
                ("total", all_input(tokens) + tokens.output),
            ] {
                let what = What::Tokens(class, of_classes);
                let own = vec![text("token_type", class)];
                add(TOKENS, own, amount.unsigned_abs(), what, told);
            }
            if export.has_cost {
                let four = [tokens.input, tokens.cache_read, 0, tokens.output];
                let micros = models::cost(round.model, four).div_ceil(1_000);
                let own = vec![
                    text("turn.id", &turn.prompt),
                    text("conversation.id", &session.id),
                ];
                add(COST, own, micros, What::Cost(1_000), Told::Here);
            }
            let request = |status: &str, success: &str| {
                vec![text("status", status), text("success", success)]
            };
            if round.failure.is_some() {
                let what = What::Requests { is_error: true };
                add(REQUESTS, request("429", "false"), 1, what, told);
            }
            let what = What::Requests { is_error: false };
            add(REQUESTS, request("200", "true"), 1, what, told);
            let tool = round.tool.as_ref();
            if let Some(tool) = tool.filter(|tool| tool.call.of != Ending::Rejected) {
                let success = tool.call.of == Ending::Success;
                let own = vec![
                    text("tool", tool.name),
                    text("success", if success { "true" } else { "false" }),
                ];
                let what = What::Tool(tool.name, tool.call.of.into());
                add(TOOL_CALLS, own, 1, what, told);
            }
        }
        let meter = Meter {
            temporality: Temporality::Delta,
            start: session.begin,
            interval: 60 * SECOND,
            is_old: false,
            forgets: false,
        };
        meter.run(&sender, counts, self.delivery, self.ledger);
    }
}
