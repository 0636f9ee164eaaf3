//! `trace-resources` and `session-resources`: what hosts did while spans ran.

use super::group;
use super::resource_rows::{SessionRows, TraceRows};
use crate::answer::Answer;
use crate::data::Data;
use crate::error::ReportError;
use crate::hosts::{Hosts, Label, Matching, RESOURCES, Series};
use crate::notes::{NoteCode, Notes};
use crate::parallel;
use crate::query::{Selection, SessionResourcesQuery, Signal, TraceResourcesQuery};
use crate::report::{CellType, Column, Report};
use crate::spans::{Span, Spans, Which};
use crate::window::{Samples, Window};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::convert::Infallible;

/// Spans whose rows are made at once.
const BLOCK: usize = 2_048;
pub(super) const BYTES: usize = 0;
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
/// The rows are made as they are written.
///
/// # Errors
/// When a lake cannot be read.
pub fn trace_resources<'a>(
    data: impl Into<Data<'a>>,
    query: &TraceResourcesQuery,
) -> Result<Answer, ReportError> {
    let selection = &query.selection;
    let id = query.trace.as_deref().map(str::to_ascii_lowercase);
    let which = match (&id, query.root_only) {
        (Some(id), roots) => Which::OfTrace { id, roots },
        (None, true) => Which::Roots,
        (None, false) => Which::All,
    };
    let mut notes = Notes::default();
    let joined = Joined::read(data.into(), which, selection, &mut notes)?;
    let rows = TraceRows(joined.during(&mut notes), joined);
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
    let head = Report {
        report: "trace-resources".to_owned(),
        parameters,
        columns,
        rows: Vec::new(),
        notes: notes.into_vec(),
    };
    Ok(Answer::later(head, rows))
}

