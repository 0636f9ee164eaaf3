//! Skipping of values that nobody reads, with their grammar checked.

use super::fault::Stop;
use super::reader::Reader;
use super::scan::string_special;

impl Reader<'_> {
    /// Skips one value of any kind, checking its grammar. Nesting has no limit here: it takes
    /// one byte of memory per level, no stack.
    pub(super) fn skip_value(&mut self) -> Result<(), Stop> {
        self.nesting.clear();
        loop {
            match self.peek() {
                b'{' => {
                    self.pos += 1;
                    self.space();
                    if self.peek() == b'}' {
                        self.pos += 1;
                    } else {
                        self.nesting.push(true);
                        self.skip_name()?;
                        continue;
                    }
                }
                b'[' => {
                    self.pos += 1;
                    self.space();
                    if self.peek() == b']' {
                        self.pos += 1;
                    } else {
                        self.nesting.push(false);
                        continue;
                    }
                }
                b'"' => self.skip_string()?,
                b't' if self.eat(b"true") => {}
                b'f' if self.eat(b"false") => {}
                b'n' if self.eat(b"null") => {}
                b'-' | b'0'..=b'9' => {
                    self.number()?;
                }
                _ => return self.syntax("a value"),
            }
            if !self.skip_after_value()? {
                return Ok(());
            }
        }
    }

    /// After a skipped value: closes what ends here; false when the outermost value has ended.
    #[inline]
    fn skip_after_value(&mut self) -> Result<bool, Stop> {
        loop {
            let Some(&in_object) = self.nesting.last() else {
                return Ok(false);
            };
            self.space();
            match (self.peek(), in_object) {
                (b',', _) => {
                    self.pos += 1;
                    self.space();
                    if in_object {
                        self.skip_name()?;
                    }
                    return Ok(true);
                }
                (b'}', true) | (b']', false) => {
                    self.pos += 1;
                    self.nesting.pop();
                }
                (_, true) => return self.syntax("`,` or `}`"),
                (_, false) => return self.syntax("`,` or `]`"),
            }
        }
    }

    fn skip_name(&mut self) -> Result<(), Stop> {
        if self.peek() != b'"' {
            return self.syntax("a member name");
        }
        self.skip_string()?;
        self.space();
        if self.peek() != b':' {
            return self.syntax("`:`");
        }
        self.pos += 1;
        self.space();
        Ok(())
    }

    /// Skips a string. Its escapes are checked, its characters are not made.
    #[inline]
    fn skip_string(&mut self) -> Result<(), Stop> {
        self.pos += 1;
        loop {
            self.pos = string_special(self.bytes, self.pos);
            match self.peek() {
                b'"' => {
                    self.pos += 1;
                    return Ok(());
                }
                b'\\' => self.skip_escape()?,
                _ if self.is_at_end() => return self.syntax("the end of a string"),
                _ => return self.syntax("no control character in a string"),
            }
        }
    }

    fn skip_escape(&mut self) -> Result<(), Stop> {
        self.pos += 1;
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.pos += 1,
            b'u' => {
                self.pos += 1;
                self.hex_unit()?;
            }
            _ => return self.syntax("an escape sequence"),
        }
        Ok(())
    }
}
