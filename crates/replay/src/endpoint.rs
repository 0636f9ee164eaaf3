//! Where requests go, and the headers that go with them.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use otolith_capture::Signal;

/// The base address of an OTLP/HTTP receiver, `http` or `https`.
///
/// `v1/traces`, `v1/metrics` and `v1/logs` are appended to its path, as the OpenTelemetry
/// specification says of the generic endpoint: `http://host:4318` gives
/// `http://host:4318/v1/traces`, and `http://host/x` gives `http://host/x/v1/traces`. An address
/// that already ends in one of them is refused rather than doubled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    base: String,
    uris: [Uri; 3],
}

/// An address is not one of an OTLP/HTTP receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not `http://` or `https://` at its beginning.
    #[error("expected an address that begins with `http://` or `https://`")]
    Scheme,
    /// Not an address otherwise.
    #[error("expected an address such as `http://localhost:4318`")]
    Syntax,
    /// User and password, which would be shown.
    #[error("user and password do not belong into the address: send an `Authorization` header")]
    UserInfo,
    /// A query, or a fragment.
    #[error("expected an address without `?` and `#`")]
    Query,
    /// The path of one signal instead of the base.
    #[error("expected the base address: `v1/{0}` is appended for each signal, leave it out")]
    SignalPath(Signal),
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let lower = text.to_ascii_lowercase();
        if !(lower.starts_with("http://") || lower.starts_with("https://")) {
            return Err(EndpointError::Scheme);
        }
        if text.contains(['?', '#']) {
            return Err(EndpointError::Query);
        }
        let base: Uri = text.parse().map_err(|_| EndpointError::Syntax)?;
        let authority = base.authority().ok_or(EndpointError::Syntax)?;
        if authority.as_str().contains('@') {
            return Err(EndpointError::UserInfo);
        }
        if authority.host().is_empty() {
            return Err(EndpointError::Syntax);
        }
        let base = text.trim_end_matches('/');
        for signal in Signal::ALL {
            if base.ends_with(&format!("/v1/{signal}")) {
                return Err(EndpointError::SignalPath(signal));
            }
        }
        let uri = |signal: Signal| format!("{base}/v1/{signal}").parse();
        let [traces, metrics, logs] = Signal::ALL.map(uri);
        Ok(Self {
            base: base.to_owned(),
            uris: [
                traces.map_err(|_| EndpointError::Syntax)?,
                metrics.map_err(|_| EndpointError::Syntax)?,
                logs.map_err(|_| EndpointError::Syntax)?,
            ],
        })
    }
}

impl Endpoint {
    /// The address that requests of a signal are posted to.
    pub fn uri(&self, signal: Signal) -> &Uri {
        &self.uris[signal as usize]
    }

    /// Whether connections are encrypted.
    pub fn is_https(&self) -> bool {
        self.uris[0].scheme_str() == Some("https")
    }
}

/// The base address without a slash at its end.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base)
    }
}

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

const RESERVED: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::CONNECTION,
];

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.map.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &str, expected: Result<&str, EndpointError>) {
        let traces = input
            .parse()
            .map(|endpoint: Endpoint| endpoint.uri(Signal::Traces).to_string());
        assert_eq!(traces, expected.map(str::to_owned), "{input}");
    }

    #[test]
    fn the_path_of_the_signal_is_appended() {
        check("http://h:4318", Ok("http://h:4318/v1/traces"));
        check("http://h:4318/", Ok("http://h:4318/v1/traces"));
        check("https://h/x/y/", Ok("https://h/x/y/v1/traces"));
        check("http://[::1]:4318", Ok("http://[::1]:4318/v1/traces"));
        let endpoint: Endpoint = "http://h/".parse().unwrap();
        assert_eq!(endpoint.uri(Signal::Logs), "http://h/v1/logs");
        assert_eq!(endpoint.uri(Signal::Metrics), "http://h/v1/metrics");
        assert_eq!(endpoint.to_string(), "http://h");
    }

    #[test]
    fn what_is_no_base_address_is_refused() {
        check("localhost:4318", Err(EndpointError::Scheme));
        check("ftp://h", Err(EndpointError::Scheme));
        check("http://", Err(EndpointError::Syntax));
        check("http://a b", Err(EndpointError::Syntax));
        check("http://u:p@h", Err(EndpointError::UserInfo));
        check("http://h?x=1", Err(EndpointError::Query));
        check(
            "http://h/v1/logs/",
            Err(EndpointError::SignalPath(Signal::Logs)),
        );
    }

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
