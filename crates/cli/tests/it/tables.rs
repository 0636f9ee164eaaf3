//! `otolith tables`.

use crate::support::{claude, lake_of, otolith, run};

#[test]
fn databases_tables_and_columns_are_listed() {
    let dir = lake_of(&[claude()]);
    let tables = |target: &[&str]| {
        let done = run(otolith()
            .args(["tables", "--lake"])
            .arg(dir.path().join("lake"))
            .args(target));
        assert_eq!((done.code, done.err.as_str()), (0, ""));
        done.out
    };
    let all = tables(&[]);
    assert!(
        all.lines()
            .any(|line| line.starts_with("claude_code") && line.contains("logs")),
        "{all}"
    );
    assert_eq!(
        tables(&["claude-code"]),
        all,
        "a service name stands for its database"
    );
    let columns = tables(&["claude_code.logs"]);
    let session = columns
        .lines()
        .find(|line| line.starts_with("session_id "))
        .unwrap();
    assert!(
        session.contains("string") && session.contains("attribute `session.id`"),
        "{session}"
    );
    let service = columns
        .lines()
        .find(|line| line.starts_with("resource_service_version"))
        .unwrap();
    assert!(
        service.contains("resource attribute `service.version`"),
        "{service}"
    );
}

#[test]
fn json_holds_rows_and_times() {
    let dir = lake_of(&[claude()]);
    let json = |target: &[&str]| {
        run(otolith()
            .args(["tables", "--json", "--lake"])
            .arg(dir.path().join("lake"))
            .args(target))
        .json()
    };
    let all = json(&[]);
    assert_eq!(all["databases"][0]["database"], "claude_code");
    let tables = all["databases"][0]["tables"].as_array().unwrap();
    let logs = tables
        .iter()
        .find(|table| table["table"] == "logs")
        .unwrap();
    assert_eq!(logs["rows"], 78);
    assert!(
        logs["first_time"]
            .as_str()
            .unwrap()
            .starts_with("2026-11-20T")
    );
    let table = json(&["claude_code.logs"]);
    assert_eq!(
        (&table["database"], &table["table"]),
        (&"claude_code".into(), &"logs".into())
    );
    let columns = table["columns"].as_array().unwrap();
    let body = columns
        .iter()
        .find(|column| column["name"] == "body")
        .unwrap();
    assert_eq!(
        (&body["type"], &body["origin"]),
        (&"string".into(), &"base".into())
    );
    assert!(body["meaning"].is_string());
}
