//! `sessions`: what each session or conversation was and took.

use super::group::{self, Part};
use super::pricing::{self, Pricer};
use super::spending::Sums;
use crate::data::Data;
use crate::error::ReportError;
use crate::notes::{NoteCode, Notes};
use crate::query::{SessionsQuery, Signal};
use crate::report::{Cell, CellType, Column, Report};
use crate::usage::{Item, Items, Outcome, Role};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Sessions by `agent` and `session`, in order of their start: `user`, `host`, `start`, `end`,
/// `length_s`, `prompts`, `api_requests`, `api_errors`, `tool_calls`, `tool_errors`, `models`, the
/// token columns, reported and estimated cost with their difference as [`super::cost()`] has them,
/// `source`.
///
/// A session lasts from its first to its last prompt, request or tool call. Of sessions that only
/// metrics tell of, from the first start of a series to the last export. A count is 0 where the
/// session sent the signal that would tell it, and null where it did not.
///
/// # Errors
/// When a lake cannot be read.
pub fn sessions<'a>(
    data: impl Into<Data<'a>>,
    query: &SessionsQuery,
) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let items = Items::read_also(&[Role::Prompts], data.into(), selection, &mut notes)?;
    let mut sessions = Sessions::default();
    for item in items.selected(selection) {
        if let Some(session) = sessions.of(item) {
            session.see(item, items.signal(item));
        }
    }
    let mut without = 0;
    for role in [Role::Prompts, Role::Requests, Role::Tools] {
        for (_, item) in items.chosen(role, selection, &mut notes) {
            match sessions.of(item) {
                Some(session) => session.count(role, item),
                None => without += item.calls,
            }
        }
    }
    let mut pricer = Pricer::new(&query.pricing);
    for record in items.usage(selection, &mut notes) {
        match sessions.known(&record.agent, record.session.as_ref()) {
            Some(session) => {
                let estimate = pricer.estimate(&record, &mut notes);
                session.sums.add_cost(&record, estimate);
                session
                    .models
                    .extend(record.model.as_deref().map(str::to_owned));
                session.sources.insert(record.source);
            }
            None => without += 1,
        }
    }
    notes.add(NoteCode::NoSession, without);
    let mut columns = vec![
        Column::new("agent", CellType::Text),
        Column::new("session", CellType::Text),
        Column::new("user", CellType::Text),
        Column::new("host", CellType::Text),
        Column::new("start", CellType::Time),
        Column::new("end", CellType::Time),
        Column::with_unit("length_s", CellType::Double, "s"),
        Column::new("prompts", CellType::Int),
        Column::new("api_requests", CellType::Int),
        Column::new("api_errors", CellType::Int),
        Column::new("tool_calls", CellType::Int),
        Column::new("tool_errors", CellType::Int),
        Column::new("models", CellType::Text),
    ];
    columns.extend(group::token_columns());
    columns.push(group::cost_column());
    columns.extend(pricing::columns());
    columns.extend([
        Column::with_unit("difference_usd", CellType::Money, "USD"),
        Column::new("source", CellType::Text),
    ]);
    let rows = sessions.rows(&items);
    let unknown = [
        "prompts",
        "api_requests",
        "api_errors",
        "tool_calls",
        "tool_errors",
        "total_tokens",
        "cost_usd",
    ];
    group::note_nulls(&columns, &rows, &unknown, &mut notes);
    let mut parameters = group::selection_parameters(selection);
    parameters.extend(pricing::parameters(&query.pricing));
    Ok(Report {
        report: "sessions".to_owned(),
        parameters,
        columns,
        rows,
        notes: notes.into_vec(),
    })
}

#[derive(Default)]
struct Session {
    /// Index of the agent in the mapping.
    agent: usize,
    user: Option<Arc<str>>,
    host: Option<Arc<str>>,
    /// First start and last end of what happened.
    events: Option<(i64, i64)>,
    /// The same of points.
    points: Option<(i64, i64)>,
    signals: BTreeSet<Signal>,
    prompts: u64,
    requests: u64,
    request_errors: u64,
    calls: u64,
    call_errors: u64,
    /// True where some call tells how it ended.
    outcomes: bool,
    models: BTreeSet<String>,
    sums: Sums,
    sources: BTreeSet<&'static str>,
}

