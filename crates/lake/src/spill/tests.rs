//! Merged rows against the same rows in memory, sorted.

use std::ops::Range;
use std::sync::Arc;

use otolith_tables::{
    AttributePlace, ColumnOrigin, ColumnType, Field, Layout, PartColumn, Strings, Values,
};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{BLOCK_BYTES, BLOCK_ROWS, SortedRows, Spill, TIME, merge};
use crate::encode::ROW_GROUP_ROWS;

/// A column of what a drain gives, and how it comes about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Int,
    Double,
    Bool,
    /// By code, of so many texts.
    Codes(usize),
    Texts,
    Ints,
    Doubles,
}

/// Every name always has the same type.
const KINDS: [(&str, Kind); 9] = [
    ("int", Kind::Int),
    ("double", Kind::Double),
    ("bool", Kind::Bool),
    ("few", Kind::Codes(3)),
    ("many", Kind::Codes(700)),
    ("mixed", Kind::Codes(20)),
    ("mixed", Kind::Texts),
    ("ints", Kind::Ints),
    ("doubles", Kind::Doubles),
];

/// Numbers that depend on the seed alone.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }
}

fn field(name: &str, r#type: ColumnType) -> Field {
    Field {
        name: name.to_owned(),
        r#type,
        origin: ColumnOrigin::Attribute {
            place: AttributePlace::Item,
            key: name.to_owned(),
        },
        layout: Layout::Repeating,
    }
}

fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> Strings {
    let mut strings = Strings {
        offsets: vec![0],
        bytes: Vec::new(),
    };
    for text in texts {
        strings.bytes.extend_from_slice(text.as_bytes());
        let end = i32::try_from(strings.bytes.len()).unwrap();
        strings.offsets.push(end);
    }
    strings
}

fn lists<T>(rows: usize, numbers: &mut Numbers, item: fn(&mut Numbers) -> T) -> (Vec<i32>, Vec<T>) {
    let (mut offsets, mut items) = (vec![0], Vec::new());
    for _ in 0..rows {
        let count = numbers.below(4);
        items.extend((0..count).map(|_| item(numbers)));
        offsets.push(i32::try_from(items.len()).unwrap());
    }
    (offsets, items)
}

fn double(numbers: &mut Numbers) -> f64 {
    const SPECIAL: [f64; 5] = [0.0, -0.0, f64::NAN, f64::INFINITY, 0.1];
    SPECIAL[numbers.below(SPECIAL.len())]
}

fn values(kind: Kind, rows: usize, numbers: &mut Numbers) -> (ColumnType, Values) {
    let same = numbers.below(4) == 0;
    let mut codes = |limit: usize| -> Vec<usize> {
        let first = numbers.below(limit);
        let code = |_| if same { first } else { numbers.below(limit) };
        (0..rows).map(code).collect()
    };
    match kind {
        Kind::Int => {
            let values = codes(1000).into_iter().map(|code| code as i64 - 500);
            (ColumnType::Int64, Values::Int64(values.collect()))
        }
        Kind::Double => {
            let values = (0..rows).map(|_| double(numbers)).collect();
            (ColumnType::Double, Values::Double(values))
        }
        Kind::Bool => {
            let values = codes(2).into_iter().map(|code| code == 1);
            (ColumnType::Boolean, Values::Boolean(values.collect()))
        }
        Kind::Codes(limit) => {
            let texts: Vec<String> = (0..limit).map(|code| "\u{fc}".repeat(code % 7)).collect();
            let texts: Vec<String> = (0..).zip(texts).map(|(n, t)| format!("{n}{t}")).collect();
            let codes = codes(limit).into_iter();
            let values = Values::Dictionary {
                indices: codes.map(|code| i32::try_from(code).unwrap()).collect(),
                dictionary: strings(texts.iter().map(String::as_str)),
            };
            (ColumnType::String, values)
        }
        Kind::Texts => {
            let texts: Vec<String> = codes(30).into_iter().map(|n| "x".repeat(n)).collect();
            let texts = strings(texts.iter().map(String::as_str));
            (ColumnType::String, Values::String(texts))
        }
        Kind::Ints => {
            let (offsets, items) = lists(rows, numbers, |numbers| numbers.next().cast_signed());
            (ColumnType::Int64List, Values::Int64List { offsets, items })
        }
        Kind::Doubles => {
            let (offsets, items) = lists(rows, numbers, double);
            (
                ColumnType::DoubleList,
                Values::DoubleList { offsets, items },
            )
        }
    }
}

