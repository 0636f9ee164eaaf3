//! Which rows fulfil the conditions of sources.

use super::key_cells::KeyCells;
use super::mapping::{Condition, Mapping, Source, Test};
use crate::data::{Column, Scalar};
use otolith_tables::Part;

/// Which sources want each row: those whose conditions all hold.
pub(super) fn wanted_by(part: &Part, mapping: &Mapping, sources: &[&Source]) -> Vec<u64> {
    let mut wanted_by = vec![0; part.row_count];
    // Sources of several agents begin with the same condition.
    let mut known: Vec<(&Condition, Vec<usize>)> = Vec::new();
    for (number, source) in sources.iter().enumerate() {
        let fits = source.conditions.iter();
        let fits = fits.map(|condition| Fit::of(part, mapping, condition));
        let fits: Vec<Fit<'_>> = fits.collect();
        if fits.iter().any(|fit| matches!(fit, Fit::Never)) {
            continue;
        }
        let mut rows = match source.conditions.first() {
            None => (0..part.row_count).collect(),
            Some(first) => match known.iter().find(|(condition, _)| *condition == first) {
                Some((_, rows)) => rows.clone(),
                None => {
                    let rows = 0..part.row_count;
                    let rows: Vec<usize> = rows.filter(|row| fits[0].holds(*row)).collect();
                    known.push((first, rows.clone()));
                    rows
                }
            },
        };
        for fit in fits.iter().skip(1) {
            rows.retain(|row| fit.holds(*row));
        }
        for row in rows {
            wanted_by[row] |= 1 << number;
        }
    }
    wanted_by
}

/// How rows of a part are told to fulfil a condition.
enum Fit<'a> {
    /// None does.
    Never,
    /// All do.
    Always,
    /// Those that have a value.
    Present(Column<'a>),
    /// By the codes of texts, each of which was looked at once, and whether those without a text do.
    Codes(Column<'a>, Vec<bool>, bool),
    /// By their values.
    Values(&'a Part, KeyCells<'a>, &'a Test),
}

impl<'a> Fit<'a> {
    fn of(part: &'a Part, mapping: &'a Mapping, condition: &'a Condition) -> Self {
        let test = &condition.test;
        let cells = KeyCells::of(part, &mapping.keys[condition.key.0]);
        let absent = test.holds(None);
        if cells.is_empty() {
            return if absent { Self::Always } else { Self::Never };
        }
        let Some(column) = cells.only_column() else {
            return Self::Values(part, cells, test);
        };
        let column = Column::new(&part.columns[column]);
        if *test == Test::Present {
            return Self::Present(column);
        }
        match column.codes_that(|text| test.holds(Some(&Scalar::Text(text.into())))) {
            None => Self::Values(part, cells, test),
            Some(codes) if !absent && !codes.contains(&true) => Self::Never,
            Some(codes) => Self::Codes(column, codes, absent),
        }
    }

    fn holds(&self, row: usize) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::Present(column) => column.is_present(row),
            Self::Codes(column, codes, absent) => {
                column.code(row).map_or(*absent, |code| codes[code])
            }
            Self::Values(part, cells, test) => test.holds(cells.get(part, row).as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::parse::parse;
    use otolith_tables::{
        AttributePlace, ColumnOrigin, ColumnType, DatabaseName, Field, Layout, PartColumn, Strings,
        Table, Values,
    };
    use serde_json::{Value, json};

    /// Sources of all tests of two keys, alone, in pairs, and none.
    fn mapping() -> Mapping {
        let tests = |key: &str| {
            let words = ["a", "7"];
            [
                json!({"key": key}),
                json!({"key": key, "in": words}),
                json!({"key": key, "in": ["nowhere"]}),
                json!({"key": key, "not_in": words}),
                json!({"key": key, "not_in": ["nowhere"]}),
            ]
        };
        let all: Vec<Value> = [tests("column:event_name"), tests("model")].concat();
        let alone = all.iter().map(|test| vec![test.clone()]);
        let pairs = all.iter().flat_map(|first| {
            let others = all.iter().filter(move |other| first["key"] != other["key"]);
            others.map(move |other| vec![first.clone(), other.clone()])
        });
        let sources = alone.chain(pairs).chain([vec![]]).enumerate();
        let sources = sources.map(|(number, conditions)| {
            json!({"source": number.to_string(), "table": "logs", "where": conditions})
        });
        let sources: Vec<Value> = sources.collect();
        let agent = json!({
            "agent": "any", "about": "", "seen_in": "", "never_add": [],
            "fields": {}, "roles": {}, "sources": sources,
        });
        let file = json!({"about": "", "version": 1, "agents": [agent]});
        parse(&file.to_string()).unwrap()
    }

    /// Rows with `a`, `b`, 7 and nothing, as texts by code, texts and numbers.
    fn columns(name: &str, origin: &ColumnOrigin) -> Vec<Option<PartColumn>> {
        // Texts of one letter.
        let codes = |texts: &[u8; 3]| Values::Dictionary {
            indices: vec![0, 1, 2, 0],
            dictionary: Strings {
                offsets: vec![0, 1, 2, 3],
                bytes: texts.to_vec(),
            },
        };
        let texts = Strings {
            offsets: vec![0, 1, 2, 3, 3],
            bytes: b"ab7".to_vec(),
        };
        let all = [
            (ColumnType::String, codes(b"ab7")),
            (ColumnType::String, codes(b"xyz")),
            (ColumnType::String, Values::String(texts)),
            (ColumnType::Int64, Values::Int64(vec![0, 1, 7, 0])),
        ];
        let column = |(r#type, values): (ColumnType, Values)| PartColumn {
            field: Field {
                name: name.to_owned(),
                r#type,
                origin: origin.clone(),
                layout: Layout::Repeating,
            },
            values,
            validity: Some(vec![true, true, true, false]),
        };
        all.map(|column_of| Some(column(column_of)))
            .into_iter()
            .chain([None])
            .collect()
    }

    #[test]
    fn rows_are_wanted_as_if_each_were_asked_every_condition() {
        let mapping = mapping();
        let sources: Vec<&Source> = mapping.agents[0].sources.iter().collect();
        assert!(sources.len() <= 64);
        let of_item = ColumnOrigin::Attribute {
            place: AttributePlace::Item,
            key: "model".to_owned(),
        };
        let mut wanted = 0;
        for event in columns("event_name", &ColumnOrigin::Base) {
            for model in columns("model", &of_item) {
                let part = Part {
                    database: DatabaseName::from_service("any"),
                    table: Table::Logs,
                    date: 0,
                    row_count: 4,
                    columns: event.clone().into_iter().chain(model).collect(),
                };
                let fits = |source: &Source, row| {
                    source.conditions.iter().all(|condition| {
                        let cells = KeyCells::of(&part, &mapping.keys[condition.key.0]);
                        condition.test.holds(cells.get(&part, row).as_ref())
                    })
                };
                for (row, found) in wanted_by(&part, &mapping, &sources).into_iter().enumerate() {
                    let expected = (0..)
                        .zip(&sources)
                        .map(|(n, s)| u64::from(fits(s, row)) << n);
                    let expected: u64 = expected.sum();
                    assert_eq!(found, expected, "row {row} of {part:?}");
                    wanted += found.count_ones();
                }
            }
        }
        assert!(wanted > 1_000, "{wanted}");
    }
}
