//! `otolith report tool-calls`, `sessions`, `errors`, `prompt` and `coverage`: what agents did, and
//! what is missing.

use std::time::Duration;

use clap::Args as Group;

use super::cost::PricingArgs;
use super::report::CommonReportArgs;
use crate::values;

/// A report about what agents did, without options of its own.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  otolith report tool-calls --lake my-lake --service 'codex*' --since 1h
  otolith report tool-calls otel/ --since 7d --format html -o calls.html
  otolith report errors --lake my-lake --format json")]
pub struct ActivityArgs {
    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// `otolith report sessions`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  otolith report sessions otel/ --since 7d --format html -o sessions.html
  otolith report sessions --lake my-lake --service 'codex*' --prices contract.json")]
pub struct SessionsArgs {
    /// How tokens are priced.
    #[command(flatten)]
    pub pricing: PricingArgs,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// `otolith report prompt`.
#[derive(Debug, Group)]
#[command(after_help = "\
Ids of prompts are in `otolith report tool-calls`, and in the attributes `prompt.id` (Claude Code) and
`prompt_id` (Gemini CLI, Qwen Code). Codex sends none.

Examples:
  otolith report prompt --id 61bec07c-2ab4-4ff1-a5f1-39d6ffb60b7b otel/
  otolith report prompt --lake my-lake --id 61bec07c-2ab4-4ff1-a5f1-39d6ffb60b7b --format json")]
pub struct PromptArgs {
    /// The id of the prompt
    #[arg(long, value_name = "ID")]
    pub id: String,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}

/// `otolith report coverage`.
#[derive(Debug, Group)]
#[command(after_help = "\
Examples:
  otolith report coverage otel/
  otolith report coverage --lake my-lake --gap 1h --since 7d --format json")]
pub struct CoverageArgs {
    /// How long nothing of a service has to happen for a gap
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = values::span)]
    pub gap: Duration,

    /// What to read, select and print.
    #[command(flatten)]
    pub common: CommonReportArgs,
}
