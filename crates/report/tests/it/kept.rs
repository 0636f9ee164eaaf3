//! Usage that is kept in a lake answers as the tables do. Of all captures and of hand-written requests
//! that is asserted where their lakes are made ([`crate::support::check_directly`]).

use crate::otlp::logs;
use crate::support::{
    TestLake, captures, cost, lake_of_files, reports_of_sums, tokens, tokens_query,
};
use otolith_capture::Source;
use otolith_ingest::{ConvertOptions, NoWatch, convert};
use otolith_lake::Lake;
use otolith_report::{
    Dimension, Duplicates, Glob, Report, Selection, Signal, is_kept_usage_right, keep_usage, usage,
};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// Asserts that answers are the same, byte by byte, after the usage of a lake was kept: of all times, of
/// a part of them, and where what is kept cannot answer.
pub fn check(lake: &Lake) {
    let records = usage(lake, &Selection::default()).unwrap().records;
    let third = |count: usize| records.get(records.len() * count / 3).map(|r| r.time);
    let selections = [
        Selection::default(),
        Selection {
            since: third(1),
            until: third(2),
            ..Selection::default()
        },
    ];
    let ask = || {
        selections
            .each_ref()
            .map(|selection| answers(lake, selection))
    };
    let before = ask();
    let bytes = keep_usage(lake).unwrap();
    assert!(bytes.is_some());
    assert!(is_kept_usage_right(lake).unwrap());
    assert_eq!(before, ask());
}

fn answers(lake: &Lake, selection: &Selection) -> Vec<String> {
    let mut reports = reports_of_sums(lake.into(), selection);
    let containers = crate::hosts::tokens_query(selection);
    reports.push(otolith_report::container_tokens(lake, &containers).unwrap());
    let json = |report: &Report| report.to_json().to_string();
    reports.iter().map(json).collect()
}

fn claude() -> TestLake {
    lake_of_files(&captures().join("claude-http/file-exporter"))
}

/// Where usage is kept.
fn kept(lake: &Lake) -> PathBuf {
    lake.dir().join("_derived/usage")
}

/// Removes all parts of a lake, and nothing of its logs.
fn remove_parts(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            remove_parts(&path);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
        {
            fs::remove_file(&path).unwrap();
        }
    }
}

#[test]
fn what_is_kept_answers_without_the_tables() {
    let lake = claude();
    let by = [Dimension::Agent, Dimension::Day];
    let [of_cost, of_tokens] =
        [cost, tokens].map(|ask| ask(&lake, &by, Selection::default()).to_json());
    keep_usage(&lake).unwrap().unwrap();
    remove_parts(lake.dir());
    let ask = |selection| cost(&lake, &by, selection).to_json();
    assert_eq!(ask(Selection::default()), of_cost);
    assert_eq!(
        tokens(&lake, &by, Selection::default()).to_json(),
        of_tokens
    );
    // Questions that leave something out go to the tables.
    let all = Glob::new("*");
    for selection in [
        Selection {
            services: Some(all),
            ..Selection::default()
        },
        Selection {
            signal: Some(Signal::Logs),
            ..Selection::default()
        },
        Selection {
            duplicates: Duplicates::Keep,
            ..Selection::default()
        },
    ] {
        assert!(usage(&lake.lake, &selection).is_err());
    }
}

#[test]
fn a_changed_lake_is_read_again() {
    let lake = claude();
    let by = [Dimension::Model];
    keep_usage(&lake).unwrap().unwrap();
    let before = tokens(&lake, &by, Selection::default()).to_json();
    let request = json!({
        "event.name": "api_request",
        "model": "a-new-one",
        "session.id": "s",
        "request_id": "r",
        "input_tokens": 5,
    });
    let more = logs("claude-code", "any", &[(1.0, request)]).to_string();
    let sources = [Source::from_bytes("more.jsonl", more.into_bytes())];
    convert(&sources, &lake, &ConvertOptions::default(), &NoWatch).unwrap();
    assert!(!kept(&lake).exists(), "a run takes away what was kept");
    let after = tokens(&lake, &by, Selection::default()).to_json();
    assert_ne!(before, after);
    assert!(after.to_string().contains("a-new-one"));
}

#[test]
fn what_other_programs_write_is_noticed() {
    let lake = claude();
    let by = [Dimension::Model];
    keep_usage(&lake).unwrap().unwrap();
    remove_parts(lake.dir());
    let ask = || tokens_of(&lake, &by);
    assert!(ask().is_some());
    // A commit that changes nothing but its table's version.
    let log = lake.dir().join("claude_code/logs/_delta_log");
    let versions = fs::read_dir(&log)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let json = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    };
    let count = versions.filter(json).count();
    let info = json!({"commitInfo": {"timestamp": 0, "operation": "WRITE"}});
    fs::write(log.join(format!("{count:020}.json")), info.to_string()).unwrap();
    assert!(
        ask().is_none(),
        "the tables are asked, and their parts are gone"
    );
}

fn tokens_of(lake: &Lake, by: &[Dimension]) -> Option<String> {
    let query = tokens_query(by, Selection::default());
    let report = otolith_report::tokens(lake, &query).ok()?;
    Some(report.to_json().to_string())
}

#[test]
fn what_was_damaged_or_made_otherwise_is_not_read() {
    let lake = claude();
    let by = [Dimension::Model];
    let right = tokens_of(&lake, &by);
    keep_usage(&lake).unwrap().unwrap();
    let whole = fs::read(kept(&lake)).unwrap();
    for place in (0..whole.len()).step_by(7) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x40;
        fs::write(kept(&lake), &bytes).unwrap();
        assert_eq!(tokens_of(&lake, &by), right, "byte {place}");
    }
    // Of other rules, which come first behind the header, it is nothing.
    let mut bytes = whole[40..].to_vec();
    bytes[0] ^= 1;
    bytes[20] ^= 1;
    let state = lake.state().unwrap().unwrap();
    assert!(lake.keep_derived("usage", state, &bytes).unwrap());
    assert_eq!(tokens_of(&lake, &by), right);
    assert!(is_kept_usage_right(&lake).unwrap());
    fs::write(kept(&lake), &whole[..20]).unwrap();
    assert_eq!(tokens_of(&lake, &by), right);
    assert!(is_kept_usage_right(&lake).unwrap(), "there is none");
}

#[test]
fn usage_that_the_tables_do_not_tell_is_found() {
    let lake = claude();
    keep_usage(&lake).unwrap().unwrap();
    assert!(is_kept_usage_right(&lake).unwrap());
    // Without the header, that of the lake.
    let mut bytes = fs::read(kept(&lake)).unwrap().split_off(40);
    *bytes.last_mut().unwrap() ^= 1;
    let state = lake.state().unwrap().unwrap();
    assert!(lake.keep_derived("usage", state, &bytes).unwrap());
    assert!(!is_kept_usage_right(&lake).unwrap());
}
