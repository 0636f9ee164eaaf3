//! Chosen rows of several batches into the columns of a part.

use std::collections::HashMap;

use otolith_otlp::Value;

use crate::batch::cells::{Cell, Cells, Kind};
use crate::batch::context::View;
use crate::batch::lists::Lists;
use crate::batch::tables::{RowContext, TableBatch};
use crate::part::{AttributePlace, ColumnType, Field, PartColumn, Values};
use crate::schema::buffer::{Gathered, validity};
use crate::schema::runs::Runs;
use crate::schema::strings::StringsBuilder;
use crate::schema::{COMMON, ContextColumn, ContextValue, ENDING, Rows};
use crate::value::json::{self, ESCAPE_PREFIX, RESERVED_PREFIX};

use super::Chunk;
use super::columns::{NO_SLOTS, REST, Slot, Slots, TableColumns};
use super::distinct::Distinct;
use super::sent_as::{self, SentAsBuilder};
use super::store::Pushed;
use super::writer::Writer;

/// Builds the columns of parts of one table.
#[derive(Debug)]
pub(crate) struct PartBuilder<'a, R> {
    pushed: &'a [Pushed<R>],
    chunks: &'a [Chunk],
    columns: &'a TableColumns,
}

impl<'a, R: Rows> PartBuilder<'a, R> {
    pub(crate) fn new(
        pushed: &'a [Pushed<R>],
        chunks: &'a [Chunk],
        columns: &'a TableColumns,
    ) -> Self {
        Self {
            pushed,
            chunks,
            columns,
        }
    }

    /// The columns of the rows: the base columns, then the attribute columns that have values.
    pub(crate) fn build(&self, rows: &Runs) -> Vec<PartColumn> {
        let buffers: Vec<&R> = self
            .pushed
            .iter()
            .map(|pushed| &pushed.table.rows)
            .collect();
        let mut columns: Vec<PartColumn> = R::COLUMNS
            .iter()
            .zip(R::gather(&buffers, rows))
            .map(|(column, gathered)| part_column(column.field(), gathered))
            .collect();

        let contexts = Distinct::new(rows, |buffer| self.contexts(buffer), |row| row.context);
        for column in R::HEADERS.iter().chain(COMMON) {
            columns.push(self.context_column(column, &contexts));
        }

        let lists: Vec<&Lists> = self
            .pushed
            .iter()
            .map(|pushed| &pushed.table.attributes.lists)
            .collect();
        let lists = Distinct::lists(rows, &lists);
        let mut slots: Vec<Option<Gathered>> = Vec::new();
        slots.resize_with(self.columns.fields().len(), || None);
        let ending = [
            self.item_attributes(&lists, &mut slots),
            self.context_attributes(AttributePlace::Resource, &contexts, &mut slots),
            self.context_attributes(AttributePlace::Scope, &contexts, &mut slots),
            self.sent_as(&lists, &contexts),
            self.sources(rows),
            self.items(rows),
        ];
        for (column, gathered) in ENDING.iter().zip(ending) {
            columns.push(part_column(column.field(), gathered));
        }
        for (field, gathered) in self.columns.fields().iter().zip(slots) {
            if let Some(gathered) = gathered {
                columns.push(part_column(field.clone(), gathered));
            }
        }
        columns
    }

