//! Secrets planted in every place of random requests.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use otolith_capture::Source;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::lake_content::{Content, rows};
use crate::support::{TestLake, options};
use crate::{MODES, Mode, generate, json_writer, redacting};

const WORDS: &str = "prompts,emails,ids,my.secret,my.secrets.*";

/// Spellings of an address. All hold `leak` and `planted`, which nothing else does.
const ADDRESSES: [&str; 5] = [
    "leak.one+tag@planted.example.org",
    "Leak@PLANTED.example",
    "leak%40planted.example.org",
    r"leak\u0040planted.example.org",
    "l\u{e9}aleak@sub.planted.example.org",
];

/// Keys whose values are redacted as a whole, of each class and of the two keys asked for.
const SECRET_KEYS: [&str; 8] = [
    "prompt",
    "gen_ai.input.messages",
    "llm.input_messages.0.message.content",
    "user.id",
    "client.address",
    "my.secret",
    "my.secrets.",
    "my.secrets.some",
];
/// A key whose value is an address as a whole.
const ADDRESS_KEY: &str = "user.email";
/// What secret values hold, as text and as number.
const SECRETS: [&str; 2] = ["hush", "7654321098765432"];

/// What is planted depends on a row of random numbers.
struct Planter<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u8>>,
}

impl Planter<'_> {
    fn choice(&mut self) -> usize {
        usize::from(*self.choices.next().unwrap())
    }

    fn text(&mut self, text: &mut String) {
        let address = ADDRESSES[self.choice() % ADDRESSES.len()];
        *text = match self.choice() % 3 {
            0 => format!("{text} <{address}>"),
            1 => format!("({address})"),
            _ => format!("a {address} {text} {address}"),
        };
    }

    /// Plants addresses in every text, and some secret keys in every list of attributes.
    fn plant(&mut self, json: &mut Value) {
        match json {
            Value::Array(items) => items.iter_mut().for_each(|item| self.plant(item)),
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    match (name.as_str(), value) {
                        ("idKeys" | "descriptionKeys", Value::Array(keys)) => {
                            for key in keys {
                                if let Value::String(key) = key {
                                    self.text(key);
                                }
                            }
                        }
                        ("bytesValue", value) => {
                            let address = ADDRESSES[self.choice() % 3];
                            let bytes = [b"\xff<", address.as_bytes(), b">\0\xfe"].concat();
                            *value = BASE64_STANDARD.encode(bytes).into();
                        }
                        (
                            "stringValue" | "name" | "description" | "unit" | "version"
                            | "schemaUrl" | "type" | "traceState" | "severityText" | "eventName"
                            | "message",
                            Value::String(text),
                        ) => self.text(text),
                        ("attributes" | "filteredAttributes" | "metadata", list) => self.keys(list),
                        ("kvlistValue", map) => self.keys(&mut map["values"]),
                        (_, value) => self.plant(value),
                    }
                }
                if members.contains_key("severityText") {
                    self.event(members);
                }
            }
            _ => {}
        }
    }

    fn keys(&mut self, list: &mut Value) {
        self.plant(list);
        let list = list.as_array_mut().unwrap();
        if let Some(first) = list.first_mut()
            && self.choice().is_multiple_of(2)
        {
            let key = first["key"].as_str().unwrap_or("");
            first["key"] = format!("{key} <{}>", ADDRESSES[self.choice() % 3]).into();
        }
        for _ in 0..self.choice() % 3 {
            let key = match self.choice() % 9 {
                8 => ADDRESS_KEY,
                number => SECRET_KEYS[number],
            };
            let place = self.choice() % (list.len() + 1);
            if !list.iter().any(|entry| entry["key"] == key) {
                list.insert(place, json!({"key": key, "value": self.secret()}));
            }
        }
    }

    fn secret(&mut self) -> Value {
        match self.choice() % 6 {
            0 => json!({"stringValue": "hush, do not tell"}),
            1 => json!({"intValue": "7654321098765432100"}),
            2 => json!({"doubleValue": 7654321098765432.125}),
            3 => {
                json!({"arrayValue": {"values": [{"stringValue": "hush"}, {"intValue": "7654321098765432"}]}})
            }
            4 => {
                json!({"kvlistValue": {"values": [{"key": "hush", "value": {"stringValue": "hush"}}]}})
            }
            _ => json!({"bytesValue": BASE64_STANDARD.encode("hush hush")}),
        }
    }

    /// Makes some records tell of a message, which their body is.
    fn event(&mut self, record: &mut serde_json::Map<String, Value>) {
        if self.choice().is_multiple_of(2) {
            record.insert("eventName".into(), "gen_ai.user.message".into());
            record.insert("body".into(), json!({"stringValue": "hush"}));
        }
    }
}

