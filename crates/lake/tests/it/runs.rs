//! Runs: all or nothing, and never twice.

use std::fs;
use std::io::Write as _;
use std::path::Path;

use otolith_lake::{Capture, Commit, LakeError, NoWatch, Run};
use otolith_tables::{ColumnType, Layout, Values};

use crate::parts::{column, commit, lake, part, time};

/// All files below a directory, relative, sorted.
fn files(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(dir).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_dropped_run_leaves_nothing() {
    let (_dir, lake) = lake();
    let mut run = lake.begin().unwrap();
    run.write(0, part("a", vec![time(vec![1])])).unwrap();
    run.create_rejects().unwrap();
    assert_eq!(files(lake.dir()).len(), 4);
    assert!(lake.databases().unwrap().is_empty());
    drop(run);
    assert_eq!(files(lake.dir()), ["_otolith.json"]);
    assert!(!lake.dir().join("_tmp").exists());
}

#[test]
fn a_commit_puts_everything_in_its_place() {
    let (_dir, lake) = lake();
    let mut run = lake.begin().unwrap();
    let mut rejects = run.create_rejects().unwrap();
    rejects.write_all(b"{}\n").unwrap();
    run.write(1, part("b", vec![time(vec![2])])).unwrap();
    run.write(0, part("a", vec![time(vec![1])])).unwrap();
    let parts = commit(run, 0xab).unwrap();
    let hex = "000000000000000000000000000000ab";
    assert_eq!(
        files(lake.dir()),
        [
            "_otolith.json".to_owned(),
            format!("_rejects/rejects-{hex}.jsonl"),
            "_runs/00000000000000000001.json".to_owned(),
            "_runs/_applied".to_owned(),
            "a/logs/_delta_log/00000000000000000000.json".to_owned(),
            format!("a/logs/date=2026-11-20/part-{hex}-00000.parquet"),
            "b/logs/_delta_log/00000000000000000000.json".to_owned(),
            format!("b/logs/date=2026-11-20/part-{hex}-00001.parquet"),
        ]
    );
    assert_eq!(parts[0].time_range, Some((1, 1)));
    assert_eq!(parts[1].time_range, Some((2, 2)));
}

#[test]
fn what_a_killed_run_left_is_removed_and_what_a_live_one_has_is_not() {
    let (_dir, lake) = lake();
    let live = lake.begin().unwrap();
    live.write(0, part("a", vec![time(vec![1])])).unwrap();
    let left = lake.dir().join("_tmp/run-1-00");
    fs::create_dir(&left).unwrap();
    fs::write(left.join("part-00000.parquet"), b"half").unwrap();
    fs::write(lake.dir().join("_tmp/run-1-00.lock"), b"").unwrap();
    let next = lake.begin().unwrap();
    assert!(!left.exists());
    assert!(!lake.dir().join("_tmp/run-1-00.lock").exists());
    assert_eq!(commit(live, 1).unwrap().len(), 1);
    drop(next);
    assert!(!lake.dir().join("_tmp").exists());
}

#[test]
fn of_two_runs_that_disagree_on_a_type_one_fails_and_the_lake_stays_readable() {
    let (_dir, lake) = lake();
    let with = |r#type, values| {
        let run = lake.begin().unwrap();
        let extra = column("n", r#type, Layout::Repeating, values);
        run.write(0, part("a", vec![time(vec![1]), extra])).unwrap();
        run
    };
    let ints = with(ColumnType::Int64, Values::Int64(vec![1]));
    let same = with(ColumnType::Int64, Values::Int64(vec![2]));
    let truths = with(ColumnType::Double, Values::Double(vec![0.5]));
    commit(ints, 1).unwrap();
    let error = commit(truths, 2).unwrap_err();
    assert!(
        matches!(&error, LakeError::Overtaken { column, .. } if column == "n"),
        "{error:?}"
    );
    commit(same, 3).unwrap();
    let info = &lake.tables(&lake.databases().unwrap()[0]).unwrap()[0];
    assert_eq!(info.parts.len(), 2);
}

#[test]
fn parts_of_a_run_that_disagree_on_a_type_are_refused_before_anything_happens() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    let ints = column(
        "n",
        ColumnType::Int64,
        Layout::Repeating,
        Values::Int64(vec![1]),
    );
    let doubles = column(
        "n",
        ColumnType::Double,
        Layout::Repeating,
        Values::Double(vec![1.0]),
    );
    run.write(0, part("a", vec![time(vec![1]), ints])).unwrap();
    run.write(1, part("a", vec![time(vec![1]), doubles]))
        .unwrap();
    let error = commit(run, 1).unwrap_err();
    assert!(
        matches!(&error, LakeError::TypeConflict { column, .. } if column == "n"),
        "{error:?}"
    );
    assert_eq!(files(lake.dir()), ["_otolith.json"]);
}

