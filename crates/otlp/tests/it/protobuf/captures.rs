//! Real captures: the dialects of one capture say the same, and as much as the truth.

use std::path::{Path, PathBuf};

use otolith_capture::{Encoding, Signal, SignalHint};
use otolith_otlp::{
    Probe, RequestEncoder, newest_time_unix_nano, oldest_time_unix_nano, probe_signal,
    resolve_signal,
};
use serde_json::Value;

use super::{declared, decode, frame};
use crate::generate::Request;
use crate::oracle;
use crate::transcript::Transcript;

fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/captures")
}

/// The messages of a file of the Collector's file exporter.
fn messages(mut file: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let Some((len, rest)) = file.split_first_chunk::<4>() {
        let (message, rest) = rest.split_at(u32::from_be_bytes(*len) as usize);
        messages.push(message);
        file = rest;
    }
    messages
}

/// One file of each dialect of the captures that are not compressed.
fn check_all(check: impl Fn(Signal, &[&[u8]], &[&[u8]], u64)) {
    let truth = std::fs::read(testdata().join("truth.json")).unwrap();
    let truth: Value = serde_json::from_slice(&truth).unwrap();
    let mut files = 0;
    for (name, truth) in truth.as_object().unwrap() {
        for (signal, items) in [
            (Signal::Traces, "spans"),
            (Signal::Metrics, "data_points"),
            (Signal::Logs, "log_records"),
        ] {
            let json = testdata().join(format!("{name}/file-exporter/{signal}.jsonl"));
            let proto = testdata().join(format!("{name}/file-exporter-proto/{signal}.binpb"));
            // The large captures are compressed, which is not this crate's business.
            let (Ok(json), Ok(proto)) = (std::fs::read(json), std::fs::read(proto)) else {
                continue;
            };
            let lines: Vec<&[u8]> = json
                .strip_suffix(b"\n")
                .unwrap()
                .split(|b| *b == b'\n')
                .collect();
            let expected = truth["counts"][signal.as_str()][items].as_u64().unwrap();
            check(signal, &lines, &messages(&proto), expected);
            files += 1;
        }
    }
    assert!(files >= 15, "found {files}");
}

/// The visits, but for the difference between no body and an empty one: the file exporter writes
/// both as `{}`.
fn comparable(transcript: &Transcript) -> String {
    transcript.text().replace("body: Some(Empty)", "body: None")
}

#[test]
fn line_n_is_frame_n() {
    check_all(|signal, lines, frames, items| {
        assert_eq!(lines.len(), frames.len());
        let mut decoded_items = 0;
        for (line, bytes) in lines.iter().zip(frames) {
            let (result, from_proto) = decode(&declared(bytes, signal));
            decoded_items += result.unwrap().items;
            let json = frame(line, Encoding::Json, SignalHint::Unknown);
            let (result, from_json) = decode(&json);
            result.unwrap();
            assert_eq!(comparable(&from_json), comparable(&from_proto));
            assert_eq!(from_json.notes, from_proto.notes);
            assert_eq!(from_proto.rejects, [""; 0]);
        }
        assert_eq!(decoded_items, items, "{signal}");
    });
}

#[test]
fn prost_reads_the_same() {
    check_all(|signal, _, frames, _| {
        for bytes in frames {
            let frame = declared(bytes, signal);
            let expected = oracle::transcript(&frame, &Request::decode(signal, bytes).unwrap());
            assert_eq!(decode(&frame).1.text(), expected.text());
        }
    });
}

#[test]
fn every_request_shows_its_signal() {
    check_all(|signal, _, frames, _| {
        for bytes in frames {
            assert_eq!(probe_signal(bytes), Probe::Signal(signal));
            for other in Signal::ALL {
                let frame = frame(bytes, Encoding::Protobuf, SignalHint::FileName(other));
                assert_eq!(resolve_signal(&frame), Ok(signal));
            }
        }
    });
}

#[test]
fn json_lines_become_the_requests_they_came_from() {
    check_all(|signal, lines, frames, _| {
        let mut decoder = otolith_otlp::Decoder::new(otolith_otlp::Limits::DEFAULT);
        for (line, bytes) in lines.iter().zip(frames) {
            let mut encoder = RequestEncoder::new();
            let json = frame(line, Encoding::Json, SignalHint::Unknown);
            decoder.decode(&json, &mut encoder).unwrap();
            let requests = encoder.take();
            assert_eq!(requests.len(), 1);
            assert_eq!(requests[0].0, signal);
            let got = decode(&declared(&requests[0].1, signal)).1;
            let expected = decode(&declared(bytes, signal)).1;
            assert_eq!(comparable(&got), comparable(&expected));
        }
    });
}

/// The smallest and largest number behind any of some names in a transcript, but for exemplars.
fn span_of_times(transcript: &Transcript, names: &[&str]) -> Option<(u64, u64)> {
    let heads = transcript
        .lines
        .iter()
        .map(|line| line.split("exemplars: [").next().unwrap());
    let text: String = heads.collect();
    let times = names.iter().flat_map(|name| {
        let rests = text.split(*name).skip(1);
        rests.map(|rest| {
            let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap();
            digits.parse::<u64>().unwrap()
        })
    });
    let times: Vec<u64> = times.filter(|time| *time != 0).collect();
    Some((*times.iter().min()?, *times.iter().max()?))
}

#[test]
fn newest_and_oldest_times_are_those_of_the_items() {
    check_all(|signal, _, frames, _| {
        let names: &[&str] = match signal {
            Signal::Traces => &["start_time_unix_nano: ", "end_time_unix_nano: "],
            _ => &["time_unix_nano: "],
        };
        for bytes in frames {
            let expected = span_of_times(&decode(&declared(bytes, signal)).1, names);
            let newest = newest_time_unix_nano(signal, bytes);
            let got = oldest_time_unix_nano(signal, bytes).zip(newest);
            assert_eq!(got, expected);
        }
    });
}

#[test]
fn a_collector_file_with_all_signals_needs_no_hint() {
    let folder = testdata().join("../collector");
    let json = std::fs::read_to_string(folder.join("collector.jsonl")).unwrap();
    let proto = std::fs::read(folder.join("collector.binpb")).unwrap();
    let frames = messages(&proto);
    assert_eq!(json.lines().count(), frames.len());
    let mut items = 0;
    for (line, bytes) in json.lines().zip(frames) {
        let proto = frame(bytes, Encoding::Protobuf, SignalHint::Unknown);
        let (result, from_proto) = decode(&proto);
        items += result.unwrap().items;
        let json = frame(line.as_bytes(), Encoding::Json, SignalHint::Unknown);
        let (_, from_json) = decode(&json);
        assert_eq!(comparable(&from_json), comparable(&from_proto));
    }
    // Spans, data points and log records of the capture that was sent.
    assert_eq!(items, 17 + 402 + 12);
}
