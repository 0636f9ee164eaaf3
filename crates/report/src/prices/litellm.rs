//! LiteLLM's form of a price file: `model_prices_and_context_window.json`.

use super::error::{PriceError, Wrong};
use super::rate::{Factor, Rate};
use super::table::{
    self, Bracket, Class, MAX_BRACKETS, MAX_MODELS, MAX_NAME_BYTES, Model, Price, Rates,
    ServiceTier,
};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The entry that documents the form: its values are texts.
const SAMPLE: &str = "sample_spec";

/// Names of the fields by class, without their suffixes.
const FIELDS: [(&str, Class); 5] = [
    ("input_cost_per_token", Class::Input),
    ("cache_read_input_token_cost", Class::CacheRead),
    ("cache_creation_input_token_cost", Class::CacheCreation5m),
    ("output_cost_per_token", Class::Output),
    ("output_cost_per_reasoning_token", Class::Reasoning),
];

/// The suffix that makes a cache write one of an hour.
const ONE_HOUR: &str = "_above_1hr";

/// Suffixes of service tiers.
const TIERS: [(&str, ServiceTier); 3] = [
    ("_batches", ServiceTier::Batch),
    ("_flex", ServiceTier::Flex),
    ("_priority", ServiceTier::Priority),
];

/// Providers whose names in telemetry are not those of LiteLLM.
const PROVIDERS: [(&str, &str); 10] = [
    ("gcp.gemini", "gemini"),
    ("gcp.gen_ai", "gemini"),
    ("gcp.vertex_ai", "vertex_ai"),
    ("aws.bedrock", "bedrock"),
    ("azure.ai.openai", "azure"),
    ("azure.ai.inference", "azure_ai"),
    ("x_ai", "xai"),
    ("mistral_ai", "mistral"),
    ("moonshot_ai", "moonshot"),
    ("alibaba_cloud", "dashscope"),
];

type Object = Map<String, Value>;

/// What LiteLLM calls a provider.
pub(super) fn provider(name: &str) -> &str {
    let known = PROVIDERS.iter().find(|(word, _)| *word == name);
    known.map_or(name, |(_, litellm)| litellm)
}

/// True when some member is a model with a price per token.
pub(super) fn is_litellm(file: &Object) -> bool {
    let mut entries = file.values().filter_map(Value::as_object);
    entries.any(|entry| FIELDS.iter().any(|(field, _)| entry.contains_key(*field)))
}

/// Reads the models that have prices per token. They hold always: the form has no dates.
pub(super) fn models(file: &Object) -> Result<Vec<Model>, PriceError> {
    if file.len() > MAX_MODELS {
        return Err(PriceError::TooMany {
            what: "models",
            limit: MAX_MODELS,
        });
    }
    let mut models = Vec::new();
    for (name, entry) in file.iter().filter(|(name, _)| *name != SAMPLE) {
        if let Some(tiers) = tiers(name, entry).map_err(|wrong| wrong.of(name))? {
            models.push(Model {
                name: name.clone(),
                aliases: Vec::new(),
                prices: vec![Price {
                    from: i64::MIN,
                    tiers,
                    source: entry
                        .get("source")
                        .and_then(Value::as_str)
                        .map(table::source),
                }],
            });
        }
    }
    Ok(models)
}

type Tiers = BTreeMap<ServiceTier, Vec<Bracket>>;

/// Rates by tier and by the length of input above which they hold (0 always).
type Lengths = BTreeMap<ServiceTier, BTreeMap<u64, Rates>>;

/// None when nothing is priced per token.
fn tiers(name: &str, entry: &Value) -> Result<Option<Tiers>, Wrong> {
    let entry = entry
        .as_object()
        .ok_or_else(|| Wrong::new("the entry", "expected an object"))?;
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(Wrong::new("the name", "expected 1 to 512 bytes"));
    }
    let mut lengths = Lengths::new();
    for (field, value) in entry.iter().filter(|(_, value)| !value.is_null()) {
        let Some((class, above, tier)) = meaning(field) else {
            continue;
        };
        let rate = Rate::per_token(value).map_err(|problem| Wrong::new(field, problem))?;
        let rates = lengths.entry(tier).or_default().entry(above).or_default();
        rates.set(class, rate);
    }
    if let Some(ranges) = entry.get("tiered_pricing").and_then(Value::as_array) {
        ranged(ranges, lengths.entry(ServiceTier::Standard).or_default())?;
    }
    let Some(standard) = lengths.remove(&ServiceTier::Standard) else {
        return Ok(None);
    };
    let standard = finished(standard, &[])?;
    let base = &standard[0].rates;
    if base.get(Class::Input).is_none() && base.get(Class::Output).is_none() {
        return Ok(None);
    }
    let mut tiers = Tiers::new();
    for (tier, lengths) in lengths {
        tiers.insert(tier, finished(lengths, &standard)?);
    }
    let fast = entry.get("provider_specific_entry");
    if let Some(fast) = fast.and_then(|entry| entry.get("fast")) {
        let factor = Factor::read(fast)
            .map_err(|problem| Wrong::new("provider_specific_entry.fast", problem))?;
        tiers.insert(ServiceTier::Fast, table::times(&standard, factor));
    }
    tiers.insert(ServiceTier::Standard, standard);
    Ok(Some(tiers))
}

