//! Rows of one table that sources want, with cells by key of the mapping.

use super::address::Detail;
use super::fit::wanted_by;
use super::idle;
use super::key_cells::KeyCells;
use super::mapping::{Key, KeyId, Mapping, Source};
use super::read::Idle;
use crate::data::{self, Column, Scalar, TableData, is_base, may_hold};
use crate::error::ReportError;
use otolith_tables::{Field, Part, Table};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Base columns that readers need besides the keys of the mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Time,
    TimeUnixNano,
    ObservedTimeUnixNano,
    StartTimeUnixNano,
    ServiceName,
    ScopeName,
    TraceId,
    SpanId,
    ParentSpanId,
    EventNameField,
    Body,
    MetricName,
    SpanName,
    Temporality,
    SeriesId,
    Value,
    Count,
    Sum,
    Source,
    Item,
}

/// Names in the order of [`Base`].
const BASE: [&str; 20] = [
    "time",
    "time_unix_nano",
    "observed_time_unix_nano",
    "start_time_unix_nano",
    "service_name",
    "scope_name",
    "trace_id",
    "span_id",
    "parent_span_id",
    "event_name_field",
    "body",
    "metric_name",
    "span_name",
    "temporality",
    "series_id",
    "value",
    "count",
    "sum",
    "source",
    "item",
];

/// Those of them that tell where an item lies.
const ADDRESS: [Base; 2] = [Base::Source, Base::Item];

/// Rows of one table that some source of the mapping wants.
pub(crate) struct Rows<'a> {
    pieces: Vec<Piece<'a>>,
    rows: Vec<Row>,
}

/// The columns that are read of a table.
struct Wish<'t> {
    /// Those that decide which rows are wanted.
    first: Vec<&'t str>,
    all: Vec<&'t str>,
    /// By [`KeyId`]: whether some source reads it.
    keys: Vec<bool>,
}

impl<'t> Wish<'t> {
    fn new(
        table: &'t TableData<'_>,
        mapping: &Mapping,
        sources: &[&Source],
        detail: Detail,
    ) -> Self {
        let deciding = sources.iter().flat_map(|source| &source.conditions);
        let deciding: BTreeSet<KeyId> = deciding.map(|condition| condition.key).collect();
        let mut first = names(table, deciding.iter().map(|key| &mapping.keys[key.0]));
        if matches!(table.table, Table::Metrics | Table::Histograms) {
            first.extend(idle::COLUMNS);
        }
        // The name of an event tells its agent.
        let keys = sources.iter().flat_map(|source| &source.keys);
        let keys: BTreeSet<&KeyId> = keys.chain([&mapping.event_name]).collect();
        let mut all = names(table, keys.iter().map(|key| &mapping.keys[key.0]));
        all.extend(BASE);
        if detail == Detail::Amounts {
            let unwanted = ADDRESS.map(|column| BASE[column as usize]);
            all.retain(|name| !unwanted.contains(name));
        }
        let mut is_read = vec![false; mapping.keys.len()];
        for key in keys {
            is_read[key.0] = true;
        }
        Self {
            first: first.into_iter().collect(),
            all: all.into_iter().collect(),
            keys: is_read,
        }
    }
}

/// Where a row is, and which sources want it.
struct Row {
    piece: u32,
    row: u32,
    /// A bit per number of a source; a test keeps their number below 64.
    wanted_by: u64,
}

/// Rows that lie together.
struct Piece<'a> {
    part: Cow<'a, Part>,
    keys: Vec<KeyCells<'a>>,
    /// By [`Base`]: number of the column.
    base: [Option<usize>; BASE.len()],
}

