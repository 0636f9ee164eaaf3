//! What the receiver says in the body of an answer, protobuf or JSON.
//!
//! Which of both it is shows in the first byte: `{` begins no message of these in protobuf, where
//! it would be a group. So it does not matter whether the receiver answers in kind.

use serde::Deserialize;

/// The part of an `Export*ServiceResponse` that matters; the same for all signals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartialSuccess {
    /// Items that the receiver did not take. Never below 0.
    pub(crate) rejected_items: u64,
    /// Why, or a warning if nothing was rejected; may be empty.
    pub(crate) message: String,
}

/// Reads an `Export*ServiceResponse`; an empty one says that all is well. `None` if it is neither
/// protobuf nor JSON.
pub(crate) fn parse_response(bytes: &[u8]) -> Option<PartialSuccess> {
    if is_json(bytes) {
        return parse_json(bytes);
    }
    let mut found = PartialSuccess::default();
    let mut response = Fields(bytes);
    while let Some(field) = response.next()? {
        let (1, Field::Bytes(partial)) = field else {
            continue;
        };
        let mut partial = Fields(partial);
        while let Some(field) = partial.next()? {
            match field {
                // An int64: a negative number of rejected items means none.
                (1, Field::Varint(n)) => found.rejected_items = (n as i64).max(0) as u64,
                (2, Field::Bytes(text)) => {
                    found.message = String::from_utf8_lossy(text).into_owned();
                }
                _ => {}
            }
        }
    }
    Some(found)
}

fn is_json(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().first() == Some(&b'{')
}

fn parse_json(bytes: &[u8]) -> Option<PartialSuccess> {
    #[derive(Deserialize)]
    struct Response {
        #[serde(rename = "partialSuccess")]
        partial_success: Option<Partial>,
    }
    #[derive(Deserialize)]
    struct Partial {
        #[serde(rename = "rejectedSpans")]
        spans: Option<Count>,
        #[serde(rename = "rejectedDataPoints")]
        data_points: Option<Count>,
        #[serde(rename = "rejectedLogRecords")]
        log_records: Option<Count>,
        #[serde(rename = "errorMessage")]
        error_message: Option<String>,
    }
    let response: Response = serde_json::from_slice(bytes).ok()?;
    let Some(partial) = response.partial_success else {
        return Some(PartialSuccess::default());
    };
    let counts = [partial.spans, partial.data_points, partial.log_records];
    let counts = counts.map(|count| count.map_or(0, |Count(n)| n.max(0) as u64));
    Some(PartialSuccess {
        rejected_items: counts.iter().fold(0, |sum, n| sum.saturating_add(*n)),
        message: partial.error_message.unwrap_or_default(),
    })
}

/// An int64 of protobuf in JSON: a number, or its digits as text.
#[derive(Deserialize)]
#[serde(try_from = "serde_json::Value")]
struct Count(i64);

impl TryFrom<serde_json::Value> for Count {
    type Error = &'static str;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        let number = match &value {
            serde_json::Value::String(digits) => digits.parse().ok(),
            value => value.as_i64(),
        };
        number.map(Self).ok_or("expected a 64-bit integer")
    }
}

/// The text of an error body: the message of a `google.rpc.Status`, or the text itself if it is
/// neither protobuf nor JSON. May be empty.
pub(crate) fn error_message(bytes: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Status {
        message: String,
    }
    if is_json(bytes)
        && let Ok(status) = serde_json::from_slice::<Status>(bytes)
    {
        return status.message;
    }
    if let Some(message) = status_message(bytes) {
        return message;
    }
    let end = bytes.len().min(4 * MAX_MESSAGE_CHARS);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn status_message(bytes: &[u8]) -> Option<String> {
    let mut message = None;
    let mut status = Fields(bytes);
    while let Some(field) = status.next()? {
        match field {
            (2, Field::Bytes(text)) => message = Some(std::str::from_utf8(text).ok()?.to_owned()),
            (1, Field::Varint(_)) | (3, Field::Bytes(_)) => {}
            _ => return None,
        }
    }
    message
}

const MAX_MESSAGE_CHARS: usize = 300;

/// Makes a text of the receiver fit to be shown: one line, at most 300 characters, without any of
/// the secrets, which a receiver may quote.
pub(crate) fn presentable(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        text = text.replace(secret.as_str(), "***");
    }
    let mut shown = String::new();
    for (i, c) in text.trim().chars().enumerate() {
        if i == MAX_MESSAGE_CHARS {
            shown.push_str("...");
            break;
        }
        shown.push(if c.is_control() { ' ' } else { c });
    }
    shown
}

