//! Requests, tools and sessions: `summary`, `tools`, `tool-calls`, `errors`, `sessions`, `prompt`.

use std::collections::BTreeMap;

use otolith_corpus::{By, Ledger, Outcome, Spent, ToolCall, UTC};
use otolith_report::{
    Cell, Data, ErrorsQuery, PromptQuery, Selection, SummaryQuery, ToolCallsQuery, ToolsQuery,
};

use super::spending::{Key, TOKENS, money, rows, same, token_cells};
use crate::support::sessions_query;

pub fn check(ledger: &Ledger, data: Data<'_>) {
    summary(ledger, data);
    tools(ledger, data);
    tool_calls(ledger, data);
}

/// A row of the summary besides tokens and cost.
#[derive(Default)]
struct Calls {
    requests: Option<u64>,
    errors: Option<u64>,
    nanos: Option<u64>,
    active: Option<u64>,
}

fn summary(ledger: &Ledger, data: Data<'_>) {
    let report = otolith_report::summary(data, &SummaryQuery::default()).unwrap();
    let all = || Some("all".to_owned());
    let mut calls: BTreeMap<Key, Calls> = BTreeMap::new();
    for call in &ledger.model_calls {
        let agent = Some(call.who.agent.to_string());
        let model = call.who.model.as_deref().map(str::to_owned);
        for key in [
            vec![agent.clone(), model],
            vec![agent, all()],
            vec![all(), all()],
        ] {
            let row = calls.entry(key).or_default();
            *row.errors.get_or_insert(0) += if call.is_error { call.count } else { 0 };
            *row.requests.get_or_insert(0) += if call.is_error { 0 } else { call.count };
            if let Some(nanos) = call.duration.filter(|_| !call.is_error) {
                *row.nanos.get_or_insert(0) += nanos;
            }
        }
    }
    for (agent, _, nanos) in &ledger.active {
        for key in [vec![Some(agent.to_string()), all()], vec![all(), all()]] {
            *calls.entry(key).or_default().active.get_or_insert(0) += nanos;
        }
    }
    let mut spent = ledger.spent(&[By::Agent, By::Model], UTC);
    for (key, sums) in ledger.spent(&[By::Agent], UTC) {
        spent.insert(vec![key[0].clone(), all()], sums);
    }
    for (_, sums) in ledger.spent(&[], UTC) {
        spent.insert(vec![all(), all()], sums);
    }
    let seconds = |nanos: Option<u64>| Cell::double(nanos.map(|nanos| nanos as f64 / 1e9));
    let mut expected = BTreeMap::new();
    for key in spent.keys().chain(calls.keys()) {
        let none = (Spent::default(), Calls::default());
        let spent = spent.get(key).unwrap_or(&none.0);
        let calls = calls.get(key).unwrap_or(&none.1);
        let mut cells = token_cells(spent);
        cells.extend([
            money(spent.cost),
            Cell::count(calls.requests),
            Cell::count(calls.errors),
            seconds(calls.nanos),
            seconds(calls.active),
        ]);
        expected.insert(key.clone(), cells);
    }
    let columns = [
        &TOKENS[..],
        &[
            "cost_usd",
            "api_requests",
            "api_errors",
            "api_time_s",
            "active_time_s",
        ],
    ];
    let found = rows(&report, &["agent", "model"], &columns.concat());
    same("summary", &found, &expected);
}

