//! Scalar fields in the spellings that emitters use: quoted and bare numbers, enum names, ids in
//! hex or base64, `null` for whatever is absent.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bumpalo::Bump;

use super::fault::{Note, Stop};
use super::number::{self, Integer};
use super::reader::Reader;
use crate::model::Number;
use crate::problems::{BAD_ID, BAD_VALUE};

/// How loosely base64 is read: padded or not, and with stray bits in the last character.
const LOOSE: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const BASE64: GeneralPurpose = GeneralPurpose::new(&STANDARD, LOOSE);
const BASE64_URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LOOSE);

/// An enum of the protocol: its long prefix and its short names, in the order of the numbers.
pub(super) struct EnumNames {
    prefix: &'static str,
    names: &'static [&'static str],
}

/// `Span.SpanKind`.
pub(super) const SPAN_KIND: EnumNames = EnumNames {
    prefix: "SPAN_KIND_",
    names: &[
        "UNSPECIFIED",
        "INTERNAL",
        "SERVER",
        "CLIENT",
        "PRODUCER",
        "CONSUMER",
    ],
};
/// `Status.StatusCode`.
pub(super) const STATUS_CODE: EnumNames = EnumNames {
    prefix: "STATUS_CODE_",
    names: &["UNSET", "OK", "ERROR"],
};
/// `AggregationTemporality`.
pub(super) const TEMPORALITY: EnumNames = EnumNames {
    prefix: "AGGREGATION_TEMPORALITY_",
    names: &["UNSPECIFIED", "DELTA", "CUMULATIVE"],
};
/// `SeverityNumber`.
pub(super) const SEVERITY: EnumNames = EnumNames {
    prefix: "SEVERITY_NUMBER_",
    names: &[
        "UNSPECIFIED",
        "TRACE",
        "TRACE2",
        "TRACE3",
        "TRACE4",
        "DEBUG",
        "DEBUG2",
        "DEBUG3",
        "DEBUG4",
        "INFO",
        "INFO2",
        "INFO3",
        "INFO4",
        "WARN",
        "WARN2",
        "WARN3",
        "WARN4",
        "ERROR",
        "ERROR2",
        "ERROR3",
        "ERROR4",
        "FATAL",
        "FATAL2",
        "FATAL3",
        "FATAL4",
    ],
};

impl EnumNames {
    /// The number of a name, long or short, in any case.
    fn number(&self, name: &str) -> Option<i32> {
        let short = match name.get(..self.prefix.len()) {
            Some(start) if start.eq_ignore_ascii_case(self.prefix) => &name[self.prefix.len()..],
            _ => name,
        };
        let index = self
            .names
            .iter()
            .position(|known| known.eq_ignore_ascii_case(short))?;
        i32::try_from(index).ok()
    }
}

