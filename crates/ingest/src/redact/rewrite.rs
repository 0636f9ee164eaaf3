//! Rewrites values, attributes and texts; what needs no change is passed on as it is.

use std::collections::HashSet;
use std::ptr;

use bumpalo::Bump;
use bumpalo::collections::{String as BumpString, Vec as BumpVec};
use otolith_otlp::{Attributes, KeyValue, Value};

use super::counts::Tally;
use super::email;
use super::redaction::{Label, REMOVED, Redaction};

/// Rewrites what one visit brings. New values live in the arena; unchanged ones are not copied.
pub(super) struct Rewriter<'x> {
    redaction: &'x Redaction,
    bump: &'x Bump,
    tally: &'x mut Tally,
}

/// What becomes of an entry of a list.
enum Fate<T> {
    Same,
    Changed(T),
    Removed,
}

impl<'x> Rewriter<'x> {
    pub fn new(redaction: &'x Redaction, bump: &'x Bump, tally: &'x mut Tally) -> Self {
        Self {
            redaction,
            bump,
            tally,
        }
    }

    /// A text without its e-mail addresses, if these are redacted.
    #[inline]
    pub fn text(&mut self, text: &'x str) -> &'x str {
        match self.redaction.emails() {
            Some(label) if email::next(text, 0).is_some() => self.without_addresses(text, label),
            _ => text,
        }
    }

    #[cold]
    fn without_addresses(&mut self, text: &str, label: Label) -> &'x str {
        let mut out = BumpString::with_capacity_in(text.len(), self.bump);
        let (redaction, bump) = (self.redaction, self.bump);
        let count = email::replace(text, &mut out, |address| redaction.address(address, bump));
        for _ in 0..count {
            self.count(label);
        }
        out.into_bump_str()
    }

