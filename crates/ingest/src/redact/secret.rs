//! The secret key, and the keyed hashes that stand for redacted values.

use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use blake3::Hasher;
use bumpalo::Bump;
use bumpalo::collections::String as BumpString;
use otolith_otlp::Value;
use thiserror::Error;

use super::email;

/// Fewest bytes of a key.
const MIN_BYTES: usize = 16;
/// Most bytes of a key.
const MAX_BYTES: usize = 64 * 1024;
/// What stands before the digits of a hash.
const PREFIX: &str = "redacted:";
/// Bytes of a hash that are shown: 32 hexadecimal digits.
const SHOWN_BYTES: usize = 16;

// Different uses of the same key material; see `blake3::derive_key`.
const VALUES: &str = "otolith 2026-11-21 redacted values v1";
const FINGERPRINT: &str = "otolith 2026-11-21 redaction key fingerprint v1";

/// A secret key. Never shown, not even by `Debug`.
#[derive(Clone)]
pub struct RedactionKey {
    values: [u8; 32],
    fingerprint: [u8; 32],
}

/// Why there is no key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RedactionKeyError {
    /// The file could not be read.
    #[error("failed to read the redaction key `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Too few bytes, or too many.
    #[error("expected a redaction key of {MIN_BYTES} to {MAX_BYTES} bytes, found {found}{}: `{}`",
        if *found > MAX_BYTES { " or more" } else { "" }, path.display())]
    Length {
        /// How many bytes were found.
        found: usize,
        /// The file.
        path: PathBuf,
    },
}

impl RedactionKey {
    /// Reads a key from a file: all of its bytes as they are, 16 to 65536 of them.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or has fewer or more bytes.
    pub fn read(path: &Path) -> Result<Self, RedactionKeyError> {
        let failed = |source| RedactionKeyError::Read {
            path: path.to_owned(),
            source,
        };
        let file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        // A device has no end.
        let bound = MAX_BYTES as u64 + 1;
        file.take(bound).read_to_end(&mut bytes).map_err(failed)?;
        Self::from_bytes(&bytes).ok_or_else(|| RedactionKeyError::Length {
            found: bytes.len(),
            path: path.to_owned(),
        })
    }

    /// Makes a key of 16 to 65536 bytes; none of fewer or more.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        (MIN_BYTES..=MAX_BYTES)
            .contains(&bytes.len())
            .then(|| Self {
                values: blake3::derive_key(VALUES, bytes),
                fingerprint: blake3::derive_key(FINGERPRINT, bytes),
            })
    }

    /// Tells keys apart without telling anything of them.
    pub(super) fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// What stands for a value: equal for equal values of one kind, in lists and maps too. The
    /// order of a map's entries does not matter. A text that is one e-mail address counts as
    /// that address, however it is spelled.
    pub(super) fn token<'b>(&self, value: &Value<'_>, bump: &'b Bump) -> &'b str {
        let mut hasher = Hasher::new_keyed(&self.values);
        hash_value(&mut hasher, value);
        let hash = hasher.finalize();
        let mut token = BumpString::with_capacity_in(PREFIX.len() + 2 * SHOWN_BYTES, bump);
        token.push_str(PREFIX);
        for byte in &hash.as_bytes()[..SHOWN_BYTES] {
            write!(token, "{byte:02x}").expect("writing into memory cannot fail");
        }
        token.into_bump_str()
    }
}

impl fmt::Debug for RedactionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedactionKey(..)")
    }
}

fn hash_value(hasher: &mut Hasher, value: &Value<'_>) {
    match value {
        Value::Empty => {
            hasher.update(&[0]);
        }
        Value::String(text) => {
            hasher.update(&[1]);
            hash_text(hasher, text);
        }
        Value::Bool(truth) => {
            hasher.update(&[2, u8::from(*truth)]);
        }
        Value::Int(int) => {
            hasher.update(&[3]).update(&int.to_le_bytes());
        }
        Value::Double(double) => {
            let one_nan = if double.is_nan() { f64::NAN } else { *double };
            hasher.update(&[4]).update(&one_nan.to_bits().to_le_bytes());
        }
        Value::Bytes(bytes) => {
            hasher.update(&[5]);
            hash_bytes(hasher, bytes);
        }
        Value::Array(items) => {
            hasher.update(&[6]).update(&len(items.len()));
            for item in *items {
                hash_value(hasher, item);
            }
        }
        Value::KeyValueList(entries) => {
            hasher.update(&[7]).update(&len(entries.len()));
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|entry| entry.key);
            for entry in entries {
                hash_bytes(hasher, entry.key.as_bytes());
                hash_value(hasher, &entry.value);
            }
        }
    }
}

