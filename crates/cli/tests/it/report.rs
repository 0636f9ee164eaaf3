//! `otolith report`.

use std::fs;

use crate::support::{capture, claude, corrupted, lake_of, otolith, run};

#[test]
fn every_report_answers_from_captures_in_json() {
    for name in [
        "summary",
        "cost",
        "tokens",
        "token-rate",
        "tools",
        "tool-calls",
        "sessions",
        "errors",
        "metrics",
    ] {
        let done = run(otolith().args(["report", name, "--json"]).arg(claude()));
        assert_eq!(done.code, 0, "{name}: {}", done.err);
        let answer = done.json();
        assert_eq!(answer["report"], name);
        for key in ["parameters", "columns", "rows", "notes"] {
            assert!(!answer[key].is_null(), "{name}: {key}");
        }
        assert!(!answer["rows"].as_array().unwrap().is_empty(), "{name}");
    }
}

#[test]
fn a_lake_gives_the_answer_of_its_captures() {
    let dir = lake_of(&[capture("mix-dev/file-exporter")]);
    for arguments in [
        ["cost", "--by", "agent,model"],
        ["tokens", "--by", "session"],
        ["cost", "--by", "hour"],
        ["tokens", "--by", "model,type"],
        ["token-rate", "--every", "10s"],
        ["coverage", "--gap", "1s"],
    ] {
        let of_lake = run(otolith()
            .arg("report")
            .args(arguments)
            .args(["--format", "csv", "--lake"])
            .arg(dir.path().join("lake")));
        let of_captures = run(otolith()
            .arg("report")
            .args(arguments)
            .args(["--format", "csv"])
            .arg(capture("mix-dev/file-exporter")));
        assert_eq!(of_lake.code, 0, "{}", of_lake.err);
        assert_eq!(of_lake.out, of_captures.out);
        assert!(of_lake.out.lines().count() > 1);
    }
}

#[test]
fn a_prompt_is_asked_for_by_its_id() {
    const ID: &str = "72cb9e61-fe2a-4855-aa0f-7828430d328a";
    let done = run(otolith()
        .args(["report", "prompt", "--format", "jsonl", "--id", ID])
        .arg(capture("claude-http/agentic-ci.jsonl")));
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(done.out.lines().count(), 7);
    let none = run(otolith().args(["report", "prompt"]).arg(claude()));
    assert_eq!(none.code, 2, "{}", none.err);
}

#[test]
fn rejects_of_captures_warn_and_end_with_3() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = corrupted(&dir);
    let clean = run(otolith()
        .args(["report", "cost", "--format", "csv"])
        .arg(claude()));
    let done = run(otolith()
        .args(["report", "cost", "--format", "csv"])
        .arg(&path));
    assert_eq!(done.code, 3, "{}", done.err);
    assert_eq!(
        done.out, clean.out,
        "the rest of the capture is answered from"
    );
    assert!(
        done.err.contains("warning: ") && done.err.contains("frame 2"),
        "{}",
        done.err
    );
    let quiet = run(otolith().args(["report", "cost", "--quiet"]).arg(&path));
    assert_eq!((quiet.code, quiet.err.as_str()), (3, ""));
}

#[test]
fn formats_hold_the_same_rows() {
    let dir = lake_of(&[claude()]);
    let lake = dir.path().join("lake");
    let ask = |format: &str| {
        let done = run(otolith()
            .args(["report", "tools", "--format", format, "--lake"])
            .arg(&lake));
        assert_eq!(done.code, 0, "{}", done.err);
        done.out
    };
    let rows = ask("jsonl").lines().count();
    assert!(rows > 0);
    assert_eq!(ask("csv").lines().count(), rows + 1);
    assert_eq!(ask("table").lines().count(), rows + 1);
    let markdown = ask("markdown");
    assert_eq!(
        markdown
            .lines()
            .filter(|line| line.starts_with('|'))
            .count(),
        rows + 2
    );
    let json: serde_json::Value = serde_json::from_str(&ask("json")).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), rows);
}

#[test]
fn a_page_and_a_parquet_file_hold_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let ask = |format: &str| {
        let file = dir.path().join(format);
        let done = run(otolith()
            .args(["report", "cost", "--format", format, "-o"])
            .arg(&file)
            .arg(claude()));
        assert_eq!((done.code, done.out.as_str()), (0, ""), "{}", done.err);
        (fs::read(&file).unwrap(), done.err)
    };
    let (page, notes) = ask("html");
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("<td>claude_code</td>"), "{page}");
    // The notes are part of the page.
    assert!(page.contains("<code>source</code>") && !notes.contains("note: "));
    let (file, notes) = ask("parquet");
    assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
    assert!(notes.contains("note: "), "{notes}");
}

