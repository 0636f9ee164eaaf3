//! What reports that estimate cost share.

use crate::notes::{NoteCode, Notes};
use crate::prices::{Estimate, Estimator, Gap, LongContext, Rules, ServiceTier, Spent};
use crate::query::Pricing;
use crate::report::{Cell, CellType, Column};
use crate::usage::UsageRecord;
use serde_json::{Map, Value};

/// Estimates what records cost, and notes what could not be estimated.
pub(super) struct Pricer<'a>(Estimator<'a>);

impl<'a> Pricer<'a> {
    pub(super) fn new(pricing: &'a Pricing) -> Self {
        Self(Estimator::new(&pricing.prices, pricing.rules))
    }

    /// What the tokens of a record cost by list prices; none without tokens or a price.
    pub(super) fn estimate(&mut self, record: &UsageRecord, notes: &mut Notes) -> Option<Estimate> {
        if !record.tokens.any() {
            return None;
        }
        let estimate = match record.tokens.total() {
            Some(0) => Ok(Estimate::default()),
            Some(_) => self.0.estimate(&spent(record)),
            // Only the part of the output that was reasoning.
            None => Err(Gap::Class("output")),
        };
        estimate
            .inspect_err(|gap| {
                let model = record.model.as_deref().unwrap_or("unknown model");
                let subject = format!("{}, {model}: {gap}", record.agent);
                notes.add_about(NoteCode::NotEstimated, &subject, 1);
            })
            .ok()
    }

    /// The cells under [`entry_columns`] for a record with an estimate; nulls for one that cost
    /// nothing, whatever the price.
    pub(super) fn entry(&mut self, record: &UsageRecord, estimate: Option<Estimate>) -> [Cell; 5] {
        let is_priced = estimate.is_some() && record.tokens.total() != Some(0);
        let applied = is_priced.then(|| self.0.applied(&spent(record)).ok());
        let Some(applied) = applied.flatten() else {
            return [const { Cell::Null }; 5];
        };
        [
            Cell::text(Some(applied.model())),
            Cell::text(applied.from().as_deref()),
            Cell::text(Some(applied.tier())),
            Cell::text(Some(&applied.rates())),
            Cell::text(applied.source()),
        ]
    }
}

fn spent(record: &UsageRecord) -> Spent<'_> {
    Spent {
        model: record.model.as_ref(),
        provider: record.provider.as_ref(),
        tier: record.service_tier.as_deref(),
        time: record.time,
        requests: record.requests,
        tokens: &record.tokens,
    }
}

/// The columns of the entry of the price table that made an estimate.
pub(super) fn entry_columns() -> [Column; 5] {
    [
        Column::new("price_model", CellType::Text),
        Column::new("price_from", CellType::Text),
        Column::new("price_tier", CellType::Text),
        Column::new("price_usd_per_million", CellType::Text),
        Column::new("price_source", CellType::Text),
    ]
}

/// The columns of estimated cost.
pub(super) fn columns() -> [Column; 3] {
    [
        "estimated_cost_usd",
        "estimated_cost_low_usd",
        "estimated_cost_high_usd",
    ]
    .map(|name| Column::with_unit(name, CellType::Money, "USD"))
}

/// The cells under [`columns`].
pub(super) fn cells(estimate: Option<Estimate>) -> [Cell; 3] {
    [
        Cell::money(estimate.map(|estimate| estimate.usual)),
        Cell::money(estimate.map(|estimate| estimate.low)),
        Cell::money(estimate.map(|estimate| estimate.high)),
    ]
}

/// The parameters of estimates: which prices, and the rules that are not as usual.
pub(super) fn parameters(pricing: &Pricing) -> Map<String, Value> {
    let mut parameters = Map::new();
    let prices = Value::Object(pricing.prices.parameters());
    parameters.insert("prices".to_owned(), prices);
    let Rules {
        service_tier,
        long_context,
    } = pricing.rules;
    if service_tier != ServiceTier::Standard {
        let tier = service_tier.as_str();
        parameters.insert("service_tier".to_owned(), Value::from(tier));
    }
    if long_context != LongContext::Whole {
        let rule = long_context.as_str();
        parameters.insert("long_context".to_owned(), Value::from(rule));
    }
    parameters
}
