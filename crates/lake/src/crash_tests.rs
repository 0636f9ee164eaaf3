//! What is left when the process dies at any step, and that the next run makes it good.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use otolith_tables::{
    AttributePlace, ColumnOrigin, ColumnType, DatabaseName, Field, Layout, Part, PartColumn, Table,
    Values,
};

use crate::disk::faults;
use crate::ledger::Ledger;
use crate::{Capture, Commit, Lake, LakeError, NoWatch};

const DAY: i32 = 20_777;

fn column(name: &str, r#type: ColumnType, origin: ColumnOrigin, values: Vec<i64>) -> PartColumn {
    PartColumn {
        field: Field {
            name: name.to_owned(),
            r#type,
            origin,
            layout: Layout::Rising,
        },
        values: Values::Int64(values),
        validity: None,
    }
}

fn part(service: &str, date: i32, times: &[i64], extra: Option<&str>) -> Part {
    let time = column(
        "time",
        ColumnType::Timestamp,
        ColumnOrigin::Base,
        times.to_vec(),
    );
    let extra = extra.map(|name| {
        let origin = ColumnOrigin::Attribute {
            place: AttributePlace::Item,
            key: name.to_owned(),
        };
        column(name, ColumnType::Int64, origin, times.to_vec())
    });
    Part {
        database: DatabaseName::from_service(service),
        table: Table::Logs,
        date,
        row_count: times.len(),
        columns: [time].into_iter().chain(extra).collect(),
    }
}

fn capture(name: &str) -> Capture {
    let hash = xxhash_rust::xxh3::xxh3_128(name.as_bytes());
    Capture {
        file: name.to_owned(),
        len_bytes: 10,
        content: hash,
        head_bytes: 10,
        head: hash,
        frames: 1,
        state: serde_json::Value::Null,
    }
}

/// Converts a capture unless the lake has it, as `ingest` does.
fn convert(lake: &Lake, name: &str, parts: &[Part], replaces: Vec<u64>) -> Result<(), LakeError> {
    let mut run = lake.begin()?;
    let capture = capture(name);
    let known = run.captures();
    let done = known
        .with_head(capture.head_bytes, capture.head)
        .any(|(run, _)| !replaces.contains(&run));
    if done {
        return Ok(());
    }
    for (sequence, part) in (0..).zip(parts) {
        run.set_aside(sequence, part)?;
    }
    for partition in run.set_aside_partitions() {
        run.merge(&partition)?;
    }
    let mut rejects = run.create_rejects()?;
    rejects
        .write_all(name.as_bytes())
        .map_err(LakeError::io("write", lake.dir()))?;
    let commit = Commit {
        identity: capture.content ^ u128::from(replaces.len() as u64),
        captures: vec![capture],
        replaces,
        account: None,
    };
    run.commit(commit, &|_| None)?;
    Ok(())
}

/// Everything that a lake holds, without what differs from run to run.
fn state(lake: &Lake) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    walk(lake.dir(), lake.dir(), &mut state);
    for database in lake.databases().unwrap() {
        for info in lake.tables(&database).unwrap() {
            let mut rows = Vec::new();
            for part in &info.parts {
                let read = lake.read(part).unwrap();
                let values = read.columns.iter().map(|c| (&c.field.name, &c.values));
                rows.push(format!("{:?}", values.collect::<Vec<_>>()));
            }
            state.insert(format!("{database} rows"), format!("{rows:?}"));
            state.insert(format!("{database} version"), info.version.to_string());
            let names: Vec<_> = info.fields.iter().map(|field| &field.name).collect();
            state.insert(format!("{database} fields"), format!("{names:?}"));
        }
    }
    let ledger = Ledger::read_all(lake.dir()).unwrap();
    for (number, record) in ledger.records() {
        let mut record = record.clone();
        record.staging = None;
        let json = String::from_utf8(record.to_json(None)).unwrap();
        state.insert(format!("run {number}"), json);
    }
    assert_eq!(ledger.pending().count(), 0);
    state
}

/// Notes the files but for logs and records, whose bytes name times and processes, and what was made of
/// tables, which names their logs.
fn walk(root: &Path, dir: &Path, state: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        if path.is_dir() {
            walk(root, &path, state);
        } else if name.starts_with("_runs/")
            || name.starts_with("_derived/")
            || name == "_otolith.json"
            || name.contains("_delta_log")
        {
            state.insert(name, String::new());
        } else {
            let hash = xxhash_rust::xxh3::xxh3_128(&std::fs::read(&path).unwrap());
            state.insert(name, format!("{hash:x}"));
        }
    }
}

/// An operation on a lake that is at hand.
type Attempt<'a> = dyn Fn() -> Result<(), LakeError> + 'a;

/// Lets `operation` die after each of its steps, repeats it, and expects what it gives undisturbed.
fn check(prepare: impl Fn(&Lake), operation: impl Fn(&Lake) -> Result<(), LakeError>) {
    check_disturbed(prepare, operation, |step, run| {
        faults::dying_after(step, run)
    });
}

