//! SQL over converted lakes.

use crate::otlp::{DELTA, Span, logs, spans, sum};
use crate::support::{TestLake, ask, captures, lake_of, lake_of_files, noted};
use otolith_report::{SqlQuery, sql, sql_columns, sql_tables};
use serde_json::{Value, json};

fn lake() -> TestLake {
    let record = |n: u64, value: Value| {
        json!({"event.name": "api_request", "event.sequence": n, "session.id": "s1",
            "model": "m", "input_tokens": n, "odd": value})
    };
    let records = [(1.0, record(1, json!("x"))), (2.0, record(2, json!("y")))];
    let claude = logs("claude-code", "com.anthropic.claude_code.events", &records);
    let other = logs(
        "other",
        "lib",
        &[(3.0, json!({"odd": 5, "database": "mine"}))],
    );
    let span = Span {
        name: "work",
        id: 1,
        parent: 0,
        start: 1.0,
        end: 1.5,
        error: true,
        members: json!({}),
    };
    let members = json!({"cpu": 1, "state": "idle"});
    let metric = sum(
        "other",
        "lib",
        "system.cpu.time",
        DELTA,
        &[(1.0, 2.0, 0.5, members)],
    );
    lake_of(&[claude, other, spans("other", "lib", &[span]), metric])
}

/// Compares the rows of a query.
fn check(lake: &TestLake, query: &str, expected: &Value) {
    let report = sql(lake, ask(query)).unwrap_or_else(|error| panic!("{query}: {error:?}"));
    let rows: Vec<Value> = report
        .rows
        .iter()
        .map(|row| report.row_to_json(row))
        .collect();
    assert_eq!(json!(rows), *expected, "{query}");
}

#[test]
fn tables_of_one_database_and_of_all_can_be_queried() {
    let lake = lake();
    check(
        &lake,
        "SELECT COUNT(*) AS n, SUM(input_tokens) AS tokens FROM claude_code.logs",
        &json!([{"n": 2, "tokens": 3}]),
    );
    check(
        &lake,
        "SELECT database, COUNT(*) AS n FROM logs GROUP BY database ORDER BY database",
        &json!([{"database": "claude_code", "n": 2}, {"database": "other", "n": 1}]),
    );
    // A table without rows is there, empty.
    check(
        &lake,
        "SELECT COUNT(*) AS n FROM other.span_links",
        &json!([{"n": 0}]),
    );
    check(
        &lake,
        "SELECT COUNT(*) AS n FROM summaries",
        &json!([{"n": 0}]),
    );
    check(
        &lake,
        "SELECT span_name, status_code, CAST(duration_nano AS DOUBLE) / 1000000000 AS s FROM traces",
        &json!([{"span_name": "work", "status_code": "ERROR", "s": 0.5}]),
    );
}

#[test]
fn columns_of_different_types_become_text_in_a_union() {
    let lake = lake();
    let query = "SELECT odd, database_attr FROM logs ORDER BY time";
    check(
        &lake,
        query,
        &json!([
            {"odd": "x", "database_attr": null},
            {"odd": "y", "database_attr": null},
            {"odd": "5", "database_attr": "mine"},
        ]),
    );
    assert_eq!(noted(&sql(&lake, ask(query)).unwrap(), "mixed_column"), 1);
    check(&lake, "SELECT odd FROM other.logs", &json!([{"odd": 5}]));
}

#[test]
fn numbers_of_two_types_are_read_as_doubles() {
    let record = |time, n: Value| (time, json!({"n": n}));
    let one = logs(
        "one",
        "lib",
        &[record(1.0, json!(2)), record(2.0, json!(0.5))],
    );
    let other = logs("other", "lib", &[record(3.0, json!(1.5))]);
    let lake = lake_of(&[one, other]);
    check(
        &lake,
        "SELECT SUM(n) AS n FROM one.logs",
        &json!([{"n": 2.5}]),
    );
    let query = "SELECT n FROM logs ORDER BY time";
    check(&lake, query, &json!([{"n": 2.0}, {"n": 0.5}, {"n": 1.5}]));
    assert_eq!(noted(&sql(&lake, ask(query)).unwrap(), "mixed_column"), 0);
}

