//! What a question is about, where not all items shall become rows.

use std::collections::{BTreeMap, BTreeSet};

use otolith_otlp::Attributes;

use crate::database::DatabaseName;
use crate::part::{AttributePlace, Part};
use crate::table::Table;

/// The items and attributes that a question is about. All other items are counted, with their
/// times, and leave no rows; nor do events, links and exemplars.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// An item is wanted that fits one of these.
    pub items: Vec<WantedItems>,
    /// The attributes of wanted items that are kept, by place and key as sent.
    pub keys: BTreeMap<AttributePlace, BTreeSet<String>>,
}

/// Items of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedItems {
    /// The table of their rows.
    pub table: Table,
    /// What they may be called, as the columns `span_name`, `event_name` and `metric_name` have it;
    /// `None` for any name.
    pub names: Option<Vec<String>>,
    /// Keys of attributes that they all have, whatever the values.
    pub keys: Vec<String>,
}

impl Wanted {
    /// Whether an item is wanted.
    pub(crate) fn takes(&self, table: Table, name: &str, attributes: Attributes<'_>) -> bool {
        let has = |key: &String| attributes.iter().any(|attribute| attribute.key == *key);
        self.named(table, name)
            .any(|items| items.keys.iter().all(has))
    }

    /// Whether items of a name can be wanted.
    pub(crate) fn takes_name(&self, table: Table, name: &str) -> bool {
        self.named(table, name).next().is_some()
    }

    fn named<'a>(&'a self, table: Table, name: &'a str) -> impl Iterator<Item = &'a WantedItems> {
        self.items.iter().filter(move |items| {
            let names = items.names.as_ref();
            items.table == table && names.is_none_or(|names| names.iter().any(|n| n == name))
        })
    }

    /// Whether an attribute of a wanted item is kept.
    pub(crate) fn has_key(&self, place: AttributePlace, key: &str) -> bool {
        self.keys.get(&place).is_some_and(|keys| keys.contains(key))
    }
}

/// Least and greatest `time` in microseconds since the Unix epoch, by database and table. Rows
/// without a credible time do not count.
pub type Times = BTreeMap<(DatabaseName, Table), (i64, i64)>;

/// What a question wants of captures, in memory.
#[derive(Clone, Debug, Default)]
pub struct Extract {
    /// The rows that are wanted, ordered by database, table and date.
    pub parts: Vec<Part>,
    /// When everything happened, wanted or not.
    pub times: Times,
}

impl Extract {
    /// Takes the times of more items into account.
    pub fn add_times(&mut self, more: &Times) {
        for ((database, table), times) in more {
            join_times(&mut self.times, database, *table, *times);
        }
    }
}

/// Takes the times of more rows of a table into account.
pub(crate) fn join_times(
    times: &mut Times,
    database: &DatabaseName,
    table: Table,
    more: (i64, i64),
) {
    times
        .entry((database.clone(), table))
        .and_modify(|(first, last)| {
            *first = more.0.min(*first);
            *last = more.1.max(*last);
        })
        .or_insert(more);
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_otlp::{KeyValue, Value};

    fn check(name: &str, keys: &[&str], expected: bool) {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let items = |names: Option<&[&str]>, keys: &[&str]| WantedItems {
            table: Table::Logs,
            names: names.map(words),
            keys: words(keys),
        };
        let wanted = Wanted {
            items: vec![
                items(Some(&["a", "b"]), &[]),
                items(Some(&["c"]), &["k"]),
                items(None, &["l", "m"]),
            ],
            keys: BTreeMap::new(),
        };
        let attribute = |key| KeyValue {
            key,
            value: Value::Empty,
        };
        let attributes: Vec<KeyValue<'_>> = keys.iter().map(|key| attribute(*key)).collect();
        assert_eq!(
            wanted.takes(Table::Logs, name, &attributes),
            expected,
            "{name} {keys:?}"
        );
        assert!(!wanted.takes(Table::Traces, name, &attributes));
    }

    #[test]
    fn an_item_is_wanted_that_fits_one_entry() {
        check("a", &[], true);
        check("b", &["x"], true);
        check("c", &[], false);
        check("c", &["x", "k"], true);
        check("d", &["l"], false);
        check("d", &["m", "x", "l"], true);
        check("", &[], false);
    }
}
