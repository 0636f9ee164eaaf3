//! The rows of one table over all parts, by column name.

use std::collections::BTreeSet;
use std::convert::Infallible;

use otolith_tables::{Assembler, Part, PartColumn, Strings, Table, Values};

/// A value, as read back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Double(f64),
    Bool(bool),
    Text(String),
    Ints(Vec<i64>),
    Doubles(Vec<f64>),
}

impl Cell {
    pub(crate) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(int) => Some(*int),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(int) => Some(*int as f64),
            Self::Double(double) => Some(*double),
            _ => None,
        }
    }
}

/// The rows of a table, of all databases and dates.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    parts: Vec<&'a Part>,
}

impl<'a> Rows<'a> {
    pub(crate) fn of(parts: &'a [Part], table: Table) -> Self {
        Self {
            parts: parts.iter().filter(|part| part.table == table).collect(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.row_count).sum()
    }

    pub(crate) fn names(&self) -> BTreeSet<String> {
        self.parts
            .iter()
            .flat_map(|part| &part.columns)
            .map(|column| column.field.name.clone())
            .collect()
    }

    pub(crate) fn iter(&self, name: &str) -> impl Iterator<Item = Cell> {
        self.parts.iter().flat_map(move |part| {
            let column = part.columns.iter().find(|column| column.field.name == name);
            (0..part.row_count).map(move |row| column.map_or(Cell::Null, |column| at(column, row)))
        })
    }

    pub(crate) fn at(&self, name: &str, row: usize) -> Cell {
        self.iter(name).nth(row).expect("the row is there")
    }

    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = String> {
        self.iter(name).filter_map(|cell| match cell {
            Cell::Text(text) => Some(text),
            _ => None,
        })
    }
}

fn at(column: &PartColumn, row: usize) -> Cell {
    if column.validity.as_ref().is_some_and(|valid| !valid[row]) {
        return Cell::Null;
    }
    match &column.values {
        Values::Int64(values) => Cell::Int(values[row]),
        Values::Double(values) => Cell::Double(values[row]),
        Values::Boolean(values) => Cell::Bool(values[row]),
        Values::String(strings) => text(strings, row),
        Values::Dictionary {
            indices,
            dictionary,
        } => text(dictionary, indices[row] as usize),
        Values::Int64List { offsets, items } => {
            Cell::Ints(items[offsets[row] as usize..offsets[row + 1] as usize].to_vec())
        }
        Values::DoubleList { offsets, items } => {
            Cell::Doubles(items[offsets[row] as usize..offsets[row + 1] as usize].to_vec())
        }
    }
}

fn text(strings: &Strings, index: usize) -> Cell {
    let range = strings.offsets[index] as usize..strings.offsets[index + 1] as usize;
    Cell::Text(String::from_utf8(strings.bytes[range].to_vec()).expect("text is UTF-8"))
}

/// All parts of what was pushed.
pub(crate) fn drain(assembler: &mut Assembler) -> Vec<Part> {
    let mut parts = Vec::new();
    let result: Result<(), Infallible> = assembler.drain().each(|part| {
        parts.push(part);
        Ok(())
    });
    result.expect("nothing fails");
    parts
}
