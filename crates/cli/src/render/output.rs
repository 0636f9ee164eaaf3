//! Where data goes: standard output or a file.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, StdoutLock, Write};
use std::path::Path;

use anyhow::Context as _;

use super::table::Look;

/// Standard output or a file, buffered.
pub enum Output {
    /// Standard output.
    Stdout(BufWriter<StdoutLock<'static>>),
    /// A file, made new.
    File(BufWriter<File>),
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

    /// Writes what is still buffered. Without it, errors at the end would go unnoticed.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()
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
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(out) => out.flush(),
        }
    }
}
