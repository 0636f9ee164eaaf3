//! Claude Code with spans alone, its tracing beta.

use super::Member;
use super::claude;
use super::item::{Attribute, Content, Item, int, text, truth};
use super::ledger::Outcome;
use super::plan::Ending;

/// Only spans.
pub(super) fn spans(member: &mut Member<'_>) {
    for begin in member.begins.clone() {
        let session = member.claude_session(begin);
        let sender = member.claude_sender("claude-code", "com.anthropic.claude_code.tracing");
        let common = claude::common(&session, true);
        let mut items = Vec::new();
        for turn in &session.turns {
            let (trace, root) = (member.random.next(), member.random.next());
            for round in &turn.rounds {
                let who =
                    |model| claude::who("claude-code", Some(&session), &session, &sender, model);
                let mut id = || member.random.next();
                if let Some(failed) = &round.failure {
                    let own = vec![
                        text("span.type", "llm_request"),
                        text("model", round.model.name),
                        int("duration_ms", failed.millis()),
                        int("status_code", failed.of),
                        truth("success", false),
                    ];
                    let name = "claude_code.llm_request";
                    let place = (trace, id(), root);
                    items.push(span(
                        name,
                        place,
                        (failed.begin, failed.end),
                        true,
                        &common,
                        own,
                    ));
                    member
                        .ledger
                        .call(who(Some(round)), failed.begin, true, failed);
                }
                let tokens = &round.request.of;
                let own = vec![
                    text("span.type", "llm_request"),
                    text("model", round.model.name),
                    text("gen_ai.system", "anthropic"),
                    text("gen_ai.request.model", round.model.name),
                    int("duration_ms", round.request.millis()),
                    int("input_tokens", tokens.input),
                    int("output_tokens", tokens.output),
                    int("cache_read_tokens", tokens.cache_read),
                    int("cache_creation_tokens", tokens.cache_creation),
                    text("request_id", &round.request_id),
                    truth("success", true),
                ];
                let times = (round.request.begin, round.request.end);
                let name = "claude_code.llm_request";
                items.push(span(name, (trace, id(), root), times, false, &common, own));
                let ledger = &mut *member.ledger;
                ledger.call(who(Some(round)), times.0, false, &round.request);
                ledger.spend(who(Some(round)), times.0, claude::spent(tokens), None);
                let Some(tool) = &round.tool else { continue };
                if tool.call.of == Ending::Rejected {
                    continue;
                }
                let own = vec![
                    text("span.type", "tool"),
                    text("tool_name", tool.name),
                    text("tool_use_id", &tool.id),
                    int("duration_ms", tool.call.millis()),
                ];
                let times = (tool.call.begin, tool.call.end);
                let place = (trace, id(), root);
                items.push(span("claude_code.tool", place, times, false, &common, own));
                let is_error = tool.call.of == Ending::Error;
                let own = vec![
                    text("span.type", "tool.execution"),
                    int("duration_ms", tool.call.millis()),
                    truth("success", !is_error),
                ];
                let name = "claude_code.tool.execution";
                items.push(span(
                    name,
                    (trace, id(), place.1),
                    times,
                    is_error,
                    &common,
                    own,
                ));
                let ledger = &mut *member.ledger;
                ledger.use_tool(who(None), times.0, tool, Outcome::Unknown);
            }
            let own = vec![
                text("span.type", "interaction"),
                int("interaction.sequence", 1),
            ];
            let name = "claude_code.interaction";
            let times = (turn.begin, turn.end);
            items.push(span(name, (trace, root, 0), times, false, &common, own));
        }
        member.delivery.events(&sender, items, member.ledger);
    }
}

fn span(
    name: &'static str,
    (trace, id, parent): (u64, u64, u64),
    (start, end): (u64, u64),
    is_error: bool,
    common: &[Attribute],
    own: Vec<Attribute>,
) -> (u64, Item) {
    let source = match name {
        "claude_code.llm_request" => Some("claude_code, span claude_code.llm_request"),
        "claude_code.tool" => Some("claude_code, span claude_code.tool"),
        _ => None,
    };
    let item = Item {
        source,
        attributes: [common.to_vec(), own].concat(),
        content: Content::Span {
            trace,
            id,
            parent,
            name: name.to_owned(),
            kind: 1,
            start,
            end,
            is_error,
        },
    };
    (end, item)
}
