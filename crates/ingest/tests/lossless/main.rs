//! Captures into a lake and back into captures: equal in meaning, field by field.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod captures;
#[expect(dead_code, reason = "shared with tests that use all of it")]
#[path = "../../../otlp/tests/it/generate.rs"]
mod generate;
mod generated;
#[path = "../../../tables/src/properties/items.rs"]
mod items;
mod lakes;
#[expect(dead_code, reason = "shared with tests that use all of it")]
#[path = "../truth/rows.rs"]
mod rows;

use otolith_capture::{Chunk, Entry, ReadOptions, Signal, Source};
use otolith_ingest::{ExportFormat, ExportOptions, Exported, NoWatch, export};
use otolith_lake::Lake;
use otolith_otlp::{Decoder, Limits};

use items::Items;

/// The items of captures, each a text, sorted. Everything in them is good.
fn items_of(sources: &[Source], options: &ReadOptions) -> Vec<String> {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut items = Items::default();
    let mut chunk = Chunk::new();
    for source in sources {
        let mut reader = source.open(options).unwrap();
        while reader.next_chunk(&mut chunk).unwrap() {
            for entry in chunk.entries() {
                let Entry::Frame(frame) = entry else {
                    panic!("{entry:?}");
                };
                let decoded = decoder.decode(&frame, &mut items).unwrap();
                assert_eq!(decoded.rejected_items, 0);
            }
        }
    }
    items.sorted()
}

/// What `export` writes, as a capture.
fn exported(lake: &Lake, options: &ExportOptions) -> (Source, Exported) {
    let mut bytes = Vec::new();
    let exported = export(lake, options, &mut bytes, &NoWatch).unwrap();
    assert_eq!(exported.bytes_written, bytes.len() as u64);
    assert_eq!(exported.orphan_rows, 0);
    (Source::from_bytes("exported", bytes), exported)
}

/// The items of a lake, as JSON lines and as protobuf frames; both are the same.
fn items_of_lake(lake: &Lake) -> Vec<String> {
    let options = ExportOptions::new(ExportFormat::JsonLines);
    let (source, exported_json) = exported(lake, &options);
    let items = items_of(&[source], &ReadOptions::default());
    assert_eq!(exported_json.items(), items.len() as u64);
    // Generated requests do not always show their signal: one at a time is told to the reader.
    let mut of_signals = Vec::new();
    for signal in Signal::ALL {
        let options = ExportOptions {
            signal: Some(signal),
            ..ExportOptions::new(ExportFormat::LengthPrefixed)
        };
        let (source, _) = exported(lake, &options);
        let read = ReadOptions {
            signal: Some(signal),
            ..ReadOptions::default()
        };
        of_signals.extend(items_of(&[source], &read));
    }
    of_signals.sort();
    assert_eq!(of_signals, items);
    items
}
