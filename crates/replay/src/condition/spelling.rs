//! Conditions as people write them.

use std::fmt;
use std::str::FromStr;

use super::{COUNTS, Condition, Metric, POINTS, Relation, Unit};
use crate::series::Measure;

/// A text is not a condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCondition {
    /// There is no comparison.
    #[error("expected METRIC OP VALUE with one of > >= < <= == != such as `p99>250ms`")]
    Relation,
    /// No such metric.
    #[error("there is no metric `{0}`; there are {list}", list = metric_list())]
    Metric(String),
    /// The value is not one of this metric.
    #[error("expected {expected} after `{metric}`, not `{value}`")]
    Value {
        /// The metric as given.
        metric: String,
        /// What it takes.
        expected: &'static str,
        /// What was given.
        value: String,
    },
}

/// All metrics, for people.
fn metric_list() -> String {
    let counts = COUNTS.map(|count| count.name).join(", ");
    let points = POINTS.map(|(name, _)| name).join(", ");
    format!(
        "{points}, each also after `service_time.`, `lateness.`, `limit_wait.` or `sender_delay.`; \
         duration, rate; and {counts}"
    )
}

impl FromStr for Condition {
    type Err = BadCondition;

    fn from_str(text: &str) -> Result<Self, BadCondition> {
        let text = text.trim();
        let at = text.find(['<', '>', '=', '!']);
        let (name, rest) = text.split_at(at.ok_or(BadCondition::Relation)?);
        let (relation, value) = relation(rest).ok_or(BadCondition::Relation)?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() {
            return Err(BadCondition::Relation);
        }
        let metric = metric(name).ok_or_else(|| BadCondition::Metric(name.to_owned()))?;
        let (bound, unit) = bound(metric, value).ok_or_else(|| BadCondition::Value {
            metric: name.to_owned(),
            expected: metric.expected(),
            value: value.to_owned(),
        })?;
        Ok(Self {
            text: text.to_owned(),
            metric,
            relation,
            bound,
            unit,
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn relation(text: &str) -> Option<(Relation, &str)> {
    // Longer ones first.
    let relations = [
        (">=", Relation::AtLeast),
        ("<=", Relation::AtMost),
        ("==", Relation::Equal),
        ("!=", Relation::Unequal),
        (">", Relation::Above),
        ("<", Relation::Below),
    ];
    let mut found = relations.into_iter();
    found.find_map(|(sign, relation)| Some((relation, text.strip_prefix(sign)?)))
}

fn metric(name: &str) -> Option<Metric> {
    match name {
        "duration" => return Some(Metric::Duration),
        "rate" => return Some(Metric::Rate),
        _ => {}
    }
    if let Some(index) = COUNTS.iter().position(|count| count.name == name) {
        return Some(Metric::Count(index));
    }
    let prefixed = Measure::ALL.into_iter().find_map(|measure| {
        let point = name.strip_prefix(measure.as_str())?.strip_prefix('.')?;
        Some((measure, point))
    });
    let (measure, point) = prefixed.unwrap_or((Measure::Latency, name));
    let index = POINTS.iter().position(|(name, _)| *name == point)?;
    Some(Metric::Spread(measure, index))
}

/// A value in the unit in which the metric is measured.
fn bound(metric: Metric, text: &str) -> Option<(f64, Unit)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    // Needs a digit and takes no sign, exponent or word.
    let number: f64 = number.parse().ok().filter(|n: &f64| n.is_finite())?;
    let time = || {
        let millis = match unit {
            "us" => 1e-3,
            "ms" => 1.0,
            "s" => 1e3,
            "m" => 60e3,
            "h" => 3_600e3,
            _ => return None,
        };
        Some(number * millis)
    };
    match (metric, unit) {
        (Metric::Spread(..), _) => Some((time()?, Unit::Millis)),
        (Metric::Duration, _) => Some((time()? / 1e3, Unit::Seconds)),
        (Metric::Rate, "/s") => Some((number, Unit::PerSecond)),
        (Metric::Rate | Metric::Count(_), "%") => Some((number, Unit::Percent)),
        (Metric::Rate | Metric::Count(_), "") => Some((number, Unit::Plain)),
        _ => None,
    }
}

impl Metric {
    const fn expected(self) -> &'static str {
        match self {
            Self::Spread(..) | Self::Duration => {
                "a time with its unit (us, ms, s, m, h) such as `250ms`"
            }
            Self::Rate => {
                "a rate such as `450/s`, or the share of the intended one such as `0.99` or `99%`"
            }
            Self::Count(_) => "a number such as `0`, or a share such as `0.1%`",
        }
    }
}
