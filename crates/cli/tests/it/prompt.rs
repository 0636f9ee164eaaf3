//! The prompt of `otolith sql`, on a pseudo terminal.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use nix::pty::{Winsize, openpty};
use tempfile::TempDir;

use crate::support::{claude, corrupted, lake_of, otolith, run, without_sequences};

/// How long anything may take to appear; a debug build on a busy machine is slow.
const PATIENCE: Duration = Duration::from_secs(60);

const CTRL_C: &str = "\u{3}";
const CTRL_D: &str = "\u{4}";
const UP: &str = "\u{1b}[A";

/// A command on a terminal of its own.
struct Session {
    child: Child,
    terminal: File,
    chunks: Receiver<Vec<u8>>,
    /// What was printed and not expected yet.
    printed: String,
    /// What was said before the first prompt.
    greeting: String,
}

impl Session {
    fn start(arguments: &[&Path], state: &Path) -> Self {
        let size = Winsize {
            ws_row: 50,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(Some(&size), None).unwrap();
        let side = || Stdio::from(pair.slave.try_clone().unwrap());
        let child = Command::new(env!("CARGO_BIN_EXE_otolith"))
            .arg("sql")
            .args(arguments)
            .env("XDG_STATE_HOME", state)
            .env("TERM", "xterm")
            .env("NO_COLOR", "1")
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .unwrap();
        let terminal = File::from(pair.master);
        let mut reading = terminal.try_clone().unwrap();
        let (sender, chunks) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            // An error is the end: nobody has the other side open any more.
            while let Ok(n @ 1..) = reading.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        drop(pair.slave);
        let mut session = Self {
            child,
            terminal,
            chunks,
            printed: String::new(),
            greeting: String::new(),
        };
        session.greeting = session.expect("otolith> ");
        session
    }

    fn send(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    /// Types a line and waits until it is on the screen, then presses return.
    fn line(&mut self, text: &str) {
        self.send(text);
        self.expect(text);
        self.send("\r");
    }

    /// Waits for a text; gives what came before it, without the control sequences.
    fn expect(&mut self, text: &str) -> String {
        loop {
            if let Some((before, after)) = self.printed.split_once(text) {
                let (before, after) = (before.to_owned(), after.to_owned());
                self.printed = after;
                return before;
            }
            match self.chunks.recv_timeout(PATIENCE) {
                Ok(chunk) => self.print(&chunk),
                Err(error) => panic!("{error} while waiting for {text:?} in\n{}", self.printed),
            }
        }
    }

    /// The exit code, and what was printed before.
    fn end(mut self) -> (i32, String) {
        while let Ok(chunk) = self.chunks.recv_timeout(PATIENCE) {
            self.print(&chunk);
        }
        let code = self.child.wait().unwrap().code().unwrap();
        (code, std::mem::take(&mut self.printed))
    }

    fn print(&mut self, chunk: &[u8]) {
        self.printed.push_str(&String::from_utf8_lossy(chunk));
        self.printed = without_sequences(&self.printed);
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // A failed test leaves nothing running; one that has ended is not there any more.
        let _ = self.child.kill();
    }
}

/// A lake with its directory for state.
fn lake() -> (TempDir, PathBuf, PathBuf) {
    let dir = lake_of(&[claude()]);
    let lake = dir.path().join("lake");
    let state = dir.path().join("state");
    (dir, lake, state)
}

#[test]
fn queries_and_commands_are_answered_until_the_end() {
    let (_dir, lake, state) = lake();
    let mut session = Session::start(&[Path::new("--lake"), &lake], &state);
    // A query of several lines.
    session.line("SELECT count(*) AS n");
    session.line("FROM claude_code.logs;");
    assert!(session.expect("otolith> ").contains("78"));
    // Errors leave the prompt.
    session.line("SELECT modle FROM claude_code.logs;");
    let said = session.expect("otolith> ");
    assert!(
        said.contains("error: ") && said.contains("`model`"),
        "{said}"
    );
    session.line(".foo");
    let said = session.expect("otolith> ");
    assert!(
        said.contains("no command `.foo`; .help lists them"),
        "{said}"
    );
    session.line(".tables");
    let said = session.expect("otolith> ");
    assert!(said.contains("claude_code.logs"), "{said}");
    assert!(said.contains("claude_code_token_usage"), "{said}");
    session.line(".schema claude_code_token_usage");
    let said = session.expect("otolith> ");
    assert!(
        said.contains("greptime_value") && said.contains("timestamp"),
        "{said}"
    );
    session.line(".schema nothing");
    assert!(session.expect("otolith> ").contains("no table `nothing`"));
    // Two queries in one line, in another format.
    session.line(".format csv");
    session.expect("otolith> ");
    session.line("SELECT 1 AS a; SELECT 'x;y' AS b;");
    let said = session.expect("otolith> ").replace('\r', "");
    assert!(said.contains("a\n1\nb\nx;y\n"), "{said}");
    session.line(".help");
    assert!(session.expect("otolith> ").contains(".schema NAME"));
    session.send(CTRL_D);
    assert_eq!(session.end().0, 0);
}

#[test]
fn what_is_typed_is_kept_for_its_owner_alone() {
    let (_dir, lake, state) = lake();
    let arguments = [Path::new("--lake"), &lake];
    let mut session = Session::start(&arguments, &state);
    session.line("SELECT 6 * 7");
    session.line("AS answer;");
    assert!(session.expect("otolith> ").contains("42"));
    session.line(" SELECT 'not kept';");
    session.expect("otolith> ");
    session.line(".quit");
    assert_eq!(session.end().0, 0);

    let path = state.join("otolith/sql-history");
    let kept = fs::read_to_string(&path).unwrap();
    assert!(
        kept.contains("SELECT 6 * 7\\nAS answer;\n.quit\n"),
        "{kept}"
    );
    assert!(!kept.contains("not kept"), "{kept}");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);

    let mut session = Session::start(&arguments, &state);
    session.send(UP);
    session.expect(".quit");
    session.send(UP);
    session.expect("AS answer;");
    session.send("\r");
    assert!(session.expect("otolith> ").contains("42"));
    session.send(CTRL_D);
    assert_eq!(session.end().0, 0);
}

#[test]
fn a_history_that_cannot_be_kept_is_a_note() {
    let (dir, lake, _) = lake();
    let state = dir.path().join("a file");
    fs::write(&state, "").unwrap();
    let mut session = Session::start(&[Path::new("--lake"), &lake], &state);
    let note = &session.greeting;
    assert!(
        note.contains("note: what is typed is not kept in"),
        "{note}"
    );
    session.line("SELECT 6 * 7 AS answer;");
    let said = session.expect("otolith> ");
    assert!(said.contains("42") && !said.contains("note"), "{said}");
    session.send(CTRL_D);
    assert_eq!(session.end().0, 0);
}

#[test]
fn ctrl_c_cancels_what_is_typed() {
    let (_dir, lake, state) = lake();
    let mut session = Session::start(&[Path::new("--lake"), &lake], &state);
    session.line("SELECT 'open");
    session.send("and nonsense");
    session.expect("and nonsense");
    session.send(CTRL_C);
    session.expect("otolith> ");
    session.line("SELECT 6 * 7 AS answer;");
    let said = session.expect("otolith> ");
    assert!(said.contains("42") && !said.contains("error"), "{said}");
    session.send(CTRL_D);
    assert_eq!(session.end().0, 0);
}

#[test]
fn tab_completes_names() {
    let (_dir, lake, state) = lake();
    let mut session = Session::start(&[Path::new("--lake"), &lake], &state);
    session.send("SELECT sum(input_tok\t");
    session.expect("input_tokens");
    session.send(") > 0 AS is_so FROM claude_code.lo\t");
    session.expect("claude_code.logs");
    session.line(";");
    let said = session.expect("otolith> ");
    assert!(said.contains("true") && !said.contains("error"), "{said}");
    session.send(CTRL_D);
    assert_eq!(session.end().0, 0);
}

#[test]
fn captures_are_read_once_and_rejects_end_with_3() {
    let dir = tempfile::tempdir().unwrap();
    let (path, _) = corrupted(&dir);
    let mut session = Session::start(&[&path], dir.path());
    for _ in 0..2 {
        session.line("SELECT count(*) AS n FROM claude_code.logs;");
        assert!(session.expect("otolith> ").contains("78"));
    }
    session.line("exit");
    let (code, said) = session.end();
    assert_eq!(code, 3, "{said}");
}

#[test]
fn without_a_terminal_queries_come_from_standard_input() {
    let (_dir, lake, _) = lake();
    let ask = |queries: &str| {
        let mut command = otolith();
        command
            .args(["sql", "--format", "csv", "--lake"])
            .arg(&lake);
        run(command.write_stdin(queries.to_owned()))
    };
    let done = ask("SELECT count(*) AS n FROM claude_code.logs");
    assert_eq!(
        (done.code, done.out.as_str()),
        (0, "n\n78\n"),
        "{}",
        done.err
    );
    let done = ask("SELECT 1 AS a; -- one\nSELECT ';' AS b;\n");
    assert_eq!(
        (done.code, done.out.as_str()),
        (0, "a\n1\nb\n;\n"),
        "{}",
        done.err
    );
    let done = ask("SELECT 1 AS a; SELEKT; SELECT 2 AS b;");
    assert_eq!(
        (done.code, done.out.as_str()),
        (1, "a\n1\n"),
        "{}",
        done.err
    );
    assert_eq!(ask("  -- nothing").code, 2);
    let done = ask(&"SELECT 1;".repeat(200_000));
    assert_eq!(done.code, 2);
    assert!(done.err.contains("1 MiB"), "{}", done.err);
}

#[test]
fn what_does_not_go_together_is_a_usage_error() {
    let (dir, lake, _) = lake();
    let several = run(otolith()
        .args(["sql", "--lake"])
        .arg(&lake)
        .arg("-o")
        .arg(dir.path().join("out"))
        .write_stdin("SELECT 1; SELECT 2;"));
    assert_eq!(several.code, 2);
    assert!(several.err.contains("several queries"), "{}", several.err);
    let twice = run(otolith().args(["sql", "-"]).write_stdin("SELECT 1"));
    assert_eq!(twice.code, 2);
    assert!(twice.err.contains("name the query"), "{}", twice.err);
}

#[test]
fn the_prompt_needs_both_sides_of_a_terminal() {
    let (_dir, lake, _) = lake();
    let pair = openpty(None, None).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_otolith"))
        .args(["sql", "--lake"])
        .arg(&lake)
        .stdin(pair.slave)
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(2));
    let said = String::from_utf8(done.stderr).unwrap();
    assert!(said.contains("expected a query"), "{said}");
}
