//! The answer of a report whose rows need not all be in memory at once.

use crate::money::NanoDollars;
use crate::report::{Cell, Report};

/// A cell that borrows its text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CellRef<'a> {
    /// As [`Cell::Null`].
    Null,
    /// As [`Cell::Text`].
    Text(&'a str),
    /// As [`Cell::Int`].
    Int(i64),
    /// As [`Cell::Double`].
    Double(f64),
    /// As [`Cell::Money`].
    Money(NanoDollars),
    /// As [`Cell::Time`].
    Time(i64),
    /// As [`Cell::Bool`].
    Bool(bool),
}

impl<'a> From<&'a Cell> for CellRef<'a> {
    fn from(cell: &'a Cell) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Text(text) => Self::Text(text),
            Cell::Int(n) => Self::Int(*n),
            Cell::Double(x) => Self::Double(*x),
            Cell::Money(amount) => Self::Money(*amount),
            Cell::Time(nanos) => Self::Time(*nanos),
            Cell::Bool(is) => Self::Bool(*is),
        }
    }
}

impl From<CellRef<'_>> for Cell {
    fn from(cell: CellRef<'_>) -> Self {
        match cell {
            CellRef::Null => Self::Null,
            CellRef::Text(text) => Self::Text(text.to_owned()),
            CellRef::Int(n) => Self::Int(n),
            CellRef::Double(x) => Self::Double(x),
            CellRef::Money(amount) => Self::Money(amount),
            CellRef::Time(nanos) => Self::Time(nanos),
            CellRef::Bool(is) => Self::Bool(is),
        }
    }
}

/// Rows that are there or are made one by one. Any thread may ask for any of them.
pub trait Rows: Sync {
    /// Number of rows.
    fn count(&self) -> usize;

    /// Appends the cells of a row.
    fn row<'a>(&'a self, index: usize, cells: &mut Vec<CellRef<'a>>);
}

impl Rows for Vec<Vec<Cell>> {
    fn count(&self) -> usize {
        self.len()
    }

    fn row<'a>(&'a self, index: usize, cells: &mut Vec<CellRef<'a>>) {
        cells.extend(self[index].iter().map(CellRef::from));
    }
}

/// The answer of a report, which has its rows or makes them as they are written: there may be
/// hundreds of thousands.
pub struct Answer {
    head: Report,
    rows: Option<Box<dyn Rows + Send>>,
}

impl From<Report> for Answer {
    fn from(report: Report) -> Self {
        Self {
            head: report,
            rows: None,
        }
    }
}

impl Answer {
    /// An answer whose rows are made later, those of `head` being none.
    pub(crate) fn later(head: Report, rows: impl Rows + Send + 'static) -> Self {
        Self {
            head,
            rows: Some(Box::new(rows)),
        }
    }

    /// All but the rows.
    pub fn head(&self) -> &Report {
        &self.head
    }

    /// The rows.
    pub fn rows(&self) -> &dyn Rows {
        match &self.rows {
            Some(rows) => rows.as_ref(),
            None => &self.head.rows,
        }
    }

    /// The report with all its rows.
    pub fn into_report(self) -> Report {
        let Self { mut head, rows } = self;
        if let Some(rows) = rows {
            let row = |index| {
                let mut cells = Vec::with_capacity(head.columns.len());
                rows.row(index, &mut cells);
                cells.into_iter().map(Cell::from).collect()
            };
            head.rows = (0..rows.count()).map(row).collect();
        }
        head
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Map;

    /// Squares beside their roots.
    struct Squares(i64);

    impl Rows for Squares {
        fn count(&self) -> usize {
            usize::try_from(self.0).unwrap()
        }

        fn row<'a>(&'a self, index: usize, cells: &mut Vec<CellRef<'a>>) {
            let root = i64::try_from(index).unwrap();
            cells.extend([CellRef::Text("square"), CellRef::Int(root * root)]);
        }
    }

    #[test]
    fn rows_that_are_made_later_are_those_of_the_report() {
        let head = || Report {
            report: "squares".to_owned(),
            parameters: Map::new(),
            columns: vec![],
            rows: vec![],
            notes: vec![],
        };
        let report = Answer::later(head(), Squares(3)).into_report();
        let row = |n| vec![Cell::Text("square".to_owned()), Cell::Int(n)];
        assert_eq!(report.rows, [row(0), row(1), row(4)]);
        let whole = Answer::from(report.clone());
        let mut cells = Vec::new();
        whole.rows().row(2, &mut cells);
        assert_eq!(whole.rows().count(), 3);
        assert_eq!(cells, [CellRef::Text("square"), CellRef::Int(4)]);
        assert_eq!(whole.into_report(), report);
    }
}
