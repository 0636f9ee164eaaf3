//! What usage costs by a price table.

use super::table::{Bracket, Class, Find, Model, Prices, Rates, ServiceTier};
use crate::money::NanoDollars;
use crate::usage::{Requests, Tokens};
use std::collections::HashMap;
use std::sync::Arc;

/// What usage costs by list prices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// The least that it can have cost.
    pub low: NanoDollars,
    /// What it cost if caches were written for five minutes, as they are unless asked otherwise, and
    /// no request was long enough for a higher price that is not known to have been.
    pub usual: NanoDollars,
    /// The most that it can have cost.
    pub high: NanoDollars,
}

impl std::ops::AddAssign for Estimate {
    fn add_assign(&mut self, other: Self) {
        self.low += other.low;
        self.usual += other.usual;
        self.high += other.high;
    }
}

/// Why there is no estimate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// No model is named, or the table does not have it.
    Model,
    /// The table has the model at different prices of several providers, and the usage names none.
    Provider,
    /// The table has no price for the time: all its prices begin later.
    Time,
    /// The table has no price for the service tier.
    Tier,
    /// The table has no price for a class of tokens that was used.
    Class,
}

impl Gap {
    /// The reason in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "no price of this model",
            Self::Provider => "several prices of this model, and no provider is named",
            Self::Time => "no price of this model at that time",
            Self::Tier => "no price of this service tier",
            Self::Class => "no price of some of these tokens",
        }
    }
}

/// What is to be priced.
pub(crate) struct Spent<'a> {
    pub(crate) model: Option<&'a Arc<str>>,
    pub(crate) provider: Option<&'a Arc<str>>,
    /// The word of an emitter, if it has one.
    pub(crate) tier: Option<&'a str>,
    pub(crate) time: i64,
    pub(crate) requests: Requests,
    pub(crate) tokens: &'a Tokens,
}

/// Prices usage, looking each model up once.
pub(crate) struct Estimator<'a> {
    prices: &'a Prices,
    /// The tier of what names none.
    tier: ServiceTier,
    models: HashMap<ModelKey, Result<&'a Model, Gap>>,
}

type ModelKey = (Arc<str>, Option<Arc<str>>);

impl<'a> Estimator<'a> {
    /// `tier` is that of usage that names none.
    pub(crate) fn new(prices: &'a Prices, tier: ServiceTier) -> Self {
        Self {
            prices,
            tier,
            models: HashMap::new(),
        }
    }

    /// What usage costs; exact, and rounded once to the nearest nano-dollar (halves up). Classes
    /// that are not told count as none used.
    pub(crate) fn estimate(&mut self, spent: &Spent<'_>) -> Result<Estimate, Gap> {
        let model = self.model(spent)?;
        let price = model.at(spent.time).ok_or(Gap::Time)?;
        let tier = match spent.tier {
            Some(word) => ServiceTier::parse(word).ok_or(Gap::Tier)?,
            None => self.tier,
        };
        let brackets = price.tiers.get(&tier).ok_or(Gap::Tier)?;
        let tokens = spent.tokens;
        let input = [tokens.input, tokens.cache_read, tokens.cache_creation];
        let input = input.into_iter().flatten().fold(0, u64::saturating_add);
        let (base, longer) = brackets.split_first().ok_or(Gap::Class)?;
        // A request pays one price for all of its tokens. Of several requests only the sum is
        // known: none is longer than that, and maybe none is longer than the lowest bound.
        let longer = longer.iter().take_while(|bracket| input > bracket.above);
        let possible: Vec<&Bracket> = match spent.requests {
            Requests::One => vec![longer.last().unwrap_or(base)],
            Requests::Several => std::iter::once(base).chain(longer).collect(),
        };
        let usual = cost(&possible[0].rates, tokens, Class::CacheCreation5m)?;
        let mut estimate = Estimate {
            low: usual,
            usual,
            high: usual,
        };
        for bracket in possible {
            for lifetime in [Class::CacheCreation5m, Class::CacheCreation1h] {
                let cost = cost(&bracket.rates, tokens, lifetime)?;
                estimate.low = estimate.low.min(cost);
                estimate.high = estimate.high.max(cost);
            }
        }
        Ok(estimate)
    }

    fn model(&mut self, spent: &Spent<'_>) -> Result<&'a Model, Gap> {
        let name = spent.model.ok_or(Gap::Model)?;
        let key = (Arc::clone(name), spent.provider.map(Arc::clone));
        let prices = self.prices;
        let found = self
            .models
            .entry(key)
            .or_insert_with_key(
                |(name, provider)| match prices.find(name, provider.as_deref()) {
                    Find::One(model) => Ok(model),
                    Find::Several => Err(Gap::Provider),
                    Find::Unknown => Err(Gap::Model),
                },
            );
        *found
    }
}

/// Pico-dollars in a nano-dollar.
const PER_NANO: u128 = 1_000;

/// The cost of tokens, with caches written for a lifetime.
fn cost(rates: &Rates, tokens: &Tokens, lifetime: Class) -> Result<NanoDollars, Gap> {
    let output = tokens.output.unwrap_or(0);
    let reasoning = match rates.get(Class::Reasoning) {
        Some(_) => tokens.reasoning.unwrap_or(0).min(output),
        // Billed as output, which holds it.
        None => 0,
    };
    let other_lifetime = match lifetime {
        Class::CacheCreation5m => Class::CacheCreation1h,
        _ => Class::CacheCreation5m,
    };
    // Where only one lifetime has a price, there is only that one.
    let creation = rates.get(lifetime).or_else(|| rates.get(other_lifetime));
    let classes = [
        (tokens.input.unwrap_or(0), rates.get(Class::Input)),
        (tokens.cache_read.unwrap_or(0), rates.get(Class::CacheRead)),
        (tokens.cache_creation.unwrap_or(0), creation),
        (output - reasoning, rates.get(Class::Output)),
        (reasoning, rates.get(Class::Reasoning)),
    ];
    let mut pico: u128 = 0;
    for (tokens, rate) in classes.into_iter().filter(|(tokens, _)| *tokens > 0) {
        let rate = rate.ok_or(Gap::Class)?;
        // Less than 2^64 times 2^40 each.
        pico += u128::from(tokens) * u128::from(rate.0);
    }
    let nanos = (pico + PER_NANO / 2) / PER_NANO;
    Ok(NanoDollars(i64::try_from(nanos).unwrap_or(i64::MAX)))
}
