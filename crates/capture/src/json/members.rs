//! Walks the members of a JSON object without decoding their values.

use super::{brackets, scan};

/// One member: the bytes between the quotes of its key, and those of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Member<'a> {
    pub key: &'a [u8],
    pub value: &'a [u8],
}

/// The members of an object, in order.
///
/// Ends early where the text is not JSON; [`Self::is_whole`] tells.
pub(super) struct Members<'a> {
    bytes: &'a [u8],
    at: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Going,
    Whole,
    Broken,
}

impl<'a> Members<'a> {
    pub fn of(object: &'a [u8]) -> Self {
        let state = match object.first() {
            Some(b'{') => State::Going,
            _ => State::Broken,
        };
        Self {
            bytes: object,
            at: 1,
            state,
        }
    }

    /// Whether the object was walked to its closing bracket.
    pub fn is_whole(&self) -> bool {
        self.state == State::Whole
    }

    /// The key of the next member, and the text from its value on. Does not look for the end of
    /// the value, and does not advance.
    pub fn peek(&self) -> Option<(&'a [u8], &'a [u8])> {
        if self.state != State::Going {
            return None;
        }
        let (key, value) = self.key(self.skip_blank(self.at))?;
        Some((key, &self.bytes[value..]))
    }

    fn skip_blank(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.len() - rest.trim_ascii_start().len()
    }

    /// The key at `at` and where its value begins.
    fn key(&self, at: usize) -> Option<(&'a [u8], usize)> {
        if self.bytes.get(at) != Some(&b'"') {
            return None;
        }
        let end = scan::string_end(self.bytes, at + 1)?;
        let colon = self.skip_blank(end + 1);
        if self.bytes.get(colon) != Some(&b':') {
            return None;
        }
        Some((&self.bytes[at + 1..end], self.skip_blank(colon + 1)))
    }

    fn advance(&mut self) -> Option<Member<'a>> {
        let (key, start) = self.key(self.skip_blank(self.at))?;
        let end = start + value_len(self.bytes.get(start..)?)?;
        let after = self.skip_blank(end);
        match self.bytes.get(after)? {
            b',' => self.at = after + 1,
            b'}' => self.state = State::Whole,
            _ => return None,
        }
        Some(Member {
            key,
            value: &self.bytes[start..end],
        })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        if self.state != State::Going {
            return None;
        }
        if self.at == 1 && self.bytes.get(self.skip_blank(1)) == Some(&b'}') {
            self.state = State::Whole;
            return None;
        }
        let member = self.advance();
        if member.is_none() {
            self.state = State::Broken;
        }
        member
    }
}

fn value_len(bytes: &[u8]) -> Option<usize> {
    match bytes.first()? {
        b'{' | b'[' => brackets::value_len(bytes),
        b'"' => {
            let end = scan::string_end(bytes, 1)?;
            (bytes[end] == b'"').then_some(end + 1)
        }
        _ => {
            let end = bytes
                .iter()
                .position(|byte| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace());
            end.filter(|end| *end > 0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Members;

    fn check(text: &str, expected: &[(&str, &str)], whole: bool) {
        let mut members = Members::of(text.as_bytes());
        let found: Vec<(String, String)> = members
            .by_ref()
            .map(|member| {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                (text(member.key), text(member.value))
            })
            .collect();
        let found: Vec<(&str, &str)> = found.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!((&*found, members.is_whole()), (expected, whole), "{text}");
    }

    #[test]
    fn members_are_walked_with_their_raw_values() {
        check("{}", &[], true);
        check("{ }", &[], true);
        check(
            r#"{ "a" : "x\"y" , "b":{"c":[1,2]},"d":1.5e3 }"#,
            &[("a", r#""x\"y""#), ("b", r#"{"c":[1,2]}"#), ("d", "1.5e3")],
            true,
        );
    }

    #[test]
    fn broken_objects_end_early() {
        check("[]", &[], false);
        check("{a:1}", &[], false);
        check(r#"{"a":1"#, &[], false);
        check(r#"{"a":1,"#, &[("a", "1")], false);
        check(r#"{"a":1 "b":2}"#, &[], false);
        check(r#"{"a":}"#, &[], false);
    }
}
