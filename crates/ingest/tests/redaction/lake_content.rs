//! All that can be found in a lake: names, bytes, and what they hold when they are decoded.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use otolith_tables::{ColumnOrigin, Part, Strings, Values};
use serde_json::Value;

use crate::support::TestLake;

/// Everything of a lake that a secret could be in, each with where it was found.
pub struct Content(Vec<(String, Vec<u8>)>);

impl Content {
    pub fn of(lake: &TestLake) -> Self {
        let mut found = Self(Vec::new());
        for (path, bytes) in lake.all_files() {
            let path = path.display().to_string();
            found.add(&path, path.as_bytes());
            if path.ends_with(".jsonl") || path.ends_with(".json") {
                for line in bytes.split(|byte| *byte == b'\n') {
                    found.add_text(&path, &String::from_utf8_lossy(line));
                }
            }
            found.add(&path, &bytes);
        }
        for part in parts(lake) {
            found.add_part(&part);
        }
        found
    }

    fn add(&mut self, place: &str, bytes: &[u8]) {
        self.0.push((place.to_owned(), bytes.to_ascii_lowercase()));
    }

    fn add_part(&mut self, part: &Part) {
        for column in &part.columns {
            let name = &column.field.name;
            let place = format!("{}.{}.{name}", part.database, part.table);
            self.add(&place, name.as_bytes());
            if let ColumnOrigin::Attribute { key, .. } = &column.field.origin {
                self.add(&place, key.as_bytes());
            }
            match &column.values {
                Values::String(strings)
                | Values::Dictionary {
                    dictionary: strings,
                    ..
                } => {
                    for text in texts(strings) {
                        self.add_text(&place, text);
                    }
                }
                numbers => self.add(&place, format!("{numbers:?}").as_bytes()),
            }
        }
    }

    /// A text, and if it is JSON the texts in it, also if they are base64 of bytes.
    fn add_text(&mut self, place: &str, text: &str) {
        self.add(place, text.as_bytes());
        if text.starts_with(['{', '[', '"'])
            && let Ok(json) = serde_json::from_str::<Value>(text)
        {
            self.add_json(place, &json);
        }
    }

    fn add_json(&mut self, place: &str, json: &Value) {
        match json {
            Value::String(text) => {
                self.add(place, text.as_bytes());
                if let Ok(bytes) = BASE64_STANDARD.decode(text) {
                    self.add(place, &bytes);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.add_json(place, item)),
            Value::Object(members) => {
                for (key, value) in members {
                    self.add(place, key.as_bytes());
                    self.add_json(place, value);
                }
            }
            _ => {}
        }
    }

    /// Where a secret is found. Letter case does not matter.
    pub fn find(&self, secret: &str) -> Option<&str> {
        let secret = secret.to_ascii_lowercase();
        let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
        let found = self.0.iter().find(|(_, bytes)| holds(bytes));
        found.map(|(place, _)| place.as_str())
    }
}

/// All parts of a lake, read back.
pub fn parts(lake: &TestLake) -> Vec<Part> {
    let lake = &lake.lake;
    let mut parts = Vec::new();
    for database in lake.databases().unwrap() {
        for table in lake.tables(&database).unwrap() {
            parts.extend(table.parts.iter().map(|part| lake.read(part).unwrap()));
        }
    }
    parts
}

/// All rows and columns of a lake as text, to compare lakes.
pub fn rows(lake: &TestLake) -> Vec<String> {
    let table = |part: Part| {
        let Part {
            database,
            table,
            date,
            row_count,
            columns,
        } = part;
        let head = format!("{database}.{table} {date} {row_count}");
        let columns = columns.into_iter().map(|column| format!("{column:?}"));
        [head].into_iter().chain(columns).collect::<Vec<_>>()
    };
    parts(lake).into_iter().flat_map(table).collect()
}

fn texts(strings: &Strings) -> impl Iterator<Item = &str> {
    strings.offsets.windows(2).map(|ends| {
        let range = ends[0].unsigned_abs() as usize..ends[1].unsigned_abs() as usize;
        str::from_utf8(&strings.bytes[range]).unwrap()
    })
}
