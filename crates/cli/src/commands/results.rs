//! The files that `otolith replay` makes of its outcome.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use otolith_replay::Outcome;

use crate::args::ResultArgs;
use crate::exit::UsageError;
use crate::render::{self, Output};

/// Files to write when a run is over.
pub struct ResultFiles {
    hdr: Option<ResultFile>,
    html: Option<ResultFile>,
}

/// A file that is there, and empty.
struct ResultFile {
    path: PathBuf,
    out: Output,
}

impl ResultFiles {
    /// Makes the files, so that a run of hours is not lost to a name that cannot be written.
    pub fn create(args: &ResultArgs) -> Result<Self> {
        Ok(Self {
            hdr: create(args.hdr.as_deref())?,
            html: create(args.html.as_deref())?,
        })
    }

    /// Writes the outcome to them.
    pub fn write(self, outcome: &Outcome) -> Result<()> {
        if let Some(file) = self.hdr {
            file.fill(|out| outcome.measurements.write_hdr_log(out))?;
        }
        if let Some(file) = self.html {
            file.fill(|out| render::page::write(outcome, out))?;
        }
        Ok(())
    }
}

impl ResultFile {
    fn fill(mut self, write: impl FnOnce(&mut Output) -> io::Result<()>) -> Result<()> {
        let written = write(&mut self.out).and_then(|()| self.out.flush());
        written.with_context(|| format!("failed to write `{}`", self.path.display()))
    }
}

fn create(path: Option<&Path>) -> Result<Option<ResultFile>> {
    let Some(path) = path else {
        return Ok(None);
    };
    if path == Path::new("-") {
        let taken = "standard output has the outcome: name a file after --hdr and --html";
        return Err(UsageError(taken.to_owned()).into());
    }
    Ok(Some(ResultFile {
        path: path.to_owned(),
        out: Output::to(Some(path))?,
    }))
}
