//! The file of rejects: one JSON object per line, in input order.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::display::Base64Display;
use base64::engine::general_purpose::STANDARD;
use otolith_capture::Reject;
use otolith_lake::{Lake, Run};
use serde::{Serialize, Serializer};

use crate::error::ConvertError;
use crate::options::ConvertOptions;

/// The rejects that a run keeps in its lake.
pub(crate) struct KeptRejects {
    file: Option<RejectsWriter>,
    kept: KeptBytes,
    /// Where the lake keeps the rejects of earlier runs.
    directory: PathBuf,
    /// The file of the last reject, and whether it lies there.
    last_file: Option<(Arc<str>, bool)>,
}

impl KeptRejects {
    pub fn new(lake: &Lake, options: &ConvertOptions) -> Self {
        Self {
            file: None,
            kept: match options.redact {
                Some(_) => KeptBytes::Withheld,
                None => KeptBytes::UpToLimit,
            },
            directory: lake.rejects_directory(),
            last_file: None,
        }
    }

    /// Keeps the next reject, unless it is in the lake already.
    pub fn keep(&mut self, reject: &Reject, run: &mut Run) -> Result<(), ConvertError> {
        if self.is_of_lake(&reject.origin.file) {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(RejectsWriter::new(run.create_rejects()?, self.kept)),
        };
        file.write(reject)
            .map_err(|source| ConvertError::Rejects { source })
    }

    /// Ends the file; false if there is none.
    pub fn finish(&mut self) -> Result<bool, ConvertError> {
        let Some(file) = self.file.take() else {
            return Ok(false);
        };
        file.finish()
            .map_err(|source| ConvertError::Rejects { source })?;
        Ok(true)
    }

    /// Whether a file is one of the lake's own rejects: what is rejected again stays there, and a
    /// second copy would be tried again in turn, without end.
    fn is_of_lake(&mut self, file: &Arc<str>) -> bool {
        if let Some((last, is_of_lake)) = &self.last_file
            && last == file
        {
            return *is_of_lake;
        }
        let parent = Path::new(&**file).parent().map(Path::canonicalize);
        let is_of_lake = match (parent, self.directory.canonicalize()) {
            (Some(Ok(parent)), Ok(rejects)) => parent == rejects,
            _ => false,
        };
        self.last_file = Some((Arc::clone(file), is_of_lake));
        is_of_lake
    }
}

/// Writes rejects. Nothing may be lost silently: call [`Self::finish`].
#[derive(Debug)]
struct RejectsWriter {
    out: BufWriter<File>,
    kept: KeptBytes,
}

/// What is kept of the original bytes of rejects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeptBytes {
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
    fn new(file: File, kept: KeptBytes) -> Self {
        Self {
            out: BufWriter::new(file),
            kept,
        }
    }

    fn write(&mut self, reject: &Reject) -> io::Result<()> {
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

    fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
