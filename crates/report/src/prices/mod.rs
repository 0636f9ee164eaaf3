//! List prices of models, and what usage costs by them.
//!
//! A [`Prices`] is a dated table: the embedded one (`prices.json`), or a file in the same form or in
//! that of LiteLLM. The form and the rules are described in `docs/reports/prices.md`.

mod applied;
mod error;
mod estimate;
mod litellm;
mod names;
mod own;
mod rate;
mod table;

pub use error::PriceError;
pub use estimate::{Estimate, Gap, LongContext, Rules};
pub(crate) use estimate::{Estimator, Spent};
pub use table::{Prices, ServiceTier};
