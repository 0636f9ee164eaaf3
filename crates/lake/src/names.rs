//! Names in a lake: the only text of ours or of a user that becomes a path.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Span;
use jiff::civil::{Date, date};
use otolith_tables::{DatabaseName, Table};

use crate::error::LakeError;

/// Holds runs that are not committed.
pub(crate) const TEMPORARY: &str = "_tmp";
/// Holds the rejects of runs.
pub(crate) const REJECTS: &str = "_rejects";
/// Holds what was made of the tables, as long as they do not change.
pub(crate) const DERIVED: &str = "_derived";
/// Holds the ledger.
pub(crate) const RUNS: &str = "_runs";
/// In the ledger: up to which record the tables are known to be.
pub(crate) const APPLIED: &str = "_applied";
/// Says that a directory is a lake.
pub(crate) const MARKER: &str = "_otolith.json";
/// The rejects of a run before they are in their place.
pub(crate) const STAGED_REJECTS: &str = "rejects.jsonl";
/// In a staging directory: rows that are not in a part yet.
pub(crate) const SPILL: &str = "set-aside";

const EPOCH: Date = date(1970, 1, 1);
const DATE_PREFIX: &str = "date=";
const PART_SUFFIX: &str = ".parquet";
pub(crate) const LOG: &str = "_delta_log";
const RECORD_SUFFIX: &str = ".json";
const SUMMARY_SUFFIX: &str = ".summary";
/// Digits of the number of a record.
const RECORD_DIGITS: usize = 20;

/// The database of a directory name, if the name rule could have made it.
pub(crate) fn database(directory: &str) -> Option<DatabaseName> {
    let name = DatabaseName::from_service(directory);
    (name.as_str() == directory).then_some(name)
}

/// The directory of a date, given as days since 1970-01-01. `None` beyond the years 0 to 9999.
pub(crate) fn date_directory(days: i32) -> Option<String> {
    let date = EPOCH.checked_add(Span::new().try_days(days).ok()?).ok()?;
    (date.year() >= 0).then(|| format!("{DATE_PREFIX}{date}"))
}

/// The days since 1970-01-01 of a directory made by [`date_directory`].
pub(crate) fn parse_date_directory(directory: &str) -> Option<i32> {
    let text = directory.strip_prefix(DATE_PREFIX)?;
    let date: Date = text.parse().ok()?;
    let days = (date - EPOCH).get_days();
    (date_directory(days).as_deref() == Some(directory)).then_some(days)
}

/// Whether a file in a directory of a date is a part. Names that begin with `_` or `.` are
/// unfinished or of other tools.
pub(crate) fn is_part(file: &str) -> bool {
    file.ends_with(PART_SUFFIX) && !file.starts_with(['_', '.'])
}

/// The final name of a part: a function of the input and of nothing else.
pub(crate) fn part_file(identity: u128, sequence: u32) -> String {
    format!("part-{identity:032x}-{sequence:05}{PART_SUFFIX}")
}

/// The path of a part in its table. `None` beyond the years 0 to 9999.
pub(crate) fn part_path(days: i32, file: &str) -> Option<String> {
    Some(format!("{}/{file}", date_directory(days)?))
}

/// Whether a path in a table is that of a part: a date and a name, nothing else.
pub(crate) fn is_part_path(path: &str) -> bool {
    let Some((directory, file)) = path.split_once('/') else {
        return false;
    };
    parse_date_directory(directory).is_some() && is_plain(file) && is_part(file)
}

/// The date of a part by its path in its table.
pub(crate) fn date_of_part(path: &str) -> Option<i32> {
    parse_date_directory(path.split_once('/')?.0)
}

/// Whether a text is the name of a file and cannot lead anywhere else.
pub(crate) fn is_plain(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    name.bytes().all(fits) && !matches!(name, "" | "." | "..")
}

/// The file of the record with a number.
pub(crate) fn record_file(number: u64) -> String {
    format!("{number:0RECORD_DIGITS$}{RECORD_SUFFIX}")
}

/// The number of a name made by [`record_file`].
pub(crate) fn parse_record_file(file: &str) -> Option<u64> {
    let digits = file.strip_suffix(RECORD_SUFFIX)?;
    let number = digits.parse().ok()?;
    (record_file(number) == file).then_some(number)
}

/// The file of the summary of all records up to a number.
pub(crate) fn summary_file(last: u64) -> String {
    format!("{last:0RECORD_DIGITS$}{SUMMARY_SUFFIX}")
}