/// Root spans in order of start, with what their host did before, during and after.
///
/// Columns: `session` (that any span of the trace names), `trace_id`, `span_name`, `service`,
/// `host`, `start`, `duration_ms`; `cpu_before` (the last sample at or before the start),
/// `cpu_busy`, `cpu_busy_max`, `cpu_after` (the first sample at or after the end), `cpu_samples`,
/// `cpu_carried`; `memory_before_bytes`, `memory_used_bytes`, `memory_used_bytes_max`,
/// `memory_after_bytes`, `memory_samples`, `memory_carried`; all as in [`trace_resources`], which makes
/// rows in the same way.
///
/// # Errors
/// When a lake cannot be read.
pub fn session_resources<'a>(
    data: impl Into<Data<'a>>,
    query: &SessionResourcesQuery,
) -> Result<Answer, ReportError> {
    let selection = &query.selection;
    let mut notes = Notes::default();
    let mut joined = Joined::read(data.into(), Which::All, selection, &mut notes)?;
    let spans = std::mem::take(&mut joined.spans.spans);
    let mut sessions: HashMap<&str, u32> = HashMap::new();
    for span in spans.iter().filter(|span| span.session != 0) {
        let trace = joined.spans.trace_id(span);
        sessions.entry(trace).or_insert(span.session);
    }
    let roots = spans.iter().filter(|span| span.is_root).map(|span| {
        let mut root = *span;
        let session = sessions.get(joined.spans.trace_id(span));
        root.session = session.copied().unwrap_or_default();
        root
    });
    let roots = roots.collect();
    joined.spans.spans = roots;
    let rows = SessionRows(joined.during(&mut notes), joined);
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
    let head = Report {
        report: "session-resources".to_owned(),
        parameters: group::selection_parameters(selection),
        columns,
        rows: Vec::new(),
        notes: notes.into_vec(),
    };
    Ok(Answer::later(head, rows))
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
pub(super) struct Joined {
    pub(super) spans: Spans,
    /// The names of hosts with samples.
    pub(super) hosts: Label,
    pub(super) busy: BTreeMap<u32, Samples>,
    pub(super) levels: Vec<BTreeMap<u32, Samples>>,
    /// By host that spans name: the host with the samples, or why there is none.
    pub(super) matched: Vec<Result<u32, NoteCode>>,
}

/// Per span what samples say of its time; nothing at all of what nobody tells.
pub(super) struct During {
    busy: Vec<Option<Window>>,
    bytes: Vec<Option<Window>>,
    share: Vec<Option<Window>>,
}

impl During {
    pub(super) fn of(&self, index: usize) -> Meanwhile {
        let of = |windows: &[Option<Window>]| windows.get(index).copied().flatten();
        Meanwhile {
            busy: of(&self.busy),
            bytes: of(&self.bytes),
            share: of(&self.share),
        }
    }
}

impl Joined {
    fn read(
        data: Data<'_>,
        which: Which<'_>,
        selection: &Selection,
        notes: &mut Notes,
    ) -> Result<Self, ReportError> {
        let databases = data.databases()?;
        let has_metrics = selection.signal.is_none_or(|s| s == Signal::Metrics);
        let sampled = if has_metrics { &*databases } else { &[] };
        // Samples of all services: it is another one that watches the host.
        let mut hosts = Hosts::read(sampled, RESOURCES, None, notes)?;
        let spans = Spans::read(&databases, which, selection, notes)?;
        let matching = Matching::new(&hosts, &spans.hosts);
        let numbers = 0..=u32::try_from(spans.hosts.texts().count()).unwrap_or(u32::MAX - 1);
        let matched = numbers.map(|number| matching.host(spans.hosts.text(number)));
        let matched = matched.collect();
        let levels = std::mem::take(&mut hosts.levels);
        Ok(Self {
            busy: index(std::mem::take(&mut hosts.busy)),
            levels: levels.into_iter().map(index).collect(),
            spans,
            hosts: hosts.names,
            matched,
        })
    }

    /// What samples say of the time of each span, found on all processors.
    fn during(&self, notes: &mut Notes) -> During {
        let mut during = During {
            busy: Vec::new(),
            bytes: Vec::new(),
            share: Vec::new(),
        };
        let all = self.spans.spans.len();
        let blocks = self.spans.spans.chunks(BLOCK).map(Ok::<_, Infallible>);
        let of_block = |spans: &[Span]| {
            let mut found = Vec::with_capacity(spans.len());
            // By kind, of which there are few: each look into notes compares texts, too.
            let mut counts: Vec<(NoteCode, u64)> = Vec::new();
            for span in spans {
                let (meanwhile, note) = self.meanwhile(span);
                found.push(meanwhile);
                let Some(code) = note else { continue };
                match counts.iter_mut().find(|(known, _)| *known == code) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((code, 1)),
                }
            }
            Ok((found, counts))
        };
        let Ok(()) = parallel::in_order(blocks, of_block, |(found, its)| {
            let append = |windows: &mut Vec<Option<Window>>,
                          samples: &BTreeMap<u32, Samples>,
                          of: fn(&Meanwhile) -> Option<Window>| {
                if !samples.is_empty() {
                    windows.reserve_exact(all - windows.len());
                    windows.extend(found.iter().map(of));
                }
            };
            append(&mut during.busy, &self.busy, |found| found.busy);
            append(&mut during.bytes, &self.levels[BYTES], |found| found.bytes);
            append(&mut during.share, &self.levels[SHARE], |found| found.share);
            its.into_iter()
                .for_each(|(code, count)| notes.add(code, count));
        });
        during
    }

    /// What the host of a span did meanwhile, and what there is to note of it.
    fn meanwhile(&self, span: &Span) -> (Meanwhile, Option<NoteCode>) {
        let Some(end) = span.end else {
            return (Meanwhile::default(), Some(NoteCode::NoEnd));
        };
        let host = match self.matched[span.host as usize] {
            Ok(host) => host,
            Err(code) => return (Meanwhile::default(), Some(code)),
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
        let mut told = all.iter().flatten().peekable();
        let note = match told.peek() {
            None => Some(NoteCode::NoSamples),
            Some(_) => told
                .any(|window| window.carried)
                .then_some(NoteCode::CarriedIn),
        };
        (found, note)
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
pub(super) struct Meanwhile {
    pub(super) busy: Option<Window>,
    pub(super) bytes: Option<Window>,
    pub(super) share: Option<Window>,
}
