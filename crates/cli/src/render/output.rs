//! Where data goes: standard output or a file.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use super::table::Look;

/// Standard output or a file, buffered.
pub enum Output {
    /// Standard output.
    Stdout(BufWriter<StdoutLock<'static>>),
    /// A file, made new.
    File(BufWriter<File>),
    /// A file under a temporary name beside its own, which it gets at the end.
    Replacing(BufWriter<NamedTempFile>, PathBuf),
}

impl Output {
    /// Standard output.
    pub fn stdout() -> Self {
        Self::Stdout(BufWriter::new(io::stdout().lock()))
    }

    /// The file, or standard output without one and for `-`.
    pub fn to(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file.filter(|path| *path != Path::new("-")) else {
            return Ok(Self::stdout());
        };
        let file =
            File::create(path).with_context(|| format!("failed to create `{}`", path.display()))?;
        Ok(Self::File(BufWriter::new(file)))
    }

    /// As [`Self::to`]; a file is there, or replaced, only when it is finished. What is there and no
    /// file, such as a pipe, is written to as it is.
    pub fn replacing(file: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = file.filter(|path| *path != Path::new("-")) else {
            return Ok(Self::stdout());
        };
        // Behind links, so that those stay.
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
            return Self::to(Some(&path));
        }
        let directory = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".otolith-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // Those of any new file, instead of the owner's alone.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder
            .tempfile_in(directory)
            .with_context(|| format!("failed to create `{}`", path.display()))?;
        Ok(Self::Replacing(BufWriter::new(file), path))
    }

    /// Writes what is still buffered, and gives a file its name. Without it, errors at the end would
    /// go unnoticed.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        if let Self::Replacing(file, path) = self {
            let file = file.into_inner()?;
            file.as_file().sync_all()?;
            file.persist(path)?;
        }
        Ok(())
    }

    /// Whether people see it as it is written.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Stdout(_)) && io::stdout().is_terminal()
    }

    /// How tables look there: drawn for a terminal, plain otherwise.
    pub fn look(&self) -> Look {
        if self.is_terminal() {
            Look::terminal()
        } else {
            Look::Plain
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(out) => out.write(bytes),
            Self::Replacing(out, _) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(out) => out.flush(),
            Self::Replacing(out, _) => out.flush(),
        }
    }
}
