//! Rows of one table that sources want, with cells by key of the mapping.

use super::address::Detail;
use super::idle;
use super::mapping::{Condition, Key, KeyId, Mapping, Source, Test};
use super::read::Idle;
use crate::data::{self, Attribute, Column, Scalar, TableData, is_base, may_hold};
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

/// Where a part holds the values of a key.
enum KeyCells<'a> {
    /// Number of the column.
    Base(Option<usize>),
    Attribute(Attribute<'a>),
    /// Not in columns at all.
    Nowhere,
}

impl<'a> KeyCells<'a> {
    fn of(part: &Part, key: &'a Key) -> Self {
        match key {
            Key::Column(name) => {
                let mut columns = part.columns.iter();
                Self::Base(columns.position(|column| is_base(&column.field, name)))
            }
            Key::Attribute(place, key) => Self::Attribute(Attribute::of(part, *place, key)),
            Key::Class(_) | Key::Time => Self::Nowhere,
        }
    }

    fn get<'p>(&self, part: &'p Part, row: usize) -> Option<Scalar<'p>> {
        match self {
            Self::Base(index) => Column::new(&part.columns[(*index)?]).get(row),
            Self::Attribute(attribute) => attribute.get(part, row),
            Self::Nowhere => None,
        }
    }

    /// The only column that has values, if no other place may have some.
    fn only_column(&self) -> Option<usize> {
        match self {
            Self::Base(index) => *index,
            Self::Attribute(attribute) => attribute.only_column(),
            Self::Nowhere => None,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Base(index) => index.is_none(),
            Self::Attribute(attribute) => attribute.is_empty(),
            Self::Nowhere => true,
        }
    }
}

/// Which sources want each row: those whose conditions all hold.
fn wanted_by(part: &Part, mapping: &Mapping, sources: &[&Source]) -> Vec<u64> {
    let mut wanted_by = vec![0; part.row_count];
    // Sources of several agents begin with the same condition.
    let mut known: Vec<(&Condition, Vec<usize>)> = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let mut conditions = source.conditions.iter();
        let mut rows = match conditions.next() {
            None => (0..part.row_count).collect(),
            Some(first) => match known.iter().find(|(condition, _)| *condition == first) {
                Some((_, rows)) => rows.clone(),
                None => {
                    let fit = Fit::of(part, mapping, first);
                    let rows: Vec<usize> = match fit {
                        Fit::Never => Vec::new(),
                        _ => (0..part.row_count).filter(|row| fit.holds(*row)).collect(),
                    };
                    known.push((first, rows.clone()));
                    rows
                }
            },
        };
        for condition in conditions {
            if rows.is_empty() {
                break;
            }
            let fit = Fit::of(part, mapping, condition);
            rows.retain(|row| fit.holds(*row));
        }
        for row in rows {
            wanted_by[row] |= 1 << number;
        }
    }
    wanted_by
}

/// How rows of a part are told to fulfil a condition.
enum Fit<'a> {
    /// None does.
    Never,
    /// Those that have a value.
    Present(Column<'a>),
    /// By the codes of texts, each of which was looked at once, and whether those without a text do.
    Codes(Column<'a>, Vec<bool>, bool),
    /// By their values.
    Values(&'a Part, KeyCells<'a>, &'a Test),
}

impl<'a> Fit<'a> {
    fn of(part: &'a Part, mapping: &'a Mapping, condition: &'a Condition) -> Self {
        let test = &condition.test;
        let cells = KeyCells::of(part, &mapping.keys[condition.key.0]);
        let absent = test.holds(None);
        if cells.is_empty() && !absent {
            return Self::Never;
        }
        let Some(column) = cells.only_column() else {
            return Self::Values(part, cells, test);
        };
        let column = Column::new(&part.columns[column]);
        if *test == Test::Present {
            return Self::Present(column);
        }
        match column.codes_that(|text| test.holds(Some(&Scalar::Text(text.into())))) {
            None => Self::Values(part, cells, test),
            Some(codes) if !absent && !codes.contains(&true) => Self::Never,
            Some(codes) => Self::Codes(column, codes, absent),
        }
    }

    fn holds(&self, row: usize) -> bool {
        match self {
            Self::Never => false,
            Self::Present(column) => column.is_present(row),
            Self::Codes(column, codes, absent) => {
                column.code(row).map_or(*absent, |code| codes[code])
            }
            Self::Values(part, cells, test) => test.holds(cells.get(part, row).as_ref()),
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
