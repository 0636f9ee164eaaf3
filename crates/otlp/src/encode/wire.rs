//! Writes the protobuf wire format into one growing buffer.

/// A buffer of protobuf bytes.
///
/// Messages are written in place: room of one byte is left for the length, and the content is
/// moved up once it is known to need more.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    pub(super) bytes: Vec<u8>,
}

/// Appends a field of bytes, text or a message.
pub(crate) fn put_len_prefixed(bytes: &mut Vec<u8>, number: u32, value: &[u8]) {
    let mut buffer = Buffer {
        bytes: std::mem::take(bytes),
    };
    buffer.put_bytes(number, value);
    *bytes = buffer.bytes;
}

/// Where an open message begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Offset of the first byte of its length.
    len: usize,
}

impl Buffer {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn tag(&mut self, number: u32, wire_type: u32) {
        self.varint(u64::from(number << 3 | wire_type));
    }

    /// Opens an embedded message.
    pub(super) fn open(&mut self, number: u32) -> Mark {
        self.tag(number, 2);
        let mark = Mark {
            len: self.bytes.len(),
        };
        self.bytes.push(0);
        mark
    }

    /// Closes the message that was opened last.
    pub(super) fn close(&mut self, mark: Mark) {
        let start = mark.len + 1;
        let end = self.bytes.len();
        let mut len = end - start;
        if len >= 0x80 {
            let extra = varint_len(len as u64) - 1;
            self.bytes.resize(end + extra, 0);
            self.bytes.copy_within(start..end, start + extra);
        }
        let mut at = mark.len;
        while len >= 0x80 {
            self.bytes[at] = len as u8 | 0x80;
            len >>= 7;
            at += 1;
        }
        self.bytes[at] = len as u8;
    }

    /// Bytes or text, also if empty.
    pub(super) fn put_bytes(&mut self, number: u32, value: &[u8]) {
        self.tag(number, 2);
        self.varint(value.len() as u64);
        self.bytes.extend_from_slice(value);
    }

    /// Text, unless empty.
    pub(super) fn text(&mut self, number: u32, value: &str) {
        if !value.is_empty() {
            self.put_bytes(number, value.as_bytes());
        }
    }

    /// An id, if there is one.
    pub(super) fn id<const N: usize>(&mut self, number: u32, id: Option<[u8; N]>) {
        if let Some(id) = id {
            self.put_bytes(number, &id);
        }
    }

    /// A varint, also if 0.
    pub(super) fn put_varint(&mut self, number: u32, value: u64) {
        self.tag(number, 0);
        self.varint(value);
    }

    /// An unsigned number, unless 0.
    pub(super) fn uint32(&mut self, number: u32, value: u32) {
        if value != 0 {
            self.put_varint(number, value.into());
        }
    }

    /// A signed number or enum, unless 0.
    pub(super) fn int32(&mut self, number: u32, value: i32) {
        if value != 0 {
            // Negative numbers are sign-extended to ten bytes.
            self.put_varint(number, i64::from(value) as u64);
        }
    }

    /// A sint32, unless 0.
    pub(super) fn sint32(&mut self, number: u32, value: i32) {
        if value != 0 {
            let zigzag = (value << 1) ^ (value >> 31);
            self.put_varint(number, u64::from(zigzag as u32));
        }
    }

    /// A fixed64, also if 0.
    pub(super) fn put_fixed64(&mut self, number: u32, value: u64) {
        self.tag(number, 1);
        self.bytes.extend_from_slice(&value.to_le_bytes());
    }

    /// A fixed64, unless 0.
    pub(super) fn fixed64(&mut self, number: u32, value: u64) {
        if value != 0 {
            self.put_fixed64(number, value);
        }
    }

    /// A double, unless positive 0.
    pub(super) fn double(&mut self, number: u32, value: f64) {
        self.fixed64(number, value.to_bits());
    }

    /// A double with presence.
    pub(super) fn optional_double(&mut self, number: u32, value: Option<f64>) {
        if let Some(value) = value {
            self.put_fixed64(number, value.to_bits());
        }
    }

    /// A fixed32, unless 0.
    pub(super) fn fixed32(&mut self, number: u32, value: u32) {
        if value != 0 {
            self.tag(number, 5);
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// A packed list of fixed64, unless empty.
    pub(super) fn packed_fixed64(
        &mut self,
        number: u32,
        values: impl ExactSizeIterator<Item = u64>,
    ) {
        if values.len() == 0 {
            return;
        }
        self.tag(number, 2);
        self.varint(values.len() as u64 * 8);
        for value in values {
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// A packed list of varints, unless empty.
    pub(super) fn packed_varint(&mut self, number: u32, values: &[u64]) {
        if values.is_empty() {
            return;
        }
        let mark = self.open(number);
        for &value in values {
            self.varint(value);
        }
        self.close(mark);
    }
}

fn varint_len(value: u64) -> usize {
    (64 - (value | 1).leading_zeros() as usize).div_ceil(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::wire::{Message, Wire};

    #[test]
    fn lengths_of_messages_take_the_bytes_they_need() {
        for len in [0, 1, 127, 128, 16_383, 16_384, 2_097_152] {
            let mut buffer = Buffer::default();
            let outer = buffer.open(1);
            let inner = buffer.open(2);
            buffer.bytes.resize(buffer.bytes.len() + len, 7);
            buffer.close(inner);
            buffer.close(outer);
            let content = vec![7; len];
            let mut fields = Message::payload(&buffer.bytes).fields();
            let outer = fields.next().unwrap().unwrap();
            let Wire::Len(outer) = outer.value else {
                panic!("{outer:?}");
            };
            assert!(fields.next().unwrap().is_none());
            let inner = Message::from(outer).fields().next().unwrap().unwrap();
            let Wire::Len(inner) = inner.value else {
                panic!("{inner:?}");
            };
            assert_eq!(inner.bytes, content);
            let head = 2 + varint_len(len as u64) + varint_len(outer.bytes.len() as u64);
            assert_eq!(buffer.bytes.len(), len + head);
        }
    }
}
