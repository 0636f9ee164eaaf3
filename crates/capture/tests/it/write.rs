//! What is written is read back, in every dialect and compression.

use std::fs;
use std::path::{Path, PathBuf};

use otolith_capture::{
    CaptureFiles, Chunk, Compression, Dialect, Encoding, Entry, FileOptions, Framer, Outgoing,
    ReadOptions, Signal, SignalHint, WriteError, find_sources,
};
use proptest::collection::vec;
use proptest::prelude::*;

const ARRIVAL: u64 = 1_763_640_000_123_456_000;

/// Payloads that look like requests from outside.
fn payload(dialect: Dialect, content: &[u8]) -> Vec<u8> {
    match dialect.encoding() {
        Encoding::Protobuf => {
            // Field 1 with the content as field 3, text that no walk takes for a message.
            let mut message = vec![0x1A, content.len() as u8];
            message.extend_from_slice(content);
            let mut payload = vec![0x0A, message.len() as u8];
            payload.extend_from_slice(&message);
            payload
        }
        _ => {
            let text: String = content
                .iter()
                .map(|byte| char::from(byte % 26 + 97))
                .collect();
            format!("{{\"resourceLogs\":[\n{{\"schemaUrl\":\"{text}\"}}]}}").into_bytes()
        }
    }
}

fn records(dialect: Dialect, payloads: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut framer = Framer::new(dialect).unwrap();
    let framed = payloads.iter().map(|payload| {
        let mut record = Vec::new();
        let request = Outgoing {
            payload,
            signal: Signal::Logs,
            arrival_unix_nano: Some(ARRIVAL),
        };
        framer.push(request, &mut record).unwrap();
        record
    });
    framed.collect()
}

/// The payloads of a capture.
fn read(path: &Path, dialect: Dialect) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    let mut chunk = Chunk::new();
    for source in find_sources(&[path.to_owned()]).unwrap() {
        let mut reader = source.open(&ReadOptions::default()).unwrap();
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                let Entry::Frame(frame) = entry else {
                    panic!("{dialect}: {entry:?}");
                };
                assert_eq!(frame.encoding, dialect.encoding());
                let is_enveloped = dialect == Dialect::AgenticCi;
                assert_eq!(frame.arrival_unix_nano, is_enveloped.then_some(ARRIVAL));
                if is_enveloped {
                    assert_eq!(frame.signal, SignalHint::Declared(Signal::Logs));
                }
                payloads.push(frame.bytes.to_vec());
            }
        }
    }
    payloads
}

fn expected(dialect: Dialect, payloads: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let one_line = |payload: &Vec<u8>| match dialect.encoding() {
        Encoding::Json => payload.iter().copied().filter(|b| *b != b'\n').collect(),
        _ => payload.clone(),
    };
    payloads.iter().map(one_line).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn what_is_written_is_read_back(
        contents in vec(vec(any::<u8>(), 1..60), 2..12),
        compression in prop::sample::select(vec![None, Some(Compression::Gzip), Some(Compression::Zstd)]),
        split_bytes in prop::option::of(1..400_u64),
    ) {
        for dialect in Dialect::ALL {
            let payloads: Vec<Vec<u8>> =
                contents.iter().map(|content| payload(dialect, content)).collect();
            let dir = tempfile::tempdir().unwrap();
            let options = FileOptions { compression, split_bytes };
            let mut files = CaptureFiles::create(&dir.path().join("out.x"), options).unwrap();
            let records = records(dialect, &payloads);
            for record in &records {
                files.write(record).unwrap();
            }
            prop_assert!(visible(dir.path()).is_empty());
            let written = files.finish().unwrap();
            prop_assert_eq!(&written.files, &visible(dir.path()));
            prop_assert_eq!(written.bytes, records.concat().len() as u64);
            if let (Some(limit), None) = (split_bytes, compression) {
                let single = |len: u64| records.iter().any(|record| record.len() as u64 == len);
                for file in &written.files {
                    let len = file.metadata().unwrap().len();
                    prop_assert!(len <= limit || single(len));
                }
            }
            // A file of one message is known as such only by the walk over several.
            if split_bytes.is_none() {
                prop_assert_eq!(read(dir.path(), dialect), expected(dialect, &payloads));
            }
        }
    }
}

fn visible(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let is_hidden = |path: &PathBuf| path.file_name().unwrap().as_encoded_bytes()[0] == b'.';
    let mut visible: Vec<PathBuf> = entries.filter(|path| !is_hidden(path)).collect();
    visible.sort();
    visible
}

#[test]
fn files_are_numbered_in_front_of_their_extensions_and_never_mixed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.b.jsonl.gz");
    let options = FileOptions {
        compression: FileOptions::compression_of(&path),
        split_bytes: Some(1),
    };
    let mut files = CaptureFiles::create(&path, options).unwrap();
    for record in ["{\"resourceLogs\":[]}\n", "{\"resourceSpans\":[]}\n"] {
        files.write(record.as_bytes()).unwrap();
    }
    let written = files.finish().unwrap();
    let names: Vec<_> = written
        .files
        .iter()
        .map(|f| f.file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(names, ["a-00001.b.jsonl.gz", "a-00002.b.jsonl.gz"]);
    let error = CaptureFiles::create(&path, options).err().unwrap();
    assert!(matches!(error, WriteError::Occupied { .. }), "{error}");
    assert_eq!(visible(dir.path()), written.files);
}

#[test]
fn without_an_end_nothing_is_there_and_what_was_there_stays() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("out.jsonl");
    fs::write(&path, "before").unwrap();
    let mut files = CaptureFiles::create(&path, FileOptions::default()).unwrap();
    files.write(b"{}\n").unwrap();
    drop(files);
    assert_eq!(fs::read_to_string(&path).unwrap(), "before");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let nothing = CaptureFiles::create(&path, FileOptions::default()).unwrap();
    nothing.finish().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
}
