//! The small pass that lets `database.table` through, and the list of known gaps.

use super::lexer::{Kind, Piece};
use crate::error::ReportError;
use std::collections::BTreeSet;

/// A query ready for the engine.
#[derive(Debug)]
pub(super) struct Rewritten {
    /// Its text, with `database.table` as one quoted name.
    pub(super) text: String,
    /// All names in it, those of tables among them.
    pub(super) names: BTreeSet<String>,
    /// Names that stand where tables stand (after `FROM`, `JOIN` or a comma behind them).
    pub(super) sources: BTreeSet<String>,
    /// Names that `WITH` defines.
    pub(super) defined: BTreeSet<String>,
}

/// Turns each `database.table` of the lake into the quoted name of one registered table.
pub(super) fn rewrite(
    query: &str,
    pieces: &[Piece],
    holds: impl Fn(&str, &str) -> bool,
) -> Rewritten {
    let mut text = String::with_capacity(query.len() + 16);
    let mut names = BTreeSet::new();
    let mut sources = BTreeSet::new();
    let mut defined = BTreeSet::new();
    let mut copied = 0;
    let mut at = 0;
    let mut after_from = false;
    while at < pieces.len() {
        let piece = &pieces[at];
        let behind_dot = at > 0 && pieces[at - 1].is_sign('.');
        let table = match &pieces[at..] {
            [db, dot, table, ..] if dot.is_sign('.') && !behind_dot => {
                let pair = db.name().zip(table.name());
                pair.filter(|(db, table)| holds(db, table))
                    .map(|pair| (pair, table))
            }
            _ => None,
        };
        let name = match table {
            Some(((db, table), last)) => {
                let name = format!("{db}.{table}");
                text.push_str(&query[copied..piece.range.start]);
                text.push('"');
                text.push_str(&name);
                text.push('"');
                copied = last.range.end;
                at += 2;
                Some(name)
            }
            None => piece.name().map(str::to_owned),
        };
        if let Some(name) = name {
            if after_from {
                sources.insert(name.clone());
            }
            let is_cte = matches!(pieces.get(at + 1), Some(next) if next.is_word("as"))
                && matches!(pieces.get(at + 2), Some(next) if next.is_sign('('));
            if is_cte {
                defined.insert(name.clone());
            }
            names.insert(name);
        }
        after_from = piece.is_word("from") || piece.is_word("join");
        at += 1;
    }
    text.push_str(&query[copied..]);
    Rewritten {
        text,
        names,
        sources,
        defined,
    }
}

/// Something that this SQL cannot run.
struct Gap {
    /// The words in a row; the last may be `(`.
    words: &'static [&'static str],
    feature: &'static str,
    hint: &'static str,
}

const BUCKETS: &str =
    "cut buckets from the integer time: time_unix_nano - time_unix_nano % 60000000000";
const PRESENT: &str = "write the time as a literal; a lake has no present";
const LEVELS: &str = "use UNION ALL of one GROUP BY per level";

const fn gap(words: &'static [&'static str], feature: &'static str, hint: &'static str) -> Gap {
    Gap {
        words,
        feature,
        hint,
    }
}

const GAPS: [Gap; 10] = [
    gap(&["date_trunc", "("], "DATE_TRUNC", BUCKETS),
    gap(&["date_bin", "("], "DATE_BIN", BUCKETS),
    gap(&["time_bucket", "("], "TIME_BUCKET", BUCKETS),
    gap(&["now", "("], "NOW()", PRESENT),
    gap(&["current_timestamp"], "CURRENT_TIMESTAMP", PRESENT),
    gap(&["exists", "("], "EXISTS", "use IN (SELECT ...) or a join"),
    gap(&["rollup", "("], "ROLLUP", LEVELS),
    gap(&["cube", "("], "CUBE", LEVELS),
    gap(
        &["at", "time", "zone"],
        "AT TIME ZONE",
        "times are UTC; the named reports take a time zone",
    ),
    gap(
        &["with", "recursive"],
        "WITH RECURSIVE",
        "join the table with itself as often as needed",
    ),
];

/// Refuses what is known not to run, by name; the engine names what else it cannot run.
///
/// # Errors
/// [`ReportError::Unsupported`].
pub(super) fn refuse_unsupported(pieces: &[Piece]) -> Result<(), ReportError> {
    let is = |piece: &Piece, word: &str| match &piece.kind {
        Kind::Word(known) => known == word,
        Kind::Sign(sign) => word.starts_with(*sign),
        Kind::Quoted(_) | Kind::Text => false,
    };
    let starts = ["select", "with", "values", "from", "explain"];
    let first = pieces.iter().find(|piece| !piece.is_sign('('));
    if !first.is_some_and(|piece| starts.iter().any(|word| piece.is_word(word))) {
        return Err(ReportError::Unsupported {
            feature: "statements other than queries",
            hint: "begin with SELECT or WITH (the command `tables` lists tables)",
        });
    }
    for gap in &GAPS {
        let holds = |window: &[Piece]| window.iter().zip(gap.words).all(|(p, word)| is(p, word));
        if pieces.windows(gap.words.len()).any(holds) {
            return Err(ReportError::Unsupported {
                feature: gap.feature,
                hint: gap.hint,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::lexer::lex;
    use super::*;

    fn check(query: &str, expected: &str) {
        let holds = |db: &str, table: &str| db == "claude_code" && table == "logs";
        assert_eq!(rewrite(query, &lex(query), holds).text, expected);
    }

    #[test]
    fn tables_of_databases_become_one_name() {
        check(
            "SELECT 1 FROM claude_code.logs",
            "SELECT 1 FROM \"claude_code.logs\"",
        );
        check(
            "select \"claude_code\" . logs.model from CLAUDE_CODE.\"logs\" l",
            "select \"claude_code.logs\".model from \"claude_code.logs\" l",
        );
        check("SELECT l.model FROM logs l", "SELECT l.model FROM logs l");
        check("SELECT 'claude_code.logs'", "SELECT 'claude_code.logs'");
        check("SELECT x.claude_code.logs", "SELECT x.claude_code.logs");
    }

    #[test]
    fn sources_and_definitions_are_found() {
        let query = "WITH a AS (SELECT * FROM logs) SELECT * FROM a JOIN claude_code.logs ON 1";
        let found = rewrite(query, &lex(query), |db, _| db == "claude_code");
        let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(list(&found.sources), "a claude_code.logs logs");
        assert_eq!(list(&found.defined), "a");
    }

    fn refused(query: &str, expected: Option<&str>) {
        let found = match refuse_unsupported(&lex(query)) {
            Err(ReportError::Unsupported { feature, .. }) => Some(feature),
            _ => None,
        };
        assert_eq!(found, expected, "{query}");
    }

    #[test]
    fn gaps_are_named() {
        refused(
            "SELECT date_trunc('day', time) FROM logs",
            Some("DATE_TRUNC"),
        );
        refused(
            "SELECT time AT TIME ZONE 'UTC' FROM logs",
            Some("AT TIME ZONE"),
        );
        refused("DROP TABLE logs", Some("statements other than queries"));
        refused("", Some("statements other than queries"));
        refused("SELECT now FROM logs", None);
        refused("SELECT 'now()' FROM logs", None);
        refused("(SELECT 1)", None);
    }
}
