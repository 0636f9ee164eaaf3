//! The identity of a run: a hash of what it reads and of the options that shape its output.

use std::collections::BTreeSet;

use otolith_capture::{Encoding, Entry};
use otolith_lake::Capture;
use twox_hash::XxHash3_128;

use crate::options::{ConvertOptions, Dedup};

/// Changes when the same input shall give other parts.
const VERSION: &str = "otolith parts 1";

/// Hash of a request: equal for equal payload bytes, encoding and signal as known from outside.
pub(crate) type RequestHash = u128;

/// Hashes the content of all sources in order, as far as it is new. Where they lie, how they are named and when they
/// are read has no part in it.
#[derive(Clone)]
pub(crate) struct Identity(XxHash3_128);

impl Identity {
    pub fn new(options: &ConvertOptions) -> Self {
        let mut hasher = XxHash3_128::new();
        hasher.write(VERSION.as_bytes());
        let ConvertOptions {
            threads: _,
            read,
            decode,
            columns_per_table,
            buffer_bytes,
            dedup,
            known: _,
            strict: _,
            redact,
        } = options;
        let limits = &read.limits;
        let words = [
            read.input_format.map(|format| format.as_str()),
            read.signal.map(|signal| signal.as_str()),
        ];
        for word in words {
            hasher.write(word.unwrap_or("").as_bytes());
            hasher.write(&[0xff]);
        }
        for number in [
            limits.frame_bytes as u64,
            limits.decompression_ratio,
            limits.decompressed_bytes.unwrap_or(u64::MAX),
            limits.kept_reject_bytes as u64,
            decode.value_depth as u64,
            decode.attributes as u64,
            *columns_per_table as u64,
            *buffer_bytes as u64,
            u64::from(*dedup == Dedup::Requests),
        ] {
            hasher.write(&number.to_le_bytes());
        }
        if let Some(redaction) = redact {
            hasher.write(&redaction.fingerprint());
        }
        Self(hasher)
    }

    /// A source ends that was read from a place to another: what its content was up to there tells
    /// it from others that have the same frames.
    pub fn source(&mut self, from_bytes: u64, capture: &Capture) {
        self.0.write(b"source");
        self.0.write(&from_bytes.to_le_bytes());
        self.0.write(&capture.len_bytes.to_le_bytes());
        self.0.write(&capture.content.to_le_bytes());
    }

    /// Runs are replaced: their parts have other names than those that take their place.
    pub fn replaces(&mut self, runs: &BTreeSet<u64>) {
        for run in runs {
            self.0.write(b"replaces");
            self.0.write(&run.to_le_bytes());
        }
    }

    /// Takes an entry, and tells the hash of a frame.
    pub fn entry(&mut self, entry: &Entry<'_>) -> Option<RequestHash> {
        match entry {
            Entry::Frame(frame) => {
                let payload = XxHash3_128::oneshot(frame.bytes);
                let about = [
                    match frame.encoding {
                        Encoding::Json => 1,
                        Encoding::Protobuf => 2,
                        Encoding::JavaScriptSdk => 3,
                    },
                    frame.signal.signal().map_or(0, |signal| signal as u8 + 1),
                ];
                self.0.write(&about);
                self.0.write(&payload.to_le_bytes());
                let arrival = frame.arrival_unix_nano.unwrap_or(0);
                self.0.write(&arrival.to_le_bytes());
                // JSON payloads name their signals themselves.
                let about = match frame.encoding {
                    Encoding::Json | Encoding::JavaScriptSdk => 0,
                    Encoding::Protobuf => u128::from(about[1]) + 1,
                };
                Some(payload ^ about.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
            }
            Entry::Reject(reject) => {
                self.0.write(&[0]);
                self.0.write(reject.code.0.as_bytes());
                self.0.write(&reject.len_bytes.to_le_bytes());
                self.0
                    .write(&XxHash3_128::oneshot(&reject.bytes).to_le_bytes());
                None
            }
        }
    }

    pub fn finish(&self) -> u128 {
        self.0.finish_128()
    }
}