fn tools(ledger: &Ledger, data: Data<'_>) {
    let report = otolith_report::tools(data, &ToolsQuery::default()).unwrap();
    let mut groups: BTreeMap<Key, Vec<&ToolCall>> = BTreeMap::new();
    for call in &ledger.tool_calls {
        let key = vec![
            Some(call.who.agent.to_string()),
            Some(call.tool.to_string()),
        ];
        groups.entry(key).or_default().push(call);
    }
    let cells = |calls: &[&ToolCall]| {
        let count = |outcome: &[Outcome]| {
            let of = calls.iter().filter(|call| outcome.contains(&call.outcome));
            of.map(|call| call.count).sum::<u64>()
        };
        let (success, errors) = (count(&[Outcome::Success]), count(&[Outcome::Error]));
        let known = success + errors > 0;
        let ms = |nanos: u64| nanos as f64 / 1e6;
        let mut nanos: Vec<u64> = calls.iter().filter_map(|call| call.duration).collect();
        nanos.sort_unstable();
        // The smallest duration that at least half (19 of 20) do not exceed.
        let rank = |share: f64| {
            let enough = |n: &&u64| {
                let within = nanos.iter().filter(|other| other <= n).count();
                within as f64 >= share * nanos.len() as f64
            };
            nanos.iter().find(enough).map(|nanos| ms(*nanos))
        };
        let total = (!nanos.is_empty()).then(|| ms(nanos.iter().sum()));
        vec![
            Cell::count(Some(success + errors + count(&[Outcome::Unknown]))),
            Cell::count(known.then_some(success)),
            Cell::count(known.then_some(errors)),
            Cell::count(Some(count(&[Outcome::Rejected]))),
            Cell::double(total),
            Cell::double(total.map(|total| total / nanos.len() as f64)),
            Cell::double(rank(0.5)),
            Cell::double(rank(0.95)),
            Cell::double(nanos.last().map(|nanos| ms(*nanos))),
        ]
    };
    let expected = groups
        .iter()
        .map(|(key, calls)| (key.clone(), cells(calls)));
    let columns = [
        "calls", "success", "errors", "rejected", "total_ms", "mean_ms", "p50_ms", "p95_ms",
        "max_ms",
    ];
    let found = rows(&report, &["agent", "tool"], &columns);
    same("tools", &found, &expected.collect());
}

fn tool_calls(ledger: &Ledger, data: Data<'_>) {
    let report = otolith_report::tool_calls(data, &ToolCallsQuery::default()).unwrap();
    let outcome = |outcome| match outcome {
        Outcome::Success => Some("success".to_owned()),
        Outcome::Error => Some("error".to_owned()),
        Outcome::Rejected => Some("rejected".to_owned()),
        Outcome::Unknown => None,
    };
    let mut expected = Vec::new();
    for call in ledger.tool_calls.iter().filter(|call| call.is_event) {
        let texts = [
            Some(call.who.agent.to_string()),
            call.who.session.as_deref().map(str::to_owned),
            Some(call.tool.to_string()),
            outcome(call.outcome),
        ];
        // Of calls that did not run some emitters tell how long that took.
        let duration = (call.outcome != Outcome::Rejected).then_some(call.duration);
        let ms = duration.flatten().map(|nanos| nanos as f64 / 1e6);
        expected.push((call.time.cast_signed(), texts, format!("{ms:?}")));
    }
    let mut found = Vec::new();
    for row in 0..report.rows.len() {
        let cell = |name| report.cell(row, name).expect("the column exists");
        let Cell::Time(time) = cell("time") else {
            panic!("a call has a time");
        };
        let texts = ["agent", "session", "tool", "outcome"].map(|name| match cell(name) {
            Cell::Null => None,
            Cell::Text(text) => Some(text.clone()),
            other => panic!("{other:?}"),
        });
        let ms = match cell("duration_ms") {
            Cell::Double(ms) if texts[3].as_deref() != Some("rejected") => Some(*ms),
            _ => None,
        };
        found.push((*time, texts, format!("{ms:?}")));
    }
    found.sort();
    expected.sort();
    let differ = found.iter().zip(&expected).find(|(a, b)| a != b);
    assert_eq!(differ, None, "tool-calls");
    assert_eq!(found.len(), expected.len(), "tool-calls");
}

/// What reports answer that want more than the usual.
pub fn check_events(ledger: &Ledger, data: Data<'_>) {
    sessions(ledger, data);
    errors(ledger, data);
    prompts(ledger, data);
}