/// What a redaction without a key shall make of it, in the plainest way.
fn redacted(json: &Value) -> Value {
    match json {
        Value::String(text) => ADDRESSES
            .iter()
            .fold(text.clone(), |text, address| {
                text.replace(address, "[redacted]")
            })
            .into(),
        Value::Array(items) => {
            let kept = items.iter().filter(|item| {
                let key = item["key"].as_str();
                !key.is_some_and(|key| SECRET_KEYS.contains(&key))
            });
            kept.map(redacted).collect()
        }
        Value::Object(members) => {
            if members.get("key").and_then(Value::as_str) == Some(ADDRESS_KEY) {
                return json!({"key": ADDRESS_KEY, "value": {"stringValue": "[redacted]"}});
            }
            let event = members.get("eventName").and_then(Value::as_str);
            let is_message = event.is_some_and(|name| name.starts_with("gen_ai.user.message"));
            let kept = members
                .iter()
                .filter(|(name, _)| !is_message || *name != "body");
            let member = |(name, value): (&String, &Value)| {
                let value = match name.as_str() {
                    "bytesValue" => redacted_bytes(value),
                    _ => redacted(value),
                };
                (name.clone(), value)
            };
            kept.map(member).collect::<serde_json::Map<_, _>>().into()
        }
        other => other.clone(),
    }
}

fn redacted_bytes(value: &Value) -> Value {
    let bytes = BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap();
    for address in ADDRESSES {
        let start = bytes
            .windows(address.len())
            .position(|w| w == address.as_bytes());
        if let Some(start) = start {
            let (before, behind) = (&bytes[..start], &bytes[start + address.len()..]);
            return BASE64_STANDARD
                .encode([before, b"[redacted]", behind].concat())
                .into();
        }
    }
    value.clone()
}

fn source(requests: &[Value]) -> [Source; 1] {
    let lines: Vec<String> = requests.iter().map(Value::to_string).collect();
    [Source::from_bytes(
        "leak@planted.example.org.jsonl",
        lines.join("\n").into_bytes(),
    )]
}

fn check(requests: &[generate::Request], choices: &[u8]) {
    let mut planter = Planter {
        choices: choices.iter().cycle(),
    };
    let planted: Vec<Value> = requests
        .iter()
        .map(|request| {
            let mut json = serde_json::from_str(&json_writer::write(request)).unwrap();
            planter.plant(&mut json);
            json
        })
        .collect();
    for mode in MODES {
        let lake = TestLake::new();
        let account = lake
            .convert(&source(&planted), &redacting(WORDS, mode, 1))
            .unwrap();
        assert_eq!(
            account.frames_rejected + account.items_rejected,
            0,
            "{account:?}"
        );
        let content = Content::of(&lake);
        for secret in ["leak", "planted"].iter().chain(&SECRETS) {
            assert_eq!(content.find(secret), None, "{secret}");
        }
        if let Mode::Remove = mode {
            let expected: Vec<Value> = planted.iter().map(redacted).collect();
            let plain = TestLake::new();
            let mut sources = source(&expected);
            sources[0] = Source::from_bytes("[redacted]", lines_of(&expected));
            plain.convert(&sources, &options(1)).unwrap();
            let (rows, expected) = (rows(&lake), rows(&plain));
            assert_eq!(rows.len(), expected.len());
            for (row, expected) in rows.iter().zip(&expected) {
                assert_eq!(row, expected);
            }
        }
    }
}

fn lines_of(requests: &[Value]) -> Vec<u8> {
    let lines: Vec<String> = requests.iter().map(Value::to_string).collect();
    lines.join("\n").into_bytes()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_planted_secret_is_found_and_all_else_is_unchanged(
        requests in prop::collection::vec(generate::request(), 1..3),
        choices in prop::collection::vec(any::<u8>(), 97),
    ) {
        check(&requests, &choices);
    }
}
