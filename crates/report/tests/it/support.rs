//! Lakes of captures, and cells by name.

use otolith_capture::{Source, find_sources};
use otolith_ingest::{Account, Collected, ConvertOptions, NoWatch, collect, convert};
use otolith_lake::Lake;
use otolith_report::{
    Calendar, Cell, CostQuery, Data, Dimension, Every, MetricsQuery, Prices, Pricing,
    ReconcileQuery, Report, Rules, Selection, SessionsQuery, Signal, SqlQuery, SummaryQuery,
    TokenFill, TokenRateQuery, TokenTypesQuery, TokensBy, TokensQuery, ToolCallsQuery, ToolsQuery,
};
use otolith_tables::{Extract, Wanted};
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
    lake_of_runs(&[sources])
}

/// The lake of sources that are converted one after the other.
pub fn lake_of_runs(runs: &[&[Source]]) -> TestLake {
    let dir = tempfile::tempdir().unwrap();
    // A path as people have them: nothing in it may be taken for a partition or a pattern. Nothing
    // here survives a crash of the machine, and waiting for the disk took most of the time.
    let lake = Lake::create_temporary(&dir.path().join("env=prod [1] 100% #1")).unwrap();
    for sources in runs {
        let account = convert(sources, &lake, &ConvertOptions::default(), &NoWatch).unwrap();
        assert!(account.is_clean(), "{account:?}");
    }
    TestLake { lake, _dir: dir }
}

impl<'a> From<&'a TestLake> for Data<'a> {
    fn from(test: &'a TestLake) -> Self {
        (&test.lake).into()
    }
}

/// How often captures are read to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// Once for each thing that reports want: they have no more than they ask for.
    PerWish,
    /// Once for all that they want together.
    One,
}

/// Asserts that every report answers from captures as it does from their lake, byte by byte, and
/// that the captures are accounted for as they are when the lake is made. Gives the lake.
pub fn check_directly(
    sources: &[Source],
    threads: usize,
    signals: &[Option<Signal>],
    passes: Passes,
) -> TestLake {
    let dir = tempfile::tempdir().unwrap();
    // A path as people have them: nothing in it may be taken for a partition or a pattern. Nothing
    // here survives a crash of the machine, and waiting for the disk took most of the time.
    let lake = Lake::create_temporary(&dir.path().join("env=prod [1] 100% #1")).unwrap();
    let converted = convert(sources, &lake, &ConvertOptions::default(), &NoWatch).unwrap();
    for signal in signals {
        let captures = Captures {
            sources,
            threads,
            converted: &converted,
        };
        captures.check(&lake, *signal, passes);
    }
    crate::kept::check(&lake);
    TestLake { lake, _dir: dir }
}

/// Captures, and what became of them when their lake was made.
struct Captures<'a> {
    sources: &'a [Source],
    threads: usize,
    converted: &'a Account,
}

impl Captures<'_> {
    fn check(&self, lake: &Lake, signal: Option<Signal>, passes: Passes) {
        let selection = Selection {
            signal,
            ..Selection::default()
        };
        let asked = asked(signal);
        let all = asked.iter().map(|(wanted, _)| wanted.clone());
        let all = all.reduce(join).expect("something is asked");
        let together = (passes == Passes::One).then(|| self.read(lake, all));
        for (wanted, ask) in asked {
            let of_captures = match &together {
                Some(extract) => ask(extract.into(), &selection),
                None => ask((&self.read(lake, wanted)).into(), &selection),
            };
            let of_lake = ask(lake.into(), &selection);
            assert_eq!(of_captures.len(), of_lake.len());
            for (captures, lake) in of_captures.iter().zip(&of_lake) {
                assert_eq!(captures, lake);
            }
        }
    }

    fn read(&self, lake: &Lake, wanted: Wanted) -> Extract {
        let options = ConvertOptions {
            threads: NonZeroUsize::new(self.threads).unwrap(),
            ..ConvertOptions::default()
        };
        let collected = collect(self.sources, &Arc::new(wanted), &options, &NoWatch).unwrap();
        let Collected { extract, account } = collected;
        let expected = Account {
            parts_written: 0,
            bytes_written: 0,
            rejects_file: None,
            ..self.converted.clone()
        };
        assert_eq!(account, expected);
        let newest = |data: Data<'_>| data.newest_micros().unwrap();
        assert_eq!(newest((&extract).into()), newest(lake.into()));
        extract
    }
}