#[test]
fn threads_may_write_at_once() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    std::thread::scope(|scope| {
        for sequence in 0..8 {
            let run = &run;
            scope.spawn(move || {
                let part = part("a", vec![time(vec![sequence.into()])]);
                run.write(sequence, part).unwrap();
            });
        }
    });
    let files = commit(run, 1).unwrap();
    let times: Vec<i64> = files
        .iter()
        .map(|file| file.time_range.unwrap().0)
        .collect();
    assert_eq!(times, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn parts_that_contradict_themselves_are_refused() {
    let (_dir, lake) = lake();
    let check = |values, r#type| {
        let run = lake.begin().unwrap();
        let bad = column("bad", r#type, Layout::Repeating, values);
        let error = run
            .write(0, part("a", vec![time(vec![1, 2]), bad]))
            .unwrap_err();
        assert!(
            matches!(&error, LakeError::BadPart { table, column, .. } if table == "a.logs" && column == "bad"),
            "{error:?}"
        );
    };
    let text = |offsets: Vec<i32>, bytes: &[u8]| {
        Values::String(otolith_tables::Strings {
            offsets,
            bytes: bytes.to_vec(),
        })
    };
    check(Values::Int64(vec![1]), ColumnType::Int64);
    check(Values::Int64(vec![1, 2]), ColumnType::String);
    check(text(vec![0, 3, 1], b"abc"), ColumnType::String);
    check(text(vec![0, 1, 9], b"abc"), ColumnType::String);
    check(text(vec![0, 1, 2], &[0xff, 0xfe]), ColumnType::String);
    check(text(vec![], b""), ColumnType::String);
    let list = |offsets, items| Values::Int64List { offsets, items };
    check(list(vec![0, -1, 1], vec![1]), ColumnType::Int64List);
    check(list(vec![0, 1, 5], vec![1]), ColumnType::Int64List);
    let dictionary = Values::Dictionary {
        indices: vec![0, 7],
        dictionary: crate::parts::strings(&["a"]),
    };
    check(dictionary, ColumnType::String);
}

#[test]
fn a_sequence_number_is_taken_once() {
    let (_dir, lake) = lake();
    let run = lake.begin().unwrap();
    run.write(0, part("a", vec![time(vec![1])])).unwrap();
    let error = run.write(0, part("a", vec![time(vec![1])])).unwrap_err();
    assert!(matches!(
        error,
        LakeError::Io {
            action: "create",
            ..
        }
    ));
}

/// What `_applied` says is a hint: without it every record is applied again, and nothing changes.
#[test]
fn records_may_be_applied_again_when_their_files_are_long_gone() {
    let (_dir, lake) = lake();
    for identity in 1..4 {
        let mut run = lake.begin().unwrap();
        run.create_rejects().unwrap().write_all(b"{}\n").unwrap();
        let micros = i64::try_from(identity).unwrap();
        run.write(0, part("a", vec![time(vec![micros])])).unwrap();
        commit(run, identity).unwrap();
    }
    lake.compact(&NoWatch).unwrap();
    fs::remove_file(
        lake.dir()
            .join(format!("_rejects/rejects-{:032x}.jsonl", 2)),
    )
    .unwrap();
    fs::remove_file(lake.dir().join("_runs/_applied")).unwrap();
    let before = lake
        .tables(&lake.databases().unwrap()[0])
        .unwrap()
        .remove(0);
    drop(lake.begin().unwrap());
    let after = lake
        .tables(&lake.databases().unwrap()[0])
        .unwrap()
        .remove(0);
    assert_eq!((after.parts, after.version), (before.parts, before.version));
    let found = lake.verify(&NoWatch).unwrap().findings;
    let codes: Vec<&str> = found.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["rejects_damaged"]);
}

