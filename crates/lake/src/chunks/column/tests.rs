//! Files of the library, and what comes back of them.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Encoding, ZstdLevel};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::ChunkReader as _;
use proptest::prelude::*;

use super::*;
use crate::chunks::Footer;
use crate::positioned::Positioned;

/// How a file is written.
#[derive(Clone, Copy, Debug)]
struct How {
    encoding: Option<Encoding>,
    has_dictionary: bool,
    is_packed: bool,
    page_rows: usize,
}

fn file(column: ArrayRef, how: How) -> File {
    let mut properties = WriterProperties::builder()
        .set_dictionary_enabled(how.has_dictionary)
        .set_data_page_row_count_limit(how.page_rows)
        .set_write_batch_size(how.page_rows);
    if let Some(encoding) = how.encoding {
        properties = properties.set_encoding(encoding);
    }
    if how.is_packed {
        let level = ZstdLevel::try_new(1).unwrap();
        properties = properties.set_compression(parquet::basic::Compression::ZSTD(level));
    }
    let batch = RecordBatch::try_from_iter_with_nullable([("column", column, true)]).unwrap();
    let mut bytes = Vec::new();
    let properties = Some(properties.build());
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), properties).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&bytes).unwrap();
    file
}

/// The only column of a file.
fn read(
    file: File,
    r#type: ColumnType,
    is_coded: bool,
    chosen: Option<&[bool]>,
) -> Option<Decoded> {
    let file = Positioned::new(file).unwrap();
    let footer = Footer::read(&file).unwrap();
    let chunk = footer.chunk(0, 0).unwrap();
    let bytes = file.get_bytes(chunk.start, chunk.len_bytes).unwrap();
    let wanted = Wanted {
        r#type,
        is_coded,
        is_nullable: true,
        rows: footer.rows(0),
        chosen,
    };
    decode(&bytes, &chunk, &wanted)
}

/// The values of the chosen rows, one by one.
fn cells((values, validity): Decoded) -> Vec<Option<String>> {
    let text = |strings: &Strings, index| String::from_utf8_lossy(strings.get(index)).into_owned();
    let cells: Vec<String> = match values {
        Values::Int64(values) => values.iter().map(ToString::to_string).collect(),
        Values::Double(values) => values.iter().map(ToString::to_string).collect(),
        Values::Boolean(values) => values.iter().map(ToString::to_string).collect(),
        Values::String(texts) => (0..texts.offsets.len() - 1)
            .map(|row| text(&texts, row))
            .collect(),
        Values::Dictionary {
            indices,
            dictionary,
        } => indices
            .iter()
            // Null rows have any index, even where there is no text.
            .map(|code| match dictionary.offsets.len() {
                1 => String::new(),
                _ => text(&dictionary, usize::try_from(*code).unwrap()),
            })
            .collect(),
        other => panic!("{other:?}"),
    };
    let valid = validity.unwrap_or_else(|| vec![true; cells.len()]);
    assert_eq!(valid.len(), cells.len());
    let cells = valid.into_iter().zip(cells);
    cells.map(|(valid, cell)| valid.then_some(cell)).collect()
}

fn how() -> impl Strategy<Value = How> {
    (any::<bool>(), any::<bool>(), 1..40_usize).prop_map(
        |(has_dictionary, is_packed, page_rows)| How {
            encoding: None,
            has_dictionary,
            is_packed,
            page_rows,
        },
    )
}

fn rows() -> impl Strategy<Value = Vec<(Option<u8>, bool)>> {
    let nulls = prop::option::weighted(0.8, 0..20_u8);
    prop_oneof![
        prop::collection::vec((nulls, any::<bool>()), 1..120),
        prop::collection::vec(((0..20_u8).prop_map(Some), any::<bool>()), 1..120),
    ]
}

/// Columns of all types made of the same numbers, with their cells.
type Made = (ColumnType, ArrayRef, Vec<Option<String>>);

