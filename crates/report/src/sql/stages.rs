//! Queries within a query, run one after another.
//!
//! The engine forgets functions of our own inside of `WITH` and of sub-queries of `FROM`. Where a
//! query calls one, these run first, and the rest finds what they gave as tables.

use sqlparser::ast::{
    Ident, ObjectName, Query, SetExpr, Statement, TableAlias, TableFactor, TableWithJoins,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

/// Names of functions of our own, as far as they are alike.
const OWN: [&str; 2] = ["otolith_bin", "json_get"];

/// A query in the order of its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stages {
    /// What runs first, with the names that the rest knows it by.
    pub(super) before: Vec<(String, String)>,
    /// What gives the answer.
    pub(super) last: String,
}

impl Stages {
    /// The stages of a query; one that calls no function of our own, or does not parse, is one.
    pub(super) fn of(text: &str) -> Self {
        let mut before = Vec::new();
        if OWN.iter().any(|name| text.contains(name))
            && let Ok(statements) = Parser::parse_sql(&GenericDialect, text)
            && let [Statement::Query(query)] = statements.as_slice()
        {
            let mut query = query.clone();
            take(&mut query, &mut before);
            if !before.is_empty() {
                let last = query.to_string();
                return Self { before, last };
            }
        }
        Self {
            before,
            last: text.to_owned(),
        }
    }
}

/// Takes the inner queries out of one, innermost first.
fn take(query: &mut Query, before: &mut Vec<(String, String)>) {
    let is_plain = |alias: &TableAlias| alias.columns.is_empty();
    let has_plain_names = |query: &Query| {
        let with = query.with.as_ref();
        with.is_some_and(|with| {
            !with.recursive && with.cte_tables.iter().all(|t| is_plain(&t.alias))
        })
    };
    if has_plain_names(query)
        && let Some(with) = query.with.take()
    {
        for mut table in with.cte_tables {
            take(&mut table.query, before);
            before.push((table.alias.name.value, table.query.to_string()));
        }
    }
    take_of_body(&mut query.body, before);
}

fn take_of_body(body: &mut SetExpr, before: &mut Vec<(String, String)>) {
    match body {
        SetExpr::Select(select) => {
            for TableWithJoins { relation, joins } in &mut select.from {
                take_of_source(relation, before);
                for join in joins {
                    take_of_source(&mut join.relation, before);
                }
            }
        }
        SetExpr::SetOperation { left, right, .. } => {
            take_of_body(left, before);
            take_of_body(right, before);
        }
        SetExpr::Query(query) => take(query, before),
        _ => {}
    }
}

fn take_of_source(source: &mut TableFactor, before: &mut Vec<(String, String)>) {
    let TableFactor::Derived {
        lateral: false,
        subquery,
        alias,
        sample: None,
    } = source
    else {
        return;
    };
    take(subquery, before);
    let name = format!("otolith {}", before.len());
    before.push((name.clone(), subquery.to_string()));
    let table = TableFactor::Table {
        name: ObjectName::from(Ident::with_quote('"', name)),
        alias: alias.take(),
        args: None,
        with_hints: Vec::new(),
        version: None,
        with_ordinality: false,
        partitions: Vec::new(),
        json_path: None,
        sample: None,
        index_hints: Vec::new(),
    };
    *source = table;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, before: &[(&str, &str)], last: &str) {
        let stages = Stages::of(query);
        let found = stages.before.iter().map(|(a, b)| (a.as_str(), b.as_str()));
        assert_eq!(found.collect::<Vec<_>>(), before, "{query}");
        assert_eq!(stages.last, last, "{query}");
    }

    #[test]
    fn inner_queries_come_first() {
        check(
            "WITH a AS (SELECT json_get(x, 'y') AS z FROM t), b AS (SELECT * FROM (SELECT 1 FROM a) AS q) \
             SELECT z FROM b JOIN (SELECT 2 FROM a) AS c ON 1 = 1",
            &[
                ("a", "SELECT json_get(x, 'y') AS z FROM t"),
                ("otolith 1", "SELECT 1 FROM a"),
                ("b", "SELECT * FROM \"otolith 1\" AS q"),
                ("otolith 3", "SELECT 2 FROM a"),
            ],
            "SELECT z FROM b JOIN \"otolith 3\" AS c ON 1 = 1",
        );
    }

    #[test]
    fn other_queries_stay() {
        let query = "WITH a AS (SELECT 1) SELECT * FROM a";
        check(query, &[], query);
        let query = "SELECT json_get(x, 'y')  FROM t";
        check(query, &[], query);
    }
}
