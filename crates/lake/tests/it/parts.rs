//! Parts made by hand.

use otolith_lake::{Commit, Lake, LakeError, PartFile, Run};
use otolith_tables::{
    AttributePlace, ColumnOrigin, ColumnType, DatabaseName, Field, Layout, Part, PartColumn,
    Strings, Table, Values,
};
use tempfile::TempDir;

/// A new lake and the directory that it lives in.
pub fn lake() -> (TempDir, Lake) {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::create_or_open(&dir.path().join("lake")).unwrap();
    (dir, lake)
}

/// Commits a run that read no capture.
pub fn commit(run: Run, identity: u128) -> Result<Vec<PartFile>, LakeError> {
    let commit = Commit {
        identity,
        ..Commit::default()
    };
    run.commit(commit, &|_| None)
}

pub fn strings(texts: &[&str]) -> Strings {
    let mut strings = Strings {
        offsets: vec![0],
        bytes: Vec::new(),
    };
    for text in texts {
        strings.bytes.extend_from_slice(text.as_bytes());
        strings
            .offsets
            .push(i32::try_from(strings.bytes.len()).unwrap());
    }
    strings
}

/// A column of an attribute of the item, with the key `<name>.key`.
pub fn column(name: &str, r#type: ColumnType, layout: Layout, values: Values) -> PartColumn {
    PartColumn {
        field: Field {
            name: name.to_owned(),
            r#type,
            origin: ColumnOrigin::Attribute {
                place: AttributePlace::Item,
                key: format!("{name}.key"),
            },
            layout,
        },
        values,
        validity: None,
    }
}

/// The base column `time` of microseconds.
pub fn time(micros: Vec<i64>) -> PartColumn {
    let mut column = column(
        "time",
        ColumnType::Timestamp,
        Layout::Rising,
        Values::Int64(micros),
    );
    column.field.origin = ColumnOrigin::Base;
    column
}

/// A part of logs of a service on 2026-11-20.
pub fn part(service: &str, columns: Vec<PartColumn>) -> Part {
    let row_count = match &columns[0].values {
        Values::Int64(values) => values.len(),
        other => panic!("the first column is the time, not {other:?}"),
    };
    Part {
        database: DatabaseName::from_service(service),
        table: Table::Logs,
        date: 20_777,
        row_count,
        columns,
    }
}
