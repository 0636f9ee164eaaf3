//! The small pass that lets `database.table` and familiar literals through.

use super::lexer::Piece;
use super::literals;
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
    /// Whether all columns of something may be asked for.
    pub(super) has_star: bool,
}

impl Rewritten {
    /// True when a column of this name may be asked for.
    pub(super) fn mentions(&self, column: &str) -> bool {
        self.has_star || self.names.contains(column)
    }
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
    let mut changes = literals::changes(query, pieces).into_iter().peekable();
    while at < pieces.len() {
        let piece = &pieces[at];
        if let Some((range, new)) = changes.next_if(|(range, _)| *range == piece.range) {
            text.push_str(&query[copied..range.start]);
            text.push_str(&new);
            copied = range.end;
        }
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
                // Not a table that the lake holds, but what somebody takes for one.
                let qualified = match &pieces[at + 1..] {
                    [dot, table, ..] if dot.is_sign('.') => table.name(),
                    _ => None,
                };
                sources.insert(match qualified {
                    Some(table) => format!("{name}.{table}"),
                    None => name.clone(),
                });
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
        has_star: pieces.windows(2).any(|pair| {
            // Elsewhere it multiplies, or counts rows.
            let is_list = pair[0].is_sign(',') || pair[0].is_sign('.');
            let is_first = ["select", "distinct", "all"]
                .iter()
                .any(|word| pair[0].is_word(word));
            pair[1].is_sign('*') && (is_list || is_first)
        }),
    }
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
        assert!(found.mentions("anything"));
        let query = "SELECT count(*), a * b FROM logs";
        let found = rewrite(query, &lex(query), |_, _| false);
        assert!(found.mentions("b") && !found.mentions("c"));
    }
}
