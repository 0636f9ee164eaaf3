//! The signal of a protobuf request, which does not name it.
//!
//! All three requests look alike down to their items. A span, a log record and a metric differ in
//! the wire types of their fields, and where those allow several, in what the fields hold.

use otolith_capture::{Frame, Signal, SignalHint};

use super::fault::Fault;
use super::request::frame_reject;
use super::wire::{Message, Wire};
use crate::FrameReject;
use crate::problems::UNKNOWN_SIGNAL;

/// What [`probe_signal`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// An item that can only be of this signal.
    Signal(Signal),
    /// A message of the right shape without items.
    Empty,
    /// Items, but none that can be told.
    Unclear,
    /// Not a request: broken on the wire before an item could be told.
    NotOtlp,
}

/// Looks into the items of a protobuf request for the signal. Stops at the first item that can be
/// of one signal only; allocates nothing.
pub fn probe_signal(bytes: &[u8]) -> Probe {
    search(bytes).unwrap_or(Probe::NotOtlp)
}

/// The signal of a protobuf frame: as declared, else by [`probe_signal`], else by file name.
///
/// JSON frames name their signals themselves and do not need this.
///
/// # Errors
///
/// When nothing tells the signal: [`UNKNOWN_SIGNAL`], or [`crate::problems::BAD_PROTOBUF`] if the
/// frame is broken besides.
pub fn resolve_signal(frame: &Frame<'_>) -> Result<Signal, FrameReject> {
    if let SignalHint::Declared(signal) = frame.signal {
        return Ok(signal);
    }
    let probe = search(frame.bytes);
    if let Ok(Probe::Signal(signal)) = probe {
        return Ok(signal);
    }
    if let SignalHint::FileName(signal) = frame.signal {
        return Ok(signal);
    }
    let what = match probe {
        Err(fault) => return Err(frame_reject(fault)),
        Ok(Probe::Empty) => "the request has no items",
        Ok(_) => "its items are like those of several signals, or of none",
    };
    Err(FrameReject {
        code: UNKNOWN_SIGNAL,
        message: format!("cannot tell the signal: {what}"),
        offset: 0,
    })
}

fn search(bytes: &[u8]) -> Result<Probe, Fault> {
    let mut found = Probe::Empty;
    let mut requests = Message::payload(bytes).fields();
    while let Some(field) = requests.next()? {
        let (1, Wire::Len(group)) = (field.number, field.value) else {
            continue;
        };
        let mut resources = Message::from(group).fields();
        while let Some(field) = resources.next()? {
            let (2, Wire::Len(group)) = (field.number, field.value) else {
                continue;
            };
            let mut scopes = Message::from(group).fields();
            while let Some(field) = scopes.next()? {
                let (2, Wire::Len(item)) = (field.number, field.value) else {
                    continue;
                };
                found = Probe::Unclear;
                // An item that is broken inside tells nothing; others may.
                if let Ok(Some(signal)) = signal_of_item(item.into()) {
                    return Ok(Probe::Signal(signal));
                }
            }
        }
    }
    Ok(found)
}

/// What the fields of an item, seen so far, allow it to be.
struct Evidence {
    may_be_span: bool,
    may_be_log_record: bool,
    may_be_metric: bool,
    /// A field that only spans have in this form, such as a start time.
    has_span_field: bool,
    /// A field that only log records have in this form, such as a time in field 1.
    has_log_field: bool,
    /// Data of one of the kinds of metrics.
    has_data: bool,
    /// Field 1, a trace id in spans and the name in metrics, is text or an id of 16 bytes.
    first_is_text: bool,
    first_is_id: bool,
}

fn signal_of_item(item: Message<'_>) -> Result<Option<Signal>, Fault> {
    let mut evidence = Evidence {
        may_be_span: true,
        may_be_log_record: true,
        may_be_metric: true,
        has_span_field: false,
        has_log_field: false,
        has_data: false,
        first_is_text: false,
        first_is_id: false,
    };
    let mut fields = item.fields();
    while let Some(field) = fields.next()? {
        evidence.add(field.number, field.value);
    }
    Ok(evidence.signal())
}

impl Evidence {
    fn add(&mut self, number: u32, value: Wire<'_>) {
        self.may_be_span &= match (number, value) {
            (1, Wire::Len(s)) => is_id(s.bytes, 16),
            (2 | 4, Wire::Len(s)) => is_id(s.bytes, 8),
            (3 | 5 | 9 | 11 | 13 | 15, Wire::Len(_)) => true,
            (6 | 10 | 12 | 14, Wire::Varint(_)) => true,
            (7 | 8, Wire::Fixed64(_)) => true,
            (16, Wire::Fixed32(_)) => true,
            _ => number > 16,
        };
        self.may_be_log_record &= match (number, value) {
            (1 | 11, Wire::Fixed64(_)) => true,
            (2 | 7, Wire::Varint(_)) => true,
            (3 | 5 | 6 | 12, Wire::Len(_)) => true,
            (8, Wire::Fixed32(_)) => true,
            (9, Wire::Len(s)) => is_id(s.bytes, 16),
            (10, Wire::Len(s)) => is_id(s.bytes, 8),
            _ => number > 12,
        };
        self.may_be_metric &= match (number, value) {
            (1..=3, Wire::Len(s)) => std::str::from_utf8(s.bytes).is_ok(),
            (5 | 7 | 9..=12, Wire::Len(_)) => true,
            _ => number > 12,
        };
        match (number, value) {
            (6 | 10 | 12 | 14, Wire::Varint(_))
            | (7 | 8, Wire::Fixed64(_))
            | (16, Wire::Fixed32(_)) => self.has_span_field = true,
            (1 | 11, Wire::Fixed64(_))
            | (2 | 7, Wire::Varint(_))
            | (8, Wire::Fixed32(_))
            | (6, Wire::Len(_)) => self.has_log_field = true,
            (1, Wire::Len(s)) => {
                self.first_is_text = is_plain_text(s.bytes);
                self.first_is_id = s.bytes.len() == 16;
            }
            _ => {}
        }
        if let (5 | 7 | 9 | 10 | 11, Wire::Len(s)) = (number, value) {
            // A list of points, a temporality, or whether it is monotonic.
            self.has_data |= matches!(s.bytes.first(), None | Some(0x0A | 0x10 | 0x18));
        }
    }

    fn signal(&self) -> Option<Signal> {
        // A span can consist of nothing that a metric cannot have, if its trace id is taken for
        // the metric's name: then it must not be text.
        let span =
            self.may_be_span && (self.has_span_field || self.first_is_id && !self.may_be_metric);
        let log_record = self.may_be_log_record && self.has_log_field;
        let metric = self.may_be_metric && self.has_data && self.first_is_text;
        match (span, log_record, metric) {
            (true, false, false) => Some(Signal::Traces),
            (false, true, false) => Some(Signal::Logs),
            (false, false, true) => Some(Signal::Metrics),
            _ => None,
        }
    }
}

fn is_id(bytes: &[u8], len: usize) -> bool {
    bytes.is_empty() || bytes.len() == len
}

/// Whether the bytes are text without control characters, as the names of metrics are.
fn is_plain_text(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(text) => !text.is_empty() && !text.chars().any(char::is_control),
        Err(_) => false,
    }
}
