//! What reports and queries read: a lake, or captures by way of a temporary one.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use otolith_ingest::{Account, ConvertOptions, convert};
use otolith_lake::Lake;
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
    /// In captures, to be converted so.
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

    /// Opens the lake, made from the captures first if need be.
    pub fn open(self, terminal: Terminal) -> Result<Data> {
        let (paths, options) = match self {
            Self::Lake(dir) => {
                interrupt::handle(OnInterrupt::Remove(None));
                return Ok(Data {
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
        let lake = Lake::create_or_open(&scratch.path().join("lake"))?;
        let bar = ByteBar::new(&sources, terminal);
        let converted = convert(&sources, &lake, &options, &bar);
        bar.clear();
        let account = converted?;
        warn(&account, terminal);
        Ok(Data {
            lake,
            outcome: Outcome::lossy_if(!account.is_clean()),
            _scratch: Some(scratch),
        })
    }
}

/// A lake to ask, and how clean its data is.
pub struct Data {
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
