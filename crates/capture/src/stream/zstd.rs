//! zstd of a whole file: frames one after another, skippable ones and zero bytes between them
//! allowed.

use std::io::{self, BufRead as _};

use zstd::stream::raw::{Decoder, Operation as _};

use super::buffered::{Buffered, StepError, Trouble};

pub(crate) const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Whether a zstd frame, or one that zstd says to skip, begins here.
pub(crate) fn begins_frame(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
        || matches!(bytes, [low, 0x2a, 0x4d, 0x18, ..] if (0x50..0x60).contains(low))
}

/// Whether a few bytes at the end of a file may be the beginning of a frame.
fn may_begin_frame(bytes: &[u8]) -> bool {
    match bytes {
        [] => false,
        [low, rest @ ..] if (0x50..0x60).contains(low) => [0x2a, 0x4d, 0x18].starts_with(rest),
        _ => MAGIC.starts_with(bytes),
    }
}

pub(super) struct Zstd {
    input: Buffered,
    decoder: Decoder<'static>,
    inside_frame: bool,
    ended: bool,
}

impl Zstd {
    pub fn new(input: Buffered) -> io::Result<Self> {
        Ok(Self {
            input,
            decoder: Decoder::new()?,
            inside_frame: false,
            ended: false,
        })
    }

    pub fn input(&mut self) -> &mut Buffered {
        &mut self.input
    }

    pub fn read_bytes(&self) -> u64 {
        self.input.read_bytes()
    }

    pub fn read(&mut self, out: &mut [u8]) -> Result<usize, StepError> {
        while !self.ended && !out.is_empty() {
            if !self.inside_frame && !self.next_frame()? {
                break;
            }
            let bytes = self.input.fill_buf()?;
            let at_end = bytes.is_empty();
            let status = match self.decoder.run_on_buffers(bytes, out) {
                Ok(status) => status,
                Err(error) => return Err(self.trouble(Trouble::Torn(format!("zstd: {error}")))),
            };
            self.input.consume(status.bytes_read);
            if status.remaining == 0 {
                self.inside_frame = false;
                self.decoder.reinit()?;
            } else if at_end && status.bytes_written == 0 {
                return Err(self.cut_off());
            }
            if status.bytes_written > 0 {
                return Ok(status.bytes_written);
            }
        }
        Ok(0)
    }

    /// Whether another frame begins.
    fn next_frame(&mut self) -> Result<bool, StepError> {
        self.input.skip_padding()?;
        let next = self.input.peek(4)?;
        if begins_frame(next) {
            self.inside_frame = true;
            return Ok(true);
        }
        if may_begin_frame(next) {
            return Err(self.cut_off());
        }
        if !next.is_empty() || self.input.trouble().is_some() {
            let why = "zstd: expected another frame or the end, found other bytes";
            return Err(self.trouble(Trouble::Torn(why.to_owned())));
        }
        self.ended = true;
        Ok(false)
    }

    fn cut_off(&mut self) -> StepError {
        self.trouble(Trouble::CutOff(
            "zstd: the last frame is cut off".to_owned(),
        ))
    }

    /// Ends the stream with its own trouble, unless there is one below that explains it.
    fn trouble(&mut self, own: Trouble) -> StepError {
        self.ended = true;
        if let Some(failure) = self.input.take_failure() {
            return StepError::Failure(failure);
        }
        StepError::Trouble(self.input.trouble().cloned().unwrap_or(own))
    }
}
