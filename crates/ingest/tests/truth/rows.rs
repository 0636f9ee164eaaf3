//! The rows of a converted capture, read back from the files of the lake.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use otolith_capture::find_sources;
use otolith_ingest::{Account, ConvertOptions, NoWatch, convert};
use otolith_lake::Lake;
use otolith_tables::{AttributePlace, ColumnOrigin, Part, Strings, Table, Values};

/// A value of a row; nulls are left out of rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Int(i64),
    Double(f64),
    Bool(bool),
    Text(String),
    Ints(Vec<i64>),
    Doubles(Vec<f64>),
}

impl Cell {
    pub fn int(&self) -> i64 {
        match self {
            Self::Int(value) => *value,
            other => panic!("expected an integer, got {other:?}"),
        }
    }

    pub fn double(&self) -> f64 {
        match self {
            Self::Double(value) => *value,
            other => panic!("expected a double, got {other:?}"),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Self::Text(value) => value,
            other => panic!("expected text, got {other:?}"),
        }
    }
}

/// A row: column name to value, with the number of item attributes in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub cells: BTreeMap<String, Cell>,
    pub item_attributes: usize,
}

impl Row {
    pub fn get(&self, column: &str) -> Option<&Cell> {
        self.cells.get(column)
    }

    /// Text of a column, or `""` when it is null.
    pub fn text(&self, column: &str) -> &str {
        self.get(column).map_or("", Cell::text)
    }
}

/// All rows of a lake by table.
#[derive(Default)]
pub struct Rows {
    pub tables: BTreeMap<Table, Vec<Row>>,
    /// Attributes that repeat a key of their item.
    pub repeated_attributes: u64,
}

/// Converts the paths into a temporary lake and reads every row back. Asserts that the account
/// balances and agrees with the files, and that nothing was rejected.
pub fn converted(paths: &[PathBuf]) -> Rows {
    let (rows, account) = converted_with_account(paths);
    assert!(account.is_clean(), "{account:?}");
    rows
}

/// Converts as [`converted`] does, rejects or not.
pub fn converted_with_account(paths: &[PathBuf]) -> (Rows, Account) {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::create_or_open(dir.path()).unwrap();
    let options = ConvertOptions {
        threads: NonZeroUsize::new(2).unwrap(),
        ..ConvertOptions::default()
    };
    let sources = find_sources(paths).unwrap();
    let account = convert(&sources, &lake, &options, &NoWatch).unwrap();
    assert!(account.balances(), "{account:?}");

    let mut rows = Rows::default();
    let notes = account.notes.iter();
    rows.repeated_attributes = notes
        .filter(|note| note.code == "duplicate_attribute_key")
        .map(|note| note.count)
        .sum();
    for database in lake.databases().unwrap() {
        for table in lake.tables(&database).unwrap() {
            for file in &table.parts {
                let part = lake.read(file).unwrap();
                assert_eq!(part.row_count as u64, file.row_count);
                read_part(&part, rows.tables.entry(table.table).or_default());
            }
        }
    }
    (rows, account)
}

fn read_part(part: &Part, rows: &mut Vec<Row>) {
    let first = rows.len();
    rows.resize(
        first + part.row_count,
        Row {
            cells: BTreeMap::new(),
            item_attributes: 0,
        },
    );
    for column in &part.columns {
        for index in 0..part.row_count {
            if column.validity.as_ref().is_some_and(|valid| !valid[index]) {
                continue;
            }
            let cell = cell(&column.values, index);
            let row = &mut rows[first + index];
            match &column.field.origin {
                ColumnOrigin::Attribute {
                    place: AttributePlace::Item,
                    ..
                } => row.item_attributes += 1,
                ColumnOrigin::Base if column.field.name == "attributes" => {
                    let rest: serde_json::Value = serde_json::from_str(cell.text()).unwrap();
                    row.item_attributes += rest.as_object().unwrap().len();
                }
                _ => {}
            }
            row.cells.insert(column.field.name.clone(), cell);
        }
    }
}

fn cell(values: &Values, row: usize) -> Cell {
    match values {
        Values::Int64(values) => Cell::Int(values[row]),
        Values::Double(values) => Cell::Double(values[row]),
        Values::Boolean(values) => Cell::Bool(values[row]),
        Values::String(strings) => Cell::Text(text(strings, row)),
        Values::Dictionary {
            indices,
            dictionary,
        } => Cell::Text(text(dictionary, usize::try_from(indices[row]).unwrap())),
        Values::Int64List { offsets, items } => Cell::Ints(items[range(offsets, row)].to_vec()),
        Values::DoubleList { offsets, items } => Cell::Doubles(items[range(offsets, row)].to_vec()),
    }
}

fn text(strings: &Strings, row: usize) -> String {
    String::from_utf8(strings.bytes[range(&strings.offsets, row)].to_vec()).unwrap()
}

fn range(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    usize::try_from(offsets[row]).unwrap()..usize::try_from(offsets[row + 1]).unwrap()
}
