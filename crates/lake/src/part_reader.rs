//! Some columns of a file, row group by row group.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use arrow_array::BooleanArray;
use otolith_tables::{DatabaseName, Field, Part, PartColumn, Strings, Table, Values, base_fields};
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups as _, RowSelection};
use parquet::arrow::{ProjectionMask, parquet_to_arrow_field_levels};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::ChunkReader as _;

use crate::about::{About, FileColumn, Schemas};
use crate::batches::{Batches, ByLibrary, Rows};
use crate::chunks::{ChunkInfo, Footer, Wanted, decode};
use crate::decode::failed;
use crate::error::LakeError;
use crate::field::from_arrow;
use crate::positioned::Positioned;
use crate::row_group::RowGroup;

/// Reads a file of a table piece by piece: row groups, and of them some columns and some rows.
/// Nothing of a large file is kept in memory but what it says of itself. Threads may share a reader.
pub struct PartReader {
    path: PathBuf,
    file: Positioned,
    about: Arc<About>,
    /// None if there is something unusual about it.
    footer: Option<Footer>,
    /// What the library makes of the footer, where it was asked.
    metadata: OnceLock<ParquetMetaData>,
    database: DatabaseName,
    table: Table,
    date: i32,
}

impl PartReader {
    pub(crate) fn open(
        path: &Path,
        (database, table, date): (DatabaseName, Table, i32),
        schemas: &Schemas,
    ) -> Result<Self, LakeError> {
        let file = File::open(path).and_then(Positioned::new);
        let file = file.map_err(LakeError::io("open", path))?;
        let footer = Footer::read(&file);
        let known = footer.as_ref().and_then(|f| schemas.get(table, f));
        let metadata = OnceLock::new();
        let about = match known {
            Some(about) => about,
            None => {
                let of_library = read_metadata(&file, path)?;
                let about = About::of(of_library.file_metadata(), table);
                let about = Arc::new(about.map_err(failed(path))?);
                if let Some(footer) = &footer {
                    schemas.keep(table, footer, &about);
                }
                metadata.get_or_init(|| of_library);
                about
            }
        };
        let footer = footer.filter(|footer| footer.has_chunks(about.chunk_count));
        if footer.is_none() && metadata.get().is_none() {
            let of_library = read_metadata(&file, path)?;
            metadata.get_or_init(|| of_library);
        }
        Ok(Self {
            path: path.to_owned(),
            footer,
            about,
            metadata,
            file,
            database,
            table,
            date,
        })
    }

    /// Number of row groups: at least one for a file with rows.
    pub fn group_count(&self) -> usize {
        match (&self.footer, self.metadata.get()) {
            (Some(footer), _) => footer.group_count(),
            (None, metadata) => metadata.map_or(0, ParquetMetaData::num_row_groups),
        }
    }

    /// Reads some columns of a row group, as far as it has values of them, in the order of the file;
    /// of the rows those that `rows` says, all if it is none. Texts that repeat come as a
    /// dictionary. Columns without any value in the row group are left out, and those of one text
    /// are not decoded.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or one of the columns is of a type that no table has.
    pub fn read(
        &self,
        group: usize,
        columns: &[&str],
        rows: Option<&[bool]>,
    ) -> Result<Part, LakeError> {
        let group_rows = self.group_rows(group)?;
        let row_count = match rows {
            None => group_rows,
            Some(rows) => rows.iter().filter(|chosen| **chosen).count(),
        };
        let mut found: Vec<(usize, PartColumn)> = Vec::new();
        let mut rest = Vec::new();
        for place in self.about.places(columns) {
            let column = &self.about.columns[place];
            let (field, chunk) = match self.content(group, column) {
                Content::Nothing => continue,
                Content::One(field, text) => {
                    found.push((place, constant(field.clone(), text, row_count)));
                    continue;
                }
                Content::Unusual => {
                    rest.push(place);
                    continue;
                }
                Content::Many(field, chunk) => (field, chunk),
            };
            let wanted = Wanted {
                r#type: field.r#type,
                is_coded: column.is_coded,
                is_nullable: column.leaf.is_some_and(|leaf| leaf.is_nullable),
                rows: group_rows,
                chosen: rows,
            };
            let bytes = self.file.get_bytes(chunk.start, chunk.len_bytes).ok();
            match bytes.and_then(|bytes| decode(&bytes, &chunk, &wanted)) {
                Some((values, validity)) => {
                    let field = field.clone();
                    let column = PartColumn {
                        field,
                        values,
                        validity,
                    };
                    found.push((place, column));
                }
                None => rest.push(place),
            }
        }
        if !rest.is_empty() {
            // In one batch: a dictionary comes once.
            let read = self.by_library((group, &rest, Vec::new()), rows, usize::MAX)?;
            let read = read.whole()?;
            if read.row_count != row_count {
                let (path, found) = (&self.path, read.row_count);
                let message = format!("a row group of {row_count} rows has {found}");
                return Err(failed(path)(ParquetError::General(message)));
            }
            found.extend(rest.into_iter().zip(read.columns));
            found.sort_by_key(|(place, _)| *place);
        }
        Ok(Part {
            database: self.database.clone(),
            table: self.table,
            date: self.date,
            row_count,
            columns: found.into_iter().map(|(_, column)| column).collect(),
        })
    }

