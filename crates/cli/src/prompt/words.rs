//! Which words may stand at the end of what is typed.

use super::command;

/// The names of a lake.
#[derive(Debug, Default)]
pub struct Names {
    /// Tables.
    pub tables: Vec<String>,
    /// Columns of all tables.
    pub columns: Vec<String>,
}

/// Words of SQL.
const KEYWORDS: [&str; 61] = [
    "ALL",
    "AND",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "CROSS",
    "DATE",
    "DESC",
    "DISTINCT",
    "ELSE",
    "END",
    "EXCEPT",
    "FALSE",
    "FILTER",
    "FIRST",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "ILIKE",
    "IN",
    "INNER",
    "INTERSECT",
    "INTERVAL",
    "IS",
    "JOIN",
    "LAST",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "NULLS",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PRECEDING",
    "QUALIFY",
    "RIGHT",
    "ROW",
    "ROWS",
    "SELECT",
    "THEN",
    "TIMESTAMP",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "FOLLOWING",
];

/// Functions that people ask for.
const FUNCTIONS: [&str; 28] = [
    "abs(",
    "avg(",
    "coalesce(",
    "concat(",
    "count(",
    "count_if(",
    "date_bin(",
    "date_trunc(",
    "epoch(",
    "first(",
    "greatest(",
    "json_get_string(",
    "lag(",
    "last(",
    "lead(",
    "least(",
    "length(",
    "lower(",
    "max(",
    "median(",
    "min(",
    "now()",
    "nullif(",
    "quantile_cont(",
    "round(",
    "row_number()",
    "sum(",
    "upper(",
];

/// Most words that are offered.
const MOST: usize = 1_000;

/// Where the last word of what is typed begins, in bytes, and what may stand in its place, in
/// order. The names are asked for only if they matter.
pub fn complete<'a>(typed: &str, names: impl FnOnce() -> &'a Names) -> (usize, Vec<String>) {
    let start = typed
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_alphanumeric() || matches!(c, '_' | '.' | '"'))
        .last()
        .map_or(typed.len(), |(at, _)| at);
    let (before, word) = typed.split_at(start);
    let found = match before.trim() {
        "" if word.starts_with('.') => beginning(command::WORDS.iter().copied(), word),
        ".schema" => beginning(names().tables.iter().map(String::as_str), word),
        ".format" => beginning(command::formats(), word),
        _ if in_text(before) => Vec::new(),
        _ => of_sql(word, names()),
    };
    (start, found)
}

/// Whether a text in single quotes is open at the end.
fn in_text(before: &str) -> bool {
    before.matches('\'').count() % 2 == 1
}

/// What begins with a word, whatever the case of either.
fn beginning<'a>(known: impl Iterator<Item = &'a str>, word: &str) -> Vec<String> {
    known
        .filter(|known| begins(known, word))
        .map(str::to_owned)
        .take(MOST)
        .collect()
}

fn begins(known: &str, word: &str) -> bool {
    let head = known.get(..word.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(word))
}

fn of_sql(word: &str, names: &Names) -> Vec<String> {
    let tables = names.tables.iter().map(String::as_str);
    let mut found = beginning(tables, word);
    // A column behind the name of its table, `t.time`.
    let (of_table, column) = match word.rsplit_once('.') {
        Some((table, column)) if !word.starts_with('"') => (&word[..=table.len()], column),
        _ => ("", word),
    };
    // Behind the name of a database there are tables alone.
    let is_database = !of_table.is_empty() && names.tables.iter().any(|t| begins(t, of_table));
    if !is_database {
        let bare = column.trim_start_matches('"');
        let columns = names.columns.iter().filter(|name| begins(name, bare));
        found.extend(columns.map(|name| format!("{of_table}{}", quoted(name))));
    }
    // A blank word may be anything: nobody looks for all keywords.
    if of_table.is_empty() && !word.is_empty() {
        let is_small = word.starts_with(|c: char| c.is_lowercase());
        let cased = |keyword: String| match is_small {
            true => keyword.to_lowercase(),
            false => keyword,
        };
        found.extend(beginning(KEYWORDS.into_iter(), word).into_iter().map(cased));
        found.extend(beginning(FUNCTIONS.into_iter(), word));
    }
    found.sort_unstable();
    found.dedup();
    found.truncate(MOST);
    found
}

/// A name as a query has it: in quotes unless it is a plain word.
fn quoted(name: &str) -> String {
    let is_plain = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    match is_plain && !name.starts_with(|c: char| c.is_ascii_digit()) {
        true => name.to_owned(),
        false => format!("\"{}\"", name.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &str, start: usize, expected: &[&str]) {
        let names = Names {
            tables: ["logs", "claude_code.logs", "usage"]
                .map(str::to_owned)
                .to_vec(),
            columns: ["model", "log_time", "span_attributes.model", "2nd"]
                .map(str::to_owned)
                .to_vec(),
        };
        let found = complete(typed, || &names);
        let expected = expected.iter().map(|word| (*word).to_owned()).collect();
        assert_eq!(found, (start, expected), "{typed:?}");
    }

    #[test]
    fn tables_columns_and_keywords_are_completed() {
        check("SELECT mo", 7, &["model"]);
        check("SELECT * FROM log", 14, &["log_time", "logs"]);
        check("SELECT * FROM claude_code.l", 14, &["claude_code.logs"]);
        check("SEL", 0, &["SELECT"]);
        check("sel", 0, &["select"]);
        check("SELECT u.mod", 7, &["u.model"]);
        check("SELECT json", 7, &["json_get_string("]);
        check("SELECT\n  mo", 9, &["model"]);
        check("SELECT count(mo", 13, &["model"]);
        check("SELECT nothing_like_it", 7, &[]);
    }

    #[test]
    fn names_that_are_no_words_come_in_quotes() {
        check("SELECT \"span_a", 7, &["\"span_attributes.model\""]);
        check("SELECT span_a", 7, &["\"span_attributes.model\""]);
        check("SELECT 2", 7, &["\"2nd\""]);
    }

    #[test]
    fn texts_are_left_alone() {
        check("SELECT 'mo", 8, &[]);
        check("SELECT 'it''s', mo", 16, &["model"]);
    }

    #[test]
    fn commands_and_their_values_are_completed() {
        check(".s", 0, &[".schema"]);
        check(".schema u", 8, &["usage"]);
        check(".format js", 8, &["json", "jsonl"]);
        check(".format p", 8, &[]);
    }

    #[test]
    fn odd_texts_do_no_harm() {
        check("\u{e4}\u{f6}", 0, &[]);
        check("SELECT '\u{1f600}", 12, &[]);
        check("SELECT \u{e4}\"\u{f6}.x", 7, &[]);
    }
}
