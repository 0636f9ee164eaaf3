//! What tokens cost by list prices.

use crate::otlp::{CUMULATIVE, DELTA, Span, at, logs, spans, sum};
use crate::support::{
    captures, check, cost, embedded, lake_of, lake_of_files, noted, numbers, only,
};
use otolith_report::{
    Calendar, CostQuery, Dimension, LongContext, NanoDollars, Prices, Pricing, Report, Rules,
    Selection, ServiceTier, Signal,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const BY: [Dimension; 2] = [Dimension::Agent, Dimension::Model];

/// Dollars per million tokens: input, cache read, cache creation for 5 minutes and for an hour,
/// output.
const CLAUDE: [(&str, [f64; 5]); 3] = [
    ("claude-haiku-4-5", [1.0, 0.1, 1.25, 2.0, 5.0]),
    ("claude-opus-4-7", [5.0, 0.5, 6.25, 10.0, 25.0]),
    ("claude-sonnet-4-6", [3.0, 0.3, 3.75, 6.0, 15.0]),
];

/// Dollars per million tokens: input, cached input, output.
const CODEX: [(&str, [f64; 3]); 3] = [
    ("gpt-5", [1.25, 0.125, 10.0]),
    ("gpt-5-codex", [1.25, 0.125, 10.0]),
    ("gpt-5-mini", [0.25, 0.025, 2.0]),
];

/// What the tokens of a capture's truth cost by the prices above, with caches for five minutes and
/// for an hour, by agent and model.
fn by_hand(truth: &Value) -> [BTreeMap<String, f64>; 2] {
    let mut costs: [BTreeMap<String, f64>; 2] = Default::default();
    let claude = |what: &str, model: &str| {
        let line = format!("log api_request sum of {what} by model");
        truth["domain"][line][model].as_f64()
    };
    for (model, [input, read, five_minutes, hour, output]) in CLAUDE {
        let Some(fresh) = claude("input_tokens", model) else {
            continue;
        };
        let rest = fresh * input
            + claude("cache_read_tokens", model).unwrap() * read
            + claude("output_tokens", model).unwrap() * output;
        let written = claude("cache_creation_tokens", model).unwrap();
        let key = format!("claude_code | {model}");
        costs[0].insert(key.clone(), (rest + written * five_minutes) / 1e6);
        costs[1].insert(key, (rest + written * hour) / 1e6);
    }
    let codex = |what: &str, model: &str| {
        let line =
            format!("log codex.sse_event (records with input_token_count) sum of {what} by model");
        truth["domain"][line][model].as_f64()
    };
    for (model, [input, cached, output]) in CODEX {
        let Some(whole) = codex("input_token_count", model) else {
            continue;
        };
        let from_cache = codex("cached_token_count", model).unwrap();
        let cost = (whole - from_cache) * input
            + from_cache * cached
            + codex("output_token_count", model).unwrap() * output;
        for costs in &mut costs {
            costs.insert(format!("codex | {model}"), cost / 1e6);
        }
    }
    costs
}

#[test]
fn estimates_of_real_captures_are_those_by_hand() {
    let truth = std::fs::read_to_string(captures().join("truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&truth).unwrap();
    let mut models = 0;
    for (name, truth) in truth.as_object().unwrap() {
        let lake = lake_of_files(&captures().join(name).join("file-exporter"));
        let [usual, high] = by_hand(truth);
        models += usual.len();
        for selection in [Selection::default(), only(Signal::Metrics)] {
            let report = cost(&lake, &BY, selection);
            let column = |column| numbers(&report, &["agent", "model"], column);
            check(&column("estimated_cost_usd"), &usual, name);
            check(&column("estimated_cost_low_usd"), &usual, name);
            check(&column("estimated_cost_high_usd"), &high, name);
            assert_eq!(noted(&report, "not_estimated"), 0, "{name}");
            // Claude Code reports what its caches of five minutes cost, Codex nothing.
            let reported = column("cost_usd");
            let differences = reported.keys().map(|key| (key.clone(), 0.0));
            assert_eq!(column("difference_usd"), differences.collect(), "{name}");
        }
    }
    assert_eq!(models, 18);
}

/// A price file with one model.
pub(crate) fn file(model: &str, members: &Value) -> Value {
    let mut price = json!({"model": model, "source": "made up"});
    let members = members.as_object().unwrap().clone();
    price.as_object_mut().unwrap().extend(members);
    json!({"format": "otolith-prices", "version": 1, "prices": [price]})
}

fn pricing(file: &Value) -> Pricing {
    Pricing {
        prices: Prices::parse(file.to_string().as_bytes()).unwrap(),
        rules: Rules::default(),
    }
}

fn served(pricing: Pricing, service_tier: ServiceTier) -> Pricing {
    let rules = Rules {
        service_tier,
        ..pricing.rules
    };
    Pricing { rules, ..pricing }
}

fn ask(requests: &[Value], pricing: Pricing) -> Report {
    let query = CostQuery {
        by: vec![Dimension::Model],
        calendar: Calendar::default(),
        selection: Selection::default(),
        pricing,
    };
    otolith_report::cost(&lake_of(requests), &query).unwrap()
}

/// One request of a service that follows the conventions.
fn request(members: &Value) -> Value {
    let mut all = json!({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"});
    let members = members.as_object().unwrap().clone();
    all.as_object_mut().unwrap().extend(members);
    let span = Span {
        name: "chat m",
        id: 1,
        parent: 0,
        start: 1.0,
        end: 2.0,
        error: false,
        members: all,
    };
    spans("svc", "", &[span])
}

fn usage(input: u64, read: u64, creation: u64, output: u64) -> Value {
    json!({
        "gen_ai.usage.input_tokens": input + read + creation,
        "gen_ai.usage.cache_read.input_tokens": read,
        "gen_ai.usage.cache_creation.input_tokens": creation,
        "gen_ai.usage.output_tokens": output,
    })
}

/// Asserts low, usual and high estimate of one request in nano-dollars.
#[track_caller]
fn estimates(pricing: Pricing, request: Value, expected: [i64; 3]) {
    let report = ask(&[request], pricing);
    let columns = [
        "estimated_cost_low_usd",
        "estimated_cost_usd",
        "estimated_cost_high_usd",
    ];
    let cell = |column| report.cell(0, column).unwrap().to_json();
    let found = columns.map(cell);
    let expected = expected.map(|nanos| json!(NanoDollars(nanos).to_dollars()));
    assert_eq!(found, expected, "{:?}", report.notes);
}

/// Asserts that there is no estimate of one request, and why.
#[track_caller]
fn no_estimate(pricing: Pricing, request: Value, why: &str) {
    let report = ask(&[request], pricing);
    for column in [
        "estimated_cost_usd",
        "estimated_cost_high_usd",
        "difference_usd",
    ] {
        assert!(report.cell(0, column).unwrap().to_json().is_null());
    }
    let notes: Vec<_> = report
        .notes
        .iter()
        .map(|n| (n.text.as_str(), n.count))
        .collect();
    assert!(notes.contains(&(why, 1)), "{notes:?}");
}

#[test]
fn every_class_has_its_price_and_caches_an_unknown_lifetime() {
    let prices = json!({"usd_per_million": {
        "input": 3, "cache_read": 0.3, "cache_creation_5m": 3.75, "cache_creation_1h": 6,
        "output": 15, "reasoning": 20,
    }});
    let mut members = usage(1000, 2000, 400, 100);
    members["gen_ai.usage.reasoning.output_tokens"] = json!(40);
    // 3,000,000 + 600,000 + 60 x 15,000 + 40 x 20,000, and 400 of 3,750 or 6,000.
    let rest = 3_000_000 + 600_000 + 900_000 + 800_000;
    let (five_minutes, hour) = (rest + 1_500_000, rest + 2_400_000);
    estimates(
        pricing(&file("m", &prices)),
        request(&members),
        [five_minutes, five_minutes, hour],
    );
}

#[test]
fn requests_are_rounded_once_to_the_nano_dollar() {
    // 3 tokens of 0.5 nano-dollars, and of 0.4999.
    let of = |price: f64| pricing(&file("m", &json!({"usd_per_million": {"input": price}})));
    estimates(of(0.0005), request(&usage(3, 0, 0, 0)), [2; 3]);
    estimates(of(0.000_499), request(&usage(3, 0, 0, 0)), [1; 3]);
}

const LONG: &str = r#"{
    "usd_per_million": {"input": 1, "cache_read": 0.1, "output": 5},
    "above": [{"input_tokens": 1000, "usd_per_million": {"input": 2, "output": 8}}]
}"#;

#[test]
fn a_long_request_pays_the_higher_price_for_all_of_it() {
    let long = pricing(&file("m", &serde_json::from_str(LONG).unwrap()));
    // What is cached counts towards the length.
    let at_most = request(&usage(400, 600, 0, 10));
    estimates(long.clone(), at_most, [510_000; 3]);
    let above = request(&usage(401, 600, 0, 10));
    // The price above that is not named is the one below.
    estimates(long, above, [802_000 + 60_000 + 80_000; 3]);
}

#[test]
fn sums_of_requests_have_unknown_lengths() {
    let long = pricing(&file("m", &serde_json::from_str(LONG).unwrap()));
    let point = |class: &str, value| {
        let members = json!({"session.id": "s", "model": "m", "type": class});
        (0.0, 10.0, value, members)
    };
    let metric = |input| {
        let points = [point("input", input), point("output", 10.0)];
        let name = "claude_code.token.usage";
        sum("claude-code", "", name, DELTA, &points)
    };
    estimates(long.clone(), metric(1000.0), [1_050_000; 3]);
    estimates(long, metric(1500.0), [1_550_000, 1_550_000, 3_080_000]);
}

#[test]
fn long_requests_can_be_split_as_some_programs_do() {
    let pricing = pricing(&file("m", &serde_json::from_str(LONG).unwrap()));
    let split = || Pricing {
        rules: Rules {
            long_context: LongContext::Split,
            ..Rules::default()
        },
        ..pricing.clone()
    };
    // Of each class what exceeds the length costs more; here of the input 200 tokens.
    let one = request(&usage(1200, 600, 0, 10));
    estimates(split(), one, [1_000_000 + 400_000 + 60_000 + 50_000; 3]);
    let at_most = request(&usage(1000, 600, 0, 10));
    estimates(split(), at_most, [1_110_000; 3]);
    let members = json!({"session.id": "s", "model": "m", "type": "input"});
    let points = [(0.0, 10.0, 1500.0, members)];
    let metric = sum("claude-code", "", "claude_code.token.usage", DELTA, &points);
    estimates(split(), metric, [1_500_000, 1_500_000, 2_000_000]);
}

#[test]
fn prices_hold_from_their_day() {
    // The requests happen on 2026-09-21.
    let price = |from: &str, input: u64| json!({"model": "m", "source": "made up", "from": from, "usd_per_million": {"input": input}});
    let table = |prices: &[Value]| {
        pricing(&json!({"format": "otolith-prices", "version": 1, "prices": prices}))
    };
    assert_eq!(at(0.0), 1_790_000_000_000_000_000);
    let request = || request(&usage(1, 0, 0, 0));
    let prices = [
        price("2026-09-22", 9),
        price("2026-01-01", 1),
        price("2026-09-21", 2),
    ];
    estimates(table(&prices), request(), [2_000; 3]);
    estimates(table(&prices[..2]), request(), [1_000; 3]);
    no_estimate(
        table(&prices[..1]),
        request(),
        "svc, m: no price of this model at that time",
    );
}

#[test]
fn service_tiers_have_their_prices() {
    let prices = json!({
        "usd_per_million": {"input": 3, "output": 15},
        "service_tiers": {"batch": {"factor": 0.5}, "priority": {"usd_per_million": {"input": 5}}},
    });
    let pricing = pricing(&file("m", &prices));
    let batch = served(pricing.clone(), ServiceTier::Batch);
    estimates(batch.clone(), request(&usage(10, 0, 0, 2)), [30_000; 3]);
    // What a request says goes before what is assumed.
    let mut members = usage(10, 0, 0, 0);
    members["openai.response.service_tier"] = json!("priority");
    estimates(batch.clone(), request(&members), [50_000; 3]);
    members["openai.response.service_tier"] = json!("default");
    estimates(batch, request(&members), [30_000; 3]);
    members["openai.response.service_tier"] = json!("warp");
    let why = "svc, m: no price of this service tier";
    no_estimate(pricing.clone(), request(&members), why);
    members["openai.response.service_tier"] = json!("flex");
    no_estimate(pricing, request(&members), why);
}

#[test]
fn fast_requests_of_claude_code_cost_more() {
    let prices = json!({
        "usd_per_million": {"input": 5}, "service_tiers": {"fast": {"factor": 2}},
    });
    let record = |speed: &str| {
        let members = json!({
            "event.name": "api_request", "event.sequence": 1, "session.id": "s", "model": "m",
            "input_tokens": 10, "output_tokens": 0, "speed": speed,
        });
        logs(
            "claude-code",
            "com.anthropic.claude_code.events",
            &[(1.0, members)],
        )
    };
    let pricing = pricing(&file("m", &prices));
    estimates(pricing.clone(), record("normal"), [50_000; 3]);
    estimates(pricing, record("fast"), [100_000; 3]);
}

#[test]
fn what_has_no_price_is_named_and_never_0() {
    let some = || pricing(&file("m", &json!({"usd_per_million": {"input": 1}})));
    let mut other = usage(1, 0, 0, 0);
    other["gen_ai.request.model"] = json!("n");
    no_estimate(some(), request(&other), "svc, n: no price of this model");
    no_estimate(
        some(),
        request(&usage(1, 0, 0, 1)),
        "svc, m: no price of its output tokens",
    );
    // Of classes that were not used no price is needed.
    estimates(some(), request(&usage(1, 0, 0, 0)), [1_000; 3]);
    estimates(some(), request(&usage(0, 0, 0, 0)), [0; 3]);
}

#[test]
fn models_are_found_by_their_aliases_and_other_spellings() {
    let prices = json!({"aliases": ["Em"], "usd_per_million": {"input": 1}});
    for name in ["m", "M", "em", "eu.anthropic.m-20260101-v1:0", "x/y/em[1m]"] {
        let mut members = usage(1, 0, 0, 0);
        members["gen_ai.request.model"] = json!(name);
        estimates(pricing(&file("m", &prices)), request(&members), [1_000; 3]);
    }
}

#[test]
fn a_list_of_litellm_is_recognised_and_its_prices_hold_always() {
    let list = json!({
        "sample_spec": {"input_cost_per_token": "a text", "mode": "one of ..."},
        "m": {
            "litellm_provider": "x", "mode": "chat", "supports_vision": true,
            "input_cost_per_token": 3e-06,
            "output_cost_per_token": 1.5e-05,
            "cache_creation_input_token_cost": 3.75e-06,
            "cache_creation_input_token_cost_above_1hr": 6e-06,
            "cache_read_input_token_cost": null,
            "input_cost_per_token_above_200k_tokens": 6e-06,
            "input_cost_per_token_batches": 1.5e-06,
            "provider_specific_entry": {"us": 1.1, "fast": 2.0},
        },
        "video": {"output_cost_per_second": 0.1, "mode": "video_generation"},
    });
    let pricing = pricing(&list);
    estimates(
        pricing.clone(),
        request(&usage(10, 0, 4, 2)),
        [75_000, 75_000, 84_000],
    );
    // What is not named above a length is as below it.
    estimates(
        pricing.clone(),
        request(&usage(200_001, 0, 0, 1)),
        [1_200_006_000 + 15_000; 3],
    );
    // What is not named of a tier is that of the standard one.
    let batch = served(pricing, ServiceTier::Batch);
    estimates(batch, request(&usage(10, 0, 0, 2)), [45_000; 3]);
}

#[test]
fn ranges_of_litellm_are_lengths() {
    let list = json!({"dashscope/m": {"tiered_pricing": [
        {"range": [0, 1000.0], "input_cost_per_token": 1e-06, "output_cost_per_token": 5e-06},
        {"range": [1000.0, 2000], "input_cost_per_token": 2e-06, "output_cost_per_token": 9e-06},
    ], "input_cost_per_token": 1e-06}});
    estimates(
        pricing(&list),
        request(&usage(1000, 0, 0, 1)),
        [1_005_000; 3],
    );
    estimates(
        pricing(&list),
        request(&usage(1001, 0, 0, 1)),
        [2_011_000; 3],
    );
}

#[test]
fn a_model_of_several_providers_needs_one() {
    let list = json!({
        "gemini/m": {"input_cost_per_token": 1e-06},
        "vertex_ai/m": {"input_cost_per_token": 2e-06},
        "a/n": {"input_cost_per_token": 3e-06},
        "b/n": {"input_cost_per_token": 3e-06},
    });
    let pricing = pricing(&list);
    let mut members = usage(1, 0, 0, 0);
    no_estimate(
        pricing.clone(),
        request(&members),
        "svc, m: several prices of this model, and no provider is named",
    );
    members["gen_ai.provider.name"] = json!("gcp.gemini");
    estimates(pricing.clone(), request(&members), [1_000; 3]);
    members["gen_ai.provider.name"] = json!("gcp.vertex_ai");
    estimates(pricing.clone(), request(&members), [2_000; 3]);
    // Where they agree it does not matter who served it.
    members["gen_ai.request.model"] = json!("n");
    estimates(pricing, request(&members), [3_000; 3]);
}

#[test]
fn a_difference_needs_both_sides_of_all() {
    let record = |sequence: u64, model: &str, dollars: Option<f64>| {
        let mut members = json!({
            "event.name": "api_request", "event.sequence": sequence, "session.id": "s",
            "model": model, "input_tokens": 100, "output_tokens": 0,
        });
        if let Some(dollars) = dollars {
            members["cost_usd"] = json!(dollars);
        }
        (sequence as f64, members)
    };
    let all = |records: &[(f64, Value)]| {
        let scope = "com.anthropic.claude_code.events";
        let report = cost(
            &lake_of(&[logs("claude-code", scope, records)]),
            &[],
            Selection::default(),
        );
        report.cell(0, "difference_usd").unwrap().to_json()
    };
    let known = record(1, "claude-opus-4-7", Some(0.0007));
    assert_eq!(all(std::slice::from_ref(&known)), json!(0.0002));
    assert_eq!(
        all(&[known.clone(), record(2, "secret", Some(1.0))]),
        Value::Null
    );
    assert_eq!(
        all(&[known, record(2, "claude-opus-4-7", None)]),
        Value::Null
    );
    // A cost of which no tokens tell what for.
    let point = (
        0.0,
        10.0,
        0.5,
        json!({"session.id": "t", "model": "claude-opus-4-7"}),
    );
    let name = "claude_code.cost.usage";
    let metric = sum("claude-code", "", name, CUMULATIVE, &[point]);
    let events = logs(
        "claude-code",
        "",
        &[record(1, "claude-opus-4-7", Some(0.0007))],
    );
    let report = cost(&lake_of(&[metric, events]), &[], Selection::default());
    assert_eq!(report.cell(0, "cost_usd").unwrap().to_json(), json!(0.5007));
    assert!(
        report
            .cell(0, "difference_usd")
            .unwrap()
            .to_json()
            .is_null()
    );
}

#[test]
fn a_report_says_which_prices_it_rests_on() {
    let lake = lake_of_files(&captures().join("codex-off/file-exporter"));
    let report = cost(&lake, &BY, Selection::default());
    let prices = &report.parameters["prices"];
    assert_eq!(prices["form"], "embedded");
    assert_eq!(prices["name"], "list prices known on 2026-11-29");
    assert_eq!(prices["fingerprint"].as_str().unwrap().len(), 16);
    assert!(report.parameters.get("service_tier").is_none());
    let query = CostQuery {
        by: BY.to_vec(),
        calendar: Calendar::default(),
        selection: Selection::default(),
        pricing: served(embedded(), ServiceTier::Flex),
    };
    let report = otolith_report::cost(&lake, &query).unwrap();
    assert_eq!(report.parameters["service_tier"], "flex");
}

#[test]
fn the_embedded_prices_say_where_they_come_from() {
    let table: Value = serde_json::from_str(include_str!("../../src/prices/prices.json")).unwrap();
    for price in table["prices"].as_array().unwrap() {
        for member in ["provider", "from", "since", "source", "read"] {
            let text = price[member].as_str();
            assert!(
                text.is_some_and(|text| !text.is_empty()),
                "{member} of {price}"
            );
        }
        assert!(
            price["source"].as_str().unwrap().contains("https://"),
            "{price}"
        );
    }
}

#[test]
fn the_embedded_prices_know_names_as_they_are_sent() {
    let names = [
        "claude-sonnet-4-20250514",
        "claude-sonnet-4-5-20250929[1m]",
        "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "claude-opus-4-5@20251101",
        "claude-opus-4.7",
        "openai/gpt-5-2025-08-07",
        "gpt-5-codex",
        "gpt-4o-2024-11-20",
        "gpt-4o-mini-2024-07-18",
        "gpt-4.1-2025-04-14",
        "models/gemini-2.5-pro",
        "gemini-2.5-flash",
        "google/gemini-2.5-flash-lite",
        "qwen3-coder-plus",
    ];
    for name in names {
        let mut members = usage(1, 0, 0, 0);
        members["gen_ai.request.model"] = json!(name);
        let report = ask(&[request(&members)], embedded());
        assert_eq!(noted(&report, "not_estimated"), 0, "{name}");
    }
}