#[test]
fn times_and_dates_have_their_types() {
    let lake = lake();
    let report = sql(
        &lake,
        ask("SELECT time, date, time_unix_nano FROM claude_code.logs ORDER BY time"),
    );
    let report = report.unwrap();
    let types: Vec<&str> = report.columns.iter().map(|c| c.r#type.as_str()).collect();
    assert_eq!(types, ["timestamp", "string", "integer"]);
    assert_eq!(
        report.row_to_json(&report.rows[0]),
        json!({
            "time": "2026-09-21T14:13:21Z",
            "date": "2026-09-21",
            "time_unix_nano": 1_790_000_001_000_000_000_i64,
        })
    );
}

#[test]
fn the_usage_model_is_a_table() {
    check(
        &lake(),
        "SELECT agent, model, SUM(input_tokens) AS tokens, source FROM usage \
         GROUP BY agent, model, source",
        &json!([{"agent": "claude_code", "model": "m", "tokens": 3, "source": "log api_request"}]),
    );
}

#[test]
fn each_metric_is_a_view_with_its_attributes() {
    let lake = lake();
    check(
        &lake,
        "SELECT greptime_value, value, state, cpu, host_name FROM system_cpu_time",
        &json!([{
            "greptime_value": 0.5, "value": 0.5, "state": "idle", "cpu": 1, "host_name": "mimas",
        }]),
    );
    let report = sql(&lake, ask("SELECT * FROM system_cpu_time")).unwrap();
    assert!(report.columns.iter().all(|c| !c.name.contains("session")));
}

#[test]
fn joins_with_and_windows_work() {
    check(
        &lake(),
        "WITH t AS (SELECT session_id, input_tokens AS n FROM claude_code.logs) \
         SELECT session_id, SUM(n) AS n FROM t WHERE n IN (1, 2) GROUP BY session_id",
        &json!([{"session_id": "s1", "n": 3}]),
    );
}

#[test]
fn rows_of_a_union_are_counted() {
    let lake = lake();
    check(&lake, "SELECT COUNT(*) AS n FROM logs", &json!([{"n": 3}]));
    check(
        &lake,
        "SELECT COUNT(*) AS n FROM logs WHERE date BETWEEN '2026-09-01' AND '2026-09-30'",
        &json!([{"n": 3}]),
    );
    check(
        &lake,
        "SELECT COUNT(*) AS n FROM claude_code.logs",
        &json!([{"n": 2}]),
    );
    let usage = ["claude-code", "renamed"].map(|service| {
        let members = json!({"model": "m", "type": "input"});
        let point = (1.0, 2.0, 5.0, members);
        sum(
            service,
            "com.anthropic.claude_code",
            "claude_code.token.usage",
            DELTA,
            &[point],
        )
    });
    check(
        &lake_of(&usage),
        "SELECT COUNT(*) AS n FROM claude_code_token_usage",
        &json!([{"n": 2}]),
    );
}

#[test]
fn times_compare_with_what_people_write() {
    let lake = lake();
    for time in [
        "'2026-09-21T14:13:22Z'",
        "'2026-09-21 14:13:22'",
        "'2026-09-21T16:13:22+02:00'",
        "TIMESTAMP '2026-09-21 14:13:22'",
        "CAST('2026-09-21 14:13:22' AS TIMESTAMP)",
        "TIMESTAMP '2026-09-21 14:13:23' - INTERVAL '1 second'",
    ] {
        let query = format!("SELECT COUNT(*) AS n FROM logs l WHERE l.time >= {time}");
        check(&lake, &query, &json!([{"n": 2}]));
    }
    for (condition, n) in [
        ("time BETWEEN '2026-09-21' AND '2026-09-21T14:13:22Z'", 2),
        ("time >= '2026-09-22'", 0),
        ("date = '2026-09-21'", 3),
        ("date = DATE '2026-09-21'", 3),
        ("'2026-09-21T14:13:22Z' < time", 1),
    ] {
        let query = format!("SELECT COUNT(*) AS n FROM logs WHERE {condition}");
        check(&lake, &query, &json!([{"n": n}]));
    }
    // Only times are rewritten, not texts that look like some.
    check(
        &lake,
        "SELECT '2026-09-21T16:13:22+02:00' AS t",
        &json!([{"t": "2026-09-21T16:13:22+02:00"}]),
    );
}

#[test]
fn numbers_may_have_exponents() {
    check(
        &lake(),
        "SELECT duration_nano / 1e9 AS s, 2.5E-1 AS q FROM traces",
        &json!([{"s": 0.5, "q": 0.25}]),
    );
}

fn error_of(lake: &TestLake, query: &str) -> String {
    match sql(lake, ask(query)) {
        Ok(report) => panic!("{query}: {:?}", report.rows),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_cannot_run_is_named() {
    let lake = lake();
    let refused = |query: &str| error_of(&lake, query);
    assert!(refused("SELECT date_trunc('fortnight', time) FROM logs").contains("DATE_TRUNC"));
    assert!(refused("SELECT date_trunc('day', body) FROM logs").contains("buckets are cut from"));
    assert!(refused("SELECT input_tokens ->> 'x' FROM claude_code.logs").contains("reads JSON"));
    assert!(refused("SELECT 1 FROM nothing").contains("no table `nothing`"));
    assert!(refused("SELECT nothing FROM logs").contains("nothing"));
    assert!(refused("SELECT 1 FROM other.nothing").contains("no table `other.nothing`"));
    let unknown = refused("SELECT sesion_id FROM logs");
    assert!(unknown.contains("no column `sesion_id`"), "{unknown}");
    assert!(
        unknown.contains("session_id") && unknown.len() < 120,
        "{unknown}"
    );
    for (query, name) in [
        (
            "SELECT 1 FROM logs WHERE time = (SELECT max(time) FROM logs)",
            "CROSS JOIN one WHERE x = most",
        ),
        (
            "SELECT (SELECT max(time) FROM logs)",
            "sub-queries for one value",
        ),
        (
            "SELECT 1 FROM logs WHERE time > ALL (SELECT time FROM traces)",
            "sub-queries for one value",
        ),
        (
            "SELECT 1 FROM logs WHERE EXISTS (SELECT 1 FROM traces)",
            "x IN (SELECT x FROM t WHERE ...)",
        ),
        (
            "SELECT database FROM logs GROUP BY ROLLUP(database)",
            "UNION ALL SELECT NULL AS a",
        ),
        (
            "SELECT value RANGE '5m' FROM system_cpu_time ALIGN '5m'",
            "time_bucket(INTERVAL '5 minutes', time)",
        ),
        (
            "SELECT database FROM logs GROUP BY database ORDER BY COUNT(*)",
            "ORDER BY",
        ),
        (
            "SELECT value RANGE '5m' FROM system_cpu_time ALIGN '5m'",
            "RANGE",
        ),
        ("SELECT to_timestamp(flags) FROM logs", "TO_TIMESTAMP"),
    ] {
        let error = refused(query);
        assert!(
            error.starts_with("unsupported in SQL: "),
            "{query}: {error}"
        );
        assert!(error.contains(name), "{query}: {error}");
    }
    assert!(refused("SELECT soundex(body) FROM logs").contains("soundex"));
    assert!(refused("SELECT (1").contains("xpected"));
    assert!(refused("DELETE FROM logs").contains("other than queries"));
}

#[test]
fn real_metrics_answer_as_their_truth() {
    let lake = lake_of_files(&captures().join("claude-http/agentic-ci.jsonl"));
    check(
        &lake,
        "SELECT type, CAST(SUM(value) AS BIGINT) AS tokens FROM claude_code_token_usage \
         WHERE model = 'claude-haiku-4-5' GROUP BY type ORDER BY type",
        &json!([
            {"type": "cacheCreation", "tokens": 320},
            {"type": "cacheRead", "tokens": 17088},
            {"type": "input", "tokens": 28215},
            {"type": "output", "tokens": 122},
        ]),
    );
}

#[test]
fn buckets_of_time_are_cut_as_in_other_dialects() {
    let lake = lake();
    check(
        &lake,
        "SELECT date_trunc('minute', time) AS m, count(*) AS n, count_if(body = 'x') AS x \
         FROM logs GROUP BY date_trunc('minute', time) ORDER BY m",
        &json!([{"m": "2026-09-21T14:13:00Z", "n": 3, "x": 0}]),
    );
    check(
        &lake,
        "SELECT date_bin(2s, time), count(*) AS n FROM logs GROUP BY 1 ORDER BY 1",
        &json!([
            {"date_bin": "2026-09-21T14:13:20Z", "n": 1},
            {"date_bin": "2026-09-21T14:13:22Z", "n": 2},
        ]),
    );
    check(
        &lake,
        "SELECT DISTINCT date_trunc('week', time) AS w, date_trunc('quarter', time) AS q, \
         time_bucket(INTERVAL '1 year', time) AS y, date_trunc('month', date) AS m FROM logs",
        &json!([{
            "w": "2026-09-21T00:00:00Z", "q": "2026-07-01T00:00:00Z", "y": "2026-01-01T00:00:00Z",
            "m": "2026-09-01T00:00:00Z",
        }]),
    );
}

#[test]
fn the_present_is_the_newest_item_unless_named() {
    let lake = lake();
    let query = "SELECT count(*) AS n FROM logs WHERE time > now() - INTERVAL '1500 ms'";
    check(&lake, query, &json!([{"n": 2}]));
    assert_eq!(noted(&sql(&lake, ask(query)).unwrap(), "present"), 1);
    let at = SqlQuery {
        text: query,
        now: Some(1_790_000_060_000_000_000),
    };
    let report = sql(&lake, at).unwrap();
    assert_eq!(report.row_to_json(&report.rows[0]), json!({"n": 0}));
    assert_eq!(noted(&report, "present"), 0);
}

#[test]
fn values_of_json_are_read_by_path() {
    let deep = json!({"deep": "{\"b\": [1, {\"c\": \"x\"}]}"});
    let lake = lake_of(&[logs("a", "lib", &[(1.0, deep)])]);
    check(
        &lake,
        "SELECT deep ->> '$.b[1].c' AS c, deep -> 'b' ->> '[1]' AS b, \
         json_get_int(deep, 'b[0]') AS n, json_get_string(deep, 'no') AS no FROM a.logs \
         WHERE deep ->> '$.b[1].c' = 'x'",
        &json!([{"c": "x", "b": "{\"c\":\"x\"}", "n": 1, "no": null}]),
    );
}

#[test]
fn spans_and_logs_are_there_by_the_columns_of_greptimedb() {
    let lake = lake();
    let query = "SELECT * FROM opentelemetry_traces";
    check(
        &lake,
        query,
        &json!([{
            "timestamp": "2026-09-21T14:13:21Z",
            "timestamp_end": "2026-09-21T14:13:21.5Z",
            "duration_nano": 500_000_000,
            "parent_span_id": null,
            "trace_id": "00000000000000000000000000000007",
            "span_id": "0000000000000001",
            "span_kind": "SPAN_KIND_INTERNAL",
            "span_name": "work",
            "span_status_code": "STATUS_CODE_ERROR",
            "span_status_message": null,
            "trace_state": null,
            "scope_name": "lib",
            "scope_version": null,
            "service_name": "other",
            "span_attributes": "{}",
            "scope_attributes": "{}",
            "resource_attributes": "{\"service.name\":\"other\",\"host.name\":\"mimas\"}",
            "resource_attributes.host.name": "mimas",
            "span_events": "[]",
            "span_links": "[]",
        }]),
    );
    check(
        &lake,
        "SELECT timestamp, json_get_int(log_attributes, 'event.sequence') AS n, \
         json_get_string(resource_attributes, 'service.name') AS service FROM opentelemetry_logs \
         WHERE timestamp > now() - INTERVAL '2 s' ORDER BY timestamp",
        &json!([
            {"timestamp": "2026-09-21T14:13:22Z", "n": 2, "service": "claude-code"},
            {"timestamp": "2026-09-21T14:13:23Z", "n": null, "service": "other"},
        ]),
    );
    let real = lake_of_files(&captures().join("mix-dev/agentic-ci.jsonl"));
    let count = |view: &str| format!("SELECT count(*) AS n FROM {view}");
    check(&real, &count("opentelemetry_traces"), &json!([{"n": 733}]));
    check(&real, &count("opentelemetry_logs"), &json!([{"n": 62}]));
    let query = "SELECT span_attributes ->> 'span.type' AS type, count(*) AS n, \
                 count(DISTINCT \"span_attributes.session.id\") AS sessions, \
                 count_if(span_events ->> '$[0].name' = 'gen_ai.request.attempt') AS attempts \
                 FROM opentelemetry_traces WHERE service_name = 'claude-code' \
                 GROUP BY type ORDER BY n DESC, type LIMIT 2";
    let expected = json!([
        {"type": "llm_request", "n": 4, "sessions": 1, "attempts": 4},
        {"type": "tool", "n": 3, "sessions": 1, "attempts": 0},
    ]);
    check(&real, query, &expected);
    assert_eq!(noted(&sql(&real, ask(query)).unwrap(), "mixed_column"), 0);
}

#[test]
fn functions_of_our_own_work_within_queries() {
    let lake = lake();
    check(
        &lake,
        "WITH logs AS (SELECT date_trunc('minute', time) AS m, 1 AS one FROM logs), \
         n AS (SELECT m, count(*) AS n FROM logs GROUP BY m) \
         SELECT n.m, n, s FROM n JOIN \
         (SELECT date_trunc('minute', time) AS m2, span_name AS s FROM traces) t ON n.m = t.m2",
        &json!([{"m": "2026-09-21T14:13:00Z", "n": 3, "s": "work"}]),
    );
    let query = "SELECT 1 FROM logs WHERE time IN (SELECT date_trunc('minute', time) FROM traces)";
    assert!(error_of(&lake, query).contains("name it: WITH"));
}

#[test]
fn a_resource_attribute_of_a_metric_has_its_plain_name_whatever_other_metrics_have() {
    let members = json!({"host.name": "callisto"});
    let own = sum("a", "lib", "requests", DELTA, &[(1.0, 2.0, 1.0, members)]);
    let other = sum("a", "lib", "load", DELTA, &[(1.0, 2.0, 1.0, json!({}))]);
    let lake = lake_of(&[own, other]);
    check(
        &lake,
        "SELECT host_name, resource_host_name FROM requests",
        &json!([{"host_name": "callisto", "resource_host_name": "mimas"}]),
    );
    check(
        &lake,
        "SELECT host_name FROM load",
        &json!([{"host_name": "mimas"}]),
    );
}

#[test]
fn joins_by_intervals_and_quantiles_run() {
    let lake = lake();
    check(
        &lake,
        "SELECT l.event_sequence FROM traces t JOIN claude_code.logs l \
         ON l.time BETWEEN t.time AND t.time + INTERVAL '500 milliseconds'",
        &json!([{"event_sequence": 1}]),
    );
    check(
        &lake,
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY input_tokens) AS p, \
         approx_percentile_cont(input_tokens, 1.0) AS max FROM claude_code.logs",
        &json!([{"p": 1.5, "max": 2.0}]),
    );
}

#[test]
fn histograms_are_views_with_their_counts_and_sums() {
    // Added up from the capture by hand: 6 points, 16 calls, 239 ms.
    let lake = lake_of_files(&captures().join("codex-on/agentic-ci.jsonl.zst"));
    check(
        &lake,
        "SELECT COUNT(*) AS points, SUM(\"count\") AS calls, SUM(\"sum\") AS ms \
         FROM codex_api_request_duration_ms",
        &json!([{"points": 6, "calls": 16, "ms": 239.0}]),
    );
    check(
        &lake,
        "SELECT SUM(c.value) AS calls, SUM(s.value) AS ms \
         FROM codex_api_request_duration_ms_count AS c \
         JOIN codex_api_request_duration_ms_sum AS s ON c.source = s.source AND c.item = s.item",
        &json!([{"calls": 16.0, "ms": 239.0}]),
    );
    let columns = sql_columns(&lake.lake, "codex_api_request_duration_ms").unwrap();
    let has = |name: &str| columns.iter().any(|column| column.name == name);
    assert!(has("bucket_counts") && has("explicit_bounds") && !has("value"));
    let tables = sql_tables(&lake.lake).unwrap();
    for name in [
        "codex_api_request_duration_ms",
        "codex_rollout_size_bytes_sum",
    ] {
        assert!(tables.iter().any(|table| table.name == name), "{name}");
    }
}
