//! Properties that hold for all bytes.

use otolith_capture::{InputFormat, ReadLimits, ReadOptions};
use proptest::prelude::*;

use crate::read::{Got, framed, message, read, read_as, zstd};

/// Text of which captures are made, damage included.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&[u8]> = vec![
        b"{\"resourceSpans\":[{\"a\":\"x\"}]}",
        b"{\"path\":\"/v1/logs\",\"payload\":{\"resourceLogs\":[]}}",
        b"{\"resourceSpans\":[{\"res",
        b"{\n \"a\": [\n  {}\n ]\n}",
        b"{\n  \"hrTime\": [\n    1,\n    2\n  ]\n}",
        b"{\n  \"hrTime\": [\n    1,",
        b"{\"_spanContext\":{},\"name\":\"x\"}",
        b"{\"a\":\"\\\"",
        b"\n",
        b"\n",
        b"\r\n",
        b"[",
        b"]",
        b",",
        b" ",
        b"\0\0",
        b"\xef\xbb\xbf",
        b"}",
        b"text",
        b"\"",
    ];
    let piece = prop::sample::select(pieces);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Messages with lengths, damage included.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[a-z]{0,40}".prop_map(|text| framed(&message(&text))),
        1 => prop::collection::vec(any::<u8>(), 0..20),
        1 => (0..12_usize).prop_map(|len| vec![0; len]),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

/// Entries are in order, apart, inside the file, and nothing that is not blank lies between the
/// ends of rejects and the next entries of a file without envelopes.
fn accounts(
    bytes: &[u8],
    entries: &[Got],
    is_blank: impl Fn(u8) -> bool,
) -> Result<(), TestCaseError> {
    let mut at = 0;
    for entry in entries {
        let (offset, held) = match entry {
            Got::Frame { offset, bytes, .. } | Got::Reject { offset, bytes, .. } => {
                (usize::try_from(*offset).unwrap(), bytes)
            }
        };
        prop_assert!(offset >= at, "entries overlap: {entries:?}");
        prop_assert!(
            bytes[at..offset].iter().all(|byte| is_blank(*byte)),
            "lost {:?} of {:?}: {entries:?}",
            bytes[at..offset].escape_ascii().to_string(),
            bytes.escape_ascii().to_string()
        );
        prop_assert_eq!(&bytes[offset..offset + held.len()], &held[..]);
        at = offset + held.len();
    }
    prop_assert!(
        bytes[at..].iter().all(|byte| is_blank(*byte)),
        "lost the end: {entries:?}"
    );
    Ok(())
}

fn options(input_format: Option<InputFormat>, frame_bytes: usize) -> ReadOptions {
    ReadOptions {
        input_format,
        limits: ReadLimits {
            frame_bytes,
            ..ReadLimits::default()
        },
        ..ReadOptions::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_byte_of_a_json_file_is_accounted_for(text in pieces(), limit in 8..80_usize) {
        let text = text.replace(b"{\"path\":\"/v1/logs\",\"payload\":", b"");
        for limit in [1 << 20, limit] {
            let (entries, _) = read_as("capture", &text, &options(Some(InputFormat::Json), limit));
            accounts(&text, &entries, |byte| b" \t\r\n\0\x1e,[]\xef\xbb\xbf".contains(&byte))?;
        }
    }

    #[test]
    fn every_byte_of_a_binary_file_is_accounted_for(bytes in messages(), limit in 8..80_usize) {
        for limit in [1 << 20, limit] {
            let (entries, _) = read_as("capture", &bytes, &options(Some(InputFormat::ProtoFrames), limit));
            // The prefix of a frame is framing.
            let mut at = 0;
            for entry in &entries {
                let (offset, len) = match entry {
                    Got::Frame { offset, bytes, .. } => (*offset, bytes.len() as u64 + 4),
                    Got::Reject { offset, len, .. } => (*offset, *len),
                };
                prop_assert!(offset >= at, "entries overlap: {entries:?}");
                let between = at as usize..offset as usize;
                prop_assert!(bytes[between].iter().all(|byte| *byte == 0), "{entries:?}");
                at = offset + len;
            }
            prop_assert!(bytes[at as usize..].iter().all(|byte| *byte == 0), "{entries:?}");
        }
    }

    #[test]
    fn arbitrary_bytes_are_read_to_their_end(bytes in prop::collection::vec(any::<u8>(), 0..400), json in pieces(), proto in messages()) {
        for bytes in [bytes.clone(), [&json[..], &bytes].concat(), [&proto[..], &bytes].concat(), zstd(&json)] {
            read(&bytes);
            for format in InputFormat::ALL {
                read_as("capture", &bytes, &options(Some(format), 64));
            }
        }
    }

    #[test]
    fn one_wrong_byte_loses_one_line(place in 0..140_usize, byte in any::<u8>()) {
        let line = r#"{"resourceSpans":[{"a":"xy"}]}"#;
        let mut text = format!("{line}\n").repeat(5).into_bytes();
        let place = place % text.len();
        text[place] = byte;
        let whole = read(&text)
            .iter()
            .filter(|entry| matches!(entry, Got::Frame { bytes, .. } if bytes == line.as_bytes()))
            .count();
        prop_assert!(whole >= 4, "{whole} lines of {}", text.escape_ascii());
    }

    #[test]
    fn a_record_that_is_cut_off_hides_none_behind_it(
        [first, second] in prop::sample::select(vec![[0, 1], [1, 0], [2, 3], [3, 2]]),
        end in any::<prop::sample::Index>(),
        put_in in "[}\\]{\\[\",]{0,8}",
    ) {
        let (first, second) = (RECORDS[first], RECORDS[second]);
        // Bytes put in may close what the cut left open.
        let line = format!("{}{put_in}{second}", &first[..end.index(first.len())]);
        let text = [RECORDS[0], &line, RECORDS[0]].join("\n");
        let payload = payload(second);
        let entries = read(text.as_bytes());
        let is_whole = |entry: &Got| match entry {
            Got::Frame { bytes, .. } => *bytes == payload.as_bytes(),
            Got::Reject { .. } => false,
        };
        prop_assert!(entries.iter().any(is_whole), "{line}: {entries:?}");
    }
}

/// Requests as the Collector, agentic-ci and its like write them.
const RECORDS: [&str; 4] = [
    r#"{"resourceLogs":[{"scopeLogs":[]}]}"#,
    r#"{"resourceSpans":[{"a":"x y","b":[1,{"c":2}]}]}"#,
    r#"{"path":"/v1/traces","payload":{"resourceSpans":[{"b":[1,{"c":2}]}]}}"#,
    r#"{"path": "/v1/metrics", "payload": {"resourceMetrics": [{"a": "\\\"}"}]}}"#,
];

/// What a record holds behind its envelope.
fn payload(record: &str) -> &str {
    match record.find("{\"resource") {
        Some(start) if start > 0 => &record[start..record.len() - 1],
        _ => record,
    }
}

/// Replaces a part of bytes wherever it stands.
trait Replace {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8>;
}

impl Replace for Vec<u8> {
    fn replace(&self, from: &[u8], to: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut rest = &self[..];
        while let Some(first) = rest.first() {
            if let Some(after) = rest.strip_prefix(from) {
                out.extend_from_slice(to);
                rest = after;
            } else {
                out.push(*first);
                rest = &rest[1..];
            }
        }
        out
    }
}
