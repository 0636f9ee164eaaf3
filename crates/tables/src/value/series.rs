//! `series_id`: a stable 64-bit hash of what makes points one series.
//!
//! All hashes are XXH3-64; integers are little-endian; sums wrap.
//! - key: hash of the key's UTF-8 bytes, seed 0.
//! - value: hash of its bytes with the seed `key + kind`. Kinds: 0 empty (no bytes), 1 text (UTF-8),
//!   2 truth value (one byte, 0 or 1), 3 integer (8 bytes), 4 double (8 bytes of the bit pattern; every
//!   NaN is `7ff8000000000000`), 5 bytes, 6 list (the hashes of its items, 8 bytes each, hashed with
//!   the key 0), 7 map (8 bytes: the sum of its entries' hashes).
//! - attributes: sum of the hashes of their values, so their order does not matter; then their number.
//! - context: hash of: resource attributes (16 bytes: sum, number); scope name, scope version,
//!   metric name, unit (each as 8 bytes of length, then UTF-8); scope attributes (16 bytes); one byte
//!   of type (0 gauge, 1 sum, 2 histogram, 3 exponential histogram, 4 summary); temporality (4
//!   bytes); one byte 1 if monotonic, else 0.
//! - series: hash of the context (8 bytes) and the point's attributes (16 bytes), as a signed integer.
//!
//! Values count as sent: an integer 1 and the text `1` are two series.

use otolith_otlp::{Attributes, Metric, MetricKind, Value};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

/// Order-free hash of attributes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct AttributesHash {
    sum: u64,
    count: u64,
}

impl AttributesHash {
    /// Adds an attribute, given the hash of its key.
    pub(crate) fn add(&mut self, key: u64, value: &Value<'_>) {
        self.add_hashed(value_hash(key, value));
    }

    /// Adds an attribute, given the hash of its value.
    pub(crate) fn add_hashed(&mut self, hash: u64) {
        self.sum = self.sum.wrapping_add(hash);
        self.count += 1;
    }

    /// The hash of all attributes of a list.
    pub(crate) fn of(attributes: Attributes<'_>) -> Self {
        let mut hash = Self::default();
        for attribute in attributes {
            hash.add(key_hash(attribute.key.as_bytes()), &attribute.value);
        }
        hash
    }

    fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.sum.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
    }
}

/// Hash of a key.
pub(crate) fn key_hash(key: &[u8]) -> u64 {
    xxh3_64(key)
}

/// Hash of a text, given the hash of its key.
pub(crate) fn text_hash(key: u64, text: &str) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), key.wrapping_add(TEXT))
}

/// The kind of a text.
const TEXT: u64 = 1;

fn value_hash(key: u64, value: &Value<'_>) -> u64 {
    let hash = |kind: u64, bytes: &[u8]| xxh3_64_with_seed(bytes, key.wrapping_add(kind));
    match value {
        Value::Empty => hash(0, &[]),
        Value::String(text) => text_hash(key, text),
        Value::Bool(truth) => hash(2, &[u8::from(*truth)]),
        Value::Int(int) => hash(3, &int.to_le_bytes()),
        Value::Double(double) => {
            let bits = if double.is_nan() {
                0x7ff8_0000_0000_0000
            } else {
                double.to_bits()
            };
            hash(4, &bits.to_le_bytes())
        }
        Value::Bytes(bytes) => hash(5, bytes),
        Value::Array(items) => {
            let hashes: Vec<u8> = items
                .iter()
                .flat_map(|item| value_hash(0, item).to_le_bytes())
                .collect();
            hash(6, &hashes)
        }
        Value::KeyValueList(entries) => {
            let sum = entries.iter().fold(0_u64, |sum, entry| {
                sum.wrapping_add(value_hash(key_hash(entry.key.as_bytes()), &entry.value))
            });
            hash(7, &sum.to_le_bytes())
        }
    }
}

/// Hash of a context: all that the points of a metric share.
pub(crate) fn context_hash(
    resource: AttributesHash,
    scope: AttributesHash,
    scope_name: &str,
    scope_version: &str,
    metric: &Metric<'_>,
) -> u64 {
    let mut bytes = Vec::with_capacity(128);
    resource.write(&mut bytes);
    for text in [scope_name, scope_version, metric.name, metric.unit] {
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    scope.write(&mut bytes);
    bytes.push(match metric.kind {
        MetricKind::Gauge => 0,
        MetricKind::Sum => 1,
        MetricKind::Histogram => 2,
        MetricKind::ExponentialHistogram => 3,
        MetricKind::Summary => 4,
    });
    bytes.extend_from_slice(&metric.aggregation_temporality.to_le_bytes());
    bytes.push(u8::from(metric.is_monotonic));
    xxh3_64(&bytes)
}

/// The series of a point.
pub(crate) fn series_id(context: u64, attributes: AttributesHash) -> i64 {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&context.to_le_bytes());
    bytes[8..16].copy_from_slice(&attributes.sum.to_le_bytes());
    bytes[16..].copy_from_slice(&attributes.count.to_le_bytes());
    xxh3_64(&bytes).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_otlp::KeyValue;

    fn metric<'a>(name: &'a str, unit: &'a str) -> Metric<'a> {
        Metric {
            name,
            description: "",
            unit,
            metadata: &[],
            kind: MetricKind::Sum,
            aggregation_temporality: 1,
            is_monotonic: true,
        }
    }

    fn id(name: &str, unit: &str, attributes: Attributes<'_>) -> i64 {
        let none = AttributesHash::default();
        let context = context_hash(none, none, "scope", "1", &metric(name, unit));
        series_id(context, AttributesHash::of(attributes))
    }

    fn kv<'a>(key: &'a str, value: Value<'a>) -> KeyValue<'a> {
        KeyValue { key, value }
    }

    #[test]
    fn order_does_not_matter_and_all_else_does() {
        let ab = [kv("a", Value::Int(1)), kv("b", Value::String("x"))];
        let ba = [ab[1], ab[0]];
        let base = id("m", "s", &ab);
        assert_eq!(base, id("m", "s", &ba));
        let swapped = [kv("a", Value::String("x")), kv("b", Value::Int(1))];
        let text = [kv("a", Value::String("1")), kv("b", Value::String("x"))];
        for other in [
            id("ms", "", &ab),
            id("m", "", &ab),
            id("m", "s", &ab[..1]),
            id("m", "s", &swapped),
            id("m", "s", &text),
        ] {
            assert_ne!(base, other);
        }
    }

    /// Pins the documented bytes: ids in existing lakes must not change.
    #[test]
    fn the_id_is_stable() {
        let list = [Value::Double(1.5), Value::Empty];
        let attributes = [
            kv("list", Value::Array(&list)),
            kv("nan", Value::Double(-f64::NAN)),
        ];
        assert_eq!(id("m", "s", &attributes), 626_093_151_107_034_170);
    }
}
