//! Recognises the format of a file from its first bytes.

use crate::binary::message::{self, Look};
use crate::binary::{BinaryCutter, Framing, WalkEnd};
use crate::json::{cutter, starts_records};
use crate::options::InputFormat;
use crate::stream::{GZIP_MAGIC, ZSTD_MAGIC};

/// How many bytes of a file are looked at. Files that are larger are confirmed as far as this;
/// a file cannot be walked to its end first when it is read from a pipe.
pub(crate) const LOOK_BYTES: usize = 1 << 20;

/// How many fields of messages one attempt looks at.
pub(crate) const LOOK_FIELDS: usize = 1 << 20;

/// The format of a file that begins with `bytes`; `at_end` says that this is all of it.
pub(crate) fn recognise(bytes: &[u8], at_end: bool, max_bytes: usize) -> Option<InputFormat> {
    if bytes.get(4..8) == Some(&ZSTD_MAGIC) && length_fits(bytes, at_end) {
        return Some(InputFormat::ZstdFrames);
    }
    if is_framed(Framing::Proto, bytes, max_bytes, at_end) {
        return Some(InputFormat::ProtoFrames);
    }
    // Blank lines look like the tags and lengths of a message.
    let blank = bytes.iter().take_while(|byte| cutter::is_blank(**byte));
    let text = &bytes[blank.count()..];
    if starts_records(bytes) && is_free_of_controls(&text[..text.len().min(512)]) {
        return Some(InputFormat::Json);
    }
    let look = message::look(bytes, &mut { LOOK_FIELDS });
    let begins_message = bytes.first() == Some(&0x0a) && bytes.len() > 2;
    if begins_message && at_end && (look == Look::Whole || without_line_end(bytes).is_some()) {
        return Some(InputFormat::Protobuf);
    }
    let varint = BinaryCutter::new(Framing::Varint, max_bytes);
    let walk = varint.walk(bytes, 3, &mut { LOOK_FIELDS });
    let exact = at_end && walk.end == WalkEnd::Exact && walk.messages > 0;
    if exact || walk.messages >= 2 {
        return Some(InputFormat::VarintFrames);
    }
    if begins_message && !at_end && look != Look::Wrong {
        return Some(InputFormat::Protobuf);
    }
    if is_framed(Framing::Grpc, bytes, max_bytes, at_end) {
        return Some(InputFormat::GrpcFrames);
    }
    if starts_records(bytes) {
        return Some(InputFormat::Json);
    }
    if begins_message && look == Look::Short {
        return Some(InputFormat::Protobuf);
    }
    if walk.messages == 1 || walk.end == WalkEnd::Short && walk_is_large(bytes) {
        return Some(InputFormat::VarintFrames);
    }
    [
        (Framing::Proto, InputFormat::ProtoFrames),
        (Framing::Zstd, InputFormat::ZstdFrames),
    ]
    .into_iter()
    .find(|(framing, _)| has_frames_later(*framing, bytes, max_bytes))
    .map(|(_, format)| format)
}

/// Whether a file that ends after `bytes` may turn out to be of another format than was `found`
/// once it goes on: it may be the very beginning of compression, of a byte order mark, or of a
/// first message. Padding stands for what is not written yet.
pub(crate) fn may_become_other(bytes: &[u8], found: Option<InputFormat>, max_bytes: usize) -> bool {
    const BEGINNINGS: [&[u8]; 3] = [&GZIP_MAGIC, &ZSTD_MAGIC, b"\xef\xbb\xbf"];
    let is_blank = bytes.iter().all(|byte| cutter::is_blank(*byte));
    if is_blank || matches!(found, Some(format) if format != InputFormat::Json) {
        return false;
    }
    let end = bytes.iter().rposition(|byte| *byte != 0);
    let bytes = &bytes[..end.map_or(0, |last| last + 1)];
    let is_first_message = |framing: Framing| {
        let walk = BinaryCutter::new(framing, max_bytes).walk(bytes, 1, &mut { LOOK_FIELDS });
        walk.messages == 0 && walk.end == WalkEnd::Short
    };
    BEGINNINGS
        .iter()
        .any(|beginning| beginning.starts_with(bytes))
        || Framing::ALL.into_iter().any(is_first_message)
        || found.is_none() && message::look(bytes, &mut { LOOK_FIELDS }) == Look::Short
}

