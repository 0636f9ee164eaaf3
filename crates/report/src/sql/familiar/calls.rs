//! Expressions of other dialects, one by one.

use super::super::Now;
use super::interval::{NANOS_PER_DAY, Span};
use crate::error::ReportError;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use sqlparser::ast::{
    BinaryOperator, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments,
    Value,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

/// What becomes of an expression.
pub(super) enum Rewrite {
    /// It stays as it is.
    Kept,
    /// This takes its place.
    New(Box<Expr>),
}

/// Monday, 5 January 1970: weeks of `date_trunc` count from there.
const MONDAY: i64 = 4 * NANOS_PER_DAY;
/// Monday, 3 January 2000: buckets of `time_bucket` count from there, as in the dialects that have
/// it.
const TIME_BUCKET_ORIGIN: i64 = 10_959 * NANOS_PER_DAY;
/// January 2000 in months since 1970: buckets of months of `time_bucket` count from there.
const TIME_BUCKET_MONTH: i64 = 360;

const UNITS: &str = "begin with a unit in quotes: 'second', 'minute', 'hour', 'day', 'week', \
                     'month', 'quarter' or 'year'; then the time";
const WIDTHS: &str = "write date_bin(INTERVAL '5 minutes', time), with an origin as a third literal \
                      if need be";
const INTERVALS: &str = "write INTERVAL '5 minutes', or '1 hour 30 minutes'";
const PATHS: &str = "write json_get_string(column, 'key') or column ->> '$.a.b'";

/// Functions that take JSON text and a path, by the names of other dialects.
const JSON: [(&str, &str); 13] = [
    ("json_get_string", "json_get_string"),
    ("json_extract_string", "json_get_string"),
    ("json_extract_path_text", "json_get_string"),
    ("json_value", "json_get_string"),
    ("get_json_object", "json_get_string"),
    ("json_get", "json_get"),
    ("json_extract", "json_get"),
    ("json_query", "json_get"),
    ("json_get_int", "json_get_int"),
    ("json_get_float", "json_get_float"),
    ("json_get_double", "json_get_float"),
    ("json_get_bool", "json_get_bool"),
    ("json_get_object", "json_get"),
];

/// The name that a rewritten call gives its column.
pub(super) fn column_name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Function(function) => {
            let name = name_of(function);
            let renamed = [
                "date_trunc",
                "date_bin",
                "time_bucket",
                "count_if",
                "countif",
                "epoch",
            ];
            let quantiles = [
                "percentile_cont",
                "approx_percentile",
                "approx_percentile_cont",
            ];
            let known = JSON.iter().any(|(from, _)| *from == name)
                || renamed.contains(&name.as_str())
                || quantiles.contains(&name.as_str())
                || is_present(&name);
            known.then_some(name)
        }
        // The last key of a path names its column.
        Expr::BinaryOp {
            op: BinaryOperator::Arrow | BinaryOperator::LongArrow,
            right,
            ..
        } => text_of(right).filter(|key| !key.starts_with('$')),
        _ => None,
    }
}

/// Turns one expression; those within it are turned already.
pub(super) fn rewrite(expr: &Expr, now: Now<'_>) -> Result<Rewrite, ReportError> {
    let text = match expr {
        Expr::Function(function) => match call(function, now)? {
            Some(text) => text,
            None => return Ok(Rewrite::Kept),
        },
        Expr::Interval(interval) => {
            let span =
                Span::of_interval(interval).ok_or_else(|| refused("this INTERVAL", INTERVALS))?;
            format!("INTERVAL '{}'", span.text())
        }
        Expr::Cast {
            expr: inner,
            data_type: DataType::Interval { .. },
            ..
        } => {
            let span = text_of(inner).and_then(|text| Span::parse(&text));
            let span = span.ok_or_else(|| refused("this INTERVAL", INTERVALS))?;
            format!("INTERVAL '{}'", span.text())
        }
        Expr::BinaryOp { left, op, right } => {
            let function = match op {
                BinaryOperator::Arrow => "json_get",
                BinaryOperator::LongArrow => "json_get_string",
                _ => return Ok(Rewrite::Kept),
            };
            json(function, left, right)?
        }
        _ => return Ok(Rewrite::Kept),
    };
    Ok(parsed(&text).map_or(Rewrite::Kept, |new| Rewrite::New(Box::new(new))))
}

/// An expression from its text.
pub(super) fn parsed(text: &str) -> Option<Expr> {
    let parser = Parser::new(&GenericDialect).try_with_sql(text);
    parser.and_then(|mut parser| parser.parse_expr()).ok()
}

fn refused(feature: &'static str, hint: &'static str) -> ReportError {
    ReportError::Unsupported { feature, hint }
}

fn name_of(function: &Function) -> String {
    function.name.to_string().to_lowercase()
}

fn is_present(name: &str) -> bool {
    [
        "now",
        "current_timestamp",
        "localtimestamp",
        "current_date",
        "today",
    ]
    .contains(&name)
}

