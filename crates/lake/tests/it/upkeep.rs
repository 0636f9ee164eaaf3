//! Compacting, dropping, verifying.

use std::fs;

use otolith_lake::{Lake, NoWatch, TableInfo};
use otolith_tables::{ColumnType, DatabaseName, Layout, Part, Table, Values};

use crate::parts::{column, commit, lake, part, time};

fn info(lake: &Lake, service: &str) -> TableInfo {
    let mut tables = lake.tables(&DatabaseName::from_service(service)).unwrap();
    tables.remove(0)
}

fn write(lake: &Lake, identity: u128, parts: Vec<Part>) {
    let run = lake.begin().unwrap();
    for (sequence, part) in (0..).zip(parts) {
        run.write(sequence, part).unwrap();
    }
    commit(run, identity).unwrap();
}

fn ints(name: &str, values: Vec<i64>) -> otolith_tables::PartColumn {
    column(
        name,
        ColumnType::Int64,
        Layout::Repeating,
        Values::Int64(values),
    )
}

/// Values of a column of the only part of a table; `None` where it is null.
fn values(lake: &Lake, service: &str, name: &str) -> Vec<Option<i64>> {
    let info = info(lake, service);
    assert_eq!(info.parts.len(), 1);
    let part = lake.read(&info.parts[0]).unwrap();
    let column = part.columns.iter().find(|c| c.field.name == name).unwrap();
    let Values::Int64(values) = &column.values else {
        panic!("expected integers");
    };
    let valid = |row: usize| column.validity.as_ref().is_none_or(|valid| valid[row]);
    (0..values.len())
        .map(|row| valid(row).then_some(values[row]))
        .collect()
}

#[test]
fn compacting_keeps_every_row_in_the_order_of_time() {
    let (_dir, lake) = lake();
    let first = part("a", vec![time(vec![1, 4, 9]), ints("x", vec![10, 40, 90])]);
    let second = part("a", vec![time(vec![2, 4, 5]), ints("y", vec![20, 41, 50])]);
    write(&lake, 1, vec![first]);
    write(&lake, 2, vec![second]);
    write(&lake, 3, vec![part("b", vec![time(vec![1])])]);
    let before = info(&lake, "a");
    let done = lake.compact(&NoWatch).unwrap();
    assert_eq!(done.len(), 1);
    assert_eq!((done[0].parts_before, done[0].parts_after), (2, 1));
    assert_eq!(done[0].table, Table::Logs);
    assert_eq!(values(&lake, "a", "time"), [1, 2, 4, 4, 5, 9].map(Some));
    let none = None;
    assert_eq!(
        values(&lake, "a", "x"),
        [Some(10), none, Some(40), none, none, Some(90)]
    );
    assert_eq!(
        values(&lake, "a", "y"),
        [none, Some(20), none, Some(41), Some(50), none]
    );
    let after = info(&lake, "a");
    assert_eq!(after.fields, before.fields);
    assert_eq!(after.version, 2);
    assert_eq!(after.parts[0].time_range, Some((1, 9)));
    assert!(before.parts.iter().all(|part| !part.path.exists()));
    assert!(lake.compact(&NoWatch).unwrap().is_empty());
    assert_eq!(lake.verify(&NoWatch).unwrap().findings, []);
}

#[test]
fn any_number_of_parts_becomes_one() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    let many = 64 * 2 + 3;
    for sequence in 0..many {
        let first = i64::from(sequence * 7 % many);
        let extra = ints(
            if sequence % 2 == 0 { "x" } else { "y" },
            vec![first, first],
        );
        let times = time(vec![first, first + i64::from(many)]);
        run.write(sequence, part("a", vec![times, extra])).unwrap();
    }
    commit(run, 1).unwrap();
    assert_eq!(
        lake.compact(&NoWatch).unwrap()[0].parts_before,
        u64::from(many)
    );
    let times = values(&lake, "a", "time");
    assert_eq!(
        times,
        (0..2 * i64::from(many)).map(Some).collect::<Vec<_>>()
    );
    let set = |name| values(&lake, "a", name).into_iter().flatten().count();
    assert_eq!(set("x") + set("y"), 2 * many as usize);
    assert!(!lake.dir().join("_tmp").exists());
    assert_eq!(lake.verify(&NoWatch).unwrap().findings, []);
}

