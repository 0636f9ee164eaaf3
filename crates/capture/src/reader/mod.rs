//! The reader: one file, from stored bytes to chunks of entries.

mod stage;
#[cfg(test)]
mod tests;

use std::io::{self, Read};
use std::sync::Arc;

use self::stage::Stage;
use crate::binary::Framing;
use crate::checkpoint::{Checkpoint, JsonState};
use crate::chunk::Chunk;
use crate::cut::Cut;
use crate::frame::RejectCode;
use crate::inflate::Fault;
use crate::json::cutter::{JsonCutter, is_blank};
use crate::layout::Layout;
use crate::options::{InputFormat, ReadOptions, TornTail};
use crate::output::Output;
use crate::problems::{DECOMPRESSION_LIMIT, TORN_COMPRESSION};
use crate::recognise::{self, LOOK_BYTES};
use crate::skip::Skip;
use crate::source::ReadError;
use crate::stream::{Trouble, Window};

/// Reads one capture, chunk by chunk, in file order.
///
/// Memory does not grow with the file: a window of at most about twice the limit of a frame, and
/// the chunk that the caller passes in.
pub struct CaptureReader {
    window: Window,
    stage: Stage,
    output: Output,
    /// A reject whose end was not in sight.
    skip: Option<Skip>,
    torn_tail: TornTail,
    waiting: Option<Waiting>,
    mark: Mark,
    /// Where an earlier run has told that the stream breaks off.
    told: Option<u64>,
}

/// What the end of a file cuts off, where torn tails wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Decoded bytes before it.
    pub offset: u64,
    /// How many decoded bytes of it are there; 0 where only the end of a compressed stream is
    /// missing.
    pub len_bytes: u64,
    /// The code of the reject that it would be if the file were complete.
    pub code: RejectCode,
    /// Why, for people: lower case, with sizes.
    pub message: String,
}

/// What belongs to the marked place of the window: the end of the last record.
#[derive(Clone, Copy)]
struct Mark {
    frame: u64,
    json: JsonState,
    broken_after: Option<u64>,
}

impl CaptureReader {
    pub(crate) fn new(
        file: &Arc<str>,
        bytes: Box<dyn Read + Send>,
        options: &ReadOptions,
    ) -> Result<Self, ReadError> {
        Window::new(bytes, &options.limits)
            .and_then(|window| Self::begin(file, window, options))
            .map_err(|source| ReadError::Read {
                file: Arc::clone(file),
                read_bytes: 0,
                source,
            })
    }

    /// Begins at the beginning of the file, where the window stands.
    pub(crate) fn begin(
        file: &Arc<str>,
        mut window: Window,
        options: &ReadOptions,
    ) -> io::Result<Self> {
        let max_bytes = options.limits.frame_bytes;
        if options.input_format.is_some() {
            return Ok(Self::over(file, window, options, options.input_format));
        }
        window.fill(LOOK_BYTES)?;
        let all_seen = is_all_seen(&window);
        let format = recognise::recognise(look(&window), all_seen, max_bytes);
        let is_unsure = options.torn_tail == TornTail::Wait
            && all_seen
            && !is_final(window.trouble())
            && recognise::may_become_other(look(&window), format, max_bytes);
        let mut reader = Self::over(file, window, options, format);
        if is_unsure {
            reader.stage = Stage::Unsure;
        }
        Ok(reader)
    }

    /// Goes on at a checkpoint, where the window stands.
    pub(crate) fn resume(
        file: &Arc<str>,
        mut window: Window,
        options: &ReadOptions,
        from: &Checkpoint,
    ) -> Self {
        window.mark();
        let mut reader = Self::over(file, window, options, from.format);
        if let Stage::Json(cutter) = &mut reader.stage {
            *cutter = JsonCutter::resumed(from.offset, from.json, options.limits.frame_bytes);
            cutter.set_torn_tail(options.torn_tail);
        }
        reader.output.resume(from.frame);
        reader.mark = Mark {
            frame: from.frame,
            json: from.json,
            broken_after: from.broken_after,
        };
        reader.told = from.broken_after.map(|len| from.offset.saturating_add(len));
        reader
    }

    fn over(
        file: &Arc<str>,
        window: Window,
        options: &ReadOptions,
        format: Option<InputFormat>,
    ) -> Self {
        let layout = Layout::new(window.compression().to_vec(), format);
        let mut reader = Self {
            window,
            stage: Stage::new(format, options.limits.frame_bytes),
            output: Output::new(file, options, layout),
            skip: None,
            torn_tail: options.torn_tail,
            waiting: None,
            mark: Mark {
                frame: 0,
                json: JsonState::default(),
                broken_after: None,
            },
            told: None,
        };
        reader.set_torn_tail(options.torn_tail);
        reader
    }

