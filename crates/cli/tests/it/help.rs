//! `--help` and `--version`.

use crate::support::{otolith, run};

#[test]
fn the_version_is_printed_to_standard_output() {
    let done = run(otolith().arg("--version"));
    assert_eq!(done.code, 0);
    assert_eq!(done.out, format!("otolith {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn every_command_explains_itself_with_examples() {
    let commands: [&[&str]; 13] = [
        &["inspect"],
        &["convert"],
        &["tables"],
        &["cat"],
        &["compare"],
        &["report", "summary"],
        &["report", "cost"],
        &["report", "tokens"],
        &["report", "tools"],
        &["report", "metrics"],
        &["sql"],
        &["replay"],
        &["capture"],
    ];
    for command in commands {
        let done = run(otolith().args(command).arg("--help"));
        assert_eq!(done.code, 0, "{command:?}");
        let example = format!("otolith {}", command[0]);
        assert!(
            done.out.contains("Examples:") && done.out.contains(&example),
            "{command:?}"
        );
        assert_eq!(done.err, "");
    }
}

#[test]
fn the_help_states_the_exit_codes() {
    let done = run(otolith().arg("--help"));
    for code in [
        "0    clean",
        "1    failed",
        "2    wrong",
        "3    finished",
        "4    replay",
        "130  interrupted",
    ] {
        assert!(done.out.contains(code), "{code}");
    }
}
