//! Tokens and money: `cost`, `tokens`, `token-rate`, `summary`, `sessions`.

use std::collections::BTreeMap;

use otolith_corpus::{BERLIN, By, Ledger, NEW_YORK, Spent, UTC, Unit, Zone};
use otolith_report::{
    Cell, CostQuery, Data, Dimension, Every, NanoDollars, Report, Selection, TokenFill,
    TokenRateQuery, TokenTypesQuery, TokensBy, TokensQuery,
};

use super::fleet::{calendar, pricing};

/// The keys of a row; absent where the cell is null.
pub type Key = Vec<Option<String>>;

pub const TOKENS: [&str; 6] = [
    "input_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "output_tokens",
    "reasoning_tokens",
    "total_tokens",
];

const ALL: [(Dimension, By); 9] = [
    (Dimension::Agent, By::Agent),
    (Dimension::User, By::User),
    (Dimension::Session, By::Session),
    (Dimension::Model, By::Model),
    (Dimension::Host, By::Host),
    (Dimension::Hour, By::Time(Unit::Hour)),
    (Dimension::Day, By::Time(Unit::Day)),
    (Dimension::Week, By::Time(Unit::Week)),
    (Dimension::Month, By::Time(Unit::Month)),
];

/// Rows of columns by the keys of others.
pub fn rows(report: &Report, keys: &[&str], columns: &[&str]) -> BTreeMap<Key, Vec<Cell>> {
    let mut found = BTreeMap::new();
    for row in 0..report.rows.len() {
        let cell = |name: &&str| report.cell(row, name).expect("the column exists").clone();
        let key = keys.iter().map(|name| match cell(name) {
            Cell::Null => None,
            Cell::Text(text) => Some(text),
            other => Some(other.to_json().to_string()),
        });
        let cells = columns.iter().map(cell).collect();
        assert!(found.insert(key.collect(), cells).is_none(), "{report:?}");
    }
    found
}

/// Asserts that rows are equal, and names those that are not.
pub fn same(what: &str, found: &BTreeMap<Key, Vec<Cell>>, expected: &BTreeMap<Key, Vec<Cell>>) {
    let different = |key: &&Key| found.get(*key) != expected.get(*key);
    let mut keys: Vec<&Key> = found.keys().chain(expected.keys()).collect();
    keys.sort();
    keys.dedup();
    keys.retain(different);
    for key in keys.iter().take(5) {
        eprintln!(
            "{what}, {key:?}:\n  found    {:?}\n  expected {:?}",
            found.get(*key),
            expected.get(*key)
        );
    }
    assert!(keys.is_empty(), "{what}: {} rows differ", keys.len());
}

pub fn money(amount: Option<u64>) -> Cell {
    Cell::money(amount.map(|nanos| NanoDollars(nanos.cast_signed())))
}

pub fn token_cells(spent: &Spent) -> Vec<Cell> {
    let classes = spent.tokens.classes().into_iter();
    classes
        .chain([spent.tokens.total()])
        .map(Cell::count)
        .collect()
}

/// By every dimension alone, units of time in every zone; by none; by all.
pub fn check_all(ledger: &Ledger, data: Data<'_>) {
    for (one, (_, by)) in ALL.iter().enumerate() {
        let zones = match by {
            By::Time(_) => &[UTC, BERLIN, NEW_YORK][..],
            _ => &[UTC],
        };
        for zone in zones {
            by_dimensions(ledger, data, *zone, &[one]);
        }
    }
    by_dimensions(ledger, data, UTC, &[]);
    check_some(ledger, data);
}

/// By all units of time in every zone; by who and where; by none; by all. What rows are grouped by
/// alone does not depend on what is in the fleet.
pub fn check_most(ledger: &Ledger, data: Data<'_>) {
    for zone in [UTC, BERLIN, NEW_YORK] {
        by_dimensions(ledger, data, zone, &[8, 7, 6, 5]);
    }
    by_dimensions(ledger, data, UTC, &[4, 3, 1]);
    by_dimensions(ledger, data, UTC, &[]);
    check_some(ledger, data);
}

