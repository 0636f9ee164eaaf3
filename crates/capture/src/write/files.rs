//! Where records go: a stream, a file, or numbered files.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::write::GzEncoder;
use tempfile::{NamedTempFile, TempPath};
use thiserror::Error;

use crate::layout::Compression;

/// gzip's own default, and zstd's.
const GZIP_LEVEL: flate2::Compression = flate2::Compression::new(6);
const ZSTD_LEVEL: i32 = 3;

/// How files are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileOptions {
    /// Compression of each whole file.
    pub compression: Option<Compression>,
    /// Most bytes of a file, before compression; more begin the next one. A record that is
    /// longer is alone in its file.
    pub split_bytes: Option<u64>,
}

impl FileOptions {
    /// The compression that a name asks for: `.gz` or `.zst` at its end.
    pub fn compression_of(path: &Path) -> Option<Compression> {
        let extension = path.extension()?;
        if extension.eq_ignore_ascii_case("gz") {
            Some(Compression::Gzip)
        } else if extension.eq_ignore_ascii_case("zst") || extension.eq_ignore_ascii_case("zstd") {
            Some(Compression::Zstd)
        } else {
            None
        }
    }
}

/// Records could not be written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// A stream, such as standard output.
    #[error("failed to write the capture")]
    Stream(#[source] io::Error),
    /// A file.
    #[error("failed to write `{}`", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Numbered files of an earlier time are there: what is left of them would be taken for part of
    /// this capture.
    #[error("failed to write numbered files: there is one already: `{}`", path.display())]
    Occupied {
        /// The file.
        path: PathBuf,
    },
}

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The files, in order; none if it was a stream.
    pub files: Vec<PathBuf>,
    /// Bytes of all records, before compression.
    pub bytes: u64,
}

/// Takes records and writes them into a stream, a file, or numbered files.
///
/// Files have temporary names until [`Self::finish`] gives all of them theirs: without it nothing is
/// there, and a file of that name stays what it was. Compressed output depends on the records alone.
pub struct CaptureFiles {
    options: FileOptions,
    target: Target,
    open: Option<Open>,
    done: Vec<(TempPath, PathBuf)>,
    written: Written,
}

enum Target {
    Stream,
    One(PathBuf),
    /// Directory, name up to the number, and what comes behind it.
    Numbered(PathBuf, String, String),
}

struct Open {
    out: Compressing,
    /// None for a stream.
    path: Option<PathBuf>,
    len_bytes: u64,
}

impl CaptureFiles {
    /// Writes into a stream, which is not split.
    ///
    /// # Errors
    ///
    /// If the compressor cannot be made.
    pub fn stream(
        out: Box<dyn Write>,
        compression: Option<Compression>,
    ) -> Result<Self, WriteError> {
        let out = Inner::Stream(BufWriter::new(out));
        let open = Open {
            out: Compressing::new(out, compression).map_err(WriteError::Stream)?,
            path: None,
            len_bytes: 0,
        };
        Ok(Self {
            options: FileOptions {
                compression,
                split_bytes: None,
            },
            target: Target::Stream,
            open: Some(open),
            done: Vec::new(),
            written: Written::default(),
        })
    }

