//! What hosts, processes and containers reported.

use crate::otlp::{CUMULATIVE, DELTA, logs};
use crate::readings::{Reading, counter, gauge, host, watcher};
use crate::support::{captures, lake_of, lake_of_files, noted};
use otolith_report::{
    Calendar, ContainerOrder, ContainerTokensQuery, ContainersQuery, Data, HostFill,
    HostSeriesQuery, Report, ReportError, Selection, Signal, time_zone,
};
use otolith_tables::Wanted;
use serde_json::{Value, json};

/// Reports over the same points.
type Reports = fn(Data<'_>, &Selection) -> Vec<Value>;

/// Every report about hosts, with what is wanted for it.
pub fn reports(signal: Option<Signal>) -> [(Wanted, Reports); 4] {
    [
        (otolith_report::hosts_wanted(signal), of_hosts),
        (
            otolith_report::container_tokens_wanted(signal, Some("agent")),
            |data, selection| {
                let query = ContainerTokensQuery {
                    label: Some("agent".to_owned()),
                    ..tokens_query(selection)
                };
                vec![
                    otolith_report::container_tokens(data, &query)
                        .unwrap()
                        .to_json(),
                ]
            },
        ),
        (
            otolith_report::processes_wanted(signal),
            |data, selection| {
                let query = query("10s", HostFill::None, selection);
                vec![otolith_report::processes(data, &query).unwrap().to_json()]
            },
        ),
        (
            otolith_report::containers_wanted(signal),
            |data, selection| {
                let query = ContainersQuery {
                    top: None,
                    order: ContainerOrder::Cpu,
                    selection: selection.clone(),
                };
                vec![otolith_report::containers(data, &query).unwrap().to_json()]
            },
        ),
    ]
}

fn of_hosts(data: Data<'_>, selection: &Selection) -> Vec<Value> {
    let query = query("1h", HostFill::Linear, selection);
    let reports = [
        otolith_report::cpu(data, &query),
        otolith_report::memory(data, &query),
        otolith_report::load(data, &query),
    ];
    reports.map(|report| report.unwrap().to_json()).into()
}

fn query(every: &str, fill: HostFill, selection: &Selection) -> HostSeriesQuery {
    HostSeriesQuery {
        every: every.parse().unwrap(),
        fill,
        calendar: Calendar::default(),
        selection: selection.clone(),
    }
}

pub fn tokens_query(selection: &Selection) -> ContainerTokensQuery {
    ContainerTokensQuery {
        every: "1m".parse().unwrap(),
        label: None,
        calendar: Calendar::default(),
        selection: selection.clone(),
    }
}

fn all(every: &str, fill: HostFill) -> HostSeriesQuery {
    query(every, fill, &Selection::default())
}

/// Columns of all rows, texts and rounded numbers.
fn table(report: &Report, columns: &[&str]) -> Vec<Vec<Value>> {
    let cell = |row: usize, column: &str| match report.cell(row, column).unwrap().to_json() {
        Value::Number(n) if n.is_f64() => {
            json!((n.as_f64().unwrap() * 1e9).round() / 1e9)
        }
        other => other,
    };
    let rows = 0..report.rows.len();
    rows.map(|row| columns.iter().map(|column| cell(row, column)).collect())
        .collect()
}

fn check(report: &Report, columns: &[&str], expected: &Value) {
    assert_eq!(json!(table(report, columns)), *expected);
}

/// The capture begins 20 seconds after a minute, and 200 after a multiple of five.
fn load_lake() -> crate::support::TestLake {
    let mimas = host(Some("mimas"));
    let load = |name: &str, readings: &[(f64, f64)]| {
        let readings: Vec<Reading> = readings.iter().map(|(t, v)| (*t, *v, json!({}))).collect();
        gauge(&mimas, name, &readings)
    };
    lake_of(&[
        load(
            "system.cpu.load_average.1m",
            &[
                (0.0, 1.0),
                (10.0, 2.0),
                (20.0, 3.0),
                (160.0, 6.0),
                (170.0, 8.0),
            ],
        ),
        load("system.cpu.load_average.5m", &[(0.0, 4.0), (170.0, 4.0)]),
    ])
}

const LOAD: [&str; 7] = [
    "bucket",
    "load_1m",
    "load_1m_min",
    "load_1m_max",
    "load_5m",
    "samples",
    "filled",
];

#[test]
fn buckets_have_the_mean_and_the_extremes_of_their_samples() {
    let report = otolith_report::load(&load_lake(), &all("1m", HostFill::None)).unwrap();
    check(
        &report,
        &LOAD,
        &json!([
            ["2026-09-21T14:13+00:00", 2.0, 1.0, 3.0, 4.0, 3, false],
            ["2026-09-21T14:16+00:00", 7.0, 6.0, 8.0, 4.0, 2, false],
        ]),
    );
    assert!(
        table(&report, &["load_15m"])
            .iter()
            .all(|row| row[0].is_null())
    );
}

#[test]
fn gaps_are_filled_as_asked() {
    let filled = |fill| otolith_report::load(&load_lake(), &all("1m", fill)).unwrap();
    let first = json!(["2026-09-21T14:13+00:00", 2.0, 1.0, 3.0, 4.0, 3, false]);
    let last = json!(["2026-09-21T14:16+00:00", 7.0, 6.0, 8.0, 4.0, 2, false]);
    check(
        &filled(HostFill::Previous),
        &LOAD,
        &json!([
            first,
            ["2026-09-21T14:14+00:00", 2.0, null, null, 4.0, 0, true],
            ["2026-09-21T14:15+00:00", 2.0, null, null, 4.0, 0, true],
            last,
        ]),
    );
    let step = 5.0 / 3.0;
    let between = |steps: f64| ((2.0 + steps * step) * 1e9_f64).round() / 1e9;
    check(
        &filled(HostFill::Linear),
        &LOAD,
        &json!([
            first,
            [
                "2026-09-21T14:14+00:00",
                between(1.0),
                null,
                null,
                4.0,
                0,
                true
            ],
            [
                "2026-09-21T14:15+00:00",
                between(2.0),
                null,
                null,
                4.0,
                0,
                true
            ],
            last,
        ]),
    );
}

#[test]
fn filling_is_bounded() {
    let mimas = host(Some("mimas"));
    let readings = [(0.0, 1.0, json!({})), (2e6, 1.0, json!({}))];
    let lake = lake_of(&[gauge(&mimas, "system.cpu.load_average.1m", &readings)]);
    let ask = |fill| otolith_report::load(&lake, &all("1s", fill));
    assert_eq!(ask(HostFill::None).unwrap().rows.len(), 2);
    let error = ask(HostFill::Previous).unwrap_err();
    assert!(
        matches!(error, ReportError::TooManyBuckets { .. }),
        "{error}"
    );
}

#[test]
fn days_are_those_of_the_zone() {
    let lake = lake_of_files(&captures().join("mix-dev/agentic-ci.jsonl"));
    let query = HostSeriesQuery {
        calendar: Calendar {
            tz: time_zone("Asia/Kolkata").unwrap(),
            ..Calendar::default()
        },
        ..all("1d", HostFill::None)
    };
    let report = otolith_report::cpu(&lake, &query).unwrap();
    let columns = ["bucket", "bucket_start", "host", "samples"];
    let expected = json!([["2026-11-21", "2026-11-20T18:30:00Z", "mimas", 25]]);
    check(&report, &columns, &expected);
}

#[test]
fn only_what_is_selected_counts() {
    let selection = Selection {
        since: Some(i64::try_from(crate::otlp::at(5.0)).unwrap()),
        until: Some(i64::try_from(crate::otlp::at(160.0)).unwrap()),
        ..Selection::default()
    };
    let query = query("1m", HostFill::None, &selection);
    let report = otolith_report::load(&load_lake(), &query).unwrap();
    let expected = json!([["2026-09-21T14:13+00:00", 2.5, 2.0, 3.0, null, 2, false]]);
    check(&report, &LOAD, &expected);
}

/// The process of a resource, from the Collector: 4 s of CPU in 10, and 3 of waiting.
fn process(pid: u64, used: f64) -> Vec<Value> {
    let resource = watcher(json!({
        "host.name": "mimas",
        "process.pid": pid,
        "process.executable.name": "node",
    }));
    let of = |state: &str| json!({"state": state});
    let readings: Vec<Reading> = (0..3)
        .map(f64::from)
        .flat_map(|step| {
            [
                (step * 10.0, 100.0 + step * 3.0, of("user")),
                (step * 10.0, 50.0 + step, of("system")),
                (step * 10.0, 7.0 + step * 3.0, of("wait")),
            ]
        })
        .collect();
    let memory: Vec<Reading> = [(0.0, used), (10.0, used * 2.0)]
        .map(|(time, used)| (time, used, json!({})))
        .into();
    vec![
        counter(&resource, ("process.cpu.time", "s"), CUMULATIVE, &readings),
        gauge(&resource, "process.memory.physical_usage", &memory),
    ]
}

#[test]
fn processes_are_told_apart_and_waiting_is_no_work() {
    let lake = lake_of(&[process(7, 100.0), process(8, 1.0)].concat());
    let report = otolith_report::processes(&lake, &all("1h", HostFill::None)).unwrap();
    check(
        &report,
        &[
            "process",
            "process_id",
            "cpu_cores",
            "cpu_share",
            "memory_bytes",
            "memory_bytes_max",
        ],
        &json!([
            ["node", "7", 0.4, null, 150.0, 200.0],
            ["node", "8", 0.4, null, 1.5, 2.0],
        ]),
    );
}

#[test]
fn a_real_process_that_kept_a_core_busy_shows_it() {
    let lake = lake_of_files(&captures().join("pysdk-http/agentic-ci.jsonl"));
    let report = otolith_report::processes(&lake, &all("1h", HostFill::None)).unwrap();
    check(
        &report,
        &["process", "process_id", "samples"],
        &json!([["demo-worker", "worker-1", 22]]),
    );
    let cores = report.cell(0, "cpu_cores_max").unwrap().to_json();
    // One core was kept busy by the phase `busy-one-core`.
    assert!((0.9..1.1).contains(&cores.as_f64().unwrap()), "{cores}");
}

/// A container that podman's receiver watches: half a core, then two.
fn podman(name: &str) -> Vec<Value> {
    let resource = watcher(json!({
        "host.name": "mimas",
        "container.name": name,
        "container.id": format!("id-{name}"),
        "container.image.name": "alpine",
    }));
    let readings = |values: [f64; 3]| -> Vec<Reading> {
        let times = [0.0, 10.0, 20.0].into_iter();
        times
            .zip(values)
            .map(|(time, value)| (time, value, json!({})))
            .collect()
    };
    let nanos = readings([3e9, 8e9, 28e9]);
    vec![
        counter(
            &resource,
            ("container.cpu.usage.total", "s"),
            CUMULATIVE,
            &nanos,
        ),
        gauge(
            &resource,
            "container.cpu.percent",
            &readings([50.0, 60.0, 70.0]),
        ),
        gauge(
            &resource,
            "container.memory.usage.total",
            &readings([1e6, 3e6, 2e6]),
        ),
        gauge(
            &resource,
            "container.memory.usage.limit",
            &readings([8e6, 8e6, 8e6]),
        ),
        gauge(
            &resource,
            "container.memory.percent",
            &readings([12.5, 37.5, 25.0]),
        ),
    ]
}

/// A container that docker's receiver watches, by percentages alone.
fn docker(name: &str) -> Vec<Value> {
    let resource = watcher(json!({"host.name": "dione", "container.name": name}));
    let readings = [0.0, 10.0].map(|time| (time, 150.0, json!({})));
    let memory = [0.0, 10.0].map(|time| (time, 5e6, json!({})));
    vec![
        gauge(&resource, "container.cpu.utilization", &readings),
        gauge(&resource, "container.memory.usage.total", &memory),
    ]
}

const CONTAINERS: [&str; 8] = [
    "host",
    "container",
    "cpu_cores",
    "cpu_cores_max",
    "memory_used_bytes",
    "memory_used_bytes_max",
    "memory_limit_bytes",
    "memory_used_share",
];

fn containers(requests: &[Value], top: Option<usize>, order: ContainerOrder) -> Report {
    let query = ContainersQuery {
        top,
        order,
        selection: Selection::default(),
    };
    otolith_report::containers(&lake_of(requests), &query).unwrap()
}

#[test]
fn containers_are_in_cores_and_bytes_whatever_units_are_declared() {
    let requests = [podman("web"), docker("db")].concat();
    let web = json!(["mimas", "web", 1.25, 2.0, 2e6, 3e6, 8e6, 0.25]);
    let db = json!(["dione", "db", 1.5, 1.5, 5e6, 5e6, null, null]);
    let report = containers(&requests, None, ContainerOrder::Cpu);
    check(&report, &CONTAINERS, &json!([db, web]));
    assert_eq!(noted(&report, "wrong_unit"), 3);
    let report = containers(&requests, Some(1), ContainerOrder::Memory);
    check(&report, &CONTAINERS, &json!([db]));
}

#[test]
fn a_container_that_was_started_anew_does_not_count_back() {
    let resource = watcher(json!({"container.name": "web"}));
    let nanos = [
        (0.0, 9e9, json!({})),
        (10.0, 1e9, json!({})),
        (20.0, 3e9, json!({})),
    ];
    let name = ("container.cpu.usage.total", "ns");
    let report = containers(
        &[counter(&resource, name, CUMULATIVE, &nanos)],
        None,
        ContainerOrder::Cpu,
    );
    check(
        &report,
        &["container", "cpu_cores", "samples"],
        &json!([["web", 0.2, 1]]),
    );
    assert_eq!(noted(&report, "counter_reset"), 1);
    let nanos = [(10.0, 1e9, json!({})), (20.0, 2e9, json!({}))];
    let report = containers(
        &[counter(&resource, name, DELTA, &nanos)],
        None,
        ContainerOrder::Cpu,
    );
    check(&report, &["container", "cpu_cores"], &json!([["web", 0.2]]));
}

const TOKENS: [&str; 6] = [
    "bucket",
    "agent",
    "containers",
    "matched_by",
    "cpu_cores",
    "total_tokens",
];

#[test]
fn containers_stand_beside_the_tokens_of_their_agents() {
    let path = captures().join("../handmade/containers.jsonl");
    let query = ContainerTokensQuery {
        every: "2m".parse().unwrap(),
        ..tokens_query(&Selection::default())
    };
    let report = otolith_report::container_tokens(&lake_of_files(&path), &query).unwrap();
    let (claude, codex) = ("claude-code", "agents-codex-1");
    check(
        &report,
        &TOKENS,
        &json!([
            [
                "2026-11-20T19:40+00:00",
                "claude_code",
                claude,
                "name",
                0.35,
                7_760
            ],
            [
                "2026-11-20T19:40+00:00",
                "codex",
                codex,
                "name",
                0.8775,
                2_600
            ],
            [
                "2026-11-20T19:42+00:00",
                "claude_code",
                claude,
                "name",
                0.275,
                null
            ],
            [
                "2026-11-20T19:42+00:00",
                "codex",
                codex,
                "name",
                0.46,
                2_940
            ],
        ]),
    );
    // Of the database's container.
    assert_eq!(noted(&report, "unmatched_container"), 1);
}

/// A container with a share of a core at two times of a minute.
fn labelled(members: &Value, percent: f64) -> Value {
    let readings = [10.0, 20.0].map(|time| (time, percent, json!({})));
    gauge(
        &watcher(members.clone()),
        "container.cpu.percent",
        &readings,
    )
}

/// Three requests of Claude Code on `mimas`, of 5 tokens each.
fn requests() -> Value {
    let request = |id: &str| {
        json!({
            "event.name": "api_request",
            "model": "opus",
            "request_id": id,
            "input_tokens": 5,
        })
    };
    let records = [
        (5.0, request("a")),
        (6.0, request("b")),
        (7.0, request("c")),
    ];
    logs("claude-code", "com.anthropic.claude_code.events", &records)
}

fn check_matching(containers: &[Value], label: Option<&str>, expected: &Value) -> Report {
    let mut all = vec![requests()];
    all.extend_from_slice(containers);
    let query = ContainerTokensQuery {
        label: label.map(str::to_owned),
        ..tokens_query(&Selection::default())
    };
    let report = otolith_report::container_tokens(&lake_of(&all), &query).unwrap();
    check(&report, &TOKENS[2..], expected);
    report
}

#[test]
fn nothing_is_counted_twice_for_having_two_containers() {
    let replica = |name: &str| labelled(&json!({"container.name": name}), 50.0);
    let containers = [replica("claude-code-1"), replica("claude-code-2")];
    let expected = json!([["claude-code-1, claude-code-2", "name", 1.0, 15]]);
    check_matching(&containers, None, &expected);
}

#[test]
fn labels_tell_whose_a_container_is() {
    let web = json!({"container.name": "web", "agent": "claude-code"});
    let expected = json!([["web", "label", 0.5, 15]]);
    check_matching(&[labelled(&web, 50.0)], Some("agent"), &expected);
    let report = check_matching(&[labelled(&web, 50.0)], None, &json!([]));
    let notes = ["unmatched_container", "unmatched_agent"].map(|code| noted(&report, code));
    assert_eq!(notes, [1, 1]);
}

#[test]
fn containers_of_other_hosts_are_of_others() {
    let of = |host: &str| {
        labelled(
            &json!({"container.name": "claude-code", "host.name": host}),
            50.0,
        )
    };
    check_matching(&[of("dione")], None, &json!([]));
    let expected = json!([["claude-code", "name", 0.5, 15]]);
    check_matching(&[of("dione"), of("mimas")], None, &expected);
}