/// The text of a call in the engine's words; none when it is no business of ours.
fn call(function: &Function, now: Now<'_>) -> Result<Option<String>, ReportError> {
    let name = name_of(function);
    let arguments = arguments(function);
    let text = match (name.as_str(), arguments.as_slice()) {
        (name, []) if is_present(name) => present(name, now()?)?,
        ("date_trunc", [unit, time]) => trunc(unit, time)?,
        ("date_trunc", _) => return Err(refused("DATE_TRUNC of this form", UNITS)),
        ("date_bin", [width, time]) => bin(width, time, Some((0, 0)))?,
        ("date_bin", [width, time, origin]) => bin(width, time, origin_of(origin))?,
        ("date_bin", _) => return Err(refused("DATE_BIN of this form", WIDTHS)),
        ("time_bucket", [width, time]) => {
            bin(width, time, Some((TIME_BUCKET_ORIGIN, TIME_BUCKET_MONTH)))?
        }
        ("time_bucket", [width, time, origin]) => bin(width, time, origin_of(origin))?,
        ("time_bucket", _) => return Err(refused("TIME_BUCKET of this form", WIDTHS)),
        ("count_if" | "countif", [condition]) => {
            let over = function.over.as_ref();
            let over = over.map(|over| format!(" OVER {over}")).unwrap_or_default();
            format!("COUNT(CASE WHEN {condition} THEN 1 END){over}")
        }
        ("epoch", [time]) => format!("EXTRACT(EPOCH FROM {time})"),
        ("approx_percentile" | "approx_percentile_cont", [value, share]) => {
            format!("QUANTILE_CONT({value}, {share})")
        }
        ("percentile_cont" | "quantile_cont", [share]) => match function.within_group.as_slice() {
            [by] if by.options.asc != Some(false) => format!("QUANTILE_CONT({}, {share})", by.expr),
            _ => return Ok(None),
        },
        (name, [document, path]) => {
            let Some((_, ours)) = JSON.iter().find(|(from, to)| *from == name && from != to) else {
                return Ok(None);
            };
            json(ours, document, path)?
        }
        _ => return Ok(None),
    };
    Ok(Some(text))
}

fn arguments(function: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &function.args else {
        return Vec::new();
    };
    let of = |argument| match argument {
        &FunctionArg::Unnamed(FunctionArgExpr::Expr(ref expr)) => Some(expr),
        _ => None,
    };
    list.args.iter().filter_map(of).collect()
}

/// The text of a literal.
fn text_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            _ => None,
        },
        Expr::TypedString(typed) => typed.value.value.clone().into_string(),
        Expr::Cast { expr, .. } | Expr::Nested(expr) => text_of(expr),
        _ => None,
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn present(name: &str, nanos: i64) -> Result<String, ReportError> {
    let time = Timestamp::from_nanosecond(i128::from(nanos));
    let time = time.map_err(|_| refused("a present beyond the calendar", "name another"))?;
    Ok(match name {
        "current_date" | "today" => time.strftime("DATE '%Y-%m-%d'").to_string(),
        _ => time
            .strftime("TIMESTAMP '%Y-%m-%d %H:%M:%S%.6f'")
            .to_string(),
    })
}

fn trunc(unit: &Expr, time: &Expr) -> Result<String, ReportError> {
    let unit = text_of(unit).map(|unit| unit.to_lowercase());
    let (width, origin) = match unit.as_deref() {
        Some("week") => (Span::parse("1 week"), MONDAY),
        Some(
            unit @ ("microsecond" | "millisecond" | "second" | "minute" | "hour" | "day" | "month"
            | "quarter" | "year"),
        ) => (Span::parse(&format!("1 {unit}")), 0),
        _ => (None, 0),
    };
    let width = width.ok_or_else(|| refused("DATE_TRUNC of this form", UNITS))?;
    buckets(width, time, (origin, 0)).ok_or_else(|| refused("DATE_TRUNC of this form", UNITS))
}

/// Nanoseconds and months since 1970 of a literal time.
fn origin_of(origin: &Expr) -> Option<(i64, i64)> {
    let text = text_of(origin)?;
    let time = match text.parse::<Timestamp>() {
        Ok(time) => time,
        Err(_) => {
            let time = text.parse::<civil::DateTime>();
            let time = time.or_else(|_| text.parse::<civil::Date>().map(|d| d.at(0, 0, 0, 0)));
            time.ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()
        }
    };
    let date = time.to_zoned(TimeZone::UTC).date();
    let months = (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1;
    Some((i64::try_from(time.as_nanosecond()).ok()?, months))
}

/// Buckets of a literal width from an origin.
fn bin(width: &Expr, time: &Expr, origin: Option<(i64, i64)>) -> Result<String, ReportError> {
    let span = match width {
        Expr::Interval(interval) => Span::of_interval(interval),
        other => text_of(other).and_then(|text| Span::parse(&text)),
    };
    span.zip(origin)
        .and_then(|(span, origin)| buckets(span, time, origin))
        .ok_or_else(|| refused("DATE_BIN of this form", WIDTHS))
}

/// The call of our own function; none for widths of nothing, and of months and days together.
fn buckets(width: Span, time: &Expr, (nanos, months): (i64, i64)) -> Option<String> {
    match width {
        Span {
            months: 0,
            nanos: width @ 1..,
        } => Some(format!("otolith_bin({time}, {width}, {nanos})")),
        Span {
            months: width @ 1..,
            nanos: 0,
        } => Some(format!("otolith_bin_months({time}, {width}, {months})")),
        _ => None,
    }
}

/// The call for a value of a JSON document.
fn json(function: &str, document: &Expr, path: &Expr) -> Result<String, ReportError> {
    let path = match path {
        Expr::Value(value) => match &value.value {
            Value::Number(index, _) => Some(format!("$[{index}]")),
            _ => text_of(path),
        },
        _ => None,
    };
    let path = path.ok_or_else(|| refused("JSON paths that are no literal", PATHS))?;
    Ok(format!("{function}({document}, {})", quoted(&path)))
}
