//! Qwen Code: output that includes thoughts, events that come as spans, metrics mostly without the
//! session.

use std::collections::BTreeMap;

use super::Member;
use super::counted::{Told, What};
use super::delivery::SECOND;
use super::gemini;
use super::item::{Attribute, Item, NumberKind, Sender, Shape, int, text, truth};
use super::ledger::{Text, Tokens, Who};
use super::meter::{Count, Meter, Temporality};
use super::models::QWEN;
use super::plan::{self, Call, Ending, Round, Session, Sharing, Work};

const TOOLS: [&str; 3] = ["run_shell_command", "read_file", "edit"];

const TOKENS: Shape = Shape {
    name: "qwen-code.token.usage",
    unit: "",
    number: NumberKind::Int,
};
const REQUESTS: Shape = Shape {
    name: "qwen-code.api.request.count",
    unit: "",
    number: NumberKind::Int,
};
const TOOL_CALLS: Shape = Shape {
    name: "qwen-code.tool.call.count",
    unit: "",
    number: NumberKind::Int,
};

/// How events come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Events {
    None,
    Logs,
    /// As spans, because there is an endpoint for spans only.
    Bridged,
}

struct Export {
    service: &'static str,
    events: Events,
    has_metrics: bool,
    session_on_metrics: bool,
}

pub(super) fn events_and_metrics(member: &mut Member<'_>) {
    member.qwen(&Export {
        service: "qwen-code",
        events: Events::Logs,
        has_metrics: true,
        session_on_metrics: false,
    });
}

pub(super) fn bridge(member: &mut Member<'_>) {
    member.qwen(&Export {
        service: "qwen-code",
        events: Events::Bridged,
        has_metrics: false,
        session_on_metrics: false,
    });
}

pub(super) fn metrics(member: &mut Member<'_>) {
    member.qwen(&Export {
        service: "qwen-code",
        events: Events::None,
        has_metrics: true,
        session_on_metrics: true,
    });
}

/// With a service of its own.
pub(super) fn metrics_without_session(member: &mut Member<'_>) {
    member.qwen(&Export {
        service: "qwen-nightly",
        events: Events::None,
        has_metrics: true,
        session_on_metrics: false,
    });
}

fn of_classes(classes: &BTreeMap<&'static str, u64>) -> Tokens {
    Tokens::of_inclusive(classes, "cache", "thought")
}

/// An event with what it tells.
struct Event<'a> {
    name: &'static str,
    /// As a log record and as a span.
    sources: [&'static str; 2],
    call: Call<bool>,
    own: Vec<Attribute>,
    session: &'a Session,
}

impl Event<'_> {
    fn item(self, events: Events, place: (u64, u64, u64)) -> (u64, Item) {
        let mut attributes = vec![
            text("session.id", &self.session.id),
            text("event.name", self.name),
            text("gen_ai.user.id", &self.session.user),
        ];
        attributes.extend(self.own);
        let end = self.call.end;
        let item = if events == Events::Logs {
            Item::log(
                Some(self.sources[0]),
                end,
                "Something happened.",
                attributes,
            )
        } else {
            attributes.push(truth("log.bridge", true));
            let name = (self.name, 1);
            // It starts when the record is written.
            let call = Call {
                begin: end,
                end: end + self.call.nanos(),
                of: false,
            };
            Item::span(Some(self.sources[1]), place, name, &call, attributes)
        };
        (end, item)
    }
}

