//! What holds for every request.

use otolith_capture::{Encoding, SignalHint};
use otolith_otlp::problems::{DUPLICATE_ATTRIBUTE_KEY, NO_ITEMS};
use otolith_otlp::{
    Decoder, JsonRequestEncoder, Limits, NoteCode, Probe, RequestEncoder, probe_signal,
    resolve_signal,
};
use proptest::prelude::*;

use super::{declared, decode, frame};
use crate::generate::{Request, request};
use crate::transcript::Transcript;
use crate::{json_writer, oracle};

fn items(transcript: &Transcript) -> u64 {
    let is_item = |line: &&String| {
        let line = line.trim_start();
        !["(", "Scope", "Metric"]
            .iter()
            .any(|head| line.starts_with(head))
    };
    transcript.lines.iter().filter(is_item).count() as u64
}

proptest! {
    #[test]
    fn decodes_as_prost_does(request in request()) {
        let bytes = request.encode();
        let frame = declared(&bytes, request.signal());
        let (result, transcript) = decode(&frame);
        let expected = oracle::transcript(&frame, &request);
        prop_assert_eq!(transcript.text(), expected.text());
        let decoded = result.unwrap();
        prop_assert_eq!(decoded.items, items(&transcript));
        prop_assert_eq!(decoded.rejected_items, 0);
    }

    #[test]
    fn json_and_protobuf_visit_alike(request in request()) {
        let text = json_writer::write(&request);
        let (result, transcript) = decode(&frame(text.as_bytes(), Encoding::Json, SignalHint::Unknown));
        prop_assert!(result.is_ok(), "{result:?} of {text}");
        let bytes = request.encode();
        let (_, expected) = decode(&declared(&bytes, request.signal()));
        prop_assert_eq!(transcript.text(), expected.text());
        prop_assert_eq!(transcript.rejects, expected.rejects);
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same(request in request()) {
        let signal = request.signal();
        let bytes = request.encode();
        let frame = declared(&bytes, signal);
        let mut encoder = RequestEncoder::new();
        Decoder::new(Limits::DEFAULT).decode(&frame, &mut encoder).unwrap();
        let requests = encoder.take();
        let expected = oracle::transcript(&frame, &request);
        if expected.lines.is_empty() {
            prop_assert_eq!(requests, []);
            return Ok(());
        }
        prop_assert_eq!(requests.len(), 1);
        prop_assert_eq!(requests[0].0, signal);
        let again = Request::decode(signal, &requests[0].1).unwrap();
        prop_assert_eq!(oracle::transcript(&frame, &again).text(), expected.text());
        // Nothing is written that prost would leave out, but for the order of fields.
        prop_assert_eq!(again.encode().len(), requests[0].1.len());
    }

    #[test]
    fn an_abandoned_frame_leaves_nothing(first in request(), second in request(), cut in 1usize..20) {
        let mut encoder = RequestEncoder::new();
        let mut decoder = Decoder::new(Limits::DEFAULT);
        let bytes = first.encode();
        decoder.decode(&declared(&bytes, first.signal()), &mut encoder).unwrap();
        // Cut off inside a resource group, so that the frame is bad behind good items.
        let mut torn = second.encode();
        torn.extend_from_slice(b"\x0A\x7F");
        torn.extend(std::iter::repeat_n(0x0A, cut));
        prop_assert!(decoder.decode(&declared(&torn, second.signal()), &mut encoder).is_err());
        let got = encoder.take();
        let mut alone = RequestEncoder::new();
        decoder.decode(&declared(&bytes, first.signal()), &mut alone).unwrap();
        prop_assert_eq!(got, alone.take());
    }

    #[test]
    fn a_json_request_is_encoded_with_its_meaning(request in request()) {
        let mut decoder = Decoder::new(Limits::DEFAULT);
        let bytes = request.encode();
        let text = json_writer::write(&request);
        let json = frame(text.as_bytes(), Encoding::Json, SignalHint::Unknown);
        let expected = oracle::transcript(&declared(&bytes, request.signal()), &request);
        let mut encoder = RequestEncoder::new();
        decoder.decode(&json, &mut encoder).unwrap();
        for (signal, bytes) in encoder.take() {
            prop_assert_eq!(signal, request.signal());
            let again = Request::decode(signal, &bytes).unwrap();
            prop_assert_eq!(oracle::transcript(&json, &again).text(), expected.text());
        }
    }

    #[test]
    fn what_is_encoded_as_json_decodes_to_the_same(
        request in request(),
        abandoned in request(),
    ) {
        let mut encoder = JsonRequestEncoder::new();
        let mut decoder = Decoder::new(Limits::DEFAULT);
        let mut torn = abandoned.encode();
        torn.extend_from_slice(b"\x0A\x7F");
        prop_assert!(decoder.decode(&declared(&torn, abandoned.signal()), &mut encoder).is_err());
        prop_assert_eq!(encoder.len_bytes(), 0);
        let bytes = request.encode();
        let original = declared(&bytes, request.signal());
        decoder.decode(&original, &mut encoder).unwrap();
        let expected = oracle::transcript(&original, &request);
        let requests = encoder.take();
        prop_assert_eq!(requests.is_empty(), expected.lines.is_empty());
        for (signal, text) in requests {
            prop_assert_eq!(signal, request.signal());
            prop_assert!(!text.contains(&b'\n'));
            let is_json = serde_json::from_slice::<serde_json::Value>(&text);
            prop_assert!(is_json.is_ok(), "{is_json:?}");
            let (result, again) = decode(&frame(&text, Encoding::Json, SignalHint::Unknown));
            prop_assert!(result.is_ok(), "{result:?}");
            prop_assert_eq!(again.text(), expected.text());
            let is_repeat = |note: &NoteCode| [DUPLICATE_ATTRIBUTE_KEY, NO_ITEMS].contains(note);
            prop_assert!(again.notes.iter().all(is_repeat), "{:?}", again.notes);
        }
    }

    #[test]
    fn the_probe_is_never_wrong(request in request()) {
        let bytes = request.encode();
        let is_right = match probe_signal(&bytes) {
            Probe::Signal(signal) => signal == request.signal(),
            Probe::Empty => items(&decode(&declared(&bytes, request.signal())).1) == 0,
            Probe::Unclear => true,
            Probe::NotOtlp => false,
        };
        prop_assert!(is_right);
    }

    #[test]
    fn a_cut_or_changed_request_never_panics(
        request in request(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let signal = request.signal();
        let mut bytes = request.encode();
        let whole = oracle::transcript(&declared(&bytes, signal), &request);
        for len in 0..bytes.len() {
            let cut = &bytes[..len];
            let (result, transcript) = decode(&declared(cut, signal));
            match result {
                // Only where a resource group ends is a shorter request whole.
                Ok(decoded) => {
                    prop_assert_eq!(decoded.rejected_items, 0);
                    prop_assert!(whole.text().starts_with(&transcript.text()));
                }
                Err(reject) => {
                    prop_assert!(reject.offset <= len);
                    prop_assert_eq!(transcript.lines.len(), 0);
                }
            }
            probe_signal(cut);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] ^= byte;
        }
        let (result, transcript) = decode(&declared(&bytes, signal));
        if let Ok(decoded) = result {
            prop_assert_eq!(decoded.rejected_items, transcript.rejects.len() as u64);
            prop_assert_eq!(decoded.items, items(&transcript));
            // Where prost can read it too, it reads the same.
            let is_repeat = |note: &NoteCode| *note == DUPLICATE_ATTRIBUTE_KEY;
            if let Ok(request) = Request::decode(signal, &bytes)
                && transcript.rejects.is_empty()
                && transcript.notes.iter().all(is_repeat)
            {
                let expected = oracle::transcript(&declared(&bytes, signal), &request);
                prop_assert_eq!(transcript.text(), expected.text());
            }
        }
        let _ = resolve_signal(&frame(&bytes, Encoding::Protobuf, SignalHint::Unknown));
    }
}
