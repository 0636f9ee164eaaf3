//! What is rejected, and how much goes with it.

use otolith_capture::{RejectCode, Signal};
use otolith_otlp::problems::{
    BAD_ID, BAD_PROTOBUF, BAD_UTF8, DUPLICATE_ATTRIBUTE_KEY, NO_ITEMS, NO_KNOWN_DATA,
    OLD_LIST_IGNORED, SEVERAL_DATA_KINDS, STRING_INDEX_IGNORED, TOO_DEEP, TOO_MANY_ATTRIBUTES,
};
use otolith_otlp::{Decoder, Limits, NoteCode};
use prost::encoding::{WireType, encode_key, encode_varint};

use super::{declared, decode};
use crate::transcript::Transcript;

/// A length-delimited field.
fn field(number: u32, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode_key(number, WireType::LengthDelimited, &mut bytes);
    encode_varint(content.len() as u64, &mut bytes);
    bytes.extend_from_slice(content);
    bytes
}

/// A request with some items in one scope.
fn request(items: &[&[u8]]) -> Vec<u8> {
    let items: Vec<u8> = items.iter().flat_map(|item| field(2, item)).collect();
    field(1, &field(2, &items))
}

fn attribute(key: &str, value: &[u8]) -> Vec<u8> {
    [field(1, key.as_bytes()), field(2, value)].concat()
}

/// Decodes `item` between two good ones, and expects it to be rejected alone.
fn check_item(signal: Signal, item: &[u8], code: RejectCode) {
    let good: &[u8] = match signal {
        Signal::Traces => b"\x2A\x04good",
        Signal::Logs => b"\x1A\x04good",
        Signal::Metrics => panic!("the items are points"),
    };
    let bytes = request(&[good, item, good]);
    let (result, transcript) = decode(&declared(&bytes, signal));
    let decoded = result.unwrap();
    assert_eq!((decoded.items, decoded.rejected_items), (2, 1), "{item:?}");
    check_reject(&transcript, &bytes, signal, item, code);
    assert_eq!(transcript.text().matches("\"good\"").count(), 2);
}

fn check_reject(
    transcript: &Transcript,
    bytes: &[u8],
    signal: Signal,
    item: &[u8],
    code: RejectCode,
) {
    let offset = bytes.windows(item.len()).position(|w| w == item).unwrap();
    let item = String::from_utf8_lossy(item);
    assert_eq!(
        transcript.rejects,
        [format!("{signal} {code} {offset} {item}")]
    );
}

#[test]
fn bad_items_are_rejected_alone() {
    for (item, code) in [
        // Wire: a length beyond the item, a length beyond all memory, a varint of 11 bytes, wire
        // type 7, field number 0, a group that does not end, the end of none.
        (&b"\x2A\x05ab"[..], BAD_PROTOBUF),
        (
            b"\x2A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
            BAD_PROTOBUF,
        ),
        (
            b"\x30\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00",
            BAD_PROTOBUF,
        ),
        (b"\x37", BAD_PROTOBUF),
        (b"\x00\x01\x02", BAD_PROTOBUF),
        (b"\xFB\x07\x08\x01", BAD_PROTOBUF),
        (b"\xFC\x07\x2A\x00", BAD_PROTOBUF),
        // A known field of the wrong wire type: the name as a number, an event as one.
        (b"\x28\x01", BAD_PROTOBUF),
        (b"\x58\x01", BAD_PROTOBUF),
        // Inside an event.
        (b"\x5A\x03\x12\x07x", BAD_PROTOBUF),
        (b"\x2A\x01\xFF", BAD_UTF8),
        (b"\x5A\x03\x12\x01\xFF", BAD_UTF8),
        (b"\x4A\x03\x0A\x01\xFF", BAD_UTF8),
        (b"\x0A\x0F0123456789abcde", BAD_ID),
        (b"\x12\x0901234567x", BAD_ID),
        (b"\x22\x0701234567", BAD_ID),
        (b"\x6A\x03\x0A\x01x", BAD_ID),
    ] {
        check_item(Signal::Traces, item, code);
    }
    check_item(Signal::Logs, b"\x2A\x03\x0A\x01\xFF", BAD_UTF8);
    check_item(Signal::Logs, b"\x4A\x04abcd", BAD_ID);
}

