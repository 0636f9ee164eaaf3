//! The questions of `otolith report`: from what was typed to what is read and asked.

use anyhow::Result;
use otolith_report::{
    Answer, Calendar, Data, Dimension, Every, MetricsQuery, Report, ReportError, Selection, Signal,
    SummaryQuery, TokenFill, TokenRateQuery, TokenTypesQuery, TokensBy, TokensQuery, ToolsQuery,
};
use otolith_tables::Wanted;

use super::activity::ActivityQuestion;
use super::cost::CostQuestion;
use super::hosts::HostsQuestion;
use super::pricing;
use crate::args::{CommonReportArgs, ReportName, TokenFillArg};
use crate::exit::UsageError;

/// A report with its own parameters.
pub enum Question {
    Summary,
    Cost(CostQuestion),
    Tokens(Vec<TokensBy>),
    ExplainTokens(Vec<TokensBy>),
    TokenRate(Every, Vec<Dimension>, TokenFill),
    Tools,
    ExplainTools,
    Metrics,
    Activity(ActivityQuestion),
    Hosts(HostsQuestion),
}

impl Question {
    /// The question that was typed, and what every report takes.
    pub fn of(name: ReportName) -> Result<(Self, CommonReportArgs)> {
        Ok(match name {
            ReportName::Summary(args) => (Self::Summary, args.common),
            ReportName::Cost(args) => (Self::Cost(CostQuestion::of(&args)?), args.common),
            ReportName::Tokens(args) if args.explain => (Self::ExplainTokens(args.by), args.common),
            ReportName::Tokens(args) => (Self::Tokens(args.by), args.common),
            ReportName::TokenRate(args) => {
                let fill = match args.fill {
                    TokenFillArg::Zero => TokenFill::Zero,
                    TokenFillArg::None => TokenFill::None,
                };
                (Self::TokenRate(args.every, args.by, fill), args.common)
            }
            ReportName::Tools(args) if args.explain => (Self::ExplainTools, args.common),
            ReportName::Tools(args) => (Self::Tools, args.common),
            ReportName::ToolCalls(args) => {
                (Self::Activity(ActivityQuestion::ToolCalls), args.common)
            }
            ReportName::Sessions(args) => {
                let pricing = pricing::read(&args.pricing)?;
                let question = ActivityQuestion::Sessions { pricing };
                (Self::Activity(question), args.common)
            }
            ReportName::Prompt(args) => {
                let question = ActivityQuestion::Prompt { id: args.id };
                (Self::Activity(question), args.common)
            }
            ReportName::Coverage(args) => {
                let question = ActivityQuestion::Coverage { gap: args.gap };
                (Self::Activity(question), args.common)
            }
            ReportName::Errors(args) => (Self::Activity(ActivityQuestion::Errors), args.common),
            ReportName::Metrics(args) => (Self::Metrics, args.common),
            ReportName::Hosts(name) => {
                let (question, common) = HostsQuestion::of(name);
                (Self::Hosts(question), common)
            }
        })
    }

    /// Checks what options mean together.
    pub fn check(&self) -> Result<(), UsageError> {
        let words: Vec<&str> = match self {
            Self::Cost(CostQuestion { by, .. }) | Self::TokenRate(_, by, _) => {
                by.iter().map(|d| d.as_str()).collect()
            }
            Self::ExplainTokens(by) if by.contains(&TokensBy::Type) => {
                return Err(UsageError(
                    "--explain has a column per type of tokens; leave `type` out of --by"
                        .to_owned(),
                ));
            }
            Self::Tokens(by) | Self::ExplainTokens(by) => by.iter().map(|by| by.as_str()).collect(),
            Self::Summary
            | Self::Tools
            | Self::ExplainTools
            | Self::Metrics
            | Self::Activity(_)
            | Self::Hosts(_) => Vec::new(),
        };
        let mut numbered = words.iter().enumerate();
        match numbered.find(|(index, word)| words[..*index].contains(word)) {
            Some((_, word)) => Err(UsageError(format!("--by names `{word}` twice"))),
            None => Ok(()),
        }
    }

    /// What has to be read of captures.
    pub fn wanted(&self, signal: Option<Signal>) -> Wanted {
        match self {
            Self::Summary
            | Self::Cost(..)
            | Self::Tokens(_)
            | Self::ExplainTokens(_)
            | Self::TokenRate(..)
            | Self::Tools
            | Self::ExplainTools => otolith_report::usage_wanted(signal),
            Self::Metrics => otolith_report::metrics_wanted(signal),
            Self::Activity(question) => question.wanted(signal),
            Self::Hosts(question) => question.wanted(signal),
        }
    }

    /// The answer.
    pub fn ask(
        self,
        data: Data<'_>,
        calendar: Calendar,
        selection: Selection,
    ) -> Result<Answer, ReportError> {
        let report = match self {
            Self::Summary => otolith_report::summary(data, &SummaryQuery { selection }),
            Self::Cost(question) => question.ask(data, calendar, selection),
            Self::Tokens(by) => tokens(data, by, calendar, selection),
            Self::ExplainTokens(by) => {
                let by = by.iter().filter_map(|by| by.dimension()).collect();
                otolith_report::explain_tokens(
                    data,
                    &TokensQuery {
                        by,
                        calendar,
                        selection,
                    },
                )
            }
            Self::TokenRate(every, by, fill) => otolith_report::token_rate(
                data,
                &TokenRateQuery {
                    every,
                    by,
                    fill,
                    calendar,
                    selection,
                },
            ),
            Self::Tools => otolith_report::tools(data, &ToolsQuery { selection }),
            Self::ExplainTools => otolith_report::explain_tools(data, &ToolsQuery { selection }),
            Self::Metrics => otolith_report::metrics(data, &MetricsQuery { selection }),
            Self::Activity(question) => question.ask(data, selection),
            Self::Hosts(question) => return question.ask(data, calendar, selection),
        };
        report.map(Answer::from)
    }
}

/// Tokens with types as columns, or as rows if that is asked for.
fn tokens(
    data: Data<'_>,
    by: Vec<TokensBy>,
    calendar: Calendar,
    selection: Selection,
) -> Result<Report, ReportError> {
    match by.iter().map(|by| by.dimension()).collect() {
        Some(by) => otolith_report::tokens(
            data,
            &TokensQuery {
                by,
                calendar,
                selection,
            },
        ),
        None => otolith_report::token_types(
            data,
            &TokenTypesQuery {
                by,
                calendar,
                selection,
            },
        ),
    }
}
