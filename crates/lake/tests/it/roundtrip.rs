//! What is written is read back.

use otolith_tables::{ColumnType, Layout, Part, PartColumn, Strings, Values};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::parts::{column, commit, lake, part, strings, time};

/// A value as comparable text; doubles by their bits, so that NaN equals itself.
fn cells(column: &PartColumn, rows: usize) -> Vec<Option<String>> {
    let text = |strings: &Strings, row: usize| {
        let range = strings.offsets[row] as usize..strings.offsets[row + 1] as usize;
        String::from_utf8(strings.bytes[range].to_vec()).unwrap()
    };
    let cell = |row: usize| match &column.values {
        Values::Int64(values) => values[row].to_string(),
        Values::Double(values) => values[row].to_bits().to_string(),
        Values::Boolean(values) => values[row].to_string(),
        Values::String(strings) => text(strings, row),
        Values::Dictionary {
            indices,
            dictionary,
        } => text(dictionary, indices[row] as usize),
        Values::Int64List { offsets, items } => {
            format!(
                "{:?}",
                &items[offsets[row] as usize..offsets[row + 1] as usize]
            )
        }
        Values::DoubleList { offsets, items } => {
            let items = &items[offsets[row] as usize..offsets[row + 1] as usize];
            let bits: Vec<u64> = items.iter().map(|item| item.to_bits()).collect();
            format!("{bits:?}")
        }
    };
    let is_valid = |row: usize| column.validity.as_ref().is_none_or(|valid| valid[row]);
    (0..rows)
        .map(|row| is_valid(row).then(|| cell(row)))
        .collect()
}

fn check(written: &Part) {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    run.write(0, written.clone()).unwrap();
    let files = commit(run, 7).unwrap();
    let read = lake.read(&files[0]).unwrap();
    assert_eq!(files[0].row_count, written.row_count as u64);
    assert_eq!(
        (&read.database, read.table, read.date, read.row_count),
        (
            &written.database,
            written.table,
            written.date,
            written.row_count
        )
    );
    assert_eq!(read.columns.len(), written.columns.len());
    for (read, written_column) in read.columns.iter().zip(&written.columns) {
        assert_eq!(read.field, written_column.field);
        assert_eq!(
            cells(read, written.row_count),
            cells(written_column, written.row_count),
            "{}",
            read.field.name
        );
    }
}

fn all_types(validity: Option<Vec<bool>>) -> Part {
    let bounds = vec![0, 2, 2, 3];
    let mut columns = vec![
        time(vec![i64::MIN, 0, i64::MAX]),
        column(
            "rising",
            ColumnType::Int64,
            Layout::Rising,
            Values::Int64(vec![i64::MAX, i64::MIN, -1]),
        ),
        column(
            "repeating",
            ColumnType::Int64,
            Layout::Repeating,
            Values::Int64(vec![4, 4, 4]),
        ),
        column(
            "double",
            ColumnType::Double,
            Layout::Distinct,
            Values::Double(vec![f64::NAN, f64::NEG_INFINITY, -0.0]),
        ),
        column(
            "flag",
            ColumnType::Boolean,
            Layout::Repeating,
            Values::Boolean(vec![true, false, true]),
        ),
        column(
            "text",
            ColumnType::String,
            Layout::Distinct,
            Values::String(strings(&["", "\u{1f600}\0", "b"])),
        ),
        column(
            "word",
            ColumnType::String,
            Layout::Repeating,
            Values::Dictionary {
                indices: vec![1, 0, 1],
                dictionary: strings(&["unused by none", "x"]),
            },
        ),
        column(
            "counts",
            ColumnType::Int64List,
            Layout::Repeating,
            Values::Int64List {
                offsets: bounds.clone(),
                items: vec![1, -1, i64::MAX],
            },
        ),
        column(
            "bounds",
            ColumnType::DoubleList,
            Layout::Distinct,
            Values::DoubleList {
                offsets: bounds,
                items: vec![0.5, f64::NAN, f64::INFINITY],
            },
        ),
    ];
    for column in &mut columns[1..] {
        column.validity.clone_from(&validity);
    }
    part("Some Service", columns)
}

#[test]
fn all_types_are_read_back() {
    check(&all_types(None));
}

#[test]
fn nulls_are_read_back() {
    check(&all_types(Some(vec![true, false, true])));
    check(&all_types(Some(vec![false, false, false])));
}