/// The number of a name made by [`summary_file`].
pub(crate) fn parse_summary_file(file: &str) -> Option<u64> {
    let last = file.strip_suffix(SUMMARY_SUFFIX)?.parse().ok()?;
    (summary_file(last) == file).then_some(last)
}

/// Whether a directory holds a table: a log with at least one version.
pub(crate) fn has_log(directory: &Path) -> Result<bool, LakeError> {
    let log = directory.join(LOG);
    let entries = match fs::read_dir(&log) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(false),
        Err(error) => return Err(LakeError::io("list", &log)(error)),
    };
    for entry in entries {
        let name = entry.map_err(LakeError::io("list", &log))?.file_name();
        let is_version = |name: &str| {
            name.starts_with(|first: char| first.is_ascii_digit()) && !name.ends_with(".crc")
        };
        if name.to_str().is_some_and(is_version) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Entries of a directory with UTF-8 names, sorted; none if there is no such directory.
pub(crate) fn list(directory: &Path) -> Result<Vec<(String, PathBuf)>, LakeError> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(LakeError::io("list", directory))? {
        let entry = entry.map_err(LakeError::io("list", directory))?;
        if let Ok(name) = entry.file_name().into_string() {
            found.push((name, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// Whether an error says that there is no such directory.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

/// The name of a part before its run is committed: one of those that were made together.
pub(crate) fn temporary_part_file(sequence: u32, number: u32) -> String {
    match number {
        0 => format!("part-{sequence:05}{PART_SUFFIX}"),
        _ => format!("part-{sequence:05}-{number}{PART_SUFFIX}"),
    }
}

/// The final name of the rejects of a run.
pub(crate) fn rejects_file(identity: u128) -> String {
    format!("rejects-{identity:032x}.jsonl")
}

/// Whether a name is one that [`rejects_file`] makes.
pub(crate) fn is_rejects_file(name: &str) -> bool {
    let hex = name
        .strip_prefix("rejects-")
        .and_then(|name| name.strip_suffix(".jsonl"));
    hex.is_some_and(|hex| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The directory of a table, relative to the lake.
pub(crate) fn table_directory(database: &DatabaseName, table: Table) -> PathBuf {
    [database.as_str(), table.as_str()].iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_directories_are_one_to_one() {
        let check = |days, directory: &str| {
            assert_eq!(date_directory(days).as_deref(), Some(directory));
            assert_eq!(parse_date_directory(directory), Some(days));
        };
        check(0, "date=1970-01-01");
        check(-1, "date=1969-12-31");
        check(20_413, "date=2025-11-21");
        check(2_932_896, "date=9999-12-31");
        assert_eq!(date_directory(i32::MAX), None);
        assert_eq!(date_directory(i32::MIN), None);
        for bad in [
            "date=",
            "date=2026-1-2",
            "date=2026-02-30",
            "date=20260102",
            "date=2026-01-02T00:00",
            "date=../../etc",
            "2026-01-02",
        ] {
            assert_eq!(parse_date_directory(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_names_of_the_rule_are_databases() {
        assert!(database("claude_code").is_some());
        for bad in ["Claude", "_rejects", "_tmp", "..", "", "a b", "a-b", ".git"] {
            assert_eq!(database(bad), None, "{bad}");
        }
    }

    #[test]
    fn part_names_are_told_from_others() {
        assert!(is_part(&part_file(7, 3)));
        assert_eq!(
            part_file(0xab, 12),
            "part-000000000000000000000000000000ab-00012.parquet"
        );
        assert!(!is_part("_tmp-1.parquet"));
        assert!(!is_part(".x.parquet"));
        assert!(!is_part("x.parquet.crc"));
    }

    #[test]
    fn paths_of_parts_lead_nowhere_else() {
        let path = part_path(20_413, &part_file(7, 3)).unwrap();
        assert!(is_part_path(&path));
        assert_eq!(date_of_part(&path), Some(20_413));
        for bad in [
            "part-x.parquet",
            "date=2025-11-21/",
            "date=2025-11-21/.x.parquet",
            "date=2025-11-21/a/b.parquet",
            "date=2025-11-21/../x.parquet",
            "date=2025-13-21/x.parquet",
            "/date=2025-11-21/x.parquet",
            "date=2025-11-21/a%2fb.parquet",
        ] {
            assert!(!is_part_path(bad), "{bad}");
        }
    }

    #[test]
    fn records_are_numbered() {
        assert_eq!(record_file(12), "00000000000000000012.json");
        assert_eq!(parse_record_file("00000000000000000012.json"), Some(12));
        for other in ["_applied", "12.json", "00000000000000000012.json.tmp", ""] {
            assert_eq!(parse_record_file(other), None, "{other}");
        }
    }
}
