//! What people type in other dialects, turned into what the engine knows: a pass over the parsed
//! query. What it cannot turn is left to the engine, or refused by name.

mod arrows;
mod calls;
mod interval;

use super::Now;
use crate::error::ReportError;
use calls::{Rewrite, parsed};
use sqlparser::ast::{
    Expr, Ident, JoinConstraint, JoinOperator, Query, Select, SelectItem, VisitMut as _,
    VisitorMut, visit_expressions_mut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::{Parser, ParserOptions};
use std::ops::ControlFlow;

/// The query in the engine's words.
///
/// A query that does not parse comes back as it is: the engine says what is wrong with it.
///
/// # Errors
/// [`ReportError::Unsupported`] for a call that cannot be turned, such as a bucket whose length is
/// no literal; what `now` gives when the query asks for the present.
pub(super) fn widen(query: &str, now: Now<'_>) -> Result<String, ReportError> {
    let options = ParserOptions {
        trailing_commas: true,
        ..ParserOptions::default()
    };
    let parser = Parser::new(&GenericDialect).with_options(options);
    let Ok(mut statements) = parser
        .try_with_sql(query)
        .and_then(|mut parser| parser.parse_statements())
    else {
        return Ok(query.to_owned());
    };
    let mut pass = Pass {
        now,
        has_changed: false,
    };
    if let ControlFlow::Break(error) = statements.visit(&mut pass) {
        return Err(error);
    }
    if !pass.has_changed {
        return Ok(query.to_owned());
    }
    let texts: Vec<String> = statements.iter().map(ToString::to_string).collect();
    Ok(texts.join("; "))
}

struct Pass<'a> {
    now: Now<'a>,
    has_changed: bool,
}

