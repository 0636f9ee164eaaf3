//! zstd of a whole file: frames one after another, skippable ones and zero bytes between them
//! allowed.

use std::io::{self, BufRead as _};

use zstd::stream::raw::{Decoder, InBuffer, Operation as _, OutBuffer};

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

/// Bytes that a frame needs to begin, at most: its header (RFC 8878, section 3.1.1.1, with the magic number).
const HEADER_BYTES: usize = 18;
/// In front of each block (section 3.1.1.2).
const BLOCK_HEADER_BYTES: usize = 3;

pub(super) struct Zstd {
    input: Buffered,
    decoder: Decoder<'static>,
    /// How many bytes the decoder needs next: at most a block and the header of the one behind it.
    needed: usize,
    inside_frame: bool,
    ended: bool,
}

impl Zstd {
    pub fn new(input: Buffered) -> io::Result<Self> {
        Ok(Self {
            input,
            decoder: Decoder::new()?,
            needed: HEADER_BYTES,
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

    /// Appends decoded bytes until `out` holds `len`, or fewer; none only at the end.
    pub fn append(&mut self, out: &mut Vec<u8>, len: usize) -> Result<(), StepError> {
        let before = out.len();
        // It decodes into memory that is there, all of it.
        out.reserve_exact(len.saturating_sub(before));
        while !self.ended && out.len() < len {
            if !self.inside_frame && !self.next_frame()? {
                break;
            }
            let bytes = self.input.fill_buf()?;
            let at_end = bytes.is_empty();
            // A block at a time, without the header of the next one: where something is damaged, what is decoded
            // in the same call is lost.
            let most = match self.needed.saturating_sub(BLOCK_HEADER_BYTES) {
                0 => self.needed,
                of_block => of_block,
            };
            let mut input = InBuffer::around(&bytes[..bytes.len().min(most)]);
            let place = out.len();
            let mut output = OutBuffer::around_pos(out, place);
            let remaining = match self.decoder.run(&mut input, &mut output) {
                Ok(remaining) => remaining,
                Err(error) => return Err(self.trouble(Trouble::Torn(format!("zstd: {error}")))),
            };
            let read_bytes = input.pos();
            self.input.consume(read_bytes);
            self.needed = remaining;
            if remaining == 0 {
                self.inside_frame = false;
                self.needed = HEADER_BYTES;
                self.decoder.reinit()?;
            } else if at_end && out.len() == place {
                return Err(self.cut_off());
            }
        }
        Ok(())
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