    fn contexts(&self, buffer: usize) -> &'a [RowContext] {
        &self.pushed[buffer].table.contexts
    }

    fn view(&self, (buffer, number): (u32, u32)) -> View<'a> {
        let chunk = &self.chunks[self.pushed[buffer as usize].chunk];
        TableBatch::<R>::view(&chunk.contexts, number)
    }

    fn context_column(&self, column: &ContextColumn, contexts: &Distinct) -> PartColumn {
        let views: Vec<View<'_>> = contexts.numbers.iter().map(|n| self.view(*n)).collect();
        let values = views.iter().map(|view| (column.get)(view));
        let gathered = contexts.column(column.definition.r#type, values);
        part_column(column.definition.field(), gathered)
    }

    fn sent_as(&self, lists: &Distinct, contexts: &Distinct) -> Gathered {
        let shared: Vec<Vec<u8>> = contexts
            .numbers
            .iter()
            .map(|number| {
                let all = &self.chunks[self.pushed[number.0 as usize].chunk].contexts;
                let view = self.view(*number);
                let (resources, scopes) = (&all.resource_attributes, &all.scope_attributes);
                let resource = (resources, resources.row(view.scope.resource));
                sent_as::shared(resource, (scopes, scopes.row(view.scope_number)))
            })
            .collect();
        let is_converted = |(buffer, list): &(u32, u32)| {
            let cells = &self.pushed[*buffer as usize].table.attributes;
            cells.list(*list).iter().any(|cell| cell.is_converted())
        };
        let converted: Vec<bool> = lists.numbers.iter().map(is_converted).collect();
        let mut builder = SentAsBuilder::with_capacity(lists.of_row.len());
        for (list, context) in lists.of_row.iter().zip(&contexts.of_row) {
            let (list, shared) = (*list as usize, &shared[*context as usize]);
            if !converted[list] && shared.is_empty() {
                builder.push_none();
                continue;
            }
            let (buffer, number) = lists.numbers[list];
            let cells = &self.pushed[buffer as usize].table.attributes;
            builder.push(cells, cells.list(number), (buffer, *context), shared);
        }
        builder.finish()
    }

    fn items(&self, rows: &Runs) -> Gathered {
        let mut items = Vec::with_capacity(rows.row_count());
        for run in rows.iter() {
            let contexts = &self.contexts(run.buffer())[run.rows()];
            items.extend(contexts.iter().map(|row| i64::from(row.item)));
        }
        (Values::Int64(items), None)
    }

    fn sources(&self, rows: &Runs) -> Gathered {
        let frames = Distinct::new(rows, |buffer| self.contexts(buffer), |row| row.frame);
        let names: Vec<String> = frames
            .numbers
            .iter()
            .map(|(buffer, number)| {
                let chunk = &self.chunks[self.pushed[*buffer as usize].chunk];
                let frame = &chunk.frames[*number as usize];
                format!("{}#{}", frame.file, frame.number)
            })
            .collect();
        let values = names.iter().map(|name| ContextValue::Text(name));
        frames.column(ColumnType::String, values)
    }

    /// Spreads the attributes of resources or scopes over columns; gives the JSON rest.
    fn context_attributes(
        &self,
        place: AttributePlace,
        contexts: &Distinct,
        slots: &mut [Option<Gathered>],
    ) -> Gathered {
        let count = contexts.numbers.len();
        let mut values: HashMap<Slot, Vec<ContextValue<'_>>> = HashMap::new();
        let mut rests: Vec<Option<String>> = Vec::with_capacity(count);
        for (index, number) in contexts.numbers.iter().enumerate() {
            let pushed = &self.pushed[number.0 as usize];
            let all = &self.chunks[pushed.chunk].contexts;
            let view = self.view(*number);
            let (cells, row) = match place {
                AttributePlace::Scope => (&all.scope_attributes, view.scope_number),
                _ => (&all.resource_attributes, view.scope.resource),
            };
            let mut rest = Rest::default();
            for cell in cells.row(row) {
                let slots = pushed.context_slots.get(&(place, cell.key()));
                let slot = slot(slots.unwrap_or(&NO_SLOTS), *cell);
                if slot == REST {
                    rest.add(cells, *cell);
                    continue;
                }
                let value = &mut values
                    .entry(slot)
                    .or_insert_with(|| vec![ContextValue::Null; count])[index];
                if *value == ContextValue::Null {
                    *value = context_value(cells, *cell);
                } else {
                    rest.add(cells, *cell);
                }
            }
            rests.push(rest.finish());
        }
        for (slot, values) in values {
            let slot = usize::from(slot);
            let r#type = self.columns.fields()[slot].r#type;
            slots[slot] = Some(contexts.column(r#type, values.into_iter()));
        }
        let rests = rests.iter().map(|rest| match rest {
            Some(rest) => ContextValue::Text(rest),
            None => ContextValue::Null,
        });
        contexts.column(ColumnType::String, rests)
    }

    /// Spreads the attributes of the items over columns; gives the JSON rest.
    fn item_attributes(&self, lists: &Distinct, slots: &mut [Option<Gathered>]) -> Gathered {
        let count = lists.numbers.len();
        let mut writers: Vec<Option<Writer>> = Vec::new();
        writers.resize_with(slots.len(), || None);
        let mut rests = StringsBuilder::with_capacity(count, 0);
        let mut valid = Vec::with_capacity(count);
        let mut rest = Rest::default();
        let numbers = lists.numbers.iter().zip(lists.counts()).enumerate();
        for (position, (&(buffer, list), rows)) in numbers {
            let pushed = &self.pushed[buffer as usize];
            let cells = &pushed.table.attributes;
            for cell in cells.list(list) {
                let written = match slot(&pushed.item_slots[cell.key() as usize], *cell) {
                    REST => false,
                    slot => writers[usize::from(slot)]
                        .get_or_insert_with(|| Writer::new(cell.kind(), count))
                        .push((position, rows), (buffer, cells), *cell),
                };
                if !written {
                    rest.add(cells, *cell);
                }
            }
            valid.push(rest.write(&mut rests));
        }
        for (slot, writer) in slots.iter_mut().zip(writers) {
            if let Some(writer) = writer {
                *slot = Some(writer.finish(lists));
            }
        }
        let rests = rests.finish();
        if lists.is_per_row() {
            return (Values::String(rests), validity(valid));
        }
        let lens = lists.numbers.iter().zip(lists.counts()).enumerate();
        let len_bytes = lens.map(|(list, (_, rows))| rests.get(list).len() * rows as usize);
        let mut all = StringsBuilder::with_capacity(lists.of_row.len(), len_bytes.sum());
        for list in &lists.of_row {
            all.push(rests.get(*list as usize));
        }
        (
            Values::String(all.finish()),
            validity(lists.spread_equal(&valid)),
        )
    }
}

fn part_column(field: Field, (values, validity): Gathered) -> PartColumn {
    PartColumn {
        field,
        values,
        validity,
    }
}

/// The column of a cell.
fn slot(slots: &Slots, cell: Cell) -> Slot {
    slots.get(cell.kind() as usize).copied().unwrap_or(REST)
}

fn context_value(cells: &Cells, cell: Cell) -> ContextValue<'_> {
    match cell.kind() {
        Kind::Boolean => ContextValue::Bool(cell.boolean()),
        Kind::Int64 => ContextValue::Int(cell.int()),
        Kind::Double => ContextValue::Double(cell.double()),
        Kind::String | Kind::Json | Kind::Reserved => ContextValue::Text(cells.text_str(cell)),
    }
}

/// The JSON rest of a row.
#[derive(Debug, Default)]
struct Rest {
    json: Vec<u8>,
}

impl Rest {
    fn add(&mut self, cells: &Cells, cell: Cell) {
        self.json
            .push(if self.json.is_empty() { b'{' } else { b',' });
        let key = cells.key_text(cell.key());
        if key.starts_with(RESERVED_PREFIX) && cell.kind() != Kind::Reserved {
            json::write_text(&mut self.json, &format!("{ESCAPE_PREFIX}{key}"));
        } else {
            json::write_text(&mut self.json, key);
        }
        self.json.push(b':');
        match cell.kind() {
            Kind::String => json::write_text(&mut self.json, cells.text_str(cell)),
            Kind::Boolean => json::write_rest(&mut self.json, &Value::Bool(cell.boolean())),
            Kind::Int64 => json::write_rest(&mut self.json, &Value::Int(cell.int())),
            Kind::Double => json::write_double(&mut self.json, cell.double()),
            Kind::Json | Kind::Reserved => self.json.extend_from_slice(cells.text(cell)),
        }
    }

    /// Appends the rest as a row and begins the next; false if there is none.
    fn write(&mut self, out: &mut StringsBuilder) -> bool {
        let any = !self.json.is_empty();
        if any {
            self.json.push(b'}');
        }
        out.push(&self.json);
        self.json.clear();
        any
    }

    fn finish(mut self) -> Option<String> {
        (!self.json.is_empty()).then(|| {
            self.json.push(b'}');
            json::text(self.json)
        })
    }
}
