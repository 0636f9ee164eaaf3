//! The file of rejects: one JSON object per line, in input order.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use otolith_capture::Reject;
use serde::{Serialize, Serializer};

/// Writes rejects. Nothing may be lost silently: call [`Self::finish`].
#[derive(Debug)]
pub(crate) struct RejectsWriter {
    out: BufWriter<File>,
    kept: KeptBytes,
}

/// What is kept of the original bytes of rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeptBytes {
    /// All up to a limit.
    UpToLimit,
    /// Nothing, because something in them is to be redacted.
    Withheld,
}

/// A line of the file.
#[derive(Serialize)]
struct Line<'a> {
    file: &'a str,
    frame: u64,
    offset: u64,
    code: &'static str,
    message: &'a str,
    /// Size of the original; greater than that of `bytes` if it was cut.
    len_bytes: u64,
    /// Null if they were withheld.
    bytes: Option<Base64<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redacted: Option<bool>,
}

struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64Display::new(self.0, &STANDARD))
    }
}

impl RejectsWriter {
    pub fn new(file: File, kept: KeptBytes) -> Self {
        Self {
            out: BufWriter::new(file),
            kept,
        }
    }

    pub fn write(&mut self, reject: &Reject) -> io::Result<()> {
        let is_withheld = self.kept == KeptBytes::Withheld;
        let line = Line {
            file: &reject.origin.file,
            frame: reject.origin.frame,
            offset: reject.origin.offset,
            code: reject.code.0,
            message: &reject.message,
            len_bytes: reject.len_bytes,
            bytes: (!is_withheld).then_some(Base64(&reject.bytes)),
            redacted: is_withheld.then_some(true),
        };
        serde_json::to_writer(&mut self.out, &line)?;
        self.out.write_all(b"\n")
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