/// Brackets of a tier. What a tier does not name is that of the standard tier at the same length,
/// as in LiteLLM.
fn finished(
    mut lengths: BTreeMap<u64, Rates>,
    standard: &[Bracket],
) -> Result<Vec<Bracket>, Wrong> {
    for bracket in standard {
        let rates = lengths.entry(bracket.above).or_default();
        *rates = rates.or(&bracket.rates);
    }
    if lengths.len() > MAX_BRACKETS + 1 {
        return Err(Wrong::new(
            "the entry",
            "expected at most 16 lengths of input",
        ));
    }
    let base = lengths.remove(&0).unwrap_or_default();
    Ok(table::brackets(base, lengths))
}

/// The meaning of `FIELD[_above_1hr][_above_NNNk_tokens][_TIER]`; none for other fields.
fn meaning(field: &str) -> Option<(Class, u64, ServiceTier)> {
    let (mut rest, class) = FIELDS
        .iter()
        .find_map(|(name, class)| Some((field.strip_prefix(name)?, *class)))?;
    let mut class = class;
    if class == Class::CacheCreation5m
        && let Some(shorter) = rest.strip_prefix(ONE_HOUR)
    {
        class = Class::CacheCreation1h;
        rest = shorter;
    }
    let mut tier = ServiceTier::Standard;
    for (suffix, of) in TIERS {
        if let Some(shorter) = rest.strip_suffix(suffix) {
            tier = of;
            rest = shorter;
        }
    }
    if rest.is_empty() {
        return Some((class, 0, tier));
    }
    let thousands = rest.strip_prefix("_above_")?.strip_suffix("k_tokens")?;
    let thousands: u32 = thousands.parse().ok()?;
    Some((class, u64::from(thousands) * 1_000, tier))
}

/// Ranges of the input's length, each with its rates.
fn ranged(ranges: &[Value], lengths: &mut BTreeMap<u64, Rates>) -> Result<(), Wrong> {
    const MEMBER: &str = "tiered_pricing";
    if ranges.len() > MAX_BRACKETS {
        return Err(Wrong::new(MEMBER, "expected at most 16 ranges"));
    }
    for range in ranges.iter().filter_map(Value::as_object) {
        // Some ranges count something else than tokens.
        let Some(bounds) = range.get("range").and_then(Value::as_array) else {
            continue;
        };
        let above = bounds.first().and_then(Value::as_f64);
        let above = above.filter(|above| (0.0..1e12).contains(above));
        let above = above.ok_or_else(|| Wrong::new(MEMBER, "expected a range from 0 or more"))?;
        let mut rates = Rates::default();
        for (field, value) in range.iter().filter(|(_, value)| !value.is_null()) {
            if let Some((class, 0, ServiceTier::Standard)) = meaning(field) {
                rates.set(
                    class,
                    Rate::per_token(value).map_err(|problem| Wrong::new(MEMBER, problem))?,
                );
            }
        }
        lengths.insert(above as u64, rates);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(field: &str, expected: Option<(Class, u64, ServiceTier)>) {
        assert_eq!(meaning(field), expected, "{field}");
    }

    #[test]
    fn fields_are_class_lifetime_length_and_tier() {
        let standard = ServiceTier::Standard;
        check("input_cost_per_token", Some((Class::Input, 0, standard)));
        check(
            "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
            Some((Class::CacheCreation1h, 200_000, standard)),
        );
        check(
            "cache_read_input_token_cost_above_272k_tokens_priority",
            Some((Class::CacheRead, 272_000, ServiceTier::Priority)),
        );
        check(
            "output_cost_per_token_batches",
            Some((Class::Output, 0, ServiceTier::Batch)),
        );
        check("output_cost_per_token_ultrafast", None);
        check("input_cost_per_token_cache_hit", None);
        check("input_cost_per_token_above_99999999999k_tokens", None);
        check("input_cost_per_audio_token", None);
        check("mode", None);
    }
}
