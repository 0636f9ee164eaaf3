//! Saves failed requests as captures.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use otolith_capture::Signal;

use crate::error::ReplayError;
use crate::recode::json_to_protobuf;
use crate::timeline::Timeline;

/// Writes the requests of these numbers as 4-byte big-endian proto frames, one file per signal,
/// since such frames do not name theirs: `<stem>.traces.binpb` and so on. Signals without
/// requests get no file; a file that is there is replaced. Bodies of signals that are `in_json`, by
/// `Signal as usize`, are encoded as protobuf.
pub(crate) fn save_failed(
    stem: &Path,
    timeline: &Timeline,
    requests: &[u32],
    in_json: [bool; 3],
) -> Result<(), ReplayError> {
    for signal in Signal::ALL {
        let entries = requests.iter().map(|&i| &timeline.entries()[i as usize]);
        let mut entries = entries.filter(|entry| entry.signal == signal).peekable();
        if entries.peek().is_none() {
            continue;
        }
        let path = path(stem, signal);
        let failed = |source| ReplayError::Save {
            path: path.clone(),
            source,
        };
        let mut file = BufWriter::new(File::create(&path).map_err(failed)?);
        for entry in entries {
            let mut body = timeline.body(entry).map_err(ReplayError::Spool)?;
            if in_json[signal as usize] {
                body = json_to_protobuf(signal, &body)
                    .map_err(|error| failed(io::Error::other(error)))?;
            }
            let len = (body.len() as u32).to_be_bytes();
            file.write_all(&len).map_err(failed)?;
            file.write_all(&body).map_err(failed)?;
        }
        file.flush().map_err(failed)?;
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
