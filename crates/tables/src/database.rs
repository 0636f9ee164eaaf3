//! Database names: the one documented rule from a service name to a directory name.

use std::fmt;

/// Name of a database: `[a-z_][a-z0-9_]*`, 1 to 100 bytes, never a path component with a meaning.
///
/// The rule: ASCII lower case; each run of characters other than `a-z0-9` becomes one `_`;
/// trimmed of `_`; a leading digit gets `_` before it; cut to 100 bytes; empty or missing is
/// `unknown_service`. Applying the rule to a database name gives the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatabaseName(String);

/// Longest database name in bytes.
const MAX_BYTES: usize = 100;

impl DatabaseName {
    /// Name of the database for resources without a service name.
    pub const UNKNOWN: &'static str = "unknown_service";

    /// Names the database of a service.
    pub fn from_service(service: &str) -> Self {
        let name = normalise(service, MAX_BYTES);
        if name.is_empty() {
            Self(Self::UNKNOWN.to_owned())
        } else {
            Self(name)
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Applies the name rule (see [`DatabaseName`]) without the `unknown_service` default: the rule
/// for column names of attributes as well. The result may be empty.
pub fn normalise(text: &str, max_bytes: usize) -> String {
    let mut name = String::with_capacity(text.len().min(max_bytes) + 1);
    let mut gap = false;
    for byte in text.bytes() {
        if !byte.is_ascii_alphanumeric() {
            gap = true;
            continue;
        }
        if name.is_empty() {
            if byte.is_ascii_digit() {
                name.push('_');
            }
        } else if gap {
            name.push('_');
        }
        gap = false;
        if name.len() >= max_bytes {
            break;
        }
        name.push(char::from(byte.to_ascii_lowercase()));
    }
    name.truncate(max_bytes);
    while name.ends_with('_') {
        name.pop();
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(service: &str, expected: &str) {
        assert_eq!(DatabaseName::from_service(service).as_str(), expected);
    }

    #[test]
    fn names_follow_the_rule() {
        check("claude-code", "claude_code");
        check("Gemini CLI", "gemini_cli");
        check("codex_exec", "codex_exec");
        check("3scale", "_3scale");
        check("_3scale", "_3scale");
        check("", "unknown_service");
        check("../../etc", "etc");
        check("\u{0}", "unknown_service");
        check("\u{1f600}", "unknown_service");
        check("date=2026", "date_2026");
        check("a--b__c", "a_b_c");
        check(&"x".repeat(4096), &"x".repeat(100));
        check(&format!("{}-b", "x".repeat(99)), &"x".repeat(99));
    }

    proptest! {
        #[test]
        fn the_rule_is_idempotent_and_safe(service in ".{0,200}") {
            let once = DatabaseName::from_service(&service);
            prop_assert_eq!(&DatabaseName::from_service(once.as_str()), &once);
            prop_assert!(!once.as_str().is_empty() && once.as_str().len() <= 100);
            prop_assert!(once.as_str().bytes().all(|b| b == b'_' || b.is_ascii_lowercase() || b.is_ascii_digit()));
        }
    }
}
