//! Captures made from a real one: its requests, with times and ids moved so that nothing repeats.

use std::path::PathBuf;

use anyhow::Result;
use otolith_capture::{Chunk, Entry, ReadOptions, find_sources};

use crate::root;

/// How far each repetition lies after the one before: longer than any of the real captures.
const SHIFT_NANOS: u64 = 3_600_000_000_000;

/// The requests of the smallest real capture, with all signals, as OTLP JSON.
pub fn small_requests() -> Result<Vec<Vec<u8>>> {
    requests_of(&[root().join("testdata/captures/claude-http/agentic-ci.jsonl")])
}

fn requests_of(paths: &[PathBuf]) -> Result<Vec<Vec<u8>>> {
    let mut requests = Vec::new();
    let mut chunk = Chunk::new();
    for source in find_sources(paths)? {
        let mut reader = source.open(&ReadOptions::default())?;
        while reader.next_chunk(&mut chunk)? {
            for entry in chunk.entries() {
                if let Entry::Frame(frame) = entry {
                    requests.push(frame.bytes.to_vec());
                }
            }
        }
    }
    Ok(requests)
}

/// The request with every time moved by `repetition` shifts and every id made its own.
pub fn moved(request: &[u8], repetition: u64) -> Vec<u8> {
    let mut bytes = request.to_vec();
    let mut at = 0;
    while let Some(quote) = find(&bytes[at..], b"\":\"") {
        let start = at + quote + 3;
        let key = &bytes[..at + quote];
        if key.ends_with(b"UnixNano") {
            let digits = bytes[start..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count();
            // 19 digits are times from 2001 to 2286; what is 0 or broken stays as it is.
            if digits == 19
                && let Some(time) = std::str::from_utf8(&bytes[start..start + 19])
                    .ok()
                    .and_then(|text| text.parse::<u64>().ok())
            {
                let text = (time + repetition * SHIFT_NANOS).to_string();
                bytes[start..start + 19].copy_from_slice(text.as_bytes());
            }
        } else if key.ends_with(b"traceId") || key.ends_with(b"panId") {
            let digits = bytes[start..]
                .iter()
                .take_while(|b| b.is_ascii_hexdigit())
                .count();
            if digits >= 16 {
                let tail = &mut bytes[start + digits - 8..start + digits];
                let low = std::str::from_utf8(tail)
                    .ok()
                    .and_then(|text| u32::from_str_radix(text, 16).ok())
                    .unwrap_or(0);
                let own = low
                    ^ u32::try_from(repetition)
                        .unwrap_or(0)
                        .wrapping_mul(0x9E37_79B1);
                tail.copy_from_slice(format!("{own:08x}").as_bytes());
            }
        }
        at = start;
    }
    bytes
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::moved;

    #[test]
    fn times_and_ids_move_and_the_rest_stays() {
        let request = br#"{"traceId":"0af7651916cd43dd8448eb211c80319c","startTimeUnixNano":"1795201728624968165","timeUnixNano":"0","name":"a\":\"b"}"#;
        assert_eq!(moved(request, 0), request);
        let text = String::from_utf8(moved(request, 1)).unwrap();
        assert!(
            text.contains(r#""startTimeUnixNano":"1795205328624968165""#),
            "{text}"
        );
        assert!(
            text.contains(r#""timeUnixNano":"0","name":"a\":\"b""#),
            "{text}"
        );
        assert!(
            !text.contains("1c80319c") && text.contains("0af7651916cd43dd8448eb21"),
            "{text}"
        );
    }
}
