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
pub(crate) fn open_after<'a>(
    file: &Arc<str>,
    bytes: Box<dyn Read + Send>,
    again: &dyn Fn() -> Again<'a>,
    options: &ReadOptions,
    known: &dyn Fn(&[u8]) -> Vec<Checkpoint>,
) -> Result<Opened, ReadError> {
    let mut window = Window::new(bytes, &options.limits).map_err(failed(file, 0))?;
    window.fill(Head::MAX_BYTES).map_err(failed(file, 0))?;
    let candidates = candidates(&window, options, known);
    let mut found = None;
    if !candidates.is_empty() {
        let mut walk = Walk::new(file, window, again())?;
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
            let is_same = self.window.hash() == Some(candidate.hash);
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
        if self.skip_to(found.offset)? && self.window.hash() == Some(found.hash) {
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

#[cfg(test)]
mod tests {
    use std::io::{self, Cursor, Read};
    use std::sync::Arc;

    use super::{Again, open_after};
    use crate::checkpoint::Checkpoint;
    use crate::chunk::Chunk;
    use crate::options::{ReadLimits, ReadOptions, TornTail};
    use crate::source::ReadError;

    /// Gives a few bytes at a time, as pipes do.
    struct Pipe(Cursor<Vec<u8>>);

    impl Read for Pipe {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let len = out.len().min(997);
            self.0.read(&mut out[..len])
        }
    }

    fn pipe(bytes: &[u8]) -> Box<dyn Read + Send> {
        Box::new(Pipe(Cursor::new(bytes.to_vec())))
    }

    /// Offset of the resumed checkpoint, number of new entries, checkpoint at the end.
    type Got = (u64, usize, Option<Checkpoint>);

    fn read(
        bytes: &[u8],
        again: Again<'_>,
        options: &ReadOptions,
        known: &[Checkpoint],
    ) -> Result<Got, ReadError> {
        let known = |_: &[u8]| known.to_vec();
        let file = Arc::from("-");
        let opened = open_after(&file, pipe(bytes), &|| again, options, &known)?;
        let mut reader = opened.reader;
        let mut chunk = Chunk::new();
        let mut count = 0;
        while reader.next_chunk(&mut chunk)? {
            count += chunk.entries().count();
        }
        assert_eq!(reader.bytes_read(), bytes.len() as u64);
        let resumed = opened.resumed.map_or(0, |checkpoint| checkpoint.offset);
        Ok((resumed, count, reader.checkpoint()))
    }

    fn options() -> ReadOptions {
        ReadOptions {
            torn_tail: TornTail::Wait,
            limits: ReadLimits {
                decompression_ratio: u64::MAX,
                ..ReadLimits::default()
            },
            ..ReadOptions::default()
        }
    }

    #[test]
    fn what_cannot_be_opened_twice_is_set_aside() {
        let directory = tempfile::tempdir().unwrap();
        let aside = Again::SetAside(directory.path());
        let line = "{\"resourceLogs\":[]}\n";
        // More than a window, so that something must be read again.
        let common = line.repeat(150_000);
        let mine = read(common.as_bytes(), aside, &options(), &[])
            .unwrap()
            .2
            .unwrap();
        let half = read(line.repeat(75_000).as_bytes(), aside, &options(), &[]);
        let half = half.unwrap().2.unwrap();
        let theirs = format!("{common}{{\"a\":1}}\n");
        let theirs = read(theirs.as_bytes(), aside, &options(), &[])
            .unwrap()
            .2
            .unwrap();
        let grown = format!("{common}{line}{line}");
        let whole = read(grown.as_bytes(), aside, &options(), &[]).unwrap().2;
        let packed = zstd::encode_all(grown.as_bytes(), 1).unwrap();
        for bytes in [grown.as_bytes(), &packed] {
            let reopen = || Ok(pipe(bytes));
            for again in [aside, Again::Reopen(&reopen)] {
                let check = |known: &[&Checkpoint], resumed: u64, count: usize| {
                    let known: Vec<Checkpoint> = known.iter().map(|k| (*k).clone()).collect();
                    let got = read(bytes, again, &options(), &known).unwrap();
                    assert_eq!(got, (resumed, count, whole.clone()));
                };
                check(&[&mine], mine.offset, 2);
                check(&[&theirs, &mine, &half], mine.offset, 2);
                check(&[&theirs, &half], half.offset, 75_002);
                check(&[&theirs], 0, 150_002);
                check(&[], 0, 150_002);
            }
        }
        assert_eq!(directory.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn a_cut_stream_is_set_aside_with_its_trouble() {
        let directory = tempfile::tempdir().unwrap();
        let aside = Again::SetAside(directory.path());
        let text = "{\"resourceLogs\":[]}\n".repeat(1000);
        let mut known = read(text.as_bytes(), aside, &options(), &[])
            .unwrap()
            .2
            .unwrap();
        known.hash ^= 1;
        let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
        let cut = &packed[..packed.len() - 1];
        let reject = ReadOptions {
            torn_tail: TornTail::Reject,
            ..options()
        };
        let plain = read(cut, aside, &reject, &[]).unwrap();
        assert_eq!(read(cut, aside, &reject, &[known]).unwrap(), plain);
    }

    #[test]
    fn a_directory_that_cannot_be_written_is_named() {
        let text = b"{\"resourceLogs\":[]}\n";
        let nowhere = Again::SetAside("/no/such/directory".as_ref());
        let known = read(text, nowhere, &options(), &[]).unwrap().2.unwrap();
        let error = read(text, nowhere, &options(), &[known]).unwrap_err();
        let expected = "failed to set aside what was read of `-` in `/no/such/directory`";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_file_that_changes_under_the_reader_is_an_error() {
        let text = b"{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n";
        let other = b"{\"b\":1}\n{\"a\":2}\n";
        let reopen = || Ok(pipe(other));
        let again = Again::Reopen(&reopen);
        let first = read(&text[..8], again, &options(), &[]).unwrap().2.unwrap();
        let mut second = read(&text[..16], again, &options(), &[])
            .unwrap()
            .2
            .unwrap();
        second.hash ^= 1;
        let error = read(text, again, &options(), &[first, second]).unwrap_err();
        assert!(matches!(error, ReadError::Read { .. }));
    }
}
