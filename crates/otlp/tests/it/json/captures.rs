//! Real captures: all is taken, and as much as the truth says.

use std::path::{Path, PathBuf};

use otolith_otlp::NoteCode;
use otolith_otlp::problems::DUPLICATE_ATTRIBUTE_KEY;
use serde_json::Value;

use super::decode;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures")
}

#[test]
fn every_line_of_every_capture_is_taken() {
    let truth = std::fs::read(testdata().join("truth.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    let mut captures = 0;
    for (name, truth) in truth.as_object().unwrap() {
        for (signal, items) in [
            ("traces", "spans"),
            ("metrics", "data_points"),
            ("logs", "log_records"),
        ] {
            let path = testdata().join(format!("{name}/file-exporter/{signal}.jsonl"));
            // The large captures are compressed, which is not this crate's business.
            let Ok(text) = std::fs::read_to_string(path) else {
                continue;
            };
            let expected = truth["counts"][signal][items].as_u64().unwrap();
            let mut decoded_items = 0;
            for line in text.lines() {
                let (result, transcript) = decode(line);
                decoded_items += result.unwrap().items;
                assert_eq!(transcript.rejects, [""; 0]);
                // Real emitters are read in one pass.
                assert_eq!(transcript.abandons, 0, "{line}");
                // Codex repeats keys.
                let is_repeat = |code: &NoteCode| *code == DUPLICATE_ATTRIBUTE_KEY;
                assert!(transcript.notes.iter().all(is_repeat));
            }
            assert_eq!(decoded_items, expected, "{name} {signal}");
            captures += 1;
        }
    }
    assert!(captures >= 15, "found {captures}");
}

#[test]
fn the_schema_url_behind_its_list_is_found() {
    let path = testdata().join("pysdk-http/file-exporter/metrics.jsonl");
    let text = std::fs::read_to_string(path).unwrap();
    let mut found = 0;
    for line in text.lines() {
        let tree: Value = serde_json::from_str(line).unwrap();
        let (_, transcript) = decode(line);
        let visits = transcript.text();
        for scope in tree["resourceMetrics"][0]["scopeMetrics"]
            .as_array()
            .unwrap()
        {
            let name = &scope["scope"]["name"];
            let url = scope["schemaUrl"].as_str().unwrap_or_default();
            let visit = visits
                .lines()
                .find(|line| line.contains(&format!("Scope {{ name: {name},")))
                .unwrap();
            assert!(
                visit.ends_with(&format!("schema_url: {url:?} }}")),
                "{visit}"
            );
            found += usize::from(!url.is_empty());
        }
    }
    assert!(found > 10, "found {found}");
}
