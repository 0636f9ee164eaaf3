//! Writes JSON into one growing buffer.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A buffer of JSON text in one line.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
}

impl Text {
    /// Writes a comma where one is needed before a member or item.
    fn separate(&mut self) {
        // Texts end with a quote, so these two are never of a value.
        if !matches!(self.bytes.last(), None | Some(b'{' | b'[')) {
            self.bytes.push(b',');
        }
    }

    /// Begins a member.
    fn name(&mut self, name: &str) {
        self.separate();
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.extend_from_slice(b"\":");
    }

    /// Opens an object that is an item of a list, or the whole text.
    pub(super) fn open_item(&mut self) {
        self.separate();
        self.bytes.push(b'{');
    }

    /// Opens a member that is an object.
    pub(super) fn open(&mut self, name: &str) {
        self.name(name);
        self.bytes.push(b'{');
    }

    pub(super) fn close(&mut self) {
        self.bytes.push(b'}');
    }

    /// Opens a member that is a list.
    pub(super) fn open_list(&mut self, name: &str) {
        self.name(name);
        self.bytes.push(b'[');
    }

    pub(super) fn close_list(&mut self) {
        self.bytes.push(b']');
    }

    /// A member that is a list, unless empty.
    pub(super) fn list<T>(&mut self, name: &str, items: &[T], item: impl Fn(&mut Self, &T)) {
        if items.is_empty() {
            return;
        }
        self.open_list(name);
        for value in items {
            item(self, value);
        }
        self.close_list();
    }

    /// Text, also if empty.
    pub(super) fn put_text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quote(value);
    }

    /// Text, unless empty.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        if !value.is_empty() {
            self.put_text(name, value);
        }
    }

    /// A text in a list.
    pub(super) fn text_item(&mut self, value: &str) {
        self.separate();
        self.quote(value);
    }

    fn quote(&mut self, value: &str) {
        self.bytes.push(b'"');
        let mut rest = value.as_bytes();
        let needs_escape = |byte: &u8| *byte < 0x20 || matches!(byte, b'"' | b'\\');
        while let Some(place) = rest.iter().position(needs_escape) {
            let (plain, tail) = rest.split_at(place);
            self.bytes.extend_from_slice(plain);
            match tail[0] {
                b'"' => self.bytes.extend_from_slice(b"\\\""),
                b'\\' => self.bytes.extend_from_slice(b"\\\\"),
                b'\n' => self.bytes.extend_from_slice(b"\\n"),
                b'\r' => self.bytes.extend_from_slice(b"\\r"),
                b'\t' => self.bytes.extend_from_slice(b"\\t"),
                control => self.display(format_args!("\\u{control:04x}")),
            }
            rest = &tail[1..];
        }
        self.bytes.extend_from_slice(rest);
        self.bytes.push(b'"');
    }

    /// Bytes in base64, also if empty.
    pub(super) fn put_bytes(&mut self, name: &str, value: &[u8]) {
        self.name(name);
        self.quote(&STANDARD.encode(value));
    }

    /// An id in hex, if there is one.
    pub(super) fn id<const N: usize>(&mut self, name: &str, id: Option<[u8; N]>) {
        let Some(id) = id else { return };
        self.name(name);
        self.bytes.push(b'"');
        for byte in id {
            let digits = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
            self.bytes.extend_from_slice(&digits);
        }
        self.bytes.push(b'"');
    }

    /// A truth value, also if false.
    pub(super) fn put_bool(&mut self, name: &str, value: bool) {
        self.name(name);
        self.display(value);
    }

    /// A number of at most 32 bits, unless 0.
    pub(super) fn number(&mut self, name: &str, value: impl Into<i64>) {
        let value = value.into();
        if value != 0 {
            self.name(name);
            self.display(value);
        }
    }

    /// A 64-bit number, also if 0.
    pub(super) fn put_int64(&mut self, name: &str, value: i64) {
        self.name(name);
        self.display(format_args!("\"{value}\""));
    }

    /// An unsigned 64-bit number, unless 0.
    pub(super) fn uint64(&mut self, name: &str, value: u64) {
        if value != 0 {
            self.name(name);
            self.display(format_args!("\"{value}\""));
        }
    }

    /// An unsigned 64-bit number in a list.
    pub(super) fn uint64_item(&mut self, value: u64) {
        self.separate();
        self.display(format_args!("\"{value}\""));
    }

    /// A double, also if 0.
    pub(super) fn put_double(&mut self, name: &str, value: f64) {
        self.name(name);
        self.double_value(value);
    }

    /// A double, unless positive 0.
    pub(super) fn double(&mut self, name: &str, value: f64) {
        if value.to_bits() != 0 {
            self.put_double(name, value);
        }
    }

    /// A double in a list.
    pub(super) fn double_item(&mut self, value: f64) {
        self.separate();
        self.double_value(value);
    }

    fn double_value(&mut self, value: f64) {
        if value.is_finite() {
            self.display(format_args!("{value:?}"));
        } else if value.is_nan() {
            self.quote("NaN");
        } else {
            self.quote(if value > 0.0 { "Infinity" } else { "-Infinity" });
        }
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        write!(self.bytes, "{value}").expect("writing to memory does not fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_items_are_separated_and_texts_escaped() {
        let mut text = Text::default();
        text.open_item();
        text.text("a", "");
        text.put_text("b", "{[\"\\\n\u{1}\u{e9}");
        text.list("c", &[1.5, -0.0, f64::NAN, 1e300], |text, item| {
            text.double_item(*item);
        });
        text.open("d");
        text.close();
        text.uint64("e", u64::MAX);
        text.id("f", Some([0, 0xAB]));
        text.put_bool("g", false);
        text.put_bytes("h", b"\x00\xff");
        text.close();
        assert_eq!(
            String::from_utf8(text.bytes).unwrap(),
            "{\"b\":\"{[\\\"\\\\\\n\\u0001\u{e9}\",\"c\":[1.5,-0.0,\"NaN\",1e300],\"d\":{},\
             \"e\":\"18446744073709551615\",\"f\":\"00ab\",\"g\":false,\"h\":\"AP8=\"}"
        );
    }
}
