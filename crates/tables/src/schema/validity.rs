//! Which rows of a growing column have a value.

use super::buffer::validity;
use super::runs::Runs;

/// Which rows have a value: nothing is stored as long as all have one, as in most columns.
#[derive(Debug, Default)]
pub(super) struct Validity {
    rows: usize,
    /// One for each row, or empty.
    valid: Vec<bool>,
}

impl Validity {
    #[inline(always)]
    pub fn push(&mut self, is_valid: bool) {
        if !is_valid || !self.valid.is_empty() {
            self.store(is_valid);
        }
        self.rows += 1;
    }

    #[inline(never)]
    fn store(&mut self, is_valid: bool) {
        self.valid.resize(self.rows, true);
        self.valid.push(is_valid);
    }

    pub fn truncate(&mut self, rows: usize) {
        self.rows = self.rows.min(rows);
        self.valid.truncate(rows);
    }

    #[inline]
    pub fn at(&self, row: usize) -> bool {
        self.valid.is_empty() || self.valid[row]
    }

    /// The validity of chosen rows of several columns.
    pub fn gather<'a>(
        columns: impl Fn(usize) -> &'a Self,
        count: usize,
        rows: &Runs,
    ) -> Option<Vec<bool>> {
        if !(0..count).any(|column| columns(column).valid.contains(&false)) {
            return None;
        }
        let mut all = Vec::with_capacity(rows.row_count());
        for run in rows.iter() {
            let valid = &columns(run.buffer()).valid;
            match valid.is_empty() {
                true => all.resize(all.len() + run.rows().len(), true),
                false => all.extend_from_slice(&valid[run.rows()]),
            }
        }
        validity(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::runs::RowRef;

    #[test]
    fn rows_are_told_before_and_after_the_first_without_a_value() {
        let mut validity = Validity::default();
        let all = |validity: &Validity| -> Vec<bool> {
            (0..validity.rows).map(|row| validity.at(row)).collect()
        };
        for is_valid in [true, true, false, true] {
            validity.push(is_valid);
        }
        assert_eq!(all(&validity), vec![true, true, false, true]);
        validity.truncate(3);
        validity.push(false);
        assert_eq!(all(&validity), vec![true, true, false, false]);
        validity.truncate(1);
        validity.push(true);
        validity.push(false);
        assert_eq!(all(&validity), vec![true, true, false]);
        validity.truncate(0);
        validity.push(false);
        assert_eq!(all(&validity), vec![false]);
    }

    #[test]
    fn chosen_rows_of_several() {
        let columns = [vec![true, true], vec![false, true]].map(|valid| {
            let mut validity = Validity::default();
            valid.into_iter().for_each(|valid| validity.push(valid));
            validity
        });
        let gather = |rows: &[(u32, u32)]| {
            let rows = rows.iter().map(|&(buffer, row)| RowRef { buffer, row });
            let rows: Vec<_> = rows.collect();
            Validity::gather(|column| &columns[column], columns.len(), &Runs::of(&rows))
        };
        assert_eq!(gather(&[(1, 0), (0, 1)]), Some(vec![false, true]));
        let all = [(0, 0), (0, 1), (1, 0), (1, 1)];
        assert_eq!(gather(&all), Some(vec![true, true, false, true]));
        assert_eq!(gather(&[(1, 1), (0, 0)]), None);
    }
}
