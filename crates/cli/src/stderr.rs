//! Lines on standard error: notes, warnings, errors.

use std::fmt::Display;
use std::io::{self, Write as _};

use crate::render::one_line;

/// Prints lines. What came from captures may hold control characters, which must reach no terminal:
/// all but line feeds are escaped.
pub fn print(text: impl Display) {
    let text = text.to_string();
    let lines: Vec<String> = text.split('\n').map(one_line).collect();
    // Nobody may be listening any more, as with `2>&1 | head`; there is no other place to say so.
    let _ = writeln!(io::stderr().lock(), "{}", lines.join("\n"));
}

/// The text in as many lines as it has, all but the first one indented, so that none of them is
/// taken for a line of ours.
pub fn indented(text: impl Display) -> String {
    text.to_string().replace('\n', "\n    ")
}
