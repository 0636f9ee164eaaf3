//! What a lake holds, without what differs from run to run, for the tasks that disturb runs.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::repeated;

/// What logs and records say that depends on the clock, the process or chance.
const VOLATILE: [&str; 6] = [
    "commitInfo",
    "createdTime",
    "deletionTimestamp",
    "lastUpdated",
    "modificationTime",
    "staging",
];

/// What is kept of tables begins with the name of its format and the state of their logs.
const DERIVED_STATE_BYTES: usize = 24;

/// A command with a directory to work in.
#[derive(Clone, Debug)]
pub struct Otolith {
    /// The command.
    pub program: PathBuf,
    /// Where it runs: names are relative, because the ledger keeps them.
    pub dir: PathBuf,
}

impl Otolith {
    /// The prepared command.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("NO_COLOR", "1")
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }

    /// Runs to the end, whatever that is.
    pub fn output(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped());
        command
            .output()
            .with_context(|| format!("cannot start {command:?}"))
    }

    /// Runs to a good end: clean, or with rejects.
    pub fn succeed(&self, arguments: &[&str]) -> Result<String> {
        let output = self.output(arguments)?;
        let code = output.status.code();
        ensure!(
            matches!(code, Some(0 | 3)),
            "{arguments:?}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }

    /// The codes of what `verify` finds in the lake.
    pub fn findings(&self, lake: &str) -> Result<Vec<String>> {
        let text = self.succeed(&["verify", "--json", "--lake", lake])?;
        let verified: Value = serde_json::from_str(&text)?;
        let findings = verified["findings"].as_array().context("no findings")?;
        let word = |finding: &Value| format!("{} {}", finding["code"], finding["path"]);
        Ok(findings.iter().map(word).collect())
    }

    /// Fails unless the lake is sound.
    pub fn verify(&self, lake: &str) -> Result<()> {
        let findings = self.findings(lake)?;
        ensure!(findings.is_empty(), "verify: {findings:?}");
        Ok(())
    }

    /// Fails unless a run that was cut off is all that is wrong.
    pub fn verify_cut_off(&self, lake: &str) -> Result<()> {
        let mut findings = self.findings(lake)?;
        findings.retain(|finding| !finding.contains("unfinished_run"));
        ensure!(
            findings.is_empty(),
            "verify after the disturbance: {findings:?}"
        );
        Ok(())
    }

    /// Rows by table, as `tables` lists them.
    pub fn rows(&self, lake: &str) -> Result<BTreeMap<String, u64>> {
        let text = self.succeed(&["tables", "--json", "--lake", lake])?;
        let listing: Value = serde_json::from_str(&text)?;
        let mut rows = BTreeMap::new();
        for database in listing["databases"].as_array().context("no databases")? {
            for table in database["tables"].as_array().context("no tables")? {
                let name = format!("{}.{}", database["database"], table["table"]);
                rows.insert(name, table["rows"].as_u64().context("no rows")?);
            }
        }
        Ok(rows)
    }
}

/// Everything in a lake by path: a hash of each part and file of rejects, the records of the ledger
/// and the actions of the logs without what is volatile. The marker counts as a name only.
pub fn state(lake: &Path) -> Result<BTreeMap<String, String>> {
    let mut state = BTreeMap::new();
    let mut open = vec![lake.to_owned()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(&dir).with_context(|| format!("cannot list {dir:?}"))? {
            let path = entry?.path();
            let name = path.strip_prefix(lake)?.to_string_lossy().into_owned();
            if path.is_dir() {
                // An empty one would be a leftover.
                state.insert(format!("{name}/"), String::new());
                open.push(path);
                continue;
            }
            let bytes = fs::read(&path)?;
            let is_json = name.ends_with(".json") && name != "_otolith.json";
            let content = if name == "_otolith.json" {
                String::new()
            } else if is_json {
                actions(&bytes).with_context(|| name.clone())?
            } else {
                let mut hasher = DefaultHasher::new();
                let told = match name.starts_with("_derived/") {
                    // What comes before names the logs, whose bytes name times.
                    true => bytes.get(DERIVED_STATE_BYTES..).unwrap_or_default(),
                    false => &bytes,
                };
                hasher.write(told);
                format!("{} bytes, hash {:x}", bytes.len(), hasher.finish())
            };
            state.insert(name, content);
        }
    }
    Ok(state)
}

fn actions(bytes: &[u8]) -> Result<String> {
    let mut lines = Vec::new();
    for line in std::str::from_utf8(bytes)?.lines() {
        let mut value: Value = serde_json::from_str(line)?;
        strip(&mut value);
        if let Some(metadata) = value.get_mut("metaData").and_then(Value::as_object_mut) {
            metadata.remove("id");
            // The kernel writes the metadata of columns in any order.
            let schema = metadata["schemaString"].as_str().context("no schema")?;
            let mut schema = serde_json::from_str(schema)?;
            strip(&mut schema);
            metadata.insert("schemaString".to_owned(), schema);
        }
        if let Some(txn) = value.get_mut("txn").and_then(Value::as_object_mut) {
            txn.remove("appId");
        }
        lines.push(value.to_string());
    }
    Ok(lines.join("\n"))
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|key, _| !VOLATILE.contains(&key.as_str()));
            members.values_mut().for_each(strip);
            members.sort_keys();
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Fails with the first few differences.
pub fn same(found: &BTreeMap<String, String>, expected: &BTreeMap<String, String>) -> Result<()> {
    let mut differences = Vec::new();
    for (name, content) in expected {
        match found.get(name) {
            None => differences.push(format!("missing: {name}")),
            Some(other) if other != content => {
                differences.push(format!("{name}: {}", first_difference(other, content)));
            }
            Some(_) => {}
        }
    }
    let more = found.keys().filter(|name| !expected.contains_key(*name));
    differences.extend(more.map(|name| format!("left over: {name}")));
    if differences.is_empty() {
        return Ok(());
    }
    differences.truncate(5);
    bail!("the lake differs:\n{}", differences.join("\n"))
}

/// Where two texts begin to differ.
fn first_difference(found: &str, expected: &str) -> String {
    let pairs = found.chars().zip(expected.chars());
    let same = pairs.take_while(|(a, b)| a == b).count();
    let around = |text: &str| -> String {
        let from = same.saturating_sub(60);
        text.chars().skip(from).take(200).collect()
    };
    format!("\n  {}\n  expected\n  {}", around(found), around(expected))
}

/// Copies a directory with everything in it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy(&entry.path(), &target)?,
            false => {
                fs::copy(entry.path(), target)?;
            }
        }
    }
    Ok(())
}

