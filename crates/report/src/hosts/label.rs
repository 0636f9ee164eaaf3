//! Texts of attributes as small numbers.

use super::metrics::Keys;
use crate::data::{Attribute, Column, Scalar, is_base, may_hold};
use otolith_tables::{AttributePlace, Field, Part, Values};
use std::borrow::Cow;
use std::collections::HashMap;

/// The number of no value at all.
pub(crate) const ABSENT: u32 = 0;
/// A code whose text was not looked at yet.
const UNSEEN: u32 = u32::MAX;
/// Whole numbers below this are found without hashing.
const SMALL: usize = 4_096;

/// An attribute whose values become numbers from 1 in the order in which they are met.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    keys: Vec<(AttributePlace, Cow<'static, str>)>,
    /// The base column that is taken where no attribute has a value.
    base: Option<&'static str>,
    names: Names,
}

/// What numbers of one label are in another.
#[derive(Debug)]
pub(crate) struct Renumbering(Vec<u32>);

impl Renumbering {
    /// Numbers up to this one stay.
    #[cfg(test)]
    pub(crate) fn same(last: u32) -> Self {
        Self((0..=last).collect())
    }

    pub(crate) fn of(&self, number: u32) -> u32 {
        self.0[number as usize]
    }
}

impl Label {
    pub(crate) fn new(keys: Keys) -> Self {
        Self::or_base(keys, None)
    }

    /// An attribute by a key that somebody asks for, wherever it is.
    pub(crate) fn of_key(key: &str) -> Self {
        let key: Cow<'static, str> = Cow::Owned(key.to_owned());
        let places = [AttributePlace::Resource, AttributePlace::Item];
        Self {
            keys: places.map(|place| (place, key.clone())).into(),
            ..Self::new(&[])
        }
    }

    /// With the base column that is taken where no attribute has a value.
    pub(crate) fn or_base(keys: Keys, base: Option<&'static str>) -> Self {
        let keys = keys.iter();
        Self {
            keys: keys
                .map(|(place, key)| (*place, Cow::Borrowed(*key)))
                .collect(),
            base,
            names: Names::default(),
        }
    }

    /// Where it is.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (AttributePlace, &str)> {
        self.keys.iter().map(|(place, key)| (*place, key.as_ref()))
    }

    /// The texts that were met.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.names.texts.iter().map(AsRef::as_ref)
    }

    /// The text of a number.
    pub(crate) fn text(&self, number: u32) -> Option<&str> {
        let index = (number as usize).checked_sub(1)?;
        self.names.texts.get(index).map(AsRef::as_ref)
    }

    /// The number of a text, if it was met.
    pub(crate) fn number(&self, text: &str) -> Option<u32> {
        self.names.numbers.get(text).copied()
    }

    /// Takes over the texts that were met elsewhere, in their order: what their numbers are here.
    pub(crate) fn adopt(&mut self, other: &Self) -> Renumbering {
        let texts = other.texts().map(|text| self.names.intern(text));
        Renumbering([ABSENT].into_iter().chain(texts).collect())
    }

    /// Names of the columns of a table that may hold its values.
    pub(crate) fn columns<'t>(&self, fields: &'t [Field]) -> Vec<&'t str> {
        let holds = |field: &&Field| {
            self.base.is_some_and(|base| is_base(field, base))
                || self.keys().any(|(place, key)| may_hold(field, place, key))
        };
        let fields = fields.iter().filter(holds);
        fields.map(|field| field.name.as_str()).collect()
    }

    /// The numbers of some rows of a part.
    pub(crate) fn numbers(&mut self, part: &Part, rows: &[u32]) -> Vec<u32> {
        let names = &mut self.names;
        let attributes = self.keys.iter();
        let attributes = attributes.map(|(place, key)| Attribute::of(part, *place, key));
        let attributes: Vec<_> = attributes.filter(|a| !a.is_empty()).collect();
        let base = self.base.and_then(|name| {
            let mut columns = part.columns.iter();
            columns.position(|column| is_base(&column.field, name))
        });
        let only = match (attributes.as_slice(), base) {
            ([], None) => return vec![ABSENT; rows.len()],
            ([], base) => base,
            ([attribute], None) => attribute.only_column(),
            _ => None,
        };
        if let Some(index) = only {
            let column = Column::new(&part.columns[index]);
            match &part.columns[index].values {
                Values::Dictionary {
                    indices,
                    dictionary,
                } => {
                    let mut known = vec![UNSEEN; dictionary.offsets.len()];
                    if part.columns[index].validity.is_none() {
                        return names.of_codes(column, rows, (indices, &mut known));
                    }
                    let number = |row: &u32| names.of_code(column, *row as usize, &mut known);
                    return rows.iter().map(number).collect();
                }
                Values::Int64(_) => {
                    let mut known = vec![UNSEEN; SMALL];
                    let number = |row: &u32| names.of_int(column, *row as usize, &mut known);
                    return rows.iter().map(number).collect();
                }
                _ => {}
            }
        }
        let number = |row: &u32| {
            let row = *row as usize;
            let value = attributes.iter().find_map(|a| a.get(part, row));
            let or_base = || Column::new(&part.columns[base?]).get(row);
            let value: Option<Scalar<'_>> = value.or_else(or_base);
            value.map_or(ABSENT, |value| names.intern(&value.as_text()))
        };
        rows.iter().map(number).collect()
    }
}

/// Texts with their numbers.
#[derive(Clone, Debug, Default)]
struct Names {
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, u32>,
}

impl Names {
    /// The numbers of rows that all have a value, with a look into a table each.
    fn of_codes(
        &mut self,
        column: Column<'_>,
        rows: &[u32],
        (codes, known): (&[i32], &mut [u32]),
    ) -> Vec<u32> {
        if let (Some(first), 2) = (rows.first(), known.len()) {
            // One text.
            let number = self.of_code(column, *first as usize, known);
            return vec![number; rows.len()];
        }
        if rows.len() < codes.len() {
            let number = |row: &u32| {
                let row = *row as usize;
                match known[codes[row].unsigned_abs() as usize] {
                    UNSEEN => self.of_code(column, row, known),
                    number => number,
                }
            };
            return rows.iter().map(number).collect();
        }
        // All rows. Once all texts were met there is nothing more to look at but the table.
        let mut unseen = known.len() - 1;
        let mut numbers = Vec::with_capacity(codes.len());
        for (row, code) in codes.iter().enumerate() {
            if unseen == 0 {
                break;
            }
            unseen -= usize::from(known[code.unsigned_abs() as usize] == UNSEEN);
            numbers.push(self.of_code(column, row, known));
        }
        let rest = codes[numbers.len()..].iter();
        numbers.extend(rest.map(|code| known[code.unsigned_abs() as usize]));
        numbers
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