fn sessions(ledger: &Ledger, data: Data<'_>) {
    let report = otolith_report::sessions(data, &sessions_query(Selection::default())).unwrap();
    let columns = [&TOKENS[..], &["cost_usd"]].concat();
    let mut found = rows(&report, &["agent", "session"], &columns);
    // Sessions of which only calls are known have rows as well.
    found.retain(|_, cells| cells.iter().any(|cell| *cell != Cell::Null));
    let mut expected = BTreeMap::new();
    for (key, spent) in ledger.spent(&[By::Agent, By::Session], UTC) {
        if key[1].is_some() {
            let mut cells = token_cells(&spent);
            cells.push(money(spent.cost));
            expected.insert(key, cells);
        }
    }
    same("sessions", &found, &expected);
    let mut requests: BTreeMap<Key, [u64; 2]> = BTreeMap::new();
    for call in &ledger.model_calls {
        if let Some(session) = &call.who.session {
            let key = vec![Some(call.who.agent.to_string()), Some(session.to_string())];
            requests.entry(key).or_default()[usize::from(call.is_error)] += call.count;
        }
    }
    let found = rows(
        &report,
        &["agent", "session"],
        &["api_requests", "api_errors"],
    );
    for (key, counts) in requests {
        let counts = counts.map(|count| Cell::count(Some(count))).to_vec();
        assert_eq!(found.get(&key), Some(&counts), "{key:?}");
    }
}

fn errors(ledger: &Ledger, data: Data<'_>) {
    let report = otolith_report::errors(data, &ErrorsQuery::default()).unwrap();
    // A row per status; `requests` are those of all statuses.
    let mut found: BTreeMap<Key, (i64, i64)> = BTreeMap::new();
    for (mut key, cells) in rows(
        &report,
        &["agent", "model", "status"],
        &["errors", "requests"],
    ) {
        let [Cell::Int(errors), Cell::Int(requests)] = cells[..] else {
            panic!("{cells:?}");
        };
        key.pop();
        let (sum, _) = found.entry(key).or_insert((0, requests));
        let before = *sum;
        *sum = before + errors;
    }
    let mut expected: BTreeMap<Key, (i64, i64)> = BTreeMap::new();
    for call in &ledger.model_calls {
        let model = call.who.model.as_deref().map(str::to_owned);
        let key = vec![Some(call.who.agent.to_string()), model];
        let (errors, requests) = expected.entry(key).or_default();
        *errors += if call.is_error {
            call.count.cast_signed()
        } else {
            0
        };
        *requests += call.count.cast_signed();
    }
    expected.retain(|_, (errors, _)| *errors > 0);
    assert_eq!(found, expected, "errors");
}

/// The first or the last prompt of each agent.
fn prompts(ledger: &Ledger, data: Data<'_>) {
    let mut prompts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for spending in &ledger.spendings {
        if let Some(prompt) = &spending.prompt {
            prompts.entry(&spending.who.agent).or_default().push(prompt);
        }
    }
    assert!(prompts.len() >= 3, "{prompts:?}");
    for (number, prompts) in prompts.values().enumerate() {
        // Each reads the lake.
        let one = if number % 2 == 0 {
            prompts.first()
        } else {
            prompts.last()
        };
        if let Some(id) = one {
            let query = PromptQuery {
                id: (*id).to_owned(),
                selection: Selection::default(),
            };
            let report = otolith_report::prompt(data, &query).unwrap();
            let sum = |name| {
                let cells = (0..report.rows.len()).filter_map(|row| report.cell(row, name));
                cells
                    .map(|cell| match cell {
                        Cell::Int(n) => *n,
                        Cell::Money(nanos) => nanos.0,
                        _ => 0,
                    })
                    .sum::<i64>()
            };
            let of_prompt = ledger.spendings.iter();
            let of_prompt = of_prompt.filter(|spending| spending.prompt.as_deref() == Some(*id));
            let (mut tokens, mut cost) = (0, 0);
            for spending in of_prompt {
                tokens += spending.tokens.total().unwrap_or(0).cast_signed();
                cost += spending.cost.unwrap_or(0).cast_signed();
            }
            assert_eq!(
                (sum("total_tokens"), sum("cost_usd")),
                (tokens, cost),
                "{id}"
            );
        }
    }
}