    /// Writes into a file, which is there, or replaced, when all is written. What is there and no
    /// file, such as a pipe, is written to as it is. With a size to split by, the files are
    /// `NAME-00001.EXT` and so on, where `EXT` begins at the first dot of the name.
    ///
    /// # Errors
    ///
    /// If a file cannot be made, or there are numbered ones already.
    pub fn create(path: &Path, options: FileOptions) -> Result<Self, WriteError> {
        // Behind links, so that those stay.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let failed = |source| WriteError::File {
            path: path.clone(),
            source,
        };
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            let pipe = File::options().write(true).open(&path).map_err(failed)?;
            return Self::stream(Box::new(pipe), options.compression);
        }
        let target = match options.split_bytes {
            None => Target::One(path),
            Some(_) => numbered(&path)?,
        };
        let mut files = Self {
            options,
            target,
            open: None,
            done: Vec::new(),
            written: Written::default(),
        };
        // Where it fails, it fails before anything is read.
        files.open = Some(files.begin()?);
        Ok(files)
    }

    /// Whether it is a stream.
    pub fn is_stream(&self) -> bool {
        matches!(self.target, Target::Stream)
    }

    /// Takes a record with its framing.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn write(&mut self, record: &[u8]) -> Result<(), WriteError> {
        let len_bytes = record.len() as u64;
        if let Some(open) = &self.open
            && let Some(limit) = self.options.split_bytes
            && open.len_bytes > 0
            && open.len_bytes.saturating_add(len_bytes) > limit
        {
            self.end()?;
        }
        let open = match self.open.take() {
            Some(open) => open,
            None => self.begin()?,
        };
        let open = self.open.insert(open);
        open.len_bytes += len_bytes;
        self.written.bytes += len_bytes;
        let result = open.out.write_all(record);
        result.map_err(|source| of(open.path.as_deref(), source))
    }

    /// Ends all files and gives them their names.
    ///
    /// # Errors
    ///
    /// If what is left cannot be written, or a file not be named. Those before it have their names.
    pub fn finish(mut self) -> Result<Written, WriteError> {
        self.end()?;
        for (temporary, path) in std::mem::take(&mut self.done) {
            temporary
                .persist(&path)
                .map_err(|error| of(Some(&path), error.error))?;
            self.written.files.push(path);
        }
        Ok(self.written)
    }

    fn begin(&self) -> Result<Open, WriteError> {
        let path = match &self.target {
            Target::Stream => return Err(WriteError::Stream(io::ErrorKind::NotConnected.into())),
            Target::One(path) => path.clone(),
            Target::Numbered(directory, before, behind) => {
                let number = self.done.len() + 1;
                directory.join(format!("{before}-{number:05}{behind}"))
            }
        };
        let out = temporary_beside(&path).and_then(|file| {
            Compressing::new(Inner::File(BufWriter::new(file)), self.options.compression)
        });
        Ok(Open {
            out: out.map_err(|source| of(Some(&path), source))?,
            path: Some(path),
            len_bytes: 0,
        })
    }

    fn end(&mut self) -> Result<(), WriteError> {
        let Some(Open { out, path, .. }) = self.open.take() else {
            return Ok(());
        };
        let ended = out.finish().and_then(Inner::close);
        let temporary = ended.map_err(|source| of(path.as_deref(), source))?;
        self.done.extend(temporary.zip(path));
        Ok(())
    }
}

fn of(path: Option<&Path>, source: io::Error) -> WriteError {
    match path {
        None => WriteError::Stream(source),
        Some(path) => WriteError::File {
            path: path.to_owned(),
            source,
        },
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}

fn numbered(path: &Path) -> Result<Target, WriteError> {
    let directory = directory_of(path).to_owned();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // A dot in front is part of the name.
    let dot = name[1.min(name.len())..].find('.').map(|at| at + 1);
    let (before, behind) = name.split_at(dot.unwrap_or(name.len()));
    let entries = directory
        .read_dir()
        .map_err(|source| of(Some(path), source))?;
    let mut occupied = None;
    for entry in entries {
        let entry = entry.map_err(|source| of(Some(path), source))?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| {
            let rest = name.strip_prefix(before)?.strip_suffix(behind)?;
            rest.strip_prefix('-')
        });
        let is_ours = |n: &str| n.len() >= 5 && n.bytes().all(|byte| byte.is_ascii_digit());
        if number.is_some_and(is_ours) {
            let first = occupied.get_or_insert_with(|| entry.path());
            *first = entry.path().min(std::mem::take(first));
        }
    }
    if let Some(path) = occupied {
        return Err(WriteError::Occupied { path });
    }
    Ok(Target::Numbered(
        directory,
        before.to_owned(),
        behind.to_owned(),
    ))
}

fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".otolith-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Those of any new file, instead of the owner's alone.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory_of(path))
}

enum Inner {
    Stream(BufWriter<Box<dyn Write>>),
    File(BufWriter<NamedTempFile>),
}

impl Inner {
    /// Writes what is left; a file is synced and closed.
    fn close(self) -> io::Result<Option<TempPath>> {
        match self {
            Self::Stream(mut out) => out.flush().map(|()| None),
            Self::File(out) => {
                let file = out.into_inner()?;
                file.as_file().sync_all()?;
                Ok(Some(file.into_temp_path()))
            }
        }
    }
}

impl Write for Inner {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stream(out) => out.write(bytes),
            Self::File(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stream(out) => out.flush(),
            Self::File(out) => out.flush(),
        }
    }
}

/// A compressor of a whole file, or none.
enum Compressing {
    Plain(Inner),
    Gzip(Box<GzEncoder<Inner>>),
    Zstd(Box<zstd::Encoder<'static, Inner>>),
}

impl Compressing {
    fn new(inner: Inner, compression: Option<Compression>) -> io::Result<Self> {
        Ok(match compression {
            None => Self::Plain(inner),
            Some(Compression::Gzip) => Self::Gzip(Box::new(GzEncoder::new(inner, GZIP_LEVEL))),
            Some(Compression::Zstd) => Self::Zstd(Box::new(zstd::Encoder::new(inner, ZSTD_LEVEL)?)),
        })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(inner) => inner.write_all(bytes),
            Self::Gzip(encoder) => encoder.write_all(bytes),
            Self::Zstd(encoder) => encoder.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<Inner> {
        match self {
            Self::Plain(inner) => Ok(inner),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}