/// A drain: sorted times, of which the first may be missing, and some columns.
fn drain(rows: usize, has_time: bool, seed: u64) -> Vec<PartColumn> {
    let mut numbers = Numbers(seed);
    let mut columns = Vec::new();
    if has_time {
        let span = [1, 50, 1_000_000][numbers.below(3)];
        let mut times: Vec<i64> = (0..rows).map(|_| numbers.below(span) as i64).collect();
        times.sort_unstable();
        let without = [0, 0, rows.min(3), rows][numbers.below(4)];
        columns.push(PartColumn {
            field: field(TIME, ColumnType::Timestamp),
            values: Values::Int64(times),
            validity: (without > 0).then(|| (0..rows).map(|row| row >= without).collect()),
        });
    }
    let mut names: Vec<&str> = Vec::new();
    for (name, kind) in KINDS {
        if names.contains(&name) || numbers.below(3) == 0 {
            continue;
        }
        names.push(name);
        let (r#type, values) = values(kind, rows, &mut numbers);
        let nulls = [0, 0, 2, 1][numbers.below(4)];
        let valid = |_| nulls != 1 && numbers.below(nulls) == 0;
        columns.push(PartColumn {
            field: field(name, r#type),
            values,
            validity: (nulls > 0).then(|| (0..rows).map(valid).collect()),
        });
    }
    columns
}

fn cell(column: &PartColumn, row: usize) -> String {
    let is_valid = column.validity.as_ref().is_none_or(|valid| valid[row]);
    if !is_valid {
        return "null".to_owned();
    }
    let range = |offsets: &[i32]| -> Range<usize> {
        usize::try_from(offsets[row]).unwrap()..usize::try_from(offsets[row + 1]).unwrap()
    };
    match &column.values {
        Values::Int64(values) => values[row].to_string(),
        Values::Double(values) => format!("{:x}", values[row].to_bits()),
        Values::Boolean(values) => values[row].to_string(),
        Values::String(texts) => {
            String::from_utf8(texts.bytes[range(&texts.offsets)].to_vec()).unwrap()
        }
        Values::Dictionary {
            indices,
            dictionary,
        } => {
            let code = usize::try_from(indices[row]).unwrap();
            let [start, end] =
                [code, code + 1].map(|at| usize::try_from(dictionary.offsets[at]).unwrap());
            String::from_utf8(dictionary.bytes[start..end].to_vec()).unwrap()
        }
        Values::Int64List { offsets, items } => format!("{:?}", &items[range(offsets)]),
        Values::DoubleList { offsets, items } => {
            let bits = items[range(offsets)].iter().map(|item| item.to_bits());
            format!("{:x?}", bits.collect::<Vec<_>>())
        }
    }
}

/// Rows as texts, with columns in the order of `fields`.
fn rows_of(columns: &[PartColumn], rows: usize, fields: &[Field]) -> Vec<Vec<String>> {
    let place = |field: &Field| columns.iter().find(|c| c.field.name == field.name);
    let columns: Vec<Option<&PartColumn>> = fields.iter().map(place).collect();
    let row = |row| {
        let cells = columns.iter();
        let cells = cells.map(|column| column.map_or("null".to_owned(), |c| cell(c, row)));
        cells.collect()
    };
    (0..rows).map(row).collect()
}

fn all_fields(drains: &[(usize, Vec<PartColumn>)]) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for column in drains.iter().flat_map(|(_, columns)| columns) {
        if !fields.contains(&column.field) {
            fields.push(column.field.clone());
        }
    }
    fields
}

fn spill() -> (TempDir, Spill) {
    let dir = tempfile::tempdir().unwrap();
    let spill = Spill::new(dir.path().join("spill"));
    (dir, spill)
}

fn fields_of(columns: &[PartColumn]) -> Arc<[Arc<Field>]> {
    let fields = columns.iter().map(|column| column.field.clone());
    fields.map(Arc::new).collect()
}

/// The rows of all pieces that a merge hands out, and the sizes of the pieces.
fn merged(drains: &[(usize, Vec<PartColumn>)], fields: &[Field]) -> (Vec<Vec<String>>, Vec<usize>) {
    let (_dir, spill) = spill();
    let mut sequences = Vec::new();
    for (rows, columns) in drains {
        let mut sequence = SortedRows::new(fields_of(columns));
        spill.append(&mut sequence, columns, *rows).unwrap();
        sequences.push(sequence);
    }
    let (mut all, mut pieces) = (Vec::new(), Vec::new());
    merge(&spill, sequences, fields, &mut |columns, rows| {
        let names: Vec<&str> = columns.iter().map(|c| c.field.name.as_str()).collect();
        let expected: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, expected);
        all.extend(rows_of(&columns, rows, fields));
        pieces.push(rows);
        Ok(())
    })
    .unwrap();
    (all, pieces)
}

