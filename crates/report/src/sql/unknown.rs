//! Short errors about columns that do not exist.

use crate::error::ReportError;

/// How many similar names an error tells.
const SIMILAR: usize = 3;

/// The error of a query in few words: names that exist instead of all there are, and nothing of
/// the engine's plan.
pub(super) fn shortened(message: &str) -> ReportError {
    let text = message
        .split("\n\nResolved plan")
        .next()
        .unwrap_or_default();
    let message = unknown_column(text)
        .or_else(|| lost_by_join(text))
        .or_else(|| two_of_one_name(text));
    ReportError::Query(message.unwrap_or_else(|| text.trim().to_owned()))
}

/// The engine loses columns whose name both sides of a join have.
fn lost(column: &str, table: &str) -> String {
    format!(
        "no column `{column}` in `{table}` behind this join; where both sides have it, rename it \
         first: WITH {table} AS (SELECT {column} AS {table}_{column}, ... FROM ...)"
    )
}

fn lost_by_join(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("no column named '")?;
    let (column, rest) = rest.split_once("' found in table '")?;
    let (table, _) = rest.split_once('\'')?;
    Some(lost(column, table))
}

fn two_of_one_name(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("contained duplicate output name '")?;
    let (name, _) = rest.split_once('\'')?;
    Some(format!("two columns are named `{name}`; name one with AS"))
}

fn unknown_column(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("unable to find column \"")?;
    let (name, rest) = rest.split_once('"')?;
    // So the engine names the columns of a join's other side.
    if let Some((column, table)) = name.split_once(':') {
        return Some(lost(column, table));
    }
    let mut similar: Vec<(usize, &str)> = rest
        .split_once("valid columns: [")
        .and_then(|(_, list)| list.split_once(']'))
        .into_iter()
        .flat_map(|(list, _)| list.split(", "))
        .map(|known| known.trim_matches('"'))
        .map(|known| (distance(name, known), known))
        .filter(|(distance, known)| {
            let longest = name.len().max(known.len());
            *distance <= longest.div_ceil(3) || known.contains(name)
        })
        .collect();
    similar.sort_unstable();
    similar.truncate(SIMILAR);
    let names: Vec<String> = similar.iter().map(|(_, n)| format!("`{n}`")).collect();
    Some(if names.is_empty() {
        format!("no column `{name}`")
    } else {
        format!("no column `{name}`; similar: {}", names.join(", "))
    })
}

/// How many bytes have to be changed, put in or taken out to make one name another.
fn distance(a: &str, b: &str) -> usize {
    let b = b.as_bytes();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &str) {
        assert_eq!(
            shortened(message).to_string(),
            format!("failed to run the query: {expected}")
        );
    }

    #[test]
    fn unknown_columns_name_similar_ones() {
        let list = "valid columns: [\"time\", \"model\", \"session_id\"]\n\nDid you mean \"x\"?";
        check(
            &format!("not found: unable to find column \"modle\"; {list}"),
            "no column `modle`; similar: `model`",
        );
        check(
            &format!("unable to find column \"session\"; {list}"),
            "no column `session`; similar: `session_id`",
        );
        check(
            "unable to find column \"odd\"; nothing more",
            "no column `odd`",
        );
        let lost = "no column `model` in `t` behind this join; where both sides have it, rename it \
                    first: WITH t AS (SELECT model AS t_model, ... FROM ...)";
        check("unable to find column \"model:t\"; valid", lost);
        check("no column named 'model' found in table 't'", lost);
        check(
            "projections contained duplicate output name 'n'. It's",
            "two columns are named `n`; name one with AS",
        );
        check("other\n\nResolved plan until failure: ...", "other");
    }

    #[test]
    fn distances_count_changes() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
    }
}