    /// Gives up [`Self::checkpoint`], for which all that is read is hashed.
    #[must_use]
    pub fn without_checkpoints(mut self) -> Self {
        self.window.forget_trail();
        self
    }

    /// Fills `chunk` with the next entries; false at the end of the file, with an empty chunk.
    ///
    /// # Errors
    ///
    /// If reading the file fails. The chunk then holds the entries before the failure.
    pub fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, ReadError> {
        chunk.clear();
        while self.add_entry(chunk)? {}
        Ok(!chunk.is_empty())
    }

    /// Adds the next entry to those that `chunk` holds, which may be of files before; a message in which
    /// several lie adds them all. False if nothing was added: because the chunk is full, or else because
    /// this file is at its end.
    ///
    /// # Errors
    ///
    /// If reading the file fails. The chunk then holds the entries before the failure.
    pub fn add_entry(&mut self, chunk: &mut Chunk) -> Result<bool, ReadError> {
        chunk.enter(self.output.file());
        let before = chunk.len();
        while !chunk.is_full() && chunk.len() == before {
            match self.step(chunk) {
                Ok(true) => {}
                Ok(false) => break,
                Err(source) => {
                    return Err(ReadError::Read {
                        file: Arc::clone(self.output.file()),
                        read_bytes: self.window.read_bytes(),
                        source,
                    });
                }
            }
        }
        Ok(chunk.len() > before)
    }

    /// Bytes of the file as stored that were read so far, ahead of the entries.
    pub fn bytes_read(&self) -> u64 {
        self.window.read_bytes()
    }

    /// The layout, as far as the file was read.
    pub fn layout(&self) -> Layout {
        let mut layout = self.output.layout().clone();
        if let Stage::Json(cutter) = &self.stage {
            if cutter.saw_documents() {
                layout.saw_document();
            }
            if cutter.saw_array() {
                layout.saw_array();
            }
        }
        layout
    }

