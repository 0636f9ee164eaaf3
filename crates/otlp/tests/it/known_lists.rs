//! Attribute lists of points that come again: read once, and told by their bytes.

use std::collections::HashSet;

use otolith_capture::{Encoding, Frame, Origin, Signal, SignalHint};
use otolith_otlp::problems::{DUPLICATE_ATTRIBUTE_KEY, TOO_MANY_ATTRIBUTES};
use otolith_otlp::{Decoder, Limits};

use crate::transcript::Transcript;

const JSON: SignalHint = SignalHint::Unknown;
const METRICS: SignalHint = SignalHint::Declared(Signal::Metrics);

fn decode(decoder: &mut Decoder, bytes: &[u8], signal: SignalHint) -> Transcript {
    decode_into(Transcript::default(), decoder, bytes, signal)
}

fn decode_into(
    mut transcript: Transcript,
    decoder: &mut Decoder,
    bytes: &[u8],
    signal: SignalHint,
) -> Transcript {
    let frame = Frame {
        bytes,
        origin: Origin {
            file: "test".into(),
            frame: 1,
            offset: 0,
        },
        encoding: match signal {
            JSON => Encoding::Json,
            _ => Encoding::Protobuf,
        },
        signal,
        arrival_unix_nano: None,
    };
    decoder.decode(&frame, &mut transcript).unwrap();
    transcript
}

/// A gauge with points that have these members.
fn json(points: &[&str]) -> String {
    format!(
        r#"{{"resourceMetrics":[{{"resource":{{"attributes":[{}]}},"scopeMetrics":[{{"scope":{{}},"metrics":[{{"name":"m","gauge":{{"dataPoints":[{}]}}}}]}}]}}]}}"#,
        json_attribute("a", "1"),
        points.join(",")
    )
}

fn json_attribute(key: &str, value: &str) -> String {
    format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#)
}

/// A message in field `number`.
fn len(number: u8, message: &[u8]) -> Vec<u8> {
    let len = message.len() as u16;
    let mut field = vec![number << 3 | 2, len as u8 | 0x80, (len >> 7) as u8];
    field.extend_from_slice(message);
    field
}

/// An attribute in field `number`.
fn attribute(number: u8, key: &str, value: &str) -> Vec<u8> {
    let value = len(2, &len(1, value.as_bytes()));
    len(number, &[len(1, key.as_bytes()), value].concat())
}

/// A metric with points in the data field `data`.
fn protobuf(data: u8, points: &[Vec<u8>]) -> Vec<u8> {
    let points: Vec<u8> = points.iter().flat_map(|point| len(1, point)).collect();
    let resource = len(1, &attribute(1, "a", "1"));
    let metrics = len(2, &len(data, &points));
    len(1, &[resource, len(2, &metrics)].concat())
}

const GAUGE: u8 = 5;
const EXPONENTIAL_HISTOGRAM: u8 = 10;
const SUMMARY: u8 = 11;

/// Points of a transcript: how many attributes each has.
fn counts(transcript: &Transcript) -> Vec<usize> {
    let points = transcript
        .lines
        .iter()
        .filter(|line| line.contains("Point {"));
    points
        .map(|line| line.matches("KeyValue {").count())
        .collect()
}

/// How many different lists points came with.
fn distinct(transcript: &Transcript) -> usize {
    transcript.hints.iter().collect::<HashSet<_>>().len()
}

#[test]
fn lists_are_told_whole() {
    let [one, two] = ["1", "2"].map(|value| attribute(7, "a", value));
    let other = attribute(7, "b", "1");
    let time = [3 << 3 | 1, 1, 0, 0, 0, 0, 0, 0, 0].to_vec();
    let points = [
        one.clone(),
        one.clone(),
        // Longer than the one that is expected, whole and in pieces.
        [one.clone(), other.clone()].concat(),
        one.clone(),
        [one.clone(), time.clone(), other.clone()].concat(),
        one.clone(),
        [time.clone(), one.clone(), time].concat(),
        // A key that repeats is told again each time.
        [one.clone(), two.clone()].concat(),
        [one.clone(), two].concat(),
        one,
    ];
    let bytes = protobuf(GAUGE, &points);
    let mut decoder = Decoder::new(Limits::DEFAULT);
    for _ in 0..3 {
        let transcript = decode(&mut decoder, &bytes, METRICS);
        assert_eq!(counts(&transcript), [1, 1, 2, 1, 2, 1, 1, 1, 1, 1]);
        assert_eq!(transcript.hints.len(), 7);
        assert_eq!(distinct(&transcript), 2);
        assert_eq!(transcript.notes, [DUPLICATE_ATTRIBUTE_KEY; 2]);
    }
}

#[test]
fn known_lists_are_not_decoded_for_who_does_not_need_them() {
    let [one, other] = [("a", "1"), ("b", "2")].map(|(key, value)| attribute(7, key, value));
    let both = [one.clone(), other.clone()].concat();
    let divided = [one.clone(), vec![8 << 3, 1], other].concat();
    let bytes = protobuf(GAUGE, &[one.clone(), both.clone(), divided, one, both]);
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let all = decode(&mut decoder, &bytes, METRICS);
    assert_eq!(counts(&all), [1, 2, 2, 1, 2]);
    for _ in 0..2 {
        let mut transcript = Transcript::default();
        transcript.needs_none = true;
        let some = decode_into(transcript, &mut decoder, &bytes, METRICS);
        assert_eq!(some.hints, all.hints);
        // The third has no list that could be known, the fourth not the one that is expected.
        assert_eq!(counts(&some), [0, 0, 2, 1, 2]);
    }
    assert_eq!(decode(&mut decoder, &bytes, METRICS).lines, all.lines);
}

