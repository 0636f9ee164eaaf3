//! Which list of cells each row has: rows with the same attributes may share one.

use hashbrown::HashTable;

use crate::value::series::AttributesHash;

/// Lists of cells, and the one of each row.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    /// Number of the list per row.
    of_row: Vec<u32>,
    /// Where each list ends among the cells.
    ends: Vec<u32>,
    /// Those that rows to come may share, in order.
    shared: Vec<SharedList>,
    /// Indexes into `shared`, found by [`SharedList::name`].
    names: HashTable<u32>,
}

/// A list that may be shared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SharedList {
    /// Its number.
    pub list: u32,
    /// What stands for its attributes in the batch.
    name: u32,
    /// Bytes of all its texts.
    pub text_bytes: usize,
    /// The hash of its attributes.
    pub hash: AttributesHash,
}

/// Spreads numbers that were given in order over 64 bits.
pub(crate) fn spread(number: u64) -> u64 {
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    spread ^ spread >> 32
}

impl Lists {
    /// The list with a name, if there is one.
    pub(crate) fn find(&self, name: u32) -> Option<&SharedList> {
        let shared = &self.shared;
        let found = self.names.find(spread(name.into()), |index| {
            shared[*index as usize].name == name
        })?;
        shared.get(*found as usize)
    }

    /// Ends a new list with the row that has it.
    pub(crate) fn end(&mut self, cells: usize) {
        self.of_row.push(self.ends.len() as u32);
        self.ends
            .push(u32::try_from(cells).expect("frames are smaller"));
    }

    /// Ends a row that has a list of rows before.
    pub(crate) fn repeat(&mut self, list: u32) {
        self.of_row.push(list);
    }

    /// Makes the last list one that may be shared.
    pub(crate) fn share(&mut self, name: u32, text_bytes: usize, hash: AttributesHash) {
        let index = self.shared.len() as u32;
        self.shared.push(SharedList {
            list: self.ends.len() as u32 - 1,
            name,
            text_bytes,
            hash,
        });
        let shared = &self.shared;
        self.names
            .insert_unique(spread(name.into()), index, |index| {
                spread(shared[*index as usize].name.into())
            });
    }

    /// Shares none of the lists any more.
    pub(crate) fn forget_names(&mut self) {
        self.shared = Vec::new();
        self.names = HashTable::new();
    }

    pub(crate) fn rows(&self) -> usize {
        self.of_row.len()
    }

    /// How many lists there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The list of a row.
    pub(crate) fn of_row(&self, row: u32) -> u32 {
        self.of_row[row as usize]
    }

    /// The list of each row.
    pub(crate) fn of_rows(&self) -> &[u32] {
        &self.of_row
    }

    /// How many cells all lists have.
    pub(crate) fn cells(&self) -> usize {
        self.ends.last().map_or(0, |end| *end as usize)
    }

    /// Where the cells of a list are.
    pub(crate) fn range(&self, list: u32) -> std::ops::Range<usize> {
        let list = list as usize;
        let start = list.checked_sub(1).map_or(0, |before| self.ends[before]);
        start as usize..self.ends[list] as usize
    }

    pub(crate) fn len_bytes(&self) -> usize {
        (self.of_row.len() + self.ends.len()) * size_of::<u32>()
            + self.shared.len() * (size_of::<SharedList>() + size_of::<u32>())
    }

    /// Forgets rows and lists from these numbers on.
    pub(crate) fn truncate(&mut self, rows: usize, lists: usize) {
        self.of_row.truncate(rows);
        self.ends.truncate(lists);
        while let Some(last) = self.shared.pop_if(|last| last.list as usize >= lists) {
            let index = self.shared.len() as u32;
            let found = self
                .names
                .find_entry(spread(last.name.into()), |at| *at == index);
            if let Ok(found) = found {
                found.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgotten_lists_are_not_found() {
        let mut lists = Lists::default();
        let hash = AttributesHash::default();
        lists.end(2);
        lists.share(7, 10, hash);
        lists.repeat(0);
        lists.end(3);
        lists.share(8, 5, hash);
        let found = |lists: &Lists, name| lists.find(name).map(|list| (list.list, list.text_bytes));
        assert_eq!(
            [7, 8, 9].map(|name| found(&lists, name)),
            [Some((0, 10)), Some((1, 5)), None]
        );
        assert_eq!(lists.range(1), 2..3);
        lists.truncate(1, 1);
        assert_eq!((lists.rows(), lists.len(), lists.of_row(0)), (1, 1, 0));
        assert_eq!(
            [7, 8].map(|name| found(&lists, name)),
            [Some((0, 10)), None]
        );
        lists.forget_names();
        assert_eq!((found(&lists, 7), lists.range(0)), (None, 0..2));
    }
}
