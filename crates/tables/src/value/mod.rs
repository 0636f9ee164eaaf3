//! Single values: as JSON text, as hashes, fitted to the type of a known key, as times.

pub(crate) mod fit;
pub(crate) mod json;
pub(crate) mod series;
pub(crate) mod texts;
pub(crate) mod time;
