//! The columns of a part into the column chunks of a file, row group after row group.

use std::io;
use std::sync::Arc;

use arrow_array::{Array as _, ArrayRef};
use arrow_schema::{ArrowError, Field as ArrowField, Schema};
use bytes::Bytes;
use otolith_tables::{ColumnType, Field, PartColumn, Strings, Values};
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::ColumnDescPtr;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};
use zstd::bulk::Compressor;

use super::array::{self, length};
use super::{ROW_GROUP_ROWS, ZSTD_LEVEL, begin, compression, dictionary};
use crate::field::to_arrow;

/// Largest dictionary that is written as one page, in bytes: the library's own bound, from which on it
/// writes plain texts. Readers hold a dictionary in memory as a whole.
const DICTIONARY_BYTES: usize = 1 << 20;

/// The values of a column.
pub(super) enum Column {
    /// For the library's writer.
    Array(ArrayRef),
    /// Texts by code.
    Codes {
        indices: Vec<i32>,
        validity: Option<Vec<bool>>,
        dictionary: Strings,
    },
}

/// An encoded column chunk.
enum Chunk {
    OfLibrary(ArrowColumnChunk),
    OfCodes(Bytes, ColumnCloseResult),
}

/// What encodes a column in one row group.
enum Encoder {
    Library(Box<ArrowColumnWriter>),
    Codes(ColumnDescPtr),
}

impl Column {
    /// Checks the lengths and offsets.
    pub fn new(column: PartColumn, row_count: usize) -> Result<Self, ArrowError> {
        let r#type = column.field.r#type;
        match column.values {
            Values::Dictionary {
                indices,
                dictionary,
            } if r#type == ColumnType::String => {
                check_codes(&indices, column.validity.as_deref(), &dictionary, row_count)?;
                if dictionary.bytes.len() + 4 * dictionary.offsets.len() > DICTIONARY_BYTES {
                    return array::dictionary(indices, dictionary, column.validity)
                        .map(Self::Array);
                }
                Ok(Self::Codes {
                    indices,
                    validity: column.validity,
                    dictionary,
                })
            }
            values => array::array(
                PartColumn {
                    field: column.field,
                    values,
                    validity: column.validity,
                },
                row_count,
            )
            .map(Self::Array),
        }
    }
}

fn check_codes(
    indices: &[i32],
    validity: Option<&[bool]>,
    dictionary: &Strings,
    row_count: usize,
) -> Result<(), ArrowError> {
    array::check_offsets(&dictionary.offsets)?;
    if indices.len() != row_count {
        return Err(length("values", row_count, indices.len()));
    }
    let valid = validity.map_or(row_count, <[bool]>::len);
    if valid != row_count {
        return Err(length("validity", row_count, valid));
    }
    let texts = dictionary.offsets.len() - 1;
    // Without looking at validity first: several rows at a time. Negative ones become great.
    let greatest = indices.iter().map(|index| index.cast_unsigned()).max();
    if greatest.is_none_or(|greatest| (greatest as usize) < texts) {
        return Ok(());
    }
    let is_outside = |index: &i32| usize::try_from(*index).map_or(true, |index| index >= texts);
    let outside = match validity {
        None => indices.iter().find(|index| is_outside(index)),
        Some(valid) => {
            let mut valid = indices.iter().zip(valid).filter(|(_, valid)| **valid);
            valid.find_map(|(index, _)| is_outside(index).then_some(index))
        }
    };
    match outside {
        None => Ok(()),
        Some(index) => Err(ArrowError::InvalidArgumentError(format!(
            "index {index} in a dictionary of {texts} texts"
        ))),
    }
}

/// A file while row groups are appended to it.
pub(super) struct Writer<W: io::Write + Send> {
    file: SerializedFileWriter<W>,
    fields: Vec<Field>,
    arrow_fields: Vec<ArrowField>,
}

impl<W: io::Write + Send> Writer<W> {
    /// Begins a file with these columns.
    pub fn new(fields: Vec<Field>, sink: W) -> Result<Self> {
        let arrow_fields: Vec<ArrowField> = fields.iter().map(to_arrow).collect();
        let schema = Arc::new(Schema::new(arrow_fields.clone()));
        let (file, _) = begin(&fields, schema, sink)?.into_serialized_writer()?;
        Ok(Self {
            file,
            fields,
            arrow_fields,
        })
    }

