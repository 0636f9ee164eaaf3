//! GitHub Copilot, in VS Code and as a command: the same tokens on spans, in roll-ups, in events and
//! in histograms.

use std::collections::BTreeMap;

use super::Member;
use super::conventions::{Emitter, Names, all_input, ran, sum};
use super::counted::{Told, What};
use super::delivery::SECOND;
use super::item::{Attribute, Item, NumberKind, Sender, Shape, Val, int, text, truth};
use super::ledger::{Text, Tokens, Who};
use super::meter::{Count, Meter, Temporality};
use super::models::{CLAUDE, CODEX};
use super::plan::{self, Call, Ending, Session, Sharing, Work};
use crate::random::uuid;

const TOOLS: [&str; 4] = ["read_file", "run_in_terminal", "apply_patch", "grep_search"];

const TOKENS: Shape = Shape {
    name: "gen_ai.client.token.usage",
    unit: "",
    number: NumberKind::Histogram,
};
const EDITOR_TOOLS: Shape = Shape {
    name: "copilot_chat.tool.call.count",
    unit: "",
    number: NumberKind::Int,
};
const COMMAND_TOOLS: Shape = Shape {
    name: "github.copilot.tool.call.count",
    unit: "",
    number: NumberKind::Int,
};

const EDITOR: Emitter = Emitter {
    sources: [
        "copilot_vscode, span chat",
        "copilot_vscode, span execute_tool",
    ],
    provider: "anthropic",
    names: Names::Editor,
};
const COMMAND: Emitter = Emitter {
    sources: ["copilot_cli, span chat", "copilot_cli, span execute_tool"],
    provider: "openai",
    names: Names::Command,
};

pub(super) fn of_classes(classes: &BTreeMap<&'static str, u64>) -> Tokens {
    Tokens {
        input: classes.get("input").copied(),
        output: classes.get("output").copied(),
        ..Tokens::default()
    }
}

/// Spans, events and metrics, of which the latter know the window but not the conversation.
pub(super) fn editor(member: &mut Member<'_>) {
    member.editor(true);
}

/// Metrics alone.
pub(super) fn editor_metrics(member: &mut Member<'_>) {
    member.editor(false);
}

/// The command: spans, and metrics without the conversation.
pub(super) fn command(member: &mut Member<'_>) {
    for begin in member.begins.clone() {
        let work = Work {
            models: &CODEX,
            tools: &TOOLS,
            creates_cache: true,
            sharing: Sharing::One,
        };
        let session = plan::session(&member.user, member.host, begin, &work, member.random);
        let sender = Sender {
            service: "github-copilot".to_owned(),
            resource: vec![text("service.version", "1.0.12")],
            scope: ("github.copilot", "1.0.12"),
        };
        let who = Who {
            agent: Text::from("copilot_cli"),
            service: Text::from("github-copilot"),
            session: Some(Text::from(session.id.as_str())),
            ..Who::default()
        };
        let own = [("github.copilot.cost", Val::Double(1.0))];
        member.copilot_spans(&COMMAND, &sender, &session, &who, &own);
        let who = Who {
            session: None,
            ..who
        };
        let shapes = [TOKENS, COMMAND_TOOLS];
        member.copilot_metrics(&sender, &session, &who, shapes, Told::Covered);
    }
}

