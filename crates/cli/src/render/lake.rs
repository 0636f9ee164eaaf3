//! What is in a lake: databases, tables, columns.

use std::io::{self, Write};

use otolith_lake::TableInfo;
use otolith_report::time_text;
use otolith_tables::{ColumnOrigin, ColumnType, DatabaseName, Field};
use serde::Serialize;

use super::facts::counted;
use super::numbers;
use super::table::{Grid, Look};

const NANOS_PER_MICRO: i64 = 1_000;

/// `otolith tables --json`: the databases and tables of a lake.
#[derive(Debug, Serialize)]
pub struct Listing {
    databases: Vec<DatabaseListing>,
}

/// A database.
#[derive(Debug, Serialize)]
struct DatabaseListing {
    database: String,
    tables: Vec<TableSummary>,
}

/// Sizes of a table.
#[derive(Debug, Serialize)]
struct TableSummary {
    table: &'static str,
    rows: u64,
    /// Time of the first and last row, RFC 3339 in UTC; null where the table has no time.
    first_time: Option<String>,
    last_time: Option<String>,
    bytes: u64,
    parts: usize,
    /// Number of the newest commit to the table, from 0.
    version: u64,
}

impl TableSummary {
    fn new(info: &TableInfo) -> Self {
        let ranges = || info.parts.iter().filter_map(|part| part.time_range);
        let text = |micros: i64| time_text(micros.saturating_mul(NANOS_PER_MICRO));
        Self {
            table: info.table.as_str(),
            rows: info.parts.iter().map(|part| part.row_count).sum(),
            first_time: ranges().map(|(first, _)| first).min().map(text),
            last_time: ranges().map(|(_, last)| last).max().map(text),
            bytes: info.parts.iter().map(|part| part.len_bytes).sum(),
            parts: info.parts.len(),
            version: info.version,
        }
    }

    fn cells(&self) -> [String; 7] {
        let time = |time: &Option<String>| time.as_deref().map_or("-".to_owned(), to_second);
        [
            self.table.to_owned(),
            numbers::count(self.rows),
            time(&self.first_time),
            time(&self.last_time),
            numbers::bytes(self.bytes),
            numbers::count(self.parts as u64),
            numbers::count(self.version),
        ]
    }
}

/// A time for people: without the fraction of the second.
fn to_second(time: &str) -> String {
    match time.split_once('.') {
        Some((second, _)) => format!("{second}Z"),
        None => time.to_owned(),
    }
}

impl Listing {
    /// Sums up databases.
    pub fn new(databases: &[(DatabaseName, Vec<TableInfo>)]) -> Self {
        let listing = |(name, tables): &(DatabaseName, Vec<TableInfo>)| DatabaseListing {
            database: name.as_str().to_owned(),
            tables: tables.iter().map(TableSummary::new).collect(),
        };
        Self {
            databases: databases.iter().map(listing).collect(),
        }
    }

    /// Writes one line per table.
    pub fn write(&self, look: Look, out: &mut impl Write) -> io::Result<()> {
        let mut grid = Grid::new(&[
            "database", "table", ">rows", "first", "last", ">size", ">parts", ">version",
        ]);
        for database in &self.databases {
            for table in &database.tables {
                let [name, rows, first, last, size, parts, version] = table.cells();
                grid.row([
                    database.database.clone(),
                    name,
                    rows,
                    first,
                    last,
                    size,
                    parts,
                    version,
                ]);
            }
        }
        grid.write(look, out)
    }
}

/// `otolith tables --json DB.TABLE`: the columns of a table.
#[derive(Debug, Serialize)]
pub struct TableListing {
    database: String,
    #[serde(rename = "table")]
    name: &'static str,
    rows: u64,
    first_time: Option<String>,
    last_time: Option<String>,
    bytes: u64,
    parts: usize,
    version: u64,
    columns: Vec<ColumnListing>,
}

/// A column.
#[derive(Debug, Serialize)]
struct ColumnListing {
    name: String,
    r#type: &'static str,
    /// `base`, `item`, `resource` or `scope`: a base column, or where the attribute stood.
    origin: &'static str,
    /// The attribute's key as sent; null for base columns.
    key: Option<String>,
    /// What a base column holds; null for attributes.
    meaning: Option<String>,
}

impl TableListing {
    /// Describes a table.
    pub fn new(info: &TableInfo) -> Self {
        let TableSummary {
            table,
            rows,
            first_time,
            last_time,
            bytes,
            parts,
            version,
        } = TableSummary::new(info);
        Self {
            database: info.database.as_str().to_owned(),
            name: table,
            rows,
            first_time,
            last_time,
            bytes,
            parts,
            version,
            columns: info
                .fields
                .iter()
                .map(|field| ColumnListing::new(info, field))
                .collect(),
        }
    }

    /// Writes the sizes, then one line per column.
    pub fn write(&self, look: Look, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{}.{}: {}, {} in {}, version {}",
            self.database,
            self.name,
            counted(self.rows, "row"),
            numbers::bytes(self.bytes),
            counted(self.parts as u64, "part"),
            self.version,
        )?;
        if let (Some(first), Some(last)) = (&self.first_time, &self.last_time) {
            writeln!(out, "from {} to {}", to_second(first), to_second(last))?;
        }
        writeln!(out)?;
        let mut grid = Grid::new(&["column", "type", "meaning"]);
        for column in &self.columns {
            grid.row([
                column.name.clone(),
                column.r#type.to_owned(),
                column.meaning_text(),
            ]);
        }
        grid.write(look, out)
    }
}

impl ColumnListing {
    fn new(info: &TableInfo, field: &Field) -> Self {
        let (origin, key) = match &field.origin {
            ColumnOrigin::Base => ("base", None),
            ColumnOrigin::Attribute { place, key } => (place.as_str(), Some(key.clone())),
        };
        let meaning = match &field.origin {
            ColumnOrigin::Base => otolith_tables::meaning(info.table, &field.name),
            ColumnOrigin::Attribute { .. } => None,
        };
        Self {
            name: field.name.clone(),
            r#type: type_name(field.r#type),
            origin,
            key,
            meaning,
        }
    }

    fn meaning_text(&self) -> String {
        match (&self.key, &self.meaning) {
            (Some(key), _) => match self.origin {
                "item" => format!("attribute `{key}`"),
                place => format!("{place} attribute `{key}`"),
            },
            (None, meaning) => meaning.clone().unwrap_or_default(),
        }
    }
}

/// The type as SQL engines call it.
fn type_name(r#type: ColumnType) -> &'static str {
    match r#type {
        ColumnType::Timestamp => "timestamp",
        ColumnType::Int64 => "bigint",
        ColumnType::Double => "double",
        ColumnType::String => "string",
        ColumnType::Boolean => "boolean",
        ColumnType::Int64List => "list<bigint>",
        ColumnType::DoubleList => "list<double>",
    }
}
