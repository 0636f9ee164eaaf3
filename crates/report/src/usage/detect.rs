//! Which agent an item is from.

use super::mapping::Mapping;
use super::read::{PIECE_ROWS, pieces};
use super::rows::{Base, Rows};
use crate::parallel;
use hashbrown::HashMap;
use otolith_tables::dialect::{Agent, agent_of};
use std::collections::BTreeMap;
use std::ops::Range;

/// Agents by service, where scope or prefix proved them: `None` for several in one service.
type Proven = BTreeMap<String, Option<usize>>;

/// Finds agents, strongest evidence first: scope name, then the prefix of an event, metric or span
/// name, then `service.name`.
pub(crate) struct Detector<'a> {
    mapping: &'a Mapping,
    proven: Proven,
}

/// What one item tells about its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Evidence {
    Proven(usize),
    Service(usize),
    None,
}

impl<'a> Detector<'a> {
    /// Learns from tables, on all processors, which services belong to which agent, and gives what
    /// each row tells.
    pub(crate) fn learn(
        mapping: &'a Mapping,
        tables: Vec<&Rows<'_>>,
    ) -> (Self, Vec<Vec<Evidence>>) {
        let mut proven = Proven::new();
        let tasks = tables.iter().enumerate();
        let tasks = tasks.flat_map(|(table, rows)| {
            pieces(rows.len(), PIECE_ROWS).map(move |piece| (table, piece))
        });
        let learn = |(table, piece): (usize, Range<usize>)| {
            let (evidence, proven) = Table::new(mapping).learn(tables[table], piece);
            (table, evidence, proven)
        };
        let mut evidence: Vec<Vec<Evidence>> = tables.iter().map(|_| Vec::new()).collect();
        for (table, of_piece, its_proven) in parallel::all(tasks.collect(), learn) {
            evidence[table].extend(of_piece);
            for (service, agent) in its_proven {
                prove(&mut proven, &service, agent);
            }
        }
        (Self { mapping, proven }, evidence)
    }

    /// The agent of an item: proven by itself, by its service's name, or by what else the service
    /// sends; else the fallback.
    pub(crate) fn agent(&self, evidence: Evidence, service: &str) -> usize {
        match evidence {
            Evidence::Proven(agent) | Evidence::Service(agent) => agent,
            Evidence::None => {
                let proven = self.proven.get(service).copied().flatten();
                proven.unwrap_or(self.mapping.agents.len() - 1)
            }
        }
    }
}

/// Takes in what proves the agent of a service, whatever was proven before or will be after.
fn prove(proven: &mut Proven, service: &str, agent: Option<usize>) {
    match proven.get_mut(service) {
        Some(known) if *known != agent => *known = None,
        Some(_) => {}
        None => {
            proven.insert(service.to_owned(), agent);
        }
    }
}

/// What rows of a table tell.
struct Table<'a> {
    mapping: &'a Mapping,
    proven: Proven,
    /// What scopes, services and names tell, each asked once.
    by_scope: HashMap<String, Option<usize>>,
    by_service: HashMap<String, Option<usize>>,
    by_name: HashMap<String, Option<usize>>,
}

impl<'a> Table<'a> {
    fn new(mapping: &'a Mapping) -> Self {
        Self {
            mapping,
            proven: Proven::new(),
            by_scope: HashMap::new(),
            by_service: HashMap::new(),
            by_name: HashMap::new(),
        }
    }

    fn learn(mut self, rows: &Rows<'_>, piece: Range<usize>) -> (Vec<Evidence>, Proven) {
        let mut all = Vec::with_capacity(piece.len());
        // All points of a series tell the same.
        let mut of_series = HashMap::new();
        for row in piece {
            let series = rows.series(row);
            if let Some(evidence) = series.and_then(|series| of_series.get(&series)) {
                all.push(*evidence);
                continue;
            }
            let evidence = self.evidence(rows, row);
            all.push(evidence);
            if let Some(series) = series {
                of_series.insert(series, evidence);
            }
            if let Evidence::Proven(agent) = evidence {
                let service = rows.base_text(row, Base::ServiceName);
                prove(&mut self.proven, service, Some(agent));
            }
        }
        (all, self.proven)
    }

    fn evidence(&mut self, rows: &Rows<'_>, row: usize) -> Evidence {
        let mapping = self.mapping;
        let scope = rows.base_text(row, Base::ScopeName);
        let by_scope = once(&mut self.by_scope, scope, || {
            index(mapping, agent_of("", scope, ""))
        });
        let proven = by_scope.or_else(|| self.named(rows, row));
        if let Some(agent) = proven {
            return Evidence::Proven(agent);
        }
        let service = rows.base_text(row, Base::ServiceName);
        let by_service = once(&mut self.by_service, service, || {
            index(mapping, agent_of(service, "", ""))
        });
        by_service.map_or(Evidence::None, Evidence::Service)
    }

    /// The agent whose prefix one of the names of an item has.
    fn named(&mut self, rows: &Rows<'_>, row: usize) -> Option<usize> {
        let mapping = self.mapping;
        let by_name = |name: &str| index(mapping, agent_of("", "", name));
        let event = rows.get(row, mapping.event_name);
        let event = event.as_ref().map(|value| value.as_text());
        let names = [
            event.as_deref().unwrap_or(""),
            rows.base_text(row, Base::EventNameField),
            rows.base_text(row, Base::MetricName),
            rows.base_text(row, Base::SpanName),
        ];
        let found = names
            .into_iter()
            .filter(|name| !name.is_empty())
            .find_map(|name| once(&mut self.by_name, name, || by_name(name)));
        // Bodies are mostly different.
        found.or_else(|| by_name(rows.base_text(row, Base::Body)))
    }
}

fn index(mapping: &Mapping, agent: Option<&Agent>) -> Option<usize> {
    let agent = agent?;
    mapping.agents.iter().position(|a| a.name == agent.id)
}

fn once(
    known: &mut HashMap<String, Option<usize>>,
    name: &str,
    find: impl FnOnce() -> Option<usize>,
) -> Option<usize> {
    if let Some(found) = known.get(name) {
        return *found;
    }
    let found = find();
    known.insert(name.to_owned(), found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_of_several_agents_proves_none_in_whatever_order_tables_tell_it() {
        let tables = [Some(1), Some(1), Some(2), None];
        let check = |order: &[usize], expected| {
            let mut proven = Proven::new();
            for table in order {
                prove(&mut proven, "shop", tables[*table]);
            }
            assert_eq!(proven.get("shop"), expected, "{order:?}");
        };
        check(&[], None);
        check(&[0], Some(&Some(1)));
        check(&[0, 1], Some(&Some(1)));
        check(&[0, 1, 2], Some(&None));
        check(&[0, 2, 1], Some(&None));
        check(&[2, 0, 2], Some(&None));
        check(&[0, 3], Some(&None));
        check(&[3, 0, 1], Some(&None));
    }
}