    /// Where reading can go on after the entries handed out so far; none while there is no record
    /// before that place, and none [`Self::without_checkpoints`].
    ///
    /// It stands behind the last record and depends on nothing but the bytes before it, except
    /// that [`Checkpoint::broken_after`] is known only once the end of the file was read.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let (offset, hash, head) = self.window.at_mark()?;
        (offset > 0).then(|| Checkpoint {
            offset,
            frame: self.mark.frame,
            hash,
            head,
            format: self.output.layout().format(),
            json: self.mark.json,
            broken_after: self.mark.broken_after,
        })
    }

    /// What is cut off by the end of the file and was left for later; none before the end, and
    /// always none unless [`ReadOptions::torn_tail`] says to wait.
    pub fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// Does one thing; false at the end.
    fn step(&mut self, chunk: &mut Chunk) -> io::Result<bool> {
        if self.window.at_end() && is_final(self.window.trouble()) {
            // The rest of what is torn here will never come.
            self.set_torn_tail(TornTail::Reject);
        }
        if let Some(skip) = self.skip.take() {
            self.go_on_skipping(chunk, skip)?;
            return Ok(true);
        }
        let bytes = self.window.bytes();
        let at_end = self.window.at_end();
        let max_bytes = self.output.max_bytes();
        let Some(cut) = self.stage.next(bytes, at_end, max_bytes, self.torn_tail) else {
            return Ok(false);
        };
        let offset = self.window.offset();
        match cut {
            Cut::Need(want) => {
                self.window.fill(want.max(bytes.len() + 1))?;
            }
            Cut::Skip(len) => self.window.consume(len),
            // More of a message that seems whole may be behind the end of the compression.
            Cut::Record { .. } if matches!(self.stage, Stage::Message) && self.is_cut_off() => {
                self.wait(
                    offset,
                    bytes.len() as u64,
                    (TORN_COMPRESSION, String::new()),
                );
            }
            Cut::Record {
                start,
                end,
                compressed,
            } => {
                let (buffer, record) = (self.window.buffer(), &bytes[start..end]);
                match &self.stage {
                    Stage::Json(_) => self.output.json(chunk, buffer, record, offset),
                    Stage::Binary(cutter) => match (cutter.framing(), compressed) {
                        (Framing::Zstd, _) => self.output.zstd(chunk, record, offset),
                        (_, true) => self.output.gzip(chunk, record, offset),
                        (_, false) => self.output.protobuf(chunk, buffer, record, offset),
                    },
                    _ => self.output.protobuf(chunk, buffer, record, offset),
                }
                self.window.consume(end);
                self.set_mark();
            }
            Cut::Reject(code, len, message) => {
                let breaks_off = self.breaks_off(&bytes[len..]);
                if !(breaks_off && self.is_told()) {
                    let len_bytes = len as u64;
                    self.output
                        .reject(chunk, (code, message), &bytes[..len], len_bytes, offset);
                }
                self.window.consume(len);
                if !breaks_off {
                    self.set_mark();
                }
            }
            Cut::RejectUntil(code, len, message, until) => {
                let mut skip = Skip::new((code, message), offset, until, self.output.kept_bytes());
                skip.keep(&bytes[..len]);
                self.window.consume(len);
                self.skip = Some(skip);
            }
            Cut::Wait(code, message) => {
                self.wait(offset, bytes.len() as u64, (code, message));
            }
            Cut::End => self.end(chunk),
        }
        Ok(true)
    }

    fn go_on_skipping(&mut self, chunk: &mut Chunk, mut skip: Skip) -> io::Result<()> {
        let count = skip.take(&mut self.window)?;
        if let Stage::Json(cutter) = &mut self.stage {
            cutter.skipped(count);
        }
        if !skip.is_done() {
            self.skip = Some(skip);
            return Ok(());
        }
        if skip.is_cut_off() && self.torn_tail == TornTail::Wait && !is_final(self.window.trouble())
        {
            self.wait(skip.offset, skip.len_bytes, skip.fault);
            return Ok(());
        }
        let breaks_off = self.breaks_off(self.window.bytes());
        if !(breaks_off && self.is_told()) {
            self.output.skipped(chunk, skip);
        }
        if !breaks_off {
            self.set_mark();
        }
        Ok(())
    }

    fn end(&mut self, chunk: &mut Chunk) {
        let offset = self.window.offset();
        let (code, why) = match self.window.trouble().cloned() {
            None => {
                if matches!(self.stage, Stage::Message | Stage::Unrecognised) && self.mark.frame > 0
                {
                    // The content ends here, which is how such a file is known again.
                    self.set_mark();
                }
                return self.finish();
            }
            Some(Trouble::CutOff(why)) if self.torn_tail == TornTail::Wait => {
                return self.wait(offset, 0, (TORN_COMPRESSION, why));
            }
            Some(Trouble::CutOff(why) | Trouble::Torn(why)) => (TORN_COMPRESSION, why),
            Some(Trouble::Limit(why)) => (DECOMPRESSION_LIMIT, why),
        };
        if !self.is_told() {
            self.output.reject(chunk, (code, why), &[], 0, offset);
            self.mark.broken_after = self.window.at_mark().map(|(mark, ..)| offset - mark);
        }
        self.finish();
    }

    /// Ends before what is cut off.
    fn wait(&mut self, offset: u64, len_bytes: u64, (code, message): Fault) {
        // That the stream is cut off explains why the record is.
        let (code, message) = match self.window.trouble() {
            Some(Trouble::CutOff(why)) => (TORN_COMPRESSION, why.clone()),
            _ => (code, message),
        };
        self.waiting = Some(Waiting {
            offset,
            len_bytes,
            code,
            message,
        });
        self.finish();
    }

    fn finish(&mut self) {
        self.output.finish_layout(self.layout());
        self.stage = Stage::Done;
    }

    /// Marks the end of a record.
    fn set_mark(&mut self) {
        self.window.mark();
        self.mark = Mark {
            frame: self.output.frame(),
            json: self.stage.json_state(),
            broken_after: None,
        };
    }

    fn set_torn_tail(&mut self, torn_tail: TornTail) {
        self.torn_tail = torn_tail;
        self.stage.set_torn_tail(torn_tail);
    }

    /// Whether the end of a compressed file is missing and may still come.
    fn is_cut_off(&self) -> bool {
        self.torn_tail == TornTail::Wait
            && matches!(self.window.trouble(), Some(Trouble::CutOff(_)))
    }

    /// Whether a reject with `rest` behind it is one because the stream broke off. A checkpoint
    /// stands before it, because a repaired stream has the whole record.
    fn breaks_off(&self, rest: &[u8]) -> bool {
        self.stage.is_cut_into_records()
            && self.window.at_end()
            && self.window.trouble().is_some()
            && rest.iter().all(|byte| is_blank(*byte))
    }

    /// Whether an earlier run has told that the stream breaks off where it does.
    fn is_told(&self) -> bool {
        let end = self.window.offset() + self.window.bytes().len() as u64;
        self.told == Some(end)
    }
}

/// Whether a stream will never go on from where it ended.
fn is_final(trouble: Option<&Trouble>) -> bool {
    matches!(trouble, Some(Trouble::Torn(_) | Trouble::Limit(_)))
}

/// What recognition may look at: never more than a fixed number of bytes, so that it does not
/// depend on how the file is read.
fn look(window: &Window) -> &[u8] {
    let bytes = window.bytes();
    &bytes[..bytes.len().min(LOOK_BYTES)]
}

fn is_all_seen(window: &Window) -> bool {
    window.at_end() && window.bytes().len() <= LOOK_BYTES
}
