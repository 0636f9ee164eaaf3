//! Looks whether a body is a request, and counts or encodes what it holds.

use std::sync::{Mutex, PoisonError};

use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
use otolith_otlp::{
    Decoder, ExponentialHistogramPoint, HistogramPoint, ItemReject, JsonRequestEncoder, Limits,
    LogRecord, Metric, NoteCode, NumberPoint, RequestEncoder, Resource, Scope, Sink, Span,
    SummaryPoint,
};

use crate::refusal::Refusal;

/// A body, decompressed.
#[derive(Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) signal: Signal,
    pub(crate) encoding: Encoding,
    pub(crate) bytes: &'a [u8],
}

/// What a request holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Items given to the sink.
    pub(crate) items: u64,
    /// Items that could not be decoded, and those that were told to be left out.
    pub(crate) rejected: u64,
    /// Why the first of them could not.
    pub(crate) message: Option<String>,
}

/// Decoders, which keep their memory from request to request.
pub(crate) struct Checker {
    limits: Limits,
    /// What sinks may hold.
    max_bytes: usize,
    decoders: Mutex<Vec<Decoder>>,
}

/// As many decoders are kept as may be at work on a machine; more come and go.
const KEPT_DECODERS: usize = 16;

impl Checker {
    pub(crate) fn new(limits: Limits, max_bytes: usize) -> Self {
        Self {
            limits,
            max_bytes,
            decoders: Mutex::default(),
        }
    }

    /// Decodes a payload into `sink`, without its first `left_out` items.
    pub(crate) fn decode<S: Growing>(
        &self,
        payload: Payload<'_>,
        left_out: u64,
        sink: S,
    ) -> Result<(Contents, S), Refusal> {
        let frame = Frame {
            bytes: payload.bytes,
            origin: Origin {
                file: "".into(),
                frame: 1,
                offset: 0,
            },
            encoding: payload.encoding,
            signal: SignalHint::Declared(payload.signal),
            arrival_unix_nano: None,
        };
        let mut counter = Counter {
            sink,
            max_bytes: self.max_bytes,
            is_over: false,
            signal: payload.signal,
            left_out,
            other: None,
            contents: Contents::default(),
        };
        let mut decoder = self.pop();
        let result = decoder.decode(&frame, &mut counter);
        self.push(decoder);
        if let Err(reject) = result {
            return Err(Refusal::undecodable(format!(
                "{}: {}",
                reject.code, reject.message
            )));
        }
        if let Some(other) = counter.other {
            return Err(Refusal::undecodable(format!(
                "expected a request of {}, found {other} in it",
                payload.signal
            )));
        }
        if counter.is_over || counter.sink.len_bytes() > self.max_bytes {
            return Err(Refusal::too_large("of record", self.max_bytes));
        }
        Ok((counter.contents, counter.sink))
    }

    fn pop(&self) -> Decoder {
        let mut decoders = self.decoders.lock().unwrap_or_else(PoisonError::into_inner);
        decoders.pop().unwrap_or_else(|| Decoder::new(self.limits))
    }

    fn push(&self, decoder: Decoder) {
        let mut decoders = self.decoders.lock().unwrap_or_else(PoisonError::into_inner);
        if decoders.len() < KEPT_DECODERS {
            decoders.push(decoder);
        }
    }
}

/// A sink that tells how much it holds.
pub(crate) trait Growing: Sink {
    /// Bytes.
    fn len_bytes(&self) -> usize;
}

impl Growing for JsonRequestEncoder {
    fn len_bytes(&self) -> usize {
        self.len_bytes()
    }
}

impl Growing for RequestEncoder {
    fn len_bytes(&self) -> usize {
        self.len_bytes()
    }
}

/// Counts on the way to another sink, and stops giving it items when it holds too much.
struct Counter<S> {
    sink: S,
    max_bytes: usize,
    is_over: bool,
    signal: Signal,
    left_out: u64,
    /// A signal of a JSON request that was sent to the path of another one.
    other: Option<Signal>,
    contents: Contents,
}

impl<S: Growing> Counter<S> {
    /// Whether the next item is for the sink.
    fn takes(&mut self) -> bool {
        let is_left_out = self.contents.rejected < self.left_out;
        match is_left_out {
            true => self.contents.rejected += 1,
            false => self.contents.items += 1,
        }
        self.is_over |= self.sink.len_bytes() > self.max_bytes;
        !is_left_out && !self.is_over
    }
}

impl<S: Growing> Sink for Counter<S> {
    fn begin(&mut self, frame: &Frame<'_>) {
        self.contents = Contents::default();
        self.other = None;
        self.is_over = false;
        self.sink.begin(frame);
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        if signal != self.signal {
            self.other = Some(signal);
        }
        self.sink.resource(signal, resource);
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        self.sink.scope(scope);
    }

    fn span(&mut self, span: &Span<'_>) {
        if self.takes() {
            self.sink.span(span);
        }
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        if self.takes() {
            self.sink.log_record(record);
        }
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        self.sink.metric(metric);
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        if self.takes() {
            self.sink.number_point(point);
        }
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        if self.takes() {
            self.sink.histogram_point(point);
        }
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        if self.takes() {
            self.sink.exponential_histogram_point(point);
        }
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        if self.takes() {
            self.sink.summary_point(point);
        }
    }

    fn reject_item(&mut self, reject: ItemReject<'_>) {
        self.contents.rejected += 1;
        let text = || format!("{}: {}", reject.code, reject.message);
        self.contents.message.get_or_insert_with(text);
    }

    fn note(&mut self, code: NoteCode) {
        self.sink.note(code);
    }

    fn commit(&mut self) {
        self.sink.commit();
    }

    fn abandon(&mut self) {
        self.sink.abandon();
    }
}

/// Takes nothing: for counting alone.
pub(crate) struct Nothing;

impl Growing for Nothing {
    fn len_bytes(&self) -> usize {
        0
    }
}

impl Sink for Nothing {
    fn begin(&mut self, _: &Frame<'_>) {}
    fn resource(&mut self, _: Signal, _: &Resource<'_>) {}
    fn scope(&mut self, _: &Scope<'_>) {}
    fn span(&mut self, _: &Span<'_>) {}
    fn log_record(&mut self, _: &LogRecord<'_>) {}
    fn metric(&mut self, _: &Metric<'_>) {}
    fn number_point(&mut self, _: &NumberPoint<'_>) {}
    fn histogram_point(&mut self, _: &HistogramPoint<'_>) {}
    fn exponential_histogram_point(&mut self, _: &ExponentialHistogramPoint<'_>) {}
    fn summary_point(&mut self, _: &SummaryPoint<'_>) {}
    fn reject_item(&mut self, _: ItemReject<'_>) {}
    fn note(&mut self, _: NoteCode) {}
    fn commit(&mut self) {}
    fn abandon(&mut self) {}
}
