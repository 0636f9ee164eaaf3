//! What reports want of captures.

use crate::hosts::{self, RESOURCES};
use crate::query::Signal;
use crate::spans::SESSION;
use crate::usage::{Condition, Key, MAPPING, Mapping, Role, Source, Test};
use otolith_tables::{AttributePlace, Table, Wanted, WantedItems};
use std::collections::{BTreeMap, BTreeSet};

/// What `summary`, `cost`, `tokens`, `tools` and the usage model want: at least the items that a
/// source of the mapping wants, with the attributes that the mapping names.
///
/// `signal` is that of the selection. The rest of it has no part: which source counts, and where
/// captures begin, must not depend on it.
pub fn usage_wanted(signal: Option<Signal>) -> Wanted {
    sources_wanted(&[], signal)
}

/// What `errors`, `sessions` and `prompt` want: what [`usage_wanted`] asks for, and retries,
/// prompts, or everything that names a prompt.
pub fn errors_wanted(signal: Option<Signal>) -> Wanted {
    sources_wanted(&[Role::Retries], signal)
}

/// As [`errors_wanted`], for `sessions`.
pub fn sessions_wanted(signal: Option<Signal>) -> Wanted {
    sources_wanted(&[Role::Prompts], signal)
}

/// As [`errors_wanted`], for `prompt`.
pub fn prompt_wanted(signal: Option<Signal>) -> Wanted {
    sources_wanted(&[Role::Events], signal)
}

fn sources_wanted(roles: &[Role], signal: Option<Signal>) -> Wanted {
    let roles = [&Role::USUAL, roles].concat();
    let sources = MAPPING.sources(&roles).map(|(_, _, source)| source);
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

/// What `trace-resources` and `session-resources` want: all spans, and the points of hosts.
pub fn resources_wanted(signal: Option<Signal>) -> Wanted {
    let items = [
        WantedItems {
            table: Table::Traces,
            names: None,
            keys: Vec::new(),
        },
        named(Table::Metrics, RESOURCES.metrics()),
    ];
    let is_wanted = |items: &WantedItems| signal.is_none_or(|s| s == Signal::of(items.table));
    Wanted {
        items: items.into_iter().filter(is_wanted).collect(),
        keys: by_place(hosts::keys_of_hosts().chain(SESSION.iter().copied())),
    }
}

/// What `cpu`, `memory` and `load` want: the points of hosts.
pub fn hosts_wanted(signal: Option<Signal>) -> Wanted {
    let load = hosts::LOAD.iter().map(|level| level.metric);
    let metrics = RESOURCES.metrics().chain(load);
    points(signal, metrics, hosts::keys_of_hosts())
}

/// What `processes` wants: the points of processes.
pub fn processes_wanted(signal: Option<Signal>) -> Wanted {
    let wish = hosts::processes();
    points(signal, wish.metrics(), wish.keys())
}

/// What `containers` wants: the points of containers.
pub fn containers_wanted(signal: Option<Signal>) -> Wanted {
    let wish = hosts::containers();
    points(signal, wish.metrics(), wish.keys())
}

/// What `container-tokens` wants: usage, and the points of containers with the label.
pub fn container_tokens_wanted(signal: Option<Signal>, label: Option<&str>) -> Wanted {
    let wish = hosts::labelled_containers(label);
    let containers = points(signal, wish.metrics(), wish.keys());
    let mut wanted = usage_wanted(signal);
    wanted.items.extend(containers.items);
    for (place, keys) in containers.keys {
        wanted.keys.entry(place).or_default().extend(keys);
    }
    wanted
}

fn points<'k>(
    signal: Option<Signal>,
    metrics: impl Iterator<Item = &'static str>,
    keys: impl Iterator<Item = (AttributePlace, &'k str)>,
) -> Wanted {
    let is_wanted = signal.is_none_or(|signal| signal == Signal::Metrics);
    Wanted {
        items: is_wanted
            .then(|| named(Table::Metrics, metrics))
            .into_iter()
            .collect(),
        keys: by_place(keys),
    }
}

/// What `coverage` wants: all items, with the sessions that they name.
pub fn coverage_wanted(signal: Option<Signal>) -> Wanted {
    let tables = [
        Table::Traces,
        Table::Logs,
        Table::Metrics,
        Table::Histograms,
        Table::Summaries,
    ];
    let tables = tables.into_iter();
    let items = tables.filter(|table| signal.is_none_or(|s| s == Signal::of(*table)));
    let items = items.map(|table| WantedItems {
        table,
        names: None,
        keys: Vec::new(),
    });
    Wanted {
        items: items.collect(),
        keys: by_place(SESSION.iter().copied()),
    }
}

fn named<'n>(table: Table, names: impl Iterator<Item = &'n str>) -> WantedItems {
    WantedItems {
        table,
        names: Some(names.map(str::to_owned).collect()),
        keys: Vec::new(),
    }
}

fn by_place<'k>(
    keys: impl Iterator<Item = (AttributePlace, &'k str)>,
) -> BTreeMap<AttributePlace, BTreeSet<String>> {
    let mut places: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
    for (place, key) in keys {
        places.entry(place).or_default().insert(key.to_owned());
    }
    places
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