type Asked = Box<dyn Fn(Data<'_>, &Selection) -> Vec<String>>;

/// Every report as JSON, with what it wants.
fn asked(signal: Option<Signal>) -> Vec<(Wanted, Asked)> {
    let json = |reports: Vec<Report>| {
        let json = |report: &Report| report.to_json().to_string();
        reports.iter().map(json).collect()
    };
    let mut asked: Vec<(Wanted, Asked)> = vec![
        (
            otolith_report::usage_wanted(signal),
            Box::new(move |data, selection| json(reports(data, selection))),
        ),
        (
            otolith_report::metrics_wanted(signal),
            Box::new(move |data, selection| {
                let selection = selection.clone();
                let metrics = otolith_report::metrics(data, &MetricsQuery { selection });
                json(vec![metrics.unwrap()])
            }),
        ),
        (
            otolith_report::resources_wanted(signal),
            Box::new(move |data, selection| json(crate::resources::reports(data, selection))),
        ),
    ];
    for (wanted, ask) in crate::activity::ASKED {
        let ask = move |data: Data<'_>, selection: &Selection| json(vec![ask(data, selection)]);
        asked.push((wanted(signal), Box::new(ask)));
    }
    for (wanted, reports) in crate::hosts::reports(signal) {
        let ask = move |data: Data<'_>, selection: &Selection| {
            let reports = reports(data, selection);
            reports.iter().map(Value::to_string).collect()
        };
        asked.push((wanted, Box::new(ask)));
    }
    asked
}

/// What either wants.
fn join(mut wanted: Wanted, more: Wanted) -> Wanted {
    wanted.items.extend(more.items);
    for (place, keys) in more.keys {
        wanted.keys.entry(place).or_default().extend(keys);
    }
    wanted
}

/// Every report over usage.
fn reports(data: Data<'_>, selection: &Selection) -> Vec<Report> {
    let mut reports = reports_of_sums(data, selection);
    let selection = || selection.clone();
    let calendar = Calendar::default();
    let more = [
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
        otolith_report::explain_cost(data, &cost_query(&Dimension::ALL, selection())),
        otolith_report::explain_tokens(data, &tokens_query(&Dimension::ALL, selection())),
        otolith_report::reconcile(
            data,
            &ReconcileQuery {
                calendar,
                selection: selection(),
                pricing: embedded(),
            },
        ),
    ];
    reports.extend(more.into_iter().map(Result::unwrap));
    reports
}

/// Those of them that add up what was spent, and need not know what else was told.
pub fn reports_of_sums(data: Data<'_>, selection: &Selection) -> Vec<Report> {
    let selection = || selection.clone();
    let calendar = Calendar::default();
    let mut reports = vec![otolith_report::summary(
        data,
        &SummaryQuery {
            selection: selection(),
        },
    )];
    for by in [&Dimension::ALL[..], &[]] {
        reports.push(otolith_report::cost(data, &cost_query(by, selection())));
        reports.push(otolith_report::tokens(data, &tokens_query(by, selection())));
    }
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
    check_directly(&sources, 1, &signals, Passes::PerWish)
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
    otolith_report::tokens(lake, &tokens_query(by, selection)).unwrap()
}

pub fn tokens_query(by: &[Dimension], selection: Selection) -> TokensQuery {
    TokensQuery {
        by: by.to_vec(),
        calendar: Calendar::default(),
        selection,
    }
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
    otolith_report::cost(lake, &cost_query(by, selection)).unwrap()
}

fn cost_query(by: &[Dimension], selection: Selection) -> CostQuery {
    CostQuery {
        by: by.to_vec(),
        calendar: Calendar::default(),
        selection,
        pricing: embedded(),
    }
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
