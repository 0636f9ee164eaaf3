//! The headers that go with each request.

use std::fmt;

use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Headers to send. Their values may be secrets: `Debug` and errors show names only.
#[derive(Clone, Default)]
pub struct Headers {
    map: HeaderMap,
}

/// A header cannot be sent. Shows its name, never its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Not a header name.
    #[error("not a header name: `{0}`")]
    Name(String),
    /// A value with line breaks or other control characters.
    #[error("the value of header `{0}` holds characters that cannot be sent")]
    Value(String),
    /// A header that describes the body, which the sender does itself.
    #[error("header `{0}` is set by the sender")]
    Reserved(String),
}

impl Headers {
    /// Checks names and values. A name may occur more than once.
    ///
    /// # Errors
    ///
    /// When a header cannot be sent, or describes the body, which the sender does itself.
    pub fn new(headers: impl IntoIterator<Item = (String, String)>) -> Result<Self, HeaderError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let Ok(key) = HeaderName::from_bytes(name.as_bytes()) else {
                return Err(HeaderError::Name(name));
            };
            if RESERVED.contains(&key) {
                return Err(HeaderError::Reserved(name));
            }
            let Ok(mut value) = HeaderValue::from_str(value.trim()) else {
                return Err(HeaderError::Value(name));
            };
            value.set_sensitive(true);
            map.append(key, value);
        }
        Ok(Self { map })
    }

    pub(crate) fn map(&self) -> &HeaderMap {
        &self.map
    }

    /// The values, which must not appear in a message that quotes the receiver.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = Vec::new();
        for value in self.map.values() {
            if let Ok(text) = value.to_str() {
                secrets.push(text.to_owned());
                // Of `Bearer abc`, a receiver may quote `abc` alone.
                if let Some((_, credentials)) = text.rsplit_once(' ') {
                    secrets.push(credentials.to_owned());
                }
            }
        }
        // Short values are no secrets, and their letters occur anywhere.
        secrets.retain(|secret| secret.len() >= 4);
        // Longer ones first, so that no part of one is left over.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
    }
}

/// What the sender sets itself.
const RESERVED: [HeaderName; 6] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
    header::TE,
];

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.map.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_values_are_not_shown() {
        let pair = |n: &str, v: &str| vec![(n.to_owned(), v.to_owned())];
        let good = Headers::new(pair("Authorization", "Bearer s3cret")).unwrap();
        assert_eq!(format!("{good:?}"), r#"["authorization"]"#);
        assert_eq!(good.secrets(), ["Bearer s3cret", "s3cret"]);
        let bad = Headers::new(pair("x", "s3cret\n")).map(|_| ());
        assert_eq!(bad, Ok(()), "blanks around a value are no part of it");
        let bad = Headers::new(pair("x", "s3\ncret")).unwrap_err();
        assert_eq!(bad, HeaderError::Value("x".to_owned()));
        assert!(Headers::new(pair("a b", "c")).is_err());
        assert!(Headers::new(pair("Content-Type", "text/plain")).is_err());
    }
}
