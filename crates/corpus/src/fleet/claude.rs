//! Claude Code: deltas by default, the same spending as events and as metrics.

use super::Member;
use super::counted::{Told, What};
use super::delivery::{HOUR, SECOND};
use super::item::{Attribute, Content, Item, NumberKind, Sender, Shape, Val, int, text};
use super::ledger::{Outcome, Spending, Text, Tokens, Who};
use super::meter::{Count, Meter, Temporality};
use super::models::{self, CLAUDE};
use super::plan::{self, Ending, Round, Session, Sharing, Tool, Turn, Work};
use std::collections::BTreeMap;

const TOOLS: [&str; 5] = ["Bash", "Read", "Edit", "Grep", "WebFetch"];
const MINUTE: u64 = 60 * SECOND;

const TOKENS: Shape = Shape {
    name: "claude_code.token.usage",
    unit: "tokens",
    number: NumberKind::Double,
};
const COST: Shape = Shape {
    name: "claude_code.cost.usage",
    unit: "USD",
    number: NumberKind::Billionths,
};
const ACTIVE: Shape = Shape {
    name: "claude_code.active_time.total",
    unit: "s",
    number: NumberKind::Thousandths,
};
const LINES: Shape = Shape {
    name: "claude_code.lines_of_code.count",
    unit: "",
    number: NumberKind::Double,
};

/// What a member exports.
struct Export {
    service: String,
    has_events: bool,
    has_metrics: bool,
    /// OTEL_METRICS_INCLUDE_SESSION_ID.
    session_on_metrics: bool,
    temporality: Temporality,
}

impl Export {
    fn of(service: &str) -> Self {
        Self {
            service: service.to_owned(),
            has_events: false,
            has_metrics: true,
            session_on_metrics: true,
            temporality: Temporality::Delta,
        }
    }
}

pub(super) fn events_and_metrics(member: &mut Member<'_>) {
    let export = Export {
        has_events: true,
        ..Export::of("claude-code")
    };
    member.claude(&export);
}

pub(super) fn delta_metrics(member: &mut Member<'_>) {
    member.claude(&Export::of("claude-code"));
}

pub(super) fn cumulative_metrics(member: &mut Member<'_>) {
    let export = Export {
        temporality: Temporality::Cumulative,
        ..Export::of("claude-code")
    };
    member.claude(&export);
}

/// Events with, metrics without the session.
pub(super) fn nameless_metrics(member: &mut Member<'_>) {
    let export = Export {
        has_events: true,
        session_on_metrics: false,
        ..Export::of(&format!("claude-code-agent-{}", member.number))
    };
    member.claude(&export);
}

/// Only metrics, and these without the session.
pub(super) fn metrics_without_session(member: &mut Member<'_>) {
    let export = Export {
        session_on_metrics: false,
        ..Export::of(&format!("claude-code-agent-{}", member.number))
    };
    member.claude(&export);
}

/// The attributes of every item.
pub(super) fn common(session: &Session, with_session: bool) -> Vec<Attribute> {
    let mut all = vec![
        text("user.id", "9f86d081884c7d65"),
        text("user.email", &session.user),
        text("user.account_uuid", "11111111-2222-4333-8444-555555555555"),
        text("organization.id", "99999999-8888-4777-8666-555555555555"),
        text("terminal.type", "xterm-256color"),
    ];
    if with_session {
        all.push(text("session.id", &session.id));
    }
    all
}

pub(super) fn who(
    service: &str,
    named: Option<&Session>,
    session: &Session,
    sender: &Sender,
    round: Option<&Round>,
) -> Who {
    Who {
        agent: Text::from("claude_code"),
        service: Text::from(service),
        session: named.map(|session| Text::from(session.id.as_str())),
        user: Some(Text::from(session.user.as_str())),
        model: round.map(|round| Text::from(round.model.name)),
        host: sender
            .resource
            .iter()
            .any(|(key, _)| *key == "host.name")
            .then(|| Text::from(session.host)),
    }
}

pub(super) fn spent(tokens: &plan::Tokens) -> Tokens {
    Tokens {
        input: Some(tokens.input.unsigned_abs()),
        cache_read: Some(tokens.cache_read.unsigned_abs()),
        cache_creation: Some(tokens.cache_creation.unsigned_abs()),
        output: Some(tokens.output.unsigned_abs()),
        reasoning: None,
    }
}

fn cost(round: &Round) -> u64 {
    let tokens = &round.request.of;
    let four = [
        tokens.input,
        tokens.cache_read,
        tokens.cache_creation,
        tokens.output,
    ];
    models::cost(round.model, four)
}