impl<'a> Reader<'a> {
    /// Text; `null` is empty.
    #[inline]
    pub(super) fn text_field<'b>(&mut self, bump: &'b Bump) -> Result<&'b str, Stop>
    where
        'a: 'b,
    {
        if self.null()? {
            return Ok("");
        }
        self.string(bump)
    }

    /// A time or count: an unsigned 64-bit integer in any spelling; `null` is 0.
    #[inline]
    pub(super) fn u64_field(&mut self) -> Result<u64, Stop> {
        if let Some(value) = self.quoted_digits() {
            return Ok(value);
        }
        let start = self.offset();
        let Some(text) = self.numeral("an integer")? else {
            return Ok(0);
        };
        match number::plain(text.as_bytes()) {
            Some(value) => Ok(value),
            None => self.narrow(start, text, "an unsigned 64-bit integer"),
        }
    }

    /// A count or flags: an unsigned 32-bit integer in any spelling; `null` is 0.
    pub(super) fn u32_field(&mut self) -> Result<u32, Stop> {
        let start = self.offset();
        match self.numeral("an integer")? {
            None => Ok(0),
            Some(text) => self.narrow(start, text, "an unsigned 32-bit integer"),
        }
    }

    /// A scale or offset: a signed 32-bit integer in any spelling; `null` is 0.
    pub(super) fn i32_field(&mut self) -> Result<i32, Stop> {
        let start = self.offset();
        match self.numeral("an integer")? {
            None => Ok(0),
            Some(text) => self.narrow(start, text, "a signed 32-bit integer"),
        }
    }

    /// An enum: its number in any spelling, or its name; `null` is 0.
    pub(super) fn enum_field(&mut self, names: &EnumNames) -> Result<i32, Stop> {
        let start = self.offset();
        let Some(text) = self.numeral("an enum number or name")? else {
            return Ok(0);
        };
        match names.number(text) {
            Some(number) => Ok(number),
            None => self.narrow(start, text, "an enum number or a known name"),
        }
    }

    /// A double in any spelling, names of NaN and infinities included; `None` for `null`.
    #[inline]
    pub(super) fn double_field(&mut self) -> Result<Option<f64>, Stop> {
        let start = self.offset();
        let Some(text) = self.numeral("a number")? else {
            return Ok(None);
        };
        self.double_of(start, text).map(Some)
    }

    /// An integer in any spelling; `None` for `null`. What has a fraction or does not fit 64 bits
    /// keeps its number as a double, with a note.
    #[inline]
    pub(super) fn int_field(&mut self) -> Result<Option<Number>, Stop> {
        let start = self.offset();
        let Some(text) = self.numeral("an integer")? else {
            return Ok(None);
        };
        if let Integer::Exact(value) = number::integer(text)
            && let Ok(value) = i64::try_from(value)
        {
            return Ok(Some(Number::Int(value)));
        }
        let value = self.double_of(start, text)?;
        self.note(Note::IntOutOfRange);
        Ok(Some(Number::Double(value)))
    }

    /// A truth value, quoted or not; `None` for `null`.
    pub(super) fn bool_field(&mut self) -> Result<Option<bool>, Stop> {
        for (bare, quoted, value) in [
            (&b"true"[..], &b"\"true\""[..], true),
            (&b"false"[..], &b"\"false\""[..], false),
        ] {
            if self.eat_slice(bare) || self.eat_slice(quoted) {
                return Ok(Some(value));
            }
        }
        if self.null()? {
            return Ok(None);
        }
        self.wrong_kind("a truth value")
    }

    /// A trace id (16 bytes) or span id (8 bytes): hex, else base64. Empty, all zero and `null`
    /// are `None`.
    #[inline]
    pub(super) fn id_field<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Stop> {
        if let Some(id) = self.quoted_hex() {
            return Ok((id != [0; N]).then_some(id));
        }
        let start = self.offset();
        if self.null()? {
            return Ok(None);
        }
        let text = self.word()?;
        let id = match hex_id(text.as_bytes()).or_else(|| base64_id(text)) {
            Some(id) => id,
            None if text.is_empty() => return Ok(None),
            None => {
                let length = text.len();
                return self.stop(
                    BAD_ID,
                    start,
                    format!(
                        "expected an id of {} hex digits or {N} bytes of base64, found {length} bytes of text",
                        2 * N
                    ),
                );
            }
        };
        Ok((id != [0; N]).then_some(id))
    }

    /// Bytes: base64 of either alphabet, padded or not, or a list of numbers; `None` for `null`.
    pub(super) fn bytes_field<'b>(&mut self, bump: &'b Bump) -> Result<Option<&'b [u8]>, Stop> {
        if self.peek() == b'[' {
            return self.byte_list(bump).map(Some);
        }
        if self.null()? {
            return Ok(None);
        }
        let start = self.offset();
        let text = self.word()?;
        let out = bump.alloc_slice_fill_copy(text.len().div_ceil(4) * 3, 0u8);
        let length = match base64_engine(text).decode_slice(text, out) {
            Ok(length) => length,
            Err(error) => return self.stop(BAD_VALUE, start, format!("not base64: {error}")),
        };
        let bytes: &'b [u8] = out;
        Ok(bytes.get(..length))
    }

    fn byte_list<'b>(&mut self, bump: &'b Bump) -> Result<&'b [u8], Stop> {
        let mut out = bumpalo::collections::Vec::new_in(bump);
        self.list()?;
        let mut first = true;
        while self.element(&mut first)? {
            let start = self.offset();
            let byte = self.u32_field()?;
            let Ok(byte) = u8::try_from(byte) else {
                return self.stop(BAD_VALUE, start, format!("expected a byte, found {byte}"));
            };
            out.push(byte);
        }
        Ok(out.into_bump_slice())
    }

    /// Takes an integer of 1 to 19 digits in quotes, if that comes next.
    #[inline]
    fn quoted_digits(&mut self) -> Option<u64> {
        let digits = self.rest().strip_prefix(b"\"")?;
        let (mut value, mut length) = (0u64, 0);
        // Times have 19 digits (bench `stages`, `visit`).
        if let Some(sixteen) = digits.first_chunk::<16>()
            && let Some(known) = number::sixteen_digits(sixteen)
        {
            (value, length) = (known, 16);
        }
        loop {
            let byte = *digits.get(length)?;
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                if byte != b'"' || length == 0 {
                    return None;
                }
                self.go_to(self.offset() + length + 2);
                return Some(value);
            }
            if length == 19 {
                return None;
            }
            value = value * 10 + u64::from(digit);
            length += 1;
        }
    }

    /// Takes an id in hex, if that comes next.
    #[inline]
    fn quoted_hex<const N: usize>(&mut self) -> Option<[u8; N]> {
        let quoted = self.rest().get(..2 * N + 2)?;
        let digits = quoted.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        let id = hex_id(digits)?;
        self.go_to(self.offset() + quoted.len());
        Some(id)
    }

    /// The text of a number, quoted or not; `None` for `null`.
    #[inline]
    fn numeral(&mut self, expected: &'static str) -> Result<Option<&'a str>, Stop> {
        match self.peek() {
            b'"' => self.word().map(Some),
            b'-' | b'0'..=b'9' => self.number().map(Some),
            b'n' => self.null().map(|_| None),
            _ => self.wrong_kind(expected),
        }
    }

    fn narrow<T: TryFrom<i128>>(
        &mut self,
        start: usize,
        text: &str,
        expected: &'static str,
    ) -> Result<T, Stop> {
        match number::integer(text) {
            Integer::Exact(value) => match T::try_from(value) {
                Ok(value) => Ok(value),
                Err(_) => self.bad_number(start, text, expected),
            },
            Integer::Other | Integer::Invalid => self.bad_number(start, text, expected),
        }
    }

    #[inline]
    fn double_of(&mut self, start: usize, text: &str) -> Result<f64, Stop> {
        match number::double(text) {
            Some(value) => Ok(value),
            None => self.bad_number(start, text, "a number in the range of doubles"),
        }
    }

    #[cold]
    fn bad_number<T>(
        &mut self,
        start: usize,
        text: &str,
        expected: &'static str,
    ) -> Result<T, Stop> {
        let shown: String = text.chars().take(40).collect();
        self.stop(
            BAD_VALUE,
            start,
            format!("expected {expected}, found `{shown}`"),
        )
    }
}

