//! What a conversion redacts, and how.

use std::sync::Arc;

use otolith_capture::{Origin, Reject};

use super::counts::{Redacted, RedactedCount, RedactedKind, Tally};
use super::matcher::Matcher;
use super::secret::RedactionKey;
use super::table::{ENTRIES, Holds};
use super::target::{RedactClass, RedactTarget};
use super::{email, reasons};

/// What stands for an e-mail address when there is no key.
pub(super) const REMOVED: &str = "[redacted]";
/// Changes when the same values shall become other ones.
const VERSION: &[u8] = b"otolith redaction 1";

/// Number of a class or key in [`Redaction::labels`].
pub(super) type Label = u16;

/// What a conversion redacts: classes and attribute keys, by hash or by removal.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// What was asked for, sorted and without repetition: classes, then keys.
    labels: Vec<RedactTarget>,
    key: Option<RedactionKey>,
    /// Keys that were asked for; they come before those of classes, so that each is seen to fit.
    asked: Matcher<Label>,
    /// Keys of classes; none for those that stay.
    classes: Matcher<Option<Label>>,
    /// Events whose bodies are redacted.
    events: Matcher<Label>,
    /// Label of e-mail addresses in texts.
    emails: Option<Label>,
}

impl Redaction {
    /// Redacts `targets`: with a key by a keyed hash, without one by removal.
    pub fn new(targets: impl IntoIterator<Item = RedactTarget>, key: Option<RedactionKey>) -> Self {
        let mut labels: Vec<RedactTarget> = targets.into_iter().collect();
        labels.sort();
        labels.dedup();
        let label = |class| {
            let wanted = RedactTarget::Class(class);
            let place = labels.iter().position(|label| *label == wanted)?;
            Label::try_from(place).ok()
        };
        let entries = |holds: &'static [Holds]| {
            ENTRIES
                .iter()
                .filter(move |entry| holds.contains(&entry.holds))
                .filter_map(|entry| Some((entry, label(entry.class)?)))
        };
        let attributes = entries(&[Holds::Attribute, Holds::Kept]).map(|(entry, label)| {
            let label = (entry.holds == Holds::Attribute).then_some(label);
            (entry.literal(), entry.is_prefix(), label)
        });
        let events = entries(&[Holds::EventBody])
            .map(|(entry, label)| (entry.literal(), entry.is_prefix(), label));
        let asked = labels
            .iter()
            .zip(0..)
            .filter_map(|(target, label)| match target {
                RedactTarget::Key(key) => Some((key.literal(), key.is_prefix(), label)),
                RedactTarget::Class(_) => None,
            });
        Self {
            asked: Matcher::new(asked),
            classes: Matcher::new(attributes),
            events: Matcher::new(events),
            emails: label(RedactClass::Emails),
            key,
            labels,
        }
    }

    /// What is redacted because of its key.
    pub(super) fn of_key(&self, key: &str) -> Option<Label> {
        if !self.asked.is_empty()
            && let Some(label) = self.asked.get(key)
        {
            return Some(label);
        }
        self.classes.get(key).flatten()
    }

    /// What the body of an event is redacted for.
    pub(super) fn of_event(&self, name: &str) -> Option<Label> {
        self.events.get(name)
    }

    /// Whether any event's body is redacted.
    pub(super) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    /// What e-mail addresses in texts are redacted for.
    pub(super) fn emails(&self) -> Option<Label> {
        self.emails
    }

    pub(super) fn key(&self) -> Option<&RedactionKey> {
        self.key.as_ref()
    }

    /// Whether a label's attributes stay even without a key, with [`REMOVED`] for a value.
    pub(super) fn leaves_mark(&self, label: Label) -> bool {
        self.emails == Some(label)
    }

    pub(super) fn label_count(&self) -> usize {
        self.labels.len()
    }

    /// What was redacted, sorted: classes, then keys; with those that fitted nothing.
    pub(crate) fn counts(&self, tally: &Tally) -> Vec<RedactedCount> {
        let how = match self.key {
            Some(_) => Redacted::Hashed,
            None => Redacted::Removed,
        };
        let count = |(number, target): (usize, &RedactTarget)| RedactedCount {
            kind: match target {
                RedactTarget::Class(_) => RedactedKind::Class,
                RedactTarget::Key(_) => RedactedKind::Key,
            },
            what: target.to_string(),
            values: tally.values(number),
            how,
        };
        self.labels.iter().enumerate().map(count).collect()
    }

    /// Tells redactions with other results apart, and tells nothing of the key.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        let mut add = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        add(VERSION);
        for entry in ENTRIES {
            add(&[entry.class as u8, entry.holds as u8]);
            add(entry.pattern.as_bytes());
        }
        for label in &self.labels {
            let is_class = matches!(label, RedactTarget::Class(_));
            add(&[u8::from(is_class)]);
            add(label.to_string().as_bytes());
        }
        add(self.key.as_ref().map_or(&[], |key| key.fingerprint()));
        *hasher.finalize().as_bytes()
    }

    /// A reject as it may be shown and kept: without its bytes, with a message that quotes
    /// nothing.
    pub(crate) fn withhold(&self, reject: &Reject) -> Reject {
        Reject {
            origin: Origin {
                file: self.file_name(&reject.origin.file),
                ..reject.origin.clone()
            },
            code: reject.code,
            message: reasons::of(reject.code).to_owned(),
            bytes: Vec::new(),
            len_bytes: reject.len_bytes,
        }
    }

    /// A file's name without the e-mail addresses in it, if these are redacted.
    pub(crate) fn file_name(&self, name: &Arc<str>) -> Arc<str> {
        if self.emails.is_none() || email::next(name, 0).is_none() {
            return Arc::clone(name);
        }
        let bump = bumpalo::Bump::new();
        let mut out = String::new();
        email::replace(name, &mut out, |address| self.address(address, &bump));
        out.into()
    }

    /// What stands for an e-mail address in a text.
    pub(super) fn address<'b>(&self, address: &str, bump: &'b bumpalo::Bump) -> &'b str {
        match &self.key {
            Some(key) => key.token(&otolith_otlp::Value::String(address), bump),
            None => REMOVED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redaction(words: &str, key: &[u8]) -> Redaction {
        let targets = words.split(',').map(|word| word.parse().unwrap());
        Redaction::new(targets, RedactionKey::from_bytes(key))
    }

    #[test]
    fn other_results_have_other_fingerprints() {
        let (one, two) = (b"sixteen bytes or more", b"sixteen bytes or less");
        let fingerprint = |words, key| redaction(words, key).fingerprint();
        let first = fingerprint("ids,prompts,a", one);
        assert_eq!(first, fingerprint("a,prompts,ids,a", one));
        for other in [
            fingerprint("ids,prompts", one),
            fingerprint("ids,prompts,b", one),
            fingerprint("ids,prompts,a", two),
            fingerprint("ids,prompts,a", b""),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn keys_asked_for_come_before_classes() {
        let redaction = redaction("prompts,ids,user.*,prompt", b"");
        let label = |key| {
            redaction
                .of_key(key)
                .map(|label| redaction.labels[label as usize].to_string())
        };
        assert_eq!(label("user.id").as_deref(), Some("user.*"));
        assert_eq!(label("prompt").as_deref(), Some("prompt"));
        assert_eq!(label("response").as_deref(), Some("prompts"));
        assert_eq!(label("host.id").as_deref(), Some("ids"));
        assert_eq!(label("gen_ai.prompt.0.content").as_deref(), Some("prompts"));
        for kept in [
            "prompt.id",
            "prompt_length",
            "gen_ai.prompt.name",
            "user_email",
            "session.id",
        ] {
            assert_eq!(label(kept), None, "{kept}");
        }
        assert!(redaction.of_event("gen_ai.user.message").is_some());
        assert!(redaction.of_event("user_prompt").is_none());
    }

    #[test]
    fn counts_are_sorted_and_name_what_fitted_nothing() {
        let redaction = redaction("z,prompts,a,emails", b"");
        let mut tally = Tally::new(redaction.label_count());
        tally.count(1);
        tally.commit();
        let counts = redaction.counts(&tally);
        let told: Vec<_> = counts
            .iter()
            .map(|c| (c.kind, c.what.as_str(), c.values))
            .collect();
        use RedactedKind::{Class, Key};
        assert_eq!(
            told,
            [
                (Class, "emails", 0),
                (Class, "prompts", 1),
                (Key, "a", 0),
                (Key, "z", 0)
            ]
        );
    }

    #[test]
    fn names_of_files_lose_their_addresses() {
        let name: Arc<str> = "otel/ann@example.org.jsonl".into();
        assert_eq!(&*redaction("prompts", b"").file_name(&name), &*name);
        assert_eq!(
            &*redaction("emails", b"").file_name(&name),
            "otel/[redacted]"
        );
    }
}
