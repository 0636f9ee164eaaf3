//! `otolith report`.

use anyhow::Result;
use jiff::tz::TimeZone;
use otolith_capture as capture;
use otolith_lake::Lake;
use otolith_report::{
    CostQuery, Dimension, Duplicates, MetricsQuery, Report, ReportError, Selection, Signal,
    SummaryQuery, TokensQuery, ToolsQuery,
};

use super::data::Plan;
use crate::args::{CommonReportArgs, OutputArgs, ReportArgs, ReportName, SelectionArgs};
use crate::exit::{Outcome, UsageError};
use crate::progress::Terminal;
use crate::render::{self, Output};
use crate::values::{Edge, Moment};

/// Runs the command.
pub fn run(args: ReportArgs, terminal: Terminal) -> Result<Outcome> {
    let (question, common) = match args.name {
        ReportName::Summary(args) => (Question::Summary, args.common),
        ReportName::Cost(args) => (Question::Cost(args.by), args.common),
        ReportName::Tokens(args) => (Question::Tokens(args.by), args.common),
        ReportName::Tools(args) => (Question::Tools, args.common),
        ReportName::Metrics(args) => (Question::Metrics, args.common),
    };
    let CommonReportArgs {
        data,
        paths,
        selection,
        output,
        input,
    } = common;
    question.check()?;
    let data = Plan::new(data, &input, paths)?.open(terminal)?;
    let zone = selection.tz.clone();
    let has_services = selection.service.is_some();
    let selection = select(selection, &data.lake)?;
    let report = question.ask(&data.lake, zone, selection)?;
    show(&report, &output, terminal)?;
    if report.rows.is_empty() && has_services {
        terminal.say("note: --service goes by `service.name` as sent, not by the database's name");
    }
    Ok(data.outcome)
}

/// Writes an answer where and how it is wanted.
pub fn show(report: &Report, output: &OutputArgs, terminal: Terminal) -> Result<()> {
    let mut out = Output::to(output.output.as_deref())?;
    render::report(report, output.kind(), &mut out)?;
    out.finish()?;
    if report.rows.is_empty() {
        terminal.say("note: there are no rows");
    }
    if !output.kind().holds_notes() {
        for note in &report.notes {
            let text = render::one_line(&render::note_text(note));
            terminal.say(format_args!("note: {text}"));
        }
    }
    Ok(())
}

/// A report with its own parameters.
enum Question {
    Summary,
    Cost(Vec<Dimension>),
    Tokens(Vec<Dimension>),
    Tools,
    Metrics,
}

impl Question {
    fn check(&self) -> Result<(), UsageError> {
        let (Self::Cost(by) | Self::Tokens(by)) = self else {
            return Ok(());
        };
        let twice = by
            .iter()
            .enumerate()
            .find(|(index, d)| by[..*index].contains(d));
        match twice {
            Some((_, dimension)) => Err(UsageError(format!("--by names `{dimension}` twice"))),
            None => Ok(()),
        }
    }

    fn ask(self, lake: &Lake, tz: TimeZone, selection: Selection) -> Result<Report, ReportError> {
        match self {
            Self::Summary => otolith_report::summary(lake, &SummaryQuery { selection }),
            Self::Cost(by) => otolith_report::cost(lake, &CostQuery { by, tz, selection }),
            Self::Tokens(by) => otolith_report::tokens(lake, &TokensQuery { by, tz, selection }),
            Self::Tools => otolith_report::tools(lake, &ToolsQuery { selection }),
            Self::Metrics => otolith_report::metrics(lake, &MetricsQuery { selection }),
        }
    }
}

fn select(args: SelectionArgs, lake: &Lake) -> Result<Selection> {
    let back = |moment: &Option<Moment>| matches!(moment, Some(Moment::Back(_)));
    let newest = match back(&args.since) || back(&args.until) {
        true => newest_nanos(lake)?,
        false => None,
    };
    let fix = |moment: Option<Moment>, edge| moment?.fix(edge, &args.tz, newest);
    Ok(Selection {
        since: fix(args.since, Edge::Start),
        until: fix(args.until, Edge::End),
        signal: args.signal.map(|signal| match signal {
            capture::Signal::Traces => Signal::Traces,
            capture::Signal::Metrics => Signal::Metrics,
            capture::Signal::Logs => Signal::Logs,
        }),
        services: args.service,
        duplicates: match args.keep_duplicates {
            true => Duplicates::Keep,
            false => Duplicates::Remove,
        },
    })
}

/// Days since 1970 of the folder that holds items without a credible time.
const NO_DATE: i32 = 0;
const NANOS_PER_MICRO: i64 = 1_000;

/// Time of the newest item of the lake in nanoseconds since the Unix epoch, rounded up to a
/// microsecond. Items without a credible time do not count.
fn newest_nanos(lake: &Lake) -> Result<Option<i64>> {
    let mut newest = None;
    for database in lake.databases()? {
        for table in lake.tables(&database)? {
            let dated = table.parts.iter().filter(|part| part.date != NO_DATE);
            let last = dated
                .filter_map(|part| part.time_range.map(|(_, last)| last))
                .max();
            newest = newest.max(last);
        }
    }
    Ok(newest.map(|micros: i64| micros.saturating_add(1).saturating_mul(NANOS_PER_MICRO)))
}
