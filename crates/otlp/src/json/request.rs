//! The levels above the items: request, resource, scope. Pushes into the sink in canonical
//! order, whatever the order of members.
//!
//! A sink wants a resource and a scope before their items. Emitters write them in that order,
//! except for `schemaUrl`, which comes after the list it belongs to. So a frame is first read in
//! [`Order::Usual`]: one pass, with schema URLs foreseen by [`super::schema_url`]. Where a header
//! member then turns up after its items and differs from what was pushed, the frame is read again:
//! with schema URLs looked for, if they were not, else in [`Order::Any`], which skips each list first and
//! comes back to it.

use bumpalo::Bump;
use otolith_capture::Signal;

use super::fault::{Note, Stop};
use super::reader::{Mark, Reader};
use super::schema_url::Foresight;
use super::span::see;
use crate::arena::Arena;
use crate::problems::{BAD_UTF8, NOT_OTLP, PROFILES};
use crate::sink::{ItemReject, Sink};
use crate::{Decoded, FrameReject, Limits};

/// In which order a frame is expected to hold its members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Headers before lists: one pass.
    Usual,
    /// Any order: lists are skipped first.
    Any,
}

/// What became of an attempt.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The frame was pushed.
    Done {
        /// What was pushed.
        decoded: Decoded,
        /// Whether [`Order::Usual`] serves this frame.
        usual: bool,
        /// Whether a resource or scope has a schema URL.
        has_schema_url: bool,
    },
    /// Something was pushed too early: the frame must be abandoned and read in another way.
    Again,
}

/// The receiving side.
pub(super) struct Out<'s, S> {
    pub(super) sink: &'s mut S,
    pub(super) decoded: Decoded,
}

impl<S: Sink> Out<'_, S> {
    /// Passes on what was noted while the frame was read.
    pub(super) fn notes(&mut self, reader: &Reader<'_>) {
        for (code, count) in reader.notes() {
            for _ in 0..count {
                self.sink.note(code);
            }
        }
    }
}

/// All that the levels need. `'a` is the life of the frame.
pub(super) struct Walk<'a, 's, S> {
    pub(super) reader: Reader<'a>,
    pub(super) header: &'a Bump,
    pub(super) item: &'s mut Bump,
    pub(super) limits: &'s Limits,
    pub(super) out: Out<'s, S>,
    pub(super) order: Order,
    pub(super) foresight: Foresight<'a>,
    /// All headers are as [`Order::Usual`] would have pushed them.
    pub(super) is_usual: bool,
    pub(super) has_schema_url: bool,
    /// A header differs from what was pushed.
    pub(super) again: bool,
}

/// Decodes one frame between `begin` and `commit` or `abandon`, which are the caller's to call.
/// Schema URLs are looked for before they come if it `looks_ahead`.
///
/// # Errors
///
/// When the frame is not JSON, not OTLP, or bad outside of its items.
pub(crate) fn decode<S: Sink>(
    bytes: &[u8],
    (order, looks_ahead): (Order, bool),
    limits: &Limits,
    arena: &mut Arena,
    sink: &mut S,
) -> Result<Outcome, FrameReject> {
    arena.reset();
    let Arena {
        header,
        item,
        lists,
    } = arena;
    let text = text(bytes)?;
    let mut walk = Walk {
        reader: Reader::new(text, header, lists),
        header,
        item,
        limits,
        out: Out {
            sink,
            decoded: Decoded::default(),
        },
        order,
        foresight: Foresight::new(text, looks_ahead),
        is_usual: true,
        has_schema_url: false,
        again: false,
    };
    let result = walk.root();
    if walk.again {
        return Ok(Outcome::Again);
    }
    match result {
        Ok(()) => {
            walk.out.notes(&walk.reader);
            Ok(Outcome::Done {
                decoded: walk.out.decoded,
                usual: walk.is_usual,
                has_schema_url: walk.has_schema_url,
            })
        }
        Err(Stop) => Err(reject(&mut walk.reader)),
    }
}

/// The text of a frame.
///
/// # Errors
///
/// When it is not UTF-8.
pub(super) fn text(bytes: &[u8]) -> Result<&str, FrameReject> {
    simdutf8::compat::from_utf8(bytes).map_err(|error| FrameReject {
        code: BAD_UTF8,
        message: format!("not UTF-8 at byte {}", error.valid_up_to()),
        offset: error.valid_up_to(),
    })
}

/// The reject of a frame in which the reader stopped.
#[cold]
pub(super) fn reject(reader: &mut Reader<'_>) -> FrameReject {
    let fault = reader.take_fault();
    FrameReject {
        code: fault.code,
        message: format!("{} at byte {}", fault.message, fault.offset),
        offset: fault.offset,
    }
}

/// Turns a fault in the item that began at `start` into a reject of that item alone, and goes to
/// its end. What was tolerated in the item does not count.
///
/// # Errors
///
/// Stops when the item is not JSON.
#[cold]
pub(super) fn reject_item<S: Sink>(
    signal: Signal,
    start: Mark,
    reader: &mut Reader<'_>,
    out: &mut Out<'_, S>,
) -> Result<(), Stop> {
    let fault = reader.take_fault();
    if fault.is_syntax() {
        return reader.stop(fault.code, fault.offset, fault.message);
    }
    reader.go_back(start);
    reader.skip_value()?;
    out.decoded.rejected_items += 1;
    out.sink.reject_item(ItemReject {
        signal,
        code: fault.code,
        message: format!("{} at byte {}", fault.message, fault.offset),
        offset: start.offset,
        bytes: reader.since(start.offset),
    });
    Ok(())
}

impl<'a, S: Sink> Walk<'a, '_, S> {
    /// The request object, with what surrounds it.
    fn root(&mut self) -> Result<(), Stop> {
        self.reader.space();
        if self.reader.peek() != b'{' {
            let start = self.reader.offset();
            self.reader.skip_value()?;
            self.end()?;
            return self
                .reader
                .stop(NOT_OTLP, start, "expected a request object");
        }
        self.reader.object()?;
        let (mut first, mut seen) = (true, 0);
        let mut profiles = None;
        while let Some(name) = self.reader.member(&mut first)? {
            let signal = match name {
                "resourceSpans" | "resource_spans" => Signal::Traces,
                "resourceMetrics" | "resource_metrics" => Signal::Metrics,
                "resourceLogs" | "resource_logs" => Signal::Logs,
                "resourceProfiles" | "resource_profiles" => {
                    profiles = Some(self.reader.offset());
                    self.reader.skip_value()?;
                    continue;
                }
                _ => {
                    self.reader.skip_value()?;
                    continue;
                }
            };
            see(&mut self.reader, &mut seen, signal as u32);
            self.resources(signal)?;
        }
        self.end()?;
        match (profiles, seen) {
            (Some(start), 0) => {
                self.reader
                    .stop(PROFILES, start, "the profiles signal is not converted")
            }
            (None, 0) => {
                let message = "expected a member such as `resourceSpans`, found none";
                self.reader.stop(NOT_OTLP, 0, message)
            }
            (Some(_), _) => {
                self.reader.note(Note::ProfilesIgnored);
                Ok(())
            }
            (None, _) => Ok(()),
        }
    }

    /// Nothing may follow the value.
    fn end(&mut self) -> Result<(), Stop> {
        self.reader.space();
        if self.reader.is_at_end() {
            return Ok(());
        }
        self.reader.syntax("the end of the frame")
    }
}