fn columns(numbers: &[Option<u8>]) -> Vec<Made> {
    let word = |n: u8| format!("{}{}", "w".repeat(usize::from(n % 5)), n);
    let double = |n: u8| f64::from(n) / 4.0;
    let int = |n: u8| i64::from(n) * 1_000_000_007 - 5;
    let of = |cell: &dyn Fn(u8) -> String| numbers.iter().map(|n| n.map(cell)).collect();
    let (ints, doubles): (Int64Array, Float64Array) = (
        numbers.iter().map(|n| n.map(int)).collect(),
        numbers.iter().map(|n| n.map(double)).collect(),
    );
    let truths: BooleanArray = numbers.iter().map(|n| n.map(|n| n > 9)).collect();
    let words: StringArray = numbers.iter().map(|n| n.map(word)).collect();
    vec![
        (
            ColumnType::Int64,
            Arc::new(ints),
            of(&|n| int(n).to_string()),
        ),
        (
            ColumnType::Double,
            Arc::new(doubles),
            of(&|n| double(n).to_string()),
        ),
        (
            ColumnType::Boolean,
            Arc::new(truths),
            of(&|n| (n > 9).to_string()),
        ),
        (ColumnType::String, Arc::new(words), of(&word)),
    ]
}

fn check(column: &Made, how: How, is_coded: bool, chosen: &[bool]) -> Result<(), TestCaseError> {
    let (r#type, array, expected) = column;
    let all = read(file(Arc::clone(array), how), *r#type, is_coded, None);
    prop_assert_eq!(&cells(all.expect("of the usual form")), expected);
    let some = read(
        file(Arc::clone(array), how),
        *r#type,
        is_coded,
        Some(chosen),
    );
    let expected = expected.iter().zip(chosen).filter(|(_, chosen)| **chosen);
    let expected: Vec<_> = expected.map(|(cell, _)| cell.clone()).collect();
    prop_assert_eq!(cells(some.expect("of the usual form")), expected);
    Ok(())
}

proptest! {
    #[test]
    fn what_the_library_writes_comes_back(rows in rows(), how in how()) {
        let (numbers, chosen): (Vec<Option<u8>>, Vec<bool>) = rows.into_iter().unzip();
        for column in columns(&numbers) {
            check(&column, how, false, &chosen)?;
        }
        let [ints, _, _, words] = &columns(&numbers)[..] else { unreachable!() };
        let delta = How {
            encoding: Some(Encoding::DELTA_BINARY_PACKED),
            has_dictionary: false,
            ..how
        };
        check(ints, delta, false, &chosen)?;
        check(words, how, true, &chosen)?;
    }

    #[test]
    fn any_change_of_bytes_ends_well(
        rows in rows(),
        how in how(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let numbers: Vec<Option<u8>> = rows.into_iter().map(|(number, _)| number).collect();
        for (r#type, array, _) in columns(&numbers) {
            let file = Positioned::new(file(array, how)).unwrap();
            let footer = Footer::read(&file).unwrap();
            let chunk = footer.chunk(0, 0).unwrap();
            let bytes = file.get_bytes(chunk.start, chunk.len_bytes).unwrap();
            let mut bytes = bytes.to_vec();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let wanted = Wanted {
                r#type,
                is_coded: true,
                is_nullable: true,
                rows: numbers.len(),
                chosen: None,
            };
            if let Some(decoded) = decode(&bytes.into(), &chunk, &wanted) {
                prop_assert_eq!(cells(decoded).len(), numbers.len());
            }
        }
    }
}

#[test]
fn texts_are_utf_8_one_by_one() {
    let texts = |bytes: &[u8], offsets: &[i32]| Strings {
        offsets: offsets.to_vec(),
        bytes: bytes.to_vec(),
    };
    assert!(are_texts(&texts("a\u{e9}b".as_bytes(), &[0, 1, 3, 4]), 0));
    assert!(!are_texts(&texts("a\u{e9}b".as_bytes(), &[0, 2, 4]), 0));
    assert!(!are_texts(&texts(b"a\xff", &[0, 1, 2]), 0));
    assert!(are_texts(&texts(b"\xff\xc3\xa9", &[0, 1, 3]), 1));
    assert!(are_distinct(&texts(b"aba", &[0, 1, 2])));
    assert!(!are_distinct(&texts(b"aba", &[0, 1, 2, 3])));
}