fn hash_text(hasher: &mut Hasher, text: &str) {
    if email::next(text, 0) == Some(0..text.len()) {
        let mut address = String::new();
        email::plain(text, &mut address);
        hash_bytes(hasher, address.as_bytes());
    } else {
        hash_bytes(hasher, text.as_bytes());
    }
}

/// Hashes bytes so that they cannot run into what follows.
fn hash_bytes(hasher: &mut Hasher, bytes: &[u8]) {
    hasher.update(&len(bytes.len())).update(bytes);
}

fn len(len: usize) -> [u8; 8] {
    (len as u64).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_otlp::KeyValue;

    fn key() -> RedactionKey {
        RedactionKey::from_bytes(b"sixteen bytes or more").unwrap()
    }

    fn token(value: Value<'_>) -> String {
        key().token(&value, &Bump::new()).to_owned()
    }

    #[test]
    fn tokens_are_stable() {
        let token = token(Value::String("secret"));
        assert_eq!(token.len(), "redacted:".len() + 32);
        // Fixed: tokens of an older version must stay joinable.
        assert_eq!(token, "redacted:b27d9ee0f86fa9ee4e57da9080943a4e");
    }

    #[test]
    fn equal_values_and_only_these_have_equal_tokens() {
        let entry = |key, value| KeyValue {
            key,
            value: Value::Int(value),
        };
        let values = [
            Value::Empty,
            Value::String(""),
            Value::String("5"),
            Value::Int(5),
            Value::Double(5.0),
            Value::Bool(true),
            Value::Bytes(b"5"),
            Value::Array(&[Value::Int(5)]),
            Value::Array(&[]),
            Value::KeyValueList(&[]),
            Value::KeyValueList(&[entry("a", 1), entry("b", 2)]),
            Value::KeyValueList(&[entry("a", 2), entry("b", 1)]),
        ];
        for (i, a) in values.iter().enumerate() {
            for (j, b) in values.iter().enumerate() {
                assert_eq!(token(*a) == token(*b), i == j, "{a:?} {b:?}");
            }
        }
        let (one, other) = (
            [entry("a", 1), entry("b", 2)],
            [entry("b", 2), entry("a", 1)],
        );
        assert_eq!(
            token(Value::KeyValueList(&one)),
            token(Value::KeyValueList(&other))
        );
        let (one, other) = ("Ann@Example.org", r"ann\u0040example.org");
        assert_eq!(token(Value::String(one)), token(Value::String(other)));
    }

    #[test]
    fn other_keys_give_other_tokens_and_fingerprints() {
        let other = RedactionKey::from_bytes(b"sixteen bytes or less").unwrap();
        let bump = Bump::new();
        let value = Value::String("secret");
        assert_ne!(key().token(&value, &bump), other.token(&value, &bump));
        assert_ne!(key().fingerprint(), other.fingerprint());
    }

    #[test]
    fn a_key_has_a_length_and_is_not_shown() {
        assert!(RedactionKey::from_bytes(&[0; 15]).is_none());
        assert!(RedactionKey::from_bytes(&vec![0; MAX_BYTES + 1]).is_none());
        assert_eq!(format!("{:?}", key()), "RedactionKey(..)");
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let error = RedactionKey::read(&path).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("failed to read the redaction key `")
        );
        std::fs::write(&path, b"hush-hush").unwrap();
        let error = RedactionKey::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("of 16 to 65536 bytes, found 9: `"),
            "{error}"
        );
        assert!(!error.contains("hush-hush"));
    }
}
