//! Some columns and rows of files.

use otolith_tables::{ColumnType, Layout, Part, PartColumn, Strings, Values};

use crate::parts::{column, commit, lake, part, strings, time};

fn words(name: &str, indices: Vec<i32>, texts: &[&str]) -> PartColumn {
    let values = Values::Dictionary {
        indices,
        dictionary: strings(texts),
    };
    column(name, ColumnType::String, Layout::Repeating, values)
}

/// The texts of a column, which come as codes.
fn texts(part: &Part, name: &str) -> Vec<Option<String>> {
    let column = part.columns.iter().find(|c| c.field.name == name).unwrap();
    let Values::Dictionary {
        indices,
        dictionary: Strings { offsets, bytes },
    } = &column.values
    else {
        panic!("{name} does not come as codes: {:?}", column.values);
    };
    let text = |row: usize| {
        let code = indices[row] as usize;
        let range = offsets[code] as usize..offsets[code + 1] as usize;
        String::from_utf8(bytes[range].to_vec()).unwrap()
    };
    let is_valid = |row: &usize| column.validity.as_ref().is_none_or(|valid| valid[*row]);
    let rows = 0..part.row_count;
    rows.map(|row| is_valid(&row).then(|| text(row))).collect()
}

fn names(part: &Part) -> Vec<&str> {
    part.columns.iter().map(|c| c.field.name.as_str()).collect()
}

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn columns_and_rows_are_chosen_and_missing_ones_are_absent() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    let mut model = words("model", vec![1, 0, 1, 0], &["opus", "haiku"]);
    model.validity = Some(vec![true, true, false, true]);
    let body = column(
        "body",
        ColumnType::String,
        Layout::Distinct,
        Values::String(strings(&["a", "b", "c", "d"])),
    );
    let first = part("shop", vec![time(vec![1, 2, 3, 4]), model, body]);
    run.write(0, first).unwrap();
    // An older file of the table, which lacks the columns.
    let second = part("shop", vec![time(vec![5])]);
    let second = Part {
        date: second.date + 1,
        ..second
    };
    run.write(1, second).unwrap();
    let files = commit(run, 7).unwrap();

    let reader = lake.reader(&files[0]).unwrap();
    assert_eq!(reader.group_count(), 1);
    let all = reader.read(0, &["model", "nobody", "time"], None).unwrap();
    assert_eq!((names(&all), all.row_count), (vec!["time", "model"], 4));
    let mut expected = some(&["haiku", "opus", "", "opus"]);
    expected[2] = None;
    assert_eq!(texts(&all, "model"), expected);
    assert_eq!(all.columns[1].field.name, "model");

    let rows = [false, true, false, true];
    let chosen = reader.read(0, &["model", "body"], Some(&rows)).unwrap();
    assert_eq!(chosen.row_count, 2);
    assert_eq!(texts(&chosen, "model"), some(&["opus", "opus"]));
    assert_eq!(
        chosen.columns[1].values,
        Values::String(strings(&["b", "d"]))
    );

    let none = reader.read(0, &[], None).unwrap();
    assert_eq!((none.row_count, none.columns.len()), (4, 0));
    let old = lake.reader(&files[1]).unwrap();
    let read = old.read(0, &["model", "time"], None).unwrap();
    assert_eq!((names(&read), read.row_count), (vec!["time"], 1));
}

#[test]
fn row_groups_are_read_one_by_one() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    let rows = 300_000;
    let indices = (0..rows).map(|row| row % 3).collect();
    let times = (0..rows).map(i64::from).collect();
    let word = words("word", indices, &["x", "y", "z"]);
    run.write(0, part("shop", vec![time(times), word])).unwrap();
    let files = commit(run, 7).unwrap();
    let reader = lake.reader(&files[0]).unwrap();
    assert!(reader.group_count() > 1);
    let mut found = 0;
    for group in 0..reader.group_count() {
        let part = reader.read(group, &["word"], None).unwrap();
        for (row, text) in texts(&part, "word").iter().enumerate() {
            let expected = ["x", "y", "z"][(found + row) % 3];
            assert_eq!(text.as_deref(), Some(expected));
        }
        found += part.row_count;
    }
    assert_eq!(found, 300_000);
}

