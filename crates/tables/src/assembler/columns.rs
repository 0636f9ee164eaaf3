//! Which column the values of an attribute key go to: decided once, in input order, for good.

use std::collections::{HashMap, HashSet};

use crate::batch::cells::Kind;
use crate::database::normalise;
use crate::dialect::known_keys;
use crate::part::{AttributePlace, ColumnOrigin, ColumnType, Field, Layout};
use crate::schema::base_columns;
use crate::table::Table;

/// Number of an attribute column of a table, or [`REST`].
pub(crate) type Slot = u16;
/// The value has no column of its own and goes to the JSON rest.
pub(crate) const REST: Slot = Slot::MAX;
/// The slot of each kind of value of a key, by number of the kind.
pub(crate) type Slots = [Slot; Kind::COLUMNS.len()];
/// No column for any kind.
pub(crate) const NO_SLOTS: Slots = [REST; Kind::COLUMNS.len()];

/// Longest name that a key gives, in bytes, before prefixes and suffixes.
const NAME_BYTES: usize = 100;

/// The attribute columns of a table.
#[derive(Debug)]
pub(crate) struct TableColumns {
    base: HashSet<&'static str>,
    limit: usize,
    fields: Vec<Field>,
    names: HashSet<String>,
    keys: HashMap<AttributePlace, HashMap<String, KeyColumns>>,
}

/// The columns of one key.
#[derive(Debug)]
struct KeyColumns {
    /// Name of the plain column.
    name: String,
    /// Type of the plain column; `None` if a lake has only side columns of the key.
    r#type: Option<ColumnType>,
    slots: Slots,
}

impl TableColumns {
    /// Columns of a table that has at most `limit` columns, and `existing` ones already.
    pub(crate) fn new(table: Table, limit: usize, existing: &[Field]) -> Self {
        let mut columns = Self {
            base: base_columns(table)
                .iter()
                .map(|column| column.name)
                .chain(["date"])
                .collect(),
            limit: limit.min(usize::from(REST)),
            fields: Vec::new(),
            names: HashSet::new(),
            keys: HashMap::new(),
        };
        for field in existing {
            columns.adopt(field);
        }
        columns
    }

