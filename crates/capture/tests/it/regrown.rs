//! Properties of reading again that hold for captures of all kinds.

use otolith_capture::InputFormat;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::read::{framed, message, zstd};
use crate::resume::{ledger, run, varint_framed};

const B: &str = r#"{"resourceLogs":[]}"#;

/// Undamaged captures of many records.
fn captures() -> impl Strategy<Value = Vec<u8>> {
    let json = prop::sample::select(vec![
        "{\"resourceSpans\":[{\"a\":\"\u{e9}}{\"}]}\n",
        "{\"path\":\"/v1/logs\",\"payload\":{\"resourceLogs\":[]}}\n",
        "{\n \"a\": [\n  {}\n ]\n}\n",
        "{\"a\":1} {\"b\":2}",
        "[{\"a\":1},\n{\"b\":[{}]}]",
        "\n",
        "\r\n",
        "\0\0\0\n",
        "{\"a\":1}\n\u{feff}",
    ]);
    let json = (any::<bool>(), prop::collection::vec(json, 0..10)).prop_map(|(marked, all)| {
        let mark = if marked { "\u{feff}" } else { "" };
        // Blank lines and padding may by accident be the beginning of a message of this length.
        let text = all.concat();
        format!("{mark}{}", text.trim_start_matches(['\r', '\n', '\0'])).into_bytes()
    });
    let framing = prop::sample::select(vec![
        InputFormat::ProtoFrames,
        InputFormat::ZstdFrames,
        InputFormat::VarintFrames,
        InputFormat::GrpcFrames,
    ]);
    let frames = (framing, prop::collection::vec("[a-z]{0,60}", 1..8)).prop_map(|(format, all)| {
        let frame = |text: &String| match format {
            InputFormat::ZstdFrames => framed(&zstd(&message(text))),
            InputFormat::VarintFrames => varint_framed(&message(text)),
            InputFormat::GrpcFrames => [&[0][..], &framed(&message(text))].concat(),
            _ => framed(&message(text)),
        };
        all.iter().flat_map(frame).collect::<Vec<u8>>()
    });
    prop_oneof![json, frames]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn growing_and_packing_change_nothing(
        bytes in captures(),
        places in prop::collection::vec(any::<Index>(), 1..5),
        packed in prop::collection::vec(any::<bool>(), 5),
    ) {
        let mut places: Vec<usize> = places.iter().map(|place| place.index(bytes.len() + 1)).collect();
        places.sort_unstable();
        places.push(bytes.len());
        let whole = run(&bytes, &[]);
        let mut known = Vec::new();
        let mut entries = Vec::new();
        for (place, packed) in places.into_iter().zip(packed) {
            let now = &bytes[..place];
            let next = if packed { run(&zstd(now), &known) } else { run(now, &known) };
            entries.extend(next.entries);
            known.extend(next.checkpoint);
        }
        prop_assert_eq!(entries, whole.entries);
        prop_assert_eq!(known.last(), whole.checkpoint.as_ref());
    }

    /// Damage may be told in other pieces when a cut goes through it, but the same file again
    /// gives nothing, and a whole line far from the damage is read exactly once.
    #[test]
    fn damage_is_read_once(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        torn in captures(),
        place in any::<Index>(),
    ) {
        let torn = &torn[..place.index(torn.len() + 1)];
        let file = [torn, &bytes].concat();
        let first = run(&file, &[]);
        let again = run(&file, &ledger(&first));
        prop_assert_eq!(again.entries, Vec::<String>::new());
        prop_assert_eq!(again.checkpoint, first.checkpoint.clone());
        let line = format!("\n{{\"resourceSpans\":[\"far\"]}}\n{B}\n");
        let second = run(&[&file[..], line.as_bytes()].concat(), &ledger(&first));
        if let Some(InputFormat::Json) = first.checkpoint.and_then(|checkpoint| checkpoint.format) {
            let far = |entry: &&String| entry.contains(r#"[\"far\"]"#);
            prop_assert_eq!(second.entries.iter().filter(far).count(), 1);
        }
    }
}
