//! Lakes and tables as they are found, good and bad.

use std::fs;

use otolith_lake::{Lake, LakeError, PartFile};
use otolith_tables::{ColumnType, DatabaseName, Layout, Table, Values, base_fields};

use crate::parts::{column, commit, lake, part, time};

#[test]
fn what_is_no_lake_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Lake::open(&dir.path().join("none")).unwrap_err();
    assert!(matches!(missing, LakeError::Missing { .. }));
    assert!(missing.to_string().contains("converting captures makes it"));
    let empty = Lake::open(dir.path()).unwrap_err();
    assert!(matches!(empty, LakeError::NotALake { .. }));
    fs::write(dir.path().join("file"), "x").unwrap();
    let file = Lake::open(&dir.path().join("file")).unwrap_err();
    assert!(matches!(file, LakeError::NotALake { .. }));
    let occupied = Lake::create_or_open(dir.path()).unwrap_err();
    assert!(matches!(occupied, LakeError::Occupied { .. }));
}

#[test]
fn a_new_lake_is_opened_again() {
    let (_dir, lake) = lake();
    let again = Lake::open(lake.dir()).unwrap();
    assert!(again.databases().unwrap().is_empty());
    assert_eq!(Lake::create_or_open(lake.dir()).unwrap().dir(), lake.dir());
}

#[test]
fn a_lake_of_another_format_is_refused() {
    let (_dir, lake) = lake();
    fs::write(lake.dir().join("_otolith.json"), "{\"otolith_lake\":1}\n").unwrap();
    let error = Lake::open(lake.dir()).unwrap_err();
    assert!(
        error.to_string().starts_with(
            "failed to open the lake: expected format 2, found {\"otolith_lake\":1}: `"
        ),
        "{error}"
    );
}

#[test]
fn a_copied_database_is_a_lake() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    run.write(0, part("a", vec![time(vec![1])])).unwrap();
    commit(run, 1).unwrap();
    fs::remove_file(lake.dir().join("_otolith.json")).unwrap();
    assert_eq!(
        Lake::open(lake.dir()).unwrap().databases().unwrap().len(),
        1
    );
}

#[test]
fn columns_are_those_of_all_parts_in_order() {
    let (_dir, lake) = lake();
    let text = |name| {
        column(
            name,
            ColumnType::Int64,
            Layout::Repeating,
            Values::Int64(vec![1]),
        )
    };
    let run = lake.begin().unwrap();
    run.write(0, part("a", vec![time(vec![1]), text("zeta")]))
        .unwrap();
    let mut body = text("flags");
    body.field.origin = otolith_tables::ColumnOrigin::Base;
    run.write(
        1,
        part("a", vec![time(vec![5]), body, text("alpha"), text("zeta")]),
    )
    .unwrap();
    commit(run, 1).unwrap();
    let info = &lake.tables(&DatabaseName::from_service("a")).unwrap()[0];
    let names: Vec<&str> = info
        .fields
        .iter()
        .map(|field| field.name.as_str())
        .collect();
    let base = base_fields(Table::Logs).len();
    assert_eq!(names[0], "time");
    assert_eq!(names[base..], ["zeta", "alpha"]);
    let ranges: Vec<_> = info.parts.iter().map(|part| part.time_range).collect();
    assert_eq!(ranges, [Some((1, 1)), Some((5, 5))]);
}

#[test]
fn what_otolith_did_not_put_there_is_passed_over() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    run.write(0, part("a", vec![time(vec![1])])).unwrap();
    let files = commit(run, 1).unwrap();
    let dir = lake.dir();
    for other in [
        "A/logs/date=2026-11-20",
        "a/other/date=2026-11-20",
        "a/logs/date=2026-13-20",
        "a/logs/date=2026-11-20/part-x.parquet",
        "_tmp/run",
        "b/none",
        ".git/logs/date=2026-11-20",
    ] {
        fs::create_dir_all(dir.join(other)).unwrap();
        fs::write(dir.join(other).join("x.parquet"), "no parquet").unwrap();
    }
    for other in ["_x.parquet", ".x.parquet", "x.parquet.crc", "x.json"] {
        fs::write(dir.join("a/logs/date=2026-11-20").join(other), "no parquet").unwrap();
    }
    let databases = lake.databases().unwrap();
    assert_eq!(databases, [DatabaseName::from_service("a")]);
    let tables = lake.tables(&databases[0]).unwrap();
    assert_eq!(tables.len(), 1);
    assert_eq!(tables[0].parts, files);
    assert!(
        lake.tables(&DatabaseName::from_service("none"))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn only_files_of_the_lake_are_read() {
    let (dir, lake) = lake();
    for outside in [
        "x.parquet",
        "lake/x.parquet",
        "lake/a/logs/x.parquet",
        "lake/../a/logs/date=2026-11-20/x.parquet",
    ] {
        let file = PartFile {
            path: dir.path().join(outside),
            date: 0,
            row_count: 1,
            len_bytes: 1,
            time_range: None,
        };
        let error = lake.read(&file).unwrap_err();
        assert!(matches!(error, LakeError::OutsideLake { .. }), "{outside}");
    }
}

#[test]
fn a_temporary_lake_is_new_and_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("lake");
    let lake = Lake::create_temporary(&place).unwrap();
    let run = lake.begin().unwrap();
    run.write(0, part("shop", vec![time(vec![1, 2])])).unwrap();
    commit(run, 7).unwrap();
    let kept = Lake::open(&place).unwrap();
    let tables = kept.tables(&DatabaseName::from_service("shop")).unwrap();
    assert_eq!(tables[0].parts[0].row_count, 2);
    // A lake that is there may be one that somebody keeps.
    let again = Lake::create_temporary(&place).unwrap_err();
    assert!(matches!(again, LakeError::Io { .. }), "{again:?}");
}
