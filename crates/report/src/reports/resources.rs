//! `trace-resources` and `session-resources`: what hosts did while spans ran.

use super::group;
use crate::data::Data;
use crate::error::ReportError;
use crate::hosts::{Hosts, Matching, RESOURCES, Series};
use crate::notes::{NoteCode, Notes};
use crate::parallel;
use crate::query::{Selection, SessionResourcesQuery, Signal, TraceResourcesQuery};
use crate::report::{Cell, CellType, Column, Report};
use crate::spans::{Span, Spans, Which};
use crate::window::{Samples, Window};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;
use std::iter;

/// Spans whose rows are made at once.
const BLOCK: usize = 2_048;
/// At least as many as the columns of a report.
const MOST_COLUMNS: usize = 20;
const BYTES: usize = 0;
const SHARE: usize = 1;

/// Per span, in order of start: how long it took, how busy its host was and how much memory was in
/// use meanwhile.
///
/// Columns: `trace_id`, `span_id`, `span_name`, `service`, `host` (whose samples these are, else
/// the one that the span names), `start`, `duration_ms`; `cpu_busy` (mean over time of 1 - idle,
/// averaged over cores), `cpu_busy_min`, `cpu_busy_max`, `cpu_sample_mean` (mean over samples
/// instead of over time), `cpu_samples` (within the span, both ends included), `cpu_carried` (no
/// sample lies within, the last one before is taken); `memory_used_bytes`, `memory_used_bytes_min`,
/// `memory_used_bytes_max`, `memory_used_share`, `memory_samples`, `memory_carried` alike.
///
/// What cannot be known is null: notes say why, and of how many spans.
///
/// # Errors
/// When a lake cannot be read.
pub fn trace_resources<'a>(
    data: impl Into<Data<'a>>,
    query: &TraceResourcesQuery,
) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let id = query.trace.as_deref().map(str::to_ascii_lowercase);
    let which = match (&id, query.root_only) {
        (Some(id), roots) => Which::OfTrace { id, roots },
        (None, true) => Which::Roots,
        (None, false) => Which::All,
    };
    let mut joined = Joined::read(data.into(), which, selection)?;
    let spans = std::mem::take(&mut joined.spans.spans);
    let rows = joined.rows(spans, |joined, span, notes| joined.trace_row(span, notes));
    let mut parameters = group::selection_parameters(selection);
    if let Some(id) = id {
        parameters.insert("trace".to_owned(), Value::from(id));
    }
    if query.root_only {
        parameters.insert("root_only".to_owned(), Value::from(true));
    }
    let mut columns = vec![text("trace_id"), text("span_id")];
    columns.extend(span_columns());
    columns.extend([
        share("cpu_busy"),
        share("cpu_busy_min"),
        share("cpu_busy_max"),
        share("cpu_sample_mean"),
    ]);
    columns.extend(support_columns("cpu"));
    columns.extend([
        bytes("memory_used_bytes"),
        bytes("memory_used_bytes_min"),
        bytes("memory_used_bytes_max"),
        share("memory_used_share"),
    ]);
    columns.extend(support_columns("memory"));
    Ok(Report {
        report: "trace-resources".to_owned(),
        parameters,
        columns,
        rows,
        notes: joined.notes.into_vec(),
    })
}

/// Root spans in order of start, with what their host did before, during and after.
///
/// Columns: `session` (that any span of the trace names), `trace_id`, `span_name`, `service`,
/// `host`, `start`, `duration_ms`; `cpu_before` (the last sample at or before the start),
/// `cpu_busy`, `cpu_busy_max`, `cpu_after` (the first sample at or after the end), `cpu_samples`,
/// `cpu_carried`; `memory_before_bytes`, `memory_used_bytes`, `memory_used_bytes_max`,
/// `memory_after_bytes`, `memory_samples`, `memory_carried`; all as in [`trace_resources`].
///
/// # Errors
/// When a lake cannot be read.
pub fn session_resources<'a>(
    data: impl Into<Data<'a>>,
    query: &SessionResourcesQuery,
) -> Result<Report, ReportError> {
    let selection = &query.selection;
    let mut joined = Joined::read(data.into(), Which::All, selection)?;
    let spans = std::mem::take(&mut joined.spans.spans);
    let mut sessions: HashMap<String, u32> = HashMap::new();
    for span in spans.iter().filter(|span| span.session != 0) {
        if !sessions.contains_key(&span.trace_id) {
            sessions.insert(span.trace_id.clone(), span.session);
        }
    }
    let roots = spans.into_iter().filter(|span| span.is_root).collect();
    let rows = joined.rows(roots, |joined, span, notes| {
        let session = sessions.get(&span.trace_id).copied().unwrap_or_default();
        joined.session_row(span, session, notes)
    });
    let mut columns = vec![text("session"), text("trace_id")];
    columns.extend(span_columns());
    columns.extend([
        share("cpu_before"),
        share("cpu_busy"),
        share("cpu_busy_max"),
        share("cpu_after"),
    ]);
    columns.extend(support_columns("cpu"));
    columns.extend([
        bytes("memory_before_bytes"),
        bytes("memory_used_bytes"),
        bytes("memory_used_bytes_max"),
        bytes("memory_after_bytes"),
    ]);
    columns.extend(support_columns("memory"));
    Ok(Report {
        report: "session-resources".to_owned(),
        parameters: group::selection_parameters(selection),
        columns,
        rows,
        notes: joined.notes.into_vec(),
    })
}

