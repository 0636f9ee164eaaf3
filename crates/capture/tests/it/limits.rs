//! Limits: what is over them is a reject, and reading goes on.

use otolith_capture::{ReadLimits, ReadOptions};

use crate::read::{Got, brief, framed, gzip, message, read_as, zstd};

fn limited(frame_bytes: usize) -> ReadOptions {
    ReadOptions {
        limits: ReadLimits {
            frame_bytes,
            kept_reject_bytes: 4,
            ..ReadLimits::default()
        },
        ..ReadOptions::default()
    }
}

fn check(bytes: &[u8], frame_bytes: usize, expected: &[&str], lens: &[u64]) {
    let (entries, _) = read_as("capture", bytes, &limited(frame_bytes));
    assert_eq!(brief(&entries), expected);
    let got: Vec<u64> = entries
        .iter()
        .filter_map(|entry| match entry {
            Got::Reject { len, .. } => Some(*len),
            Got::Frame { .. } => None,
        })
        .collect();
    assert_eq!(got, lens);
}

#[test]
fn a_large_json_record_is_passed_over() {
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(40));
    check(
        format!("{{}}\n{long}\n{{\"a\":1}}\n").as_bytes(),
        20,
        &["0 {}", r#"3 frame_too_large {\"x\""#, r#"52 {\"a\":1}"#],
        &[49],
    );
    let long = format!("text {}", "y".repeat(40));
    check(
        format!("{{}}\n{long}\n{{\"a\":1}}\n").as_bytes(),
        20,
        &["0 {}", "3 not_json text", r#"49 {\"a\":1}"#],
        &[45],
    );
}

#[test]
fn a_large_message_is_passed_over() {
    let small = message("one");
    let large = message(&"x".repeat(60));
    let file = [framed(&small), framed(&large), framed(&small)].concat();
    let second = 4 + small.len();
    let third = second + 4 + large.len();
    let shown = small.escape_ascii();
    check(
        &file,
        20,
        &[
            &format!("0 {shown}"),
            &format!("{second} frame_too_large {}", [0, 0, 0, 66].escape_ascii()),
            &format!("{third} {shown}"),
        ],
        &[4 + large.len() as u64],
    );
    check(
        &large,
        20,
        &[&format!("0 frame_too_large {}", large[..4].escape_ascii())],
        &[large.len() as u64],
    );
}

#[test]
fn a_message_that_unfolds_too_far_is_rejected() {
    let packed = framed(&zstd(&vec![b' '; 1 << 20]));
    let (entries, _) = read_as("capture", &packed, &limited(1 << 16));
    assert!(matches!(
        entries[..],
        [Got::Reject {
            code: "frame_too_large",
            ..
        }]
    ));
}

#[test]
fn hostile_lengths_reserve_nothing() {
    for prefix in [[0x03, 0xff, 0xff, 0xff], [0xff; 4]] {
        let file = [&framed(&message("one"))[..], &prefix, &[0x0a, 0x7f]].concat();
        let (entries, _) = read_as("capture", &file, &ReadOptions::default());
        assert!(
            matches!(entries[..], [Got::Frame { .. }, Got::Reject { .. }]),
            "{entries:?}"
        );
    }
}

#[test]
fn decompression_is_bounded() {
    let lines = b"{\"a\":1}\n".repeat(1000);
    let options = ReadOptions {
        limits: ReadLimits {
            decompressed_bytes: Some(21),
            ..ReadLimits::default()
        },
        ..ReadOptions::default()
    };
    for packed in [gzip(&lines), zstd(&lines)] {
        let (entries, _) = read_as("capture", &packed, &options);
        assert_eq!(
            brief(&entries),
            [
                r#"0 {\"a\":1}"#,
                r#"8 {\"a\":1}"#,
                r#"16 torn_tail {\"a\":"#,
                "21 decompression_limit ",
            ]
        );
    }
    let bomb = gzip(&vec![b' '; 80 << 20]);
    let (entries, _) = read_as(
        "capture",
        &bomb,
        &ReadOptions {
            limits: ReadLimits {
                decompression_ratio: 100,
                ..ReadLimits::default()
            },
            ..ReadOptions::default()
        },
    );
    assert!(matches!(
        entries[..],
        [Got::Reject {
            code: "decompression_limit",
            ..
        }]
    ));
}

#[test]
fn readers_and_chunks_may_change_threads() {
    fn is_send<T: Send>() {}
    is_send::<otolith_capture::CaptureReader>();
    is_send::<otolith_capture::Chunk>();
    is_send::<otolith_capture::Source>();
}
