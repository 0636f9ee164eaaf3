//! Questions about cost.

use super::{Dimension, Selection};
use crate::calendar::Calendar;
use crate::prices::{Prices, Rules};

/// Question of `cost`.
#[derive(Clone, Debug)]
pub struct CostQuery {
    /// What rows are grouped by, in the order of the columns. Empty gives one row in all.
    pub by: Vec<Dimension>,
    /// What calendar units are.
    pub calendar: Calendar,
    /// Which items.
    pub selection: Selection,
    /// What tokens cost.
    pub pricing: Pricing,
}

/// Question of `cost --reconcile`.
#[derive(Clone, Debug)]
pub struct ReconcileQuery {
    /// What days are.
    pub calendar: Calendar,
    /// Which items.
    pub selection: Selection,
    /// What tokens cost.
    pub pricing: Pricing,
}

/// How tokens are priced.
#[derive(Clone, Debug)]
pub struct Pricing {
    /// The list prices.
    pub prices: Prices,
    /// How they are applied.
    pub rules: Rules,
}
