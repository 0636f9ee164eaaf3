//! `cargo xtask crash`: the real command, killed at random times, leaves nothing that the same
//! command does not make good.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use otolith_corpus::Random;

use crate::lakes::{self, Otolith};
use crate::run::{self, Profile};

/// Decides when commands are killed.
const SEED: u64 = 20_261_124;
/// Services in the first capture: each brings tables, each of them a commit.
const SERVICES: u64 = 3;
/// How often the lake is looked at while a kill is waited for.
const POLL: Duration = Duration::from_micros(200);
/// The lake, relative to the directory of the command.
const LAKE: &str = "lake";

/// A command that is disturbed.
struct Scenario {
    name: &'static str,
    /// What the lake has seen before.
    before: &'static [&'static [&'static str]],
    command: &'static [&'static str],
    /// The command that is to be run when the disturbed one has happened: converting anew twice is
    /// another thing than once.
    after_record: &'static [&'static str],
}

const YOUNG: &[&str] = &["convert", "--lake", LAKE, "in/young.jsonl"];
const NEXT: &[&str] = &["convert", "--lake", LAKE, "in/next-day.jsonl"];
const ALL: &[&str] = &[
    "convert",
    "--lake",
    LAKE,
    "in/grown.jsonl",
    "in/next-day.jsonl",
    "in/other.jsonl",
];
const FORCE: &[&str] = &[
    "convert",
    "--force",
    "--lake",
    LAKE,
    "in/young.jsonl",
    "in/next-day.jsonl",
];
const FORCED: &[&str] = &[
    "convert",
    "--lake",
    LAKE,
    "in/young.jsonl",
    "in/next-day.jsonl",
];
const COMPACT: &[&str] = &["compact", "--lake", LAKE];
const DROP: &[&str] = &["drop", "--lake", LAKE, "--before", "2026-11-21"];

const SCENARIOS: [Scenario; 5] = [
    Scenario {
        name: "convert into a new lake",
        before: &[],
        command: ALL,
        after_record: ALL,
    },
    Scenario {
        name: "convert a grown capture and new ones",
        before: &[YOUNG],
        command: ALL,
        after_record: ALL,
    },
    Scenario {
        name: "convert --force",
        before: &[YOUNG, NEXT],
        command: FORCE,
        after_record: FORCED,
    },
    Scenario {
        name: "compact",
        before: &[YOUNG, NEXT, ALL],
        command: COMPACT,
        after_record: COMPACT,
    },
    Scenario {
        name: "drop",
        before: &[YOUNG, NEXT, ALL, COMPACT],
        command: DROP,
        after_record: DROP,
    },
];

/// A scenario with its lake, and what an undisturbed run makes of it.
struct Prepared<'a> {
    scenario: &'a Scenario,
    template: PathBuf,
    records: u64,
    expected: BTreeMap<String, String>,
    rows: BTreeMap<String, u64>,
    /// How long the command takes, and when its record appears.
    whole: Duration,
    record: Duration,
}

/// What a kill met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    BeforeRecord,
    AfterRecord,
    AfterEnd,
}

/// Kills commands `kills` times, then lets commands run side by side.
pub fn run(kills: u64, profile: Profile) -> Result<()> {
    let began = Instant::now();
    let program = run::otolith(profile)?;
    let dir = run::target_dir()?.join("crash");
    let _ = fs::remove_dir_all(&dir);
    lakes::write_captures(&dir.join("in"), SERVICES)?;
    let otolith = Otolith {
        program,
        dir: dir.clone(),
    };
    let mut prepared = Vec::new();
    for (number, scenario) in SCENARIOS.iter().enumerate() {
        let template = dir.join(format!("template-{number}"));
        prepared.push(prepare(&otolith, scenario, template)?);
    }
    println!("seed {SEED}, {kills} kills");
    let mut random = Random::new(SEED);
    let mut phases: BTreeMap<(&str, Phase), u64> = BTreeMap::new();
    let mut twice = 0;
    for number in 0..kills {
        let scenario = &prepared[usize::try_from(number)? % prepared.len()];
        let (phase, again) = kill(&otolith, scenario, number, &mut random)
            .with_context(|| format!("kill {number}: {}", scenario.scenario.name))?;
        *phases.entry((scenario.scenario.name, phase)).or_default() += 1;
        twice += u64::from(again);
    }
    for scenario in &SCENARIOS {
        let count = |phase| phases.get(&(scenario.name, phase)).copied().unwrap_or(0);
        println!(
            "{:38} {:4} before the record, {:4} after it, {:4} after the end",
            scenario.name,
            count(Phase::BeforeRecord),
            count(Phase::AfterRecord),
            count(Phase::AfterEnd),
        );
    }
    let total = |phase| -> u64 {
        let of_phase = phases.iter().filter(|((_, p), _)| *p == phase);
        of_phase.map(|(_, count)| count).sum()
    };
    println!(
        "all: {} before the record, {} after it, {} after the end; {twice} repairs killed as well; no \
         lake differs from an undisturbed one",
        total(Phase::BeforeRecord),
        total(Phase::AfterRecord),
        total(Phase::AfterEnd),
    );
    side_by_side(&otolith, kills.div_ceil(6), &mut random)?;
    println!("{:.0} s", began.elapsed().as_secs_f64());
    fs::remove_dir_all(&dir)?;
    Ok(())
}