#[test]
fn a_run_leaves_one_part_per_table_and_date() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    for sequence in 0..20 {
        let times = vec![i64::from(sequence), 100 - i64::from(sequence)];
        run.set_aside(sequence, &part("a", vec![time(times)]))
            .unwrap();
    }
    let partitions = run.set_aside_partitions();
    assert_eq!(partitions.len(), 1);
    run.merge(&partitions[0]).unwrap();
    assert_eq!(run.totals().0, 1);
    let files = commit(run, 7).unwrap();
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].row_count, 40);
    assert_eq!(files[0].time_range, Some((0, 100)));
    let times = values(&lake, "a", "time");
    assert!(times.is_sorted());
    assert_eq!(times.len(), 40);
}

#[test]
fn dropping_takes_what_is_too_old_and_nothing_else() {
    let (_dir, lake) = lake();
    let on = |date, micros| Part {
        date,
        ..part("a", vec![time(vec![micros])])
    };
    write(&lake, 1, vec![on(0, 1), on(20_775, 2), on(20_776, 3)]);
    write(&lake, 2, vec![on(20_777, 4), on(20_776, 5)]);
    let plan = lake.plan_drop(20_777).unwrap();
    assert_eq!((plan.tables[0].parts, plan.tables[0].rows), (3, 3));
    assert_eq!(plan.undated_rows, 1);
    assert_eq!(info(&lake, "a").parts.len(), 5);
    assert_eq!(lake.drop_before(20_777).unwrap(), plan);
    let dates: Vec<i32> = info(&lake, "a").parts.iter().map(|p| p.date).collect();
    assert_eq!(dates, [0, 20_777]);
    assert!(!lake.dir().join("a/logs/date=2026-11-19").exists());
    assert!(lake.drop_before(20_777).unwrap().is_empty());
    assert_eq!(lake.verify(&NoWatch).unwrap().findings, []);
    assert_eq!(lake.drop_before(99_999).unwrap().tables[0].rows, 1);
    assert_eq!(info(&lake, "a").parts.len(), 1);
}

#[test]
fn damage_is_found_and_named() {
    let (_dir, lake) = lake();
    write(&lake, 1, vec![part("a", vec![time(vec![1, 2])])]);
    write(&lake, 2, vec![part("b", vec![time(vec![3])])]);
    let sound = lake.verify(&NoWatch).unwrap();
    assert_eq!(
        (sound.runs, sound.tables, sound.parts, sound.rows),
        (2, 2, 2, 3)
    );
    assert_eq!(sound.findings, []);
    let path = info(&lake, "a").parts[0].path.clone();
    let name = path.strip_prefix(lake.dir()).unwrap().to_owned();
    let check = |damage: &dyn Fn(), repair: &dyn Fn(), expected: &[(&str, &str)]| {
        damage();
        let found = lake.verify(&NoWatch).unwrap().findings;
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|finding| (finding.code, finding.path.to_str().unwrap()))
            .collect();
        assert_eq!(found, expected);
        repair();
        assert_eq!(lake.verify(&NoWatch).unwrap().findings, []);
    };
    let good = fs::read(&path).unwrap();
    let restore = || fs::write(&path, &good).unwrap();
    let name = name.to_str().unwrap();
    let mut flipped = good.clone();
    flipped[20] ^= 1;
    check(
        &|| fs::write(&path, &flipped).unwrap(),
        &restore,
        &[("part_damaged", name)],
    );
    check(
        &|| fs::write(&path, &good[..50]).unwrap(),
        &restore,
        &[("part_damaged", name)],
    );
    check(
        &|| fs::remove_file(&path).unwrap(),
        &restore,
        &[("part_missing", name)],
    );
    let stray = path.with_file_name("part-stray.parquet");
    check(
        &|| fs::write(&stray, &good).unwrap(),
        &|| fs::remove_file(&stray).unwrap(),
        &[("stray_file", "a/logs/date=2026-11-20/part-stray.parquet")],
    );
    let replaced = |file: &str, from: &str, to: &str, code: &str, at: &str| {
        let path = lake.dir().join(file);
        let good = fs::read_to_string(&path).unwrap();
        assert!(good.contains(from), "{good}");
        check(
            &|| fs::write(&path, good.replace(from, to)).unwrap(),
            &|| fs::write(&path, &good).unwrap(),
            &[(code, at)],
        );
    };
    let log = "a/logs/_delta_log/00000000000000000000.json";
    replaced(
        log,
        "\\\"numRecords\\\":2",
        "\\\"numRecords\\\":3",
        "part_damaged",
        name,
    );
    replaced(log, "{\"protocol", "{\"x", "bad_log", "a/logs");
    let record = "_runs/00000000000000000002.json";
    replaced(
        record,
        "\"format\":1",
        "\"format\":9",
        "bad_ledger",
        "_runs",
    );
    replaced("_runs/_applied", "2", "1", "unfinished_run", record);
}
