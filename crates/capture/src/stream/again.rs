//! A stream that cannot be opened twice, from its beginning again.

use std::fs::File;
use std::io::{self, Read as _};

use super::buffered::StepError;
use super::window::Window;

/// The decoded bytes that were set aside, then those that the window still gives.
pub(super) struct Again {
    /// None once it is read.
    aside: Option<File>,
    window: Window,
}

impl Again {
    pub fn new(aside: File, window: Window) -> Self {
        Self {
            aside: Some(aside),
            window,
        }
    }

    pub fn read_bytes(&self) -> u64 {
        self.window.read_bytes()
    }

    pub fn read(&mut self, out: &mut [u8]) -> Result<usize, StepError> {
        if let Some(aside) = &mut self.aside {
            match read(aside, out)? {
                0 => self.aside = None,
                count => return Ok(count),
            }
        }
        if self.window.bytes().is_empty() {
            self.window.fill(1)?;
        }
        let bytes = self.window.bytes();
        let count = bytes.len().min(out.len());
        out[..count].copy_from_slice(&bytes[..count]);
        self.window.consume(count);
        match self.window.trouble() {
            Some(trouble) if count == 0 => Err(StepError::Trouble(trouble.clone())),
            _ => Ok(count),
        }
    }
}

fn read(file: &mut File, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
