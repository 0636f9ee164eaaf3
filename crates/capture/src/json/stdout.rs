//! Opens the envelopes of otlp-stdout: one exported request per line of standard output, its
//! body compressed and in base64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use super::envelope::{Enclosed, Opened};
use super::members::Members;
use super::{text, time};
use crate::frame::Encoding;
use crate::hint;
use crate::inflate::{self, Fault};
use crate::layout::Envelope;
use crate::problems::{BAD_ENVELOPE, EMPTY_BODY};

/// Opens an envelope that names `version` of its format.
pub(super) fn open<'a>(version: &[u8], object: &'a [u8], max_bytes: usize) -> Opened<'a> {
    let mut parts = Parts::default();
    for member in Members::of(object) {
        match member.key {
            b"endpoint" => parts.endpoint = text::of(member.value),
            b"content-type" => parts.content_type = text::of(member.value),
            b"content-encoding" => parts.content_encoding = text::of(member.value),
            b"payload" => parts.payload = Some(member.value),
            b"base64" => parts.base64 = member.value == b"true",
            b"timestamp" | b"ts" => parts.arrival_unix_nano = time::unix_nano(member.value),
            _ => {}
        }
    }
    parts.open(max_bytes).unwrap_or_else(|(code, why)| {
        let version = text::of(version).unwrap_or_default();
        let version = version.escape_debug();
        Opened::Reject(code, format!("otlp-stdout envelope `{version}`: {why}"))
    })
}

#[derive(Default)]
struct Parts<'a> {
    endpoint: Option<Cow<'a, str>>,
    content_type: Option<Cow<'a, str>>,
    content_encoding: Option<Cow<'a, str>>,
    payload: Option<&'a [u8]>,
    base64: bool,
    arrival_unix_nano: Option<u64>,
}

impl<'a> Parts<'a> {
    fn open(self, max_bytes: usize) -> Result<Opened<'a>, Fault> {
        let payload = match self.payload {
            Some(payload) if payload != b"null" => payload,
            _ => return Err((EMPTY_BODY, "it has no payload".to_owned())),
        };
        let payload = if payload.starts_with(b"\"") {
            self.unfold(payload, max_bytes)?
        } else {
            Cow::Borrowed(payload)
        };
        if payload.is_empty() {
            return Err((EMPTY_BODY, "its payload is empty".to_owned()));
        }
        let encoding = match self.content_type.as_deref() {
            Some(kind) if kind.contains("json") => Encoding::Json,
            Some(kind) if kind.contains("protobuf") => Encoding::Protobuf,
            _ if payload.trim_ascii_start().starts_with(b"{") => Encoding::Json,
            _ => Encoding::Protobuf,
        };
        Ok(Opened::Request(Enclosed {
            envelope: Envelope::OtlpStdout,
            payload,
            encoding,
            signal: self.endpoint.as_deref().and_then(hint::of_path),
            arrival_unix_nano: self.arrival_unix_nano,
        }))
    }

    fn unfold(&self, payload: &'a [u8], max_bytes: usize) -> Result<Cow<'a, [u8]>, Fault> {
        let text =
            text::of(payload).ok_or((BAD_ENVELOPE, "its payload is no valid string".to_owned()))?;
        let bytes = if self.base64 {
            let decoded = STANDARD
                .decode(text.as_bytes())
                .or_else(|_| STANDARD_NO_PAD.decode(text.as_bytes()))
                .map_err(|error| (BAD_ENVELOPE, format!("its payload is no base64: {error}")))?;
            Cow::Owned(decoded)
        } else {
            match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
                Cow::Owned(text) => Cow::Owned(text.into_bytes()),
            }
        };
        match self.content_encoding.as_deref() {
            None | Some("" | "identity" | "none") => Ok(bytes),
            Some("gzip") => inflate::gzip(&bytes, max_bytes).map(Cow::Owned),
            Some("zstd") => inflate::zstd(&bytes, max_bytes).map(Cow::Owned),
            Some(other) => Err((
                BAD_ENVELOPE,
                format!("expected content encoding gzip, zstd or none, found `{other}`"),
            )),
        }
    }
}
