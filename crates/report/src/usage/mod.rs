//! The usage model: one form for what all agents spend, filled by an interpreter of
//! `mapping.json`.

mod address;
mod amounts;
mod authority;
mod detect;
mod distinct;
mod eval;
mod fit;
mod idle;
mod item;
mod kept;
mod key_cells;
mod mapping;
mod model;
mod parse;
mod points;
mod read;
mod record;
mod rows;
pub(crate) mod series;

pub use address::Address;
pub(crate) use address::Detail;
pub(crate) use amounts::Amounts;
pub(crate) use authority::Among;
pub(crate) use item::Item;
pub use item::{Requests, Tokens};
pub use kept::{is_kept_usage_right, keep_usage};
pub(crate) use mapping::{Condition, Key, MAPPING, Mapping, Outcome, Role, Source, Test};
pub(crate) use model::Items;
pub use model::{Usage, usage};
pub use record::UsageRecord;
