//! Compression of whole files.

use std::io::Write as _;

use crate::read::{Got, brief, check, framed, gzip, message, read, zstd};

const A: &[u8] = b"{\"a\":1}\n";
const B: &[u8] = b"{\"b\":2}\n";
const EXPECTED: [&str; 2] = [r#"0 {\"a\":1}"#, r#"8 {\"b\":2}"#];

#[test]
fn members_and_frames_are_joined() {
    check([gzip(A), gzip(B)].concat(), "gzip > JSON lines", &EXPECTED);
    check([zstd(A), zstd(B)].concat(), "zstd > JSON lines", &EXPECTED);
    let skippable = [0x5a, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 7, 7];
    let file = [&skippable[..], &zstd(A), &skippable, &zstd(B), &skippable].concat();
    check(file, "zstd > JSON lines", &EXPECTED);
}

#[test]
fn a_line_may_span_frames() {
    let file = [
        zstd(&A[..3]),
        zstd(&[&A[3..], &B[..1]].concat()),
        zstd(&B[1..]),
    ]
    .concat();
    check(file, "zstd > JSON lines", &EXPECTED);
}

#[test]
fn compressions_nest_around_any_format() {
    check(
        gzip(&zstd(&[A, B].concat())),
        "gzip > zstd > JSON lines",
        &EXPECTED,
    );
    let shown = message("one").escape_ascii().to_string();
    check(
        gzip(&framed(&message("one"))),
        "gzip > length-prefixed protobuf",
        &[&format!("0 {shown}")],
    );
}

#[test]
fn padding_after_the_stream_is_skipped() {
    let padding = [0; 9];
    check(
        [&gzip(&[A, B].concat())[..], &padding].concat(),
        "gzip > JSON lines",
        &EXPECTED,
    );
    check(
        [&zstd(A)[..], &padding, &zstd(B), &padding].concat(),
        "zstd > JSON lines",
        &EXPECTED,
    );
}

#[test]
fn a_cut_stream_gives_what_came_before() {
    for packed in [[gzip(A), gzip(B)].concat(), [zstd(A), zstd(B)].concat()] {
        let entries = read(&packed[..packed.len() - 6]);
        assert_eq!(brief(&entries)[0], EXPECTED[0]);
        assert!(
            matches!(
                entries.last(),
                Some(Got::Reject {
                    code: "torn_compression",
                    ..
                })
            ),
            "{entries:?}"
        );
    }
}

#[test]
fn bytes_behind_the_stream_are_named() {
    for packed in [gzip(A), zstd(A)] {
        let entries = read(&[&packed[..], b"trailing"].concat());
        assert_eq!(brief(&entries), [EXPECTED[0], "8 torn_compression "]);
    }
}

#[test]
fn a_damaged_block_costs_no_block_before_it() {
    const BLOCKS: usize = 20;
    let line = format!("{{\"resourceLogs\":[\"{}\"]}}\n", "x".repeat(1_000));
    let mut encoder = ::zstd::Encoder::new(Vec::new(), 1).unwrap();
    for _ in 0..BLOCKS {
        encoder.write_all(line.as_bytes()).unwrap();
        // Ends a block.
        encoder.flush().unwrap();
    }
    let next_block = encoder.get_ref().len();
    encoder.write_all(line.as_bytes()).unwrap();
    let mut bytes = encoder.finish().unwrap();
    // A kind of block that there is not (RFC 8878, section 3.1.1.2.2).
    bytes[next_block] |= 0b110;
    let entries = read(&bytes);
    let frames = entries
        .iter()
        .filter(|got| matches!(got, Got::Frame { .. }));
    assert_eq!(frames.count(), BLOCKS);
    let offset = line.len() * BLOCKS;
    let last = brief(&entries).pop().unwrap();
    assert_eq!(last, format!("{offset} torn_compression "));
}
