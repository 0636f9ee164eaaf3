//! Events, links and exemplars, found by the item that they belong to.

use std::collections::HashMap;

use bumpalo::Bump;
use bumpalo::collections::Vec as BumpVec;
use otolith_otlp::{Event, Exemplar, Link};

use super::error::{Fault, RestoreError};
use super::points::number_of;
use super::reserved::narrow;
use super::rows::{Address, Owner, RowReader};
use crate::part::Part;
use crate::schema::{ExemplarRows, Rows, SpanEventRows, SpanLinkRows};
use crate::table::Table;

/// A row that belongs to an item.
#[derive(Clone, Copy, Debug)]
struct Child {
    /// Position among the rows of the item.
    index: i64,
    /// How many rows with the same address and index came before.
    copy: usize,
    part: usize,
    row: usize,
}

/// The rows of a table of children.
#[derive(Debug)]
struct ChildTable<'a, R> {
    parts: Vec<RowReader<'a, R>>,
    /// Number of each source.
    sources: HashMap<&'a str, usize>,
    /// By number of the source, item and owner: the children, those to be taken first last.
    of_item: HashMap<(usize, i64, Owner), Vec<Child>>,
    orphan_count: u64,
}

impl<R> Default for ChildTable<'_, R> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            sources: HashMap::new(),
            of_item: HashMap::new(),
            orphan_count: 0,
        }
    }
}

impl<'a, R: Rows> ChildTable<'a, R> {
    fn add(
        &mut self,
        part: &'a Part,
        of: impl Fn(&R::Row<'a>) -> (Owner, Option<i64>),
    ) -> Result<(), RestoreError> {
        let reader = RowReader::<R>::find(part)?;
        for row in 0..part.row_count {
            let fault = |fault: Fault| fault.at(part.table, row);
            let (owner, index) = of(&reader.row(row).map_err(fault)?);
            let address = reader.address(row, owner).map_err(fault)?;
            let next = self.sources.len();
            let source = *self.sources.entry(address.source).or_insert(next);
            let key = (source, address.item, owner);
            self.of_item.entry(key).or_default().push(Child {
                index: index.unwrap_or(0),
                copy: 0,
                part: self.parts.len(),
                row,
            });
            self.orphan_count += 1;
        }
        self.parts.push(reader);
        Ok(())
    }

    /// Puts the children of each item in order, once all are known.
    fn finish(&mut self) {
        for children in self.of_item.values_mut() {
            children.sort_by_key(|child| child.index);
            for place in 1..children.len() {
                if children[place].index == children[place - 1].index {
                    children[place].copy = children[place - 1].copy + 1;
                }
            }
            children.sort_by_key(|child| (child.copy, child.index));
            children.reverse();
        }
    }

    /// Takes the children of an item: one of each index, so that items with one address and the same
    /// ids (of copies of a file) share them out.
    fn take(&mut self, address: &Address<'_>) -> Vec<Child> {
        let mut taken: Vec<Child> = Vec::new();
        let Some(source) = self.sources.get(address.source) else {
            return taken;
        };
        let key = (*source, address.item, address.owner);
        if let Some(children) = self.of_item.get_mut(&key) {
            let copy = children.last().map(|child| child.copy);
            while let Some(child) = children.pop_if(|child| Some(child.copy) == copy) {
                taken.push(child);
            }
        }
        self.orphan_count -= taken.len() as u64;
        taken
    }

    /// Takes the children of an item and reads them.
    fn read<'b, T: Copy>(
        &mut self,
        address: &Address<'_>,
        bump: &'b Bump,
        read: impl Fn(&RowReader<'a, R>, usize) -> Result<T, Fault>,
    ) -> Result<&'b [T], RestoreError> {
        let mut found = BumpVec::new_in(bump);
        for child in self.take(address) {
            let reader = &self.parts[child.part];
            found.push(read(reader, child.row).map_err(reader.fault(child.row))?);
        }
        Ok(found.into_bump_slice())
    }
}

