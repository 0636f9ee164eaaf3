//! Texts of attributes as small numbers.

use super::metrics::Keys;
use crate::data::{Attribute, Column};
use otolith_tables::{Field, Part, Values};
use std::collections::HashMap;

/// The number of no value at all.
pub(crate) const ABSENT: u32 = 0;
/// A code whose text was not looked at yet.
const UNSEEN: u32 = u32::MAX;
/// Whole numbers below this are found without hashing.
const SMALL: usize = 4_096;

/// An attribute whose values become numbers from 1 in the order in which they are met.
#[derive(Debug)]
pub(crate) struct Label {
    keys: Keys,
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

impl Label {
    pub(crate) fn new(keys: Keys) -> Self {
        Self {
            keys,
            texts: Vec::new(),
            numbers: HashMap::new(),
        }
    }

    /// The texts that were met.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(AsRef::as_ref)
    }

    /// The text of a number.
    pub(crate) fn text(&self, number: u32) -> Option<&str> {
        let index = (number as usize).checked_sub(1)?;
        self.texts.get(index).map(AsRef::as_ref)
    }

    /// The number of a text, if it was met.
    pub(crate) fn number(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// Names of the columns of a table that may hold its values.
    pub(crate) fn columns<'t>(&self, fields: &'t [Field]) -> impl Iterator<Item = &'t str> {
        let keys = self.keys;
        let holds = move |field: &&Field| {
            keys.iter()
                .any(|(place, key)| crate::data::may_hold(field, *place, key))
        };
        fields.iter().filter(holds).map(|field| field.name.as_str())
    }

    /// The numbers of some rows of a part.
    pub(crate) fn numbers(&mut self, part: &Part, rows: &[u32]) -> Vec<u32> {
        let attributes = self.keys.iter();
        let attributes = attributes.map(|(place, key)| Attribute::of(part, *place, key));
        let attributes: Vec<_> = attributes.filter(|a| !a.is_empty()).collect();
        let only = match attributes.as_slice() {
            [] => return vec![ABSENT; rows.len()],
            [attribute] => attribute.only_column(),
            _ => None,
        };
        if let Some(index) = only {
            let column = Column::new(&part.columns[index]);
            match &part.columns[index].values {
                Values::Dictionary { dictionary, .. } => {
                    let mut known = vec![UNSEEN; dictionary.offsets.len()];
                    let number = |row: &u32| self.of_code(column, *row as usize, &mut known);
                    return rows.iter().map(number).collect();
                }
                Values::Int64(_) => {
                    let mut known = vec![UNSEEN; SMALL];
                    let number = |row: &u32| self.of_int(column, *row as usize, &mut known);
                    return rows.iter().map(number).collect();
                }
                _ => {}
            }
        }
        let mut number = |row: &u32| {
            let mut values = attributes.iter();
            let value = values.find_map(|attribute| attribute.get(part, *row as usize));
            value.map_or(ABSENT, |value| self.intern(&value.as_text()))
        };
        rows.iter().map(&mut number).collect()
    }

    fn of_code(&mut self, column: Column<'_>, row: usize, known: &mut [u32]) -> u32 {
        let Some(code) = column.code(row) else {
            return ABSENT;
        };
        if known[code] == UNSEEN {
            known[code] = self.intern(column.text(row).unwrap_or_default());
        }
        known[code]
    }

    fn of_int(&mut self, column: Column<'_>, row: usize, known: &mut [u32]) -> u32 {
        let Some(int) = column.int(row) else {
            return ABSENT;
        };
        let small = usize::try_from(int).ok();
        match small.and_then(|small| known.get_mut(small)) {
            Some(known) => {
                if *known == UNSEEN {
                    *known = self.intern(&int.to_string());
                }
                *known
            }
            None => self.intern(&int.to_string()),
        }
    }

    fn intern(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.texts.push(text.into());
        let number = u32::try_from(self.texts.len()).expect("there are fewer texts");
        self.numbers.insert(text.into(), number);
        number
    }
}
