//! Models with made-up prices.

use super::ledger::Tokens;

/// A model and what its tokens cost: uncached input, cache read, cache creation, output, in
/// nano-dollars each.
pub(super) struct Model {
    pub(super) name: &'static str,
    price: Option<[u64; 4]>,
}

const fn model(name: &'static str, price: [u64; 4]) -> Model {
    Model {
        name,
        price: Some(price),
    }
}

pub(super) const CLAUDE: [Model; 3] = [
    model("claude-opus-4-7", [5_000, 500, 6_250, 25_000]),
    model("claude-sonnet-4-6", [3_000, 300, 3_750, 15_000]),
    model("claude-haiku-4-5", [1_000, 100, 1_250, 5_000]),
];
pub(super) const CODEX: [Model; 2] = [
    model("gpt-5.3-codex", [1_750, 175, 1_751, 14_000]),
    model("gpt-5-mini", [250, 25, 251, 2_000]),
];
pub(super) const GEMINI: [Model; 2] = [
    model("gemini-3-pro-preview", [2_000, 200, 2_001, 12_000]),
    model("gemini-2.5-flash", [300, 30, 301, 2_500]),
];
/// The last has no price.
pub(super) const QWEN: [Model; 2] = [
    model("qwen3-coder-plus", [1_000, 100, 1_001, 5_000]),
    Model {
        name: "qwen-on-my-desk",
        price: None,
    },
];

/// Prices of all models but one, in the form of `otolith report cost --prices`.
pub fn price_file() -> String {
    let mut entries = Vec::new();
    let all = [&CLAUDE[..], &CODEX, &GEMINI, &QWEN];
    for model in all.into_iter().flatten() {
        let Some(price) = model.price else { continue };
        let [input, read, creation, output] = price.map(|nanos| nanos as f64 / 1e3);
        entries.push(format!(
            r#"{{"model": "{}", "source": "made up", "read": "2026-01-01", "usd_per_million": {{"input": {input}, "cache_read": {read}, "cache_creation_5m": {creation}, "cache_creation_1h": {creation}, "output": {output}}}}}"#,
            model.name,
        ));
    }
    let entries = entries.join(", ");
    format!(
        r#"{{"format": "otolith-prices", "version": 1, "name": "made up", "prices": [{entries}]}}"#
    )
}

/// What a request cost that told all of its tokens, in nano-dollars.
pub(super) fn cost(model: &Model, tokens: [i64; 4]) -> u64 {
    let price = model.price.expect("what reports its cost has a price");
    let of_class = |(tokens, price): (i64, u64)| tokens.unsigned_abs() * price;
    tokens.into_iter().zip(price).map(of_class).sum()
}

/// What tokens cost, in nano-dollars; absent without tokens or price.
pub(super) fn estimate(model: Option<&str>, tokens: &Tokens) -> Option<u64> {
    tokens.total()?;
    let all = [&CLAUDE[..], &CODEX, &GEMINI, &QWEN];
    let mut all = all.into_iter().flatten();
    let price = all.find(|known| Some(known.name) == model)?.price?;
    let [four @ .., _] = tokens.classes();
    let of_class = |(tokens, price): (Option<u64>, u64)| tokens.unwrap_or(0) * price;
    Some(four.into_iter().zip(price).map(of_class).sum())
}
