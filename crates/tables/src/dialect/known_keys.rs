//! Types of attribute keys that are known to arrive in several kinds, or first in a misleading one.

use crate::part::{ColumnType, Layout};

/// A known key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KnownKey {
    pub key: &'static str,
    pub r#type: ColumnType,
    pub layout: Layout,
}

/// What is known of a key as sent.
pub(crate) fn known(key: &str) -> Option<&'static KnownKey> {
    KNOWN_KEYS
        .binary_search_by(|known| known.key.cmp(key))
        .ok()
        .map(|index| &KNOWN_KEYS[index])
}

const KNOWN_KEYS: &[KnownKey] = &[];