#[test]
fn json_lists_are_told_whole() {
    let one = json_attribute("a", "1");
    let list = format!(r#""attributes":[{one}]"#);
    let points = [
        format!("{{{list}}}"),
        format!("{{{list},\"flags\":1}}"),
        format!(
            r#"{{"attributes":[{one},{}]}}"#,
            json_attribute("b", "\\u00e9")
        ),
        format!("{{{list},\"attributes\":null}}"),
        format!("{{{list} , \"asInt\":\"1\"}}"),
        format!("{{\"attributes\":[],{list}}}"),
        format!(r#"{{"attributes":[{one},{one}]}}"#),
        format!(r#"{{"attributes":[{one},{one}]}}"#),
        format!("{{\"attributes\": [ {one} ]}}"),
    ];
    let text = json(&points.each_ref().map(String::as_str));
    let mut decoder = Decoder::new(Limits::DEFAULT);
    for _ in 0..3 {
        let transcript = decode(&mut decoder, text.as_bytes(), JSON);
        assert_eq!(counts(&transcript), [1, 1, 2, 0, 1, 1, 1, 1, 1]);
        assert_eq!(transcript.hints.len(), 6);
        assert_eq!(distinct(&transcript), 3);
        let duplicates = transcript.notes.iter();
        let duplicates = duplicates.filter(|note| **note == DUPLICATE_ATTRIBUTE_KEY);
        assert_eq!(duplicates.count(), 2);
    }
}

#[test]
fn the_same_bytes_elsewhere_mean_what_they_mean_there() {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let [first, seventh] = [1, 7].map(|number| attribute(number, "a", "1"));
    // In a gauge field 1 is not known, in an exponential histogram field 7 is a number.
    let both = [first.clone(), seventh.clone()].concat();
    for _ in 0..2 {
        let gauge = decode(
            &mut decoder,
            &protobuf(GAUGE, &[both.clone(), seventh.clone()]),
            METRICS,
        );
        assert_eq!(counts(&gauge), [1, 1]);
        let histogram = protobuf(EXPONENTIAL_HISTOGRAM, &[both.clone(), first.clone()]);
        let histogram = decode(&mut decoder, &histogram, METRICS);
        assert_eq!((counts(&histogram), histogram.rejects.len()), (vec![1], 1));
        let summary = decode(
            &mut decoder,
            &protobuf(SUMMARY, std::slice::from_ref(&both)),
            METRICS,
        );
        assert_eq!(counts(&summary), [1]);
    }
}

#[test]
fn attributes_of_the_record_before_say_the_same_again() {
    const LOGS: SignalHint = SignalHint::Declared(Signal::Logs);
    let request = |records: &[Vec<u8>]| {
        let records: Vec<u8> = records.iter().flat_map(|record| len(2, record)).collect();
        len(1, &len(2, &records))
    };
    let [a, b, other] = [("a", "1"), ("b", "2"), ("b", "\u{e9}")].map(|(k, v)| attribute(6, k, v));
    let list = len(6, &[len(1, b"a"), len(2, &len(5, &[]))].concat());
    let mut not_text = attribute(6, "a", "1");
    *not_text.last_mut().unwrap() = 0xff;
    let many: Vec<u8> = (0..100)
        .flat_map(|n| attribute(6, &format!("k{n}"), "1"))
        .collect();
    let records = [
        [a.clone(), b.clone()].concat(),
        [a.clone(), other.clone()].concat(),
        [a.clone(), a.clone()].concat(),
        [list.clone(), b.clone()].concat(),
        [a.clone(), b.clone(), a.clone()].concat(),
        not_text,
        many.clone(),
        many,
        // Something else stands between them.
        [a.clone(), vec![7 << 3, 1], b.clone()].concat(),
        vec![],
        [a, other, list].concat(),
    ];
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let all = decode(&mut decoder, &request(&records), LOGS);
    let each = records.map(|record| decode(&mut decoder, &request(&[record]), LOGS));
    let lines = |transcript: &Transcript| -> Vec<String> {
        let records = transcript.lines.iter();
        let records = records.filter(|line| line.contains("LogRecord {"));
        records.cloned().collect()
    };
    assert_eq!(lines(&all), each.iter().flat_map(lines).collect::<Vec<_>>());
    assert_eq!(lines(&all).len(), 10);
    assert_eq!(all.rejects.len(), 1);
    let notes = each.iter().flat_map(|transcript| &transcript.notes);
    assert_eq!(all.notes, notes.copied().collect::<Vec<_>>());
    assert!(!all.notes.is_empty());
}

#[test]
fn a_known_list_counts_against_the_limit() {
    let mut decoder = Decoder::new(Limits {
        attributes: 2,
        ..Limits::DEFAULT
    });
    let [a, b, c] = ["a", "b", "c"].map(|key| attribute(7, key, "1"));
    let known = [a, b].concat();
    let flags = vec![8 << 3, 1];
    let points = [known.clone(), [known, flags, c].concat()];
    for _ in 0..2 {
        let transcript = decode(&mut decoder, &protobuf(GAUGE, &points), METRICS);
        assert_eq!(counts(&transcript), [2]);
        let code = TOO_MANY_ATTRIBUTES.to_string();
        assert!(
            transcript.rejects[0].contains(&code),
            "{:?}",
            transcript.rejects
        );
    }
}