impl Member<'_> {
    fn editor(&mut self, has_spans: bool) {
        for begin in self.begins.clone() {
            let work = Work {
                models: &CLAUDE,
                tools: &TOOLS,
                creates_cache: true,
                sharing: Sharing::One,
            };
            let session = plan::session(&self.user, self.host, begin, &work, self.random);
            let window = uuid(self.random);
            let sender = Sender {
                service: "copilot-chat".to_owned(),
                resource: vec![
                    text("service.version", "0.47.0"),
                    text("session.id", &window),
                ],
                scope: ("copilot-chat", "0.47.0"),
            };
            let who = |session: Option<&str>| Who {
                agent: Text::from("copilot_vscode"),
                service: Text::from("copilot-chat"),
                session: session.map(Text::from),
                ..Who::default()
            };
            if has_spans {
                self.copilot_spans(&EDITOR, &sender, &session, &who(Some(&session.id)), &[]);
                self.editor_events(&sender, &session);
            }
            let told = if has_spans { Told::Better } else { Told::Here };
            let shapes = [TOKENS, EDITOR_TOOLS];
            // What the resource calls a session is a window, which may hold several.
            self.copilot_metrics(&sender, &session, &who(None), shapes, told);
        }
    }

    fn copilot_spans(
        &mut self,
        emitter: &Emitter,
        sender: &Sender,
        session: &Session,
        who: &Who,
        own: &[Attribute],
    ) {
        let mut items = Vec::new();
        let mut common = vec![text("gen_ai.conversation.id", &session.id)];
        for turn in &session.turns {
            let (trace, root) = (self.random.next(), self.random.next());
            common.truncate(1);
            let mut attributes = [common.clone(), emitter.usage(&sum(&turn.rounds))].concat();
            attributes.push(text("gen_ai.operation.name", "invoke_agent"));
            attributes.push(text("gen_ai.agent.name", "agent"));
            let call = Call {
                begin: turn.begin,
                end: turn.end,
                of: false,
            };
            let name = ("invoke_agent agent", 1);
            let span = Item::span(None, (trace, root, 0), name, &call, attributes);
            items.push((call.end, span));
            common.extend_from_slice(own);
            for round in &turn.rounds {
                let who = Who {
                    model: Some(Text::from(round.model.name)),
                    ..who.clone()
                };
                let place = || (trace, self.random.next(), root);
                emitter.round(round, &who, &common, place, &mut items, self.ledger);
            }
        }
        self.delivery.events(sender, items, self.ledger);
    }

    /// Log records that tell the spans again.
    fn editor_events(&mut self, sender: &Sender, session: &Session) {
        let mut items = Vec::new();
        for (_, round) in session.rounds() {
            let tokens = &round.request.of;
            let mut own = vec![text(
                "event.name",
                "gen_ai.client.inference.operation.details",
            )];
            own.extend(EDITOR.request("chat", round));
            own.extend([
                text("gen_ai.response.model", round.model.name),
                text("gen_ai.response.id", &round.request_id),
                int("gen_ai.usage.input_tokens", all_input(tokens)),
                int("gen_ai.usage.output_tokens", tokens.output),
            ]);
            let time = round.request.end;
            let source = "copilot_vscode, log gen_ai.client.inference.operation.details";
            items.push((time, Item::log(Some(source), time, "GenAI inference", own)));
            let Some(tool) = ran(round) else { continue };
            let own = vec![
                text("event.name", "copilot_chat.tool.call"),
                text("gen_ai.tool.name", tool.name),
                int("duration_ms", tool.call.millis()),
                truth("success", tool.call.of == Ending::Success),
            ];
            let source = "copilot_vscode, log copilot_chat.tool.call";
            let time = tool.call.end;
            let body = "copilot_chat.tool.call";
            items.push((time, Item::log(Some(source), time, body, own)));
        }
        self.delivery.events(sender, items, self.ledger);
    }

    fn copilot_metrics(
        &mut self,
        sender: &Sender,
        session: &Session,
        who: &Who,
        [of_tokens, of_tools]: [Shape; 2],
        told: Told,
    ) {
        let mut counts = Vec::new();
        for (_, round) in session.rounds() {
            let mut add = |shape, own: Vec<Attribute>, amount: i64, what| {
                let has_model = !matches!(what, What::Tool(..));
                counts.push(Count {
                    time: round.request.end,
                    shape,
                    attributes: own,
                    amount: amount.unsigned_abs(),
                    what,
                    told,
                    who: Who {
                        model: has_model.then(|| Text::from(round.model.name)),
                        ..who.clone()
                    },
                });
            };
            let tokens = &round.request.of;
            for (class, amount) in [("input", all_input(tokens)), ("output", tokens.output)] {
                let own = vec![
                    text("gen_ai.operation.name", "chat"),
                    text("gen_ai.request.model", round.model.name),
                    text("gen_ai.response.model", round.model.name),
                    text("gen_ai.token.type", class),
                ];
                add(of_tokens, own, amount, What::Tokens(class, of_classes));
            }
            let Some(tool) = ran(round) else { continue };
            let own = vec![
                text("gen_ai.tool.name", tool.name),
                truth("success", tool.call.of == Ending::Success),
            ];
            let what = What::Tool(tool.name, tool.call.of.into());
            add(of_tools, own, 1, what);
        }
        let meter = Meter {
            temporality: Temporality::Cumulative,
            start: session.begin,
            interval: 60 * SECOND,
            is_old: false,
            forgets: false,
        };
        meter.run(sender, counts, self.delivery, self.ledger);
    }
}
