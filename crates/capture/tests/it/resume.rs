//! Captures that are read again: grown, cut, packed, renamed, damaged.

use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

use otolith_capture::{
    Checkpoint, Chunk, Entry, Head, InputFormat, ReadLimits, ReadOptions, Source, TornTail,
    Waiting, find_sources,
};

use crate::read::{framed, gzip, message, zstd};

const A: &str = r#"{"resourceSpans":[{"a":1}]}"#;
const B: &str = r#"{"resourceLogs":[]}"#;

/// What one run over a source gave.
#[derive(Debug)]
pub struct Run {
    pub entries: Vec<String>,
    pub checkpoint: Option<Checkpoint>,
    waiting: Option<Waiting>,
    resumed: Option<Checkpoint>,
}

impl Run {
    /// Code and place of what waits.
    fn waits(&self) -> Option<(&'static str, u64, u64)> {
        let waiting = self.waiting.as_ref()?;
        Some((waiting.code.0, waiting.offset, waiting.len_bytes))
    }
}

fn wait() -> ReadOptions {
    ReadOptions {
        torn_tail: TornTail::Wait,
        ..ReadOptions::default()
    }
}

/// Everything that an entry says, except for the name of its file.
fn told(entry: &Entry<'_>) -> String {
    match entry {
        Entry::Frame(frame) => format!(
            "{} {} {:?} {:?} {:?} {}",
            frame.origin.frame,
            frame.origin.offset,
            frame.encoding,
            frame.signal,
            frame.arrival_unix_nano,
            shown(frame.bytes),
        ),
        Entry::Reject(reject) => format!(
            "{} {} {} {} {}",
            reject.origin.frame,
            reject.origin.offset,
            reject.code,
            reject.len_bytes,
            shown(&reject.bytes),
        ),
    }
}

