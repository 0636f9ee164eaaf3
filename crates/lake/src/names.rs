//! Names in a lake: the only text of ours or of a user that becomes a path.

use std::path::PathBuf;

use jiff::Span;
use jiff::civil::{Date, date};
use otolith_tables::{DatabaseName, Table};

/// Holds runs that are not committed.
pub(crate) const TEMPORARY: &str = "_tmp";
/// Holds the rejects of runs.
pub(crate) const REJECTS: &str = "_rejects";
/// Says that a directory is a lake.
pub(crate) const MARKER: &str = "_otolith.json";

const EPOCH: Date = date(1970, 1, 1);
const DATE_PREFIX: &str = "date=";
const PART_SUFFIX: &str = ".parquet";

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
    format!("{}{sequence:05}{PART_SUFFIX}", part_prefix(identity))
}

/// Whether a file is a part of a run with this identity.
pub(crate) fn is_part_of(file: &str, identity: u128) -> bool {
    is_part(file) && file.starts_with(&part_prefix(identity))
}

fn part_prefix(identity: u128) -> String {
    format!("part-{identity:032x}-")
}

/// The name of a part before its run is committed.
pub(crate) fn temporary_part_file(sequence: u32) -> String {
    format!("part-{sequence:05}{PART_SUFFIX}")
}

/// The final name of the rejects of a run.
pub(crate) fn rejects_file(identity: u128) -> String {
    format!("rejects-{identity:032x}.jsonl")
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
}
