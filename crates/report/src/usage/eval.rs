//! Evaluates the expressions of the mapping.

use super::mapping::{Condition, Expr, Key, KeyId, Mapping, Measured, Test, Unit};
use super::rows::Rows;
use crate::data::Scalar;
use crate::money::NanoDollars;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;

/// What expressions are evaluated on: a row, or the amounts of a metric by class.
pub(crate) struct Subject<'a> {
    pub(crate) mapping: &'a Mapping,
    pub(crate) rows: &'a Rows<'a>,
    pub(crate) row: usize,
    /// Amounts by class; empty for anything but points.
    pub(crate) classes: &'a BTreeMap<String, f64>,
    /// Counts differences that fell below 0.
    pub(crate) below_zero: &'a Cell<u64>,
}

impl Subject<'_> {
    fn get(&self, key: KeyId) -> Option<Scalar<'_>> {
        match &self.mapping.keys[key.0] {
            Key::Class(word) => self.classes.get(word).map(|x| Scalar::Double(*x)),
            Key::Time => self.rows.time(self.row).map(Scalar::Int),
            Key::Attribute(..) | Key::Column(_) => self.rows.get(self.row, key),
        }
    }

    /// The text of an expression; empty texts count as absent.
    pub(crate) fn text<'s>(&'s self, expr: &'s Expr) -> Option<Cow<'s, str>> {
        match expr {
            Expr::Key(key) => self.key_text(*key),
            Expr::Word(word) => Some(word.into()),
            Expr::First(list) => list.iter().find_map(|e| self.text(e)),
            _ => self.count(expr).map(|n| n.to_string().into()),
        }
    }

    /// The text of a key; an empty one counts as absent.
    pub(crate) fn key_text(&self, key: KeyId) -> Option<Cow<'_, str>> {
        let text = self.get(key)?.into_text();
        (!text.is_empty()).then_some(text)
    }

    /// The whole number of an expression.
    pub(crate) fn count(&self, expr: &Expr) -> Option<i64> {
        match expr {
            Expr::Key(key) => self.get(*key)?.as_int(),
            Expr::Word(_) => None,
            Expr::Number(number) => Some(*number),
            Expr::First(list) => list.iter().find_map(|e| self.count(e)),
            Expr::Sum(list) => list
                .iter()
                .filter_map(|e| self.count(e))
                .reduce(i64::saturating_add),
            Expr::Minus(list) => {
                let (whole, parts) = list.split_first()?;
                let parts = parts.iter().filter_map(|e| self.count(e));
                let rest = parts.fold(self.count(whole)?, i64::saturating_sub);
                if rest < 0 {
                    self.below_zero.set(self.below_zero.get() + 1);
                }
                Some(rest.max(0))
            }
            Expr::Difference(pair) => {
                let rest = self.count(&pair[0])?.checked_sub(self.count(&pair[1])?)?;
                (rest >= 0).then_some(rest)
            }
            Expr::IfAtMost(list) => {
                let [small, large, then, otherwise] = &**list;
                let small = self.count(small).unwrap_or(0);
                let holds = self.count(large).is_some_and(|large| small <= large);
                self.count(if holds { then } else { otherwise })
            }
        }
    }

    /// True when a condition holds.
    pub(crate) fn holds(&self, condition: &Condition) -> bool {
        condition.test.holds(self.get(condition.key).as_ref())
    }

    /// The money of the first key that has it.
    pub(crate) fn money(&self, list: &[Measured]) -> Option<NanoDollars> {
        list.iter().find_map(|measured| {
            let value = self.get(measured.key)?;
            match (measured.unit, value) {
                (Unit::Dollars, Scalar::Text(text)) => NanoDollars::parse(&text),
                (Unit::Dollars, value) => NanoDollars::from_dollars(value.as_double()?),
                (Unit::MicroDollars, value) => NanoDollars::from_micros(value.as_int()?),
                _ => None,
            }
        })
    }

    /// The duration in nanoseconds of the first key that has it. Negative ones are left out.
    pub(crate) fn nanos(&self, list: &[Measured]) -> Option<i64> {
        list.iter().find_map(|measured| {
            let value = self.get(measured.key)?;
            let factor = match measured.unit {
                Unit::Nanoseconds => return value.as_int().filter(|n| *n >= 0),
                Unit::Milliseconds => 1e6,
                Unit::Seconds => 1e9,
                Unit::Dollars | Unit::MicroDollars => return None,
            };
            let nanos = (value.as_double()? * factor).round();
            (0.0..9e18).contains(&nanos).then_some(nanos as i64)
        })
    }

    /// The truth of an expression: `true` and `false` in any spelling.
    pub(crate) fn truth(&self, expr: &Expr) -> Option<bool> {
        let text = self.text(expr)?;
        if text.eq_ignore_ascii_case("true") {
            Some(true)
        } else if text.eq_ignore_ascii_case("false") {
            Some(false)
        } else {
            None
        }
    }
}

impl Test {
    /// True when the value of its key passes the test.
    pub(crate) fn holds(&self, value: Option<&Scalar<'_>>) -> bool {
        let is_in = |words: &[String]| {
            let text = value.map(Scalar::as_text);
            text.is_some_and(|text| words.iter().any(|word| *word == text))
        };
        match self {
            Self::Present => value.is_some(),
            Self::In(words) => is_in(words),
            Self::NotIn(words) => !is_in(words),
        }
    }
}
