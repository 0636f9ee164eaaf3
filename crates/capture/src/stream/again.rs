//! A stream that cannot be opened twice, from its beginning again.

use std::fs::File;

use super::buffered::{self, StepError};
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

    /// Appends bytes until `out` holds `len`, or fewer; none only at the end.
    pub fn append(&mut self, out: &mut Vec<u8>, len: usize) -> Result<(), StepError> {
        let before = out.len();
        if let Some(aside) = &mut self.aside {
            buffered::append(aside, out, len)?;
            if out.len() > before {
                return Ok(());
            }
            self.aside = None;
        }
        if self.window.bytes().is_empty() {
            self.window.fill(1)?;
        }
        let bytes = self.window.bytes();
        let count = bytes.len().min(len.saturating_sub(before));
        out.extend_from_slice(&bytes[..count]);
        self.window.consume(count);
        match self.window.trouble() {
            Some(trouble) if count == 0 => Err(StepError::Trouble(trouble.clone())),
            _ => Ok(()),
        }
    }
}
