//! What files of one schema have in common: made once, not for each of a thousand files.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow_schema::{DataType, Field as ArrowField, Schema, SchemaRef};
use otolith_tables::{ColumnType, Field, Layout, Table, base_fields};
use parquet::arrow::parquet_to_arrow_schema;
use parquet::errors::Result;
use parquet::file::metadata::FileMetaData;
use parquet::schema::types::SchemaDescriptor;
use xxhash_rust::xxh3::Xxh3;

use crate::chunks::Footer;
use crate::field::from_arrow;

/// How many schemas are kept at most.
const MOST_KEPT: usize = 1024;

/// The columns of a file.
#[derive(Debug)]
pub(crate) struct About {
    /// As the file has them.
    pub schema: SchemaRef,
    /// As they are read: those whose texts repeat as dictionaries.
    pub coded: Schema,
    pub columns: Vec<FileColumn>,
    by_name: HashMap<String, usize>,
    /// Number of column chunks of a row group.
    pub chunk_count: usize,
}

/// A column of a file.
#[derive(Debug)]
pub(crate) struct FileColumn {
    /// None of a type that no table has.
    pub field: Option<Field>,
    /// Its texts are read as codes.
    pub is_coded: bool,
    /// Where its values are; none of lists.
    pub leaf: Option<Leaf>,
}

/// The values of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    /// Place among the column chunks.
    pub place: usize,
    /// Rows may lack a value.
    pub is_nullable: bool,
}

impl About {
    pub fn of(about: &FileMetaData, table: Table) -> Result<Self> {
        let parquet = about.schema_descr();
        let schema = parquet_to_arrow_schema(parquet, about.key_value_metadata())?;
        let base = base_fields(table);
        let column = |(root, field): (usize, &Arc<ArrowField>)| {
            // What is wrong with it is told where it is read.
            let found = from_arrow(field, &base, Path::new("")).ok();
            FileColumn {
                is_coded: found.as_ref().is_some_and(|field| {
                    field.r#type == ColumnType::String && field.layout == Layout::Repeating
                }),
                field: found,
                leaf: leaf(parquet, root),
            }
        };
        let columns: Vec<FileColumn> = schema.fields().iter().enumerate().map(column).collect();
        let codes = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let fields = schema.fields().iter().zip(&columns);
        let fields = fields.map(|(field, column)| match column.is_coded {
            true => Arc::new(field.as_ref().clone().with_data_type(codes.clone())),
            false => Arc::clone(field),
        });
        let names = schema.fields().iter().enumerate();
        // Of two of one name the first is read.
        let by_name = names.rev().map(|(root, f)| (f.name().clone(), root));
        Ok(Self {
            coded: Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()),
            by_name: by_name.collect(),
            columns,
            chunk_count: parquet.num_columns(),
            schema: Arc::new(schema),
        })
    }

    /// The places of columns, in their order.
    pub fn places(&self, names: &[&str]) -> Vec<usize> {
        let places = names.iter().filter_map(|name| self.by_name.get(*name));
        let mut places: Vec<usize> = places.copied().collect();
        places.sort_unstable();
        places.dedup();
        places
    }
}

fn leaf(parquet: &SchemaDescriptor, root: usize) -> Option<Leaf> {
    let mut leaves =
        (0..parquet.num_columns()).filter(|leaf| parquet.get_column_root_idx(*leaf) == root);
    let place = leaves.next()?;
    let column = parquet.column(place);
    let is_flat = column.max_rep_level() == 0 && column.max_def_level() <= 1;
    (is_flat && column.path().parts().len() == 1).then_some(Leaf {
        place,
        is_nullable: column.max_def_level() == 1,
    })
}

/// What is known of schemas, by the footers that tell them.
#[derive(Debug, Default)]
pub(crate) struct Schemas(Mutex<HashMap<(Table, u128), Arc<About>>>);

impl Schemas {
    /// What the schema of a footer is, if one of the same words was looked at before.
    pub fn get(&self, table: Table, footer: &Footer) -> Option<Arc<About>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(table, key(footer))).map(Arc::clone)
    }

    pub fn keep(&self, table: Table, footer: &Footer, about: &Arc<About>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() == MOST_KEPT {
            known.clear();
        }
        known.insert((table, key(footer)), Arc::clone(about));
    }
}

/// Stands for the words of a schema.
fn key(footer: &Footer) -> u128 {
    let mut hasher = Xxh3::new();
    for words in footer.about() {
        hasher.update(&words.len().to_le_bytes());
        hasher.update(words);
    }
    hasher.digest128()
}