fn check(drains: &[(usize, Vec<PartColumn>)]) {
    let fields = all_fields(drains);
    let rows = drains.iter();
    let rows = rows.flat_map(|(rows, columns)| rows_of(columns, *rows, &fields));
    let mut expected: Vec<Vec<String>> = rows.collect();
    if let Some(time) = fields.iter().position(|field| field.name == TIME) {
        // The sort is stable; rows without a time come first.
        expected.sort_by_key(|row| row[time].parse::<i64>().ok());
    }
    let (rows, pieces) = merged(drains, &fields);
    assert_eq!(pieces.iter().sum::<usize>(), expected.len());
    for (number, (row, expected)) in rows.iter().zip(&expected).enumerate() {
        assert_eq!(row, expected, "row {number}");
    }
}

const SIZES: [usize; 6] = [1, 2, 300, BLOCK_ROWS - 1, BLOCK_ROWS, 2 * BLOCK_ROWS + 1];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn merged_rows_are_the_rows_in_the_order_of_time(
        has_time in any::<bool>(),
        sizes in prop::collection::vec((0..SIZES.len(), any::<u64>()), 1..6),
    ) {
        let drains = sizes.into_iter().map(|(size, seed)| {
            (SIZES[size], drain(SIZES[size], has_time, seed))
        });
        check(&drains.collect::<Vec<_>>());
    }
}

#[test]
fn more_sequences_than_are_merged_at_once() {
    let drains = (0..150).map(|seed| (7, drain(7, true, seed)));
    check(&drains.collect::<Vec<_>>());
}

#[test]
fn a_piece_is_a_row_group() {
    let rows = ROW_GROUP_ROWS / 2 + 100;
    let times = |step: i64| {
        let times = (0..).take(rows).map(|row| row * step);
        let column = PartColumn {
            field: field(TIME, ColumnType::Timestamp),
            values: Values::Int64(times.collect()),
            validity: None,
        };
        (rows, vec![column])
    };
    let drains = [times(1), times(2)];
    let (_, pieces) = merged(&drains, &all_fields(&drains));
    assert_eq!(pieces, [ROW_GROUP_ROWS, 200]);
    check(&drains);
}

#[test]
fn large_texts_make_small_blocks_and_pieces() {
    let rows = 100;
    let text = "x".repeat(BLOCK_BYTES / 2);
    let bodies = PartColumn {
        field: field("body", ColumnType::String),
        values: Values::String(strings((0..rows).map(|_| text.as_str()))),
        validity: None,
    };
    let (_dir, spill) = spill();
    let mut sequence = SortedRows::new(fields_of(std::slice::from_ref(&bodies)));
    spill
        .append(&mut sequence, std::slice::from_ref(&bodies), rows)
        .unwrap();
    assert!(
        sequence
            .blocks
            .iter()
            .all(|block| block.len_bytes < 2 * BLOCK_BYTES)
    );
    let drains = [(rows, vec![bodies])];
    let (_, pieces) = merged(&drains, &all_fields(&drains));
    assert!(
        pieces.len() > 1 && pieces.iter().all(|rows| *rows <= 66),
        "{pieces:?}"
    );
    check(&drains);
}

#[test]
fn what_was_cut_short_is_an_error() {
    let (_dir, spill) = spill();
    let (rows, columns) = (10, drain(10, true, 3));
    let fields: Vec<Field> = columns.iter().map(|c| c.field.clone()).collect();
    let mut sequence = SortedRows::new(fields_of(&columns));
    spill.append(&mut sequence, &columns, rows).unwrap();
    std::fs::OpenOptions::new()
        .write(true)
        .open(&spill.path)
        .unwrap()
        .set_len(20)
        .unwrap();
    let error = merge(&spill, vec![sequence], &fields, &mut |_, _| Ok(())).unwrap_err();
    assert!(error.to_string().contains("spill"), "{error}");
}

#[test]
fn rows_of_the_same_columns_share_their_list() {
    let field = |name: &str| {
        Arc::new(Field {
            name: name.to_owned(),
            r#type: ColumnType::Int64,
            origin: ColumnOrigin::Base,
            layout: Layout::Rising,
        })
    };
    let fields = [field("a"), field("b"), field("c")];
    let rows = |fields: &[Arc<Field>]| SortedRows::new(fields.into());
    let first = rows(&fields);
    let check = |of: &[Arc<Field>], is_shared| {
        let mut next = rows(of);
        next.share_fields(&first);
        assert_eq!(Arc::ptr_eq(&next.fields, &first.fields), is_shared);
        assert_eq!(next.fields(), of);
    };
    check(&fields, true);
    check(&fields[..2], false);
    check(&[field("a"), field("x"), field("c")], false);
    check(&[fields.as_slice(), &[field("d")]].concat(), false);
    check(&[], false);
}