#[test]
fn batches_have_the_rows_of_a_row_group_in_order() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    let mut word = words(
        "word",
        (0..1_000).map(|r| r % 3).collect(),
        &["x", "y", "z"],
    );
    word.validity = Some((0..1_000).map(|row| row % 7 != 0).collect());
    let mut same = words("word", vec![0; 1_000], &["same"]);
    same.field.name = String::from("same");
    let columns = vec![time((0..1_000).collect()), same, word];
    run.write(0, part("shop", columns)).unwrap();
    let files = commit(run, 7).unwrap();
    let reader = lake.reader(&files[0]).unwrap();
    assert_eq!(reader.only_text(0, "same"), Some("same"));
    assert_eq!(reader.only_text(0, "word"), None);
    let wanted = ["time", "same", "word"];
    let some_rows: Vec<bool> = (0..1_000).map(|row| row % 5 < 2).collect();
    for rows in [None, Some(some_rows.as_slice())] {
        let whole = reader.read(0, &wanted, rows).unwrap();
        for batch_rows in [1, 64, 1_000, usize::MAX] {
            let (mut same, mut word) = (Vec::new(), Vec::new());
            let mut times = Vec::new();
            for batch in reader.batches(0, &wanted, rows, batch_rows).unwrap() {
                let batch = batch.unwrap();
                assert!((1..=batch_rows).contains(&batch.row_count));
                assert_eq!(names(&batch), wanted);
                let Values::Int64(values) = &batch.columns[0].values else {
                    panic!("times are numbers")
                };
                times.extend(values);
                same.extend(texts(&batch, "same"));
                word.extend(texts(&batch, "word"));
            }
            assert_eq!(whole.columns[0].values, Values::Int64(times));
            assert_eq!(texts(&whole, "same"), same);
            assert_eq!(texts(&whole, "word"), word);
        }
    }
}

#[test]
fn texts_that_outgrow_a_dictionary_come_as_codes_all_the_same() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    let long: Vec<String> = (0..3_000).map(|n| format!("{n:01000}")).collect();
    let texts_of: Vec<&str> = long.iter().map(String::as_str).collect();
    let word = words("word", (0..3_000).collect(), &texts_of);
    run.write(0, part("shop", vec![time(vec![1; 3_000]), word]))
        .unwrap();
    let files = commit(run, 7).unwrap();
    let read = lake
        .reader(&files[0])
        .unwrap()
        .read(0, &["word"], None)
        .unwrap();
    assert_eq!(texts(&read, "word"), some(&texts_of));
}

#[test]
fn columns_of_one_text_are_as_any_other() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    let long = "long ".repeat(40);
    let same = |name, text| {
        let mut column = words("word", vec![0, 0, 0], &[text]);
        column.field.name = String::from(name);
        column
    };
    let mut sometimes = same("sometimes", "x");
    sometimes.validity = Some(vec![true, false, true]);
    let columns = vec![
        time(vec![1, 2, 3]),
        same("empty", ""),
        sometimes,
        same("long", &long),
        same("short", "m\u{fc}de"),
    ];
    run.write(0, part("shop", columns)).unwrap();
    let files = commit(run, 7).unwrap();
    let reader = lake.reader(&files[0]).unwrap();
    let wanted = ["time", "empty", "sometimes", "long", "short"];
    for rows in [None, Some([true, false, true].as_slice())] {
        let read = reader.read(0, &wanted, rows).unwrap();
        let count = if rows.is_some() { 2 } else { 3 };
        assert_eq!((read.row_count, names(&read)), (count, wanted.to_vec()));
        for (name, text) in [("empty", ""), ("long", &long), ("short", "m\u{fc}de")] {
            assert_eq!(texts(&read, name), some(&vec![text; count]), "{name}");
        }
    }
    // Nothing is left to decode.
    let read = reader
        .read(0, &["short"], Some(&[false, true, true]))
        .unwrap();
    assert_eq!(texts(&read, "short"), some(&["m\u{fc}de"; 2]));
    let read = reader.read(0, &["sometimes"], None).unwrap();
    assert_eq!(texts(&read, "sometimes")[1], None);
}