fn prepare<'a>(
    otolith: &Otolith,
    scenario: &'a Scenario,
    template: PathBuf,
) -> Result<Prepared<'a>> {
    let lake = otolith.dir.join(LAKE);
    fresh(otolith, None)?;
    for command in scenario.before {
        otolith.succeed(command)?;
    }
    if lake.exists() {
        lakes::copy(&lake, &template)?;
    }
    let records = records(&lake)?;
    let began = Instant::now();
    let mut child = otolith.command(scenario.command).spawn()?;
    let mut record = None;
    let status = loop {
        if record.is_none() && record_path(&lake, records + 1).exists() {
            record = Some(began.elapsed());
        }
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(POLL);
    };
    let whole = began.elapsed();
    ensure!(
        matches!(status.code(), Some(0 | 3)),
        "{}: {status}",
        scenario.name
    );
    otolith.verify(LAKE)?;
    let rows = otolith.rows(LAKE)?;
    ensure!(!rows.is_empty(), "{}: no rows", scenario.name);
    Ok(Prepared {
        scenario,
        template,
        records,
        expected: lakes::state(&lake)?,
        rows,
        whole,
        record: record.unwrap_or(whole),
    })
}

/// Kills the command once, perhaps the repair too, then lets it end and compares.
fn kill(
    otolith: &Otolith,
    prepared: &Prepared<'_>,
    number: u64,
    random: &mut Random,
) -> Result<(Phase, bool)> {
    let lake = otolith.dir.join(LAKE);
    fresh(otolith, Some(&prepared.template))?;
    let mut phase = kill_once(
        otolith,
        prepared,
        prepared.scenario.command,
        number / 5,
        random,
    )?;
    let again = random.below(3) == 0;
    if again {
        let command = next_command(prepared, &lake)?;
        phase = phase.max(kill_once(
            otolith,
            prepared,
            command,
            random.below(3),
            random,
        )?);
    }
    otolith.succeed(next_command(prepared, &lake)?)?;
    lakes::same(&lakes::state(&lake)?, &prepared.expected)?;
    otolith.verify(LAKE)?;
    ensure!(otolith.rows(LAKE)? == prepared.rows, "the rows differ");
    Ok((phase, again))
}

