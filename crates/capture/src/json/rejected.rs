//! Opens the lines of a file of rejects, as a conversion leaves it in a lake, so that what was
//! rejected can be tried again.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::envelope::{Enclosed, Opened};
use super::members::Members;
use super::{dump, text};
use crate::frame::Encoding;
use crate::layout::Envelope;
use crate::problems::{BAD_ENVELOPE, EMPTY_BODY, UNRECOVERABLE_BODY};

/// Which of the members were seen that together make a line of rejects.
#[derive(Clone, Copy, Default)]
pub(super) struct Marks {
    code: bool,
    len_bytes: bool,
    bytes: bool,
}

impl Marks {
    pub fn add(&mut self, key: &[u8]) {
        match key {
            b"code" => self.code = true,
            b"len_bytes" => self.len_bytes = true,
            b"bytes" => self.bytes = true,
            _ => {}
        }
    }

    pub fn all(self) -> bool {
        self.code && self.len_bytes && self.bytes
    }
}

/// Opens a line of rejects: what was rejected becomes a frame again.
pub(super) fn open(object: &[u8]) -> Opened<'_> {
    let (mut len_bytes, mut bytes) = (None, None);
    for member in Members::of(object) {
        match member.key {
            b"len_bytes" => len_bytes = number(member.value),
            b"bytes" if member.value == b"null" => {
                let message = "a line of rejects whose bytes were left out by redaction";
                return Opened::Reject(UNRECOVERABLE_BODY, message.to_owned());
            }
            b"bytes" => bytes = text::of(member.value),
            _ => {}
        }
    }
    let bytes = bytes.and_then(|text| STANDARD.decode(text.as_bytes()).ok());
    let (Some(len_bytes), Some(bytes)) = (len_bytes, bytes) else {
        let message = "a line of rejects whose `bytes` or `len_bytes` cannot be read";
        return Opened::Reject(BAD_ENVELOPE, message.to_owned());
    };
    if len_bytes == 0 {
        let message = "a line of rejects without bytes to try again";
        return Opened::Reject(EMPTY_BODY, message.to_owned());
    }
    if len_bytes != bytes.len() as u64 {
        let message = format!(
            "a line of rejects that kept {} of {len_bytes} bytes",
            bytes.len()
        );
        return Opened::Reject(BAD_ENVELOPE, message);
    }
    let text = bytes.trim_ascii_start();
    let encoding = match text.first() {
        Some(b'{') if dump::is_dump(text) => Encoding::JavaScriptSdk,
        Some(b'{' | b'[') => Encoding::Json,
        _ => Encoding::Protobuf,
    };
    Opened::Request(Enclosed {
        envelope: Envelope::Rejects,
        payload: Cow::Owned(bytes),
        encoding,
        signal: None,
        arrival_unix_nano: None,
    })
}

fn number(value: &[u8]) -> Option<u64> {
    str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::envelope::{Opened, open};
    use crate::frame::{Encoding, RejectCode};
    use crate::layout::Envelope;
    use crate::problems::{BAD_ENVELOPE, EMPTY_BODY, UNRECOVERABLE_BODY};

    fn line(len_bytes: &str, bytes: &str) -> String {
        format!(
            r#"{{"file":"a","frame":1,"offset":0,"code":"x","message":"m","len_bytes":{len_bytes},"bytes":{bytes}}}"#
        )
    }

    fn check(len_bytes: &str, bytes: &str, payload: &[u8], encoding: Encoding) {
        let line = line(len_bytes, bytes);
        let Opened::Request(request) = open(line.as_bytes(), 1000) else {
            panic!("no request in {line}");
        };
        assert_eq!(request.envelope, Envelope::Rejects);
        assert_eq!((&*request.payload, request.encoding), (payload, encoding));
    }

    fn check_reject(len_bytes: &str, bytes: &str, expected: RejectCode) {
        let line = line(len_bytes, bytes);
        let Opened::Reject(code, _) = open(line.as_bytes(), 1000) else {
            panic!("not rejected: {line}");
        };
        assert_eq!(code, expected, "{line}");
    }

    #[test]
    fn what_was_rejected_is_a_frame_again() {
        check("7", r#""eyJ4IjoxfQ==""#, b"{\"x\":1}", Encoding::Json);
        check("2", r#""CgA=""#, b"\x0a\0", Encoding::Protobuf);
        check(
            "16",
            r#""eyJoclRpbWUiOlsxLDJdfQ==""#,
            br#"{"hrTime":[1,2]}"#,
            Encoding::JavaScriptSdk,
        );
    }

    #[test]
    fn what_was_not_kept_whole_is_rejected_again() {
        check_reject("8", r#""eyJ4IjoxfQ==""#, BAD_ENVELOPE);
        check_reject("7", r#""?""#, BAD_ENVELOPE);
        check_reject("-7", r#""eyJ4IjoxfQ==""#, BAD_ENVELOPE);
        check_reject("0", r#""""#, EMPTY_BODY);
        check_reject("7", "null", UNRECOVERABLE_BODY);
    }
}
