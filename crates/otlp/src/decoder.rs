//! The front of both decoders.

use otolith_capture::{Encoding, Frame};

use crate::arena::Arena;
use crate::json::{self, Order, Outcome, Prospect};
use crate::problems::NO_ITEMS;
use crate::sink::Sink;
use crate::{Decoded, FrameReject, Limits, proto};

/// Nesting beyond this is refused whatever [`Limits::value_depth`] says: values are read by
/// recursion, and this much fits any thread's stack.
const MAX_VALUE_DEPTH: usize = 256;

/// Decodes frames, one after another, into visits of a [`Sink`].
///
/// Keeps its memory between frames: use one decoder per thread, for many frames. A frame's visits
/// depend on that frame alone.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    arena: Arena,
    /// The order that served the last JSON frame: the next one mostly has the same emitter.
    order: Order,
    /// Whether schema URLs are looked for in JSON frames.
    prospect: Prospect,
}

impl Decoder {
    /// Makes a decoder. A `value_depth` over 256 counts as 256.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits: Limits {
                value_depth: limits.value_depth.min(MAX_VALUE_DEPTH),
                ..limits
            },
            arena: Arena::new(),
            order: Order::Usual,
            prospect: Prospect::default(),
        }
    }

    /// Decodes one frame into `sink`: `begin`, visits, then `commit`; or, on an error, `abandon`.
    ///
    /// A JSON frame whose headers come after their items may be begun and abandoned, at most twice, before
    /// it is begun for good.
    ///
    /// # Errors
    ///
    /// When the frame as a whole cannot be taken. A bad item in a good frame is no error: it goes
    /// to [`Sink::reject_item`].
    pub fn decode<S: Sink>(
        &mut self,
        frame: &Frame<'_>,
        sink: &mut S,
    ) -> Result<Decoded, FrameReject> {
        match frame.encoding {
            Encoding::Json => self.decode_json(frame, sink),
            Encoding::Protobuf | Encoding::JavaScriptSdk => self.decode_once(frame, sink),
        }
    }

    fn decode_once<S: Sink>(
        &mut self,
        frame: &Frame<'_>,
        sink: &mut S,
    ) -> Result<Decoded, FrameReject> {
        sink.begin(frame);
        let result = if frame.encoding == Encoding::JavaScriptSdk {
            json::decode_sdk(frame.bytes, &self.limits, &mut self.arena, sink)
        } else {
            proto::resolve_signal(frame).and_then(|signal| {
                proto::decode(frame.bytes, signal, &self.limits, &mut self.arena, sink)
            })
        };
        match &result {
            Ok(decoded) => close(decoded, sink),
            Err(_) => sink.abandon(),
        }
        result
    }

    fn decode_json<S: Sink>(
        &mut self,
        frame: &Frame<'_>,
        sink: &mut S,
    ) -> Result<Decoded, FrameReject> {
        let (mut order, mut looks_ahead) = (self.order, self.prospect.looks());
        loop {
            sink.begin(frame);
            let way = (order, looks_ahead);
            match json::decode(frame.bytes, way, &self.limits, &mut self.arena, sink) {
                Ok(Outcome::Done {
                    decoded,
                    usual,
                    has_schema_url,
                }) => {
                    close(&decoded, sink);
                    self.prospect.learn(has_schema_url);
                    self.order = if usual { Order::Usual } else { Order::Any };
                    return Ok(decoded);
                }
                Ok(Outcome::Again) => {
                    sink.abandon();
                    if !looks_ahead {
                        self.prospect.was_deceived();
                        looks_ahead = true;
                        continue;
                    }
                }
                Err(reject) => {
                    sink.abandon();
                    // The first fault found depends on the order of reading. So that it does not
                    // depend on the frames before this one, one order has the last word.
                    if order == Order::Any {
                        return Err(reject);
                    }
                }
            }
            order = Order::Any;
        }
    }
}

/// Ends a frame that was taken. One without items would else go by unseen.
fn close<S: Sink>(decoded: &Decoded, sink: &mut S) {
    if decoded.items == 0 && decoded.rejected_items == 0 {
        sink.note(NO_ITEMS);
    }
    sink.commit();
}
