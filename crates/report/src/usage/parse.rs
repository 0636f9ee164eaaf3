//! Reads the mapping file into the types of [`super::mapping`].

use super::item::Requests;
use super::mapping::{
    Agent, Condition, Expr, Fields, Key, KeyId, Mapping, Measured, Outcome, Role, Source, Test,
    Unit,
};
use otolith_tables::{AttributePlace, Table};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::mem;

/// Why a mapping could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MappingError {
    #[error("not the JSON of a mapping")]
    Json(#[from] serde_json::Error),
    #[error("{what}: `{text}`")]
    Invalid { what: &'static str, text: String },
}

fn invalid(what: &'static str, text: impl ToString) -> MappingError {
    MappingError::Invalid {
        what,
        text: text.to_string(),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    #[expect(dead_code, reason = "for readers of the file")]
    about: String,
    #[expect(dead_code, reason = "for readers of the file")]
    version: u32,
    agents: Vec<AgentFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AgentFile {
    agent: String,
    #[expect(dead_code, reason = "for readers of the file")]
    about: String,
    #[expect(dead_code, reason = "for readers of the file")]
    seen_in: String,
    #[expect(dead_code, reason = "for readers of the file")]
    never_add: Vec<String>,
    fields: Map<String, Value>,
    roles: Map<String, Value>,
    sources: Vec<SourceFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    source: String,
    table: String,
    #[serde(rename = "where")]
    conditions: Vec<Value>,
    #[serde(default)]
    identity: Vec<Vec<String>>,
    #[serde(default)]
    leaf: bool,
    #[serde(default)]
    several: bool,
    #[serde(default)]
    split: Option<String>,
    #[serde(default)]
    outcome: Option<String>,
    #[serde(default)]
    error_when: Vec<Value>,
    #[serde(default)]
    rejected_when: Vec<Value>,
    #[serde(default)]
    fields: Map<String, Value>,
}

/// Reads a mapping.
pub(crate) fn parse(text: &str) -> Result<Mapping, MappingError> {
    let file: MappingFile = serde_json::from_str(text)?;
    let mut keys = Keys::default();
    let agents = file
        .agents
        .into_iter()
        .map(|agent| agent.resolve(&mut keys))
        .collect::<Result<_, _>>()?;
    Ok(Mapping {
        agents,
        event_name: keys.id("event.name")?,
        keys: keys.all,
    })
}

impl AgentFile {
    fn resolve(self, keys: &mut Keys) -> Result<Agent, MappingError> {
        let mut sources = Vec::with_capacity(self.sources.len());
        for source in self.sources {
            sources.push(source.resolve(&self.fields, keys)?);
        }
        let mut roles: [Vec<Vec<usize>>; Role::ALL.len()] = Default::default();
        for (word, ranks) in self.roles {
            let role = Role::ALL.into_iter().find(|r| r.as_str() == word);
            let role = role.ok_or_else(|| invalid("unknown role", &word))?;
            let ranks: Vec<Vec<String>> = serde_json::from_value(ranks)?;
            for rank in ranks {
                let place = |name: &String| {
                    let found = sources.iter().position(|s: &Source| s.name == *name);
                    found.ok_or_else(|| invalid("role names no source", name))
                };
                let rank = rank.iter().map(place).collect::<Result<_, _>>()?;
                roles[role as usize].push(rank);
            }
        }
        Ok(Agent {
            name: self.agent,
            sources,
            roles,
        })
    }
}

impl SourceFile {
    fn resolve(self, common: &Map<String, Value>, keys: &mut Keys) -> Result<Source, MappingError> {
        keys.mentioned.clear();
        let mut fields = Fields::default();
        for (name, value) in common.iter().chain(&self.fields) {
            fields.set(name, value, keys)?;
        }
        let table =
            Table::parse(&self.table).ok_or_else(|| invalid("unknown table", &self.table))?;
        let mut identity = Vec::new();
        for words in &self.identity {
            let ids = words.iter().map(|word| keys.id(word));
            identity.push(ids.collect::<Result<_, _>>()?);
        }
        let outcome = match self.outcome.as_deref() {
            None => None,
            Some("success") => Some(Outcome::Success),
            Some("error") => Some(Outcome::Error),
            Some("rejected") => Some(Outcome::Rejected),
            Some(word) => return Err(invalid("unknown outcome", word)),
        };
        let split = self.split.as_deref();
        Ok(Source {
            name: self.source,
            table,
            conditions: conditions(&self.conditions, keys)?,
            identity,
            leaf: self.leaf,
            requests: match self.several || matches!(table, Table::Metrics | Table::Histograms) {
                true => Requests::Several,
                false => Requests::One,
            },
            split: split.map(|word| keys.id(word)).transpose()?,
            outcome,
            error_when: conditions(&self.error_when, keys)?,
            rejected_when: conditions(&self.rejected_when, keys)?,
            fields,
            keys: mem::take(&mut keys.mentioned),
        })
    }
}

impl Fields {
    fn set(&mut self, name: &str, value: &Value, keys: &mut Keys) -> Result<(), MappingError> {
        match name {
            "cost" => self.cost = measured(value, keys)?,
            "duration" => self.duration = measured(value, keys)?,
            "active" => self.active = measured(value, keys)?,
            _ => {
                let field = match name {
                    "agent" => &mut self.agent,
                    "session" => &mut self.session,
                    "window" => &mut self.window,
                    "user" => &mut self.user,
                    "model" => &mut self.model,
                    "provider" => &mut self.provider,
                    "tier" => &mut self.tier,
                    "host" => &mut self.host,
                    "prompt" => &mut self.prompt,
                    "request" => &mut self.request,
                    "tool" => &mut self.tool,
                    "call" => &mut self.call,
                    "event" => &mut self.event,
                    "status" => &mut self.status,
                    "error" => &mut self.error,
                    "retries" => &mut self.retries,
                    "input" => &mut self.input,
                    "cache_read" => &mut self.cache_read,
                    "cache_creation" => &mut self.cache_creation,
                    "output" => &mut self.output,
                    "reasoning" => &mut self.reasoning,
                    "calls" => &mut self.calls,
                    "success" => &mut self.success,
                    _ => return Err(invalid("unknown field", name)),
                };
                // Null takes a common field away again.
                *field = (!value.is_null()).then(|| expr(value, keys)).transpose()?;
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Keys {
    /// The distinct keys, in order of first mention.
    all: Vec<Key>,
    /// Those that were mentioned since they were last taken.
    mentioned: BTreeSet<KeyId>,
}

impl Keys {
    fn id(&mut self, word: &str) -> Result<KeyId, MappingError> {
        let key = match word.split_once(':') {
            None if word == "@time" => Key::Time,
            None => Key::Attribute(AttributePlace::Item, word.to_owned()),
            Some(("resource", key)) => Key::Attribute(AttributePlace::Resource, key.to_owned()),
            Some(("column", name)) => Key::Column(name.to_owned()),
            Some(("class", word)) => Key::Class(word.to_owned()),
            Some(_) => return Err(invalid("unknown kind of key", word)),
        };
        let id = KeyId(match self.all.iter().position(|k| *k == key) {
            Some(known) => known,
            None => {
                self.all.push(key);
                self.all.len() - 1
            }
        });
        self.mentioned.insert(id);
        Ok(id)
    }
}

fn expr(value: &Value, keys: &mut Keys) -> Result<Expr, MappingError> {
    if let Value::String(word) = value {
        return keys.id(word).map(Expr::Key);
    }
    if let Some(number) = value.as_i64() {
        return Ok(Expr::Number(number));
    }
    let (op, argument) = single(value)?;
    if let ("word", Value::String(word)) = (op, argument) {
        return Ok(Expr::Word(word.clone()));
    }
    let wrong = || invalid("not an expression", value);
    let list = argument.as_array().ok_or_else(wrong)?;
    let list: Vec<Expr> = list
        .iter()
        .map(|v| expr(v, keys))
        .collect::<Result<_, _>>()?;
    match op {
        "first" => Ok(Expr::First(list)),
        "sum" => Ok(Expr::Sum(list)),
        "minus" if !list.is_empty() => Ok(Expr::Minus(list)),
        "difference" => boxed(list).map(Expr::Difference).ok_or_else(wrong),
        "if_at_most" => boxed(list).map(Expr::IfAtMost).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

fn boxed<const N: usize>(list: Vec<Expr>) -> Option<Box<[Expr; N]>> {
    list.into_boxed_slice().try_into().ok()
}

fn single(value: &Value) -> Result<(&str, &Value), MappingError> {
    let mut entries = value.as_object().into_iter().flatten();
    match (entries.next(), entries.next()) {
        (Some((op, argument)), None) => Ok((op, argument)),
        _ => Err(invalid("not an object of one member", value)),
    }
}

fn measured(value: &Value, keys: &mut Keys) -> Result<Vec<Measured>, MappingError> {
    let list = value
        .as_array()
        .ok_or_else(|| invalid("not a list", value))?;
    let one = |value| {
        let (unit, key) = single(value)?;
        let unit = match unit {
            "dollars" => Unit::Dollars,
            "micro_dollars" => Unit::MicroDollars,
            "nanoseconds" => Unit::Nanoseconds,
            "milliseconds" => Unit::Milliseconds,
            "seconds" => Unit::Seconds,
            _ => return Err(invalid("unknown unit", unit)),
        };
        let key = key.as_str().ok_or_else(|| invalid("not a key", key))?;
        Ok(Measured {
            unit,
            key: keys.id(key)?,
        })
    };
    list.iter().map(one).collect()
}

fn conditions(list: &[Value], keys: &mut Keys) -> Result<Vec<Condition>, MappingError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "snake_case")]
    struct ConditionFile {
        key: String,
        #[serde(default)]
        r#in: Option<Vec<String>>,
        #[serde(default)]
        not_in: Option<Vec<String>>,
    }
    let one = |value: &Value| {
        let file: ConditionFile = serde_json::from_value(value.clone())?;
        let test = match (file.r#in, file.not_in) {
            (None, None) => Test::Present,
            (Some(words), None) => Test::In(words),
            (None, Some(words)) => Test::NotIn(words),
            _ => return Err(invalid("two tests in one condition", value)),
        };
        Ok(Condition {
            key: keys.id(&file.key)?,
            test,
        })
    };
    list.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::usage::mapping::MAPPING;
    use otolith_tables::dialect;

    #[test]
    fn the_embedded_mapping_is_sound() {
        let names: Vec<&str> = MAPPING.agents.iter().map(|a| a.name.as_str()).collect();
        let known: Vec<&str> = dialect::agents().iter().map(|a| a.id.as_str()).collect();
        // The fallback comes last and is no known agent.
        assert_eq!(names[..known.len()], known);
        assert_eq!(names[known.len()..], ["genai"]);
        for table in Table::ALL {
            assert!(MAPPING.sources_of(table, &Role::ALL).len() <= u64::BITS as usize);
        }
        for agent in &MAPPING.agents {
            assert!(agent.sources.len() <= u64::BITS as usize);
            for (index, source) in agent.sources.iter().enumerate() {
                let used = Role::ALL
                    .iter()
                    .any(|role| agent.rank(*role, index).is_some());
                assert!(used, "{}: {} is in no role", agent.name, source.name);
                let is_points = matches!(source.table, Table::Metrics | Table::Histograms);
                assert!(
                    is_points || !source.identity.is_empty(),
                    "{}: {} has no identity",
                    agent.name,
                    source.name
                );
            }
        }
    }

    fn check(mapping: &str, expected: &str) {
        let message = match parse(mapping) {
            Ok(_) => "fine".to_owned(),
            Err(error) => error.to_string(),
        };
        assert!(message.contains(expected), "{message}");
    }

    fn mapping(roles: &str, fields: &str) -> String {
        format!(
            r#"{{"version": 1, "about": "", "agents": [{{"agent": "a", "about": "",
            "seen_in": "", "never_add": [], "fields": {{}}, "roles": {roles}, "sources":
            [{{"source": "s", "table": "logs", "where": [], "fields": {fields}}}]}}]}}"#
        )
    }

    #[test]
    fn a_wrong_mapping_is_an_error_that_names_the_place() {
        check(&mapping(r#"{"tokens": [["s"]]}"#, "{}"), "fine");
        check(
            &mapping(r#"{"tokens": [["t"]]}"#, "{}"),
            "role names no source: `t`",
        );
        check(&mapping(r#"{"x": []}"#, "{}"), "unknown role: `x`");
        check(&mapping("{}", r#"{"x": "y"}"#), "unknown field: `x`");
        check(
            &mapping("{}", r#"{"input": {"plus": []}}"#),
            "not an expression",
        );
        check(
            &mapping("{}", r#"{"input": "x:y"}"#),
            "unknown kind of key: `x:y`",
        );
        check(
            &mapping("{}", r#"{"cost": [{"euros": "y"}]}"#),
            "unknown unit: `euros`",
        );
        check("{}", "not the JSON of a mapping");
    }
}
