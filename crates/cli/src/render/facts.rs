//! Named facts, one per line: how summaries for people are written.

use std::fmt::Display;
use std::io::{self, Write};

use super::numbers::count;
use super::table::one_line;

/// Width of the names.
const NAME: usize = 12;

/// Writes a fact: its name, padded, and what there is to say.
pub fn fact(out: &mut impl Write, name: &str, text: impl Display) -> io::Result<()> {
    let text = one_line(&text.to_string());
    writeln!(out, "{name:NAME$}{text}")
}

/// Writes something that belongs to the fact above.
pub fn detail(out: &mut impl Write, text: impl Display) -> io::Result<()> {
    fact(out, "", text)
}

/// A total and what it is made of, without the parts that are 0:
/// `34 read = 33 converted + 1 rejected`. Of a single part that is all, only the part is named.
pub fn balance(total: u64, whole: &str, parts: &[(u64, &str)]) -> String {
    let some: Vec<String> = parts
        .iter()
        .filter(|(n, _)| *n > 0)
        .map(|(n, name)| format!("{} {name}", count(*n)))
        .collect();
    if some.is_empty() {
        return format!("{} {whole}", count(total));
    }
    format!("{} {whole} = {}", count(total), some.join(" + "))
}

/// A count with its noun: `1 request`, `34 requests`.
pub fn counted(n: u64, noun: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(n))
}

/// A place in a capture and what is wrong there.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The file as named by the user.
    pub file: &'a str,
    /// Number of the frame, from 1.
    pub frame: u64,
    /// Byte offset of the frame.
    pub offset: u64,
    /// Why, for people.
    pub message: &'a str,
}

impl Display for Place<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            file,
            frame,
            offset,
            message,
        } = self;
        write!(f, "{file}: frame {frame} at byte {offset}: {message}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(total: u64, parts: &[(u64, &str)], expected: &str) {
        assert_eq!(balance(total, "read", parts), expected);
    }

    #[test]
    fn balances_name_what_there_is() {
        check(0, &[(0, "converted")], "0 read");
        check(
            34,
            &[(34, "converted"), (0, "rejected")],
            "34 read = 34 converted",
        );
        check(
            1034,
            &[(1033, "converted"), (1, "rejected")],
            "1,034 read = 1,033 converted + 1 rejected",
        );
    }

    #[test]
    fn facts_stay_in_their_line() {
        let mut out = Vec::new();
        fact(&mut out, "name", "a\n\u{1b}[31mb").unwrap();
        assert_eq!(out, b"name        a\\n\\u{1b}[31mb\n");
    }
}
