//! Columns of trace and span ids.

use otolith_otlp::{SpanId, TraceId};

use crate::part::{ColumnType, Values};

use super::buffer::{Buffer, Gathered, validity};
use super::runs::Runs;
use super::strings::StringsBuilder;

/// Ids as bytes, written in lower-case hex. All zero is null.
#[derive(Debug)]
pub(crate) struct Ids<const N: usize> {
    values: Vec<[u8; N]>,
}

/// Trace ids.
pub(crate) type TraceIds = Ids<{ size_of::<TraceId>() }>;
/// Span ids.
pub(crate) type SpanIds = Ids<{ size_of::<SpanId>() }>;

impl<const N: usize> Default for Ids<N> {
    fn default() -> Self {
        Self { values: Vec::new() }
    }
}

impl<const N: usize> Buffer for Ids<N> {
    type Value<'a> = Option<[u8; N]>;
    const TYPE: ColumnType = ColumnType::String;

    fn push(&mut self, value: Option<[u8; N]>) {
        self.values.push(value.unwrap_or([0; N]));
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
    }

    fn len_bytes(&self) -> usize {
        self.values.len() * N
    }

    fn gather(buffers: &[&Self], rows: &Runs) -> Gathered {
        let count = rows.row_count();
        let mut strings = StringsBuilder::with_capacity(count, count * N * 2);
        let mut valid = Vec::with_capacity(count);
        let mut hex = vec![[0; 2]; N];
        let ids = rows.iter();
        for id in ids.flat_map(|run| &buffers[run.buffer()].values[run.rows()]) {
            let present = *id != [0; N];
            for (pair, byte) in hex.iter_mut().zip(id) {
                *pair = HEX[usize::from(*byte)];
            }
            strings.push(if present { hex.as_flattened() } else { &[] });
            valid.push(present);
        }
        (Values::String(strings.finish()), validity(valid))
    }
}

/// The two digits of each byte.
const HEX: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};
