//! Name patterns with `*` and `?`.

use std::str::FromStr;

/// A pattern over whole names: `*` stands for any run of characters, `?` for exactly one, all
/// else for itself, letter case included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Makes a pattern; every text is one.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True when the whole name fits. Takes time in proportion to pattern length times name
    /// length at most.
    pub fn matches(&self, name: &str) -> bool {
        let (mut pattern, mut rest) = (self.0.chars(), name.chars());
        // Where to go on after a mismatch: behind the last star, one character later.
        let mut retry = None;
        loop {
            let (mut next_pattern, mut next_rest) = (pattern.clone(), rest.clone());
            match (next_pattern.next(), next_rest.next()) {
                (Some('*'), _) => {
                    retry = Some((next_pattern.clone(), rest.clone()));
                    pattern = next_pattern;
                    continue;
                }
                (None, None) => return true,
                (Some(p), Some(c)) if p == '?' || p == c => {
                    (pattern, rest) = (next_pattern, next_rest);
                    continue;
                }
                _ => {}
            }
            let Some((after_star, mut from)) = retry.take() else {
                return false;
            };
            if from.next().is_none() {
                return false;
            }
            (pattern, rest) = (after_star.clone(), from.clone());
            retry = Some((after_star, from));
        }
    }
}

impl FromStr for Glob {
    type Err = std::convert::Infallible;

    fn from_str(pattern: &str) -> Result<Self, Self::Err> {
        Ok(Self::new(pattern))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, name: &str, expected: bool) {
        assert_eq!(
            Glob::new(pattern).matches(name),
            expected,
            "{pattern} {name}"
        );
    }

    #[test]
    fn patterns_fit_whole_names() {
        check("claude-code", "claude-code", true);
        check("claude-code", "claude-code-x", false);
        check("claude*", "claude-code", true);
        check("*code", "claude-code", true);
        check("c*-c?de", "claude-code", true);
        check("*a*b*c", "xxaxxbxxc", true);
        check("*a*b*c", "xxaxxbxx", false);
        check("", "", true);
        check("*", "", true);
        check("?", "", false);
        check("**", "x", true);
        check("?", "\u{e4}", true);
    }
}
