//! Reports and SQL over lakes that were converted from captures: real ones with their truth, and
//! hand-written ones for what the real ones lack.

mod agents;
mod captures;
mod otlp;
mod series;
mod sql;
mod support;
