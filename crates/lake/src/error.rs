//! Why an operation on a lake failed.

use std::io;
use std::path::{Path, PathBuf};

use arrow_schema::ArrowError;
use parquet::errors::ParquetError;
use thiserror::Error;

/// An operation on a lake failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LakeError {
    /// There is no such directory.
    #[error(
        "failed to open the lake: no such directory (converting captures makes it): `{}`",
        path.display()
    )]
    Missing {
        /// Where the lake should be.
        path: PathBuf,
    },
    /// The directory holds no lake.
    #[error(
        "failed to open the lake: the directory holds neither a database nor the marker \
         `_otolith.json` (is it the parent of a lake, or a part of one?): `{}`",
        path.display()
    )]
    NotALake {
        /// The directory.
        path: PathBuf,
    },
    /// A new lake would be mixed with other files.
    #[error(
        "failed to create the lake: the directory holds other files (name a new or an empty \
         one): `{}`",
        path.display()
    )]
    Occupied {
        /// The directory.
        path: PathBuf,
    },
    /// The lake is of another format.
    #[error("failed to open the lake: expected format {expected}, found {found}: `{}`", path.display())]
    Format {
        /// The format that this version reads.
        expected: u32,
        /// What the marker says, shortened.
        found: String,
        /// The marker.
        path: PathBuf,
    },
    /// The log of a table cannot be named in such a place.
    #[error(
        "failed to open the lake: a log cannot name files below a path that has a backslash, a \
         control character, `%25` or a directory `_delta_log` in it, or is not valid UTF-8: `{}`",
        path.display()
    )]
    BadPlace {
        /// The directory.
        path: PathBuf,
    },
    /// The file system refused something.
    #[error("failed to {action} `{}`", path.display())]
    Io {
        /// What was tried, such as `create`.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A part could not be written as Parquet.
    #[error("failed to write a part of `{table}`: `{}`", path.display())]
    Write {
        /// `database.table`.
        table: String,
        /// The temporary file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: ParquetError,
    },
    /// A part contradicts itself: columns of different lengths, wrong offsets or types.
    #[error("failed to take a part of `{table}`: bad column `{column}`")]
    BadPart {
        /// `database.table`.
        table: String,
        /// The column.
        column: String,
        /// The cause.
        #[source]
        source: ArrowError,
    },
    /// A file in a table is no readable Parquet.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: ParquetError,
    },
    /// A file in a table holds a column of a type that no table has.
    #[error("failed to read column `{column}`: unexpected type {found}: `{}`", path.display())]
    UnknownType {
        /// The column.
        column: String,
        /// Its type in the file.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// Two files of a table disagree on the type of a column.
    #[error(
        "failed to read column `{column}`: expected type {expected} as in other files of the \
         table, found {found}: `{}`",
        path.display()
    )]
    TypeConflict {
        /// The column.
        column: String,
        /// Its type in the files before.
        expected: String,
        /// Its type in this file.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// Another run committed while this one wrote, and they disagree on the type of a column.
    #[error(
        "failed to commit: column `{column}` of `{table}` is {ours} here, and another run has \
         meanwhile made it {theirs} or given it to another key; nothing was written, convert again"
    )]
    Overtaken {
        /// `database.table`.
        table: String,
        /// The column.
        column: String,
        /// Its type in this run.
        ours: String,
        /// Its type in the lake.
        theirs: String,
    },
    /// The log of a table could not be read or written.
    #[error("failed to {action} `{}`", path.display())]
    Log {
        /// What was tried.
        action: &'static str,
        /// Directory of the table.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The log of a table names files or features that this version does not know.
    #[error(
        "failed to read the log of the table: it names files that are not parts of dates, or has \
         deletion vectors, which another program has made: `{}`",
        path.display()
    )]
    BadLog {
        /// Directory of the table.
        path: PathBuf,
    },
    /// Other writers were faster every time.
    #[error("failed to commit to the table in {attempts} attempts, others were faster: `{}`", path.display())]
    Contended {
        /// Directory of the table.
        path: PathBuf,
        /// How often it was tried.
        attempts: usize,
    },
    /// A record of the ledger is damaged or missing.
    #[error("failed to read a record of the ledger: {why}: `{}`", path.display())]
    BadRecord {
        /// What is wrong with it.
        why: String,
        /// The record.
        path: PathBuf,
    },
    /// The ledger names a part that is neither in its place nor waiting for it.
    #[error(
        "failed to finish a run that was cut off: a part is gone: `{}`",
        path.display()
    )]
    PartGone {
        /// Where it should be.
        path: PathBuf,
    },
    /// Another run has converted the same capture while this one was at it.
    #[error(
        "failed to commit: another run has meanwhile converted the same capture; nothing was \
         written, convert again: `{file}`"
    )]
    ConvertedMeanwhile {
        /// The capture as it was named.
        file: String,
    },
    /// Captures cannot be converted anew alone: their rows share parts with those of others.
    #[error(
        "failed to convert anew: the rows share parts with those of run {run}, which read {files}; \
         name these captures too, or convert into a new lake"
    )]
    SharedParts {
        /// Number of the other run.
        run: u64,
        /// What it read.
        files: String,
    },
    /// A part of the same name is there, and the ledger does not know it.
    #[error(
        "failed to commit: a part of this name is there already, and the ledger `_runs` does not \
         know the run that wrote it; restore the ledger or use a new lake: `{}`",
        path.display()
    )]
    PartExists {
        /// Where it is.
        path: PathBuf,
    },
    /// Another run has removed parts while this one read them.
    #[error(
        "failed to commit: another run has meanwhile changed the same parts of `{table}`; nothing \
         was written, try again"
    )]
    ChangedMeanwhile {
        /// `database.table`.
        table: String,
    },
    /// A part file does not lie in the lake.
    #[error("failed to read a part: not a file of a table of the lake: `{}`", path.display())]
    OutsideLake {
        /// The path.
        path: PathBuf,
    },
}

impl LakeError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