#[test]
fn groups_are_skipped_up_to_a_depth() {
    let groups = |depth| [[0xFB, 0x07].repeat(depth), [0xFC, 0x07].repeat(depth)].concat();
    let bytes = request(&[&groups(64)]);
    assert_eq!(
        decode(&declared(&bytes, Signal::Traces)).0.unwrap().items,
        1
    );
    for depth in [65, 100_000] {
        check_item(Signal::Traces, &groups(depth), BAD_PROTOBUF);
    }
}

/// A body of lists inside each other.
fn nested(depth: usize) -> Vec<u8> {
    let mut value = field(1, b"x");
    for _ in 0..depth {
        value = field(5, &field(1, &value));
    }
    field(5, &value)
}

#[test]
fn values_may_be_nested_up_to_the_limit() {
    let bytes = request(&[&nested(64)]);
    assert_eq!(decode(&declared(&bytes, Signal::Logs)).0.unwrap().items, 1);
    for depth in [65, 1000] {
        check_item(Signal::Logs, &nested(depth), TOO_DEEP);
    }
    // Maps count as well.
    let mut value = field(1, b"x");
    for _ in 0..65 {
        value = field(6, &field(1, &field(2, &value)));
    }
    check_item(Signal::Logs, &field(5, &value), TOO_DEEP);
}

#[test]
fn attributes_are_limited_by_their_unique_keys() {
    let attributes = |keys: usize| -> Vec<u8> {
        let list = (0..keys).map(|i| field(6, &attribute(&format!("key {i}"), b"")));
        list.flatten().collect()
    };
    let mut item = attributes(4096);
    item.extend(field(6, &attribute("key 7", b"\x18\x01")));
    let bytes = request(&[&item]);
    let (result, transcript) = decode(&declared(&bytes, Signal::Logs));
    assert_eq!(result.unwrap().items, 1);
    assert_eq!(transcript.notes, [DUPLICATE_ATTRIBUTE_KEY]);
    check_item(Signal::Logs, &attributes(4097), TOO_MANY_ATTRIBUTES);
}

#[test]
fn bad_points_are_rejected_alone() {
    // Flags.
    let point = b"\x40\x01";
    for (number, bad, code) in [
        // Number points: a value cut off, an exemplar with a bad id.
        (5, &b"\x31\x2A\0\0"[..], BAD_PROTOBUF),
        (7, b"\x2A\x03\x22\x01x", BAD_ID),
        // Histograms: packed counts that are no whole numbers.
        (9, b"\x32\x07\0\0\0\0\0\0\0", BAD_PROTOBUF),
        // Exponential histograms: a packed varint cut off.
        (10, b"\x42\x03\x12\x01\x80", BAD_PROTOBUF),
        // Summaries: a quantile of the wrong wire type.
        (11, b"\x32\x02\x08\x01", BAD_PROTOBUF),
    ] {
        let good: &[u8] = if number < 9 { point } else { b"" };
        let points = [field(1, good), field(1, bad), field(1, good)].concat();
        let metric = [field(1, b"name"), field(number, &points)].concat();
        let bytes = request(&[&metric]);
        let (result, transcript) = decode(&declared(&bytes, Signal::Metrics));
        let decoded = result.unwrap();
        assert_eq!((decoded.items, decoded.rejected_items), (2, 1), "{bad:?}");
        check_reject(&transcript, &bytes, Signal::Metrics, bad, code);
    }
}

#[test]
fn faults_outside_of_items_reject_the_frame() {
    let span = request(&[b"\x2A\x04good"]);
    let with_resource = |resource: &[u8]| field(1, &field(1, resource));
    let with_scope = |scope: &[u8]| field(1, &field(2, &field(1, scope)));
    let metric = |metric: &[u8]| request(&[metric]);
    for (signal, bad, code) in [
        (
            Signal::Traces,
            with_resource(b"\x0A\x03\x0A\x01\xFF"),
            BAD_UTF8,
        ),
        (Signal::Traces, with_resource(b"\x0A\x7F"), BAD_PROTOBUF),
        (Signal::Traces, with_scope(b"\x0A\x01\xFF"), BAD_UTF8),
        (Signal::Traces, field(1, b"\x1A\x01\xFF"), BAD_UTF8),
        (Signal::Traces, b"\x0A\x7F".to_vec(), BAD_PROTOBUF),
        (Signal::Traces, b"\x08\x01".to_vec(), BAD_PROTOBUF),
        (
            Signal::Traces,
            b"{\"resourceSpans\":[]}".to_vec(),
            BAD_PROTOBUF,
        ),
        // The header of a metric, and the list of its points.
        (Signal::Metrics, metric(b"\x0A\x01\xFF"), BAD_UTF8),
        (Signal::Metrics, metric(b"\x2A\x02\x0A\x7F"), BAD_PROTOBUF),
        (Signal::Metrics, metric(b"\x62\x03\x0A\x01\xFF"), BAD_UTF8),
        (Signal::Metrics, metric(b"\x3A\x02\x12\x00"), BAD_PROTOBUF),
    ] {
        let mut bytes = match signal {
            Signal::Traces => span.clone(),
            _ => Vec::new(),
        };
        bytes.extend(&bad);
        let (result, transcript) = decode(&declared(&bytes, signal));
        let reject = result.unwrap_err();
        assert_eq!(reject.code, code, "{bad:?}");
        assert!(
            reject.offset < bytes.len() && reject.message.ends_with(&reject.offset.to_string())
        );
        assert_eq!(transcript.lines, [""; 0]);
    }
}