impl Session {
    fn see(&mut self, item: &Item, signal: Signal) {
        self.agent = item.agent;
        self.signals.insert(signal);
        self.user = self.user.take().or_else(|| item.user.clone());
        self.host = self.host.take().or_else(|| item.host.clone());
        let (times, end) = match signal {
            Signal::Metrics => (&mut self.points, item.time),
            // A span has its time at its start, a record at its end.
            Signal::Traces => (
                &mut self.events,
                item.time.saturating_add(item.duration.unwrap_or(0)),
            ),
            Signal::Logs => (&mut self.events, item.time),
        };
        let (first, last) = times.unwrap_or((item.start, end));
        *times = Some((first.min(item.start), last.max(end)));
    }

    fn count(&mut self, role: Role, item: &Item) {
        let failed = item.outcome == Some(Outcome::Error);
        match role {
            Role::Prompts => self.prompts += item.calls,
            Role::Requests if failed => self.request_errors += item.calls,
            Role::Requests => self.requests += item.calls,
            _ => {
                self.calls += item.ran();
                self.call_errors += if failed { item.calls } else { 0 };
                self.outcomes |= matches!(item.outcome, Some(Outcome::Success | Outcome::Error));
            }
        }
    }
}

/// Sessions by agent and id.
#[derive(Default)]
struct Sessions(BTreeMap<(Arc<str>, Arc<str>), Session>);

impl Sessions {
    fn of(&mut self, item: &Item) -> Option<&mut Session> {
        let id = Arc::clone(item.session.as_ref()?);
        let key = (Arc::clone(&item.agent_name), id);
        Some(self.0.entry(key).or_default())
    }

    fn known(&mut self, agent: &Arc<str>, id: Option<&Arc<str>>) -> Option<&mut Session> {
        self.0.get_mut(&(Arc::clone(agent), Arc::clone(id?)))
    }

    fn rows(self, items: &Items) -> Vec<Vec<Cell>> {
        let mut sessions: Vec<_> = self.0.into_iter().collect();
        let start = |session: &Session| session.events.or(session.points).map(|times| times.0);
        sessions.sort_by_key(|(_, session)| start(session));
        let row = |((agent, id), session): ((Arc<str>, Arc<str>), Session)| {
            let tell = |role, count: u64| {
                let known = count > 0 || items.can_tell(session.agent, role, &session.signals);
                Cell::count(known.then_some(count))
            };
            let times = session.events.or(session.points);
            let time = |time: Option<i64>| time.map_or(Cell::Null, Cell::Time);
            let length = times.map(|(first, last)| (last - first) as f64 / 1e9);
            let tool_errors = if session.calls > 0 && !session.outcomes {
                Cell::Null
            } else {
                tell(Role::Tools, session.call_errors)
            };
            let models: Vec<&str> = session.models.iter().map(String::as_str).collect();
            let models = (!models.is_empty()).then(|| models.join(", "));
            let mut row = vec![
                Part::of(Some(&agent)).into_cell(),
                Part::of(Some(&id)).into_cell(),
                Cell::text(session.user.as_deref()),
                Cell::text(session.host.as_deref()),
                time(times.map(|times| times.0)),
                time(times.map(|times| times.1)),
                Cell::double(length),
                tell(Role::Prompts, session.prompts),
                tell(Role::Requests, session.requests),
                tell(Role::Requests, session.request_errors),
                tell(Role::Tools, session.calls),
                tool_errors,
                Cell::text(models.as_deref()),
            ];
            row.extend(group::token_cells(&session.sums.tokens));
            row.push(Cell::money(session.sums.cost));
            row.extend(pricing::cells(session.sums.estimate));
            row.extend([
                Cell::money(session.sums.difference()),
                group::source_cell(&session.sources),
            ]);
            row
        };
        sessions.into_iter().map(row).collect()
    }
}
