//! `otolith report`.

use anyhow::Result;
use otolith_capture as capture;
use otolith_report::{Answer, Calendar, Data, Duplicates, Selection, Signal};

use super::data::Plan;
use super::question::Question;
use crate::args::{CommonReportArgs, Format, OutputArgs, ReportArgs, SelectionArgs};
use crate::exit::{Outcome, UsageError};
use crate::progress::Terminal;
use crate::render::{self, Output};
use crate::values::{Edge, Moment};

/// Runs the command.
pub fn run(args: ReportArgs, terminal: Terminal) -> Result<Outcome> {
    let (question, common) = Question::of(args.name)?;
    let CommonReportArgs {
        data,
        paths,
        selection,
        output,
        input,
    } = common;
    question.check()?;
    let signal = selection.signal.map(report_signal);
    let data = Plan::new(data, &input, paths)?.read(question.wanted(signal), terminal)?;
    let calendar = selection.calendar();
    let has_services = selection.service.is_some();
    let selection = select(selection, &calendar, data.data())?;
    let answer = question.ask(data.data(), calendar, selection)?;
    let count = show(answer, &output, terminal)?;
    if count == 0 && has_services {
        terminal.say("note: --service goes by `service.name` as sent, not by the database's name");
    }
    Ok(data.outcome)
}

/// Writes an answer where and how it is wanted; gives the number of its rows.
pub fn show(answer: impl Into<Answer>, output: &OutputArgs, terminal: Terminal) -> Result<usize> {
    let mut out = Output::to(output.output.as_deref())?;
    if output.kind() == Format::Parquet && out.is_terminal() {
        let text = "Parquet is no text for a terminal; name a file with -o FILE";
        return Err(UsageError(text.to_owned()).into());
    }
    let answer = render::answer(answer.into(), output.kind(), &mut out)?;
    out.finish()?;
    let count = answer.rows().count();
    if count == 0 {
        terminal.say("note: there are no rows");
    }
    if !output.kind().holds_notes() {
        for note in &answer.head().notes {
            let text = render::one_line(&render::note_text(note));
            terminal.say(format_args!("note: {text}"));
        }
    }
    Ok(count)
}

fn report_signal(signal: capture::Signal) -> Signal {
    match signal {
        capture::Signal::Traces => Signal::Traces,
        capture::Signal::Metrics => Signal::Metrics,
        capture::Signal::Logs => Signal::Logs,
    }
}

fn select(args: SelectionArgs, calendar: &Calendar, data: Data<'_>) -> Result<Selection> {
    let back = |moment: &Option<Moment>| moment.is_some_and(Moment::counts_back);
    let newest = match back(&args.since) || back(&args.until) {
        true => newest_nanos(data)?,
        false => None,
    };
    let fix = |moment: Option<Moment>, edge| moment?.fix(edge, calendar, newest);
    Ok(Selection {
        since: fix(args.since, Edge::Start),
        until: fix(args.until, Edge::End),
        signal: args.signal.map(report_signal),
        services: args.service,
        duplicates: match args.keep_duplicates {
            true => Duplicates::Keep,
            false => Duplicates::Remove,
        },
    })
}

const NANOS_PER_MICRO: i64 = 1_000;

/// Time of the newest item in nanoseconds since the Unix epoch, rounded up to a microsecond. Items
/// without a credible time do not count.
/// The time just behind the newest item.
pub fn newest_nanos(data: Data<'_>) -> Result<Option<i64>> {
    let newest = data.newest_micros()?;
    Ok(newest.map(|micros| micros.saturating_add(1).saturating_mul(NANOS_PER_MICRO)))
}
