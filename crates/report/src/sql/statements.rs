//! Where one statement ends and the next begins.

use super::lexer::lex;

/// A text cut at its semicolons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statements<'a> {
    /// The statements that a semicolon ends, without it and without blanks around. Empty ones and
    /// mere comments are left out.
    pub complete: Vec<&'a str>,
    /// What stands behind the last semicolon; none if that is nothing but blanks and comments.
    pub rest: Option<&'a str>,
}

/// Cuts a text at its semicolons. Those within texts, quoted names and comments end nothing, and so
/// does none behind a quote or a comment that is still open.
pub fn statements(text: &str) -> Statements<'_> {
    let mut complete = Vec::new();
    let mut start = 0;
    let mut is_empty = true;
    for piece in lex(text) {
        if !piece.is_sign(';') {
            is_empty = false;
            continue;
        }
        if !is_empty {
            complete.push(text[start..piece.range.start].trim());
        }
        start = piece.range.end;
        is_empty = true;
    }
    let rest = (!is_empty).then(|| text[start..].trim());
    Statements { complete, rest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, complete: &[&str], rest: Option<&str>) {
        let expected = Statements {
            complete: complete.to_vec(),
            rest,
        };
        assert_eq!(statements(text), expected, "{text:?}");
    }

    #[test]
    fn semicolons_end_statements() {
        check("SELECT 1;", &["SELECT 1"], None);
        check("SELECT 1", &[], Some("SELECT 1"));
        check(" SELECT 1 ; SELECT 2;\n", &["SELECT 1", "SELECT 2"], None);
        check("SELECT 1; SELECT\n2 ", &["SELECT 1"], Some("SELECT\n2"));
        check("SELECT\n1\n;", &["SELECT\n1"], None);
    }

    #[test]
    fn empty_statements_and_comments_are_none() {
        check("", &[], None);
        check(" ;; ; ", &[], None);
        check("-- nothing; at all", &[], None);
        check("SELECT 1; -- done", &["SELECT 1"], None);
        check("/* a; b */ ; SELECT 1;", &["SELECT 1"], None);
        check("-- why\nSELECT 1; /* and", &["-- why\nSELECT 1"], None);
    }

    #[test]
    fn semicolons_in_quotes_and_comments_end_nothing() {
        check("SELECT 'a;b';", &["SELECT 'a;b'"], None);
        check("SELECT 'it''s; so';", &["SELECT 'it''s; so'"], None);
        check("SELECT \"a;b\", `c;d`;", &["SELECT \"a;b\", `c;d`"], None);
        check("SELECT 1 -- a;\n, 2;", &["SELECT 1 -- a;\n, 2"], None);
        check(
            "SELECT /* ; /* ; */ ; */ 1;",
            &["SELECT /* ; /* ; */ ; */ 1"],
            None,
        );
        check("SELECT '--', 1;", &["SELECT '--', 1"], None);
    }

    #[test]
    fn what_is_open_goes_on() {
        check("SELECT 'a;\nb;", &[], Some("SELECT 'a;\nb;"));
        check("SELECT \"a;", &[], Some("SELECT \"a;"));
        check("SELECT 1 /* a;", &[], Some("SELECT 1 /* a;"));
        check("SELECT 1 -- a;", &[], Some("SELECT 1 -- a;"));
        check("\u{e4};'\u{1f600};", &["\u{e4}"], Some("'\u{1f600};"));
    }
}
