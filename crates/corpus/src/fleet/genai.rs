//! Services that follow the conventions for generative AI, old and new.

use std::collections::BTreeMap;

use super::Member;
use super::conventions::{Emitter, Names, all_input, sum};
use super::copilot;
use super::counted::{Told, What};
use super::delivery::SECOND;
use super::item::{Attribute, Item, NumberKind, Sender, Shape, int, text};
use super::ledger::{Text, Tokens, Who};
use super::meter::{Count, Meter, Temporality};
use super::models::CODEX;
use super::plan::{self, Call, Session, Sharing, Work};

const TOOLS: [&str; 2] = ["search", "fetch"];

const TOKENS: Shape = Shape {
    name: "gen_ai.client.token.usage",
    unit: "{token}",
    number: NumberKind::Histogram,
};

/// Counters of the conventions of September 2026.
const fn counter(name: &'static str) -> Shape {
    Shape {
        name,
        unit: "{token}",
        number: NumberKind::Int,
    }
}
const INPUT: &str = "gen_ai.client.inference.usage.input_tokens";
const OUTPUT: &str = "gen_ai.client.inference.usage.output_tokens";
const CACHE_READ: &str = "gen_ai.client.inference.usage.cache_read.input_tokens";
const CACHE_WRITE: &str = "gen_ai.client.inference.usage.cache_write.input_tokens";
const REASONING: &str = "gen_ai.client.inference.usage.reasoning.output_tokens";

const EMITTER: Emitter = Emitter {
    sources: ["genai, span inference", "genai, span execute_tool"],
    provider: "openai",
    names: Names::New,
};
const OLD: Emitter = Emitter {
    names: Names::Old,
    ..EMITTER
};

fn of_classes(classes: &BTreeMap<&'static str, u64>) -> Tokens {
    let class = |name| classes.get(name).copied();
    let cached = class(CACHE_READ).unwrap_or(0) + class(CACHE_WRITE).unwrap_or(0);
    Tokens {
        input: class(INPUT).map(|input| input - cached),
        cache_read: class(CACHE_READ),
        cache_creation: class(CACHE_WRITE),
        output: class(OUTPUT),
        reasoning: class(REASONING),
    }
}

/// Spans below roll-ups, events and metrics; agents have names.
pub(super) fn spans(member: &mut Member<'_>) {
    member.genai("support-bot", Some("triage"), &EMITTER);
}

/// With the names of attributes of 2024, and no name of an agent.
pub(super) fn old_spans(member: &mut Member<'_>) {
    member.genai("old-bot", None, &OLD);
}

/// Nothing but counters.
pub(super) fn counters(member: &mut Member<'_>) {
    for begin in member.begins.clone() {
        let session = member.genai_session(begin);
        let sender = sender("embedder", &session);
        let mut counts = Vec::new();
        for (_, round) in session.rounds() {
            let tokens = &round.request.of;
            for (name, amount) in [
                (INPUT, all_input(tokens)),
                (OUTPUT, tokens.output),
                (CACHE_READ, tokens.cache_read),
                (CACHE_WRITE, tokens.cache_creation),
                (REASONING, tokens.reasoning),
            ] {
                counts.push(Count {
                    time: round.request.end,
                    shape: counter(name),
                    attributes: vec![
                        text("gen_ai.provider.name", "openai"),
                        text("gen_ai.request.model", round.model.name),
                    ],
                    amount: amount.unsigned_abs(),
                    what: What::Tokens(name, of_classes),
                    told: Told::Here,
                    who: Who {
                        session: None,
                        ..who("embedder", "embedder", &session, round.model.name)
                    },
                });
            }
        }
        meter(&session).run(&sender, counts, member.delivery, member.ledger);
    }
}

fn sender(service: &str, session: &Session) -> Sender {
    Sender {
        service: service.to_owned(),
        resource: vec![text("host.name", session.host)],
        scope: ("opentelemetry.instrumentation.openai", "1.4"),
    }
}

fn who(agent: &str, service: &str, session: &Session, model: &str) -> Who {
    Who {
        agent: Text::from(agent),
        service: Text::from(service),
        session: Some(Text::from(session.id.as_str())),
        user: None,
        model: Some(Text::from(model)),
        host: Some(Text::from(session.host)),
    }
}

