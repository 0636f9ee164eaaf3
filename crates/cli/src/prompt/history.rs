//! What was typed before, kept in a file of the user.

use std::env;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustyline::Editor;
use rustyline::history::FileHistory;

use super::complete::Helper;
use crate::progress::Terminal;

/// Most statements that are remembered.
pub const MOST_ENTRIES: usize = 1_000;

/// Largest file that is read, in bytes: nobody typed more.
const MOST_BYTES: u64 = 16 << 20;

/// The file, as long as it can be used.
pub struct HistoryFile(Option<PathBuf>);

impl HistoryFile {
    /// Reads the file into the editor. What keeps it from being used is a note, once.
    pub fn open(editor: &mut Editor<Helper<'_>, FileHistory>, terminal: Terminal) -> Self {
        let Some(path) = path(|name| env::var_os(name)) else {
            return Self(None);
        };
        let mut history = Self(Some(path.clone()));
        match read(editor, &path) {
            Ok(()) => {}
            Err(error) => history.give_up(&error, terminal),
        }
        history
    }

    /// Remembers a line, at once: a query may end the process.
    pub fn add(
        &mut self,
        editor: &mut Editor<Helper<'_>, FileHistory>,
        line: &str,
        terminal: Terminal,
    ) {
        // It says no more than that lines like the last one are left out.
        if !matches!(editor.add_history_entry(line), Ok(true)) {
            return;
        }
        let Some(path) = &self.0 else { return };
        if let Err(error) = write(editor, path) {
            self.give_up(&error, terminal);
        }
    }

    fn give_up(&mut self, error: &dyn std::fmt::Display, terminal: Terminal) {
        if let Some(path) = self.0.take() {
            terminal.say(format_args!(
                "note: what is typed is not kept in `{}`: {error}",
                path.display()
            ));
        }
    }
}

fn read(
    editor: &mut Editor<Helper<'_>, FileHistory>,
    path: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !metadata.is_file() {
        return Err("it is no file".into());
    }
    if metadata.len() > MOST_BYTES {
        return Err("it has more than 16 MiB; remove it to begin anew".into());
    }
    Ok(editor.load_history(path)?)
}

/// Adds what is new; makes the file, for its owner alone, and its directories if need be.
fn write(
    editor: &mut Editor<Helper<'_>, FileHistory>,
    path: &Path,
) -> Result<(), Box<dyn std::error::Error>> {
    if let Some(directory) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
    }
    Ok(editor.append_history(path)?)
}

/// `otolith/sql-history` in the directory for the state of programs, as the XDG base directory
/// specification has it: paths that are not absolute do not count.
fn path(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let directory = |name| {
        let path = PathBuf::from(variable(name)?);
        path.is_absolute().then_some(path)
    };
    let state = directory("XDG_STATE_HOME")
        .or_else(|| Some(directory("HOME")?.join(".local").join("state")))?;
    Some(state.join("otolith").join("sql-history"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expected: Option<&str>) {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        assert_eq!(path(variable).as_deref(), expected.map(Path::new));
    }

    #[test]
    fn the_file_is_where_state_is_kept() {
        let expected = Some("/s/otolith/sql-history");
        check(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h")], expected);
        let of_home = Some("/h/.local/state/otolith/sql-history");
        check(&[("HOME", "/h")], of_home);
        check(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")], of_home);
        check(&[("XDG_STATE_HOME", ""), ("HOME", "/h")], of_home);
        check(&[("HOME", "h")], None);
        check(&[], None);
    }
}
