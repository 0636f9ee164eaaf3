//! Turns a frame into requests and counts what is in them.

use std::borrow::Cow;

use otolith_capture::{Encoding, Frame, Signal};
use otolith_otlp::problems::DUPLICATE_ATTRIBUTE_KEY;
use otolith_otlp::{
    Decoder, ExponentialHistogramPoint, FrameReject, HistogramPoint, ItemReject,
    JsonRequestEncoder, LogRecord, Metric, NoteCode, NumberPoint, RequestEncoder, Resource, Scope,
    Sink, Span, SummaryPoint, newest_time_unix_nano, resolve_signal,
};

use crate::canonical::is_canonical;
use crate::timeline::Request;

/// The requests of one frame.
#[derive(Debug)]
pub(crate) struct Surveyed<'a> {
    bodies: Vec<Body<'a>>,
    /// By `Signal as usize`.
    items: [u64; 3],
    arrival_unix_nano: Option<u64>,
    /// Items that were left out: code and message.
    pub(crate) left_out: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct Body<'a> {
    signal: Signal,
    bytes: Cow<'a, [u8]>,
    newest_unix_nano: Option<u64>,
}

impl<'a> Body<'a> {
    fn protobuf(signal: Signal, bytes: Cow<'a, [u8]>) -> Self {
        Self {
            newest_unix_nano: newest_time_unix_nano(signal, &bytes),
            signal,
            bytes,
        }
    }
}

/// Decodes a frame to count and check it, and gives the bodies that will be sent: one request per
/// signal, in JSON for the signals that are `in_json` (by `Signal as usize`), else in protobuf.
///
/// A protobuf frame passes unchanged as protobuf, and a JSON frame as JSON if it is canonical, see
/// [`is_canonical`]. Everything else is encoded anew.
///
/// # Errors
///
/// When the decoder rejects the frame, or the signal of a protobuf frame cannot be told.
pub(crate) fn survey<'a>(
    decoder: &mut Decoder,
    frame: &Frame<'a>,
    in_json: [bool; 3],
) -> Result<Surveyed<'a>, FrameReject> {
    let mut surveyor = Surveyor::default();
    let mut bodies: Vec<Body<'a>> = match frame.encoding {
        Encoding::Protobuf => {
            let signal = resolve_signal(frame)?;
            decoder.decode(frame, &mut surveyor)?;
            if !in_json[signal as usize] {
                // An item that cannot be decoded goes out with the others: it is the receiver's to
                // judge, and bytes are not changed.
                surveyor.items[signal as usize] += surveyor.left_out.len() as u64;
                surveyor.left_out.clear();
            }
            vec![Body::protobuf(signal, Cow::Borrowed(frame.bytes))]
        }
        Encoding::Json | Encoding::JavaScriptSdk => {
            surveyor.encoder = Some(RequestEncoder::new());
            decoder.decode(frame, &mut surveyor)?;
            let requests = surveyor.encoder.take().map(|mut encoder| encoder.take());
            let requests = requests.unwrap_or_default().into_iter();
            requests
                .map(|(signal, body)| Body::protobuf(signal, Cow::Owned(body)))
                .collect()
        }
    };
    if bodies.iter().any(|body| in_json[body.signal as usize]) {
        let is_plain = surveyor.notes == 0 && surveyor.left_out.is_empty();
        let may_pass = frame.encoding == Encoding::Json && bodies.len() == 1 && is_plain;
        let mut encoder = JsonRequestEncoder::new();
        decoder.decode(frame, &mut encoder)?;
        for (signal, text) in encoder.take() {
            let body = bodies.iter_mut().find(|body| body.signal == signal);
            let Some(body) = body.filter(|body| in_json[body.signal as usize]) else {
                continue;
            };
            body.bytes = match may_pass && is_canonical(frame.bytes, &text) {
                true => Cow::Borrowed(frame.bytes),
                false => Cow::Owned(text),
            };
        }
    }
    Ok(Surveyed {
        bodies,
        items: surveyor.items,
        arrival_unix_nano: frame.arrival_unix_nano,
        left_out: surveyor.left_out,
    })
}

