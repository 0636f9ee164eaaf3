//! One column for each key of an attribute, by the key as sent: `span_attributes.session.id`.

use super::greptime::TRACES;
use super::rewrite::Rewritten;
use super::scan::data_type;
use crate::notes::{NoteCode, Notes};
use otolith_lake::TableInfo;
use otolith_tables::{AttributePlace, ColumnOrigin, Field};
use polars::prelude::{DataType, Expr, Null, coalesce, col, lit};
use std::collections::BTreeMap;

/// The keys of spans over all databases, with the types of their columns.
pub(super) struct Keys(BTreeMap<(&'static str, String), DataType>);

/// The words that stand before the key of an attribute.
const fn prefix(place: AttributePlace) -> &'static str {
    match place {
        AttributePlace::Item => "span_attributes",
        AttributePlace::Resource => "resource_attributes",
        AttributePlace::Scope => "scope_attributes",
    }
}

fn key_of(field: &Field) -> Option<(&'static str, String)> {
    match &field.origin {
        ColumnOrigin::Attribute { place, key } => Some((prefix(*place), key.clone())),
        ColumnOrigin::Base => None,
    }
}

impl Keys {
    /// Integers and doubles of one key are doubles; other types of one key are text, with a note if
    /// the query mentions the column.
    pub(super) fn of(infos: &[&TableInfo], query: &Rewritten, notes: &mut Notes) -> Self {
        let is_number = |dtype: &DataType| matches!(dtype, DataType::Int64 | DataType::Float64);
        let mut keys: BTreeMap<_, DataType> = BTreeMap::new();
        for field in infos.iter().flat_map(|info| &info.fields) {
            let Some(key) = key_of(field) else {
                continue;
            };
            let dtype = data_type(field.r#type);
            match keys.get_mut(&key) {
                None => {
                    keys.insert(key, dtype);
                }
                Some(known) if *known == dtype || *known == DataType::String => {}
                Some(known) if is_number(known) && is_number(&dtype) => {
                    *known = DataType::Float64;
                }
                Some(known) => {
                    *known = DataType::String;
                    let column = format!("{}.{}", key.0, key.1);
                    if query.mentions(&column) {
                        let name = format!("{TRACES}.{column}");
                        notes.add_about(NoteCode::MixedColumn, &name, 1);
                    }
                }
            }
        }
        Self(keys)
    }

    /// The columns of all keys out of a table with these fields.
    pub(super) fn columns(&self, fields: &[Field]) -> Vec<Expr> {
        let of_key = |((prefix, key), dtype): (&(&'static str, String), &DataType)| {
            let is_its =
                |field: &&Field| key_of(field).is_some_and(|k| k.0 == *prefix && k.1 == *key);
            let cast = |field: &Field| col(field.name.as_str()).cast(dtype.clone());
            let columns: Vec<Expr> = fields.iter().filter(is_its).map(cast).collect();
            let column = match columns.as_slice() {
                [] => lit(Null {}).cast(dtype.clone()),
                [one] => one.clone(),
                several => coalesce(several),
            };
            column.alias(format!("{prefix}.{key}"))
        };
        self.0.iter().map(of_key).collect()
    }
}