fn of_classes(classes: &BTreeMap<&'static str, u64>) -> Tokens {
    Tokens {
        input: classes.get("input").copied(),
        cache_read: classes.get("cacheRead").copied(),
        cache_creation: classes.get("cacheCreation").copied(),
        output: classes.get("output").copied(),
        reasoning: None,
    }
}

impl Member<'_> {
    pub(super) fn claude_session(&mut self, begin: u64) -> Session {
        let sharing = [Sharing::One, Sharing::Resumed, Sharing::Parallel];
        let work = Work {
            models: &CLAUDE,
            tools: &TOOLS,
            creates_cache: true,
            sharing: self.random.one_of(&sharing),
        };
        plan::session(&self.user, self.host, begin, &work, self.random)
    }

    /// Every other member names its host in OTEL_RESOURCE_ATTRIBUTES.
    pub(super) fn claude_sender(&self, service: &str, scope: &'static str) -> Sender {
        let mut resource = vec![
            text("service.version", "2.1.329"),
            text("os.type", "linux"),
            text("host.arch", "amd64"),
        ];
        if self.number.is_multiple_of(2) {
            resource.push(text("host.name", self.host));
        }
        Sender {
            service: service.to_owned(),
            resource,
            scope: (scope, "2.1.329"),
        }
    }

    fn claude(&mut self, export: &Export) {
        for begin in self.begins.clone() {
            let session = self.claude_session(begin);
            if export.has_events {
                self.claude_events(export, &session);
            }
            if export.has_metrics {
                self.claude_metrics(export, &session);
            }
        }
    }

    fn claude_events(&mut self, export: &Export, session: &Session) {
        let sender = self.claude_sender(&export.service, "com.anthropic.claude_code.events");
        let mut events = Events {
            common: common(session, true),
            sequence: 0,
            // Before 2.1.122 every number was a text.
            is_old: self.random.below(3) == 0,
            items: Vec::new(),
        };
        for turn in &session.turns {
            events.add(
                "user_prompt",
                turn.begin,
                turn,
                vec![text("prompt_length", "12")],
            );
            for round in &turn.rounds {
                let who = |model| who(&export.service, Some(session), session, &sender, model);
                if let Some(failed) = &round.failure {
                    events.failure(turn, round);
                    self.ledger.call(who(Some(round)), failed.end, true, failed);
                }
                events.request(turn, round);
                let time = round.request.end;
                self.ledger
                    .call(who(Some(round)), time, false, &round.request);
                self.ledger.spendings.push(Spending {
                    time,
                    who: who(Some(round)),
                    tokens: spent(&round.request.of),
                    cost: Some(cost(round)),
                    prompt: Some(Text::from(turn.prompt.as_str())),
                });
                if let Some(tool) = &round.tool {
                    let (time, outcome) = events.tool(turn, tool);
                    self.ledger.use_tool(who(None), time, tool, outcome);
                }
            }
        }
        self.delivery.events(&sender, events.items, self.ledger);
    }

    fn claude_metrics(&mut self, export: &Export, session: &Session) {
        let sender = self.claude_sender(&export.service, "com.anthropic.claude_code");
        let named = export.session_on_metrics.then_some(session);
        let told = match (export.has_events, named) {
            (false, _) => Told::Here,
            (true, Some(_)) => Told::Better,
            (true, None) => Told::Covered,
        };
        let is_cumulative = export.temporality == Temporality::Cumulative;
        let fate = self.random.below(4);
        for process in 0..2 {
            let Some(first) = session.begin_of(process) else {
                continue;
            };
            let mut counts = Vec::new();
            for (turn, round) in session.rounds().filter(|(turn, _)| turn.process == process) {
                let mut add = |shape: Shape, own: Vec<Attribute>, amount: u64, what, told| {
                    let is_of_model = matches!(what, What::Tokens(..) | What::Cost(_));
                    counts.push(Count {
                        time: round.request.end,
                        shape,
                        attributes: [common(session, named.is_some()), own].concat(),
                        amount,
                        what,
                        told,
                        who: who(
                            &export.service,
                            named,
                            session,
                            &sender,
                            is_of_model.then_some(round),
                        ),
                    });
                };
                let query = if turn.rounds.len() > 2 {
                    "subagent"
                } else {
                    "main"
                };
                let of_model =
                    || vec![text("model", round.model.name), text("query_source", query)];
                let tokens = &round.request.of;
                for (class, amount) in [
                    ("input", tokens.input),
                    ("output", tokens.output),
                    ("cacheRead", tokens.cache_read),
                    ("cacheCreation", tokens.cache_creation),
                ] {
                    let own = [of_model(), vec![text("type", class)]].concat();
                    let what = What::Tokens(class, of_classes);
                    add(TOKENS, own, amount.unsigned_abs(), what, told);
                }
                add(COST, of_model(), cost(round), What::Cost(1), told);
                let millis = round.request.millis().unsigned_abs();
                let own = vec![text("type", "cli")];
                add(ACTIVE, own, millis, What::Active, Told::Here);
                let own = vec![text("type", "added"), text("model", round.model.name)];
                add(LINES, own, 3, What::Nothing, Told::Here);
            }
            let is_old = is_cumulative && fate == 1;
            let meter = Meter {
                temporality: export.temporality,
                start: if is_old {
                    first - 30 * HOUR
                } else {
                    first - SECOND
                },
                interval: MINUTE,
                is_old,
                forgets: is_cumulative && fate == 2,
            };
            meter.run(&sender, counts, self.delivery, self.ledger);
        }
    }
}