fn check_notes(signal: Signal, bytes: &[u8], notes: &[NoteCode], visits: usize) {
    let (result, transcript) = decode(&declared(bytes, signal));
    result.unwrap();
    assert_eq!(transcript.notes, notes);
    assert_eq!(transcript.lines.len(), visits, "{}", transcript.text());
}

#[test]
fn what_is_tolerated_is_noted() {
    // Old lists at each level.
    let old = field(1000, b"anything");
    let scope = [old.clone(), field(1, b"")].concat();
    let resource = [old.clone(), field(2, &scope)].concat();
    let bytes = [field(1, &resource), old].concat();
    let old_list = OLD_LIST_IGNORED;
    check_notes(
        Signal::Logs,
        &bytes,
        &[old_list, old_list, old_list, NO_ITEMS],
        2,
    );

    // String indexes, as key and as value.
    let item = field(6, b"\x18\x05\x12\x02\x40\x07");
    check_notes(
        Signal::Logs,
        &request(&[&item]),
        &[STRING_INDEX_IGNORED; 2],
        3,
    );
    // What was tolerated in a rejected item does not count.
    let bad = [item, field(3, b"\xFF")].concat();
    check_notes(Signal::Logs, &request(&[&bad]), &[], 2);

    let metric = field(1, b"of the future");
    check_notes(
        Signal::Metrics,
        &request(&[&metric]),
        &[NO_KNOWN_DATA, NO_ITEMS],
        2,
    );

    // A gauge and a sum in one metric: two metrics of one point each.
    let point = field(1, b"");
    let metric = [field(7, &point), field(5, &point)].concat();
    check_notes(
        Signal::Metrics,
        &request(&[&metric]),
        &[SEVERAL_DATA_KINDS],
        6,
    );
}

#[test]
fn the_last_of_several_values_counts() {
    // A oneof: list, text, list again. Then scalars.
    let (list, text) = (field(5, &field(1, b"\x18\x01")), field(1, b"text"));
    for (value, expected) in [
        ([list.clone(), text.clone()].concat(), "String(\"text\")"),
        ([text.clone(), list.clone()].concat(), "Array([Int(1)])"),
        (
            [list.clone(), list.clone()].concat(),
            "Array([Int(1), Int(1)])",
        ),
        ([list.clone(), text, list].concat(), "Array([Int(1)])"),
        (b"\x18\x01\x18\x02".to_vec(), "Int(2)"),
        (b"\x18\x01\x10\x01".to_vec(), "Bool(true)"),
    ] {
        let bytes = request(&[&field(5, &value)]);
        let (_, transcript) = decode(&declared(&bytes, Signal::Logs));
        let expected = format!("body: Some({expected})");
        assert!(
            transcript.text().contains(&expected),
            "{}",
            transcript.text()
        );
    }
}

#[test]
fn limits_are_those_given() {
    let limits = Limits {
        value_depth: 1,
        attributes: 1,
    };
    let two = [
        field(6, &attribute("a", b"")),
        field(6, &attribute("b", b"")),
    ]
    .concat();
    for (item, code) in [(nested(2), TOO_DEEP), (two, TOO_MANY_ATTRIBUTES)] {
        let bytes = request(&[&item]);
        let mut transcript = Transcript::default();
        Decoder::new(limits)
            .decode(&declared(&bytes, Signal::Logs), &mut transcript)
            .unwrap();
        check_reject(&transcript, &bytes, Signal::Logs, &item, code);
    }
}
