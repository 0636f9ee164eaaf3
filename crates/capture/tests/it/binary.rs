//! Length-prefixed and bare messages, whole and damaged.

use otolith_capture::{Encoding, InputFormat, ReadOptions, Signal, SignalHint};

use crate::read::{Got, check, framed, gzip, message, read, read_as, zstd};

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}

/// Frames of messages at their places, in short.
fn frames(prefix_len: usize, texts: &[&str]) -> Vec<String> {
    let mut at = 0;
    texts
        .iter()
        .map(|text| {
            let message = message(text);
            let line = format!("{at} {}", shown(&message));
            at += prefix_len + message.len();
            line
        })
        .collect()
}

fn check_frames(bytes: &[u8], layout: &str, expected: &[String]) {
    let expected: Vec<&str> = expected.iter().map(|line| &**line).collect();
    check(bytes, layout, &expected);
}

const PROTO: &str = "length-prefixed protobuf";

#[test]
fn proto_frames_are_cut() {
    let file = [framed(&message("one")), framed(&message("three"))].concat();
    check_frames(&file, PROTO, &frames(4, &["one", "three"]));
    check_frames(&framed(&message("")), PROTO, &frames(4, &[""]));
}

#[test]
fn varint_frames_are_cut() {
    let file: Vec<u8> = ["one", "three", "four"]
        .iter()
        .flat_map(|text| {
            let message = message(text);
            [vec![u8::try_from(message.len()).unwrap()], message].concat()
        })
        .collect();
    check_frames(
        &file,
        "varint-delimited protobuf",
        &frames(1, &["one", "three", "four"]),
    );
}

#[test]
fn varint_frames_that_begin_like_json_are_cut() {
    // A length of 123 is `{`, a tag of 10 a line break.
    let text = "x".repeat(117);
    let file = [vec![123], message(&text)].concat();
    assert_eq!(&file[..2], b"{\n");
    check_frames(&file, "varint-delimited protobuf", &frames(1, &[&text]));
}

#[test]
fn grpc_frames_are_cut_and_unfolded() {
    let plain = message("one");
    let packed = gzip(&message("two"));
    let file = [&[0][..], &framed(&plain), &[1], &framed(&packed)].concat();
    let at = 5 + plain.len();
    check(
        &file,
        "gRPC messages",
        &[
            &format!("0 {}", shown(&plain)),
            &format!("{at} {}", shown(&message("two"))),
        ],
    );
}

#[test]
fn a_bare_message_is_one_frame() {
    let bytes = [message("one"), message("two")].concat();
    let expected = format!("0 {}", shown(&bytes));
    check(&bytes, "one protobuf message", &[&expected]);
    let with_line_end = [&bytes[..], b"\n"].concat();
    check(&with_line_end, "one protobuf message", &[&expected]);
    // A length of 123 is `{`.
    let text = "x".repeat(119);
    let bytes = message(&text);
    assert_eq!(&bytes[..2], b"\n{");
    check(
        &bytes,
        "one protobuf message",
        &[&format!("0 {}", shown(&bytes))],
    );
}

