//! Strings of JSON.

use bumpalo::Bump;
use bumpalo::collections::String as BumpString;

use super::fault::{Note, Stop};
use super::reader::Reader;
use super::scan::string_special;

impl<'a> Reader<'a> {
    /// Reads a string: borrowed from the text, or unescaped into `bump`.
    #[inline]
    pub(super) fn string<'b>(&mut self, bump: &'b Bump) -> Result<&'b str, Stop>
    where
        'a: 'b,
    {
        if self.peek() != b'"' {
            return self.wrong_kind("a string");
        }
        self.pos += 1;
        self.string_body(bump)
    }

    /// Reads a string whose opening quote was taken already.
    // Always: a call for each short string costs a twelfth of the time (bench `decode/json`).
    #[inline(always)]
    pub(super) fn string_body<'b>(&mut self, bump: &'b Bump) -> Result<&'b str, Stop>
    where
        'a: 'b,
    {
        let end = string_special(self.bytes, self.pos);
        if self.bytes.get(end) == Some(&b'"') {
            let text = &self.text[self.pos..end];
            self.pos = end + 1;
            return Ok(text);
        }
        self.escaped_string(bump)
    }

    /// Reads a string that has escapes, or that ends badly.
    #[cold]
    fn escaped_string<'b>(&mut self, bump: &'b Bump) -> Result<&'b str, Stop> {
        let mut out = BumpString::new_in(bump);
        loop {
            let end = string_special(self.bytes, self.pos);
            out.push_str(&self.text[self.pos..end]);
            self.pos = end;
            match self.bytes.get(end) {
                Some(b'"') => {
                    self.pos += 1;
                    return Ok(out.into_bump_str());
                }
                Some(b'\\') => {
                    let character = self.escape()?;
                    out.push(character);
                }
                Some(_) => return self.syntax("no control character in a string"),
                None => return self.syntax("the end of a string"),
            }
        }
    }

    /// Reads one escape sequence, a surrogate pair included.
    fn escape(&mut self) -> Result<char, Stop> {
        self.pos += 1;
        let character = match self.peek() {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                self.pos += 1;
                let unit = self.hex_unit()?;
                return self.finish_unit(unit);
            }
            _ => return self.syntax("an escape sequence"),
        };
        self.pos += 1;
        Ok(character)
    }

    /// Makes a character of a UTF-16 code unit and, if it is a high surrogate, of the low one
    /// that follows. Half a pair becomes U+FFFD with a note.
    fn finish_unit(&mut self, unit: u32) -> Result<char, Stop> {
        if let Some(character) = char::from_u32(unit) {
            return Ok(character);
        }
        if unit < 0xDC00 && self.eat(b"\\u") {
            let back = self.pos - 2;
            let low = self.hex_unit()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.pos = back;
        }
        self.note(Note::LoneSurrogate);
        Ok(char::REPLACEMENT_CHARACTER)
    }

    /// Reads the four hex digits of a `\u` escape.
    pub(super) fn hex_unit(&mut self) -> Result<u32, Stop> {
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = char::from(self.peek()).to_digit(16) else {
                return self.syntax("four hex digits");
            };
            unit = unit * 16 + digit;
            self.pos += 1;
        }
        Ok(unit)
    }

    /// Reads a string that is only looked at, such as an enum name or a quoted number.
    #[inline]
    pub(super) fn word(&mut self) -> Result<&'a str, Stop> {
        self.string(self.names)
    }
}