    /// The attribute columns so far; a slot is an index.
    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Takes over a column that the lake has.
    fn adopt(&mut self, field: &Field) {
        let ColumnOrigin::Attribute { place, key } = &field.origin else {
            return;
        };
        let (Some(kind), false) = (kind_of(field.r#type), self.names.contains(&field.name)) else {
            return;
        };
        let Some(name) = self.column_name(*place, key) else {
            return;
        };
        let is_plain = field.name == name;
        if !is_plain && field.name != side_name(&name, kind) {
            return;
        }
        let Some(slot) = self.add(field.clone()) else {
            return;
        };
        let columns = self
            .keys
            .entry(*place)
            .or_default()
            .entry(key.clone())
            .or_insert_with(|| KeyColumns {
                name,
                r#type: None,
                slots: NO_SLOTS,
            });
        columns.slots[kind as usize] = slot;
        if is_plain {
            columns.r#type = Some(field.r#type);
        }
    }

    /// The column for the values of a kind under a key; made if there is room and the name is free.
    pub(crate) fn slot(&mut self, place: AttributePlace, key: &str, kind: Kind) -> Slot {
        let known = self.keys.get(&place).and_then(|keys| keys.get(key));
        let (name, plain) = match known {
            Some(columns) if columns.slots[kind as usize] != REST => {
                return columns.slots[kind as usize];
            }
            Some(columns) => (columns.name.clone(), columns.r#type),
            None => match self.column_name(place, key) {
                Some(name) => (name, None),
                None => return REST,
            },
        };
        let Some(plain) = plain.or_else(|| self.add_plain(place, key, &name, kind)) else {
            return REST;
        };
        let r#type = type_of(kind);
        if r#type != plain {
            let slot = self.add_named(place, key, side_name(&name, kind), r#type);
            self.set(place, key, kind, slot);
        }
        self.keys[&place][key].slots[kind as usize]
    }

    /// Makes the plain column of a key, with the type of the known key or of the first value.
    fn add_plain(
        &mut self,
        place: AttributePlace,
        key: &str,
        name: &str,
        kind: Kind,
    ) -> Option<ColumnType> {
        let r#type = known_keys::known(key).map_or(type_of(kind), |known| known.r#type);
        let slot = self.add_named(place, key, name.to_owned(), r#type)?;
        let columns = self
            .keys
            .entry(place)
            .or_default()
            .entry(key.to_owned())
            .or_insert_with(|| KeyColumns {
                name: name.to_owned(),
                r#type: None,
                slots: NO_SLOTS,
            });
        columns.r#type = Some(r#type);
        let kind = kind_of(r#type).expect("attribute columns hold plain kinds");
        columns.slots[kind as usize] = slot;
        Some(r#type)
    }

    fn set(&mut self, place: AttributePlace, key: &str, kind: Kind, slot: Option<Slot>) {
        let columns = self.keys.get_mut(&place).and_then(|keys| keys.get_mut(key));
        if let (Some(columns), Some(slot)) = (columns, slot) {
            columns.slots[kind as usize] = slot;
        }
    }

    fn add_named(
        &mut self,
        place: AttributePlace,
        key: &str,
        name: String,
        r#type: ColumnType,
    ) -> Option<Slot> {
        if self.names.contains(&name) || self.base.len() - 1 + self.fields.len() >= self.limit {
            return None;
        }
        self.add(Field {
            name,
            r#type,
            origin: ColumnOrigin::Attribute {
                place,
                key: key.to_owned(),
            },
            layout: known_keys::known(key).map_or(Layout::Repeating, |known| known.layout),
        })
    }

    fn add(&mut self, field: Field) -> Option<Slot> {
        let slot = Slot::try_from(self.fields.len())
            .ok()
            .filter(|slot| *slot != REST)?;
        self.names.insert(field.name.clone());
        self.fields.push(field);
        Some(slot)
    }

    /// Name of the plain column of a key; `None` if no character of the key can be in a name.
    fn column_name(&self, place: AttributePlace, key: &str) -> Option<String> {
        let name = normalise(key, NAME_BYTES);
        if name.is_empty() {
            return None;
        }
        let name = match place {
            AttributePlace::Item => name,
            AttributePlace::Resource => format!("resource_{}", name.trim_start_matches('_')),
            AttributePlace::Scope => format!("scope_{}", name.trim_start_matches('_')),
        };
        Some(if self.base.contains(name.as_str()) {
            format!("{name}_attr")
        } else {
            name
        })
    }
}

/// Name of the column for values that do not fit the plain one. Two underscores cannot come from a
/// key, so it clashes with no plain name.
fn side_name(name: &str, kind: Kind) -> String {
    let word = match kind {
        Kind::Boolean => "boolean",
        Kind::Int64 => "int64",
        Kind::Double => "double",
        Kind::String | Kind::Json | Kind::Reserved => "string",
    };
    format!("{name}__{word}")
}

fn type_of(kind: Kind) -> ColumnType {
    match kind {
        Kind::Boolean => ColumnType::Boolean,
        Kind::Int64 => ColumnType::Int64,
        Kind::Double => ColumnType::Double,
        Kind::String | Kind::Json | Kind::Reserved => ColumnType::String,
    }
}

fn kind_of(r#type: ColumnType) -> Option<Kind> {
    match r#type {
        ColumnType::String => Some(Kind::String),
        ColumnType::Boolean => Some(Kind::Boolean),
        ColumnType::Int64 => Some(Kind::Int64),
        ColumnType::Double => Some(Kind::Double),
        ColumnType::Timestamp | ColumnType::Int64List | ColumnType::DoubleList => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks for columns in order and checks the names given; `-` is the JSON rest.
    fn check(columns: &mut TableColumns, asked: &[(AttributePlace, &str, Kind, &str)]) {
        for (place, key, kind, expected) in asked {
            let slot = columns.slot(*place, key, *kind);
            let name = columns.fields().get(usize::from(slot));
            let name = name.map_or("-", |field| field.name.as_str());
            assert_eq!(name, *expected, "{place:?} {key} {kind:?}");
        }
    }

    fn logs() -> TableColumns {
        TableColumns::new(Table::Logs, 512, &[])
    }

    use AttributePlace::{Item, Resource, Scope};
    use Kind::{Boolean, Double, Int64, String as Text};

    #[test]
    fn names_follow_the_place_and_avoid_base_columns() {
        check(
            &mut logs(),
            &[
                (Item, "session.id", Text, "session_id"),
                (Resource, "session.id", Text, "resource_session_id"),
                (Scope, "session.id", Text, "scope_session_id"),
                (Item, "event.name", Text, "event_name_attr"),
                (Item, "date", Text, "date_attr"),
                (Item, "Attributes", Text, "attributes_attr"),
                (Resource, "schema.url", Text, "resource_schema_url_attr"),
                (Resource, "3x", Text, "resource_3x"),
                (Item, "3x", Text, "_3x"),
                (Item, "\u{e9}", Text, "-"),
                (Item, "", Text, "-"),
            ],
        );
    }

    #[test]
    fn the_first_key_owns_a_name() {
        check(
            &mut logs(),
            &[
                (Item, "a.b", Text, "a_b"),
                (Item, "a_b", Text, "-"),
                (Item, "a.b", Text, "a_b"),
                (Item, "a_b", Int64, "-"),
                (Item, "resource_x", Text, "resource_x"),
                (Resource, "x", Text, "-"),
            ],
        );
    }

    #[test]
    fn the_first_kind_or_the_known_type_is_plain() {
        let mut columns = logs();
        check(
            &mut columns,
            &[
                (Item, "n", Int64, "n"),
                (Item, "n", Text, "n__string"),
                (Item, "n", Double, "n__double"),
                (Item, "n", Boolean, "n__boolean"),
                (Item, "n", Int64, "n"),
                (Item, "cost_usd", Text, "cost_usd__string"),
                (Item, "cost_usd", Double, "cost_usd"),
            ],
        );
        let types: Vec<_> = columns.fields().iter().map(|field| field.r#type).collect();
        use ColumnType as T;
        assert_eq!(
            types,
            [
                T::Int64,
                T::String,
                T::Double,
                T::Boolean,
                T::Double,
                T::String
            ]
        );
    }

    #[test]
    fn beyond_the_limit_only_old_columns_grow() {
        let base = base_columns(Table::Logs).len();
        let mut columns = TableColumns::new(Table::Logs, base + 2, &[]);
        check(
            &mut columns,
            &[
                (Item, "a", Int64, "a"),
                (Item, "b", Int64, "b"),
                (Item, "c", Int64, "-"),
                (Item, "a", Text, "-"),
                (Item, "a", Int64, "a"),
            ],
        );
    }

    #[test]
    fn columns_of_the_lake_keep_their_types() {
        let field = |name: &str, key: &str, r#type| Field {
            name: name.to_owned(),
            r#type,
            origin: ColumnOrigin::Attribute {
                place: Item,
                key: key.to_owned(),
            },
            layout: Layout::Repeating,
        };
        let existing = [
            field("cost_usd", "cost_usd", ColumnType::String),
            field("n__int64", "n", ColumnType::Int64),
            field("a_b", "a_b", ColumnType::Int64),
        ];
        let mut columns = TableColumns::new(Table::Logs, 512, &existing);
        check(
            &mut columns,
            &[
                (Item, "cost_usd", Double, "cost_usd__double"),
                (Item, "cost_usd", Text, "cost_usd"),
                (Item, "n", Int64, "n__int64"),
                (Item, "n", Text, "n"),
                (Item, "a.b", Int64, "-"),
                (Item, "a_b", Text, "a_b__string"),
            ],
        );
        assert_eq!(columns.fields()[..3], existing);
    }
}
