//! `otolith compact` and `otolith verify`: what is kept for questions about usage.

use std::fs;

use crate::support::{claude, lake_of, otolith, run};

#[test]
fn compacting_keeps_what_was_spent_and_verify_looks_at_it() {
    let dir = lake_of(&[claude()]);
    let lake = dir.path().join("lake");
    let ask = |args: &[&str]| run(otolith().args(args).arg("--lake").arg(&lake));
    let cost = |format: &str| ask(&["report", "cost", "--format", format]).out;
    let before = [cost("table"), cost("json")];
    let unwanted = ask(&["compact", "--no-usage"]);
    assert_eq!((unwanted.code, unwanted.out.as_str()), (0, ""));
    assert!(!lake.join("_derived").exists());
    let compacted = ask(&["compact"]);
    assert_eq!(compacted.code, 0);
    assert!(
        compacted.out.starts_with("usage kept "),
        "{}",
        compacted.out
    );
    let kept = lake.join("_derived/usage");
    let len = fs::metadata(&kept).unwrap().len();
    // A header of 40 bytes comes before what is kept.
    let again = ask(&["compact", "--json"]).json();
    assert_eq!(again["usage_bytes"].as_u64(), Some(len - 40));
    assert_eq!([cost("table"), cost("json")], before);
    assert_eq!(ask(&["verify"]).code, 0);
    let mut bytes = fs::read(&kept).unwrap();
    bytes.pop();
    fs::write(&kept, bytes).unwrap();
    assert_eq!([cost("table"), cost("json")], before);
    let verified = ask(&["verify", "--json"]);
    assert_eq!(verified.code, 3);
    assert_eq!(verified.json()["findings"][0]["code"], "derived_damaged");
    assert_eq!(ask(&["compact"]).code, 0);
    assert_eq!(ask(&["verify"]).code, 0);
}
