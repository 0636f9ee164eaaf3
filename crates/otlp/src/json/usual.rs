//! Members that come in the order of the object before.
//!
//! An emitter writes all objects of a kind alike. So the member that followed at the same place in
//! the object before is compared first, quotes and colon included; only where it is another one is its
//! name read (bench `stages`, `visit`).

use super::reader::{Reader, Stop};

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

/// The members of the object of each kind that was read last, each as `"name":`; empty where none was.
#[derive(Debug, Default)]
pub(super) struct UsualMembers<'a>([[&'a str; PLACES]; Kind::HistogramPoint as usize + 1]);

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
        let separator = usize::from(!place.first);
        if place.first || self.peek() == b',' {
            let rest = self.bytes.get(self.pos + separator..).unwrap_or_default();
            let usual = self.usual.0[place.kind as usize].iter().copied();
            // The member at this place may be missing in this object.
            let mut ahead = usual.enumerate().skip(place.number).take(2);
            let is_next = |usual: &str| !usual.is_empty() && rest.starts_with(usual.as_bytes());
            if let Some((number, usual)) = ahead.find(|(_, usual)| is_next(usual)) {
                self.pos += separator + usual.len();
                self.space();
                (place.first, place.number) = (false, number + 1);
                return Ok(Some(&usual[1..usual.len() - 2]));
            }
        }
        self.unusual_member(place)
    }

    /// Reads the name of a member and remembers it, if it is written as it can be compared.
    #[inline(never)]
    fn unusual_member(&mut self, place: &mut Place) -> Result<Option<&'a str>, Stop> {
        let start = self.pos + usize::from(!place.first);
        let Some(name) = self.member(&mut place.first)? else {
            return Ok(None);
        };
        let written = self.text.get(start..start + name.len() + 3);
        let is_plain = |written: &str| {
            let inner = written
                .strip_prefix('"')
                .and_then(|w| w.strip_suffix("\":"));
            inner == Some(name)
        };
        let usual = &mut self.usual.0[place.kind as usize];
        if let Some(slot) = usual.get_mut(place.number) {
            *slot = written
                .filter(|written| is_plain(written))
                .unwrap_or_default();
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
            r#"{"a"1}"#,
            r#"{"a":1,"b":"#,
            r#"{"a":1,"b"#,
            r#"{"a":1,"#,
            "{",
        ] {
            check(&format!("[{whole},{broken}"));
        }
    }
}
