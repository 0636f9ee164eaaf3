//! `summary`: the whole at one glance.

use super::group::{self, Part};
use crate::data::Data;
use crate::error::ReportError;
use crate::money::NanoDollars;
use crate::notes::Notes;
use crate::query::SummaryQuery;
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Amounts, Outcome, Role, Tokens};
use std::collections::{BTreeMap, BTreeSet};

/// The word for all agents or all models of an agent.
const ALL: &str = "all";

/// Tokens, cost, API requests and time by agent and model, with sums.
///
/// One row per `agent` and `model`, then one per agent with model `all`, then one with agent
/// `all`. Besides the token columns and `cost_usd`: `api_requests` (answered, or of unknown
/// outcome), `api_errors` (failed), `api_time_s` (of the answered), `active_time_s` (only in
/// sums, as it belongs to no model), `source` (of tokens and cost). What nobody reports is null.
///
/// # Errors
/// When a lake cannot be read.
pub fn summary<'a>(data: impl Into<Data<'a>>, query: &SummaryQuery) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let amounts = Amounts::read(data.into(), selection, &mut notes)?;
    let mut groups = Groups::default();
    amounts.each_record(&mut notes, |record| {
        groups.each(&record.agent, record.model.as_deref(), |sums| {
            sums.tokens.add(&record.tokens);
            if let Some(cost) = record.cost {
                *sums.cost.get_or_insert_default() += cost;
            }
            sums.sources.insert(record.source);
        });
    });
    amounts.each_chosen(Role::Requests, &mut notes, |item| {
        groups.each(&item.agent_name, item.model.as_deref(), |sums| {
            if item.outcome == Some(Outcome::Error) {
                *sums.errors.get_or_insert(0) += item.calls;
                sums.requests.get_or_insert(0);
            } else {
                *sums.requests.get_or_insert(0) += item.calls;
                if let Some(nanos) = item.duration {
                    let total = sums.api_nanos.get_or_insert(0);
                    *total = total.saturating_add(nanos);
                }
            }
            sums.errors.get_or_insert(0);
        });
    });
    amounts.each_chosen(Role::Active, &mut notes, |item| {
        groups.sums(&item.agent_name, |sums| {
            let total = sums.active_nanos.get_or_insert(0);
            *total = total.saturating_add(item.active.unwrap_or(0));
        });
    });
    let mut columns = vec![
        Column::new("agent", CellType::Text),
        Column::new("model", CellType::Text),
    ];
    columns.extend(group::token_columns());
    columns.extend([
        group::cost_column(),
        Column::new("api_requests", CellType::Int),
        Column::new("api_errors", CellType::Int),
        Column::with_unit("api_time_s", CellType::Double, "s"),
        Column::with_unit("active_time_s", CellType::Double, "s"),
        Column::new("source", CellType::Text),
    ]);
    Ok(Report {
        report: "summary".to_owned(),
        parameters: group::selection_parameters(selection),
        columns,
        rows: groups.rows(),
        notes: notes.into_vec(),
    })
}

#[derive(Default)]
struct Sums {
    tokens: Tokens,
    cost: Option<NanoDollars>,
    requests: Option<u64>,
    errors: Option<u64>,
    api_nanos: Option<i64>,
    active_nanos: Option<i64>,
    sources: BTreeSet<&'static str>,
}

/// Agent or model of a row. Sums come after what they sum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    One(Part),
    All,
}

impl Level {
    fn into_cell(self) -> Cell {
        match self {
            Self::One(part) => part.into_cell(),
            Self::All => Cell::Text(ALL.to_owned()),
        }
    }
}

#[derive(Default)]
struct Groups(BTreeMap<(Level, Level), Sums>);

impl Groups {
    /// Applies a change to the row of agent and model and to the sums.
    fn each(&mut self, agent: &str, model: Option<&str>, change: impl Fn(&mut Sums)) {
        let agent_level = Level::One(Part::of(Some(agent)));
        let key = (agent_level, Level::One(Part::of(model)));
        change(self.0.entry(key).or_default());
        self.sums(agent, change);
    }

    /// Applies a change to the sums only.
    fn sums(&mut self, agent: &str, change: impl Fn(&mut Sums)) {
        let agent = Level::One(Part::of(Some(agent)));
        change(self.0.entry((agent, Level::All)).or_default());
        change(self.0.entry((Level::All, Level::All)).or_default());
    }

    fn rows(self) -> Vec<Vec<Cell>> {
        let seconds = |nanos: Option<i64>| Cell::double(nanos.map(|n| n as f64 / 1e9));
        let row = |((agent, model), sums): ((Level, Level), Sums)| {
            let mut row = vec![agent.into_cell(), model.into_cell()];
            row.extend(group::token_cells(&sums.tokens));
            row.extend([
                Cell::money(sums.cost),
                Cell::count(sums.requests),
                Cell::count(sums.errors),
                seconds(sums.api_nanos),
                seconds(sums.active_nanos),
                group::source_cell(&sums.sources),
            ]);
            row
        };
        self.0.into_iter().map(row).collect()
    }
}
