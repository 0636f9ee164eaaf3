//! `cargo xtask faults`: a full disk, a lake that may not be written, inputs that vanish or may not be
//! read. Each ends with a clear message, and the lake is as it was, or finished by the next command.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::lakes::{self, Otolith};
use crate::run::{self, Profile};

const LAKE: &str = "lake";
/// Sizes of file systems that a conversion into a lake is tried with, and every other command.
const SIZES: [u64; 2] = [12, 6];
const SMALLEST_BYTES: u64 = 64 << 10;
const ROOM_BYTES: u64 = 64 << 20;
const CONVERT: &[&str] = &[
    "convert",
    "--lake",
    LAKE,
    "../in/grown.jsonl",
    "../in/next-day.jsonl",
];
const BEFORE: &[&str] = &["convert", "--lake", LAKE, "../in/young.jsonl"];
const COMPACT: &[&str] = &["compact", "--lake", LAKE];
const DROP: &[&str] = &["drop", "--lake", LAKE, "--before", "2026-11-21"];

/// A file system in memory, of a size that can be changed.
struct Disk {
    at: PathBuf,
}

impl Disk {
    fn new(at: &Path) -> Result<Self> {
        fs::create_dir_all(at)?;
        mount(&["-t", "tmpfs", "-o", &size(ROOM_BYTES), "tmpfs"], at).context(
            "mounting needs root: run it as root, or as `unshare -rm cargo xtask faults`",
        )?;
        Ok(Self { at: at.to_owned() })
    }

    fn resize(&self, len_bytes: u64) -> Result<()> {
        mount(
            &["-o", &format!("remount,rw,{}", size(len_bytes))],
            &self.at,
        )
    }

    fn used_bytes(&self) -> Result<u64> {
        let mut command = Command::new("df");
        command.args(["-B1", "--output=used"]).arg(&self.at);
        let text = run::output(&mut command)?;
        let number = text.lines().last().context("df says nothing")?;
        Ok(number.trim().parse()?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.at).status();
    }
}

fn size(len_bytes: u64) -> String {
    format!("size={}k", len_bytes.div_ceil(1024))
}

