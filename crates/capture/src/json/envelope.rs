//! Opens envelopes: finds the request inside a JSON object that is not the request itself.

use std::borrow::Cow;

use super::members::{Member, Members};
use super::{dump, rejected, stdout, text, time};
use crate::frame::{Encoding, RejectCode, Signal};
use crate::hint;
use crate::layout::Envelope;
use crate::problems::{EMPTY_BODY, UNRECOVERABLE_BODY};

/// A JSON object, opened.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opened<'a> {
    /// No envelope: the object is the payload.
    Plain,
    /// No envelope: the object is one of the JavaScript SDK.
    Dump,
    /// An envelope with its payload.
    Request(Enclosed<'a>),
    /// An envelope without a payload that can be used.
    Reject(RejectCode, String),
}

/// What an envelope holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Enclosed<'a> {
    pub envelope: Envelope,
    pub payload: Cow<'a, [u8]>,
    pub encoding: Encoding,
    pub signal: Option<Signal>,
    pub arrival_unix_nano: Option<u64>,
}

/// Opens a JSON object. What is broken counts as plain: the decoder says what is wrong with it.
/// A payload that must be unfolded may have at most `max_bytes`.
pub(crate) fn open(object: &[u8], max_bytes: usize) -> Opened<'_> {
    let mut members = Members::of(object);
    if members.peek().is_some_and(|(key, _)| names_request(key)) {
        return Opened::Plain;
    }
    let mut found = Found::default();
    for member in members.by_ref() {
        if names_request(member.key) {
            return Opened::Plain;
        }
        found.add(member);
    }
    if !members.is_whole() {
        return Opened::Plain;
    }
    if let Some(stdout) = found.stdout {
        return stdout::open(stdout, object, max_bytes);
    }
    if found.rejected.all() {
        return rejected::open(object);
    }
    if found.dump.hold() && !found.holds_request() {
        return Opened::Dump;
    }
    found.open()
}

#[derive(Default)]
struct Found<'a> {
    path: Option<&'a [u8]>,
    time: Option<&'a [u8]>,
    /// The body, and whether it is an object with a member such as `resourceSpans`.
    body: Option<(Member<'a>, bool)>,
    stdout: Option<&'a [u8]>,
    rejected: rejected::Marks,
    dump: dump::Marks,
}

impl<'a> Found<'a> {
    fn add(&mut self, member: Member<'a>) {
        match member.key {
            b"path" | b"url" | b"uri" | b"endpoint" => {
                self.path.get_or_insert(member.value);
            }
            b"ts" | b"timestamp" | b"time" | b"received_at" | b"receivedAt" => {
                self.time.get_or_insert(member.value);
            }
            b"payload" | b"body" | b"data" | b"request" => {
                let is_request = holds_request(member.value);
                if is_request || self.body.is_none() {
                    self.body = Some((member, is_request));
                }
            }
            b"__otel_otlp_stdout" => self.stdout = Some(member.value),
            key => {
                self.rejected.add(key);
                self.dump.add(key);
            }
        }
    }

    fn holds_request(&self) -> bool {
        self.body.is_some_and(|(_, is_request)| is_request)
    }

    fn open(self) -> Opened<'a> {
        let Some((body, is_request)) = self.body else {
            return Opened::Plain;
        };
        let path = self.path.and_then(text::of);
        let is_agentic_ci = body.key == b"payload" && path.is_some();
        if !is_request {
            let is_envelope = path.as_deref().is_some_and(|path| path.contains("/v1"));
            return match unusable(body.value) {
                Some((code, why)) if is_envelope || body.key == b"payload" => {
                    Opened::Reject(code, format!("`{}` {why}", body.key.escape_ascii()))
                }
                _ => Opened::Plain,
            };
        }
        Opened::Request(Enclosed {
            envelope: if is_agentic_ci {
                Envelope::AgenticCi
            } else {
                Envelope::Wrapper
            },
            payload: Cow::Borrowed(body.value),
            encoding: Encoding::Json,
            signal: path.as_deref().and_then(hint::of_path),
            arrival_unix_nano: self.time.and_then(time::unix_nano),
        })
    }
}

/// Whether the key is that of a list of an OTLP request.
fn names_request(key: &[u8]) -> bool {
    matches!(
        key,
        b"resourceSpans"
            | b"resourceMetrics"
            | b"resourceLogs"
            | b"resourceProfiles"
            | b"resource_spans"
            | b"resource_metrics"
            | b"resource_logs"
            | b"resource_profiles"
    )
}

