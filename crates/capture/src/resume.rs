//! Finds the checkpoint at which a capture is read on.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use crate::checkpoint::{Checkpoint, Head};
use crate::options::{InputFormat, ReadOptions};
use crate::reader::CaptureReader;
use crate::source::ReadError;
use crate::stream::Window;

/// An opened source, and how much of it is known.
pub struct Opened {
    /// Reads what is new, with numbers and offsets as if it had read everything. Gives no entries
    /// if nothing is new.
    pub reader: CaptureReader,
    /// The checkpoint at which it begins: so many bytes and entries were read before. None if it
    /// begins at the beginning.
    pub resumed: Option<Checkpoint>,
}

/// How the beginning of a stream is read a second time.
#[derive(Clone, Copy)]
pub(crate) enum Again<'a> {
    /// The stream is opened anew.
    Reopen(&'a dyn Fn() -> Result<Box<dyn Read + Send>, ReadError>),
    /// What was read is set aside in an unnamed file in this directory.
    SetAside(&'a Path),
}

/// Opens a stream behind the longest of the known checkpoints that its bytes bear out.
pub(crate) fn open_after(
    file: &Arc<str>,
    bytes: Box<dyn Read + Send>,
    again: Again<'_>,
    options: &ReadOptions,
    known: &dyn Fn(&[u8]) -> Vec<Checkpoint>,
) -> Result<Opened, ReadError> {
    let mut window = Window::new(bytes, &options.limits).map_err(failed(file, 0))?;
    window.fill(Head::MAX_BYTES).map_err(failed(file, 0))?;
    let candidates = candidates(&window, options, known);
    let mut found = None;
    if !candidates.is_empty() {
        let mut walk = Walk::new(file, window, again)?;
        found = walk.longest(&candidates)?;
        if walk.window.offset() != found.map_or(0, |found| found.offset) {
            walk.go_back_to(found, options)?;
        }
        window = walk.window;
    }
    let reader = match found {
        Some(found) => CaptureReader::resume(file, window, options, found),
        None => CaptureReader::begin(file, window, options).map_err(failed(file, 0))?,
    };
    Ok(Opened {
        reader,
        resumed: found.cloned(),
    })
}

/// The checkpoints that may be meant by the first bytes and the options, the shortest first.
fn candidates(
    window: &Window,
    options: &ReadOptions,
    known: &dyn Fn(&[u8]) -> Vec<Checkpoint>,
) -> Vec<Checkpoint> {
    let bytes = window.bytes();
    let head = &bytes[..bytes.len().min(Head::MAX_BYTES)];
    let mut candidates = known(head);
    candidates.retain(|candidate| {
        // Without any bytes every capture would be known.
        candidate.offset > 0
            && candidate.head.begins(head)
            && (options.input_format.is_none() || options.input_format == candidate.format)
    });
    candidates.sort_by_key(|candidate| candidate.offset);
    candidates
}

/// Whether a file of this format may go on behind its last record.
fn may_grow(format: Option<InputFormat>) -> bool {
    !matches!(format, None | Some(InputFormat::Protobuf))
}

/// A walk from checkpoint to checkpoint.
struct Walk<'a> {
    file: &'a Arc<str>,
    window: Window,
    again: WayBack<'a>,
}

enum WayBack<'a> {
    Reopen(&'a dyn Fn() -> Result<Box<dyn Read + Send>, ReadError>),
    /// What is passed goes into the file; the directory is for messages.
    Aside(Option<File>, &'a Path),
}

impl<'a> Walk<'a> {
    fn new(file: &'a Arc<str>, window: Window, again: Again<'a>) -> Result<Self, ReadError> {
        let again = match again {
            Again::Reopen(open) => WayBack::Reopen(open),
            Again::SetAside(directory) => {
                let aside = tempfile::tempfile_in(directory);
                let aside = aside.map_err(not_set_aside(file, directory))?;
                WayBack::Aside(Some(aside), directory)
            }
        };
        Ok(Self {
            file,
            window,
            again,
        })
    }

    /// The longest of the candidates, which are in ascending order, that the bytes bear out; the
    /// first of equals. The walk ends at the last candidate, or where the stream does.
    fn longest<'c>(
        &mut self,
        candidates: &'c [Checkpoint],
    ) -> Result<Option<&'c Checkpoint>, ReadError> {
        let mut longest: Option<&Checkpoint> = None;
        for candidate in candidates {
            if longest.is_some_and(|longest| longest.offset == candidate.offset) {
                continue;
            }
            if !self.skip_to(candidate.offset)? {
                break;
            }
            let is_same = self.window.hash() == candidate.hash;
            if is_same && (may_grow(candidate.format) || self.ends_here()?) {
                longest = Some(candidate);
            }
        }
        Ok(longest)
    }

    /// Passes the bytes before an offset; false if the stream ends before.
    fn skip_to(&mut self, offset: u64) -> Result<bool, ReadError> {
        while let Some(left) = offset.checked_sub(self.window.offset())
            && left > 0
        {
            self.fill()?;
            let bytes = self.window.bytes();
            let count = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            if count == 0 {
                return Ok(false);
            }
            if let WayBack::Aside(Some(aside), directory) = &mut self.again {
                aside
                    .write_all(&bytes[..count])
                    .map_err(not_set_aside(self.file, directory))?;
            }
            self.window.consume(count);
        }
        Ok(true)
    }

    fn ends_here(&mut self) -> Result<bool, ReadError> {
        self.fill()?;
        Ok(self.window.bytes().is_empty())
    }

    fn fill(&mut self) -> Result<(), ReadError> {
        self.window
            .fill(1)
            .map_err(|source| failed(self.file, self.window.read_bytes())(source))
    }

    /// Begins anew and passes the bytes before the place that was found.
    fn go_back_to(
        &mut self,
        found: Option<&Checkpoint>,
        options: &ReadOptions,
    ) -> Result<(), ReadError> {
        match &mut self.again {
            WayBack::Reopen(open) => {
                self.window =
                    Window::new(open()?, &options.limits).map_err(failed(self.file, 0))?;
            }
            WayBack::Aside(aside, directory) => {
                if let Some(aside) = aside.take() {
                    self.window
                        .go_back(aside)
                        .map_err(not_set_aside(self.file, directory))?;
                }
            }
        }
        let Some(found) = found else {
            return Ok(());
        };
        if self.skip_to(found.offset)? && self.window.hash() == found.hash {
            return Ok(());
        }
        let changed = io::Error::other("the file was changed while it was read");
        Err(failed(self.file, self.window.read_bytes())(changed))
    }
}

fn failed(file: &Arc<str>, read_bytes: u64) -> impl FnOnce(io::Error) -> ReadError {
    move |source| ReadError::Read {
        file: Arc::clone(file),
        read_bytes,
        source,
    }
}

fn not_set_aside(file: &Arc<str>, directory: &Path) -> impl FnOnce(io::Error) -> ReadError {
    move |source| ReadError::SetAside {
        file: Arc::clone(file),
        directory: directory.to_owned(),
        source,
    }
}
