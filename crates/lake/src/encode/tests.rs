//! What our own encoder writes is what the library reads, with the statistics that it writes itself.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow_schema::Schema;
use bytes::Bytes;
use otolith_tables::{ColumnOrigin, ColumnType, Field, Layout, PartColumn, Strings, Values};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::Encoding;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use proptest::prelude::*;

use super::{begin, chunk};
use crate::field::to_arrow;

/// A cell of any type.
type Cells<T> = Vec<Option<T>>;

fn field(r#type: ColumnType, layout: Layout) -> Field {
    Field {
        name: "value".to_owned(),
        r#type,
        origin: ColumnOrigin::Base,
        layout,
    }
}

fn column<T>(field: &Field, cells: &[Option<T>], values: Values) -> PartColumn {
    let valid: Vec<bool> = cells.iter().map(Option::is_some).collect();
    PartColumn {
        field: field.clone(),
        values,
        validity: valid.contains(&false).then_some(valid),
    }
}

/// The file of our own encoder.
fn own(column: PartColumn, rows: usize) -> Bytes {
    let mut writer = chunk::Writer::new(vec![column.field.clone()], Vec::new()).unwrap();
    let column = chunk::Column::new(column, rows).unwrap();
    assert!(matches!(column, chunk::Column::Own(_)));
    writer.write(&[column], rows).unwrap();
    writer.finish().unwrap().into()
}

/// The file of the library's.
fn of_library(field: &Field, array: ArrayRef) -> Bytes {
    let schema = Arc::new(Schema::new(vec![to_arrow(field)]));
    let mut writer = begin(std::slice::from_ref(field), Arc::clone(&schema), Vec::new()).unwrap();
    writer
        .write(&RecordBatch::try_new(schema, vec![array]).unwrap())
        .unwrap();
    writer.into_inner().unwrap().into()
}

fn read(file: Bytes) -> (Vec<RecordBatch>, Vec<ColumnChunkMetaData>) {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let groups = builder.metadata().row_groups().iter();
    let chunks = groups.map(|group| group.column(0).clone()).collect();
    let batches = builder.with_batch_size(1 << 20).build().unwrap();
    (batches.map(Result::unwrap).collect(), chunks)
}

/// Checks a column against an array of the same cells; gives the encodings of its chunks.
#[track_caller]
fn check(column: PartColumn, array: ArrayRef) -> Vec<Encoding> {
    let (field, rows) = (column.field.clone(), array.len());
    let (found, chunks) = read(own(column, rows));
    let (expected, library) = read(of_library(&field, array));
    // By their text: what is no number equals nothing.
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));
    assert_eq!(chunks.len(), library.len());
    for (chunk, library) in chunks.iter().zip(&library) {
        assert_eq!(
            format!("{:?}", chunk.statistics()),
            format!("{:?}", library.statistics())
        );
        assert_eq!(chunk.num_values(), library.num_values());
    }
    let encodings = chunks.iter().flat_map(ColumnChunkMetaData::encodings);
    encodings.collect()
}

fn check_ints(layout: Layout, cells: &Cells<i64>) -> Vec<Encoding> {
    let ints: Vec<i64> = cells.iter().map(|cell| cell.unwrap_or(0)).collect();
    let times = TimestampMicrosecondArray::from(cells.clone()).with_timezone("UTC");
    let of_times = field(ColumnType::Timestamp, layout);
    check(
        column(&of_times, cells, Values::Int64(ints.clone())),
        Arc::new(times),
    );
    let of_ints = field(ColumnType::Int64, layout);
    check(
        column(&of_ints, cells, Values::Int64(ints)),
        Arc::new(Int64Array::from(cells.clone())),
    )
}

fn check_doubles(layout: Layout, cells: &Cells<f64>) -> Vec<Encoding> {
    let doubles: Vec<f64> = cells.iter().map(|cell| cell.unwrap_or(0.0)).collect();
    let field = field(ColumnType::Double, layout);
    check(
        column(&field, cells, Values::Double(doubles)),
        Arc::new(Float64Array::from(cells.clone())),
    )
}

