//! Our form of a price file.

use super::error::{PriceError, Wrong};
use super::rate::{Factor, Rate};
use super::table::{
    self, Bracket, Class, MAX_BRACKETS, MAX_MODELS, MAX_NAME_BYTES, Model, Price, Rates,
    ServiceTier,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The word that tells the form.
pub(super) const FORMAT: &str = "otolith-prices";

const VERSION: u64 = 1;

type Object = Map<String, Value>;

pub(super) fn is_own(file: &Object) -> bool {
    file.get("format").and_then(Value::as_str) == Some(FORMAT)
}

/// What the file calls itself.
pub(super) fn name(file: &Object) -> Option<String> {
    let name = file.get("name").and_then(Value::as_str)?;
    Some(name.chars().take(MAX_NAME_BYTES).collect())
}

/// Reads the models of a file of our form.
pub(super) fn models(mut file: Object) -> Result<Vec<Model>, PriceError> {
    let version = file.get("version").unwrap_or(&Value::Null);
    if version.as_u64() != Some(VERSION) {
        return Err(PriceError::Version {
            found: version.to_string().chars().take(20).collect(),
            known: VERSION,
        });
    }
    let whole = "the file";
    only(&file, &["format", "version", "name", "about", "prices"]).map_err(|w| w.of(whole))?;
    let Some(Value::Array(entries)) = file.remove("prices") else {
        return Err(Wrong::new("prices", "expected a list").of(whole));
    };
    if entries.len() > MAX_MODELS {
        return Err(PriceError::TooMany {
            what: "prices",
            limit: MAX_MODELS,
        });
    }
    let mut models: BTreeMap<String, Model> = BTreeMap::new();
    for (index, entry) in entries.iter().enumerate() {
        let shown = match entry.get("model").and_then(Value::as_str) {
            Some(model) => model.to_owned(),
            None => format!("number {}", index + 1),
        };
        add(entry, &mut models).map_err(|wrong| wrong.of(&shown))?;
    }
    Ok(models.into_values().collect())
}

const MEMBERS: [&str; 10] = [
    "model",
    "provider",
    "aliases",
    "from",
    "since",
    "source",
    "read",
    "usd_per_million",
    "above",
    "service_tiers",
];

fn add(entry: &Value, models: &mut BTreeMap<String, Model>) -> Result<(), Wrong> {
    let entry = object(entry, "an entry")?;
    only(entry, &MEMBERS)?;
    let name = text(entry, "model")?.ok_or_else(|| Wrong::new("model", "expected a text"))?;
    for member in ["provider", "since", "read"] {
        text(entry, member)?;
    }
    // A price without a source is worth nothing when a figure is questioned.
    let source = text(entry, "source")?.filter(|source| !source.is_empty());
    let source = source.ok_or_else(|| Wrong::new("source", "expected a text"))?;
    let mut aliases = Vec::new();
    for alias in list(entry, "aliases")? {
        let alias = alias.as_str().filter(|alias| is_name(alias));
        let alias = alias.ok_or_else(|| Wrong::new("aliases", "expected names"))?;
        aliases.push(alias.to_owned());
    }
    let price = Price {
        from: from(entry)?,
        tiers: tiers(entry)?,
        source: Some(table::source(source)),
    };
    let model = models
        .entry(name.to_ascii_lowercase())
        .or_insert_with(|| Model {
            name: name.to_owned(),
            aliases: Vec::new(),
            prices: Vec::new(),
        });
    for alias in aliases {
        if !model.aliases.contains(&alias) {
            model.aliases.push(alias);
        }
    }
    let at = model
        .prices
        .partition_point(|known| known.from < price.from);
    if model.prices.get(at).is_some_and(|p| p.from == price.from) {
        return Err(Wrong::new(
            "from",
            "the model has another price from that day",
        ));
    }
    model.prices.insert(at, price);
    Ok(())
}

/// The begin of the day in UTC; always, when none is named.
fn from(entry: &Object) -> Result<i64, Wrong> {
    const WRONG: &str = "expected a date such as `2026-10-01`";
    let Some(day) = text(entry, "from")? else {
        return Ok(i64::MIN);
    };
    let wrong = || Wrong::new("from", WRONG);
    let date: Date = day.parse().map_err(|_| wrong())?;
    if date.to_string() != day {
        return Err(wrong());
    }
    let zoned = date.to_zoned(TimeZone::UTC).map_err(|_| wrong())?;
    i64::try_from(zoned.timestamp().as_nanosecond()).map_err(|_| wrong())
}

fn tiers(entry: &Object) -> Result<BTreeMap<ServiceTier, Vec<Bracket>>, Wrong> {
    let standard = brackets(entry)?;
    let mut tiers = BTreeMap::new();
    if let Some(named) = entry.get("service_tiers") {
        for (word, tier) in object(named, "service_tiers")? {
            let known = ServiceTier::ALL
                .into_iter()
                .find(|tier| tier.as_str() == word);
            let known = known.filter(|tier| *tier != ServiceTier::Standard);
            let known = known.ok_or_else(|| {
                Wrong::new(
                    "service_tiers",
                    "expected `batch`, `flex`, `priority` or `fast`",
                )
            })?;
            let tier = object(tier, word)?;
            let priced = match tier.get("factor") {
                Some(factor) => {
                    only(tier, &["factor"])?;
                    let factor = Factor::read(factor).map_err(|p| Wrong::new("factor", p))?;
                    table::times(&standard, factor)
                }
                None => {
                    only(tier, &["usd_per_million", "above"])?;
                    brackets(tier)?
                }
            };
            tiers.insert(known, priced);
        }
    }
    tiers.insert(ServiceTier::Standard, standard);
    Ok(tiers)
}

fn brackets(entry: &Object) -> Result<Vec<Bracket>, Wrong> {
    let base = rates(entry)?;
    let mut above = BTreeMap::new();
    for bracket in list(entry, "above")? {
        let bracket = object(bracket, "above")?;
        only(bracket, &["input_tokens", "usd_per_million"])?;
        let tokens = bracket.get("input_tokens").and_then(Value::as_u64);
        let tokens = tokens.filter(|tokens| *tokens > 0);
        let tokens =
            tokens.ok_or_else(|| Wrong::new("input_tokens", "expected a whole number above 0"))?;
        if above.insert(tokens, rates(bracket)?).is_some() {
            return Err(Wrong::new("above", "expected different numbers of tokens"));
        }
    }
    if above.len() > MAX_BRACKETS {
        return Err(Wrong::new("above", "expected at most 16 lengths"));
    }
    Ok(table::brackets(base, above))
}

fn rates(entry: &Object) -> Result<Rates, Wrong> {
    const MEMBER: &str = "usd_per_million";
    let prices = entry
        .get(MEMBER)
        .ok_or_else(|| Wrong::new(MEMBER, "expected an object"))?;
    let mut rates = Rates::default();
    for (word, price) in object(prices, MEMBER)? {
        let class = Class::ALL.into_iter().find(|class| class.as_str() == word);
        let class = class.ok_or_else(|| Wrong::new(word, "is no class of tokens"))?;
        let rate = Rate::per_million(price).map_err(|problem| Wrong::new(word, problem))?;
        rates.set(class, rate);
    }
    if rates.is_empty() {
        return Err(Wrong::new(MEMBER, "expected at least one price"));
    }
    Ok(rates)
}

fn object<'a>(value: &'a Value, member: &str) -> Result<&'a Object, Wrong> {
    let object = value.as_object();
    object.ok_or_else(|| Wrong::new(member, "expected an object"))
}

fn list<'a>(entry: &'a Object, member: &str) -> Result<&'a [Value], Wrong> {
    match entry.get(member) {
        None => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(Wrong::new(member, "expected a list")),
    }
}

/// A text that may be missing.
fn text<'a>(entry: &'a Object, member: &str) -> Result<Option<&'a str>, Wrong> {
    match entry.get(member) {
        None => Ok(None),
        Some(Value::String(text)) if member != "model" || is_name(text) => Ok(Some(text)),
        Some(_) => Err(Wrong::new(member, "expected a text")),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_NAME_BYTES
}

/// A misspelt member would silently change prices.
fn only(entry: &Object, known: &[&str]) -> Result<(), Wrong> {
    let unknown = entry.keys().find(|key| !known.contains(&key.as_str()));
    match unknown {
        Some(key) => Err(Wrong::new(key, "is no member of the format")),
        None => Ok(()),
    }
}