/// The events, links and exemplars of one database and date.
///
/// Takes memory for an index beside the parts: about 100 bytes per row.
#[derive(Debug, Default)]
pub struct Children<'a> {
    events: ChildTable<'a, SpanEventRows>,
    links: ChildTable<'a, SpanLinkRows>,
    exemplars: ChildTable<'a, ExemplarRows>,
}

impl<'a> Children<'a> {
    /// Looks through the parts of one database and date. Parts of tables with items are passed over.
    ///
    /// # Errors
    ///
    /// If a part lacks `source` or `item`, has a base column of another type, or a row does not say
    /// which item it belongs to.
    pub fn new(parts: &'a [Part]) -> Result<Self, RestoreError> {
        let mut children = Self::default();
        for part in parts {
            match part.table {
                Table::SpanEvents => children.events.add(part, |row| {
                    (Owner::Span(row.trace_id, row.span_id), row.event_index)
                })?,
                Table::SpanLinks => children.links.add(part, |row| {
                    (Owner::Span(row.trace_id, row.span_id), row.link_index)
                })?,
                Table::Exemplars => children.exemplars.add(part, |row| {
                    let owner = Owner::Point(row.series_id, row.point_time_unix_nano);
                    (owner, row.exemplar_index)
                })?,
                _ => {}
            }
        }
        children.events.finish();
        children.links.finish();
        children.exemplars.finish();
        Ok(children)
    }

    /// Rows that no item has asked for so far: orphans, once all items of the date are visited.
    pub fn orphan_count(&self) -> u64 {
        self.events.orphan_count + self.links.orphan_count + self.exemplars.orphan_count
    }

    /// The events of a span.
    pub(crate) fn events<'b>(
        &mut self,
        span: &Address<'_>,
        bump: &'b Bump,
    ) -> Result<&'b [Event<'b>], RestoreError>
    where
        'a: 'b,
    {
        self.events.read(span, bump, |reader, number| {
            let row = reader.row(number)?;
            let (attributes, reserved) = reader.attributes(number, bump)?;
            Ok(Event {
                time_unix_nano: reserved.unsigned(row.time_unix_nano, "time_unix_nano")?,
                name: row.event_name.unwrap_or_default(),
                attributes,
                dropped_attributes_count: narrow(
                    row.dropped_attributes_count,
                    "dropped_attributes_count",
                )?,
            })
        })
    }

    /// The links of a span.
    pub(crate) fn links<'b>(
        &mut self,
        span: &Address<'_>,
        bump: &'b Bump,
    ) -> Result<&'b [Link<'b>], RestoreError>
    where
        'a: 'b,
    {
        self.links.read(span, bump, |reader, number| {
            let row = reader.row(number)?;
            let (attributes, _) = reader.attributes(number, bump)?;
            Ok(Link {
                trace_id: row.linked_trace_id,
                span_id: row.linked_span_id,
                trace_state: row.trace_state.unwrap_or_default(),
                attributes,
                dropped_attributes_count: narrow(
                    row.dropped_attributes_count,
                    "dropped_attributes_count",
                )?,
                flags: narrow(row.flags, "flags")?,
            })
        })
    }

    /// The exemplars of a point.
    pub(crate) fn exemplars<'b>(
        &mut self,
        point: &Address<'_>,
        bump: &'b Bump,
    ) -> Result<&'b [Exemplar<'b>], RestoreError>
    where
        'a: 'b,
    {
        self.exemplars.read(point, bump, |reader, number| {
            let row = reader.row(number)?;
            let (filtered_attributes, reserved) = reader.attributes(number, bump)?;
            Ok(Exemplar {
                filtered_attributes,
                time_unix_nano: reserved.unsigned(row.time_unix_nano, "time_unix_nano")?,
                value: number_of(row.value, row.value_int),
                span_id: row.span_id,
                trace_id: row.trace_id,
            })
        })
    }
}
