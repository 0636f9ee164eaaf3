//! `errors`: requests to models that failed, and that were sent again.

use super::group::{self, Part};
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::Notes;
use crate::query::ErrorsQuery;
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Item, Items, Outcome, Role};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

/// Failed requests and retries by `agent`, `model` and `status` (of HTTP, else the kind of error):
/// `errors`, `retries`, `requests` and `error_rate` (of agent and model in all), `error` (what the
/// emitter says most often), `first_time`, `last_time`, `source`.
///
/// Only statuses with an error or a retry have a row. `retries` are requests that were sent again,
/// by the status that they ended with; null where no source tells any for the agent. An emitter
/// that tells only how a request ended hides the errors before it.
///
/// # Errors
/// When a lake cannot be read.
pub fn errors<'a>(data: impl Into<Data<'a>>, query: &ErrorsQuery) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let items = Items::read_also(&[Role::Retries], data.into(), selection, &mut notes)?;
    let mut groups = Groups::default();
    for (_, item) in items.chosen(Role::Requests, selection, &mut notes) {
        groups.request(item, items.source(item));
    }
    for (_, item) in items.chosen(Role::Retries, selection, &mut notes) {
        groups.retries(item, items.source(item));
    }
    let columns = vec![
        Column::new("agent", CellType::Text),
        Column::new("model", CellType::Text),
        Column::new("status", CellType::Text),
        Column::new("errors", CellType::Int),
        Column::new("retries", CellType::Int),
        Column::new("requests", CellType::Int),
        Column::with_unit("error_rate", CellType::Double, "1"),
        Column::new("error", CellType::Text),
        Column::new("first_time", CellType::Time),
        Column::new("last_time", CellType::Time),
        Column::new("source", CellType::Text),
    ];
    let rows = groups.rows();
    group::note_nulls(&columns, &rows, &["errors", "retries"], &mut notes);
    Ok(Report {
        report: "errors".to_owned(),
        parameters: group::selection_parameters(selection),
        columns,
        rows,
        notes: notes.into_vec(),
    })
}

#[derive(Default)]
struct Sums {
    errors: u64,
    retries: u64,
    texts: BTreeMap<String, u64>,
    times: Option<(i64, i64)>,
    sources: BTreeSet<&'static str>,
}

impl Sums {
    fn add(&mut self, item: &Item, source: &'static str) {
        let (first, last) = self.times.unwrap_or((item.time, item.time));
        self.times = Some((first.min(item.time), last.max(item.time)));
        self.sources.insert(source);
    }

    /// The error told most often; of those told equally often the first in the alphabet.
    fn text(&self) -> Option<&str> {
        let texts = self.texts.iter();
        let most = texts.max_by_key(|(text, count)| (**count, Reverse(text.as_str())));
        most.map(|(text, _)| text.as_str())
    }
}

/// Agent and model.
type Model = (Part, Part);

#[derive(Default)]
struct Groups {
    by_status: BTreeMap<(Model, Part), Sums>,
    /// All requests, failed or not.
    requests: BTreeMap<Model, u64>,
    /// Agents of which some source tells retries.
    tell_retries: BTreeSet<Part>,
}

fn model(item: &Item) -> Model {
    let agent = Part::of(Some(&item.agent_name));
    (agent, Part::of(item.model.as_deref()))
}

impl Groups {
    fn request(&mut self, item: &Item, source: &'static str) {
        let model = model(item);
        *self.requests.entry(model.clone()).or_default() += item.calls;
        if item.outcome != Some(Outcome::Error) {
            return;
        }
        let sums = self.of_status(model, item);
        sums.errors += item.calls;
        if let Some(text) = &item.error {
            *sums.texts.entry(text.as_ref().to_owned()).or_default() += item.calls;
        }
        sums.add(item, source);
    }

    fn retries(&mut self, item: &Item, source: &'static str) {
        let model = model(item);
        self.tell_retries.insert(model.0.clone());
        let retries = item.retries.unwrap_or_default();
        if retries > 0 {
            let sums = self.of_status(model, item);
            sums.retries += retries;
            sums.add(item, source);
        }
    }

    fn of_status(&mut self, model: Model, item: &Item) -> &mut Sums {
        let status = Part::of(item.status.as_deref());
        self.by_status.entry((model, status)).or_default()
    }

    fn rows(self) -> Vec<Vec<Cell>> {
        let mut errors: BTreeMap<Model, u64> = BTreeMap::new();
        for ((model, _), sums) in &self.by_status {
            *errors.entry(model.clone()).or_default() += sums.errors;
        }
        let row = |((model, status), sums): ((Model, Part), Sums)| {
            let requests = self.requests.get(&model).copied();
            let failed = errors.get(&model).copied().unwrap_or_default();
            let rate = requests.map(|requests| failed as f64 / requests as f64);
            let retries = self.tell_retries.contains(&model.0);
            let time = |time: Option<i64>| time.map_or(Cell::Null, Cell::Time);
            let text = Cell::text(sums.text());
            vec![
                model.0.into_cell(),
                model.1.into_cell(),
                status.into_cell(),
                Cell::count(requests.map(|_| sums.errors)),
                Cell::count(retries.then_some(sums.retries)),
                Cell::count(requests),
                Cell::double(rate),
                text,
                time(sums.times.map(|times| times.0)),
                time(sums.times.map(|times| times.1)),
                group::source_cell(&sums.sources),
            ]
        };
        self.by_status.into_iter().map(row).collect()
    }
}
