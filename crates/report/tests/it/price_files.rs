//! Price files that are refused.

use crate::prices::file;
use otolith_report::{PriceError, Prices};
use serde_json::{Value, json};

/// Asserts what is said of a price file, causes included.
#[track_caller]
fn refused(file: &str, expected: &str) {
    let error = Prices::parse(file.as_bytes()).unwrap_err();
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_wrong_file_is_an_error_that_names_the_entry() {
    let entry = |members: &str| {
        format!(
            r#"{{"format": "otolith-prices", "version": 1, "prices": [{{"model": "m",
            "source": "x", {members}}}]}}"#
        )
    };
    let wrong = |members: &str, expected: &str| {
        refused(
            &entry(members),
            &format!("failed to read the price of `m`: {expected}"),
        );
    };
    refused("[", "failed to read prices: not JSON");
    for unknown in ["[]", "{}", r#"{"m": {"price": 1}}"#] {
        let error = Prices::parse(unknown.as_bytes()).unwrap_err();
        assert!(matches!(error, PriceError::Unrecognised), "{unknown}");
    }
    refused(
        r#"{"format": "otolith-prices", "version": 2, "prices": []}"#,
        "failed to read prices: version 2, known is 1",
    );
    wrong(
        r#""usd_per_milion": {"input": 1}"#,
        "`usd_per_milion`: is no member of the format",
    );
    wrong(
        r#""usd_per_million": {"imput": 1}"#,
        "`imput`: is no class of tokens",
    );
    wrong(
        r#""usd_per_million": {"input": -1}"#,
        "`input`: expected a number of 0 or more",
    );
    wrong(
        r#""usd_per_million": {"input": 1e9}"#,
        "`input`: expected at most 1 dollar per token",
    );
    wrong(
        r#""usd_per_million": {}"#,
        "`usd_per_million`: expected at least one price",
    );
    wrong(
        r#""from": "2026-2-1", "usd_per_million": {"input": 1}"#,
        "`from`: expected a date such as `2026-10-01`",
    );
    wrong(
        r#""usd_per_million": {"input": 1}, "service_tiers": {"slow": {"factor": 1}}"#,
        "`service_tiers`: expected `batch`, `flex`, `priority` or `fast`",
    );
    wrong(
        r#""usd_per_million": {"input": 1}, "above": [{"input_tokens": 0, "usd_per_million": {}}]"#,
        "`input_tokens`: expected a whole number above 0",
    );
    refused(
        r#"{"format": "otolith-prices", "version": 1, "prices": [{"model": "m",
        "usd_per_million": {"input": 1}}]}"#,
        "failed to read the price of `m`: `source`: expected a text",
    );
    refused(
        r#"{"format": "otolith-prices", "version": 1, "prices": [{"source": "x"}]}"#,
        "failed to read the price of `number 1`: `model`: expected a text",
    );
    refused(
        r#"{"good": {"input_cost_per_token": 1e-6}, "bad": {"input_cost_per_token": "free"}}"#,
        "failed to read the price of `bad`: `input_cost_per_token`: expected a number of 0 or more",
    );
    let twice = r#"{"model": "m", "source": "x", "usd_per_million": {"input": 1}}"#;
    refused(
        &format!(r#"{{"format": "otolith-prices", "version": 1, "prices": [{twice}, {twice}]}}"#),
        "failed to read the price of `m`: `from`: the model has another price from that day",
    );
    let alias =
        r#"{"model": "n", "aliases": ["M"], "source": "x", "usd_per_million": {"input": 1}}"#;
    refused(
        &format!(r#"{{"format": "otolith-prices", "version": 1, "prices": [{twice}, {alias}]}}"#),
        "failed to read the price of `n`: `aliases`, `M`: is the name of another entry",
    );
}

#[test]
fn hostile_files_meet_a_bound() {
    let long = " ".repeat(Prices::MAX_LEN_BYTES + 1);
    refused(&long, "failed to read prices: more than 16777216 bytes");
    let deep = "[".repeat(100_000);
    refused(&deep, "failed to read prices: not JSON");
    let models: Vec<String> = (0..100_001)
        .map(|n| format!(r#""{n}": {{"input_cost_per_token": 0}}"#))
        .collect();
    refused(
        &format!("{{{}}}", models.join(",")),
        "failed to read prices: more than 100000 models",
    );
    let brackets: Vec<Value> = (1..=17)
        .map(|n| json!({"input_tokens": n, "usd_per_million": {"input": 1}}))
        .collect();
    let members = json!({"usd_per_million": {"input": 1}, "above": brackets});
    refused(
        &file("m", &members).to_string(),
        "failed to read the price of `m`: `above`: expected at most 16 lengths",
    );
    let name = "x".repeat(600);
    let expected = format!(
        "failed to read the price of `{}`: `the name`: expected 1 to 512 bytes",
        "x".repeat(200)
    );
    refused(
        &json!({name: {"input_cost_per_token": 0}}).to_string(),
        &expected,
    );
}
