//! Saves failed requests as captures.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};

use otolith_capture::Signal;

use crate::compose::Composer;
use crate::error::ReplayError;
use crate::index::Index;
use crate::schedule::Turn;

/// Writes these items of requests of these numbers as 4-byte big-endian proto frames, one file per
/// signal, since such frames do not name theirs: `<stem>.traces.binpb` and so on. Signals without
/// failures get no file; a file that is there is replaced, or goes on if `goes_on`. What failed in several loops is there as often.
pub(crate) fn save_failed<'a>(
    stem: &Path,
    index: &Index,
    composer: &Composer,
    goes_on: bool,
    failed: impl Iterator<Item = (Turn, &'a Range<u64>)>,
) -> Result<(), ReplayError> {
    let mut files = Signal::ALL.map(|_| None);
    for (Turn { request, .. }, items) in failed {
        let entry = index.get(request).map_err(ReplayError::Spool)?;
        let signal = entry.signal;
        let path = path(stem, signal);
        let failed = |source| ReplayError::Save {
            path: path.clone(),
            source,
        };
        let file = match &mut files[signal as usize] {
            Some(file) => file,
            none => {
                let file = match goes_on {
                    true => OpenOptions::new().create(true).append(true).open(&path),
                    false => File::create(&path),
                };
                none.insert(BufWriter::new(file.map_err(failed)?))
            }
        };
        let body = composer.planned(&entry, items).map_err(failed)?;
        let len = (body.len() as u32).to_be_bytes();
        file.write_all(&len).map_err(failed)?;
        file.write_all(&body).map_err(failed)?;
    }
    for (signal, file) in Signal::ALL.into_iter().zip(files) {
        if let Some(mut file) = file {
            file.flush().map_err(|source| ReplayError::Save {
                path: path(stem, signal),
                source,
            })?;
        }
    }
    Ok(())
}

/// Whether files can be made where failed requests will be saved.
pub(crate) fn check_saving(stem: &Path) -> Result<(), ReplayError> {
    let dir = match stem.parent() {
        Some(dir) if dir != Path::new("") => dir,
        _ => Path::new("."),
    };
    tempfile::tempfile_in(dir)
        .map(drop)
        .map_err(|source| ReplayError::Save {
            path: path(stem, Signal::Traces),
            source,
        })
}

fn path(stem: &Path, signal: Signal) -> PathBuf {
    let mut path = OsString::from(stem);
    path.push(format!(".{signal}.binpb"));
    path.into()
}
