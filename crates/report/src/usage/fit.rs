//! Which rows fulfil the conditions of sources.

use super::key_cells::KeyCells;
use super::mapping::{Condition, Mapping, Source, Test};
use crate::data::{Column, Scalar};
use otolith_tables::Part;

/// Which sources want each row: those whose conditions all hold.
pub(super) fn wanted_by(part: &Part, mapping: &Mapping, sources: &[&Source]) -> Vec<u64> {
    let mut wanted_by = vec![0; part.row_count];
    // Sources of several agents begin with the same condition.
    let mut known: Vec<(&Condition, Vec<usize>)> = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let fits = source.conditions.iter();
        let fits = fits.map(|condition| Fit::of(part, mapping, condition));
        let fits: Vec<Fit<'_>> = fits.collect();
        if fits.iter().any(|fit| matches!(fit, Fit::Never)) {
            continue;
        }
        let mut rows = match source.conditions.first() {
            None => (0..part.row_count).collect(),
            Some(first) => match known.iter().find(|(condition, _)| *condition == first) {
                Some((_, rows)) => rows.clone(),
                None => {
                    let rows = 0..part.row_count;
                    let rows: Vec<usize> = rows.filter(|row| fits[0].holds(*row)).collect();
                    known.push((first, rows.clone()));
                    rows
                }
            },
        };
        for fit in fits.iter().skip(1) {
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
    /// All do.
    Always,
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
        if cells.is_empty() {
            return if absent { Self::Always } else { Self::Never };
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
            Self::Always => true,
            Self::Present(column) => column.is_present(row),
            Self::Codes(column, codes, absent) => {
                column.code(row).map_or(*absent, |code| codes[code])
            }
            Self::Values(part, cells, test) => test.holds(cells.get(part, row).as_ref()),
        }
    }
}
