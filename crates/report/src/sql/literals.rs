//! Literals as people write them, in the form that the engine knows.

use super::lexer::{Kind, Piece, lex};
use jiff::{Timestamp, civil};
use std::ops::Range;

/// Columns of times, all in UTC.
const TIMES: [&str; 4] = ["time", "timestamp", "timestamp_end", "greptime_timestamp"];

/// How far from its column a literal may stand: `time BETWEEN TIMESTAMP 'a' AND TIMESTAMP 'b'`.
const NEAR: usize = 6;

/// Changes of a query's bytes, in order: numbers with an exponent are spelt out; texts that stand
/// for times beside a column of times become timestamps in UTC.
pub(super) fn changes(query: &str, pieces: &[Piece]) -> Vec<(Range<usize>, String)> {
    let mut found = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let text = &query[piece.range.clone()];
        let new = match piece.kind {
            Kind::Number => plain_number(text),
            Kind::Text if stands_for_time(pieces, at) => {
                let is_typed = at > 0 && pieces[at - 1].is_word("timestamp");
                let word = if is_typed { "" } else { "TIMESTAMP " };
                utc(text).map(|time| format!("{word}'{time}'"))
            }
            _ => None,
        };
        found.extend(new.map(|new| (piece.range.clone(), new)));
    }
    found
}

/// The query with lengths of time such as `1h` spelt out where a bucket's width stands:
/// `date_bin(1h, time)`.
pub(super) fn with_durations(query: &str) -> String {
    let mut text = String::with_capacity(query.len());
    let mut copied = 0;
    let pieces = lex(query);
    for window in pieces.windows(3) {
        let [name, bracket, width] = window else {
            continue;
        };
        let width_text = &query[width.range.clone()];
        let is_width = width.kind == Kind::Number && width_text.ends_with(char::is_alphabetic);
        if (name.is_word("date_bin") || name.is_word("time_bucket"))
            && bracket.is_sign('(')
            && is_width
        {
            text.push_str(&query[copied..width.range.start]);
            text.push_str(&format!("INTERVAL '{width_text}'"));
            copied = width.range.end;
        }
    }
    text.push_str(&query[copied..]);
    text
}

/// A number without its exponent, if it has one and is finite.
fn plain_number(text: &str) -> Option<String> {
    if !text.contains(['e', 'E']) {
        return None;
    }
    let number: f64 = text.parse().ok().filter(|x: &f64| x.is_finite())?;
    let text = number.to_string();
    Some(if text.contains('.') {
        text
    } else {
        format!("{text}.0")
    })
}

/// True where a text is compared with a column of times.
fn stands_for_time(pieces: &[Piece], at: usize) -> bool {
    let is_time = |piece: &Piece| piece.name().is_some_and(|name| TIMES.contains(&name));
    // Behind its column come nothing but comparing words, signs and other literals.
    let (mut lists, mut is_list) = (false, false);
    for piece in pieces[..at].iter().rev().take(NEAR) {
        lists |= piece.is_sign(',');
        is_list |= piece.is_word("in");
        let between = match &piece.kind {
            Kind::Sign(sign) => "<>=!,(".contains(*sign),
            Kind::Text => true,
            Kind::Word(word) => ["between", "and", "not", "in", "cast"].contains(&word.as_str()),
            Kind::Quoted(_) | Kind::Number => false,
        };
        // The word `timestamp` in front of a text is its type, not a column.
        let is_type = piece.is_word("timestamp");
        if is_time(piece) && !is_type {
            return is_list || !lists;
        }
        if !between && !is_type {
            break;
        }
    }
    // `'2026-11-20' < time`
    let behind = pieces.get(at + 1..).unwrap_or_default();
    let signs = behind
        .iter()
        .take_while(|p| p.is_sign('<') || p.is_sign('>') || p.is_sign('='))
        .count();
    let behind = &behind[signs..];
    let qualified = behind.get(1).is_some_and(|p| p.is_sign('.'));
    let column = behind.get(if qualified { 2 } else { 0 });
    signs > 0 && column.is_some_and(is_time)
}

/// The time of a quoted text in UTC, to the microsecond, as the engine reads it.
fn utc(quoted: &str) -> Option<String> {
    let text = quoted.strip_prefix('\'')?.strip_suffix('\'')?.trim();
    let time = match text.parse::<Timestamp>() {
        Ok(time) => time.to_zoned(jiff::tz::TimeZone::UTC).datetime(),
        Err(_) => text.parse::<civil::DateTime>().ok()?,
    };
    Some(time.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, expected: &[&str]) {
        let changes = changes(query, &lex(query));
        let found: Vec<&str> = changes.iter().map(|(_, new)| new.as_str()).collect();
        assert_eq!(found, expected, "{query}");
    }

    #[test]
    fn exponents_are_spelt_out() {
        check("SELECT 1e9, 1.5E-3, 12, 0x1e", &["1000000000.0", "0.0015"]);
    }

    #[test]
    fn widths_of_buckets_are_spelt_out() {
        let query = "SELECT date_bin(1h, time), 1h FROM t";
        assert_eq!(
            with_durations(query),
            "SELECT date_bin(INTERVAL '1h', time), 1h FROM t"
        );
    }

    #[test]
    fn only_texts_beside_times_become_times() {
        let midnight = "TIMESTAMP '2026-11-20 00:00:00.000000'";
        check("time >= '2026-11-20'", &[midnight]);
        check("l.time < '2026-11-20T01:00:00+01:00'", &[midnight]);
        check("'2026-11-20' <= l.time", &[midnight]);
        check(
            "time BETWEEN '2026-11-20' AND '2026-11-20T00:00Z'",
            &[midnight, midnight],
        );
        check(
            "time > TIMESTAMP '2026-11-20'",
            &["'2026-11-20 00:00:00.000000'"],
        );
        check("time > 'noon' AND body = '2026-11-20'", &[]);
        check("body = '2026-11-20'", &[]);
        check("SELECT time, '2026-11-20' AS day", &[]);
        check(
            "time IN ('2026-11-20', '2026-11-20')",
            &[midnight, midnight],
        );
        check("time < CAST('2026-11-20' AS TIMESTAMP)", &[midnight]);
        check("date = '2026-11-20'", &[]);
    }
}