/// Fields of a protobuf message. `next` is `None` where it is broken, `Some(None)` at its end.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

pub(crate) enum Field<'a> {
    Varint(u64),
    Bytes(&'a [u8]),
    Fixed,
}

impl<'a> Fields<'a> {
    #[expect(
        clippy::option_option,
        reason = "broken, at the end, and a field are three things"
    )]
    pub(crate) fn next(&mut self) -> Option<Option<(u64, Field<'a>)>> {
        if self.0.is_empty() {
            return Some(None);
        }
        let tag = self.varint()?;
        let number = tag >> 3;
        if number == 0 {
            return None;
        }
        let field = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => self.take(8).map(|_| Field::Fixed)?,
            2 => {
                let len = self.varint()?;
                Field::Bytes(self.take(len)?)
            }
            5 => self.take(4).map(|_| Field::Fixed)?,
            _ => return None,
        };
        Some(Some((number, field)))
    }

    fn varint(&mut self) -> Option<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn take(&mut self, len: u64) -> Option<&'a [u8]> {
        let len = usize::try_from(len).ok()?;
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    fn response(rejected: i64, message: &str) -> Vec<u8> {
        let partial = ExportTracePartialSuccess {
            rejected_spans: rejected,
            error_message: message.to_owned(),
        };
        let partial_success = Some(partial);
        ExportTraceServiceResponse { partial_success }.encode_to_vec()
    }

    #[track_caller]
    fn check(input: &[u8], expected: Option<(u64, &str)>) {
        let expected = expected.map(|(rejected_items, message)| PartialSuccess {
            rejected_items,
            message: message.to_owned(),
        });
        assert_eq!(parse_response(input), expected);
    }

    #[test]
    fn responses_tell_what_was_rejected() {
        check(b"", Some((0, "")));
        check(&response(0, ""), Some((0, "")));
        check(&response(3, "too old"), Some((3, "too old")));
        check(&response(0, "slow down"), Some((0, "slow down")));
        check(&response(-1, ""), Some((0, "")));
        check(&response(i64::MAX, ""), Some((i64::MAX as u64, "")));
    }

    #[test]
    fn responses_in_json_tell_it_too() {
        check(b" {}", Some((0, "")));
        check(br#"{"partialSuccess":null}"#, Some((0, "")));
        let spans = br#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#;
        check(spans, Some((3, "too old")));
        let points = br#"{"partialSuccess":{"rejectedDataPoints":2}}"#;
        check(points, Some((2, "")));
        let records = br#"{"partialSuccess":{"rejectedLogRecords":"-1"},"more":1}"#;
        check(records, Some((0, "")));
    }

    #[test]
    fn what_is_no_response_is_told() {
        check(b"{", None);
        check(br#"{"partialSuccess":{"rejectedSpans":"x"}}"#, None);
        check(b"<html>", None);
        let mut cut = response(3, "too old");
        cut.pop();
        check(&cut, None);
    }

    #[test]
    fn errors_are_a_status_or_text() {
        assert_eq!(error_message(b"\x08\x03\x12\x03bad"), "bad");
        assert_eq!(error_message(b"no such path"), "no such path");
        assert_eq!(error_message(b""), "");
        assert_eq!(error_message(br#"{"code":3,"message":"bad"}"#), "bad");
        assert_eq!(error_message(b"{oops"), "{oops");
    }

    #[test]
    fn texts_are_made_presentable() {
        let secrets = ["Bearer abcd".to_owned(), "abcd".to_owned()];
        let shown = presentable(" token 'Bearer abcd'\n(abcd) is\x1b[31m bad ", &secrets);
        assert_eq!(shown, "token '***' (***) is [31m bad");
        assert_eq!(presentable(&"x".repeat(400), &[]).len(), 303);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = parse_response(&bytes);
            let _ = presentable(&error_message(&bytes), &[]);
        }

        #[test]
        fn counts_and_texts_survive(rejected in 0..i64::MAX, message in ".{0,40}") {
            let expected = PartialSuccess { rejected_items: rejected as u64, message: message.clone() };
            prop_assert_eq!(parse_response(&response(rejected, &message)), Some(expected));
        }
    }
}
