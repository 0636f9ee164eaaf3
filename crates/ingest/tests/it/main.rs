//! Conversions and inspections of captures, good and bad.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod account;
mod collecting;
mod corrupted;
mod hostile;
mod incremental;
mod inspecting;
mod repeatable;
mod support;