    /// The attributes of an item, a resource, a scope or a metric. Keys stay unique.
    pub fn attributes(&mut self, attributes: Attributes<'x>) -> Attributes<'x> {
        let rewritten = self.list(attributes, Self::attribute);
        if ptr::eq(rewritten, attributes) || self.redaction.emails().is_none() {
            return rewritten;
        }
        self.with_unique_keys(rewritten)
    }

    fn attribute(&mut self, attribute: &KeyValue<'x>) -> Fate<KeyValue<'x>> {
        let KeyValue { key, value } = *attribute;
        let new_value = match self.redaction.of_key(key) {
            Some(label) => match self.replacement(label, &value) {
                Some(token) => Some(Value::String(token)),
                None => return Fate::Removed,
            },
            None => self.value(value),
        };
        let new_key = self.text(key);
        if new_value.is_none() && ptr::eq(new_key, key) {
            return Fate::Same;
        }
        Fate::Changed(KeyValue {
            key: new_key,
            value: new_value.unwrap_or(value),
        })
    }

    /// What stands for a value that is redacted; none if it is removed.
    fn replacement(&mut self, label: Label, value: &Value<'x>) -> Option<&'x str> {
        self.count(label);
        match self.redaction.key() {
            Some(key) => Some(key.token(value, self.bump)),
            None => self.redaction.leaves_mark(label).then_some(REMOVED),
        }
    }

    /// A value that is not redacted as a whole; none if nothing in it changes.
    fn value(&mut self, value: Value<'x>) -> Option<Value<'x>> {
        match value {
            Value::String(text) => {
                let new = self.text(text);
                (!ptr::eq(new, text)).then_some(Value::String(new))
            }
            Value::Bytes(bytes) => {
                let new = self.bytes(bytes);
                (!ptr::eq(new, bytes)).then_some(Value::Bytes(new))
            }
            Value::Array(items) => {
                let new = self.list(items, |rewriter, item| {
                    rewriter.value(*item).map_or(Fate::Same, Fate::Changed)
                });
                (!ptr::eq(new, items)).then_some(Value::Array(new))
            }
            Value::KeyValueList(entries) => {
                let new = self.attributes(entries);
                (!ptr::eq(new, entries)).then_some(Value::KeyValueList(new))
            }
            Value::Empty | Value::Bool(_) | Value::Int(_) | Value::Double(_) => None,
        }
    }

    /// Bytes without the e-mail addresses in those runs of them that are text.
    fn bytes(&mut self, bytes: &'x [u8]) -> &'x [u8] {
        let holds_address = |bytes: &[u8]| {
            bytes
                .utf8_chunks()
                .any(|chunk| email::next(chunk.valid(), 0).is_some())
        };
        let Some(label) = self.redaction.emails().filter(|_| holds_address(bytes)) else {
            return bytes;
        };
        let mut out = BumpVec::with_capacity_in(bytes.len(), self.bump);
        for chunk in bytes.utf8_chunks() {
            let text = self.without_addresses(chunk.valid(), label);
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(chunk.invalid());
        }
        out.into_bump_slice()
    }

    /// The body of a log record that tells of one of the events.
    pub fn body<'n>(
        &mut self,
        body: Option<Value<'x>>,
        events: impl IntoIterator<Item = &'n str>,
    ) -> Option<Value<'x>> {
        let body = body?;
        let label = match self.redaction.has_events() {
            true => events
                .into_iter()
                .find_map(|name| self.redaction.of_event(name)),
            false => None,
        };
        match label {
            Some(label) if body != Value::Empty => {
                self.replacement(label, &body).map(Value::String)
            }
            _ => Some(self.value(body).unwrap_or(body)),
        }
    }

    /// A list of which some entries may change.
    pub fn entries<T: Copy>(
        &mut self,
        entries: &'x [T],
        mut rewrite: impl FnMut(&mut Self, &T) -> Option<T>,
    ) -> &'x [T] {
        self.list(entries, |rewriter, entry| {
            rewrite(rewriter, entry).map_or(Fate::Same, Fate::Changed)
        })
    }

    fn list<T: Copy>(
        &mut self,
        entries: &'x [T],
        mut rewrite: impl FnMut(&mut Self, &T) -> Fate<T>,
    ) -> &'x [T] {
        let mut changed: Option<BumpVec<'x, T>> = None;
        for (index, entry) in entries.iter().enumerate() {
            let fate = rewrite(self, entry);
            if let (Fate::Same, None) = (&fate, &changed) {
                continue;
            }
            let out = changed.get_or_insert_with(|| {
                let mut out = BumpVec::with_capacity_in(entries.len(), self.bump);
                out.extend_from_slice(&entries[..index]);
                out
            });
            match fate {
                Fate::Same => out.push(*entry),
                Fate::Changed(entry) => out.push(entry),
                Fate::Removed => {}
            }
        }
        changed.map_or(entries, BumpVec::into_bump_slice)
    }

    /// Addresses in keys may have become the same text: then `.2`, `.3` and so on is appended.
    fn with_unique_keys(&mut self, attributes: Attributes<'x>) -> Attributes<'x> {
        let mark = |key: &str| key.contains(REMOVED) || key.contains("redacted:");
        if attributes
            .iter()
            .filter(|attribute| mark(attribute.key))
            .count()
            < 2
        {
            return attributes;
        }
        let mut seen: HashSet<&str> = HashSet::with_capacity(attributes.len());
        let mut tries = std::collections::HashMap::new();
        let taken: HashSet<&str> = attributes.iter().map(|attribute| attribute.key).collect();
        let bump = self.bump;
        self.list(attributes, |_, attribute| {
            let key = attribute.key;
            if !mark(key) || seen.insert(key) {
                return Fate::Same;
            }
            let next: &mut u32 = tries.entry(key).or_insert(1);
            loop {
                *next += 1;
                let key = &*bump.alloc_str(&format!("{key}.{next}"));
                if !taken.contains(key) && seen.insert(key) {
                    return Fate::Changed(KeyValue { key, ..*attribute });
                }
            }
        })
    }

    fn count(&mut self, label: Label) {
        self.tally.count(label.into());
    }
}

#[cfg(test)]
mod tests {
    use super::super::secret::RedactionKey;
    use super::*;

    /// Rewrites attributes; tells them as text, and how many values were redacted.
    fn rewritten(
        words: &str,
        key: Option<RedactionKey>,
        attributes: Attributes<'_>,
    ) -> (String, u64) {
        let redaction = Redaction::new(words.split(',').map(|word| word.parse().unwrap()), key);
        let mut tally = Tally::new(redaction.label_count());
        let bump = Bump::new();
        let out = Rewriter::new(&redaction, &bump, &mut tally).attributes(attributes);
        let text = out
            .iter()
            .map(|kv| format!("{}={}", kv.key, show(&kv.value)));
        let text = text.collect::<Vec<_>>().join(" ");
        tally.commit();
        let values = redaction
            .counts(&tally)
            .iter()
            .map(|count| count.values)
            .sum();
        (text, values)
    }

    fn show(value: &Value<'_>) -> String {
        match value {
            Value::String(text) => (*text).to_owned(),
            Value::Array(items) => {
                format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(","))
            }
            Value::KeyValueList(entries) => {
                let entries = entries
                    .iter()
                    .map(|kv| format!("{}:{}", kv.key, show(&kv.value)));
                format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
            }
            Value::Bytes(bytes) => bytes.escape_ascii().to_string(),
            other => format!("{other:?}"),
        }
    }

    fn text<'a>(key: &'a str, text: &'a str) -> KeyValue<'a> {
        KeyValue {
            key,
            value: Value::String(text),
        }
    }

    fn check(words: &str, attributes: Attributes<'_>, expected: &str, values: u64) {
        assert_eq!(
            rewritten(words, None, attributes),
            (expected.to_owned(), values)
        );
    }

    #[test]
    fn prompts_are_removed_and_what_tells_of_them_stays() {
        let attributes = [
            text("prompt", "why"),
            text("prompt_length", "3"),
            text("prompt.id", "p1"),
            text("tool_input", "{}"),
            text("gen_ai.prompt.0.content", "x"),
            KeyValue {
                key: "gen_ai.input.messages",
                value: Value::Array(&[Value::String("x")]),
            },
        ];
        check("prompts", &attributes, "prompt_length=3 prompt.id=p1", 4);
        check(
            "ids,emails",
            &attributes[..3],
            "prompt=why prompt_length=3 prompt.id=p1",
            0,
        );
    }

    #[test]
    fn ids_are_removed_and_sessions_stay() {
        let attributes = [
            text("user.id", "u"),
            text("session.id", "s"),
            text("host.name", "h"),
            text("user.email", "a@b.org"),
            KeyValue {
                key: "user.account_id",
                value: Value::Int(7),
            },
        ];
        check("ids", &attributes, "session.id=s user.email=a@b.org", 3);
    }

    #[test]
    fn addresses_are_replaced_everywhere() {
        let inner = [text("k", "to a@b.org"), text("x@y.org", "v")];
        let attributes = [
            text("user.email", "not even an address"),
            text("m", "a@b.org, c%40d.org"),
            KeyValue {
                key: "n",
                value: Value::Array(&[Value::KeyValueList(&inner), Value::Int(1)]),
            },
            KeyValue {
                key: "b",
                value: Value::Bytes(b"\xff<a@b.org>\xfe"),
            },
        ];
        check(
            "emails",
            &attributes,
            "user.email=[redacted] m=[redacted], [redacted] \
             n=[{k:to [redacted],[redacted]:v},Int(1)] b=\\xff<[redacted]>\\xfe",
            6,
        );
    }

    #[test]
    fn keys_stay_unique() {
        let attributes = [
            text("a@b.org", "1"),
            text("[redacted].2", "2"),
            text("c@d.org", "3"),
            text("x", "4"),
            text("e@f.org", "5"),
        ];
        check(
            "emails",
            &attributes,
            "[redacted]=1 [redacted].2=2 [redacted].3=3 x=4 [redacted].4=5",
            3,
        );
    }

    #[test]
    fn keys_match_inside_of_maps_exactly_or_by_beginning() {
        let inner = [text("secret", "1"), text("my.a", "2"), text("open", "3")];
        let attributes = [
            KeyValue {
                key: "map",
                value: Value::KeyValueList(&inner),
            },
            text("secrets", "4"),
            text("my.", "5"),
        ];
        check("secret,my.*", &attributes, "map={open:3} secrets=4", 3);
        check("map", &attributes, "secrets=4 my.=5", 1);
        check("*", &attributes, "", 3);
    }

    #[test]
    fn with_a_key_hashes_stand_for_values() {
        let key = RedactionKey::from_bytes(b"sixteen bytes or more");
        let attributes = [
            text("user.id", "Ann@b.org"),
            text("m", "to ann@b.org"),
            text("x", "y"),
        ];
        let (out, values) = rewritten("ids,emails", key, &attributes);
        let token = &out["user.id=".len()..][..41];
        assert!(token.starts_with("redacted:"), "{out}");
        assert_eq!(out, format!("user.id={token} m=to {token} x=y"));
        assert_eq!(values, 2);
    }

    #[test]
    fn what_does_not_change_is_not_copied() {
        let inner = [text("k", "v")];
        let attributes = [
            text("a", "b@c"),
            KeyValue {
                key: "n",
                value: Value::KeyValueList(&inner),
            },
        ];
        let targets = ["prompts", "emails", "ids", "key"].map(|word| word.parse().unwrap());
        let redaction = Redaction::new(targets, None);
        let mut tally = Tally::new(redaction.label_count());
        let bump = Bump::new();
        let out = Rewriter::new(&redaction, &bump, &mut tally).attributes(&attributes);
        assert!(ptr::eq(out, &attributes));
        assert_eq!(bump.allocated_bytes(), 0);
    }
}
