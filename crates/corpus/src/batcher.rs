//! Collects items into requests of about the wanted size, one open request per signal.

use std::io;

use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
use otolith_otlp::{
    HistogramPoint, JsonRequestEncoder, KeyValue, LogRecord, Metric, NumberPoint, RequestEncoder,
    Resource, Scope, Sink, Span,
};

use crate::{Request, Totals};

/// An encoder of requests.
pub(crate) trait Encoder: Sink + Default {
    /// What was committed, one request per signal.
    fn take(&mut self) -> Vec<(Signal, Vec<u8>)>;
}

impl Encoder for JsonRequestEncoder {
    fn take(&mut self) -> Vec<(Signal, Vec<u8>)> {
        Self::take(self)
    }
}

impl Encoder for RequestEncoder {
    fn take(&mut self) -> Vec<(Signal, Vec<u8>)> {
        Self::take(self)
    }
}

/// Attributes that are put together.
pub(crate) type Attributes<'a> = Vec<KeyValue<'a>>;

/// The open requests.
pub(crate) struct Batcher<'a, E> {
    pub(crate) totals: Totals,
    items_per_request: u64,
    /// By `Signal as usize`.
    encoders: [E; 3],
    items: [u64; 3],
    arrived: u64,
    take: &'a mut dyn FnMut(&Request) -> io::Result<()>,
}

/// One resource and scope of an open request.
pub(crate) struct Group<'g, E> {
    encoder: &'g mut E,
    items: &'g mut u64,
    totals: &'g mut Totals,
}

impl<'a, E: Encoder> Batcher<'a, E> {
    pub(crate) fn new(
        items_per_request: u64,
        take: &'a mut dyn FnMut(&Request) -> io::Result<()>,
    ) -> Self {
        Self {
            totals: Totals::default(),
            items_per_request,
            encoders: [E::default(), E::default(), E::default()],
            items: [0; 3],
            arrived: 0,
            take,
        }
    }

    /// Appends items of one resource and scope, which are exported at `arrived`.
    pub(crate) fn group(
        &mut self,
        signal: Signal,
        arrived: u64,
        resource: &[KeyValue<'_>],
        scope: (&str, &str),
        fill: impl FnOnce(&mut Group<'_, E>),
    ) -> io::Result<()> {
        let number = signal as usize;
        self.arrived = self.arrived.max(arrived);
        let encoder = &mut self.encoders[number];
        if self.items[number] == 0 {
            encoder.begin(&no_frame());
        }
        encoder.resource(
            signal,
            &Resource {
                attributes: resource,
                dropped_attributes_count: 0,
                entity_refs: &[],
                schema_url: "",
            },
        );
        encoder.scope(&Scope {
            name: scope.0,
            version: scope.1,
            attributes: &[],
            dropped_attributes_count: 0,
            schema_url: "",
        });
        fill(&mut Group {
            encoder,
            items: &mut self.items[number],
            totals: &mut self.totals,
        });
        if self.items[number] >= self.items_per_request {
            self.send(number)?;
        }
        Ok(())
    }

    fn send(&mut self, number: usize) -> io::Result<()> {
        self.items[number] = 0;
        self.encoders[number].commit();
        for (signal, bytes) in self.encoders[number].take() {
            self.totals.requests += 1;
            (self.take)(&Request {
                signal,
                arrival_unix_nano: self.arrived,
                bytes,
            })?;
        }
        Ok(())
    }

    /// Hands out what is left.
    pub(crate) fn finish(mut self) -> io::Result<Totals> {
        for number in 0..self.items.len() {
            if self.items[number] > 0 {
                self.send(number)?;
            }
        }
        Ok(self.totals)
    }
}

impl<E: Encoder> Group<'_, E> {
    pub(crate) fn span(&mut self, span: &Span<'_>) {
        *self.items += 1;
        self.totals.spans += 1;
        self.encoder.span(span);
    }

    pub(crate) fn log_record(&mut self, record: &LogRecord<'_>) {
        *self.items += 1;
        self.totals.log_records += 1;
        self.encoder.log_record(record);
    }

    pub(crate) fn metric(&mut self, metric: &Metric<'_>) {
        self.encoder.metric(metric);
    }

    pub(crate) fn number_point(&mut self, point: &NumberPoint<'_>) {
        *self.items += 1;
        self.totals.number_points += 1;
        self.encoder.number_point(point);
    }

    pub(crate) fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        *self.items += 1;
        self.totals.histogram_points += 1;
        self.encoder.histogram_point(point);
    }

    /// Adds to the total of `input_tokens`.
    pub(crate) fn count_input_tokens(&mut self, tokens: i64) {
        self.totals.input_tokens += tokens;
    }
}

/// Encoders are told of a frame to take back what an abandoned one brought; here none is.
pub(crate) fn no_frame() -> Frame<'static> {
    Frame {
        bytes: b"",
        origin: Origin {
            file: "corpus".into(),
            frame: 1,
            offset: 0,
        },
        encoding: Encoding::Json,
        signal: SignalHint::Unknown,
        arrival_unix_nano: None,
    }
}
