//! Requests in parts: those that are longer than the receiver takes, and those of which only some
//! items are left to send.

use std::io;
use std::ops::Range;

use otolith_capture::Signal;
use otolith_otlp::{count_items, take_items};

use super::{Composer, Moment, Part, broken};
use crate::body::Body;
use crate::index::Entry;
use crate::recode::{json_to_protobuf, protobuf_to_json};
use crate::tally::Fate;

impl Composer {
    /// Only these items of a request, in as many parts at least.
    ///
    /// # Errors
    ///
    /// When the spool cannot be read.
    pub(crate) fn compose_only(
        &self,
        entry: &Entry,
        moment: Moment,
        items: &[Range<u64>],
    ) -> io::Result<Vec<Part>> {
        let all = 0..u64::from(entry.items);
        if items == [all.clone()] {
            return self.compose(entry, moment);
        }
        let message = self.timeline.body(entry)?;
        let message = self.changed(entry, message, moment);
        let protobuf = message.and_then(|message| self.protobuf(entry, message));
        let protobuf = match protobuf {
            Ok(protobuf) => protobuf,
            Err(fate) => return Ok(vec![Part::failed(all, fate)]),
        };
        let mut parts = Vec::new();
        for items in items {
            self.fit(entry.signal, &protobuf, items.clone(), &mut parts);
        }
        Ok(parts)
    }

    /// The halves of a part that the receiver found too long; `None` if it cannot be divided.
    ///
    /// # Errors
    ///
    /// When the spool cannot be read.
    pub(crate) fn halve(
        &self,
        entry: &Entry,
        moment: Moment,
        items: &Range<u64>,
    ) -> io::Result<Option<Vec<Part>>> {
        if items.end - items.start < 2 {
            return Ok(None);
        }
        let message = self.timeline.body(entry)?;
        let message = self.changed(entry, message, moment);
        let Ok(protobuf) = message.and_then(|message| self.protobuf(entry, message)) else {
            return Ok(None);
        };
        let mut parts = Vec::new();
        self.divide(entry.signal, &protobuf, items.clone(), &mut parts);
        Ok(Some(parts))
    }

    /// A message as it waits, in protobuf, whose items can be found.
    fn protobuf(&self, entry: &Entry, message: Body) -> Result<Body, Fate> {
        let protobuf = match self.in_json[entry.signal as usize] {
            true => json_to_protobuf(entry.signal, &message)
                .map_err(broken)?
                .into(),
            false => message,
        };
        match is_divisible(entry, &protobuf) {
            true => Ok(protobuf),
            false => Err(Fate::Failed {
                code: "not_changed".to_owned(),
                message: "the items of a request cannot be told apart".to_owned(),
            }),
        }
    }

    /// Two halves of some items, in parts that are short enough; an item that is too long alone
    /// fails.
    pub(super) fn divide(
        &self,
        signal: Signal,
        protobuf: &[u8],
        items: Range<u64>,
        parts: &mut Vec<Part>,
    ) {
        let middle = items.start + (items.end - items.start) / 2;
        for half in [items.start..middle, middle..items.end] {
            self.fit(signal, protobuf, half, parts);
        }
    }

    /// Some items, in one part or as many as it takes.
    fn fit(&self, signal: Signal, protobuf: &[u8], items: Range<u64>, parts: &mut Vec<Part>) {
        let limit = self.limits[signal as usize];
        let taken = take_items(signal, protobuf, items.clone()).map_err(|reject| Fate::Failed {
            code: "not_changed".to_owned(),
            message: reject.message,
        });
        let wire = taken.and_then(|taken| match self.to_json[signal as usize] {
            true => protobuf_to_json(signal, &taken).map_err(broken),
            false => Ok(taken),
        });
        match wire {
            Ok(wire) if wire.len() <= limit => parts.push(self.part(signal, items, wire.into())),
            Ok(_) if items.end - items.start > 1 => self.divide(signal, protobuf, items, parts),
            Ok(wire) => {
                let fate = too_large("an item alone", wire.len(), limit);
                parts.push(Part::failed(items, fate));
            }
            Err(fate) => parts.push(Part::failed(items, fate)),
        }
    }
}

/// Whether each item that was counted can be found.
pub(super) fn is_divisible(entry: &Entry, protobuf: &[u8]) -> bool {
    count_items(entry.signal, protobuf) == Ok(u64::from(entry.items))
}

pub(super) fn too_large(what: &str, len_bytes: usize, limit: usize) -> Fate {
    Fate::Failed {
        code: "too_large".to_owned(),
        message: format!(
            "{what} takes {len_bytes} bytes, over the limit of {limit} (--max-request-bytes)"
        ),
    }
}
