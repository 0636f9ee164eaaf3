//! The first look at a frame: whether it is good, which of its items are kept, how new it is.

use std::collections::BTreeMap;

use otolith_capture::{Frame, Origin, Reject, Signal};
use otolith_otlp::{
    ExponentialHistogramPoint, HistogramPoint, ItemReject, LogRecord, Metric, NoteCode,
    NumberPoint, Resource, Scope, Sink, Span, SummaryPoint, TraceId, Value,
};
use otolith_tables::log_time_unix_nano;

use super::options::Slice;

/// A single time of 1970 would put a request before all others.
const CREDIBLE: std::ops::Range<u64> = 315_532_800_000_000_000..7_258_118_400_000_000_000;

/// Judges one frame after another by a slice.
#[derive(Debug)]
pub(super) struct Judge {
    slice: Slice,
    signal: Signal,
    /// Whether items of the resource may be kept at all.
    resource_fits: bool,
    /// Number of the last resource, scope and metric in `verdict.headers`.
    place: [usize; 3],
    origin: Option<Origin>,
    pub verdict: Verdict,
}

/// What was found out about a frame.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Whether each item is kept, in the order of visits.
    pub items: Vec<bool>,
    /// Whether something below each resource, scope and metric is kept, in the order of visits.
    pub headers: Vec<bool>,
    /// Good items, by signal.
    pub read: [u64; 3],
    /// Kept items, by signal.
    pub kept: [u64; 3],
    /// Signals of resources, whether they have items or not.
    pub announced: [bool; 3],
    /// Newest time of kept items, by signal; 0 if none.
    newest: [u64; 3],
    pub rejects: Vec<Reject>,
    pub notes: BTreeMap<NoteCode, u64>,
}

impl Verdict {
    pub fn read_items(&self) -> u64 {
        self.read.iter().sum()
    }

    pub fn kept_items(&self) -> u64 {
        self.kept.iter().sum()
    }

    /// The newest time of kept items of a signal, if it is credible.
    pub fn newest_unix_nano(&self, signal: Signal) -> Option<u64> {
        Some(self.newest[signal as usize]).filter(is_credible)
    }

    /// The only signal of the frame.
    pub fn only_signal(&self) -> Option<Signal> {
        let mut signals = Signal::ALL
            .into_iter()
            .filter(|signal| self.announced[*signal as usize]);
        signals.next().filter(|_| signals.next().is_none())
    }

    fn reset(&mut self) {
        self.items.clear();
        self.headers.clear();
        self.read = [0; 3];
        self.kept = [0; 3];
        self.announced = [false; 3];
        self.newest = [0; 3];
        self.rejects.clear();
        self.notes.clear();
    }
}

pub(super) fn is_credible(unix_nano: &u64) -> bool {
    CREDIBLE.contains(unix_nano)
}

impl Judge {
    pub fn new(slice: Slice) -> Self {
        Self {
            slice,
            signal: Signal::Traces,
            resource_fits: true,
            place: [0; 3],
            origin: None,
            verdict: Verdict::default(),
        }
    }

    fn header(&mut self, level: usize) {
        self.place[level] = self.verdict.headers.len();
        self.verdict.headers.push(false);
    }

    /// Judges an item: `time` is what slices go by, `newest` its newest time.
    fn item(&mut self, time: Option<i64>, trace: Option<TraceId>, newest: u64) {
        let signal = self.signal as usize;
        self.verdict.read[signal] += 1;
        let Slice {
            signal: _,
            service: _,
            since,
            until,
            traces,
        } = &self.slice;
        let in_time = since.is_none_or(|since| time.is_some_and(|time| time >= since))
            && until.is_none_or(|until| time.is_some_and(|time| time < until));
        let in_sample = match (traces, trace) {
            (Some(sample), Some(id)) => sample.keeps(&id),
            _ => true,
        };
        let is_kept = self.resource_fits && in_time && in_sample;
        self.verdict.items.push(is_kept);
        if is_kept {
            self.verdict.kept[signal] += 1;
            let times = &mut self.verdict.newest[signal];
            *times = newest.max(*times);
            let levels = if self.signal == Signal::Metrics { 3 } else { 2 };
            for place in &self.place[..levels] {
                self.verdict.headers[*place] = true;
            }
        }
    }

    fn point(&mut self, start: u64, time: u64) {
        self.item(moment(time), None, start.max(time));
    }
}

/// The time of a field, where 0 is unknown.
fn moment(unix_nano: u64) -> Option<i64> {
    (unix_nano > 0).then(|| i64::try_from(unix_nano).unwrap_or(i64::MAX))
}

fn service_of<'a>(resource: &Resource<'a>) -> &'a str {
    let names = resource.attributes.iter();
    let mut names = names.filter_map(|attribute| match attribute.value {
        Value::String(name) if attribute.key == "service.name" => Some(name),
        _ => None,
    });
    names.next().unwrap_or_default()
}

impl Sink for Judge {
    fn begin(&mut self, frame: &Frame<'_>) {
        self.verdict.reset();
        self.origin = Some(frame.origin.clone());
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        self.signal = signal;
        self.verdict.announced[signal as usize] = true;
        let of_signal = self.slice.signal.is_none_or(|only| only == signal);
        let of_service = match &self.slice.service {
            None => true,
            Some(services) => services.fits(service_of(resource)),
        };
        self.resource_fits = of_signal && of_service;
        self.header(0);
    }

    fn scope(&mut self, _: &Scope<'_>) {
        self.header(1);
    }

    fn span(&mut self, span: &Span<'_>) {
        let newest = span.start_time_unix_nano.max(span.end_time_unix_nano);
        self.item(moment(span.start_time_unix_nano), span.trace_id, newest);
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        let newest = record.time_unix_nano.max(record.observed_time_unix_nano);
        let has_range = self.slice.since.is_some() || self.slice.until.is_some();
        let time = has_range.then(|| log_time_unix_nano(record)).flatten();
        self.item(time, record.trace_id, newest);
    }

    fn metric(&mut self, _: &Metric<'_>) {
        self.header(2);
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        self.point(point.start_time_unix_nano, point.time_unix_nano);
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        self.point(point.start_time_unix_nano, point.time_unix_nano);
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        self.point(point.start_time_unix_nano, point.time_unix_nano);
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        self.point(point.start_time_unix_nano, point.time_unix_nano);
    }

    fn reject_item(&mut self, reject: ItemReject<'_>) {
        let Some(origin) = self.origin.clone() else {
            return;
        };
        // What is bad cannot be told to be of a service or time; of another signal it is not looked at.
        if self.slice.signal.is_none_or(|only| only == reject.signal) {
            self.verdict.rejects.push(Reject {
                origin,
                code: reject.code,
                message: reject.message,
                bytes: Vec::new(),
                len_bytes: reject.bytes.len() as u64,
            });
        }
    }

    fn note(&mut self, code: NoteCode) {
        *self.verdict.notes.entry(code).or_default() += 1;
    }

    fn commit(&mut self) {}

    fn abandon(&mut self) {
        self.verdict.reset();
    }
}
