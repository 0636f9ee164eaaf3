//! What to type next, by error.

use std::fmt;
use std::io;

use anyhow::Error;
use otolith_capture::{FindError, WriteError};
use otolith_ingest::{CatError, ExportError};
use otolith_lake::LakeError;
use otolith_receive::{ReceiveError, TlsError};
use otolith_replay::ReplayError;
use otolith_report::{PriceError, ReportError};
use otolith_tables::RestoreError;

/// An error of the command itself, with what to do about it.
#[derive(Debug)]
pub struct Failure {
    /// What failed: lower case, without full stop.
    pub message: String,
    /// What to do next.
    pub hint: &'static str,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What to do when temporary files cannot be made.
pub const ROOM: &str = "name a directory with room, where you may write, in TMPDIR";

/// The hint for an error, if there is one.
pub fn of(error: &Error) -> Option<&'static str> {
    if let Some(failure) = error.downcast_ref::<Failure>() {
        return Some(failure.hint);
    }
    if let Some(FindError::Look { .. }) = error.downcast_ref() {
        return Some("name files or directories that exist, or `-` for standard input");
    }
    if let Some(ReplayError::Spool(_)) = error.downcast_ref() {
        return Some(ROOM);
    }
    if let Some(ReplayError::Resume { .. }) = error.downcast_ref() {
        return Some(
            "give the captures of the run that wrote the file, or remove it to begin anew; it is \
             written where --resume says",
        );
    }
    if let Some(ReplayError::TlsFile { .. }) = error.downcast_ref() {
        return Some("name PEM files with --cacert, --client-cert and --client-key");
    }
    if let Some(error) = error.downcast_ref() {
        return receiving(error);
    }
    if error.downcast_ref::<TlsError>().is_some() {
        return Some(
            "name a certificate in --tls-cert and its own key in --tls-key, both in PEM form",
        );
    }
    if error.chain().any(is_full) {
        return Some(
            "make room and run the same command again: it makes good what is not finished",
        );
    }
    match error.downcast_ref() {
        Some(LakeError::Missing { .. } | LakeError::NotALake { .. }) => {
            return Some("`otolith convert PATH... --lake DIR` makes a lake from captures");
        }
        Some(LakeError::Occupied { .. }) => return Some("name a new or an empty directory"),
        _ => {}
    }
    match error.downcast_ref() {
        Some(CatError::Lake(
            ExportError::Part { source, .. } | ExportError::Children { source, .. },
        )) if matches!(source, RestoreError::MissingColumn { .. }) => {
            return Some("the lake is of an older version: convert the captures again");
        }
        Some(CatError::Spool(_)) => return Some(ROOM),
        _ => {}
    }
    if let Some(WriteError::Occupied { .. }) = error.downcast_ref() {
        return Some("remove the numbered files that are there, or give another name with -o");
    }
    if error.downcast_ref::<PriceError>().is_some() {
        return Some("docs/reports/prices.md describes the form; LiteLLM's list is taken as well");
    }
    match error.downcast_ref() {
        Some(ReportError::UnknownTable { .. } | ReportError::Query(_)) => Some(
            "`otolith tables --lake DIR` lists tables, `otolith tables --lake DIR DB.TABLE` columns",
        ),
        _ => None,
    }
}

/// What to do about a receiver that does not start.
fn receiving(error: &ReceiveError) -> Option<&'static str> {
    Some(match error {
        ReceiveError::Listen { source, .. } => match source.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there: stop it, or name another port in --listen"
            }
            io::ErrorKind::PermissionDenied => "ports below 1024 are for root: name a higher one",
            _ => "name an address of this machine in --listen, such as `127.0.0.1:4318`",
        },
        ReceiveError::Occupied { .. } => "stop it, or name another directory in --out",
        ReceiveError::Directory { .. } => "name a directory in --out where you may write",
        _ => return None,
    })
}

/// Whether a cause is that a disk is full. The store below the logs of tables says it in words only.
fn is_full(cause: &(dyn std::error::Error + 'static)) -> bool {
    match cause.downcast_ref::<io::Error>() {
        Some(cause) => cause.kind() == io::ErrorKind::StorageFull,
        None => cause.to_string().contains("No space left on device"),
    }
}