/// The message in `bytes` without the line end that some writers add.
pub(crate) fn without_line_end(bytes: &[u8]) -> Option<&[u8]> {
    let message = bytes.strip_suffix(b"\n")?;
    let message = message.strip_suffix(b"\r").unwrap_or(message);
    (message::look(message, &mut { LOOK_FIELDS }) == Look::Whole).then_some(message)
}

fn length_fits(bytes: &[u8], at_end: bool) -> bool {
    let len = bytes
        .first_chunk()
        .map_or(0, |len| u32::from_be_bytes(*len));
    // A cut last message has a length that does not fit.
    len > 8 || !at_end
}

/// Whether the first message is whole, or the file is cut inside of it.
fn is_framed(framing: Framing, bytes: &[u8], max_bytes: usize, at_end: bool) -> bool {
    let walk = BinaryCutter::new(framing, max_bytes).walk(bytes, 3, &mut { LOOK_FIELDS });
    if walk.messages > 0 {
        return true;
    }
    // A prefix and the first bytes of a message, which must be more than the prefix itself.
    walk.end == WalkEnd::Short
        && bytes.len() > framing.min_header_len() + 2
        && (!at_end || bytes.len() >= 8)
}

/// A first message that is longer than what is looked at.
fn walk_is_large(bytes: &[u8]) -> bool {
    bytes.len() >= LOOK_BYTES
}

/// Whether frames begin somewhere behind a damaged or padded beginning.
fn has_frames_later(framing: Framing, bytes: &[u8], max_bytes: usize) -> bool {
    let cutter = BinaryCutter::new(framing, max_bytes);
    let mut fields = LOOK_FIELDS;
    (1..bytes.len()).any(|place| cutter.agrees(&bytes[place..], &mut fields))
}

/// What a file looks like that is no capture.
pub(crate) fn describe(bytes: &[u8]) -> String {
    const KNOWN: [(usize, &[u8], &str); 19] = [
        (0, &GZIP_MAGIC, "gzip inside several other compressions"),
        (0, &ZSTD_MAGIC, "zstd inside several other compressions"),
        (0, b"PAR1", "Parquet"),
        (0, b"ARROW1", "Arrow"),
        (0, b"Obj\x01", "Avro"),
        (0, b"PK\x03\x04", "a ZIP archive"),
        (257, b"ustar", "a tar archive"),
        (0, b"BZh", "bzip2"),
        (0, b"\xfd7zXZ", "xz"),
        (0, b"\x04\x22\x4d\x18", "lz4"),
        (0, b"\xff\x06\x00\x00sNaPpY", "snappy"),
        (0, b"\x78\x9c", "zlib"),
        (0, b"SQLite format 3", "a SQLite database"),
        (0, b"\x7fELF", "a program"),
        (0, b"%PDF", "PDF"),
        (0, b"\x89PNG", "an image"),
        (0, b"\xff\xfe", "UTF-16 text"),
        (0, b"\xfe\xff", "UTF-16 text"),
        (0, b"<", "XML or HTML"),
    ];
    let known = KNOWN.iter().find(|(place, magic, _)| {
        bytes
            .get(*place..)
            .is_some_and(|bytes| bytes.starts_with(magic))
    });
    let front = &bytes[..bytes.len().min(16)];
    let looks = match known {
        Some((_, _, name)) => (*name).to_owned(),
        None if is_text(front) => {
            format!("text that is not JSON, `{}`", front.escape_ascii())
        }
        None => "unknown binary data".to_owned(),
    };
    let hex: Vec<String> = front.iter().map(|byte| format!("{byte:02x}")).collect();
    format!(
        "expected a capture, found what looks like {looks} (first bytes {})",
        hex.join(" ")
    )
}

/// Whether there are no control characters other than white space, of which every message of some
/// length has one among its tags and lengths.
fn is_free_of_controls(bytes: &[u8]) -> bool {
    // Without a branch per byte, so that the compiler takes many at once.
    let is_control = |byte: &u8| matches!(byte, 0..=8 | 14..=31);
    !bytes.iter().fold(false, |any, byte| any | is_control(byte))
}

fn is_text(bytes: &[u8]) -> bool {
    // A character may be cut at the end.
    let whole = match str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    whole && is_free_of_controls(bytes)
}