impl<'a> Rows<'a> {
    /// Reads the rows of tables that fulfil all conditions of any source of theirs. Of points that
    /// say that nothing was counted those that answer nothing are left out, if they are to be.
    pub(crate) fn read(
        tables: &[(&TableData<'a>, Vec<&Source>)],
        mapping: &'a Mapping,
        (detail, idle): (Detail, Idle),
    ) -> Result<Vec<Self>, ReportError> {
        let wishes = tables.iter();
        let wishes = wishes.map(|(table, sources)| Wish::new(table, mapping, sources, detail));
        let wishes: Vec<Wish<'_>> = wishes.collect();
        let none = || Self {
            pieces: Vec::new(),
            rows: Vec::new(),
        };
        let mut found: Vec<Self> = tables.iter().map(|_| none()).collect();
        let read = |place: usize, piece: data::Piece<'a>| {
            let (table, sources) = &tables[place];
            let wish = &wishes[place];
            let part = piece.columns(&wish.first)?;
            let mut wanted_by = wanted_by(&part, mapping, sources);
            if idle == Idle::LeftOut && piece.is_alone {
                idle::leave_out(&part, table.table, &mut wanted_by);
            }
            let chosen: Vec<bool> = wanted_by.iter().map(|sources| *sources != 0).collect();
            if !chosen.contains(&true) {
                return Ok(None);
            }
            let read = piece.rows(part, &wish.all, &chosen)?;
            let wanted_by = wanted_by.into_iter().filter(|sources| *sources != 0);
            let rows: Vec<(u32, u64)> = read.rows.into_iter().zip(wanted_by).collect();
            let piece = Piece::new(read.part, (mapping, &wish.keys), detail);
            Ok(Some((piece, rows)))
        };
        let of_tables: Vec<&TableData<'a>> = tables.iter().map(|(table, _)| *table).collect();
        data::read_tables(&of_tables, read, |place, read| {
            let Some((piece, rows)) = read else { return };
            let found = &mut found[place];
            let number = u32::try_from(found.pieces.len()).expect("there are fewer pieces");
            found.pieces.push(piece);
            found
                .rows
                .extend(rows.into_iter().map(|(row, wanted_by)| Row {
                    piece: number,
                    row,
                    wanted_by,
                }));
        })?;
        Ok(found)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Numbers of the sources that want a row, a bit each.
    pub(crate) fn wanted_by(&self, row: usize) -> u64 {
        self.rows[row].wanted_by
    }

    /// The value of a key.
    pub(crate) fn get(&self, row: usize, key: KeyId) -> Option<Scalar<'_>> {
        let (piece, row) = self.place(row);
        piece.keys[key.0].get(&piece.part, row)
    }

    /// The value of a base column; absent when the table lacks the column.
    pub(crate) fn base(&self, row: usize, column: Base) -> Option<Scalar<'_>> {
        self.base_column(row, column)
            .and_then(|(column, row)| column.get(row))
    }

    /// The text of a base column, empty when absent.
    pub(crate) fn base_text(&self, row: usize, column: Base) -> &str {
        let column = self.base_column(row, column);
        let text = column.and_then(|(column, row)| column.text(row));
        text.unwrap_or_default()
    }

    /// The whole number of a base column.
    pub(crate) fn base_int(&self, row: usize, column: Base) -> Option<i64> {
        self.base_column(row, column)
            .and_then(|(column, row)| column.int(row))
    }

    /// The series of a row, of points.
    pub(crate) fn series(&self, row: usize) -> Option<i64> {
        self.base_int(row, Base::SeriesId)
    }

    /// The time of a row in nanoseconds: its own, else when it was observed, else `time`.
    pub(crate) fn time(&self, row: usize) -> Option<i64> {
        let known = |column| self.base_int(row, column).filter(|nanos| *nanos > 0);
        known(Base::TimeUnixNano)
            .or_else(|| known(Base::ObservedTimeUnixNano))
            .or_else(|| self.base_int(row, Base::Time)?.checked_mul(1_000))
    }

    fn place(&self, row: usize) -> (&Piece<'a>, usize) {
        let row = &self.rows[row];
        (&self.pieces[row.piece as usize], row.row as usize)
    }

    fn base_column(&self, row: usize, column: Base) -> Option<(Column<'_>, usize)> {
        let (piece, row) = self.place(row);
        let index = piece.base[column as usize]?;
        Some((Column::new(&piece.part.columns[index]), row))
    }
}

impl<'a> Piece<'a> {
    fn new(
        part: Cow<'a, Part>,
        (mapping, is_read): (&'a Mapping, &[bool]),
        detail: Detail,
    ) -> Self {
        let keys = mapping.keys.iter().zip(is_read);
        let keys = keys.map(|(key, is_read)| match is_read {
            true => KeyCells::of(&part, key),
            false => KeyCells::Nowhere,
        });
        let index = |name: &str| part.columns.iter().position(|c| c.field.name == name);
        let mut base = BASE.map(index);
        if detail == Detail::Amounts {
            // Parts in memory have all columns.
            for column in ADDRESS {
                base[column as usize] = None;
            }
        }
        Self {
            keys: keys.collect(),
            base,
            part,
        }
    }
}

/// Names of the columns of a table that may hold values of keys.
fn names<'t, 'k>(
    table: &'t TableData<'_>,
    keys: impl Iterator<Item = &'k Key>,
) -> BTreeSet<&'t str> {
    let mut found = BTreeSet::new();
    for key in keys {
        let is_its = |field: &&Field| match key {
            Key::Column(name) => is_base(field, name),
            Key::Attribute(place, key) => may_hold(field, *place, key),
            Key::Class(_) | Key::Time => false,
        };
        let fields = table.fields.iter().filter(is_its);
        found.extend(fields.map(|field| field.name.as_str()));
    }
    found
}
