//! The words of a query, as far as names have to be told from strings and comments.

use std::ops::Range;

/// What a piece of a query is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword or a plain name, in lower case.
    Word(String),
    /// A quoted name, without quotes.
    Quoted(String),
    /// A string in single quotes.
    Text,
    /// A number.
    Number,
    /// Any other single character that is no space.
    Sign(char),
}

/// A piece of a query with its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) range: Range<usize>,
}

impl Piece {
    /// The name that the piece stands for.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(name) | Kind::Quoted(name) => Some(name),
            Kind::Text | Kind::Number | Kind::Sign(_) => None,
        }
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        matches!(&self.kind, Kind::Word(w) if w == word)
    }

    pub(crate) fn is_sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// Cuts a query into pieces; spaces and comments are left out. What is not closed ends with the
/// query: the parser will complain.
pub(crate) fn lex(query: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(first) = query[at..].chars().next() {
        let rest = &query[at..];
        let (len, kind) = match first {
            _ if rest.starts_with("--") => (rest.find('\n').unwrap_or(rest.len()), None),
            _ if rest.starts_with("/*") => (comment(rest), None),
            '\'' => (quoted(rest, '\''), Some(Kind::Text)),
            '"' | '`' => {
                let len = quoted(rest, first);
                let inner = rest[1..len].strip_suffix(first).unwrap_or(&rest[1..len]);
                let name = inner.replace(&format!("{first}{first}"), &first.to_string());
                (len, Some(Kind::Quoted(name)))
            }
            c if c.is_alphabetic() || c == '_' => {
                let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
                let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                (len, Some(Kind::Word(rest[..len].to_lowercase())))
            }
            c if c.is_ascii_digit() => {
                // A number such as 1.5e3 is no `schema.table`.
                (number(rest), Some(Kind::Number))
            }
            c if c.is_whitespace() => (c.len_utf8(), None),
            c => (c.len_utf8(), Some(Kind::Sign(c))),
        };
        pieces.extend(kind.map(|kind| Piece {
            kind,
            range: at..at + len,
        }));
        at += len;
    }
    pieces
}

/// Length of a number, with a sign behind its `e`.
fn number(rest: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    let is_open = rest[..len].ends_with(['e', 'E']);
    match rest[len..].strip_prefix(['+', '-']) {
        Some(power) if is_open && power.starts_with(|c: char| c.is_ascii_digit()) => {
            let digits = power.find(|c: char| !c.is_ascii_digit());
            len + 1 + digits.unwrap_or(power.len())
        }
        _ => len,
    }
}

/// Length of a text in quotes; doubled quotes stand for one.
fn quoted(rest: &str, quote: char) -> usize {
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            continue;
        }
        if chars.next_if(|(_, next)| *next == quote).is_none() {
            return at + c.len_utf8();
        }
    }
    rest.len()
}

/// Length of a comment, which may hold others.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query: &str, names: &[&str]) {
        let pieces = lex(query);
        let found: Vec<&str> = pieces.iter().filter_map(Piece::name).collect();
        assert_eq!(found, names, "{query}");
    }

    #[test]
    fn names_are_told_from_strings_and_comments() {
        check("SELECT a FROM b.c", &["select", "a", "from", "b", "c"]);
        check("SELECT 'x ''y'' z' -- w\n, v", &["select", "v"]);
        check("/* a /* b */ c */ d", &["d"]);
        check("\"A b\".\"c\"\"d\" `e`", &["A b", "c\"d", "e"]);
        check("1.5e3 + x", &["x"]);
        check("1.5e-3-e", &["e"]);
        check("1e-x", &["x"]);
        check("'open", &[]);
        check("\"open", &["open"]);
        check("/* open", &[]);
        check("\u{e4}\u{f6} \u{1f600} 'x", &["\u{e4}\u{f6}"]);
    }
}
