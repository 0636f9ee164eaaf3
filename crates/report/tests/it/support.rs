//! Lakes of captures, and cells by name.

use otolith_capture::{Source, find_sources};
use otolith_ingest::{Account, Collected, ConvertOptions, NoWatch, collect, convert};
use otolith_lake::Lake;
use otolith_report::{
    Calendar, Cell, CostQuery, Data, Dimension, Every, MetricsQuery, Prices, Pricing,
    ReconcileQuery, Report, Rules, Selection, SessionsQuery, Signal, SqlQuery, SummaryQuery,
    TokenFill, TokenRateQuery, TokenTypesQuery, TokensBy, TokensQuery, ToolCallsQuery, ToolsQuery,
};
use otolith_tables::Wanted;
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A lake that is gone when dropped.
pub struct TestLake {
    pub lake: Lake,
    _dir: tempfile::TempDir,
}

impl std::ops::Deref for TestLake {
    type Target = Lake;

    fn deref(&self) -> &Lake {
        &self.lake
    }
}

pub fn lake_of_sources(sources: &[Source]) -> TestLake {
    let dir = tempfile::tempdir().unwrap();
    // A path as people have them: nothing in it may be taken for a partition or a pattern.
    let lake = Lake::create_or_open(&dir.path().join("env=prod [1] 100% #1")).unwrap();
    let account = convert(sources, &lake, &ConvertOptions::default(), &NoWatch).unwrap();
    assert!(account.is_clean(), "{account:?}");
    TestLake { lake, _dir: dir }
}

impl<'a> From<&'a TestLake> for Data<'a> {
    fn from(test: &'a TestLake) -> Self {
        (&test.lake).into()
    }
}

/// Asserts that every report answers from captures as it does from their lake, byte by byte, and
/// that the captures are accounted for as they are when the lake is made.
pub fn check_directly(sources: &[Source], threads: usize, signals: &[Option<Signal>]) {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::create_temporary(&dir.path().join("lake")).unwrap();
    let converted = convert(sources, &lake, &ConvertOptions::default(), &NoWatch).unwrap();
    for signal in signals {
        check_one(sources, &lake, &converted, threads, *signal);
    }
}

fn check_one(
    sources: &[Source],
    lake: &Lake,
    converted: &Account,
    threads: usize,
    signal: Option<Signal>,
) {
    let options = ConvertOptions {
        threads: NonZeroUsize::new(threads).unwrap(),
        ..ConvertOptions::default()
    };
    let read = |wanted: Wanted| {
        let collected = collect(sources, &Arc::new(wanted), &options, &NoWatch).unwrap();
        let Collected { extract, account } = collected;
        let expected = Account {
            parts_written: 0,
            bytes_written: 0,
            rejects_file: None,
            ..converted.clone()
        };
        assert_eq!(account, expected);
        let newest = |data: Data<'_>| data.newest_micros().unwrap();
        assert_eq!(newest((&extract).into()), newest(lake.into()));
        extract
    };
    let json = |report: &Report| report.to_json().to_string();
    let selection = Selection {
        signal,
        ..Selection::default()
    };
    let usage = read(otolith_report::usage_wanted(signal));
    let of_lake = reports(lake.into(), &selection);
    let of_captures = reports((&usage).into(), &selection);
    for (lake, captures) in of_lake.iter().zip(&of_captures) {
        assert_eq!(json(captures), json(lake));
    }
    let metrics = read(otolith_report::metrics_wanted(signal));
    let resources = read(otolith_report::resources_wanted(signal));
    let of_lake = crate::resources::reports(lake.into(), &selection);
    let of_captures = crate::resources::reports((&resources).into(), &selection);
    for (lake, captures) in of_lake.iter().zip(&of_captures) {
        assert_eq!(json(captures), json(lake));
    }
    for (wanted, ask) in crate::activity::ASKED {
        let captures = read(wanted(signal));
        let answers = [
            ask((&captures).into(), &selection),
            ask(lake.into(), &selection),
        ];
        assert_eq!(json(&answers[0]), json(&answers[1]));
    }
    for (wanted, reports) in crate::hosts::reports(signal) {
        let points = read(wanted);
        let of_lake = reports(lake.into(), &selection);
        let of_captures = reports((&points).into(), &selection);
        assert_eq!(of_captures, of_lake);
    }
    let query = MetricsQuery { selection };
    let of_lake = otolith_report::metrics(lake, &query).unwrap();
    let of_captures = otolith_report::metrics(&metrics, &query).unwrap();
    assert_eq!(json(&of_captures), json(&of_lake));
}

