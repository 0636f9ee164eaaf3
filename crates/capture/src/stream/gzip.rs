//! gzip of a whole file: members one after another, zero bytes after them allowed.

use std::io::ErrorKind;

use flate2::bufread::GzDecoder;

use super::buffered::{self, Buffered, StepError, Trouble};

pub(crate) const MAGIC: [u8; 2] = [0x1f, 0x8b];

pub(super) struct Gzip {
    /// None once a member is damaged or the file is at its end.
    decoder: Option<GzDecoder<Buffered>>,
    read_bytes: u64,
}

impl Gzip {
    pub fn new(input: Buffered) -> Self {
        Self {
            decoder: Some(GzDecoder::new(input)),
            read_bytes: 0,
        }
    }

    pub fn input(&mut self) -> Option<&mut Buffered> {
        self.decoder.as_mut().map(GzDecoder::get_mut)
    }

    pub fn read_bytes(&self) -> u64 {
        match &self.decoder {
            Some(decoder) => decoder.get_ref().read_bytes(),
            None => self.read_bytes,
        }
    }

    /// Appends decoded bytes until `out` holds `len`, or fewer; none only at the end.
    pub fn append(&mut self, out: &mut Vec<u8>, len: usize) -> Result<(), StepError> {
        let before = out.len();
        while out.len() == before
            && let Some(decoder) = &mut self.decoder
        {
            match buffered::append(decoder, out, len) {
                Ok(()) if out.len() == before => self.next_member()?,
                Ok(()) => {}
                Err(error) => {
                    let input = decoder.get_mut();
                    if let Some(failure) = input.take_failure() {
                        return Err(StepError::Failure(failure));
                    }
                    let trouble = input.trouble().cloned().unwrap_or_else(|| {
                        let why = format!("gzip: {error}");
                        if error.kind() == ErrorKind::UnexpectedEof {
                            Trouble::CutOff(why)
                        } else {
                            Trouble::Torn(why)
                        }
                    });
                    self.end();
                    return Err(StepError::Trouble(trouble));
                }
            }
        }
        Ok(())
    }

    fn next_member(&mut self) -> Result<(), StepError> {
        let Some(decoder) = self.decoder.take() else {
            return Ok(());
        };
        let mut input = decoder.into_inner();
        input.skip_padding()?;
        self.read_bytes = input.read_bytes();
        let next = input.peek(2)?;
        if next.starts_with(&MAGIC) {
            self.decoder = Some(GzDecoder::new(input));
            return Ok(());
        }
        let more = !next.is_empty();
        let begins_member = MAGIC.starts_with(next);
        match input.trouble() {
            Some(trouble) => Err(StepError::Trouble(trouble.clone())),
            None if more && begins_member => Err(StepError::Trouble(Trouble::CutOff(
                "gzip: the last member is cut off".to_owned(),
            ))),
            None if more => Err(StepError::Trouble(Trouble::Torn(
                "gzip: expected another member or the end, found other bytes".to_owned(),
            ))),
            None => Ok(()),
        }
    }

    fn end(&mut self) {
        self.read_bytes = self.read_bytes();
        self.decoder = None;
    }
}