fn text(name: &str) -> Column {
    Column::new(name, CellType::Text)
}

fn share(name: &str) -> Column {
    Column::with_unit(name, CellType::Double, "share")
}

fn bytes(name: &str) -> Column {
    Column::with_unit(name, CellType::Double, "bytes")
}

fn span_columns() -> [Column; 5] {
    [
        text("span_name"),
        text("service"),
        text("host"),
        Column::new("start", CellType::Time),
        Column::with_unit("duration_ms", CellType::Double, "ms"),
    ]
}

/// On what the columns of a quantity rest.
fn support_columns(quantity: &str) -> [Column; 2] {
    [
        Column::with_unit(format!("{quantity}_samples"), CellType::Int, "samples"),
        Column::new(format!("{quantity}_carried"), CellType::Bool),
    ]
}

/// Spans beside the samples of their hosts.
struct Joined {
    spans: Spans,
    hosts: Hosts,
    busy: BTreeMap<u32, Samples>,
    levels: Vec<BTreeMap<u32, Samples>>,
    /// By host that spans name: the host with the samples, or why there is none.
    matched: Vec<Result<u32, NoteCode>>,
    notes: Notes,
}

impl Joined {
    fn read(data: Data<'_>, which: Which<'_>, selection: &Selection) -> Result<Self, ReportError> {
        let mut notes = Notes::default();
        let databases = data.databases()?;
        let has_metrics = selection.signal.is_none_or(|s| s == Signal::Metrics);
        let sampled = if has_metrics { &*databases } else { &[] };
        // Samples of all services: it is another one that watches the host.
        let mut hosts = Hosts::read(sampled, RESOURCES, None, &mut notes)?;
        let spans = Spans::read(&databases, which, selection, &mut notes)?;
        let matching = Matching::new(&hosts, &spans.hosts);
        let numbers = 0..=u32::try_from(spans.hosts.texts().count()).unwrap_or(u32::MAX - 1);
        let matched = numbers.map(|number| matching.host(spans.hosts.text(number)));
        let matched = matched.collect();
        let levels = std::mem::take(&mut hosts.levels);
        Ok(Self {
            busy: index(std::mem::take(&mut hosts.busy)),
            levels: levels.into_iter().map(index).collect(),
            spans,
            hosts,
            matched,
            notes,
        })
    }

    /// A row per span, made on all processors.
    fn rows(
        &mut self,
        spans: Vec<Span>,
        row: impl Fn(&Self, Span, &mut Notes) -> Vec<Cell> + Sync,
    ) -> Vec<Vec<Cell>> {
        let mut rows = Vec::with_capacity(spans.len());
        let mut all_notes = std::mem::take(&mut self.notes);
        let joined = &*self;
        let mut spans = spans.into_iter();
        let blocks = iter::from_fn(|| {
            let block: Vec<Span> = spans.by_ref().take(BLOCK).collect();
            (!block.is_empty()).then_some(Ok::<_, Infallible>(block))
        });
        let of_block = |spans: Vec<Span>| {
            let mut notes = Notes::default();
            let spans = spans.into_iter();
            let rows = spans.map(|span| row(joined, span, &mut notes));
            Ok((rows.collect::<Vec<_>>(), notes))
        };
        let Ok(()) = parallel::in_order(blocks, of_block, |(mut of_block, notes)| {
            rows.append(&mut of_block);
            all_notes.append(notes);
        });
        self.notes = all_notes;
        rows
    }

    fn trace_row(&self, mut span: Span, notes: &mut Notes) -> Vec<Cell> {
        let meanwhile = self.meanwhile(&span, notes);
        let Meanwhile { busy, bytes, share } = meanwhile;
        let mut row = Vec::with_capacity(MOST_COLUMNS);
        let ids = [&mut span.trace_id, &mut span.span_id];
        row.extend(ids.map(|id| known(std::mem::take(id))));
        row.extend(self.span_cells(span));
        row.extend([
            of(busy, |w| w.mean),
            of(busy, |w| w.min),
            of(busy, |w| w.max),
            of(busy, |w| w.sample_mean),
        ]);
        row.extend(support(busy));
        row.extend([
            of(bytes, |w| w.mean),
            of(bytes, |w| w.min),
            of(bytes, |w| w.max),
            of(share, |w| w.mean),
        ]);
        row.extend(support(bytes.or(share)));
        row
    }

