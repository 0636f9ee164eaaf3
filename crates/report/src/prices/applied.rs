//! Which entry of a price table made an estimate, in words.

use super::table::{Bracket, Class, Price, Rates, ServiceTier};
use crate::time_text::time_text;

/// An entry of a price table, as it was applied to some usage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Applied<'a> {
    pub(super) model: &'a str,
    pub(super) price: &'a Price,
    pub(super) tier: ServiceTier,
    pub(super) brackets: &'a [Bracket],
}

/// Characters of a date within RFC 3339 text.
const DATE_CHARS: usize = 10;

impl<'a> Applied<'a> {
    /// The name of the model in the table.
    pub(crate) fn model(&self) -> &'a str {
        self.model
    }

    /// The day (UTC) from which the price holds; none for always.
    pub(crate) fn from(&self) -> Option<String> {
        let from = Some(self.price.from).filter(|from| *from != i64::MIN)?;
        Some(time_text(from).chars().take(DATE_CHARS).collect())
    }

    /// The word of the service tier.
    pub(crate) fn tier(&self) -> &'static str {
        self.tier.as_str()
    }

    /// Where the price was found.
    pub(crate) fn source(&self) -> Option<&'a str> {
        self.price.source.as_deref()
    }

    /// The rates by class in dollars per million tokens, `input 3, output 15`; those of longer
    /// requests begin with their length, `above 200000: input 6, output 22.5`.
    pub(crate) fn rates(&self) -> String {
        let text = |bracket: &Bracket| match bracket.above {
            0 => listed(&bracket.rates),
            above => format!("above {above}: {}", listed(&bracket.rates)),
        };
        let texts: Vec<String> = self.brackets.iter().map(text).collect();
        texts.join("; ")
    }
}

fn listed(rates: &Rates) -> String {
    let rate = |class: Class| {
        let rate = rates.get(class)?;
        Some(format!("{} {}", class.as_str(), rate.dollars_per_million()))
    };
    let texts: Vec<String> = Class::ALL.into_iter().filter_map(rate).collect();
    texts.join(", ")
}
