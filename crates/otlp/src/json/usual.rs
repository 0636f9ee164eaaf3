//! Members that come in the order of the object before.
//!
//! An emitter writes all objects of a kind alike. So the member that followed at the same place in
//! the object before is compared first, with the comma, the quotes, the colon and the spaces around it;
//! only where it is another one is its name read (bench `stages`, `visit`).

use super::fault::Stop;
use super::reader::Reader;

/// Members of an object whose order is remembered; others are read as they come.
const PLACES: usize = 16;

/// Objects that come often.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Span,
    LogRecord,
    Metric,
    Data,
    NumberPoint,
    HistogramPoint,
}

/// The members of the object of each kind that was read last.
#[derive(Debug, Default)]
pub(super) struct UsualMembers<'a>([[Usual<'a>; PLACES]; Kind::HistogramPoint as usize + 1]);

/// A member as it was written; empty where there was none, or none that can be compared.
#[derive(Clone, Copy, Debug, Default)]
struct Usual<'a> {
    /// From what follows the value before, which is the comma, up to the value.
    written: &'a str,
    name: &'a str,
}

/// How far the members of an object were read.
#[derive(Debug)]
pub(super) struct Place {
    kind: Kind,
    first: bool,
    number: usize,
}

impl Place {
    /// In front of the first member of an object.
    pub(super) fn first_of(kind: Kind) -> Self {
        Self {
            kind,
            first: true,
            number: 0,
        }
    }
}

impl<'a> Reader<'a> {
    /// As [`Reader::member`], for objects of a kind that comes often.
    #[inline]
    pub(super) fn usual_member(&mut self, place: &mut Place) -> Result<Option<&'a str>, Stop> {
        if self.peek() == b'}' {
            self.pos += 1;
            return Ok(None);
        }
        // What was written for a first member has no comma, for all others it has one.
        if place.first != (self.peek() == b',') {
            let rest = self.rest();
            let is_next = |usual: &Usual<'_>| {
                !usual.written.is_empty() && rest.starts_with(usual.written.as_bytes())
            };
            // The member at this place may be missing in this object; if it is the first, the next is read.
            let usual = &self.usual.0[place.kind as usize];
            let mut ahead = usual.iter().enumerate().skip(place.number).take(2);
            if let Some((number, usual)) = ahead.find(|(_, usual)| is_next(usual)) {
                let Usual { written, name } = *usual;
                self.pos += written.len();
                self.space();
                (place.first, place.number) = (false, number + 1);
                return Ok(Some(name));
            }
        }
        self.unusual_member(place)
    }

    /// Reads the name of a member and remembers it, if it is written as it can be compared.
    #[inline(never)]
    fn unusual_member(&mut self, place: &mut Place) -> Result<Option<&'a str>, Stop> {
        let start = self.pos;
        let Some(name) = self.member(&mut place.first)? else {
            return Ok(None);
        };
        if let Some(slot) = self.usual.0[place.kind as usize].get_mut(place.number) {
            let written = self.text.get(start..self.pos).unwrap_or_default();
            // What an escape stands for may have to be noted each time.
            let is_comparable = written.starts_with(if place.number == 0 { '"' } else { ',' })
                && !written.contains('\\');
            *slot = match is_comparable {
                true => Usual { written, name },
                false => Usual::default(),
            };
            place.number += 1;
        }
        Ok(Some(name))
    }
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::known_lists::KnownLists;

    /// The members of each object of a list, all values being numbers, read in both ways.
    fn check(text: &str) {
        let read = |usual: bool| {
            let (names, mut lists) = (Bump::new(), KnownLists::default());
            let mut reader = Reader::new(text, &names, &mut lists);
            let mut found = Vec::new();
            let mut read = || {
                reader.list()?;
                let mut first_object = true;
                while reader.element(&mut first_object)? {
                    reader.object()?;
                    let (mut first, mut place) = (true, Place::first_of(Kind::Span));
                    while let Some(name) = match usual {
                        true => reader.usual_member(&mut place)?,
                        false => reader.member(&mut first)?,
                    } {
                        found.push((name.to_owned(), reader.number()?.to_owned()));
                    }
                }
                Ok(())
            };
            let end: Result<(), Stop> = read();
            let fault = end.is_err().then(|| {
                let fault = reader.take_fault();
                (fault.code, fault.offset, fault.message)
            });
            (found, fault, reader.offset())
        };
        assert_eq!(read(true), read(false), "{text}");
    }

    #[test]
    fn members_are_the_same_whatever_came_before() {
        check(r#"[{"a":1,"b":2,"c":3},{"a":4,"b":5,"c":6},{"a":7,"b":8,"c":9}]"#);
        check(r#"[{"a":1,"b":2,"c":3},{"b":4,"c":5},{"a":6,"c":7},{"c":8},{},{"a":9}]"#);
        check(r#"[{"a":1,"b":2},{"b":3,"a":4},{"a":5,"a":6},{"ab":7,"b":8,"c":9,"d":0}]"#);
        check(r#"[{ "a" : 1 , "b" : 2 },{"a": 3, "b": 4},{"a":5 ,"b":6}, {"a":7,"b":8}]"#);
        check(r#"[{"a": 1, "b": 2}, {"a": 3, "b": 4}, {"a":5, "b":  6}, {"b": 7}, {"b" : 8}]"#);
        check("[{\n\"a\":\t1,\r\n\"b\": 2},{\n\"a\":\t3,\r\n\"b\": 4},{\"a\":5}]");
        check(r#"[{"\u0061":1,"b\"":2},{"a":3,"b\"":4},{"\u0061":5,"":6},{"":7,"b\"":8}]"#);
        let long: Vec<String> = (0..40).map(|n| format!("\"m{n}\":{n}")).collect();
        let long = long.join(",");
        check(&format!("[{{{long}}},{{{long}}},{{\"m0\":1,{long}}}]"));
    }

    #[test]
    fn what_is_broken_is_broken_whatever_came_before() {
        let whole = r#"{"a":1,"b":2}"#;
        for broken in [
            r#"{,"a":1}"#,
            r#"{"a":1"b":2}"#,
            r#"{"a":1,}"#,
            r#"{"a":1,,"b":2}"#,
            r#"{ ,"b":2}"#,
            r#"{,"b":2}"#,
            r#"{"a":1 "b":2}"#,
            r#"{"a":1,"b": }"#,
            r#"{"a"1}"#,
            r#"{"a":1,"b":"#,
            r#"{"a":1,"b"#,
            r#"{"a":1,"#,
            "{",
        ] {
            for whole in [whole, r#"{"a":1 ,"b":2}"#, r#"{ "a" : 1, "b" : 2 }"#] {
                check(&format!("[{whole},{broken}"));
            }
        }
    }
}
