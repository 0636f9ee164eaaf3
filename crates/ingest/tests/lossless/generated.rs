//! Requests with every field of the protocol.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::num::NonZeroUsize;

use otolith_capture::{Encoding, Frame, Origin, ReadOptions, SignalHint, Source};
use otolith_ingest::{ConvertOptions, NoWatch, convert};
use otolith_lake::Lake;
use otolith_otlp::{Decoder, JsonRequestEncoder, Limits};
use otolith_tables::{Assembler, AssemblerOptions, Batches, Children, Part, Restorer};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::generate::{Request, request};
use crate::items::Items;
use crate::{items_of, items_of_lake};

/// Columns of a table: hardly more than the base columns, a few attributes, all.
fn columns() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![1, 40, 512])
}

/// Parts of the requests, in batches and drains as `cuts` has it.
fn parts_of(requests: &[Request], cuts: &[bool], columns_per_table: usize) -> (Vec<Part>, Items) {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut sent = Items::default();
    let mut batches = Batches::new();
    let mut assembler = Assembler::new(AssemblerOptions { columns_per_table }, BTreeMap::new());
    let mut parts = Vec::new();
    let mut drain = |assembler: &mut Assembler| {
        let result: Result<(), Infallible> = assembler.drain().each(|part| {
            parts.push(part);
            Ok(())
        });
        result.unwrap();
    };
    for (number, request) in (1..).zip(requests) {
        let bytes = request.encode();
        let frame = Frame {
            bytes: &bytes,
            origin: Origin {
                file: "generated".into(),
                frame: number,
                offset: 0,
            },
            encoding: Encoding::Protobuf,
            signal: SignalHint::Declared(request.signal()),
            arrival_unix_nano: None,
        };
        decoder.decode(&frame, &mut sent).unwrap();
        decoder.decode(&frame, &mut batches).unwrap();
        match cuts.get(number as usize) {
            Some(true) => {
                assembler.push(std::mem::take(&mut batches));
                drain(&mut assembler);
            }
            Some(false) => assembler.push(std::mem::take(&mut batches)),
            None => {}
        }
    }
    assembler.push(batches);
    drain(&mut assembler);
    (parts, sent)
}

/// All items of parts, none of their rows left.
fn restored(parts: Vec<Part>) -> Items {
    let mut places: BTreeMap<_, Vec<Part>> = BTreeMap::new();
    for part in parts {
        let place = (part.database.clone(), part.date);
        places.entry(place).or_default().push(part);
    }
    let mut items = Items::default();
    for parts in places.values() {
        let mut children = Children::new(parts).unwrap();
        for part in parts {
            if let Ok(mut restorer) = Restorer::new(part) {
                let is_full = |_: &Items, items| items == 3;
                while restorer.visit(&mut children, &mut items, is_full).unwrap() > 0 {}
            }
        }
        assert_eq!(children.orphan_count(), 0);
    }
    items
}

/// The requests as a capture of JSON lines.
fn json_lines(requests: &[Request]) -> Source {
    let mut decoder = Decoder::new(Limits::DEFAULT);
    let mut lines = Vec::new();
    for request in requests {
        let bytes = request.encode();
        let frame = Frame {
            bytes: &bytes,
            origin: Origin {
                file: "generated".into(),
                frame: 1,
                offset: 0,
            },
            encoding: Encoding::Protobuf,
            signal: SignalHint::Declared(request.signal()),
            arrival_unix_nano: None,
        };
        let mut encoder = JsonRequestEncoder::new();
        decoder.decode(&frame, &mut encoder).unwrap();
        for (_, line) in encoder.take() {
            lines.extend_from_slice(&line);
            lines.push(b'\n');
        }
    }
    // Something must be there to recognise.
    lines.extend_from_slice(b"{\"resourceLogs\":[]}\n");
    Source::from_bytes("generated.jsonl", lines)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn requests_come_back_from_parts(
        requests in vec(request(), 1..5),
        cuts in vec(any::<bool>(), 0..5),
        columns in columns(),
    ) {
        let (parts, sent) = parts_of(&requests, &cuts, columns);
        prop_assert_eq!(restored(parts).sorted(), sent.sorted());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn requests_come_back_from_the_files_of_a_lake(
        requests in vec(request(), 1..5),
        columns in columns(),
        threads in 1..3_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::create_or_open(dir.path()).unwrap();
        let source = json_lines(&requests);
        let options = ConvertOptions {
            columns_per_table: columns,
            threads: NonZeroUsize::new(threads).unwrap(),
            ..ConvertOptions::default()
        };
        let sources = [source];
        let account = convert(&sources, &lake, &options, &NoWatch).unwrap();
        prop_assert!(account.is_clean());
        let sent = items_of(&sources, &ReadOptions::default());
        if !lake.databases().unwrap().is_empty() {
            prop_assert_eq!(items_of_lake(&lake), sent);
        }
    }
}
