//! What emitters are known to do, as data.

pub(crate) mod known_keys;