impl Surveyed<'_> {
    /// The requests, in the order in which their signals appeared. None in a frame that holds
    /// nothing, such as `{}`.
    pub(crate) fn requests(&self) -> impl Iterator<Item = Request<'_>> {
        self.bodies.iter().map(|body| {
            let newest = body.newest_unix_nano.filter(is_credible);
            let arrival = self.arrival_unix_nano.filter(is_credible);
            Request {
                signal: body.signal,
                body: &body.bytes,
                items: u32::try_from(self.items[body.signal as usize]).unwrap_or(u32::MAX),
                time_unix_nano: arrival.or(newest),
            }
        })
    }
}

/// A single time of 1970 would hold up the whole replay for fifty years.
fn is_credible(time_unix_nano: &u64) -> bool {
    const YEAR_1980: u64 = 315_532_800 * 1_000_000_000;
    const YEAR_2200: u64 = 7_258_118_400 * 1_000_000_000;
    (YEAR_1980..YEAR_2200).contains(time_unix_nano)
}

/// Counts items by signal, and passes all visits on to an encoder if there is one.
#[derive(Debug, Default)]
struct Surveyor {
    encoder: Option<RequestEncoder>,
    signal: Option<Signal>,
    items: [u64; 3],
    left_out: Vec<(&'static str, String)>,
    /// Deviations that were tolerated, but for repeated keys.
    notes: u64,
}

impl Surveyor {
    fn count(&mut self) {
        let signal = self.signal.expect("a sink is told the resource first");
        self.items[signal as usize] += 1;
    }

    fn reset(&mut self) {
        self.signal = None;
        self.items = [0; 3];
        self.left_out.clear();
        self.notes = 0;
    }
}

impl Sink for Surveyor {
    fn begin(&mut self, frame: &Frame<'_>) {
        self.reset();
        if let Some(encoder) = &mut self.encoder {
            encoder.begin(frame);
        }
    }

    fn resource(&mut self, signal: Signal, resource: &Resource<'_>) {
        self.signal = Some(signal);
        if let Some(encoder) = &mut self.encoder {
            encoder.resource(signal, resource);
        }
    }

    fn scope(&mut self, scope: &Scope<'_>) {
        if let Some(encoder) = &mut self.encoder {
            encoder.scope(scope);
        }
    }

    fn span(&mut self, span: &Span<'_>) {
        self.count();
        if let Some(encoder) = &mut self.encoder {
            encoder.span(span);
        }
    }

    fn log_record(&mut self, record: &LogRecord<'_>) {
        self.count();
        if let Some(encoder) = &mut self.encoder {
            encoder.log_record(record);
        }
    }

    fn metric(&mut self, metric: &Metric<'_>) {
        if let Some(encoder) = &mut self.encoder {
            encoder.metric(metric);
        }
    }

    fn number_point(&mut self, point: &NumberPoint<'_>) {
        self.count();
        if let Some(encoder) = &mut self.encoder {
            encoder.number_point(point);
        }
    }

    fn histogram_point(&mut self, point: &HistogramPoint<'_>) {
        self.count();
        if let Some(encoder) = &mut self.encoder {
            encoder.histogram_point(point);
        }
    }

    fn exponential_histogram_point(&mut self, point: &ExponentialHistogramPoint<'_>) {
        self.count();
        if let Some(encoder) = &mut self.encoder {
            encoder.exponential_histogram_point(point);
        }
    }

    fn summary_point(&mut self, point: &SummaryPoint<'_>) {
        self.count();
        if let Some(encoder) = &mut self.encoder {
            encoder.summary_point(point);
        }
    }

    fn reject_item(&mut self, reject: ItemReject<'_>) {
        self.left_out.push((reject.code.0, reject.message));
    }

    fn note(&mut self, code: NoteCode) {
        // Which of equal keys counts is the receiver's to say.
        self.notes += u64::from(code != DUPLICATE_ATTRIBUTE_KEY);
    }

    fn commit(&mut self) {
        if let Some(encoder) = &mut self.encoder {
            encoder.commit();
        }
    }

    fn abandon(&mut self) {
        self.reset();
        if let Some(encoder) = &mut self.encoder {
            encoder.abandon();
        }
    }
}
