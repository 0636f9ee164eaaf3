//! What reports want of captures.

use crate::query::Signal;
use crate::usage::{Condition, Key, MAPPING, Mapping, Source, Test};
use otolith_tables::{AttributePlace, Table, Wanted, WantedItems};
use std::collections::{BTreeMap, BTreeSet};

/// What `summary`, `cost`, `tokens`, `tools` and the usage model want: at least the items that a
/// source of the mapping wants, with the attributes that the mapping names.
///
/// `signal` is that of the selection. The rest of it has no part: which source counts, and where
/// captures begin, must not depend on it.
pub fn usage_wanted(signal: Option<Signal>) -> Wanted {
    let sources = MAPPING.agents.iter().flat_map(|agent| &agent.sources);
    let sources = sources.filter(|source| signal.is_none_or(|s| s == Signal::of(source.table)));
    let mut keys: BTreeMap<AttributePlace, BTreeSet<String>> = BTreeMap::new();
    for key in &MAPPING.keys {
        if let Key::Attribute(place, key) = key {
            keys.entry(*place).or_default().insert(key.clone());
        }
    }
    Wanted {
        items: sources.map(|source| items(&MAPPING, source)).collect(),
        keys,
    }
}

/// What `metrics` wants: all points, without their attributes.
pub fn metrics_wanted(signal: Option<Signal>) -> Wanted {
    let tables = [Table::Metrics, Table::Histograms, Table::Summaries];
    let tables = tables
        .into_iter()
        .filter(|table| signal.is_none_or(|s| s == Signal::of(*table)));
    let items = tables.map(|table| WantedItems {
        table,
        names: None,
        keys: Vec::new(),
    });
    Wanted {
        items: items.collect(),
        keys: BTreeMap::new(),
    }
}

/// Items among which all are that a source wants: they have the name that its conditions ask for,
/// and the attributes. Values of attributes are looked at when all is in columns.
fn items(mapping: &Mapping, source: &Source) -> WantedItems {
    let mut names = None;
    let mut keys = Vec::new();
    for Condition { key, test } in &source.conditions {
        match (&mapping.keys[key.0], test) {
            (_, Test::NotIn(_)) => {}
            (Key::Column(column), Test::In(words)) if column == name_column(source.table) => {
                names = Some(words.clone());
            }
            (Key::Attribute(AttributePlace::Item, key), _) => keys.push(key.clone()),
            _ => {}
        }
    }
    WantedItems {
        table: source.table,
        names,
        keys,
    }
}

/// The column that names the items of a table.
fn name_column(table: Table) -> &'static str {
    match table {
        Table::Traces => "span_name",
        Table::Logs | Table::SpanEvents | Table::SpanLinks => "event_name",
        Table::Metrics | Table::Histograms | Table::Summaries | Table::Exemplars => "metric_name",
    }
}
