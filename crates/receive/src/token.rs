//! The bearer token that senders must show.

use std::fmt;
use std::hint::black_box;

use hyper::header::{AUTHORIZATION, HeaderMap};

/// A secret that senders must show as `Authorization: Bearer <token>`. Its value appears nowhere.
#[derive(Clone)]
pub struct Token(String);

/// A text is no token. Does not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a token of 1 to 4096 visible ASCII characters")]
pub struct BadToken;

const MAX_LEN: usize = 4096;

impl Token {
    /// Takes a text without the white space around it.
    ///
    /// # Errors
    ///
    /// If what is left is empty, longer than 4096 bytes, or has other than visible ASCII
    /// characters, which no header could carry.
    pub fn new(text: &str) -> Result<Self, BadToken> {
        let text = text.trim();
        let is_token =
            (1..=MAX_LEN).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        match is_token {
            true => Ok(Self(text.to_owned())),
            false => Err(BadToken),
        }
    }

    /// Whether the headers show this token.
    pub(crate) fn is_shown(&self, headers: &HeaderMap) -> bool {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return false;
        };
        let Some((scheme, shown)) = value.as_bytes().split_at_checked(7) else {
            return false;
        };
        scheme.eq_ignore_ascii_case(b"bearer ") && is_same(self.0.as_bytes(), shown.trim_ascii())
    }
}

/// Takes as long whatever the first difference is: its time tells the length at most.
fn is_same(expected: &[u8], shown: &[u8]) -> bool {
    let mut difference = expected.len() ^ shown.len();
    for (i, byte) in shown.iter().enumerate() {
        let other = expected[i % expected.len()];
        difference = black_box(difference | usize::from(byte ^ other));
    }
    difference == 0
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(header: Option<&str>, expected: bool) {
        let token = Token::new("s3cret\n").unwrap();
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        assert_eq!(token.is_shown(&headers), expected, "{header:?}");
    }

    #[test]
    fn only_the_token_itself_opens() {
        check(Some("Bearer s3cret"), true);
        check(Some("bearer  s3cret "), true);
        for bad in [
            "Bearer s3cre",
            "Bearer s3crets3cret",
            "Bearer ",
            "Bearer",
            "Basic s3cret",
        ] {
            check(Some(bad), false);
        }
        check(Some("Bearer S3cret"), false);
        check(None, false);
    }

    #[test]
    fn what_no_header_can_carry_is_no_token() {
        for bad in ["", " \n", "a b", "\u{e4}", &"x".repeat(4097)] {
            assert_eq!(Token::new(bad).map(|_| ()), Err(BadToken));
        }
        assert_eq!(format!("{:?}", Token::new("s3cret").unwrap()), "Token(..)");
    }
}