/// Short bytes as they are, long ones in a number.
fn shown(bytes: &[u8]) -> String {
    if bytes.len() <= 100 {
        return bytes.escape_ascii().to_string();
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    format!("{} bytes, {:x}", bytes.len(), hasher.finish())
}

fn run_source(source: &Source, options: &ReadOptions, ledger: &[Checkpoint]) -> Run {
    let known = |head: &[u8]| {
        assert!(head.len() <= Head::MAX_BYTES);
        let known = ledger.iter().filter(|known| known.head.begins(head));
        known.cloned().collect()
    };
    let opened = source
        .open_after(options, &known, &std::env::temp_dir())
        .unwrap();
    let mut reader = opened.reader;
    let mut chunk = Chunk::new();
    let mut entries = Vec::new();
    assert_eq!(reader.checkpoint(), opened.resumed);
    while reader.next_chunk(&mut chunk).unwrap() {
        entries.extend(chunk.entries().map(|entry| told(&entry)));
    }
    Run {
        entries,
        checkpoint: reader.checkpoint(),
        waiting: reader.waiting().cloned(),
        resumed: opened.resumed,
    }
}

pub fn run(bytes: &[u8], ledger: &[Checkpoint]) -> Run {
    run_source(
        &Source::from_bytes("capture", bytes.to_vec()),
        &wait(),
        ledger,
    )
}

pub fn ledger(run: &Run) -> Vec<Checkpoint> {
    run.checkpoint.iter().cloned().collect()
}

/// Reads a capture in two runs, the first of which finds it as `before`, and expects what one
/// run over `after` gives.
#[track_caller]
fn check_grown(before: &[u8], after: &[u8]) {
    let whole = run(after, &[]);
    let first = run(before, &[]);
    let second = run(after, &ledger(&first));
    let at = before.len();
    assert_eq!(second.resumed, first.checkpoint, "cut at {at}");
    let both = [&first.entries[..], &second.entries].concat();
    assert_eq!(both, whole.entries, "cut at {at}: {first:?}");
    assert_eq!(second.checkpoint, whole.checkpoint, "cut at {at}");
    assert_eq!(second.waiting, whole.waiting, "cut at {at}");
    let third = run(after, &ledger(&second));
    assert_eq!(third.entries, [""; 0], "cut at {at}");
    assert_eq!(third.checkpoint, whole.checkpoint, "cut at {at}");
}

/// Cuts a capture at every place.
#[track_caller]
fn check_cuts(bytes: &[u8]) {
    for cut in 0..=bytes.len() {
        check_grown(&bytes[..cut], bytes);
    }
}

pub fn varint_framed(bytes: &[u8]) -> Vec<u8> {
    [&[u8::try_from(bytes.len()).unwrap()][..], bytes].concat()
}

fn samples() -> Vec<(InputFormat, Vec<u8>)> {
    let messages = ["one", "three", "seven!"].map(message);
    let packed = [zstd(&messages[0]), zstd(B.as_bytes()), zstd(&messages[2])];
    let grpc = |message: &[u8]| match message.len() % 2 {
        0 => [&[0][..], &framed(message)].concat(),
        _ => [&[1][..], &framed(&gzip(message))].concat(),
    };
    vec![
        (InputFormat::Json, format!("{A}\n{B}\n{A}\n").into_bytes()),
        (
            InputFormat::ProtoFrames,
            messages.iter().flat_map(|m| framed(m)).collect(),
        ),
        (
            InputFormat::ZstdFrames,
            packed.iter().flat_map(|m| framed(m)).collect(),
        ),
        (
            InputFormat::VarintFrames,
            messages.iter().flat_map(|m| varint_framed(m)).collect(),
        ),
        (
            InputFormat::GrpcFrames,
            messages.iter().flat_map(|m| grpc(m)).collect(),
        ),
    ]
}

#[test]
fn captures_of_every_format_may_be_cut_anywhere() {
    for (format, bytes) in samples() {
        let whole = run(&bytes, &[]);
        assert_eq!(whole.entries.len(), 3, "{format}");
        let checkpoint = whole.checkpoint.unwrap();
        assert_eq!((checkpoint.format, checkpoint.frame), (Some(format), 3));
        check_cuts(&bytes);
    }
}

#[test]
fn json_of_every_shape_may_be_cut_anywhere() {
    let line = format!(
        "{{\"ts\": \"2025-11-20T12:00:00+00:00\", \"path\": \"/v1/logs\", \"payload\": {B}}}"
    );
    for text in [
        format!("\u{feff}{A}\r\n{B}\r\n\r\n"),
        format!("{line}\n{line}"),
        format!("[{A},{B},\n[{A}] ]\n{B}\n"),
        format!("[\n{A},\n{B}\n]"),
        format!("[{A},\n{B}\n"),
        "\n\r\n\n\r\n{\n \"a\": [\n  {}\n ]\n}\n".to_owned(),
        format!("{A}{B} {A}\n{B}\n"),
        format!("\u{1e}{A}\n\u{1e}{B}\n\0\0\0{A}\n"),
        "{\n  \"resourceSpans\": [\n{\n},\n[\n]\n  ]\n}\n{\n\"a\": \"}\\\"{\"\n}\n".to_owned(),
        "{\"resourceSpans\":[{}\n,{}]}\n{\"a\":{\"b\":\"\u{e9}\u{1f600}\"}\n}".to_owned(),
    ] {
        check_cuts(text.as_bytes());
    }
}

#[test]
fn packed_captures_may_be_cut_anywhere() {
    let text = format!("{A}\n{B}\n");
    for whole in [
        [gzip(text.as_bytes()), gzip(text.as_bytes())].concat(),
        [zstd(text.as_bytes()), zstd(text.as_bytes())].concat(),
        zstd(&gzip(text.as_bytes())),
        gzip(&framed(&message("one"))),
    ] {
        for cut in 0..whole.len() {
            check_grown(&whole[..cut], &whole);
            let first = run(&whole[..cut], &[]);
            let waiting = first.waiting.map(|waiting| waiting.code.0);
            let between = cut == whole.len() / 2;
            assert!(
                cut < 4 || between || waiting == Some("torn_compression"),
                "{cut} of {}: {waiting:?}",
                whole.len()
            );
        }
    }
}

#[test]
fn a_capture_is_known_packed_and_unpacked() {
    type Pack = fn(&[u8]) -> Vec<u8>;
    let packs: [Pack; 4] = [<[u8]>::to_vec, gzip, zstd, |bytes| zstd(&gzip(bytes))];
    for (_, bytes) in samples() {
        let cut = bytes.len() * 2 / 3;
        for before in packs {
            for after in packs {
                let plain = run(&bytes[..cut], &[]);
                let first = run(&before(&bytes[..cut]), &[]);
                assert_eq!(first.checkpoint, plain.checkpoint);
                check_grown(&before(&bytes[..cut]), &after(&bytes));
            }
        }
    }
}

#[test]
fn a_capture_is_known_by_another_name() {
    let bytes = format!("{A}\n{B}\n").into_bytes();
    let first = run(&bytes, &[]);
    let source = Source::from_bytes("other-traces.jsonl", bytes);
    let second = run_source(&source, &wait(), &ledger(&first));
    assert_eq!(second.entries, [""; 0]);
    assert_eq!(second.checkpoint, first.checkpoint);
}

#[test]
fn the_longest_true_checkpoint_is_resumed() {
    let line = format!("{A}\n");
    // More than the head that checkpoints are looked up by.
    let common = line.repeat(200);
    let short = run(line.repeat(190).as_bytes(), &[]).checkpoint.unwrap();
    let mine = run(common.as_bytes(), &[]).checkpoint.unwrap();
    let theirs = run(format!("{common}{B}\n{B}\n").as_bytes(), &[]);
    let theirs = theirs.checkpoint.unwrap();
    assert_eq!((short.head.len, short.head), (4096, theirs.head));
    let all = [theirs.clone(), short.clone(), mine.clone()];
    let text = format!("{common}{A}\n{A}\n{A}\n");
    for bytes in [text.clone().into_bytes(), gzip(text.as_bytes())] {
        let longest = run(&bytes, &all);
        assert_eq!(longest.resumed.as_ref(), Some(&mine));
        assert_eq!(longest.entries.len(), 3);
        let none = run(&bytes, std::slice::from_ref(&theirs));
        assert_eq!(none.resumed, None);
        assert_eq!(none.entries.len(), 203);
    }
    // A shorter copy without a checkpoint at its end is new from the last checkpoint on.
    let copy = run(line.repeat(195).as_bytes(), &all);
    assert_eq!(copy.resumed, Some(short));
    assert_eq!(copy.entries.len(), 5);
}

#[test]
fn files_that_are_no_rows_of_records_are_known_whole_only() {
    let one = message("one");
    let two = [message("one"), message("two")].concat();
    let with_line_end = [&one[..], b"\n"].concat();
    for bytes in [
        &one[..],
        &two,
        &with_line_end,
        b"<html></html>",
        b"\xff\xfea\0b\0",
    ] {
        let first = run(bytes, &[]);
        assert_eq!(first.entries.len(), 1, "{first:?}");
        let again = run(bytes, &ledger(&first));
        assert_eq!(
            (again.entries.len(), again.resumed),
            (0, first.checkpoint.clone())
        );
        assert_eq!(run(&gzip(bytes), &ledger(&first)).entries.len(), 0);
        let longer = [bytes, bytes].concat();
        assert_eq!(run(&longer, &ledger(&first)).resumed, None);
        for cut in 1..bytes.len() {
            let first = run(&bytes[..cut], &[]);
            let second = run(bytes, &ledger(&first));
            assert_eq!(second.resumed, None, "cut at {cut}");
            assert_eq!(second.entries.len(), 1);
        }
    }
    // A cut message waits; where another field could begin it seems whole.
    assert_eq!(run(&one[..6], &[]).waits(), Some(("torn_tail", 0, 6)));
    assert_eq!(run(&two[..one.len()], &[]).entries.len(), 1);
}

#[test]
fn formats_are_not_recognised_anew() {
    let first = run(format!("{A}\n").as_bytes(), &[]);
    let grown = format!("{A}\n{B}\n");
    let source = Source::from_bytes("capture", grown.into_bytes());
    let as_json = ReadOptions {
        input_format: Some(InputFormat::Json),
        ..wait()
    };
    let second = run_source(&source, &as_json, &ledger(&first));
    assert_eq!(second.entries.len(), 1);
    let as_frames = ReadOptions {
        input_format: Some(InputFormat::ProtoFrames),
        ..wait()
    };
    let second = run_source(&source, &as_frames, &ledger(&first));
    assert_eq!(second.resumed, None);
}

#[test]
fn what_is_torn_is_told() {
    let check = |bytes: &[u8], entries: usize, waits: Option<(&'static str, u64, u64)>| {
        let run = run(bytes, &[]);
        assert_eq!(
            (run.entries.len(), run.waits()),
            (entries, waits),
            "{}",
            bytes.escape_ascii()
        );
    };
    check(format!("{B}\n{{\"a\":1}}").as_bytes(), 2, None);
    check(
        format!("{B}\n{{\"a\":1").as_bytes(),
        1,
        Some(("torn_tail", 20, 6)),
    );
    check(
        format!("{B}\nKilled").as_bytes(),
        1,
        Some(("not_json", 20, 6)),
    );
    check(format!("{B}\nKilled\n").as_bytes(), 2, None);
    // A string with a line break in it will never be whole.
    check(format!("{B}\n{{\"a\n").as_bytes(), 2, None);
    check(b"{\"a\":\"\xc3", 0, Some(("torn_tail", 0, 7)));
    check(b"\xef\xbb", 0, Some(("torn_tail", 0, 2)));
    check(b"", 0, None);
    check(b"\n\n", 0, None);
    let file = [framed(&message("one")), framed(&message("two"))].concat();
    let second = file.len() / 2;
    check(&file[..second + 3], 1, None);
    check(
        &file[..second + 4],
        1,
        Some(("torn_tail", second as u64, 4)),
    );
    check(
        &file[..second + 9],
        1,
        Some(("torn_tail", second as u64, 9)),
    );
}

#[test]
fn a_torn_message_is_not_searched_for_messages() {
    // The text of the second message looks like messages with lengths before them.
    let inner = [framed(&message("x")), framed(&message("y"))].concat();
    let mut body = vec![0x0a, 0, 0x1a, u8::try_from(inner.len()).unwrap()];
    body.extend(inner);
    let body = [&[0x0a, u8::try_from(body.len()).unwrap()][..], &body].concat();
    check_cuts(
        &[
            framed(&message("one")),
            framed(&body),
            framed(&message("z")),
        ]
        .concat(),
    );
    let varints = [&[10][..], &message("xyz!"), &[10], &message("xyz!")].concat();
    let varints = varints.repeat(4);
    let body = [&[0x0a, u8::try_from(varints.len()).unwrap()][..], &varints].concat();
    let file = [
        varint_framed(&message("one")),
        varint_framed(&body),
        varint_framed(&message("z")),
    ];
    check_cuts(&file.concat());
}

#[test]
fn padding_may_be_overwritten() {
    for (format, whole) in samples() {
        let padded = |cut: usize| {
            let mut bytes = whole.clone();
            bytes[cut..].fill(0);
            bytes.extend([0; 64]);
            bytes
        };
        for cut in 1..=whole.len() {
            let first = run(&padded(cut), &[]);
            let bytes = padded(whole.len());
            let second = run(&bytes, &ledger(&first));
            let both = [&first.entries[..], &second.entries].concat();
            assert_eq!(both, run(&bytes, &[]).entries, "{format} {cut}");
        }
    }
    let text = format!("{A}\n{{\"a\":[{{}}\n\0\0\0");
    assert_eq!(
        run(text.as_bytes(), &[]).waits(),
        Some(("torn_tail", 28, 12))
    );
}

#[test]
fn what_is_torn_for_good_is_rejected_once_more_comes() {
    let torn = format!("{A}\n{{\"resourceSpans\":[{{\"x");
    let first = run(torn.as_bytes(), &[]);
    assert_eq!(first.entries.len(), 1);
    check_grown(torn.as_bytes(), format!("{torn}\n{B}\n").as_bytes());
    check_grown(torn.as_bytes(), format!("{torn}{B}\n{B}\n").as_bytes());
    let second = run(format!("{torn}\n{B}\n").as_bytes(), &ledger(&first));
    assert!(second.entries[0].contains("torn_record"), "{second:?}");
    assert!(second.entries[1].contains("resourceLogs"), "{second:?}");
}

#[test]
fn records_over_the_limit_may_be_cut_anywhere() {
    let limits = ReadLimits {
        frame_bytes: 24,
        ..ReadLimits::default()
    };
    let long = format!("{{\"x\":\"{}\"}}", "y".repeat(60));
    let text = format!("{{}}\n{long}\n{{\"a\":1}}\n");
    let large = [
        framed(&message("one")),
        framed(&message(&"x".repeat(60))),
        framed(&message("two")),
    ];
    for bytes in [text.into_bytes(), large.concat()] {
        for torn_tail in [TornTail::Wait, TornTail::Reject] {
            let options = ReadOptions {
                limits: limits.clone(),
                torn_tail,
                ..ReadOptions::default()
            };
            let run = |cut, ledger: &[Checkpoint]| {
                let source = Source::from_bytes("capture", bytes[..cut].to_vec());
                run_source(&source, &options, ledger)
            };
            let whole = run(bytes.len(), &[]);
            assert_eq!(whole.entries.len(), 3, "{whole:?}");
            for cut in 0..=bytes.len() {
                let first = run(cut, &[]);
                let second = run(bytes.len(), &ledger(&first));
                let both = [&first.entries[..], &second.entries].concat();
                if torn_tail == TornTail::Wait {
                    assert_eq!(both, whole.entries, "{cut}");
                }
                let third = run(bytes.len(), &ledger(&second));
                assert_eq!(third.entries, [""; 0]);
            }
        }
    }
}

#[test]
fn a_damaged_stream_is_told_once_and_continues_when_repaired() {
    let line = format!("{A}\n");
    let text = line.repeat(8);
    // Behind the first member others are expected.
    let cut = text.len() * 2 / 3;
    let damaged = [&gzip(&text.as_bytes()[..cut])[..], b"garbage"].concat();
    let whole = run(text.as_bytes(), &[]);
    let first = run(&damaged, &[]);
    assert_eq!(first.entries.len(), 7);
    assert_eq!(first.waiting, None);
    assert!(first.entries[5].contains("torn_tail"), "{first:?}");
    assert!(first.entries[6].contains("torn_compression"), "{first:?}");
    let again = run(&damaged, &ledger(&first));
    assert_eq!(again.entries, [""; 0]);
    assert_eq!(again.checkpoint, first.checkpoint);
    let repaired = run(text.as_bytes(), &ledger(&first));
    assert_eq!(repaired.entries, whole.entries[5..]);
    assert_eq!(repaired.checkpoint, whole.checkpoint);
}

#[test]
fn limits_of_decompression_hold_while_passing_over() {
    let text = format!("{A}\n").repeat(40);
    let packed = gzip(text.as_bytes());
    let limited = |bytes| ReadOptions {
        limits: ReadLimits {
            decompressed_bytes: Some(bytes),
            ..ReadLimits::default()
        },
        ..wait()
    };
    let source = Source::from_bytes("capture", packed);
    let few = run_source(&source, &limited(100), &[]);
    assert!(few.entries[4].contains("decompression_limit"), "{few:?}");
    let same = run_source(&source, &limited(100), &ledger(&few));
    assert_eq!(same.entries, [""; 0]);
    let more = run_source(&source, &limited(1 << 20), &ledger(&few));
    assert_eq!(few.entries.len() - 2 + more.entries.len(), 40);
    // What is known lies beyond the limit.
    let less = run_source(&source, &limited(100), &ledger(&more));
    assert_eq!((less.resumed, less.entries), (None, few.entries));
}

/// Places at which a capture is cut: a few dozen, spread evenly, and those around line ends.
fn places(bytes: &[u8]) -> Vec<usize> {
    let line_ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let around = line_ends.take(4).flat_map(|(place, _)| [place, place + 1]);
    let spread = (0..24).map(|part| bytes.len() * part / 24 + part % 3);
    spread
        .chain(around)
        .filter(|place| *place < bytes.len())
        .collect()
}

#[test]
fn real_captures_may_be_cut_and_packed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata");
    let paths: Vec<PathBuf> = [
        "captures/claude-json/agentic-ci.jsonl",
        "captures/claude-grpc/file-exporter/logs.jsonl",
        "captures/claude-grpc/file-exporter-proto/metrics.binpb",
        "captures/codex-off/file-exporter/logs.jsonl.gz",
        "collector/collector.jsonl",
        "collector/collector.binpb",
        "collector/collector.json-zstd",
        "collector/collector.proto-zstd",
        "collector/collector.jsonl.zst",
        "collector/collector.binpb.zst",
    ]
    .iter()
    .map(|path| root.join(path))
    .collect();
    for path in paths {
        let source = &find_sources(std::slice::from_ref(&path)).unwrap()[0];
        let bytes = std::fs::read(&path).unwrap();
        let whole = run_source(source, &wait(), &[]);
        assert_eq!(whole.waiting, None, "{}", path.display());
        for cut in places(&bytes) {
            let cut_source = Source::from_bytes(source.name(), bytes[..cut].to_vec());
            let first = run_source(&cut_source, &wait(), &[]);
            let second = run_source(source, &wait(), &ledger(&first));
            assert_eq!(second.resumed, first.checkpoint);
            let both = [&first.entries[..], &second.entries].concat();
            assert!(both == whole.entries, "{} cut at {cut}", path.display());
            assert_eq!(second.checkpoint, whole.checkpoint);
        }
        let packed = run(&zstd(&bytes), &ledger(&whole));
        assert_eq!(packed.entries, [""; 0], "{}", path.display());
        assert_eq!(packed.checkpoint, whole.checkpoint);
    }
}
