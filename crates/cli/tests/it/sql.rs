//! `otolith sql`.

use crate::support::{claude, corrupted, lake_of, otolith, run};

const QUERY: &str = "SELECT count(*) AS n FROM claude_code.logs";

#[test]
fn a_query_runs_over_captures_and_over_a_lake() {
    let dir = lake_of(&[claude()]);
    let of_lake = run(otolith()
        .args(["sql", "--format", "csv", "--lake"])
        .arg(dir.path().join("lake"))
        .arg(QUERY));
    let of_captures = run(otolith()
        .args(["sql", "--format", "csv"])
        .arg(claude())
        .arg(QUERY));
    assert_eq!(of_lake.code, 0, "{}", of_lake.err);
    assert_eq!(of_lake.out, "n\n78\n");
    assert_eq!(of_captures.out, of_lake.out, "{}", of_captures.err);
}

#[test]
fn json_is_the_object_of_reports() {
    let done = run(otolith().args(["sql", "--json"]).arg(claude()).arg(QUERY));
    assert_eq!(done.code, 0, "{}", done.err);
    let answer = done.json();
    assert_eq!(answer["report"], "sql");
    assert_eq!(answer["rows"][0]["n"], 78);
}

#[test]
fn rejects_of_captures_end_with_3() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = corrupted(&dir);
    let done = run(otolith()
        .args(["sql", "--format", "csv"])
        .arg(&path)
        .arg(QUERY));
    assert_eq!(
        (done.code, done.out.as_str()),
        (3, "n\n78\n"),
        "{}",
        done.err
    );
    assert!(done.err.contains("warning: "));
}
