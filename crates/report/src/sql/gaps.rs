//! What this SQL cannot run, and what to write instead.

use super::lexer::{Kind, Piece};
use crate::error::ReportError;

/// Something that this SQL cannot run.
struct Gap {
    /// The words in a row; a sign stands for itself, `'` for any text.
    words: &'static [&'static str],
    feature: &'static str,
    hint: &'static str,
}

const LEVELS: &str = "use UNION ALL of one GROUP BY per level: SELECT a, count(*) AS n FROM t GROUP BY a \
                      UNION ALL SELECT NULL AS a, count(*) AS n FROM t";
const ZONE: &str = "times are UTC; the named reports take a time zone";
const WITH: &str = "name it: WITH found AS (SELECT ...) ... IN (SELECT x FROM found)";
const ONE_VALUE: &str = "name it and join it: WITH one AS (SELECT max(x) AS most FROM t) SELECT ... FROM t \
                         CROSS JOIN one WHERE x = most; for any of several values, IN (SELECT ...)";
const EXISTENCE: &str = "use x IN (SELECT x FROM t WHERE ...), or NOT IN";
const PER_ROW: &str = "GROUP BY in a sub-query what rows have in common, and join it";
const SECONDS: &str = "subtract seconds: epoch(b) - epoch(a)";
const WINDOWS: &str = "SELECT time_bucket(INTERVAL '5 minutes', time) AS bucket, ... GROUP BY bucket and the \
                       labels; the report token-rate and those of hosts fill gaps";
const FILLED: &str = "use time_bucket; the report token-rate and those of hosts fill gaps";

const fn gap(words: &'static [&'static str], feature: &'static str, hint: &'static str) -> Gap {
    Gap {
        words,
        feature,
        hint,
    }
}

const GAPS: [Gap; 18] = [
    gap(&["range", "'"], "RANGE ... ALIGN ... FILL", WINDOWS),
    gap(&["align", "'"], "RANGE ... ALIGN ... FILL", WINDOWS),
    gap(&["date_bin_gapfill", "("], "DATE_BIN_GAPFILL", FILLED),
    gap(&["time_bucket_gapfill", "("], "TIME_BUCKET_GAPFILL", FILLED),
    gap(
        &["to_timestamp", "("],
        "TO_TIMESTAMP",
        "use the column time",
    ),
    gap(
        &["from_unixtime", "("],
        "FROM_UNIXTIME",
        "use the column time",
    ),
    gap(&["date_diff", "("], "DATE_DIFF", SECONDS),
    gap(&["datediff", "("], "DATEDIFF", SECONDS),
    gap(&["timestampdiff", "("], "TIMESTAMPDIFF", SECONDS),
    gap(&["exists", "("], "EXISTS", EXISTENCE),
    gap(&["rollup", "("], "ROLLUP", LEVELS),
    gap(&["with", "rollup"], "ROLLUP", LEVELS),
    gap(&["cube", "("], "CUBE", LEVELS),
    gap(&["grouping", "sets"], "GROUPING SETS", LEVELS),
    gap(&["lateral", "("], "LATERAL", PER_ROW),
    gap(&["at", "time", "zone"], "AT TIME ZONE", ZONE),
    gap(
        &["percentile", "("],
        "PERCENTILE",
        "use QUANTILE_CONT(x, 0.95)",
    ),
    gap(
        &["with", "recursive"],
        "WITH RECURSIVE",
        "join the table with itself as often as needed",
    ),
];

/// Gaps that the engine finds, by its words.
const ENGINE_GAPS: [(&[&str], &str, &str); 6] = [
    (
        &["unsupported function 'otolith_bin"],
        "buckets of time within a sub-query of WHERE",
        WITH,
    ),
    (
        &["unsupported function 'json_get"],
        "JSON functions within a sub-query of WHERE",
        WITH,
    ),
    (&["subquery"], "sub-queries for one value", ONE_VALUE),
    (
        &["sort expressions must have same length"],
        "an aggregate in ORDER BY",
        "name it: SELECT COUNT(*) AS n ... ORDER BY n",
    ),
    (
        &["join constraint", "Between {"],
        "BETWEEN in a join",
        "use >= and <=",
    ),
    (
        &["only 'ROWS BETWEEN UNBOUNDED PRECEDING"],
        "this window frame",
        "use ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW",
    ),
];

/// Refuses what is known not to run, by name; the engine names what else it cannot run.
///
/// # Errors
/// [`ReportError::Unsupported`].
pub(super) fn refuse(pieces: &[Piece]) -> Result<(), ReportError> {
    let is = |piece: &Piece, word: &str| match &piece.kind {
        Kind::Word(known) => known == word,
        Kind::Sign(sign) => word.starts_with(*sign),
        Kind::Text => word == "'",
        Kind::Quoted(_) | Kind::Number => false,
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

/// The gap that an error of the engine is about.
pub(super) fn known(message: &str) -> Option<ReportError> {
    let holds = |words: &[&str]| words.iter().all(|word| message.contains(word));
    let found = ENGINE_GAPS.iter().find(|(words, ..)| holds(words));
    found.map(|(_, feature, hint)| ReportError::Unsupported { feature, hint })
}

#[cfg(test)]
mod tests {
    use super::super::lexer::lex;
    use super::*;

    fn refused(query: &str, expected: Option<&str>) {
        let found = match refuse(&lex(query)) {
            Err(ReportError::Unsupported { feature, .. }) => Some(feature),
            _ => None,
        };
        assert_eq!(found, expected, "{query}");
    }

    #[test]
    fn gaps_are_named() {
        refused(
            "SELECT date_bin_gapfill(INTERVAL '1 day', time) FROM logs",
            Some("DATE_BIN_GAPFILL"),
        );
        refused(
            "SELECT time AT TIME ZONE 'UTC' FROM logs",
            Some("AT TIME ZONE"),
        );
        refused("DROP TABLE logs", Some("statements other than queries"));
        refused("", Some("statements other than queries"));
        refused("SELECT a FROM t GROUP BY a WITH ROLLUP", Some("ROLLUP"));
        refused("SELECT a FROM t GROUP BY ROLLUP (a)", Some("ROLLUP"));
        refused("SELECT a FROM t GROUP BY CUBE(a)", Some("CUBE"));
        refused(
            "SELECT a FROM t GROUP BY GROUPING SETS ((a), ())",
            Some("GROUPING SETS"),
        );
        refused(
            "SELECT 1 FROM t WHERE NOT EXISTS (SELECT 1 FROM u)",
            Some("EXISTS"),
        );
        refused("SELECT 1 FROM t, LATERAL (SELECT 1) AS x", Some("LATERAL"));
        refused(
            "SELECT sum(a) RANGE '5m' FROM t ALIGN '5m' FILL PREV",
            Some("RANGE ... ALIGN ... FILL"),
        );
        refused("SELECT a - b, range FROM logs", None);
        refused("SELECT rollup, lateral, exists_not FROM logs", None);
        refused("SELECT now FROM logs", None);
        refused("SELECT 'now()' FROM logs", None);
        refused("(SELECT 1)", None);
    }
}