fn holds_request(value: &[u8]) -> bool {
    let mut members = Members::of(value);
    members.peek().is_some_and(|(key, _)| names_request(key))
        || members.any(|member| names_request(member.key))
}

/// Why a body holds nothing, if that is plain to see.
fn unusable(value: &[u8]) -> Option<(RejectCode, &'static str)> {
    if value == b"null" || value == b"\"\"" {
        return Some((EMPTY_BODY, "is empty"));
    }
    let mut members = Members::of(value);
    match members.next() {
        None if members.is_whole() => Some((EMPTY_BODY, "is an empty object")),
        Some(member) if member.key == b"raw" => Some((
            UNRECOVERABLE_BODY,
            "holds a `raw` text: the body was no JSON and its bytes were lost when it was captured",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Opened, open};
    use crate::frame::Signal;
    use crate::layout::Envelope;
    use crate::problems::{EMPTY_BODY, UNRECOVERABLE_BODY};

    fn check(
        text: &str,
        envelope: Envelope,
        payload: &str,
        signal: Option<Signal>,
        arrival: Option<u64>,
    ) {
        let Opened::Request(request) = open(text.as_bytes(), 1000) else {
            panic!("no request in {text}");
        };
        assert_eq!(request.envelope, envelope);
        assert_eq!(&*request.payload, payload.as_bytes());
        assert_eq!(request.signal, signal);
        assert_eq!(request.arrival_unix_nano, arrival);
    }

    #[test]
    fn envelopes_are_opened_in_any_order_of_keys() {
        let payload = r#"{"resourceLogs":[]}"#;
        let arrival = Some(1_763_640_000_000_000_000);
        check(
            r#"{"ts": "2025-11-20T12:00:00.000000+00:00", "path": "/v1/logs", "payload": {"resourceLogs":[]}}"#,
            Envelope::AgenticCi,
            payload,
            Some(Signal::Logs),
            arrival,
        );
        check(
            r#"{"payload":{"resourceLogs":[]},"path":"\/x\/v1\/logs?a","ts":1763640000}"#,
            Envelope::AgenticCi,
            payload,
            Some(Signal::Logs),
            arrival,
        );
        check(
            r#"{"path":"/v1/logs","payload":{"resourceLogs":[]}}"#,
            Envelope::AgenticCi,
            payload,
            Some(Signal::Logs),
            None,
        );
    }

    #[test]
    fn wrappers_are_opened_by_what_they_hold() {
        for key in ["payload", "body", "data", "request"] {
            check(
                &format!(r#"{{"fixture_version":1,"{key}":{{"x":1,"resource_spans":[]}}}}"#),
                Envelope::Wrapper,
                r#"{"x":1,"resource_spans":[]}"#,
                None,
                None,
            );
        }
    }

    #[test]
    fn requests_and_unknown_objects_are_left_alone() {
        for text in [
            r#"{"resourceSpans":[{"#,
            r#"{"body":{"resourceLogs":[]},"resourceSpans":[]}"#,
            r#"{"a":1}"#,
            r#"{"data":{"x":1}}"#,
            "{}",
            r#"{"payload":{"resourceLogs":[]}"#,
        ] {
            assert_eq!(open(text.as_bytes(), 1000), Opened::Plain, "{text}");
        }
    }

    #[test]
    fn objects_of_the_javascript_sdk_are_no_envelopes() {
        for text in [
            r#"{"body":"text","hrTime":[1,2]}"#,
            r#"{"body":{"raw":"x"},"hrTime":[1,2]}"#,
            r#"{"resource":{},"scopeMetrics":[]}"#,
        ] {
            assert_eq!(open(text.as_bytes(), 1000), Opened::Dump, "{text}");
        }
        check(
            r#"{"name":"n","dataPoints":[],"body":{"resourceLogs":[]}}"#,
            Envelope::Wrapper,
            r#"{"resourceLogs":[]}"#,
            None,
            None,
        );
    }

    #[test]
    fn bodies_that_were_lost_are_named() {
        let check = |text: &str, expected| {
            let Opened::Reject(code, _) = open(text.as_bytes(), 1000) else {
                panic!("not rejected: {text}");
            };
            assert_eq!(code, expected, "{text}");
        };
        check(r#"{"ts":"","path":"/v1/logs","payload":{}}"#, EMPTY_BODY);
        check(r#"{"path":"/v1/logs","body":null}"#, EMPTY_BODY);
        check(
            r#"{"path":"/v1/logs","payload":{"raw":"x"}}"#,
            UNRECOVERABLE_BODY,
        );
    }
}
