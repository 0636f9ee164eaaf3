//! What reports and queries read: a lake, or captures. Reports take from captures what they want,
//! queries have them in a temporary lake.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use otolith_ingest::{Account, Collected, ConvertOptions, collect, convert};
use otolith_lake::Lake;
use otolith_report::Data;
use otolith_tables::{Extract, Wanted};
use tempfile::TempDir;

use super::reading;
use crate::args::{DataArgs, InputArgs};
use crate::exit::{Outcome, UsageError};
use crate::hints::{Failure, ROOM};
use crate::interrupt::{self, OnInterrupt};
use crate::progress::{ByteBar, Terminal};
use crate::render;

/// Where the data is.
pub enum Plan {
    /// In a lake.
    Lake(PathBuf),
    /// In captures, to be read so.
    Captures(Vec<PathBuf>, ConvertOptions),
}

impl Plan {
    /// Checks that there is a lake or captures, and not both.
    pub fn new(data: DataArgs, input: &InputArgs, paths: Vec<PathBuf>) -> Result<Self, UsageError> {
        match (data.lake, paths.is_empty()) {
            (Some(lake), true) => Ok(Self::Lake(lake)),
            (None, false) => {
                let options = reading::conversion(&data.convert, input, data.strict)?;
                Ok(Self::Captures(paths, options))
            }
            (Some(_), false) => Err(UsageError(
                "captures and --lake exclude each other; `otolith convert` adds captures to a lake"
                    .to_owned(),
            )),
            (None, true) => Err(UsageError(
                "nothing to read: name captures, or a lake with --lake DIR".to_owned(),
            )),
        }
    }

    /// Opens the lake, or reads from the captures what is wanted.
    pub fn read(self, wanted: Wanted, terminal: Terminal) -> Result<ReportData> {
        interrupt::handle(OnInterrupt::Remove(None));
        let (paths, options) = match self {
            Self::Lake(dir) => {
                return Ok(ReportData {
                    held: Held::Lake(Lake::open(&dir)?),
                    outcome: Outcome::Clean,
                });
            }
            Self::Captures(paths, options) => (paths, options),
        };
        let sources = reading::sources(&paths)?;
        let bar = ByteBar::new(&sources, terminal);
        let collected = collect(&sources, &Arc::new(wanted), &options, &bar);
        bar.clear();
        let Collected { extract, account } = collected?;
        warn(&account, terminal);
        Ok(ReportData {
            held: Held::Extract(extract),
            outcome: Outcome::lossy_if(!account.is_clean()),
        })
    }

    /// Opens the lake, made from the captures first if need be.
    pub fn open_lake(self, terminal: Terminal) -> Result<LakeData> {
        let (paths, options) = match self {
            Self::Lake(dir) => {
                interrupt::handle(OnInterrupt::Remove(None));
                return Ok(LakeData {
                    lake: Lake::open(&dir)?,
                    outcome: Outcome::Clean,
                    _scratch: None,
                });
            }
            Self::Captures(paths, options) => (paths, options),
        };
        let sources = reading::sources(&paths)?;
        let scratch = tempfile::Builder::new()
            .prefix("otolith-")
            .tempdir()
            .context(Failure {
                message: "failed to make a directory for the temporary lake".to_owned(),
                hint: ROOM,
            })?;
        interrupt::handle(OnInterrupt::Remove(Some(scratch.path().to_owned())));
        let lake = Lake::create_temporary(&scratch.path().join("lake"))?;
        let bar = ByteBar::new(&sources, terminal);
        let converted = convert(&sources, &lake, &options, &bar);
        bar.clear();
        let account = converted?;
        warn(&account, terminal);
        Ok(LakeData {
            lake,
            outcome: Outcome::lossy_if(!account.is_clean()),
            _scratch: Some(scratch),
        })
    }
}

/// What reports are asked of, and how clean it is.
pub struct ReportData {
    held: Held,
    /// [`Outcome::Lossy`] when something of the captures was rejected.
    pub outcome: Outcome,
}

enum Held {
    Lake(Lake),
    Extract(Extract),
}

impl ReportData {
    /// The data to ask.
    pub fn data(&self) -> Data<'_> {
        match &self.held {
            Held::Lake(lake) => lake.into(),
            Held::Extract(extract) => extract.into(),
        }
    }
}

/// A lake to query, and how clean its data is.
pub struct LakeData {
    /// The lake.
    pub lake: Lake,
    /// [`Outcome::Lossy`] when something of the captures was rejected.
    pub outcome: Outcome,
    /// Removed when the answer is out.
    _scratch: Option<TempDir>,
}

fn warn(account: &Account, terminal: Terminal) {
    if terminal.quiet || account.is_clean() {
        return;
    }
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = render::account::reject_groups(&account.rejects, &mut text);
    terminal.say(format_args!(
        "warning: not everything could be read\n{}",
        String::from_utf8_lossy(&text).trim_end()
    ));
}
