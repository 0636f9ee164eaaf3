//! The prompt of `otolith sql`: reads statements and commands from a terminal until Ctrl-D.

mod command;
mod complete;
mod history;
mod words;

use anyhow::{Context as _, Result};
use otolith_lake::Lake;
use otolith_report::{Report, sql_columns, sql_tables, statements};
use rustyline::error::ReadlineError;
use rustyline::history::FileHistory;
use rustyline::{CompletionType, Config, Editor};

use crate::args::OutputArgs;
use crate::commands::show;
use crate::exit;
use crate::progress::Terminal;
use command::Command;
use complete::Helper;
use history::HistoryFile;

/// What stands before what is typed.
const PROMPT: &str = "otolith> ";

/// Asks until the user ends it. What fails is said, and the prompt goes on.
///
/// # Errors
/// When the terminal cannot be read or standard output cannot be written to.
pub fn run(
    lake: &Lake,
    ask: &dyn Fn(&str) -> Result<Report>,
    mut output: OutputArgs,
    terminal: Terminal,
) -> Result<()> {
    let config = Config::builder()
        .completion_type(CompletionType::List)
        .history_ignore_space(true)
        .max_history_size(history::MOST_ENTRIES)
        .context(TERMINAL)?
        .build();
    let mut editor: Editor<Helper<'_>, FileHistory> =
        Editor::with_config(config).context(TERMINAL)?;
    editor.set_helper(Some(Helper::new(lake)));
    let mut history = HistoryFile::open(&mut editor, terminal);
    terminal.say("a query ends with `;`; .help lists commands, Ctrl-D ends");
    loop {
        let input = match editor.readline(PROMPT) {
            Ok(input) => input,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => return Ok(()),
            Err(error) => return Err(error).context(TERMINAL),
        };
        if input.trim().is_empty() {
            continue;
        }
        history.add(&mut editor, &input, terminal);
        let done = match Command::parse(&input) {
            Some(Ok(Command::Quit)) => return Ok(()),
            Some(Ok(command)) => obey(command, lake, &mut output, terminal),
            Some(Err(error)) => Err(error.into()),
            None => answer(&input, ask, &output, terminal),
        };
        if let Err(error) = done {
            exit::report(error)?;
        }
    }
}

const TERMINAL: &str = "failed to read from the terminal";

/// Runs the statements of what was typed up to the first that fails.
fn answer(
    input: &str,
    ask: &dyn Fn(&str) -> Result<Report>,
    output: &OutputArgs,
    terminal: Terminal,
) -> Result<()> {
    for statement in statements(input).complete {
        show(ask(statement)?, output, terminal)?;
    }
    Ok(())
}

fn obey(command: Command, lake: &Lake, output: &mut OutputArgs, terminal: Terminal) -> Result<()> {
    match command {
        Command::Help => terminal_help(),
        Command::Tables => {
            show(command::tables(&sql_tables(lake)?), output, terminal)?;
        }
        Command::Schema(name) => {
            let columns = sql_columns(lake, &name)?;
            show(command::schema(&name, &columns), output, terminal)?;
        }
        Command::Format(None) => terminal.say(format_args!("format: {}", output.kind().as_str())),
        Command::Format(Some(format)) => {
            output.json = false;
            output.format = format;
        }
        Command::Quit => {}
    }
    Ok(())
}

fn terminal_help() {
    crate::stderr::print(command::HELP);
}