fn strings(cells: &Cells<String>) -> Strings {
    let mut texts = Strings::empty();
    for cell in cells.iter().map(Option::as_deref) {
        texts.bytes.extend(cell.unwrap_or("").bytes());
        let end = i32::try_from(texts.bytes.len());
        texts.offsets.push(end.unwrap());
    }
    texts
}

fn check_texts(layout: Layout, cells: &Cells<String>) -> Vec<Encoding> {
    let texts = strings(cells);
    let field = field(ColumnType::String, layout);
    check(
        column(&field, cells, Values::String(texts)),
        Arc::new(StringArray::from(cells.clone())),
    )
}

/// Runs of cells, each some times.
fn runs<T: Clone + std::fmt::Debug + 'static>(
    cell: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Cells<T>> {
    let run = (prop::option::weighted(0.8, cell), 1..40_usize);
    let runs = prop::collection::vec(run, 1..40);
    runs.prop_map(|runs| {
        let runs = runs.into_iter();
        runs.flat_map(|(cell, len)| std::iter::repeat_n(cell, len))
            .collect()
    })
}

fn layouts() -> impl Strategy<Value = Layout> {
    prop::sample::select(vec![Layout::Repeating, Layout::Rising, Layout::Distinct])
}

/// Small ones, and any.
fn ints() -> impl Strategy<Value = i64> {
    prop_oneof![-4..4_i64, any::<i64>()]
}

fn doubles() -> impl Strategy<Value = f64> {
    let odd = [
        0.0,
        -0.0,
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::MIN_POSITIVE,
    ];
    prop_oneof![prop::sample::select(odd.to_vec()), any::<f64>()]
}

proptest! {
    #[test]
    fn ints_are_read(layout in layouts(), cells in runs(ints())) {
        check_ints(layout, &cells);
    }

    #[test]
    fn doubles_are_read(layout in layouts(), cells in runs(doubles())) {
        check_doubles(layout, &cells);
    }

    #[test]
    fn truths_are_read(cells in runs(any::<bool>())) {
        let field = field(ColumnType::Boolean, Layout::Repeating);
        let truths = cells.iter().map(|cell| cell.unwrap_or(false)).collect();
        let array = Arc::new(BooleanArray::from(cells.clone()));
        check(column(&field, &cells, Values::Boolean(truths)), array);
    }

    #[test]
    fn texts_are_read(layout in layouts(), cells in runs(".{0,80}")) {
        check_texts(layout, &cells);
    }
}

/// As many rows as fill a row group and half of another.
const MANY: i64 = 3 << 15;

#[test]
fn numbers_that_hardly_repeat_have_no_dictionary() {
    let cells: Cells<i64> = (0..MANY).map(|row| Some(row * row % 1_000_003)).collect();
    let encodings = check_ints(Layout::Repeating, &cells);
    assert!(encodings.contains(&Encoding::DELTA_BINARY_PACKED));
    assert!(!encodings.contains(&Encoding::RLE_DICTIONARY));
    let cells: Cells<f64> = (0..MANY).map(|row| Some((row as f64).sqrt())).collect();
    let encodings = check_doubles(Layout::Repeating, &cells);
    assert!(!encodings.contains(&Encoding::RLE_DICTIONARY));

    let cells: Cells<i64> = (0..MANY)
        .map(|row| Some(row % 900 * 1_000_000_007))
        .collect();
    let encodings = check_ints(Layout::Repeating, &cells);
    assert!(!encodings.contains(&Encoding::DELTA_BINARY_PACKED));
    let cells: Cells<f64> = (0..MANY).map(|row| Some((row % 900) as f64)).collect();
    let encodings = check_doubles(Layout::Repeating, &cells);
    assert!(encodings.contains(&Encoding::RLE_DICTIONARY));
}

