//! The examples of the README, of the pages of reports and of the cookbook are run: what they show is
//! what the command prints.
//!
//! Blocks fenced as `console` hold commands (`$ otolith ...`) and what they print, those fenced as `sql
//! otolith` a query, whose answer is in the next block that is fenced as `text`. With
//! `UPDATE_README=1` the outputs are written anew instead of compared.
#![expect(
    clippy::unwrap_used,
    reason = "a helper that fails is a test that fails"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Runs a line of shell in the root of the checkout, with `otolith` on the path and the lake of
/// the examples in `scratch`.
fn run(line: &str, scratch: &Path) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_otolith"))
        .parent()
        .unwrap()
        .to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut paths = vec![bin];
    paths.extend(std::env::split_paths(&path));
    let mut command = Command::new("sh");
    command
        .arg("-c")
        .arg(line.replace("my-lake", scratch.join("my-lake").to_str().unwrap()))
        .env("PATH", std::env::join_paths(paths).unwrap());
    printed(&mut command, line)
}

/// Asks the lake of the examples.
fn ask(query: &str, scratch: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otolith"));
    command
        .args(["sql", "--lake"])
        .arg(scratch.join("my-lake"))
        .arg(query);
    printed(&mut command, query)
}

/// What a command prints. Standard error is left out, as progress and warnings go there.
fn printed(command: &mut Command, line: &str) -> String {
    let output = command
        .current_dir(root())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let code = output.status.code();
    assert!(
        matches!(code, Some(0 | 3)),
        "`{line}` ended with {code:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// Runs the examples of a page, gives how many there are, and compares or writes what they print.
fn check(page: &str) -> usize {
    let path = root().join(page);
    let text = fs::read_to_string(&path).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut made = String::new();
    let mut lines = text.lines();
    let mut commands = 0;
    let mut query = None;
    while let Some(line) = lines.next() {
        made.push_str(line);
        made.push('\n');
        if !["```console", "```sql otolith", "```text"].contains(&line) {
            continue;
        }
        let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        if line == "```sql otolith" {
            let text = block.join("\n");
            made.push_str(&format!("{text}\n```\n"));
            query = Some(text);
            continue;
        }
        if line == "```text" {
            match query.take() {
                Some(text) => {
                    commands += 1;
                    made.push_str(&ask(&text, scratch.path()));
                }
                None => block
                    .iter()
                    .for_each(|line| made.push_str(&format!("{line}\n"))),
            }
            made.push_str("```\n");
            continue;
        }
        for line in block.iter().filter_map(|line| line.strip_prefix("$ ")) {
            commands += 1;
            made.push_str(&format!("$ {line}\n{}", run(line, scratch.path())));
        }
        made.push_str("```\n");
    }
    if std::env::var_os("UPDATE_README").is_some() {
        fs::write(&path, made).unwrap();
        return commands;
    }
    for (number, (made, shown)) in made.lines().zip(text.lines()).enumerate() {
        assert_eq!(
            made,
            shown,
            "{page}:{}; UPDATE_README=1 writes it anew",
            number + 1
        );
    }
    assert_eq!(
        made.lines().count(),
        text.lines().count(),
        "{page}; UPDATE_README=1 writes it anew"
    );
    commands
}

#[test]
fn the_examples_print_what_the_readme_shows() {
    assert!(check("README.md") >= 5, "the README shows the commands");
}

#[test]
fn the_examples_print_what_the_pages_of_reports_show() {
    for page in fs::read_dir(root().join("docs/reports")).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        check(&format!("docs/reports/{name}"));
    }
}

#[test]
fn the_queries_answer_what_the_cookbook_shows() {
    assert!(check("docs/cookbook.md") > 20, "reports and queries");
}