fn next_command(prepared: &Prepared<'_>, lake: &Path) -> Result<&'static [&'static str]> {
    Ok(match records(lake)? > prepared.records {
        true => prepared.scenario.after_record,
        false => prepared.scenario.command,
    })
}

fn kill_once(
    otolith: &Otolith,
    prepared: &Prepared<'_>,
    command: &[&str],
    way: u64,
    random: &mut Random,
) -> Result<Phase> {
    let lake = otolith.dir.join(LAKE);
    let after = prepared.whole.saturating_sub(prepared.record);
    let child = otolith.command(command).spawn()?;
    // Any time at all, any time after the start of writing, any time after the record.
    let (wanted, range) = match way % 3 {
        0 => (None, prepared.whole),
        1 => (Some(lake.join("_tmp")), prepared.record),
        _ => (Some(record_path(&lake, prepared.records + 1)), after),
    };
    let nanos = u64::try_from(range.as_nanos())? * 21 / 20 + 1;
    let delay = Duration::from_nanos(random.below(nanos));
    let ended = wait_and_kill(child, wanted.as_deref(), delay)?;
    let is_record = record_path(&lake, prepared.records + 1).exists();
    if lake.join("_otolith.json").exists() {
        otolith.verify_cut_off(LAKE)?;
        otolith.rows(LAKE)?;
    }
    Ok(match (ended, is_record) {
        (true, _) => Phase::AfterEnd,
        (false, true) => Phase::AfterRecord,
        (false, false) => Phase::BeforeRecord,
    })
}

/// Kills a child some time after a path has appeared; true if it had ended before.
fn wait_and_kill(mut child: Child, wanted: Option<&Path>, delay: Duration) -> Result<bool> {
    let mut until = match wanted {
        None => Some(Instant::now() + delay),
        Some(_) => None,
    };
    loop {
        if let Some(status) = child.try_wait()? {
            if !matches!(status.code(), Some(0 | 3)) {
                let output = child.wait_with_output()?;
                bail!("{status}\n{}", String::from_utf8_lossy(&output.stderr));
            }
            return Ok(true);
        }
        match until {
            Some(until) if Instant::now() >= until => {
                // SIGKILL.
                child.kill()?;
                child.wait()?;
                return Ok(false);
            }
            None if wanted.is_some_and(Path::exists) => until = Some(Instant::now() + delay),
            _ => thread::sleep(POLL),
        }
    }
}

/// Two commands at once into one lake.
fn side_by_side(otolith: &Otolith, rounds: u64, random: &mut Random) -> Result<()> {
    let pairs: [(&str, [&[&str]; 2]); 4] = [
        ("different captures", [YOUNG, NEXT]),
        ("the same captures", [ALL, ALL]),
        ("overlapping captures", [YOUNG, ALL]),
        ("convert and compact", [ALL, COMPACT]),
    ];
    let lake = otolith.dir.join(LAKE);
    let mut refused = 0;
    let mut of_pairs = Vec::new();
    for (_, pair) in &pairs {
        fresh(otolith, None)?;
        otolith.succeed(NEXT)?;
        for command in pair {
            otolith.succeed(command)?;
        }
        of_pairs.push(otolith.rows(LAKE)?);
    }
    for round in 0..rounds.max(4) {
        let number = usize::try_from(round)? % pairs.len();
        let (name, pair) = &pairs[number];
        fresh(otolith, None)?;
        // Alone captures of another day are there; a round in two begins with nothing at all.
        if round % 8 >= 4 || pair.contains(&COMPACT) {
            otolith.succeed(NEXT)?;
        }
        let first = otolith.command(pair[0]).spawn()?;
        thread::sleep(Duration::from_millis(random.below(60)));
        let second = otolith.command(pair[1]).spawn()?;
        for (child, command) in [first, second].into_iter().zip(pair) {
            let output = child.wait_with_output()?;
            if matches!(output.status.code(), Some(0 | 3)) {
                continue;
            }
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            ensure!(
                output.status.code() == Some(1) && message.contains("another run has meanwhile"),
                "{name}: {}: {message}",
                output.status
            );
            refused += 1;
            otolith.succeed(command)?;
        }
        otolith.succeed(NEXT)?;
        otolith.verify(LAKE).with_context(|| (*name).to_owned())?;
        ensure!(!lake.join("_tmp").exists(), "{name}: `_tmp` is left");
        let (found, expected) = (otolith.rows(LAKE)?, &of_pairs[number]);
        ensure!(found == *expected, "{name}: {found:?}, not {expected:?}");
    }
    let rounds = rounds.max(4);
    println!(
        "side by side: {rounds} pairs, {refused} of {} refused at first",
        2 * rounds
    );
    Ok(())
}

/// The lake as it is in a template, or none.
fn fresh(otolith: &Otolith, template: Option<&Path>) -> Result<()> {
    let lake = otolith.dir.join(LAKE);
    if lake.exists() {
        fs::remove_dir_all(&lake).context("cannot remove the lake")?;
    }
    match template {
        Some(template) if template.exists() => lakes::copy(template, &lake),
        _ => Ok(()),
    }
}

fn record_path(lake: &Path, number: u64) -> PathBuf {
    lake.join(format!("_runs/{number:020}.json"))
}

fn records(lake: &Path) -> Result<u64> {
    let mut last = 0;
    while record_path(lake, last + 1).try_exists()? {
        last += 1;
    }
    Ok(last)
}
