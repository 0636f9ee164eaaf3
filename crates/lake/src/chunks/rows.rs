//! Which rows of a page have values, and which of them are wanted.

/// The rows of a page.
pub(super) struct Rows<'a> {
    /// Which have values; empty if all do.
    pub validity: &'a [bool],
    /// Which are wanted; all if it is none.
    pub chosen: Option<&'a [bool]>,
    pub count: usize,
}

impl Rows<'_> {
    pub fn value_count(&self) -> usize {
        match self.validity {
            [] => self.count,
            valid => valid.iter().filter(|valid| **valid).count(),
        }
    }

    pub fn wanted_count(&self) -> usize {
        match self.chosen {
            None => self.count,
            Some(chosen) => chosen.iter().filter(|chosen| **chosen).count(),
        }
    }

    /// All rows are wanted, and have values.
    pub fn are_all(&self) -> bool {
        self.validity.is_empty() && self.chosen.is_none()
    }

    /// Appends the values of the rows that are wanted, of those of all that have one.
    pub fn place<T: Copy + Default>(&self, mut values: impl Iterator<Item = T>, out: &mut Vec<T>) {
        match (self.validity, self.chosen) {
            ([], None) => out.extend(values),
            ([], Some(chosen)) => {
                let chosen = values.zip(chosen).filter(|(_, chosen)| **chosen);
                out.extend(chosen.map(|(value, _)| value));
            }
            (valid, None) => out.extend(valid.iter().map(|valid| match valid {
                true => values.next().unwrap_or_default(),
                false => T::default(),
            })),
            (valid, Some(chosen)) => {
                for (valid, chosen) in valid.iter().zip(chosen) {
                    let value = valid.then(|| values.next()).flatten();
                    if *chosen {
                        out.push(value.unwrap_or_default());
                    }
                }
            }
        }
    }

    /// Calls with each row: whether it has a value, and whether it is wanted.
    pub fn each(&self, mut take: impl FnMut(bool, bool) -> Option<()>) -> Option<()> {
        for row in 0..self.count {
            let is_valid = self.validity.is_empty() || self.validity[row];
            let is_chosen = self.chosen.is_none_or(|chosen| chosen[row]);
            take(is_valid, is_chosen)?;
        }
        Some(())
    }
}
