//! Decodes the frames of a load into batches: the work of one thread at a time.

use std::sync::Arc;

use otolith_capture::{Entry, Frame, Reject};
use otolith_otlp::{Decoder, FrameReject};
use otolith_tables::{Batches, Wanted};

use crate::options::ConvertOptions;
use crate::pipeline::Decode;
use crate::reader::Work;
use crate::redact::{Redactor, Tally};

/// Decodes load after load with its own decoder.
#[derive(Debug)]
pub(crate) struct LoadDecoder {
    decoder: Decoder,
    kept_reject_bytes: usize,
    redactor: Option<Redactor>,
    /// What becomes rows; everything if none.
    wanted: Option<Arc<Wanted>>,
}

/// What became of a load.
#[derive(Debug)]
pub(crate) struct DecodedLoad {
    pub batches: Batches,
    pub counts: FrameCounts,
    /// Frames rejected as a whole and items rejected alone, in input order.
    pub rejects: Vec<Reject>,
    /// What was redacted in converted frames.
    pub redacted: Tally,
}

/// What became of the frames of a load.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FrameCounts {
    pub read: u64,
    pub converted: u64,
    pub skipped: u64,
    pub rejected: u64,
    pub payload_bytes: u64,
    /// Items of converted frames, as the decoder counts them.
    pub items: u64,
}

impl LoadDecoder {
    pub fn of(options: &ConvertOptions, wanted: Option<&Arc<Wanted>>) -> Self {
        Self {
            wanted: wanted.map(Arc::clone),
            decoder: Decoder::new(options.decode),
            kept_reject_bytes: options.read.limits.kept_reject_bytes,
            redactor: options.redact.as_ref().map(Arc::clone).map(Redactor::new),
        }
    }
}

impl Decode for LoadDecoder {
    type Decoded = DecodedLoad;

    fn decode(&mut self, Work { chunk, skipped }: &Work) -> DecodedLoad {
        let wanted = self.wanted.as_ref().map(Arc::clone);
        let mut batches = wanted.map_or_else(Batches::new, Batches::of);
        let mut counts = FrameCounts::default();
        let mut rejects = Vec::new();
        for (index, entry) in chunk.entries().enumerate() {
            counts.read += 1;
            let frame = match entry {
                Entry::Frame(frame) => frame,
                Entry::Reject(reject) => {
                    counts.rejected += 1;
                    rejects.push(reject.clone());
                    continue;
                }
            };
            counts.payload_bytes += frame.bytes.len() as u64;
            if skipped.get(index) == Some(&true) {
                counts.skipped += 1;
                continue;
            }
            self.frame(&frame, &mut batches, &mut counts, &mut rejects);
        }
        DecodedLoad {
            batches,
            counts,
            rejects,
            redacted: match &mut self.redactor {
                None => Tally::default(),
                Some(redactor) => redactor.take_tally(),
            },
        }
    }
}

impl LoadDecoder {
    fn frame(
        &mut self,
        frame: &Frame<'_>,
        batches: &mut Batches,
        counts: &mut FrameCounts,
        rejects: &mut Vec<Reject>,
    ) {
        let decoded = match &mut self.redactor {
            None => self.decoder.decode(frame, batches),
            Some(redactor) => {
                let mut sink = redactor.before(batches);
                self.decoder.decode(frame, &mut sink)
            }
        };
        match decoded {
            Ok(decoded) => {
                counts.converted += 1;
                counts.items += decoded.items + decoded.rejected_items;
                rejects.append(&mut batches.take_rejects());
            }
            Err(reject) => {
                counts.rejected += 1;
                rejects.push(frame_reject(frame, reject, self.kept_reject_bytes));
            }
        }
    }
}

/// A frame that the decoder refused, with its bytes up to the bound.
pub(crate) fn frame_reject(frame: &Frame<'_>, reject: FrameReject, kept_bytes: usize) -> Reject {
    Reject {
        origin: frame.origin.clone(),
        code: reject.code,
        message: reject.message,
        bytes: frame.bytes[..frame.bytes.len().min(kept_bytes)].to_vec(),
        len_bytes: frame.bytes.len() as u64,
    }
}