/// Every report over usage.
fn reports(data: Data<'_>, selection: &Selection) -> Vec<Report> {
    let selection = || selection.clone();
    let calendar = Calendar::default();
    let mut reports = vec![
        otolith_report::summary(
            data,
            &SummaryQuery {
                selection: selection(),
            },
        ),
        otolith_report::tools(
            data,
            &ToolsQuery {
                selection: selection(),
            },
        ),
        otolith_report::explain_tools(
            data,
            &ToolsQuery {
                selection: selection(),
            },
        ),
        otolith_report::tool_calls(
            data,
            &ToolCallsQuery {
                selection: selection(),
            },
        ),
    ];
    for by in [&Dimension::ALL[..], &[]] {
        let by = by.to_vec();
        let cost = CostQuery {
            by: by.clone(),
            calendar: calendar.clone(),
            selection: selection(),
            pricing: embedded(),
        };
        let tokens = TokensQuery {
            by,
            calendar: calendar.clone(),
            selection: selection(),
        };
        reports.push(otolith_report::cost(data, &cost));
        reports.push(otolith_report::tokens(data, &tokens));
        if !cost.by.is_empty() {
            reports.push(otolith_report::explain_cost(data, &cost));
            reports.push(otolith_report::explain_tokens(data, &tokens));
        }
    }
    let reconcile = ReconcileQuery {
        calendar: calendar.clone(),
        selection: selection(),
        pricing: embedded(),
    };
    reports.push(otolith_report::reconcile(data, &reconcile));
    reports.push(otolith_report::token_types(
        data,
        &TokenTypesQuery {
            by: vec![TokensBy::Type, TokensBy::Dimension(Dimension::Session)],
            calendar: calendar.clone(),
            selection: selection(),
        },
    ));
    reports.push(otolith_report::token_rate(
        data,
        &TokenRateQuery {
            every: Every::HOUR,
            by: vec![Dimension::Agent],
            fill: TokenFill::Zero,
            calendar,
            selection: selection(),
        },
    ));
    reports.into_iter().map(Result::unwrap).collect()
}

/// The lake of capture files.
pub fn lake_of_files(path: &Path) -> TestLake {
    lake_of_sources(&find_sources(&[path.to_owned()]).unwrap())
}

/// The lake of hand-written requests, one per line. That they give the same answers without a lake
/// is asserted on the way.
pub fn lake_of(requests: &[Value]) -> TestLake {
    let lines: Vec<String> = requests.iter().map(Value::to_string).collect();
    let bytes = lines.join("\n").into_bytes();
    let sources = [Source::from_bytes("test.jsonl", bytes)];
    let signals = [Signal::Traces, Signal::Metrics, Signal::Logs];
    let signals: Vec<_> = signals.map(Some).into_iter().chain([None]).collect();
    check_directly(&sources, 1, &signals);
    lake_of_sources(&sources)
}

/// The committed captures.
pub fn captures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures")
}

pub fn only(signal: Signal) -> Selection {
    Selection {
        signal: Some(signal),
        ..Selection::default()
    }
}

pub fn tokens(lake: &Lake, by: &[Dimension], selection: Selection) -> Report {
    let query = TokensQuery {
        by: by.to_vec(),
        calendar: Calendar::default(),
        selection,
    };
    otolith_report::tokens(lake, &query).unwrap()
}

/// The embedded list prices.
pub fn embedded() -> Pricing {
    Pricing {
        prices: Prices::embedded(),
        rules: Rules::default(),
    }
}

/// The question of `sessions` at the embedded list prices.
pub fn sessions_query(selection: Selection) -> SessionsQuery {
    SessionsQuery {
        selection,
        pricing: embedded(),
    }
}

pub fn cost(lake: &Lake, by: &[Dimension], selection: Selection) -> Report {
    let query = CostQuery {
        by: by.to_vec(),
        calendar: Calendar::default(),
        selection,
        pricing: embedded(),
    };
    otolith_report::cost(lake, &query).unwrap()
}

/// One column as numbers by the texts of others; rows without a number are left out.
pub fn numbers(report: &Report, keys: &[&str], column: &str) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for row in 0..report.rows.len() {
        let text = |key: &&str| match report.cell(row, key).expect("the column exists") {
            Cell::Text(text) => text.clone(),
            other => other.to_json().to_string(),
        };
        let key: Vec<String> = keys.iter().map(text).collect();
        let cell = report.cell(row, column).expect("the column exists");
        if let Some(number) = cell.to_json().as_f64() {
            found.insert(key.join(" | "), number);
        }
    }
    found
}

/// Asserts that numbers are equal but for a relative 1e-9.
pub fn check(found: &BTreeMap<String, f64>, expected: &BTreeMap<String, f64>, what: &str) {
    let keys = |map: &BTreeMap<String, f64>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(found), keys(expected), "{what}");
    for (key, expected) in expected {
        let found = found[key];
        let close = (found - expected).abs() <= 1e-9 * expected.abs();
        assert!(close, "{what}, {key}: {found} instead of {expected}");
    }
}

/// Count of the notes of a code.
pub fn noted(report: &Report, code: &str) -> u64 {
    let notes = report.notes.iter().filter(|n| n.code.as_str() == code);
    notes.map(|n| n.count).sum()
}

/// The first row as JSON.
pub fn first_row(report: &Report) -> Value {
    report.row_to_json(&report.rows[0])
}

/// A query; its present is the newest item.
pub fn ask(text: &str) -> SqlQuery<'_> {
    SqlQuery { text, now: None }
}
