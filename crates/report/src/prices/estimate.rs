//! What usage costs by a price table.

use super::applied::Applied;
use super::rate::Rate;
use super::table::{Bracket, Class, Find, Model, Price, Prices, Rates, ServiceTier};
use crate::money::NanoDollars;
use crate::usage::{Requests, Tokens};
use std::collections::HashMap;
use std::fmt;
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
    /// The table has no price for a class of tokens that was used: its word.
    Class(&'static str),
}

/// The reason in words.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model => "no price of this model",
            Self::Provider => "several prices of this model, and no provider is named",
            Self::Time => "no price of this model at that time",
            Self::Tier => "no price of this service tier",
            Self::Class(class) => return write!(f, "no price of its {class} tokens"),
        })
    }
}

/// What a request pays that is longer than the length above which tokens cost more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LongContext {
    /// The higher price for all of its tokens, if its whole input is longer, as providers bill.
    #[default]
    Whole,
    /// The higher price for those tokens of each class that exceed the length, as some programs
    /// count.
    Split,
}

impl LongContext {
    /// All rules.
    pub const ALL: [Self; 2] = [Self::Whole, Self::Split];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Split => "split",
        }
    }
}

/// How a price table is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The service tier of requests that name none.
    pub service_tier: ServiceTier,
    /// What long requests pay.
    pub long_context: LongContext,
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
    rules: Rules,
    models: HashMap<ModelKey, Result<&'a Model, Gap>>,
}

type ModelKey = (Arc<str>, Option<Arc<str>>);

impl<'a> Estimator<'a> {
    pub(crate) fn new(prices: &'a Prices, rules: Rules) -> Self {
        Self {
            prices,
            rules,
            models: HashMap::new(),
        }
    }

    /// What usage costs; exact, and rounded once to the nearest nano-dollar (halves up). Classes
    /// that are not told count as none used.
    pub(crate) fn estimate(&mut self, spent: &Spent<'_>) -> Result<Estimate, Gap> {
        let found = self.find(spent)?;
        let possible = found.possible(self.rules.long_context, spent.requests);
        let tokens = spent.tokens;
        let usual = cost(possible[0], tokens, Class::CacheCreation5m)?;
        let mut estimate = Estimate {
            low: usual,
            usual,
            high: usual,
        };
        for brackets in possible {
            for lifetime in [Class::CacheCreation5m, Class::CacheCreation1h] {
                let cost = cost(brackets, tokens, lifetime)?;
                estimate.low = estimate.low.min(cost);
                estimate.high = estimate.high.max(cost);
            }
        }
        Ok(estimate)
    }

    /// The entry that [`Self::estimate`] takes, with the rates of the usual estimate.
    pub(crate) fn applied(&mut self, spent: &Spent<'_>) -> Result<Applied<'a>, Gap> {
        let found = self.find(spent)?;
        let possible = found.possible(self.rules.long_context, spent.requests);
        Ok(Applied {
            model: &found.model.name,
            price: found.price,
            tier: found.tier,
            brackets: possible[0],
        })
    }

    fn find(&mut self, spent: &Spent<'_>) -> Result<Found<'a>, Gap> {
        let model = self.model(spent)?;
        let price = model.at(spent.time).ok_or(Gap::Time)?;
        let tier = match spent.tier {
            Some(word) => ServiceTier::parse(word).ok_or(Gap::Tier)?,
            None => self.rules.service_tier,
        };
        let brackets = price.tiers.get(&tier).ok_or(Gap::Tier)?;
        let tokens = spent.tokens;
        let input = [tokens.input, tokens.cache_read, tokens.cache_creation];
        let input = input.into_iter().flatten().fold(0, u64::saturating_add);
        // Of several requests only the sum is known: none is longer than that, and maybe none is
        // longer than the lowest bound.
        let reached =
            brackets.partition_point(|bracket| bracket.above == 0 || input > bracket.above);
        Ok(Found {
            model,
            price,
            tier,
            brackets,
            reached,
        })
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

/// What a table has for some usage.
struct Found<'a> {
    model: &'a Model,
    price: &'a Price,
    tier: ServiceTier,
    brackets: &'a [Bracket],
    /// How many brackets the whole input reaches.
    reached: usize,
}

impl<'a> Found<'a> {
    /// What the usage may have paid, that of the usual estimate first.
    fn possible(&self, rule: LongContext, requests: Requests) -> Vec<&'a [Bracket]> {
        let Self {
            brackets, reached, ..
        } = *self;
        match (rule, requests) {
            (LongContext::Whole, Requests::One) => vec![&brackets[reached - 1..reached]],
            (LongContext::Whole, Requests::Several) => brackets[..reached].chunks(1).collect(),
            (LongContext::Split, Requests::One) => vec![brackets],
            (LongContext::Split, Requests::Several) => vec![&brackets[..1], brackets],
        }
    }
}

/// Pico-dollars in a nano-dollar.
const PER_NANO: u128 = 1_000;

/// The cost of tokens, with caches written for a lifetime. Of each class the tokens up to the length
/// of the second bracket cost what the first says, whatever its own length, and so on.
fn cost(brackets: &[Bracket], tokens: &Tokens, lifetime: Class) -> Result<NanoDollars, Gap> {
    let output = tokens.output.unwrap_or(0);
    // Without a price of its own reasoning is billed as output, which holds it.
    let has_price = |bracket: &Bracket| bracket.rates.get(Class::Reasoning).is_some();
    let reasoning = match brackets.first().is_some_and(has_price) {
        true => tokens.reasoning.unwrap_or(0).min(output),
        false => 0,
    };
    let classes = [
        (Class::Input, tokens.input.unwrap_or(0)),
        (Class::CacheRead, tokens.cache_read.unwrap_or(0)),
        (lifetime, tokens.cache_creation.unwrap_or(0)),
        (Class::Output, output - reasoning),
        (Class::Reasoning, reasoning),
    ];
    let mut pico: u128 = 0;
    let mut from = 0;
    for (index, bracket) in brackets.iter().enumerate() {
        let to = brackets.get(index + 1).map_or(u64::MAX, |next| next.above);
        for (class, tokens) in classes {
            let tokens = tokens.min(to).saturating_sub(from);
            if tokens > 0 {
                let rate = rate(&bracket.rates, class).ok_or(Gap::Class(class.as_str()))?;
                // Less than 2^64 times 2^50, a few times.
                pico += u128::from(tokens) * u128::from(rate.0);
            }
        }
        from = to;
    }
    let nanos = (pico + PER_NANO / 2) / PER_NANO;
    Ok(NanoDollars(i64::try_from(nanos).unwrap_or(i64::MAX)))
}

/// The rate of a class. Where only one lifetime of caches has a price, there is only that one.
fn rate(rates: &Rates, class: Class) -> Option<Rate> {
    let other = match class {
        Class::CacheCreation5m => Class::CacheCreation1h,
        Class::CacheCreation1h => Class::CacheCreation5m,
        _ => class,
    };
    rates.get(class).or_else(|| rates.get(other))
}
