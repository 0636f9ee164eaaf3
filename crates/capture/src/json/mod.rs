//! JSON captures: cutting text into top-level objects, and opening envelopes.

use memchr::memmem;

mod brackets;
pub(crate) mod cutter;
mod dump;
pub(crate) mod envelope;
mod marker;
mod members;
mod rejected;
pub(crate) mod resync;
mod scan;
mod stdout;
mod text;
mod time;

/// Whether a text begins with a JSON record, or has a line that does.
pub(crate) fn starts_records(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = text.iter().position(|byte| !cutter::is_blank(*byte));
    match first.map(|place| &text[place..]) {
        None => !bytes.is_empty(),
        Some([b'{' | b'[', ..]) => true,
        Some(text) => {
            // Damage may put a control character or two into a text, no more.
            let front = &text[..text.len().min(512)];
            let controls = front.iter().filter(|byte| matches!(byte, 0..=8 | 14..=29));
            let binary = controls.count() * 16 > front.len();
            let line = &text[..resync::line_end(text).unwrap_or(text.len())];
            !binary && (resync::glued(line).is_some() || memmem::find(text, b"\n{\"").is_some())
        }
    }
}
