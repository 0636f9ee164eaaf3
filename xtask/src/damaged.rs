//! `cargo xtask damaged`: what two builds of the command say of captures that are damaged at random.
//!
//! Tests know kinds of damage that somebody thought of. A change that makes cutting or decoding faster
//! should not change what is said of any other kind either; where one does, the damaged capture is kept,
//! for people to judge which side is right.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context as _, Result, ensure};
use otolith_capture::find_sources;
use otolith_corpus::Random;

use crate::root;
use crate::run::{self, Profile};

/// Captures over this many bytes are left out, so that thousands are tried in minutes.
const CAPTURE_BYTES: u64 = 100_000;
const QUESTIONS: [&[&str]; 2] = [
    &["inspect", "--json"],
    &["report", "metrics", "--json", "--quiet"],
];
/// What ends, opens and escapes.
const MARKS: &[u8] = b"{}[]\",:\\\n\r \0n0-e";

/// Compares the release of this checkout with another command. The same seed makes the same captures.
pub fn run(other: &Path, count: u64, seed: u64) -> Result<()> {
    let ours = run::otolith(Profile::Release)?;
    let captures = captures()?;
    let dir = run::target_dir()?.join("damaged");
    // What an earlier run kept would look like a find of this one.
    if dir.exists() {
        fs::remove_dir_all(&dir)?;
    }
    fs::create_dir_all(&dir)?;
    let mut random = Random::new(seed);
    let mut differing = 0;
    for number in 0..count {
        let (path, bytes) = &captures[random.below(captures.len() as u64) as usize];
        let extension = path.extension().unwrap_or_default();
        // Both sides say the name of the file.
        let file = dir.join(format!("{number}")).with_extension(extension);
        fs::write(&file, damaged(bytes, &captures, &mut random))?;
        let mut same = true;
        for question in QUESTIONS {
            let (a, b) = (ask(&ours, question, &file)?, ask(other, question, &file)?);
            if a != b {
                println!(
                    "{}, from {}: `{}` differs",
                    file.display(),
                    path.display(),
                    question.join(" ")
                );
                same = false;
            }
        }
        if same {
            fs::remove_file(&file)?;
        } else {
            differing += 1;
        }
    }
    ensure!(
        differing == 0,
        "{differing} of {count} damaged captures (seed {seed}) are read otherwise by {}; they are kept in {}. \
         Run both commands on one of them to see which is right",
        other.display(),
        dir.display()
    );
    println!("{count} damaged captures (seed {seed}) are read alike");
    Ok(())
}

/// What a command prints, also of errors, and how it ends.
fn ask(otolith: &Path, question: &[&str], file: &Path) -> Result<Output> {
    Command::new(otolith)
        .args(question)
        .arg(file)
        .output()
        .with_context(|| format!("cannot start {}", otolith.display()))
}

/// The real captures that are not packed, with their bytes, in order of their paths.
fn captures() -> Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut found = Vec::new();
    for source in find_sources(&[root().join("testdata/captures")])? {
        let path = PathBuf::from(&**source.name());
        let extension = path.extension().and_then(|extension| extension.to_str());
        if matches!(extension, Some("jsonl" | "json" | "pb" | "binpb" | "log"))
            && path.file_name().is_some_and(|name| name != "truth.json")
            && (1..=CAPTURE_BYTES).contains(&fs::metadata(&path)?.len())
        {
            let bytes = fs::read(&path)?;
            found.push((path, bytes));
        }
    }
    found.sort();
    ensure!(!found.is_empty(), "no captures in testdata/captures");
    Ok(found)
}

/// The bytes with one to four places damaged.
fn damaged(bytes: &[u8], captures: &[(PathBuf, Vec<u8>)], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let place = random.below(bytes.len() as u64 + 1) as usize;
        let most = random.one_of(&[4, 64, 4_096]);
        let len = random.below(most);
        let end = bytes.len().min(place + len as usize);
        match random.below(5) {
            // Cut off, as by a full disk.
            0 => bytes.truncate(place.max(1)),
            // A hole.
            1 => drop(bytes.drain(place..end)),
            // Bits of one byte.
            2 if place < bytes.len() => bytes[place] ^= 1 << random.below(8),
            // Marks put in.
            3 => {
                let marks = (0..=random.below(4)).map(|_| random.one_of(MARKS));
                let marks: Vec<u8> = marks.collect();
                bytes.splice(place..place, marks);
            }
            // A piece of another capture, as of two writers of one file.
            _ => {
                let (_, other) = &captures[random.below(captures.len() as u64) as usize];
                let from = random.below(other.len() as u64) as usize;
                let to = other.len().min(from + len as usize);
                bytes.splice(place..place, other[from..to].iter().copied());
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_damage() {
        let captures = captures().unwrap();
        let make = |seed| {
            let mut random = Random::new(seed);
            let (_, bytes) = &captures[0];
            let made = (0..50).map(|_| damaged(bytes, &captures, &mut random));
            made.collect::<Vec<_>>()
        };
        assert_eq!(make(1), make(1));
        let unlike = make(1)
            .iter()
            .filter(|made| **made != captures[0].1)
            .count();
        assert!(unlike > 40, "{unlike}");
    }
}