fn meter(session: &Session) -> Meter {
    Meter {
        temporality: Temporality::Cumulative,
        start: session.begin,
        interval: 60 * SECOND,
        is_old: false,
        forgets: false,
    }
}

impl Member<'_> {
    fn genai_session(&mut self, begin: u64) -> Session {
        let work = Work {
            models: &CODEX,
            tools: &TOOLS,
            creates_cache: true,
            sharing: Sharing::One,
        };
        plan::session(&self.user, self.host, begin, &work, self.random)
    }

    fn genai(&mut self, service: &'static str, agent: Option<&str>, emitter: &Emitter) {
        for begin in self.begins.clone() {
            let session = self.genai_session(begin);
            let sender = sender(service, &session);
            let agent_word = agent.unwrap_or(service);
            let mut items = Vec::new();
            let mut common = vec![
                text("gen_ai.conversation.id", &session.id),
                text("user.id", &session.user),
            ];
            common.extend(agent.map(|agent| text("gen_ai.agent.name", agent)));
            for turn in &session.turns {
                let (trace, root) = (self.random.next(), self.random.next());
                let middle = self.random.next();
                let roll_up = |operation: &str, place, items: &mut Vec<(u64, Item)>| {
                    let usage = emitter.usage(&sum(&turn.rounds));
                    let mut own = [common.clone(), usage].concat();
                    own.push(text("gen_ai.operation.name", operation));
                    own.push(text("gen_ai.request.model", turn.rounds[0].model.name));
                    let call = Call {
                        begin: turn.begin,
                        end: turn.end,
                        of: false,
                    };
                    let source = (operation == "chat").then_some("genai, span inference");
                    let span = Item::span(source, place, (operation, 1), &call, own);
                    items.push((call.end, span));
                };
                roll_up("invoke_agent", (trace, root, 0), &mut items);
                // Some libraries wrap the requests in a span that sums them up and claims to be one.
                let parent = if self.random.below(2) == 0 {
                    roll_up("chat", (trace, middle, root), &mut items);
                    middle
                } else {
                    root
                };
                for round in &turn.rounds {
                    let who = Who {
                        user: Some(Text::from(session.user.as_str())),
                        ..who(agent_word, service, &session, round.model.name)
                    };
                    let place = || (trace, self.random.next(), parent);
                    emitter.round(round, &who, &common, place, &mut items, self.ledger);
                    let mut own = [common.clone(), emitter.request("chat", round)].concat();
                    own.push(text(
                        "event.name",
                        "gen_ai.client.inference.operation.details",
                    ));
                    own.push(text("gen_ai.response.id", &round.request_id));
                    own.push(int(
                        "gen_ai.usage.input_tokens",
                        all_input(&round.request.of),
                    ));
                    let source = "genai, log gen_ai.client.inference.operation.details";
                    let time = round.request.end;
                    items.push((time, Item::log(Some(source), time, "details", own)));
                }
            }
            self.delivery.events(&sender, items, self.ledger);
            self.genai_metrics(&sender, &session);
        }
    }

    /// A histogram of the same tokens that names no conversation.
    fn genai_metrics(&mut self, sender: &Sender, session: &Session) {
        let mut counts = Vec::new();
        for (_, round) in session.rounds() {
            let tokens = &round.request.of;
            for (class, amount) in [("input", all_input(tokens)), ("output", tokens.output)] {
                let attributes: Vec<Attribute> = vec![
                    text("gen_ai.operation.name", "chat"),
                    text("gen_ai.request.model", round.model.name),
                    text("gen_ai.token.type", class),
                ];
                let service = sender.service.as_str();
                counts.push(Count {
                    time: round.request.end,
                    shape: TOKENS,
                    attributes,
                    amount: amount.unsigned_abs(),
                    what: What::Tokens(class, copilot::of_classes),
                    told: Told::Covered,
                    who: Who {
                        session: None,
                        ..who(service, service, session, round.model.name)
                    },
                });
            }
        }
        meter(session).run(sender, counts, self.delivery, self.ledger);
    }
}