#[test]
fn zstd_frames_hold_json_or_protobuf() {
    let json = br#"{"path":"/v1/logs","payload":{"resourceLogs":[]}}"#;
    let file = [framed(&zstd(&message("one"))), framed(&zstd(json))].concat();
    let (entries, layout) = read_as("capture", &file, &ReadOptions::default());
    assert_eq!(
        layout.to_string(),
        "length-prefixed zstd messages (agentic-ci)"
    );
    let frame = |offset: u64, bytes: &[u8], encoding, signal| Got::Frame {
        offset,
        bytes: bytes.to_vec(),
        encoding,
        signal,
        arrival: None,
    };
    let second = framed(&zstd(&message("one"))).len() as u64;
    let logs = SignalHint::Declared(Signal::Logs);
    assert_eq!(
        entries,
        [
            frame(0, &message("one"), Encoding::Protobuf, SignalHint::Unknown),
            frame(second, br#"{"resourceLogs":[]}"#, Encoding::Json, logs),
        ]
    );
}

#[test]
fn file_names_hint_at_the_signal_of_protobuf() {
    let (entries, _) = read_as(
        "raw/00003-metrics.pb",
        &message("x"),
        &ReadOptions::default(),
    );
    assert!(matches!(
        entries[..],
        [Got::Frame {
            signal: SignalHint::FileName(Signal::Metrics),
            ..
        }]
    ));
}

#[test]
fn padding_is_skipped_wherever_it_is() {
    let one = framed(&message("one"));
    let two = framed(&message("two"));
    for padding in 1..12 {
        let zeros = vec![0; padding];
        let file = [&one[..], &zeros, &two, &zeros].concat();
        let at = one.len() + padding;
        check(
            &file,
            PROTO,
            &[
                &format!("0 {}", shown(&message("one"))),
                &format!("{at} {}", shown(&message("two"))),
            ],
        );
    }
}

#[test]
fn a_cut_last_message_is_a_torn_tail() {
    let one = framed(&message("one"));
    let two = framed(&message("two"));
    for cut in 1..two.len() {
        let file = [&one[..], &two[..cut]].concat();
        let entries = read(&file);
        if cut <= 3 {
            // Only zeros are left of the prefix.
            assert_eq!(entries.len(), 1, "{cut}");
            continue;
        }
        let Got::Reject {
            offset,
            code,
            bytes,
            ..
        } = &entries[1]
        else {
            panic!("{entries:?}");
        };
        assert_eq!((*offset, *code), (one.len() as u64, "torn_tail"));
        // Zeros at the end count as padding.
        let zeros = usize::from(two[cut - 1] == 0);
        assert_eq!(bytes.as_slice(), &two[..cut - zeros]);
    }
}

#[test]
fn a_wrong_length_loses_its_message_only() {
    let messages: Vec<Vec<u8>> = ["one", "three", "seven", "eight"]
        .iter()
        .map(|text| framed(&message(text)))
        .collect();
    let second = messages[0].len();
    for (place, value) in [(0, 0x40), (1, 0xff), (2, 1), (3, 200), (3, 2), (3, 14)] {
        let mut file = messages.concat();
        file[second + place] = value;
        let entries = read(&file);
        let frames = entries
            .iter()
            .filter(|entry| matches!(entry, Got::Frame { .. }))
            .count();
        assert!(frames >= 3, "{place} {value}: {entries:?}");
        let rejected: Vec<u8> = entries
            .iter()
            .filter_map(|entry| match entry {
                Got::Reject {
                    code: "bad_length",
                    bytes,
                    ..
                } => Some(bytes.clone()),
                _ => None,
            })
            .flatten()
            .collect();
        assert_eq!(rejected, file[second..second + messages[1].len()]);
    }
}

#[test]
fn a_damaged_body_keeps_its_length() {
    let mut file = [framed(&message("one")), framed(&message("two"))].concat();
    file[4] = 0xff;
    let entries = read_as(
        "capture",
        &file,
        &ReadOptions {
            input_format: Some(InputFormat::ProtoFrames),
            ..ReadOptions::default()
        },
    )
    .0;
    assert_eq!(entries.len(), 2);
    assert!(
        entries
            .iter()
            .all(|entry| matches!(entry, Got::Frame { .. }))
    );
}

#[test]
fn a_message_that_cannot_be_unfolded_is_rejected_alone() {
    let mut packed = zstd(&message("one"));
    packed[4..].fill(0xff);
    let file = [framed(&packed), framed(&zstd(&message("two")))].concat();
    let entries = read(&file);
    assert!(matches!(
        entries[0],
        Got::Reject {
            code: "bad_compression",
            ..
        }
    ));
    assert!(matches!(&entries[1], Got::Frame { bytes, .. } if *bytes == message("two")));
}

#[test]
fn other_files_are_one_reject_with_a_name() {
    for (bytes, name) in [
        (&b"PAR1\x15\x04\x15\x10\x15\x14\x4c"[..], "Parquet"),
        (b"hello, world", "text that is not JSON"),
        (b"\xff\xfe{\0\"\0", "UTF-16"),
        (b"\x01\x02\x03", "unknown binary data"),
    ] {
        let source = otolith_capture::Source::from_bytes("x", bytes.to_vec());
        let mut chunk = otolith_capture::Chunk::new();
        let mut reader = source.open(&ReadOptions::default()).unwrap();
        assert!(reader.next_chunk(&mut chunk).unwrap());
        let entries: Vec<_> = chunk.entries().collect();
        let [otolith_capture::Entry::Reject(reject)] = &entries[..] else {
            panic!("{entries:?}");
        };
        assert_eq!(reject.code, otolith_capture::problems::UNRECOGNISED);
        assert!(reject.message.contains(name), "{}", reject.message);
        assert_eq!(reject.bytes, bytes);
    }
}