#[test]
fn a_small_file_with_much_in_it_comes_in_pieces() {
    let (_dir, lake) = lake();
    let rows = 40_000;
    let texts = vec!["x".repeat(4_000); rows];
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let body = column(
        "body",
        ColumnType::String,
        Layout::Repeating,
        Values::String(strings(&texts)),
    );
    let run = lake.begin().unwrap();
    let times = time((0..i64::try_from(rows).unwrap()).collect());
    run.write(0, part("a", vec![times, body])).unwrap();
    let files = commit(run, 1).unwrap();
    assert!(files[0].len_bytes < 1_000_000);
    let pieces: Vec<Part> = lake
        .pieces(&files[0])
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!((3..=4).contains(&pieces.len()), "{}", pieces.len());
    let mut found = Vec::new();
    for piece in &pieces {
        let Values::Int64(times) = &piece.columns[0].values else {
            panic!("the first column is the time");
        };
        assert_eq!(times.len(), piece.row_count);
        found.extend_from_slice(times);
    }
    assert!(found.into_iter().eq(0..i64::try_from(rows).unwrap()));
}

#[test]
fn row_order_is_kept_across_row_groups() {
    let rows = 300_000;
    let times: Vec<i64> = (0..rows).collect();
    let texts: Vec<String> = (0..rows).map(|row| (row % 1000).to_string()).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    check(&part(
        "big",
        vec![
            time(times),
            column(
                "text",
                ColumnType::String,
                Layout::Repeating,
                Values::String(strings(&texts)),
            ),
        ],
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_columns_are_read_back(
        rows in vec((any::<i64>(), ".{0,8}", any::<f64>(), any::<bool>(), vec(any::<i64>(), 0..4)), 1..40)
    ) {
        let texts: Vec<&str> = rows.iter().map(|row| row.1.as_str()).collect();
        let mut offsets = vec![0];
        let mut items = Vec::new();
        for row in &rows {
            items.extend_from_slice(&row.4);
            offsets.push(i32::try_from(items.len()).unwrap());
        }
        let mut columns = vec![
            time(rows.iter().map(|row| row.0).collect()),
            column("text", ColumnType::String, Layout::Repeating, Values::String(strings(&texts))),
            column("double", ColumnType::Double, Layout::Repeating, Values::Double(rows.iter().map(|row| row.2).collect())),
            column("list", ColumnType::Int64List, Layout::Rising, Values::Int64List { offsets, items }),
        ];
        for column in &mut columns {
            column.validity = Some(rows.iter().map(|row| row.3).collect());
        }
        check(&part("any", columns));
    }
}

/// More rows than a row group has, so that each has a dictionary of its own.
#[test]
fn codes_of_several_row_groups_come_back() {
    const ROWS: usize = 300_000;
    let texts: Vec<String> = (0..3_000).map(|n| format!("text {n}")).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    // Runs, then a mixture, and texts that only one of the row groups has.
    let index = |row: usize| match row {
        0..50_000 => 7,
        50_000..200_000 => (row * 7_919 % 1_000) as i32,
        _ => (1_000 + row / 64 % 2_000) as i32,
    };
    let mut words = column(
        "word",
        ColumnType::String,
        Layout::Repeating,
        Values::Dictionary {
            indices: (0..ROWS).map(index).collect(),
            dictionary: strings(&texts),
        },
    );
    words.validity = Some((0..ROWS).map(|row| row % 11 != 3).collect());
    let mut same = column(
        "same",
        ColumnType::String,
        Layout::Repeating,
        Values::Dictionary {
            indices: vec![0; ROWS],
            dictionary: strings(&["always"]),
        },
    );
    same.validity = None;
    let mut nothing = same.clone();
    nothing.field.name = "nothing".to_owned();
    nothing.validity = Some(vec![false; ROWS]);
    let times = time((0..ROWS as i64).collect());
    check(&part("a", vec![times, words, same, nothing]));
}

/// Texts that are too much for one dictionary page, most of them repeated.
#[test]
fn large_dictionaries_come_back() {
    let texts: Vec<String> = (0..300)
        .map(|n| format!("{n} {}", "text ".repeat(2_000)))
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut column = column(
        "prompt",
        ColumnType::String,
        Layout::Repeating,
        Values::Dictionary {
            indices: (0..900).map(|row| row / 3).collect(),
            dictionary: strings(&texts),
        },
    );
    column.validity = Some((0..900).map(|row| row % 5 != 1).collect());
    check(&part("a", vec![time((0..900).collect()), column]));
}