impl VisitorMut for Pass<'_> {
    type Break = ReportError;

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<ReportError> {
        // A call that gets another form keeps its name as the name of its column.
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && let Some(name) = calls::column_name(expr)
            {
                *item = SelectItem::ExprWithAlias {
                    expr: expr.clone(),
                    alias: Ident::new(name),
                };
                self.has_changed = true;
            }
        }
        for join in select.from.iter_mut().flat_map(|from| &mut from.joins) {
            if let Some(constraint) = constraint(&mut join.join_operator) {
                self.has_changed |= without_between(constraint);
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<ReportError> {
        self.has_changed |= order_by_position(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<ReportError> {
        arrows::bind(expr);
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<ReportError> {
        match calls::rewrite(expr, self.now) {
            Ok(Rewrite::Kept) => {}
            Ok(Rewrite::New(new)) => {
                *expr = *new;
                self.has_changed = true;
            }
            Err(error) => return ControlFlow::Break(error),
        }
        ControlFlow::Continue(())
    }
}

/// The condition of a join.
fn constraint(operator: &mut JoinOperator) -> Option<&mut Expr> {
    let (JoinOperator::Join(constraint)
    | JoinOperator::Inner(constraint)
    | JoinOperator::Left(constraint)
    | JoinOperator::LeftOuter(constraint)
    | JoinOperator::Right(constraint)
    | JoinOperator::RightOuter(constraint)
    | JoinOperator::FullOuter(constraint)) = operator
    else {
        return None;
    };
    match constraint {
        JoinConstraint::On(expr) => Some(expr),
        _ => None,
    }
}

/// Writes `x BETWEEN a AND b` as two comparisons; true when there was one.
fn without_between(condition: &mut Expr) -> bool {
    let mut found = false;
    let _ = visit_expressions_mut(condition, |expr| {
        if let Expr::Between {
            expr: middle,
            negated: false,
            low,
            high,
        } = expr
            && let Some(new) = parsed(&format!("{middle} >= {low} AND {middle} <= {high}"))
        {
            // Without brackets: the engine takes conditions apart at each AND.
            *expr = new;
            found = true;
        }
        ControlFlow::<()>::Continue(())
    });
    found
}

/// The engine sorts by columns of the answer only: an expression of `ORDER BY` that is one of the
/// answer's columns becomes its position. True when there was one.
fn order_by_position(query: &mut Query) -> bool {
    use sqlparser::ast::{OrderByKind, SetExpr};
    let (SetExpr::Select(select), Some(order)) = (query.body.as_ref(), &mut query.order_by) else {
        return false;
    };
    let OrderByKind::Expressions(sorted) = &mut order.kind else {
        return false;
    };
    let mut found = false;
    for by in sorted {
        if !matches!(by.expr, Expr::Function(_)) {
            continue;
        }
        let position = select.projection.iter().position(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => {
                *expr == by.expr
            }
            _ => false,
        });
        if let Some(number) = position.and_then(|at| parsed(&(at + 1).to_string())) {
            by.expr = number;
            found = true;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: &str) {
        let noon = || Ok(1_795_176_000_000_000_000);
        assert_eq!(widen(query, &noon).unwrap(), expected, "{query}");
    }

    fn refused(query: &str, feature: &str) {
        let error = widen(query, &|| Ok(0)).unwrap_err().to_string();
        assert!(error.contains(feature), "{query}: {error}");
    }

    #[test]
    fn buckets_become_calls_of_our_own() {
        check(
            "SELECT date_trunc('hour', time), x FROM t",
            "SELECT otolith_bin(time, 3600000000000, 0) AS date_trunc, x FROM t",
        );
        check(
            "SELECT DATE_TRUNC('month', a.time) AS m FROM t AS a",
            "SELECT otolith_bin_months(a.time, 1, 0) AS m FROM t AS a",
        );
        check(
            "SELECT 1 FROM t GROUP BY date_bin(INTERVAL '5 minutes', time)",
            "SELECT 1 FROM t GROUP BY otolith_bin(time, 300000000000, 0)",
        );
        check(
            "SELECT date_bin('5m'::INTERVAL, time, TIMESTAMP '2026-11-20 00:01:00') AS b FROM t",
            "SELECT otolith_bin(time, 300000000000, 1795132860000000000) AS b FROM t",
        );
        // The week of `date_trunc` and of `time_bucket` begins on Monday, that of `date_bin` as the
        // epoch did.
        check(
            "SELECT date_trunc('week', time) AS w, time_bucket(INTERVAL 1 WEEK, time) AS b FROM t",
            "SELECT otolith_bin(time, 604800000000000, 345600000000000) AS w, \
             otolith_bin(time, 604800000000000, 946857600000000000) AS b FROM t",
        );
        refused("SELECT date_trunc('fortnight', time) FROM t", "DATE_TRUNC");
        refused("SELECT date_trunc(unit, time) FROM t", "DATE_TRUNC");
        refused("SELECT date_bin(width, time) FROM t", "DATE_BIN");
        refused("SELECT date_bin(INTERVAL '0 s', time) FROM t", "DATE_BIN");
    }

    #[test]
    fn the_present_is_a_parameter() {
        check(
            "SELECT 1 FROM t WHERE time > now() - INTERVAL '1' HOUR",
            "SELECT 1 FROM t WHERE time > TIMESTAMP '2026-11-20 12:00:00.000000' - INTERVAL '1h'",
        );
        check(
            "SELECT CURRENT_DATE AS d, current_timestamp AS t",
            "SELECT DATE '2026-11-20' AS d, TIMESTAMP '2026-11-20 12:00:00.000000' AS t",
        );
    }

    #[test]
    fn intervals_of_all_dialects_are_one() {
        for interval in [
            "INTERVAL '90 minutes'",
            "INTERVAL '1 hour 30 minutes'",
            "INTERVAL '1h30m'",
            "INTERVAL 90 MINUTE",
            "INTERVAL '01:30:00'",
            "'90 min'::INTERVAL",
            "CAST('90 min' AS INTERVAL)",
        ] {
            check(
                &format!("SELECT time + {interval} AS t FROM t"),
                "SELECT time + INTERVAL '1h30m' AS t FROM t",
            );
        }
        refused("SELECT time + INTERVAL 'soon' FROM t", "INTERVAL");
    }

    #[test]
    fn json_paths_become_calls() {
        check(
            "SELECT a->>'x' AS x, a->'b'->>'c' AS c, json_extract_string(a, '$.x') AS y FROM t",
            "SELECT json_get_string(a, 'x') AS x, json_get_string(json_get(a, 'b'), 'c') AS c, \
             json_get_string(a, '$.x') AS y FROM t",
        );
        check(
            "SELECT a->>'x' FROM t WHERE a->>'x' = 'y'",
            "SELECT json_get_string(a, 'x') AS x FROM t WHERE json_get_string(a, 'x') = 'y'",
        );
    }

    #[test]
    fn aggregates_of_other_dialects_become_those_of_the_engine() {
        check(
            "SELECT count_if(a > 1), b FROM t",
            "SELECT COUNT(CASE WHEN a > 1 THEN 1 END) AS count_if, b FROM t",
        );
        check(
            "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY x) AS p FROM t",
            "SELECT QUANTILE_CONT(x, 0.95) AS p FROM t",
        );
        check(
            "SELECT approx_percentile_cont(x, 0.5) AS p FROM t",
            "SELECT QUANTILE_CONT(x, 0.5) AS p FROM t",
        );
        check(
            "SELECT a, count(*) FROM t GROUP BY a ORDER BY count(*) DESC",
            "SELECT a, count(*) FROM t GROUP BY a ORDER BY 2 DESC",
        );
    }

    #[test]
    fn between_in_a_join_becomes_two_comparisons() {
        check(
            "SELECT 1 FROM a JOIN b ON a.k = b.k AND a.t BETWEEN b.s AND b.e",
            "SELECT 1 FROM a JOIN b ON a.k = b.k AND a.t >= b.s AND a.t <= b.e",
        );
    }

    #[test]
    fn the_rest_is_left_alone() {
        check(
            "SELECT  a   FROM t -- as typed",
            "SELECT  a   FROM t -- as typed",
        );
        check("SELECT (1", "SELECT (1");
    }
}