/// Log records of a session.
struct Events {
    common: Vec<Attribute>,
    sequence: i64,
    is_old: bool,
    items: Vec<(u64, Item)>,
}

impl Events {
    fn add(&mut self, name: &str, time: u64, turn: &Turn, own: Vec<Attribute>) {
        let source = match name {
            "api_request" => Some("claude_code, log api_request"),
            "api_error" => Some("claude_code, log api_error"),
            "tool_result" => Some("claude_code, log tool_result"),
            _ => None,
        };
        let mut attributes = self.common.clone();
        attributes.extend([
            text("event.name", name),
            int("event.sequence", self.sequence),
            text("prompt.id", &turn.prompt),
        ]);
        attributes.extend(own);
        if self.is_old {
            for (_, value) in &mut attributes {
                match value {
                    Val::Int(number) => *value = Val::Text(number.to_string()),
                    Val::Double(number) => *value = Val::Text(number.to_string()),
                    _ => {}
                }
            }
        }
        self.sequence += 1;
        let item = Item {
            source,
            attributes,
            content: Content::Log {
                time,
                observed: time,
                severity: (0, ""),
                body: Some(format!("claude_code.{name}")),
                event_name: "",
            },
        };
        self.items.push((time, item));
    }

    fn failure(&mut self, turn: &Turn, round: &Round) {
        let Some(failed) = &round.failure else { return };
        let own = vec![
            text("model", round.model.name),
            text("error", "overloaded"),
            int("status_code", failed.of),
            int("duration_ms", failed.millis()),
            int("attempt", 1),
        ];
        self.add("api_error", failed.end, turn, own);
    }

    fn request(&mut self, turn: &Turn, round: &Round) {
        let tokens = &round.request.of;
        let nanos = cost(round);
        let own = vec![
            text("model", round.model.name),
            int("input_tokens", tokens.input),
            int("output_tokens", tokens.output),
            int("cache_read_tokens", tokens.cache_read),
            int("cache_creation_tokens", tokens.cache_creation),
            ("cost_usd", Val::Double(nanos as f64 / 1e9)),
            int("cost_usd_micros", ((nanos + 500) / 1_000).cast_signed()),
            int("duration_ms", round.request.millis()),
            text("request_id", &round.request_id),
            text("query_source", "repl_main_thread"),
        ];
        self.add("api_request", round.request.end, turn, own);
    }

    /// A decision, and the result if it was to run.
    fn tool(&mut self, turn: &Turn, tool: &Tool) -> (u64, Outcome) {
        let is_rejected = tool.call.of == Ending::Rejected;
        let decision = if is_rejected { "reject" } else { "accept" };
        let own = vec![
            text("tool_name", tool.name),
            text("tool_use_id", &tool.id),
            text("decision", decision),
            text("source", if is_rejected { "user_reject" } else { "config" }),
        ];
        self.add("tool_decision", tool.call.begin, turn, own);
        if is_rejected {
            let (_, item) = self.items.last_mut().expect("it was just added");
            item.source = Some("claude_code, log tool_decision");
            return (tool.call.begin, Outcome::Rejected);
        }
        let success = tool.call.of == Ending::Success;
        let own = vec![
            text("tool_name", tool.name),
            text("tool_use_id", &tool.id),
            text("success", if success { "true" } else { "false" }),
            text("duration_ms", &tool.call.millis().to_string()),
            text("decision_type", "accept"),
        ];
        self.add("tool_result", tool.call.end, turn, own);
        (tool.call.end, tool.call.of.into())
    }
}