/// By day and agent and by everything, where clocks change.
pub fn check_some(ledger: &Ledger, data: Data<'_>) {
    let all: Vec<usize> = (0..ALL.len()).collect();
    by_dimensions(ledger, data, BERLIN, &all);
    by_dimensions(ledger, data, NEW_YORK, &[6, 0]);
    types(ledger, data, BERLIN);
    rate(ledger, data, NEW_YORK);
}

fn by_dimensions(ledger: &Ledger, data: Data<'_>, zone: Zone, grouping: &[usize]) {
    let dimensions: Vec<Dimension> = grouping.iter().map(|index| ALL[*index].0).collect();
    let by: Vec<By> = grouping.iter().map(|index| ALL[*index].1).collect();
    let keys: Vec<&str> = dimensions.iter().map(|d| d.as_str()).collect();
    let what = format!("{keys:?} in {}", zone.name);
    let spent = ledger.spent(&by, zone);
    let expected = |cells: &dyn Fn(&Spent) -> Vec<Cell>| {
        let cells = |(key, spent): (&Key, &Spent)| (key.clone(), cells(spent));
        spent.iter().map(cells).collect()
    };
    let query = CostQuery {
        by: dimensions.clone(),
        calendar: calendar(zone.name),
        selection: Selection::default(),
        pricing: pricing(),
    };
    let report = otolith_report::cost(data, &query).unwrap();
    let columns = [
        "cost_usd",
        "estimated_cost_usd",
        "estimated_cost_low_usd",
        "estimated_cost_high_usd",
    ];
    let found = rows(&report, &keys, &columns);
    let cells = |spent: &Spent| {
        let estimate = money(spent.estimate);
        vec![
            money(spent.cost),
            estimate.clone(),
            estimate.clone(),
            estimate,
        ]
    };
    same(&format!("cost by {what}"), &found, &expected(&cells));
    let query = TokensQuery {
        by: dimensions,
        calendar: calendar(zone.name),
        selection: Selection::default(),
    };
    let report = otolith_report::tokens(data, &query).unwrap();
    let found = rows(&report, &keys, &TOKENS);
    same(
        &format!("tokens by {what}"),
        &found,
        &expected(&token_cells),
    );
}

fn types(ledger: &Ledger, data: Data<'_>, zone: Zone) {
    let query = TokenTypesQuery {
        by: vec![
            TokensBy::Dimension(Dimension::Day),
            TokensBy::Type,
            TokensBy::Dimension(Dimension::Model),
        ],
        calendar: calendar(zone.name),
        selection: Selection::default(),
    };
    let report = otolith_report::token_types(data, &query).unwrap();
    let found = rows(&report, &["day", "type", "model"], &["tokens"]);
    let types = [
        "input",
        "cache_read",
        "cache_creation",
        "output",
        "reasoning",
    ];
    let mut expected = BTreeMap::new();
    for (key, spent) in ledger.spent(&[By::Time(Unit::Day), By::Model], zone) {
        for (word, amount) in types.into_iter().zip(spent.tokens.classes()) {
            if amount.is_some() {
                let key = vec![key[0].clone(), Some(word.to_owned()), key[1].clone()];
                expected.insert(key, vec![Cell::count(amount)]);
            }
        }
    }
    same(&format!("types in {}", zone.name), &found, &expected);
}

fn rate(ledger: &Ledger, data: Data<'_>, zone: Zone) {
    let query = TokenRateQuery {
        every: Every::DAY,
        by: vec![Dimension::Agent],
        fill: TokenFill::None,
        calendar: calendar(zone.name),
        selection: Selection::default(),
    };
    let report = otolith_report::token_rate(data, &query).unwrap();
    let found = rows(&report, &["bucket", "agent"], &TOKENS);
    let spent = ledger.spent(&[By::Time(Unit::Day), By::Agent], zone);
    let expected = spent
        .iter()
        .filter(|(_, spent)| spent.tokens.total().is_some())
        .map(|(key, spent)| (key.clone(), token_cells(spent)))
        .collect();
    same(&format!("rate in {}", zone.name), &found, &expected);
}
