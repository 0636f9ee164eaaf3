//! Frames of a load into records of the output: the work of one thread at a time.

use std::sync::Arc;

use otolith_capture::{
    Encoding, Entry, Frame, FrameError, Framer, Outgoing, Reject, RejectCode, Signal,
};
use otolith_otlp::{Decoder, JsonRequestEncoder, Probe, RequestEncoder, probe_signal};

use super::account::Counts;
use super::choose::Chosen;
use super::judge::{Judge, Verdict, is_credible};
use super::options::CatOptions;
use super::{REQUEST_TOO_LARGE, UNCLEAR_SIGNAL};
use crate::decode::frame_reject;
use crate::export::Encode;
use crate::pipeline::Decode;
use crate::reader::Work;
use crate::redact::{Redactor, Tally};

/// Transcodes load after load with its own decoder.
pub(super) struct Transcoder {
    options: Arc<CatOptions>,
    decoder: Decoder,
    judge: Judge,
    redactor: Option<Redactor>,
    framer: Framer,
}

/// What became of a load.
pub(super) struct Transcoded {
    /// The records one after another.
    pub bytes: Vec<u8>,
    pub records: Vec<Record>,
    pub counts: Counts,
    /// Frames and requests rejected as a whole and items rejected alone, in input order.
    pub rejects: Vec<Reject>,
    pub redacted: Tally,
    /// What ends it.
    pub failure: Option<FrameError>,
}

/// A request with its framing.
#[derive(Debug)]
pub(super) struct Record {
    /// Where it ends in the bytes.
    pub end: usize,
    /// When it was recorded, if that is known.
    pub time_unix_nano: Option<u64>,
    pub file: Arc<str>,
}

impl Transcoder {
    pub fn new(options: &Arc<CatOptions>, framer: Framer) -> Self {
        Self {
            decoder: Decoder::new(options.decode),
            judge: Judge::new(options.slice.clone()),
            redactor: options.redact.as_ref().map(Arc::clone).map(Redactor::new),
            framer,
            options: Arc::clone(options),
        }
    }

    /// A load of frames that lie in no chunk.
    pub fn empty(&self) -> Transcoded {
        Transcoded {
            bytes: Vec::new(),
            records: Vec::new(),
            counts: Counts::default(),
            rejects: Vec::new(),
            redacted: Tally::default(),
            failure: None,
        }
    }

    /// Takes up a frame.
    pub fn frame(&mut self, frame: &Frame<'_>, out: &mut Transcoded) {
        out.counts.payload_bytes += frame.bytes.len() as u64;
        if let Err(reject) = self.decoder.decode(frame, &mut self.judge) {
            out.counts.frames_rejected += 1;
            out.rejects.push(frame_reject(frame, reject, 0));
            return;
        }
        let verdict = &mut self.judge.verdict;
        out.rejects.append(&mut verdict.rejects.clone());
        let bad_items = verdict.rejects.len() as u64;
        out.counts.items_rejected += bad_items;
        for (code, count) in &verdict.notes {
            *out.counts.notes.entry(*code).or_default() += count;
        }
        for signal in 0..3 {
            out.counts.read[signal] += verdict.read[signal];
        }
        let (read, kept) = (verdict.read_items(), verdict.kept_items());
        let changes = !self.options.slice.is_everything() || self.redactor.is_some();
        if read == 0 && (bad_items == 0 || changes) {
            match bad_items {
                0 => out.counts.frames_empty += 1,
                _ => out.counts.frames_rejected += 1,
            }
            return;
        }
        if kept == 0 && read > 0 {
            out.counts.frames_left_out += 1;
            return;
        }
        let keeps_all = kept == read && bad_items == 0;
        let dialect = self.options.dialect;
        let only_signal = verdict.only_signal();
        let may_pass = frame.encoding == dialect.encoding()
            && self.redactor.is_none()
            && (keeps_all || !changes);
        let signal = only_signal.or(dialect.holds_several_signals().then_some(Signal::Traces));
        let before = out.counts.requests;
        if let (true, Some(signal)) = (may_pass, signal) {
            let read = verdict.read;
            self.write(frame, signal, frame.bytes, read, out);
            out.counts.frames_unchanged += out.counts.requests - before;
        } else {
            self.encode(frame, keeps_all || !changes, out);
        }
        match out.counts.requests > before {
            true => out.counts.frames_written += 1,
            false => out.counts.frames_rejected += 1,
        }
    }

    /// Ends a load.
    pub fn end(&mut self, out: &mut Transcoded) {
        if let Some(redactor) = &mut self.redactor {
            out.redacted = redactor.take_tally();
        }
    }