    fn session_row(&self, mut span: Span, session: u32, notes: &mut Notes) -> Vec<Cell> {
        let Meanwhile { busy, bytes, .. } = self.meanwhile(&span, notes);
        let host = self.matched[span.host as usize].ok();
        let around = |samples: &BTreeMap<u32, Samples>| {
            let samples = host.and_then(|host| samples.get(&host));
            let value = |found: Option<(i64, f64)>| Cell::double(found.map(|(_, value)| value));
            (
                value(samples.and_then(|s| s.before(span.start))),
                value(samples.zip(span.end).and_then(|(s, end)| s.after(end))),
            )
        };
        let (cpu_before, cpu_after) = around(&self.busy);
        let (memory_before, memory_after) = around(&self.levels[BYTES]);
        let mut row = Vec::with_capacity(MOST_COLUMNS);
        row.extend([
            Cell::text(self.spans.sessions.text(session)),
            known(std::mem::take(&mut span.trace_id)),
        ]);
        row.extend(self.span_cells(span));
        row.extend([
            cpu_before,
            of(busy, |w| w.mean),
            of(busy, |w| w.max),
            cpu_after,
        ]);
        row.extend(support(busy));
        row.extend([
            memory_before,
            of(bytes, |w| w.mean),
            of(bytes, |w| w.max),
            memory_after,
        ]);
        row.extend(support(bytes));
        row
    }

    fn span_cells(&self, span: Span) -> [Cell; 5] {
        let sampled = self.matched[span.host as usize].ok();
        let sampled = sampled.and_then(|host| self.hosts.names.text(host));
        let host = sampled.or_else(|| self.spans.hosts.text(span.host));
        let millis = |end: i64| end.saturating_sub(span.start) as f64 / 1e6;
        [
            known(span.name),
            known(span.service),
            Cell::text(host),
            Cell::Time(span.start),
            Cell::double(span.end.map(millis)),
        ]
    }

    /// What the host of a span did meanwhile, with notes where nobody can tell.
    fn meanwhile(&self, span: &Span, notes: &mut Notes) -> Meanwhile {
        let Some(end) = span.end else {
            notes.add(NoteCode::NoEnd, 1);
            return Meanwhile::default();
        };
        let host = match self.matched[span.host as usize] {
            Ok(host) => host,
            Err(code) => {
                notes.add(code, 1);
                return Meanwhile::default();
            }
        };
        let window = |samples: &BTreeMap<u32, Samples>| {
            samples
                .get(&host)
                .and_then(|samples| samples.window(span.start, end))
        };
        let found = Meanwhile {
            busy: window(&self.busy),
            bytes: window(&self.levels[BYTES]),
            share: window(&self.levels[SHARE]),
        };
        let all = [found.busy, found.bytes, found.share];
        if all == [None; 3] {
            notes.add(NoteCode::NoSamples, 1);
        } else if all.iter().flatten().any(|window| window.carried) {
            notes.add(NoteCode::CarriedIn, 1);
        }
        found
    }
}

/// Indexes the samples of each host, on all processors.
fn index(hosts: BTreeMap<u32, Series>) -> BTreeMap<u32, Samples> {
    let mut indexed = BTreeMap::new();
    let hosts = hosts.into_iter().map(Ok::<_, Infallible>);
    let of_host = |(host, series): (u32, Series)| {
        let Series { times, values } = series;
        Ok((host, Samples::new(times, values)))
    };
    let Ok(()) = parallel::in_order(hosts, of_host, |(host, samples)| {
        indexed.insert(host, samples);
    });
    indexed
}

/// What samples say of the time of a span.
#[derive(Clone, Copy, Debug, Default)]
struct Meanwhile {
    busy: Option<Window>,
    bytes: Option<Window>,
    share: Option<Window>,
}

fn known(text: String) -> Cell {
    if text.is_empty() {
        Cell::Null
    } else {
        Cell::Text(text)
    }
}

fn of(window: Option<Window>, value: impl Fn(&Window) -> f64) -> Cell {
    Cell::double(window.as_ref().map(value))
}

fn support(window: Option<Window>) -> [Cell; 2] {
    [
        Cell::count(window.map(|w| w.count)),
        window.map_or(Cell::Null, |w| Cell::Bool(w.carried)),
    ]
}
