//! What an inspection tells.

use otolith_capture::Source;
use otolith_ingest::{InspectOptions, Inspection, NoWatch, inspect};

use crate::support::{BAD_RECORD, captured, logs, named, nanos};

fn inspected(sources: &[Source]) -> Inspection {
    inspect(sources, &InspectOptions::default(), &NoWatch).unwrap()
}

#[test]
fn a_small_capture_is_told_completely() {
    let text = r#""body":{"stringValue":"x"}"#;
    let sources = [
        named(
            "one.jsonl",
            &[
                logs("a", 100, &[text, text]),
                logs("b", 40, &[text, BAD_RECORD]),
                logs("a", 100, &[text, text]),
            ],
        ),
        named(
            "two.jsonl",
            &["{\"x\":1}".to_owned(), logs("a", 130, &[text])],
        ),
    ];
    let found = inspected(&sources);
    assert!(!found.is_clean());
    assert_eq!(
        (
            found.frames_read,
            found.frames_rejected,
            found.items_rejected
        ),
        (5, 1, 1)
    );
    assert_eq!(found.duplicate_requests, 1);
    let signal = &found.signals[..];
    assert_eq!(signal.len(), 1);
    assert_eq!(
        (signal[0].signal, signal[0].requests, signal[0].items),
        ("logs", 4, 6)
    );
    let services: Vec<_> = found
        .services
        .iter()
        .map(|s| {
            (
                s.service_name.as_deref().unwrap(),
                s.service_versions.join(" "),
                s.items,
            )
        })
        .collect();
    assert_eq!(
        services,
        [("a", "1.2".to_owned(), 5), ("b", "1.2".to_owned(), 1)]
    );
    assert_eq!(found.scopes.len(), 1);
    assert_eq!(
        (found.scopes[0].scope_name.as_str(), found.scopes[0].items),
        ("scope", 6)
    );
    let times = found.item_time.unwrap();
    assert_eq!(
        (times.first_unix_nano, times.last_unix_nano),
        (nanos(40), nanos(130))
    );
    assert_eq!(found.arrival_time, None);
    let gaps: Vec<_> = found.gaps.iter().map(|gap| gap.seconds).collect();
    assert_eq!(gaps, [60.0, 30.0]);
    assert_eq!(
        (found.disorder.requests, found.disorder.largest_step_seconds),
        (1, 60.0)
    );
    assert_eq!(found.replay_seconds, Some(90.0));
    let rejects = |index: usize| {
        let groups = found.sources[index].rejects.iter();
        groups
            .map(|group| (group.code, group.count))
            .collect::<Vec<_>>()
    };
    assert_eq!(rejects(0), [("bad_value", 1)]);
    assert_eq!(rejects(1), [("not_otlp", 1)]);
    assert_eq!(found.rejects.len(), 2);
}

#[test]
fn agents_and_temporality_of_real_captures_are_told() {
    let agents = |place: &str| {
        let services = inspected(&captured(place)).services;
        let agents = services.into_iter().flat_map(|service| service.agents);
        agents.collect::<Vec<String>>()
    };
    assert_eq!(agents("claude-grpc/agentic-ci.jsonl"), ["Claude Code"]);
    assert_eq!(agents("pysdk-grpc/agentic-ci.jsonl"), Vec::<String>::new());
    let points = |place: &str| {
        let metrics = inspected(&captured(place)).metrics;
        let tokens = metrics
            .into_iter()
            .find(|m| m.metric_name == "claude_code.token.usage");
        let tokens = tokens.unwrap();
        assert_eq!((tokens.metric_type, tokens.unspecified_points), ("sum", 0));
        (tokens.delta_points > 0, tokens.cumulative_points > 0)
    };
    assert_eq!(points("claude-http/agentic-ci.jsonl"), (true, false));
    assert_eq!(points("claude-grpc/agentic-ci.jsonl"), (false, true));
}
