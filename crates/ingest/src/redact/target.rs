//! What is to be redacted, as a user names it.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A class of values: attributes with certain keys, and more (see `docs/redaction.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RedactClass {
    /// E-mail addresses, wherever they stand.
    Emails,
    /// Identifiers of people, accounts, organisations, devices and machines.
    Ids,
    /// What people and models wrote.
    Prompts,
}

impl RedactClass {
    /// All classes, sorted by their word.
    pub const ALL: [Self; 3] = [Self::Emails, Self::Ids, Self::Prompts];

    /// The word for it in options and in the account.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Emails => "emails",
            Self::Ids => "ids",
            Self::Prompts => "prompts",
        }
    }
}

/// A class, or the key of an attribute. Read from a word: one that names no class is a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RedactTarget {
    /// A class.
    Class(RedactClass),
    /// Attributes with this key.
    Key(KeyPattern),
}

/// An attribute key as sent; or, with `*` at its end, the beginning of keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyPattern(String);

/// Why a word names nothing to redact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RedactTargetError {
    /// Nothing between two commas.
    #[error("expected prompts, emails, ids or an attribute key, found nothing")]
    Empty,
    /// A `*` before the end.
    #[error("expected `*` at the end of a key only")]
    InnerStar,
}

impl KeyPattern {
    /// The key or its beginning, without the `*`.
    pub(super) fn literal(&self) -> &str {
        self.0.strip_suffix('*').unwrap_or(&self.0)
    }

    pub(super) fn is_prefix(&self) -> bool {
        self.0.ends_with('*')
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RedactTarget {
    type Err = RedactTargetError;

    fn from_str(word: &str) -> Result<Self, RedactTargetError> {
        let class = |class: &RedactClass| class.as_str() == word;
        if let Some(class) = RedactClass::ALL.into_iter().find(class) {
            return Ok(Self::Class(class));
        }
        match word.find('*') {
            _ if word.is_empty() => Err(RedactTargetError::Empty),
            Some(place) if place + 1 < word.len() => Err(RedactTargetError::InnerStar),
            _ => Ok(Self::Key(KeyPattern(word.to_owned()))),
        }
    }
}

impl fmt::Display for RedactTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Class(class) => class.as_str(),
            Self::Key(key) => key.as_str(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_classes_or_keys() {
        for class in RedactClass::ALL {
            assert_eq!(class.as_str().parse(), Ok(RedactTarget::Class(class)));
        }
        for (word, literal, is_prefix) in [
            ("prompt", "prompt", false),
            ("Emails", "Emails", false),
            ("my.*", "my.", true),
            ("*", "", true),
        ] {
            let Ok(RedactTarget::Key(key)) = word.parse() else {
                panic!("{word} is no key");
            };
            assert_eq!((key.literal(), key.is_prefix()), (literal, is_prefix));
        }
        assert_eq!("".parse::<RedactTarget>(), Err(RedactTargetError::Empty));
        let inner = "a*b".parse::<RedactTarget>();
        assert_eq!(inner, Err(RedactTargetError::InnerStar));
        let inner = "a**".parse::<RedactTarget>();
        assert_eq!(inner, Err(RedactTargetError::InnerStar));
    }
}