fn check_disturbed<O: Fn(&Lake) -> Result<(), LakeError>>(
    prepare: impl Fn(&Lake),
    operation: O,
    disturbed: fn(u64, &Attempt<'_>) -> Result<(), LakeError>,
) {
    let fresh = || {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::create_or_open(&dir.path().join("lake")).unwrap();
        prepare(&lake);
        (dir, lake)
    };
    let (_dir, lake) = fresh();
    let (result, steps) = faults::count(|| operation(&lake));
    result.unwrap();
    let expected = state(&lake);
    assert!(lake.verify(&NoWatch).unwrap().findings.is_empty());
    assert!(steps > 5, "{steps}");
    for step in 0..steps {
        let (_dir, lake) = fresh();
        let died = disturbed(step, &|| operation(&lake));
        assert!(died.is_err(), "step {step} of {steps}");
        let half = lake.verify(&NoWatch).unwrap();
        for finding in &half.findings {
            // A part that an unfinished run has replaced may be gone before the run is noted as done.
            let expected = ["unfinished_run"].contains(&finding.code);
            assert!(expected, "step {step} of {steps}: {:?}", half.findings);
        }
        operation(&lake).unwrap_or_else(|error| panic!("step {step} of {steps}: {error:?}"));
        assert_eq!(state(&lake), expected, "step {step} of {steps}");
        assert_eq!(
            lake.verify(&NoWatch).unwrap().findings,
            [],
            "step {step} of {steps}"
        );
    }
}

fn first(lake: &Lake) {
    let parts = [
        part("a", DAY, &[1, 2], None),
        part("a", DAY + 1, &[3], None),
        part("b", DAY, &[4], Some("x")),
    ];
    convert(lake, "first", &parts, Vec::new()).unwrap();
}

fn second() -> [Part; 4] {
    [
        part("a", DAY, &[1, 5], Some("y")),
        part("a", DAY, &[0, 7], Some("z")),
        part("b", DAY, &[6], None),
        part("c", DAY, &[6], None),
    ]
}

#[test]
fn a_first_conversion_survives_death_at_every_step() {
    check(
        |_| {},
        |lake| convert(lake, "second", &second(), Vec::new()),
    );
}

#[test]
fn a_further_conversion_survives_death_at_every_step() {
    check(first, |lake| convert(lake, "second", &second(), Vec::new()));
}

#[test]
fn converting_anew_survives_death_at_every_step() {
    let again = |lake: &Lake| {
        let run = lake.begin()?;
        let replaced = Ledger::read_all(lake.dir())?.last() > 1;
        drop(run);
        match replaced {
            true => Ok(()),
            false => convert(lake, "first", &second(), vec![1]),
        }
    };
    check(first, again);
}

#[test]
fn compacting_survives_death_at_every_step() {
    let prepare = |lake: &Lake| {
        first(lake);
        convert(lake, "second", &second(), Vec::new()).unwrap();
    };
    check(prepare, |lake| lake.compact(&NoWatch).map(|_| ()));
}

#[test]
fn dropping_survives_death_at_every_step() {
    check(first, |lake| lake.drop_before(DAY + 1).map(|_| ()));
}

/// As on a full disk: the run fails, and cleans up what it may.
#[test]
fn conversions_survive_failure_at_every_step() {
    check_disturbed(
        first,
        |lake| convert(lake, "second", &second(), Vec::new()),
        |step, run| faults::failing_after(step, run),
    );
}

#[test]
fn compacting_survives_failure_at_every_step() {
    let prepare = |lake: &Lake| {
        first(lake);
        convert(lake, "second", &second(), Vec::new()).unwrap();
    };
    check_disturbed(
        prepare,
        |lake| lake.compact(&NoWatch).map(|_| ()),
        |step, run| faults::failing_after(step, run),
    );
}

/// Keeps what was made of the tables.
fn keep(lake: &Lake) -> Result<(), LakeError> {
    let state = lake.state()?.expect("logs have commits");
    assert!(lake.keep_derived("answer", state, b"42")?);
    Ok(())
}

#[test]
fn keeping_survives_death_at_every_step() {
    check(first, keep);
}

/// In the end nothing is left of it, and it is not read in between once a row is gone.
#[test]
fn what_is_kept_goes_with_the_rows_whatever_step_is_the_last() {
    let prepare = |lake: &Lake| {
        first(lake);
        keep(lake).unwrap();
    };
    let rows = |lake: &Lake| {
        let databases = lake.databases().unwrap();
        let tables = databases
            .iter()
            .flat_map(|database| lake.tables(database).unwrap());
        let parts = tables.flat_map(|info| info.parts);
        parts.map(|part| part.row_count).sum::<u64>()
    };
    let (before, after) = (4, 1);
    check(prepare, |lake| {
        assert_eq!(lake.derived("answer")?.is_some(), rows(lake) == before);
        lake.drop_before(DAY + 1)?;
        assert_eq!((lake.derived("answer")?, rows(lake)), (None, after));
        Ok(())
    });
}
