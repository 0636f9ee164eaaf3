//! Which agent an item is from.

use super::mapping::Mapping;
use super::rows::{Base, Rows};
use otolith_tables::dialect::{Agent, agent_of};
use std::collections::BTreeMap;

/// Finds agents, strongest evidence first: scope name, then the prefix of an event, metric or span
/// name, then `service.name`.
pub(crate) struct Detector<'a> {
    mapping: &'a Mapping,
    /// Agents by service, where scope or prefix proved them: `None` for several in one service.
    proven: BTreeMap<String, Option<usize>>,
}

/// What one item tells about its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Evidence {
    Proven(usize),
    Service(usize),
    None,
}

impl<'a> Detector<'a> {
    pub(crate) fn new(mapping: &'a Mapping) -> Self {
        Self {
            mapping,
            proven: BTreeMap::new(),
        }
    }

    /// Learns which services belong to which agent.
    pub(crate) fn learn(&mut self, rows: &Rows) {
        for row in 0..rows.len() {
            let service = rows.base_text(row, Base::ServiceName);
            if let Evidence::Proven(agent) = self.evidence(rows, row) {
                match self.proven.get_mut(service) {
                    Some(known) if *known != Some(agent) => *known = None,
                    Some(_) => {}
                    None => {
                        self.proven.insert(service.to_owned(), Some(agent));
                    }
                }
            }
        }
    }

    /// The agent of a row: proven by itself, by its service's name, or by what else the service
    /// sends; else the fallback.
    pub(crate) fn agent(&self, rows: &Rows, row: usize) -> usize {
        match self.evidence(rows, row) {
            Evidence::Proven(agent) | Evidence::Service(agent) => agent,
            Evidence::None => {
                let service = rows.base_text(row, Base::ServiceName);
                let proven = self.proven.get(service).copied().flatten();
                proven.unwrap_or(self.mapping.agents.len() - 1)
            }
        }
    }

    fn evidence(&self, rows: &Rows, row: usize) -> Evidence {
        let event = rows.get(row, self.mapping.event_name);
        let event = event.as_ref().map(|value| value.as_text());
        let names = [
            event.as_deref().unwrap_or(""),
            rows.base_text(row, Base::EventNameField),
            rows.base_text(row, Base::MetricName),
            rows.base_text(row, Base::SpanName),
            rows.base_text(row, Base::Body),
        ];
        let index = |agent: &Agent| self.mapping.agents.iter().position(|a| a.name == agent.id);
        let scope = rows.base_text(row, Base::ScopeName);
        let proven = agent_of("", scope, "")
            .or_else(|| names.iter().find_map(|name| agent_of("", "", name)));
        if let Some(agent) = proven.and_then(index) {
            return Evidence::Proven(agent);
        }
        let service = rows.base_text(row, Base::ServiceName);
        let agent = agent_of(service, "", "").and_then(index);
        agent.map_or(Evidence::None, Evidence::Service)
    }
}