impl Member<'_> {
    fn qwen(&mut self, export: &Export) {
        for begin in self.begins.clone() {
            let work = Work {
                models: &QWEN,
                tools: &TOOLS,
                creates_cache: false,
                sharing: Sharing::One,
            };
            let session = plan::session(&self.user, self.host, begin, &work, self.random);
            let sender = Sender {
                service: export.service.to_owned(),
                resource: vec![text("service.version", "0.24.4")],
                scope: ("qwen-code", "0.24.4"),
            };
            if export.events != Events::None {
                self.qwen_events(&sender, export.events, &session);
            }
            if export.has_metrics {
                self.qwen_metrics(&sender, export, &session);
            }
        }
    }

    fn qwen_events(&mut self, sender: &Sender, events: Events, session: &Session) {
        let mut items = Vec::new();
        let trace = self.random.next();
        for (turn, round) in session.rounds() {
            let who = || Who {
                agent: Text::from("qwen_code"),
                service: Text::from(sender.service.as_str()),
                session: Some(Text::from(session.id.as_str())),
                user: Some(Text::from(session.user.as_str())),
                model: Some(Text::from(round.model.name)),
                host: None,
            };
            let mut place = || (trace, self.random.next(), 0);
            let common = || {
                vec![
                    text("model", round.model.name),
                    text("prompt_id", &turn.prompt),
                    text("auth_type", "openai"),
                ]
            };
            let mut add = |name, sources, call: Call<bool>, own: Vec<Attribute>| {
                let own = [common(), own].concat();
                let event = Event {
                    name,
                    sources,
                    call,
                    own,
                    session,
                };
                items.push(event.item(events, place()));
            };
            if let Some(failed) = &round.failure {
                let call = failed.ends(true);
                let own = vec![
                    int("duration_ms", failed.millis()),
                    text("error_message", "overloaded"),
                    int("status_code", failed.of),
                ];
                let sources = [
                    "qwen_code, log qwen-code.api_error",
                    "qwen_code, span qwen-code.api_error",
                ];
                add("qwen-code.api_error", sources, call, own);
                self.ledger.call(who(), call.end, true, failed);
            }
            let tokens = &round.request.of;
            let all_input = tokens.input + tokens.cache_read;
            let call = round.request.ends(false);
            let own = vec![
                text("response_id", &round.request_id),
                int("duration_ms", round.request.millis()),
                int("status_code", 200),
                int("input_token_count", all_input),
                int("output_token_count", tokens.output),
                int("cached_content_token_count", tokens.cache_read),
                int("thoughts_token_count", tokens.reasoning),
                int("total_token_count", all_input + tokens.output),
            ];
            let sources = [
                "qwen_code, log qwen-code.api_response",
                "qwen_code, span qwen-code.api_response",
            ];
            add("qwen-code.api_response", sources, call, own);
            let time = call.end;
            self.ledger.call(who(), time, false, &round.request);
            let told = Tokens {
                input: Some(tokens.input.unsigned_abs()),
                cache_read: Some(tokens.cache_read.unsigned_abs()),
                cache_creation: None,
                output: Some(tokens.output.unsigned_abs()),
                reasoning: Some(tokens.reasoning.unsigned_abs()),
            };
            self.ledger.spend(who(), time, told, Some(&turn.prompt));
            if let Some(tool) = &round.tool {
                let is_rejected = tool.call.of == Ending::Rejected;
                let call = tool.call.ends(false);
                let own = vec![
                    text("call_id", &tool.id),
                    text("function_name", tool.name),
                    int("duration_ms", tool.call.millis()),
                    truth("success", tool.call.of == Ending::Success),
                    text(
                        "decision",
                        if is_rejected { "reject" } else { "auto_accept" },
                    ),
                ];
                let sources = [
                    "qwen_code, log qwen-code.tool_call",
                    "qwen_code, span qwen-code.tool_call",
                ];
                add("qwen-code.tool_call", sources, call, own);
                let outcome = tool.call.of.into();
                self.ledger.use_tool(who(), call.end, tool, outcome);
            }
            if events == Events::Bridged {
                // The same again, as a span of its own.
                items.push(llm_request(session, round, place()));
            }
        }
        self.delivery.events(sender, items, self.ledger);
    }

    fn qwen_metrics(&mut self, sender: &Sender, export: &Export, session: &Session) {
        let told = if export.events == Events::None {
            Told::Here
        } else {
            Told::Covered
        };
        let mut counts = Vec::new();
        for (_, round) in session.rounds() {
            let named = export.session_on_metrics;
            let mut add = |shape: Shape, own: Vec<Attribute>, amount: i64, what| {
                let id = || text("session.id", &session.id);
                let has_model = !matches!(what, What::Tool(..));
                counts.push(Count {
                    time: round.request.end,
                    shape,
                    attributes: own.into_iter().chain(named.then(id)).collect(),
                    amount: amount.unsigned_abs(),
                    what,
                    told,
                    who: Who {
                        agent: Text::from("qwen_code"),
                        service: Text::from(sender.service.as_str()),
                        session: named.then(|| Text::from(session.id.as_str())),
                        user: None,
                        model: has_model.then(|| Text::from(round.model.name)),
                        host: None,
                    },
                });
            };
            let model = || text("model", round.model.name);
            let tokens = &round.request.of;
            for (class, amount) in [
                ("input", tokens.input + tokens.cache_read),
                ("output", tokens.output),
                ("thought", tokens.reasoning),
                ("cache", tokens.cache_read),
            ] {
                let what = What::Tokens(class, of_classes);
                add(TOKENS, vec![model(), text("type", class)], amount, what);
            }
            for (shape, own, what) in gemini::calls(round, [REQUESTS, TOOL_CALLS]) {
                add(shape, own, 1, what);
            }
        }
        let meter = Meter {
            temporality: Temporality::Cumulative,
            start: session.begin,
            interval: 10 * SECOND,
            is_old: false,
            forgets: false,
        };
        meter.run(sender, counts, self.delivery, self.ledger);
    }
}

fn llm_request(session: &Session, round: &Round, place: (u64, u64, u64)) -> (u64, Item) {
    let tokens = &round.request.of;
    let attributes = vec![
        text("session.id", &session.id),
        text("gen_ai.request.model", round.model.name),
        int(
            "gen_ai.usage.input_tokens",
            tokens.input + tokens.cache_read,
        ),
        int("gen_ai.usage.output_tokens", tokens.output),
        int("gen_ai.usage.cache_read.input_tokens", tokens.cache_read),
        text("gen_ai.response.id", &round.request_id),
        int("duration_ms", round.request.millis()),
        truth("success", true),
    ];
    let source = Some("qwen_code, span qwen-code.llm_request");
    let name = ("qwen-code.llm_request", 1);
    let call = round.request.ends(false);
    (call.end, Item::span(source, place, name, &call, attributes))
}
