//! What `otolith replay` shows on a terminal while it runs.

use std::fs::File;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;

use nix::pty::{Winsize, openpty};

use crate::sink::Sink;
use crate::support::{claude, without_sequences};

const COLUMNS: u16 = 40;

/// Runs a replay of a second whose standard error is a narrow terminal; gives what is printed there,
/// without the control sequences, and on standard output.
fn shown(options: &[&str]) -> (String, String) {
    let sink = Sink::start("200 OK");
    let size = Winsize {
        ws_row: 20,
        ws_col: COLUMNS,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    let pair = openpty(Some(&size), None).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_otolith"))
        .args(["replay", "--speed", "10x", "--to", &sink.url])
        .args(options)
        .arg(claude())
        .env("TERM", "xterm")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(pair.slave))
        .spawn()
        .unwrap();
    let mut terminal = File::from(pair.master);
    let reading = thread::spawn(move || {
        let (mut printed, mut buffer) = (Vec::new(), [0; 4096]);
        // An error is the end: nobody has the other side open any more.
        while let Ok(n @ 1..) = terminal.read(&mut buffer) {
            printed.extend_from_slice(&buffer[..n]);
        }
        String::from_utf8_lossy(&printed).into_owned()
    });
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed = without_sequences(&reading.join().unwrap());
    (printed, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_panel_tells_how_the_run_goes_in_lines_as_wide_as_the_terminal() {
    let (panel, outcome) = shown(&[]);
    assert!(outcome.starts_with("requests    34 planned"), "{outcome}");
    let names = ["rate", "lateness", "latency", "in flight", "failed"];
    // Lines follow each other without line feeds, each as wide as the terminal.
    let last = panel
        .rfind("rate      ")
        .unwrap_or_else(|| panic!("{panel:?}"));
    let mut frame = panel[last..].chars();
    for name in names {
        let line: String = frame.by_ref().take(COLUMNS.into()).collect();
        assert!(
            line.starts_with(&format!("{name:10}")),
            "{line:?} in {panel:?}"
        );
    }
    assert!(panel.contains("in flight 0 of 64"), "{panel:?}");
}

#[test]
fn quiet_leaves_the_terminal_alone() {
    let printed = shown(&["--quiet"]);
    assert_eq!(printed, (String::new(), String::new()));
}