    /// Appends rows of all columns.
    pub fn write(&mut self, columns: &[Column], row_count: usize) -> Result<()> {
        // The library's writers of columns come for a whole schema, and each brings contexts of zstd
        // that cost more than a small column: so there is one of just the columns that are its own.
        let mut own_fields = Vec::new();
        let mut own_schema = Vec::new();
        for (field, column) in self.fields.iter().zip(columns) {
            if let Column::Array(array) = column {
                own_fields.push(field.clone());
                // Texts may be a dictionary here; readers see texts.
                own_schema.push(to_arrow(field).with_data_type(array.data_type().clone()));
            }
        }
        let own_schema = Arc::new(Schema::new(own_schema));
        let own = begin(&own_fields, own_schema, io::sink())?;
        let (_own, factory) = own.into_serialized_writer()?;
        for start in (0..row_count).step_by(ROW_GROUP_ROWS) {
            let rows = ROW_GROUP_ROWS.min(row_count - start);
            let number = self.file.flushed_row_groups().len();
            let mut writers = factory.create_column_writers(number)?.into_iter();
            let mut jobs = Vec::with_capacity(columns.len());
            // Every column has one leaf: lists are of plain numbers.
            for (leaf, (column, field)) in columns.iter().zip(&self.arrow_fields).enumerate() {
                let encoder = match column {
                    Column::Codes { .. } => Encoder::Codes(self.file.schema_descr().column(leaf)),
                    Column::Array(_) => {
                        Encoder::Library(Box::new(writers.next().ok_or_else(|| {
                            ParquetError::General("fewer writers than columns".to_owned())
                        })?))
                    }
                };
                jobs.push((column, field, encoder));
            }
            let chunks = encode_all(jobs, start, rows)?;
            let mut group = self.file.next_row_group()?;
            for chunk in chunks {
                append(chunk, &mut group)?;
            }
            group.close()?;
        }
        Ok(())
    }

    /// Bytes of the row groups so far.
    pub fn len_bytes(&self) -> u64 {
        self.file.bytes_written() as u64
    }

    /// Writes the footer.
    pub fn finish(self) -> Result<W> {
        self.file.into_inner()
    }
}

/// What is to be encoded, and how.
type Job<'a> = (&'a Column, &'a ArrowField, Encoder);

/// Encodes the columns of a row group; in a pool of threads side by side.
fn encode_all(jobs: Vec<Job<'_>>, start: usize, rows: usize) -> Result<Vec<Chunk>> {
    let compressor = || Compressor::new(ZSTD_LEVEL);
    // On a thread of no pool the work would go to one that nobody asked for.
    if rayon::current_thread_index().is_none() {
        let mut compressor = compressor()?;
        let jobs = jobs.into_iter();
        return jobs
            .map(|job| encode(job, start, rows, &mut compressor))
            .collect();
    }
    jobs.into_par_iter()
        .map_init(compressor, |compressor, job| match compressor {
            Ok(compressor) => encode(job, start, rows, compressor),
            Err(error) => Err(ParquetError::General(error.to_string())),
        })
        .collect()
}

fn encode(
    (column, field, encoder): Job<'_>,
    start: usize,
    rows: usize,
    compressor: &mut Compressor<'static>,
) -> Result<Chunk> {
    match (column, encoder) {
        (Column::Array(array), Encoder::Library(mut writer)) => {
            for leaf in compute_leaves(field, &array.slice(start, rows))? {
                writer.write(&leaf)?;
            }
            writer.close().map(Chunk::OfLibrary)
        }
        (
            Column::Codes {
                indices,
                validity,
                dictionary,
            },
            Encoder::Codes(descriptor),
        ) => {
            let codes = dictionary::Codes {
                indices: &indices[start..start + rows],
                validity: validity.as_ref().map(|valid| &valid[start..start + rows]),
                dictionary,
            };
            let (bytes, close) =
                dictionary::encode(&descriptor, &codes, compressor, compression()?)?;
            Ok(Chunk::OfCodes(bytes, close))
        }
        _ => Err(ParquetError::General(
            "another encoder than the column".to_owned(),
        )),
    }
}

fn append<W: io::Write + Send>(
    chunk: Chunk,
    group: &mut SerializedRowGroupWriter<'_, W>,
) -> Result<()> {
    match chunk {
        Chunk::OfLibrary(chunk) => chunk.append_to_row_group(group),
        Chunk::OfCodes(bytes, close) => group.append_column(&bytes, close),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_tables::{ColumnOrigin, Layout};

    fn words(len_bytes: usize) -> PartColumn {
        PartColumn {
            field: Field {
                name: "word".to_owned(),
                r#type: ColumnType::String,
                origin: ColumnOrigin::Base,
                layout: Layout::Repeating,
            },
            values: Values::Dictionary {
                indices: vec![0, 0],
                dictionary: Strings {
                    offsets: vec![0, i32::try_from(len_bytes).unwrap()],
                    bytes: vec![b'x'; len_bytes],
                },
            },
            validity: None,
        }
    }

    #[test]
    fn only_small_dictionaries_become_one_page() {
        let small = Column::new(words(DICTIONARY_BYTES - 8), 2).unwrap();
        assert!(matches!(small, Column::Codes { .. }));
        let large = Column::new(words(DICTIONARY_BYTES - 7), 2).unwrap();
        assert!(matches!(large, Column::Array(_)));
    }
}