/// Writes the captures that the disturbed runs read: several services, two days, something to
/// reject, a capture that has grown, and one whose attributes are new.
pub fn write_captures(dir: &Path, services: u64) -> Result<()> {
    fs::create_dir_all(dir)?;
    let requests = repeated::small_requests()?;
    let lines = |day: u64, services: std::ops::Range<u64>, more: &str| -> Vec<Vec<u8>> {
        let mut lines = Vec::new();
        for service in services {
            for request in &requests {
                let moved = repeated::moved(request, day * 24 + service);
                let text = String::from_utf8_lossy(&moved);
                let text = text.replace(
                    r#""stringValue":"claude-code""#,
                    &format!(r#""stringValue":"service {service}""#),
                );
                lines.push(
                    text.replace(r#""key":"model""#, &format!(r#""key":"model{more}""#))
                        .into_bytes(),
                );
            }
            lines.push(format!(r#"{{"not":"otlp","of":{service}}}"#).into_bytes());
        }
        lines
    };
    let write = |name: &str, lines: &[Vec<u8>]| -> Result<()> {
        let mut bytes = lines.join(&b'\n');
        bytes.push(b'\n');
        fs::write(dir.join(name), bytes).with_context(|| format!("cannot write {name}"))
    };
    let growing = lines(0, 0..services, "");
    write("young.jsonl", &growing[..growing.len() * 3 / 4])?;
    write("grown.jsonl", &growing)?;
    write("next-day.jsonl", &lines(1, 0..services.div_ceil(2), ""))?;
    write(
        "other.jsonl",
        &lines(0, services..services + services.div_ceil(2), ".new"),
    )?;
    Ok(())
}