fn mount(arguments: &[&str], at: &Path) -> Result<()> {
    let output = Command::new("mount").args(arguments).arg(at).output()?;
    ensure!(
        output.status.success(),
        "mount {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Tries everything and prints what.
pub fn run(profile: Profile) -> Result<()> {
    let began = Instant::now();
    let program = run::otolith(profile)?;
    let dir = run::target_dir()?.join("faults");
    let _ = fs::remove_dir_all(&dir);
    lakes::write_captures(&dir.join("in"), 2)?;
    let disk = Disk::new(&dir.join("disk"))?;
    let otolith = Otolith {
        program,
        dir: disk.at.clone(),
    };
    full(&disk, &otolith, "convert into a new lake", &[], CONVERT)?;
    full(&disk, &otolith, "convert into a lake", &[BEFORE], CONVERT)?;
    full(&disk, &otolith, "compact", &[BEFORE, CONVERT], COMPACT)?;
    full(&disk, &otolith, "drop", &[BEFORE, CONVERT], DROP)?;
    read_only(&disk, &otolith)?;
    unwritable(&disk, &otolith)?;
    inputs(&disk, &otolith, &dir.join("in"))?;
    drop(disk);
    fs::remove_dir_all(&dir)?;
    println!("{:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// The command meets a full disk at many sizes.
fn full(
    disk: &Disk,
    otolith: &Otolith,
    name: &str,
    before: &[&[&str]],
    command: &[&str],
) -> Result<()> {
    let lake = otolith.dir.join(LAKE);
    disk.resize(ROOM_BYTES)?;
    clear(&lake)?;
    for command in before {
        otolith.succeed(command)?;
    }
    let template = otolith.dir.with_file_name("template");
    clear(&template)?;
    let least = if lake.exists() {
        lakes::copy(&lake, &template)?;
        disk.used_bytes()?
    } else {
        SMALLEST_BYTES
    };
    otolith.succeed(command)?;
    let expected = lakes::state(&lake)?;
    // Parts that are replaced are there beside the new ones for a time.
    let after = disk.used_bytes()?;
    let most = match command == COMPACT {
        true => least + after / 3,
        false => least.max(after) + SMALLEST_BYTES * 2,
    };
    let sizes = SIZES[usize::from(command != CONVERT || before.is_empty())];
    let mut refused: BTreeMap<String, u64> = BTreeMap::new();
    let mut fitted = 0;
    for number in 0..sizes {
        disk.resize(ROOM_BYTES)?;
        clear(&lake)?;
        if template.exists() {
            lakes::copy(&template, &lake)?;
        }
        let len_bytes = least + (most - least) * number / sizes;
        disk.resize(len_bytes)?;
        let output = otolith.output(command)?;
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = || {
            format!(
                "{name} with {len_bytes} bytes: {}: {message}",
                output.status
            )
        };
        match output.status.code() {
            Some(0 | 3) => fitted += 1,
            Some(1) => {
                ensure!(is_clear(&message, "No space left"), "unclear: {}", told());
                ensure!(message.contains("hint: make room"), "no hint: {}", told());
                *refused.entry(what(&message)).or_default() += 1;
            }
            _ => bail!("{}", told()),
        }
        if lake.join("_otolith.json").exists() {
            otolith.verify_cut_off(LAKE).with_context(told)?;
        }
        disk.resize(ROOM_BYTES)?;
        otolith.succeed(command).with_context(told)?;
        lakes::same(&lakes::state(&lake)?, &expected).with_context(told)?;
        otolith.verify(LAKE).with_context(told)?;
    }
    println!("disk full, {name}: {fitted} of {sizes} sizes were enough; refused:");
    for (what, count) in &refused {
        println!("  {count:3} {what}");
    }
    ensure!(!refused.is_empty(), "{name}: no size was too small");
    Ok(())
}

/// What failed, without the names of a certain run.
fn what(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let words = line.split(['`', '\'']).next().unwrap_or_default();
    words.trim_start_matches("error: ").trim().to_owned()
}

/// Whether a message names a path, the cause, and what to do.
fn is_clear(message: &str, cause: &str) -> bool {
    message.starts_with("error: failed to ")
        && message.contains('`')
        && message.to_lowercase().contains(&cause.to_lowercase())
}

fn read_only(disk: &Disk, otolith: &Otolith) -> Result<()> {
    prepare(disk, otolith)?;
    let before = lakes::state(&otolith.dir.join(LAKE))?;
    mount(&["-o", "remount,ro"], &disk.at)?;
    for command in [CONVERT, COMPACT, DROP] {
        refused(otolith.command(command), "Read-only file system")?;
    }
    let query = "SELECT count(*) FROM logs";
    let reads: [&[&str]; 5] = [
        &["report", "summary", "--lake", LAKE],
        &["sql", "--lake", LAKE, query],
        &["tables", "--lake", LAKE],
        &["cat", "--lake", LAKE, "--as", "jsonl"],
        &["verify", "--lake", LAKE],
    ];
    for read in reads {
        otolith.succeed(read)?;
    }
    disk.resize(ROOM_BYTES)?;
    lakes::same(&lakes::state(&otolith.dir.join(LAKE))?, &before)?;
    println!(
        "read-only: convert, compact and drop refused; report, sql, tables, cat, verify answer"
    );
    Ok(())
}

/// The lake may be read and not written.
fn unwritable(disk: &Disk, otolith: &Otolith) -> Result<()> {
    prepare(disk, otolith)?;
    let lake = otolith.dir.join(LAKE);
    let before = lakes::state(&lake)?;
    fs::set_permissions(&lake, Permissions::from_mode(0o555))?;
    for command in [CONVERT, COMPACT, DROP] {
        refused(weak(otolith, command), "Permission denied")?;
    }
    fs::set_permissions(&lake, Permissions::from_mode(0o755))?;
    lakes::same(&lakes::state(&lake)?, &before)?;
    otolith.verify(LAKE)?;
    println!("no permission to write: convert, compact and drop refused");
    Ok(())
}

/// An input may not be read, vanishes, shrinks.
fn inputs(disk: &Disk, otolith: &Otolith, input: &Path) -> Result<()> {
    prepare(disk, otolith)?;
    let lake = otolith.dir.join(LAKE);
    let before = lakes::state(&lake)?;
    let secret = input.join("next-day.jsonl");
    fs::set_permissions(&secret, Permissions::from_mode(0o000))?;
    refused(weak(otolith, CONVERT), "Permission denied")?;
    fs::set_permissions(&secret, Permissions::from_mode(0o644))?;
    lakes::same(&lakes::state(&lake)?, &before)?;
    let moving = input.join("moving.jsonl");
    let vanish = |path: &Path| fs::remove_file(path);
    let shrink = |path: &Path| fs::write(path, b"{\"resou");
    type Change<'a> = &'a dyn Fn(&Path) -> std::io::Result<()>;
    for (change, is_refused) in [(&vanish as Change<'_>, true), (&shrink, false)] {
        fs::copy(&secret, &moving)?;
        let arguments = ["convert", "--lake", LAKE, "-", "../in/moving.jsonl"];
        let mut command = otolith.command(&arguments);
        let mut child = command.stdin(Stdio::piped()).spawn()?;
        // Standard input comes first: by then the files are listed.
        while !lake.join("_tmp").exists() {
            ensure!(child.try_wait()?.is_none(), "it has not waited");
            thread::sleep(Duration::from_millis(1));
        }
        change(&moving)?;
        let mut stdin = child.stdin.take().context("no standard input")?;
        stdin.write_all(&fs::read(input.join("young.jsonl"))?)?;
        drop(stdin);
        let output = child.wait_with_output()?;
        let message = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        if is_refused {
            ensure!(
                code == Some(1) && is_clear(&message, "No such file"),
                "{code:?}: {message}"
            );
        } else {
            ensure!(code == Some(0) || code == Some(3), "{code:?}: {message}");
        }
        otolith.verify(LAKE)?;
        lakes::same(&lakes::state(&lake)?, &before)?;
    }
    println!("input: unreadable and vanished ones refused; of one that shrank the rest waits");
    Ok(())
}

fn prepare(disk: &Disk, otolith: &Otolith) -> Result<()> {
    disk.resize(ROOM_BYTES)?;
    clear(&otolith.dir.join(LAKE))?;
    otolith.succeed(BEFORE)?;
    otolith.succeed(&["convert", "--lake", LAKE, "../in/other.jsonl"])?;
    Ok(())
}

/// The command without the right to pass over permissions that root has.
fn weak(otolith: &Otolith, arguments: &[&str]) -> Command {
    let mut all = vec!["--bounding-set", "-dac_override,-dac_read_search", "--"];
    let program = otolith.program.to_string_lossy();
    all.push(&program);
    all.extend(arguments);
    Otolith {
        program: "setpriv".into(),
        dir: otolith.dir.clone(),
    }
    .command(&all)
}

/// Runs to an end with exit code 1 and a clear message.
fn refused(mut command: Command, cause: &str) -> Result<()> {
    let output = command.output()?;
    let message = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.code() == Some(1) && is_clear(&message, cause),
        "{command:?}: {}: {message}",
        output.status
    );
    Ok(())
}

fn clear(dir: &Path) -> Result<()> {
    match dir.exists() {
        true => fs::remove_dir_all(dir).with_context(|| format!("cannot remove {dir:?}")),
        false => Ok(()),
    }
}
