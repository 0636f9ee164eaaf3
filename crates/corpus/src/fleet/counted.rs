//! Amounts of points, and what they come to once all of the telemetry is known.

use std::collections::BTreeMap;

use super::ledger::{Ledger, ModelCall, Outcome, Spending, Text, Tokens, ToolCall, Who};

/// A capture reaches one export interval, a minute, before its first item.
const REACH: u64 = 60_000_000_000;

/// Whether the amount of a point counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It is the only one that tells it.
    Here,
    /// Something better of the same session tells it.
    Better,
    /// Something better tells it, but the point names no session.
    Covered,
}

/// What a metric's amounts mean.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// Tokens of a class, and how classes come to tokens.
    Tokens(&'static str, Rule),
    /// Money; so many nano-dollars are one of the amount.
    Cost(u64),
    /// Requests.
    Requests { is_error: bool },
    /// Calls of a tool.
    Tool(&'static str, Outcome),
    /// Milliseconds.
    Active,
    /// Nothing that anybody asks for.
    Nothing,
}

/// From what a point tells by class to tokens.
pub(super) type Rule = fn(&BTreeMap<&'static str, u64>) -> Tokens;

/// The amount of a point: by how much its series rose.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub(super) what: What,
    pub(super) told: Told,
    pub(super) who: Who,
    pub(super) time: u64,
    /// Of the first point of a cumulative series: when the series starts, and its value.
    pub(super) first: Option<(u64, u64)>,
    pub(super) amount: u64,
}

impl Ledger {
    /// Takes the amounts of points in.
    pub(super) fn settle(&mut self) {
        let mut groups: BTreeMap<_, (Counted, BTreeMap<&'static str, u64>)> = BTreeMap::new();
        for point in std::mem::take(&mut self.counted) {
            let begin = self.begins[&point.who.service];
            if let Some((start, value)) = point.first
                && value > 0
                && start < begin
            {
                if start < begin - REACH {
                    self.planted.unknown_starts += 1;
                    continue;
                }
                self.planted.early_starts += 1;
            }
            let (class, kind) = match point.what {
                What::Tokens(class, _) => (class, "tokens".to_owned()),
                What::Tool(tool, outcome) => ("", format!("{tool} {outcome:?}")),
                What::Requests { is_error } => ("", format!("requests {is_error}")),
                What::Cost(_) => ("", "cost".to_owned()),
                What::Active => ("", "active".to_owned()),
                What::Nothing => continue,
            };
            let key = (kind, point.who.clone(), point.time);
            let amount = point.amount;
            let group = groups.entry(key).or_insert((point, BTreeMap::new()));
            *group.1.entry(class).or_insert(0) += amount;
        }
        for (point, classes) in groups.into_values() {
            if classes.values().any(|amount| *amount > 0) {
                self.group(point, &classes);
            }
        }
    }

    fn group(&mut self, point: Counted, classes: &BTreeMap<&'static str, u64>) {
        let Counted {
            what,
            told,
            who,
            time,
            ..
        } = point;
        if told != Told::Here {
            let question = match what {
                What::Tokens(..) => "tokens",
                What::Cost(_) => "cost",
                What::Requests { .. } => "requests",
                What::Tool(..) => "tools",
                What::Active | What::Nothing => return,
            };
            if told == Told::Covered {
                self.cover(question);
            }
            return;
        }
        let amount: u64 = classes.values().sum();
        let spending = |tokens, cost| Spending {
            time,
            who: who.clone(),
            tokens,
            cost,
            prompt: None,
        };
        match what {
            What::Tokens(_, rule) => self.spendings.push(spending(rule(classes), None)),
            What::Cost(nanos) => self
                .spendings
                .push(spending(Tokens::default(), Some(amount * nanos))),
            What::Requests { is_error } => self.model_calls.push(ModelCall {
                time,
                who,
                count: amount,
                is_error,
                duration: None,
            }),
            What::Tool(tool, outcome) => self.tool_calls.push(ToolCall {
                time,
                who,
                tool: Text::from(tool),
                count: amount,
                is_event: false,
                outcome,
                duration: None,
            }),
            What::Active => self.active.push((who.agent, time, amount * 1_000_000)),
            What::Nothing => {}
        }
    }

    /// Notes an amount that names no session and that another source counts.
    pub(super) fn cover(&mut self, question: &'static str) {
        *self.planted.covered.entry(question).or_insert(0) += 1;
    }
}