/// Reads `2 * N` hex digits.
#[inline]
fn hex_id<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    if digits.len() != 2 * N {
        return None;
    }
    let mut id = [0; N];
    let mut bad = 0;
    for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
        let (high, low) = (HEX[usize::from(pair[0])], HEX[usize::from(pair[1])]);
        bad |= high | low;
        *byte = high << 4 | low & 15;
    }
    (bad < 16).then_some(id)
}

/// The value of each hex digit, 255 for other bytes.
const HEX: [u8; 256] = {
    let mut table = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        table[b"0123456789abcdef"[digit] as usize] = digit as u8;
        table[b"0123456789ABCDEF"[digit] as usize] = digit as u8;
        digit += 1;
    }
    table
};

/// Reads base64 of exactly `N` bytes, at most 16.
fn base64_id<const N: usize>(text: &str) -> Option<[u8; N]> {
    // 24 characters hold 16 bytes; the decoder wants room for 18.
    let mut room = [0; 18];
    if text.len() > 24 {
        return None;
    }
    let length = base64_engine(text).decode_slice(text, &mut room).ok()?;
    room[..length].try_into().ok()
}

/// The engine for the alphabet that a text uses.
fn base64_engine(text: &str) -> &'static GeneralPurpose {
    if memchr::memchr2(b'-', b'_', text.as_bytes()).is_some() {
        &BASE64_URL
    } else {
        &BASE64
    }
}