#[test]
fn texts_that_hardly_repeat_have_no_dictionary() {
    let cells: Cells<String> = (0..MANY).map(|row| Some(format!("id-{row}"))).collect();
    let encodings = check_texts(Layout::Repeating, &cells);
    assert!(!encodings.contains(&Encoding::RLE_DICTIONARY));
    let cells: Cells<String> = (0..MANY)
        .map(|row| Some(format!("id-{}", row % 900)))
        .collect();
    let encodings = check_texts(Layout::Repeating, &cells);
    assert!(encodings.contains(&Encoding::RLE_DICTIONARY));
    let encodings = check_texts(Layout::Distinct, &cells);
    assert!(!encodings.contains(&Encoding::RLE_DICTIONARY));
}

#[test]
fn long_texts_are_divided_into_pages() {
    let cells: Cells<String> = (0..40_usize)
        .map(|row| (row % 7 > 0).then(|| "x".repeat(row * 9_000)))
        .collect();
    check_texts(Layout::Distinct, &cells);
    let field = field(ColumnType::String, Layout::Distinct);
    let column = column(&field, &cells, Values::String(strings(&cells)));
    let file = SerializedFileReader::new(own(column, cells.len())).unwrap();
    let group = file.get_row_group(0).unwrap();
    let pages = group.get_column_page_reader(0).unwrap().map(Result::unwrap);
    let sizes: Vec<usize> = pages.map(|page| page.buffer().len()).collect();
    // The longest text and those before it.
    let most = (1 << 20) + cells.len() * 9_000;
    assert!(
        sizes.len() > 3 && sizes.iter().all(|size| *size < most),
        "{sizes:?}"
    );
}

#[test]
fn a_dictionary_is_small_or_there_is_none() {
    let words = |len: usize| PartColumn {
        field: field(ColumnType::String, Layout::Repeating),
        values: Values::Dictionary {
            indices: vec![0, 0],
            dictionary: Strings {
                offsets: vec![0, i32::try_from(len).unwrap()],
                bytes: vec![b'x'; len],
            },
        },
        validity: None,
    };
    for (len, is_coded) in [((1 << 20) - 4, true), ((1 << 20) - 3, false)] {
        let (batches, chunks) = read(own(words(len), 2));
        let mut encodings = chunks[0].encodings();
        let found = encodings.any(|encoding| encoding == Encoding::RLE_DICTIONARY);
        assert_eq!(found, is_coded, "{len}");
        let text = "x".repeat(len);
        let expected = StringArray::from(vec![text.as_str(), text.as_str()]);
        assert_eq!(
            batches[0].column(0).as_ref(),
            &expected as &dyn arrow_array::Array
        );
    }
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let of = |r#type, values, validity| PartColumn {
        field: field(r#type, Layout::Repeating),
        values,
        validity,
    };
    let texts = |offsets: &[i32], bytes: &[u8]| Strings {
        offsets: offsets.to_vec(),
        bytes: bytes.to_vec(),
    };
    let coded = |index: i32| Values::Dictionary {
        indices: vec![index],
        dictionary: texts(&[0, 1], b"a"),
    };
    for column in [
        of(ColumnType::Int64, Values::Int64(vec![]), None),
        of(ColumnType::Int64, Values::Double(vec![1.0]), None),
        of(ColumnType::Int64, Values::Int64(vec![1]), Some(vec![])),
        of(
            ColumnType::String,
            Values::String(texts(&[0, 2], b"a")),
            None,
        ),
        of(ColumnType::String, Values::String(texts(&[], b"a")), None),
        of(
            ColumnType::String,
            Values::String(texts(&[0, 1], b"\xff")),
            None,
        ),
        of(
            ColumnType::String,
            Values::String(texts(&[0, 1], "\u{e9}".as_bytes())),
            None,
        ),
        of(ColumnType::String, coded(1), None),
        of(ColumnType::String, coded(-1), None),
    ] {
        let text = format!("{column:?}");
        assert!(chunk::Column::new(column, 1).is_err(), "{text}");
    }
}
