//! What the format of a file makes of its bytes.

use crate::binary::{BinaryCutter, Framing};
use crate::checkpoint::JsonState;
use crate::cut::Cut;
use crate::json::cutter::JsonCutter;
use crate::options::{InputFormat, TornTail};
use crate::whole;

/// How the rest of the file is cut.
pub(super) enum Stage {
    Json(JsonCutter),
    Binary(BinaryCutter),
    /// The whole file is one message.
    Message,
    Unrecognised,
    /// Too little of the file is there to tell its format.
    Unsure,
    Done,
}

impl Stage {
    /// At the beginning of a file of this format; none is one that is not recognised.
    pub(super) fn new(format: Option<InputFormat>, max_bytes: usize) -> Self {
        let framing = match format {
            None => return Self::Unrecognised,
            Some(InputFormat::Json) => return Self::Json(JsonCutter::new(0, max_bytes)),
            Some(InputFormat::Protobuf) => return Self::Message,
            Some(InputFormat::ProtoFrames) => Framing::Proto,
            Some(InputFormat::ZstdFrames) => Framing::Zstd,
            Some(InputFormat::VarintFrames) => Framing::Varint,
            Some(InputFormat::GrpcFrames) => Framing::Grpc,
        };
        Self::Binary(BinaryCutter::new(framing, max_bytes))
    }

    /// What comes next in `bytes`; none once it is done.
    pub(super) fn next(
        &mut self,
        bytes: &[u8],
        at_end: bool,
        max_bytes: usize,
        torn_tail: TornTail,
    ) -> Option<Cut> {
        match self {
            Self::Json(cutter) => Some(cutter.next(bytes, at_end)),
            Self::Binary(cutter) => Some(cutter.next(bytes, at_end)),
            Self::Message => Some(whole::message(bytes, at_end, max_bytes, torn_tail)),
            Self::Unrecognised => Some(whole::unrecognised(bytes, at_end)),
            Self::Unsure => Some(whole::unsure(bytes)),
            Self::Done => None,
        }
    }

    pub(super) fn set_torn_tail(&mut self, torn_tail: TornTail) {
        match self {
            Self::Json(cutter) => cutter.set_torn_tail(torn_tail),
            Self::Binary(cutter) => cutter.set_torn_tail(torn_tail),
            Self::Message | Self::Unrecognised | Self::Unsure | Self::Done => {}
        }
    }

    /// Whether the file is a sequence of records.
    pub(super) fn is_cut_into_records(&self) -> bool {
        matches!(self, Self::Json(_) | Self::Binary(_))
    }

    /// What JSON text before this place means for the text behind it.
    pub(super) fn json_state(&self) -> JsonState {
        match self {
            Self::Json(cutter) => cutter.state(),
            _ => JsonState::default(),
        }
    }
}