#[test]
fn runs_side_by_side_all_become_part_of_the_lake() {
    let (_dir, lake) = lake();
    std::thread::scope(|scope| {
        for number in 0..6 {
            let lake = &lake;
            scope.spawn(move || {
                for turn in 0..4 {
                    let run = lake.begin().unwrap();
                    let micros = i64::from(number * 10 + turn);
                    run.write(0, part("a", vec![time(vec![micros])])).unwrap();
                    commit(run, u128::from(micros.unsigned_abs())).unwrap();
                }
            });
        }
    });
    let info = &lake.tables(&lake.databases().unwrap()[0]).unwrap()[0];
    let mut times: Vec<i64> = info.parts.iter().map(|p| p.time_range.unwrap().0).collect();
    times.sort_unstable();
    let expected: Vec<i64> = (0..6)
        .flat_map(|n| (0..4).map(move |t| n * 10 + t))
        .collect();
    assert_eq!(times, expected);
    assert_eq!(lake.verify(&NoWatch).unwrap().findings, []);
    assert_eq!(lake.verify(&NoWatch).unwrap().runs, 24);
}

#[test]
fn a_capture_that_another_run_took_meanwhile_is_not_taken_twice() {
    let (_dir, lake) = lake();
    let capture = |len_bytes| Capture {
        file: "x.jsonl".to_owned(),
        len_bytes,
        content: len_bytes.into(),
        head_bytes: 4,
        head: 4,
        frames: 1,
        state: serde_json::Value::Null,
    };
    let with = |run: Run, identity, capture, overlaps: bool| {
        run.write(0, part("a", vec![time(vec![1])])).unwrap();
        let commit = Commit {
            identity,
            captures: vec![capture],
            ..Commit::default()
        };
        run.commit(commit, &|_| overlaps.then(|| "x.jsonl".to_owned()))
    };
    let (first, second, third) = (lake.begin(), lake.begin(), lake.begin());
    with(first.unwrap(), 1, capture(10), true).unwrap();
    let error = with(second.unwrap(), 2, capture(12), true).unwrap_err();
    assert!(matches!(&error, LakeError::ConvertedMeanwhile { file } if file == "x.jsonl"));
    with(third.unwrap(), 3, capture(14), false).unwrap();
    let known = lake.begin().unwrap().captures();
    let lens: Vec<(u64, u64)> = known
        .with_head(4, 4)
        .map(|(run, capture)| (run, capture.len_bytes))
        .collect();
    assert_eq!(lens, [(1, 10), (2, 14)]);
    assert_eq!(lake.verify(&NoWatch).unwrap().findings, []);
}

#[test]
fn many_runs_leave_checkpoints_that_tell_all() {
    let (_dir, lake) = lake();
    for number in 0..55_i64 {
        let run = lake.begin().unwrap();
        let extra = column(
            &format!("x{}", number / 20),
            ColumnType::Int64,
            Layout::Repeating,
            Values::Int64(vec![number]),
        );
        run.write(0, part("a", vec![time(vec![number]), extra]))
            .unwrap();
        commit(run, u128::from(number.unsigned_abs())).unwrap();
    }
    let database = &lake.databases().unwrap()[0];
    let before = lake.tables(database).unwrap().remove(0);
    assert_eq!((before.parts.len(), before.version), (55, 54));
    let log = lake.dir().join("a/logs/_delta_log");
    assert!(log.join("_last_checkpoint").exists());
    for version in 0..50 {
        fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
    }
    let after = lake.tables(database).unwrap().remove(0);
    assert_eq!(
        (&after.parts, &after.fields),
        (&before.parts, &before.fields)
    );
    assert_eq!(lake.compact(&NoWatch).unwrap()[0].parts_before, 55);
    let compacted = lake.tables(database).unwrap().remove(0);
    assert_eq!(compacted.parts[0].row_count, 55);
    // The ledger has a summary as well: a run needs no record before it.
    let runs = lake.dir().join("_runs");
    let summary = fs::read(runs.join(format!("{:020}.summary", 50))).unwrap();
    for damaged in [&summary[..], b"{}", &summary[..summary.len() / 2]] {
        fs::write(runs.join(format!("{:020}.summary", 50)), damaged).unwrap();
        let run = lake.begin().unwrap();
        run.write(0, part("a", vec![time(vec![1])])).unwrap();
        commit(run, 100 + damaged.len() as u128).unwrap();
    }
    assert_eq!(lake.verify(&NoWatch).unwrap().findings, []);
}