    /// Reads as [`read`](Self::read) does, but hands out some rows after the other, at most
    /// `batch_rows` at a time. So many rows as fit the cache cost a fraction of what a row group costs:
    /// memory that is used again at once is never given back to the kernel. Each batch has
    /// dictionaries of its own.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or one of the columns is of a type that no table has.
    pub fn batches(
        &self,
        group: usize,
        columns: &[&str],
        rows: Option<&[bool]>,
        batch_rows: usize,
    ) -> Result<Batches, LakeError> {
        if self.group_rows(group)? <= batch_rows {
            // Without the library, which sets up more than it takes to decode so few.
            let part = self.read(group, columns, rows)?;
            return Ok(Batches(Rows::Few(Some(part))));
        }
        let (mut known, mut rest) = (Vec::new(), Vec::new());
        for place in self.about.places(columns) {
            match self.content(group, &self.about.columns[place]) {
                Content::Nothing => {}
                Content::One(field, text) => {
                    let place = rest.len() + known.len();
                    known.push((place, constant(field.clone(), text, 0)));
                }
                Content::Many(..) | Content::Unusual => rest.push(place),
            }
        }
        let many = self.by_library((group, &rest, known), rows, batch_rows)?;
        Ok(Batches(Rows::Many(many)))
    }

    /// The text that every row of a row group has in a column, if the file says so.
    pub fn only_text(&self, group: usize, column: &str) -> Option<&str> {
        let place = *self.about.places(&[column]).first()?;
        match self.content(group, &self.about.columns[place]) {
            Content::One(_, text) => Some(text),
            _ => None,
        }
    }

    /// What the file says of a column of a row group.
    fn content<'s>(&'s self, group: usize, column: &'s FileColumn) -> Content<'s> {
        let chunk = || {
            let footer = self.footer.as_ref()?;
            let field = column.field.as_ref()?;
            let chunk = footer.chunk(group, column.leaf?.place)?;
            Some((field, chunk, footer.rows(group) as u64))
        };
        match chunk() {
            None => Content::Unusual,
            Some((_, chunk, rows)) if chunk.nulls == Some(rows) => Content::Nothing,
            Some((field, chunk, _)) => match only_text(column, &chunk) {
                Some(text) => Content::One(field, text),
                None => Content::Many(field, chunk),
            },
        }
    }

    /// Number of rows of a row group.
    fn group_rows(&self, group: usize) -> Result<usize, LakeError> {
        if let Some(footer) = &self.footer {
            return Ok(footer.rows(group));
        }
        let rows = self.metadata()?.row_group(group).num_rows();
        Ok(usize::try_from(rows).unwrap_or(0))
    }

    fn metadata(&self) -> Result<&ParquetMetaData, LakeError> {
        if let Some(known) = self.metadata.get() {
            return Ok(known);
        }
        let metadata = read_metadata(&self.file, &self.path)?;
        Ok(self.metadata.get_or_init(|| metadata))
    }

    /// Reads columns by their places, each of them.
    fn by_library(
        &self,
        (group, places, known): (usize, &[usize], Vec<(usize, PartColumn)>),
        rows: Option<&[bool]>,
        batch_rows: usize,
    ) -> Result<ByLibrary, LakeError> {
        let base = base_fields(self.table);
        let fields = self.about.schema.fields();
        let fields = places.iter().map(|place| &fields[*place]);
        let fields = fields.map(|field| from_arrow(field, &base, &self.path));
        let fields: Vec<Field> = fields.collect::<Result<_, _>>()?;
        let metadata = self.metadata()?;
        let about = metadata.file_metadata().schema_descr();
        let mask = ProjectionMask::roots(about, places.iter().copied());
        let levels = parquet_to_arrow_field_levels(about, mask, Some(self.about.coded.fields()));
        let levels = levels.map_err(failed(&self.path))?;
        let group = RowGroup {
            file: &self.file,
            metadata,
            number: group,
        };
        let rows = rows.map(|rows| {
            let rows = BooleanArray::from(rows.to_vec());
            RowSelection::from_filters(&[rows])
        });
        let batch_rows = group.num_rows().clamp(1, batch_rows.max(1));
        let reader =
            ParquetRecordBatchReader::try_new_with_row_groups(&levels, &group, batch_rows, rows);
        Ok(ByLibrary {
            reader: reader.map_err(failed(&self.path))?,
            fields,
            known,
            path: self.path.clone(),
            database: self.database.clone(),
            table: self.table,
            date: self.date,
        })
    }
}

/// What there is of a column in a row group.
enum Content<'a> {
    /// Nulls alone.
    Nothing,
    /// The same text in every row, which need not be read.
    One(&'a Field, &'a str),
    Many(&'a Field, ChunkInfo<'a>),
    /// Only the library knows.
    Unusual,
}

fn read_metadata(file: &Positioned, path: &Path) -> Result<ParquetMetaData, LakeError> {
    let metadata = ParquetMetaDataReader::new().parse_and_finish(file);
    metadata.map_err(failed(path))
}

/// The text that every row has, if the file tells so: statistics hold no long texts.
fn only_text<'a>(column: &FileColumn, chunk: &ChunkInfo<'a>) -> Option<&'a str> {
    let (least, greatest) = chunk.bounds?;
    let is_only = column.is_coded && chunk.nulls == Some(0) && least == greatest;
    std::str::from_utf8(least).ok().filter(|_| is_only)
}

/// A column with the same text in every row.
fn constant(field: Field, text: &str, row_count: usize) -> PartColumn {
    let mut dictionary = Strings::empty();
    dictionary.bytes.extend_from_slice(text.as_bytes());
    let end = i32::try_from(text.len()).unwrap_or(i32::MAX);
    dictionary.offsets.push(end);
    PartColumn {
        field,
        values: Values::Dictionary {
            indices: vec![0; row_count],
            dictionary,
        },
        validity: None,
    }
}