#[test]
fn an_answer_can_go_to_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("cost.csv");
    let printed = run(otolith()
        .args(["report", "cost", "--format", "csv"])
        .arg(claude()));
    let done = run(otolith()
        .args(["report", "cost", "--format", "csv", "-o"])
        .arg(&file)
        .arg(claude()));
    assert_eq!((done.code, done.out.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(&file).unwrap(), printed.out);
}

#[test]
fn a_database_is_no_service() {
    let done = run(otolith()
        .args(["report", "cost", "--service", "claude_code"])
        .arg(claude()));
    assert_eq!(done.code, 0, "{}", done.err);
    assert!(done.err.contains("note: --service goes by"), "{}", done.err);
}

#[test]
fn selections_cut_the_time_and_the_services() {
    let dir = lake_of(&[capture("mix-dev/agentic-ci.jsonl")]);
    let rows = |arguments: &[&str]| {
        let done = run(otolith()
            .args(["report", "cost", "--by", "agent", "--format", "csv", "-q"])
            .args(arguments)
            .arg("--lake")
            .arg(dir.path().join("lake")));
        assert_eq!(done.code, 0, "{}", done.err);
        done.out
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let all = rows(&[]);
    assert!(all.len() > 1, "{all:?}");
    assert_eq!(
        rows(&["--since", "2026-11-20", "--until", "2026-11-20"]),
        all
    );
    assert_eq!(rows(&["--since", "7d"]), all);
    assert!(rows(&["--since", "2026-11-21"]).is_empty());
    assert!(rows(&["--since", "9999-12-31"]).is_empty());
    assert!(rows(&["--since", "3000-01-01T00:00:00Z"]).is_empty());
    assert_eq!(rows(&["--until", "9999-12-31"]), all);
    assert!(rows(&["--until", "2026-11-19"]).is_empty());
    assert_eq!(rows(&["--service", "claude*"]).len(), 1);
}

#[test]
fn prices_come_from_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("prices.json");
    let ask = |text: &str| {
        fs::write(&file, text).unwrap();
        run(otolith()
            .args(["report", "cost", "--by", "model", "--format", "csv", "-q"])
            .arg("--prices")
            .arg(&file)
            .arg(capture("codex-off/file-exporter")))
    };
    let ours = ask(r#"{"format": "otolith-prices", "version": 1, "prices": [
        {"model": "gpt-5", "source": "made up", "usd_per_million": {"input": 1, "cache_read": 0, "output": 0}}]}"#);
    assert_eq!(ours.code, 0, "{}", ours.err);
    // 43,872 input tokens of gpt-5, 24,704 of them cached; gpt-5-codex has no price here.
    assert!(ours.out.contains("gpt-5,,0.019168,"), "{}", ours.out);
    assert!(ours.out.contains("gpt-5-codex,,,,,,"), "{}", ours.out);
    let theirs = ask(
        r#"{"gpt-5": {"input_cost_per_token": 2e-06, "cache_read_input_token_cost": 0,
        "output_cost_per_token": 0}}"#,
    );
    assert!(theirs.out.contains("gpt-5,,0.038336,"), "{}", theirs.out);
    let wrong = ask(r#"{"gpt-5": {"input_cost_per_token": "cheap"}}"#);
    assert_eq!((wrong.code, wrong.out.as_str()), (1, ""));
    for part in [
        "prices.json",
        "`gpt-5`: `input_cost_per_token`",
        "\nhint: docs/reports/prices.md",
    ] {
        assert!(wrong.err.contains(part), "{}", wrong.err);
    }
}

#[test]
fn numbers_are_explained_and_sources_reconciled() {
    let ask = |arguments: &[&str]| {
        let done = run(otolith()
            .arg("report")
            .args(arguments)
            .args(["--format", "jsonl", "-q"])
            .arg(capture("mix-dev/file-exporter")));
        assert_eq!(done.code, 0, "{}", done.err);
        let lines = done
            .out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        lines.collect::<Vec<serde_json::Value>>()
    };
    let rows = ask(&["cost", "--by", "agent", "--explain"]);
    assert_eq!(rows.len(), 7);
    assert_eq!(rows[0]["items"], "logs.jsonl#1/6");
    let rows = ask(&["tokens", "--by", "model", "--explain"]);
    assert_eq!(rows[6]["items"], "logs.jsonl#7/21");
    let rows = ask(&["cost", "--reconcile"]);
    assert_eq!(rows[1]["gaps"], "no metric cost");
}