    /// Encodes what is kept of a frame anew.
    fn encode(&mut self, frame: &Frame<'_>, keeps_all: bool, out: &mut Transcoded) {
        let requests = match self.options.dialect.encoding() {
            Encoding::Protobuf => self.requests::<RequestEncoder>(frame, keeps_all),
            Encoding::Json | Encoding::JavaScriptSdk => {
                self.requests::<JsonRequestEncoder>(frame, keeps_all)
            }
        };
        for (signal, payload) in requests {
            let kept = self.judge.verdict.kept[signal as usize];
            // A signal without items: of resources alone.
            if kept > 0 {
                let mut items = [0; 3];
                items[signal as usize] = kept;
                self.write(frame, signal, &payload, items, out);
            }
        }
    }

    fn requests<E: Encode>(
        &mut self,
        frame: &Frame<'_>,
        keeps_all: bool,
    ) -> Vec<(Signal, Vec<u8>)> {
        let mut encoder = E::default();
        let verdict = &self.judge.verdict;
        let decoded = match &mut self.redactor {
            None => {
                let mut chosen = Chosen::new(verdict, keeps_all, &mut encoder);
                self.decoder.decode(frame, &mut chosen)
            }
            Some(redactor) => {
                let mut sink = redactor.before(&mut encoder);
                let mut chosen = Chosen::new(verdict, keeps_all, &mut sink);
                self.decoder.decode(frame, &mut chosen)
            }
        };
        debug_assert!(decoded.is_ok(), "it was decoded before");
        encoder.take()
    }

    /// Frames a request with so many items of each signal.
    fn write(
        &mut self,
        frame: &Frame<'_>,
        signal: Signal,
        payload: &[u8],
        items: [u64; 3],
        out: &mut Transcoded,
    ) {
        let dialect = self.options.dialect;
        let is_shown = dialect.encoding() != Encoding::Protobuf
            || self.options.slice.signal.is_some()
            || probe_signal(payload) == Probe::Signal(signal);
        if !is_shown {
            let message = format!(
                "no item of a request with {signal} shows the signal, and `{dialect}` does not name it"
            );
            return refuse(frame, UNCLEAR_SIGNAL, message, items, out);
        }
        let request = Outgoing {
            payload,
            signal,
            arrival_unix_nano: frame.arrival_unix_nano,
        };
        match self.framer.push(request, &mut out.bytes) {
            Ok(()) => {}
            Err(error @ FrameError::TooLarge { .. }) => {
                return refuse(frame, REQUEST_TOO_LARGE, error.to_string(), items, out);
            }
            Err(error) => {
                out.failure.get_or_insert(error);
                return;
            }
        }
        let arrival = frame.arrival_unix_nano.filter(is_credible);
        let time_unix_nano = arrival.or_else(|| newest(&self.judge.verdict, items));
        out.records.push(Record {
            end: out.bytes.len(),
            time_unix_nano,
            file: Arc::clone(&frame.origin.file),
        });
        out.counts.requests += 1;
        let is_lost = frame.arrival_unix_nano.is_some() && !dialect.holds_arrival();
        out.counts.arrivals_lost += u64::from(is_lost);
        for (written, items) in out.counts.written.iter_mut().zip(items) {
            *written += items;
        }
    }
}

/// The newest time of the signals of a request.
fn newest(verdict: &Verdict, items: [u64; 3]) -> Option<u64> {
    let signals = Signal::ALL.into_iter();
    let held = signals.filter(|signal| items[*signal as usize] > 0);
    held.filter_map(|signal| verdict.newest_unix_nano(signal))
        .max()
}

/// A request cannot be written: its items are rejected with it.
fn refuse(
    frame: &Frame<'_>,
    code: RejectCode,
    message: String,
    items: [u64; 3],
    out: &mut Transcoded,
) {
    out.rejects.push(Reject {
        origin: frame.origin.clone(),
        code,
        message,
        bytes: Vec::new(),
        len_bytes: frame.bytes.len() as u64,
    });
    let items: u64 = items.iter().sum();
    out.counts.items_rejected += items;
    out.counts.good_rejected += items;
}

impl Decode for Transcoder {
    type Decoded = Transcoded;

    fn decode(&mut self, Work { chunk, skipped }: &Work) -> Transcoded {
        let mut out = self.empty();
        for (index, entry) in chunk.entries().enumerate() {
            out.counts.frames_read += 1;
            match entry {
                Entry::Frame(_) if skipped.get(index) == Some(&true) => {
                    out.counts.frames_skipped += 1;
                }
                Entry::Frame(frame) => self.frame(&frame, &mut out),
                Entry::Reject(reject) => {
                    out.counts.frames_rejected += 1;
                    out.rejects.push(Reject {
                        bytes: Vec::new(),
                        ..reject.clone()
                    });
                }
            }
        }
        self.end(&mut out);
        out
    }
}
