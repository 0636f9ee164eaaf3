//! Columns of a table as fields of a file: types, and origin and layout as metadata.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use arrow_schema::{DataType, Field as ArrowField, TimeUnit};
use otolith_tables::{AttributePlace, ColumnOrigin, ColumnType, Field, Layout};

use crate::error::LakeError;

/// Where the attributes of a column stood: `item`, `resource` or `scope`; `base` for base columns.
const PLACE: &str = "otolith.place";
/// The attribute key as sent.
const KEY: &str = "otolith.key";
/// The layout hint.
const LAYOUT: &str = "otolith.layout";
const BASE: &str = "base";

/// Name of the items of a list in a file, as the Parquet format demands it.
pub(crate) const LIST_ITEM: &str = "element";

const LAYOUTS: [(Layout, &str); 3] = [
    (Layout::Repeating, "repeating"),
    (Layout::Rising, "rising"),
    (Layout::Distinct, "distinct"),
];

/// The type in a file.
pub(crate) fn data_type(r#type: ColumnType) -> DataType {
    match r#type {
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Double => DataType::Float64,
        ColumnType::String => DataType::Utf8,
        ColumnType::Boolean => DataType::Boolean,
        ColumnType::Int64List => DataType::List(list_item(DataType::Int64)),
        ColumnType::DoubleList => DataType::List(list_item(DataType::Float64)),
    }
}

/// The field of the items of a list.
pub(crate) fn list_item(data_type: DataType) -> Arc<ArrowField> {
    Arc::new(ArrowField::new(LIST_ITEM, data_type, false))
}

fn column_type(data_type: &DataType) -> Option<ColumnType> {
    match data_type {
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => {
            Some(ColumnType::Timestamp)
        }
        DataType::Int64 => Some(ColumnType::Int64),
        DataType::Float64 => Some(ColumnType::Double),
        DataType::Utf8 => Some(ColumnType::String),
        DataType::Boolean => Some(ColumnType::Boolean),
        DataType::List(item) => match item.data_type() {
            DataType::Int64 => Some(ColumnType::Int64List),
            DataType::Float64 => Some(ColumnType::DoubleList),
            _ => None,
        },
        _ => None,
    }
}

/// The field in a file, with everything needed to make [`Field`] again.
pub(crate) fn to_arrow(field: &Field) -> ArrowField {
    ArrowField::new(&field.name, data_type(field.r#type), true).with_metadata(metadata(field))
}

/// What a column holds, in words: kept with it in files and in the log.
pub(crate) fn metadata(field: &Field) -> HashMap<String, String> {
    let mut metadata = HashMap::new();
    match &field.origin {
        ColumnOrigin::Base => {
            metadata.insert(PLACE.to_owned(), BASE.to_owned());
        }
        ColumnOrigin::Attribute { place, key } => {
            metadata.insert(PLACE.to_owned(), place.as_str().to_owned());
            metadata.insert(KEY.to_owned(), key.clone());
        }
    }
    for (layout, word) in LAYOUTS {
        if layout == field.layout {
            metadata.insert(LAYOUT.to_owned(), word.to_owned());
        }
    }
    metadata
}

/// Adds the columns that are not there yet, in their order.
///
/// # Errors
///
/// If a column is there with another type than in the file or table at `path`.
pub(crate) fn join(
    known: &mut Vec<Field>,
    more: impl IntoIterator<Item = Field>,
    path: &Path,
) -> Result<(), LakeError> {
    let mut types: HashMap<String, ColumnType> = HashMap::new();
    for field in known.iter() {
        types.insert(field.name.clone(), field.r#type);
    }
    for field in more {
        match types.get(&field.name) {
            None => {
                types.insert(field.name.clone(), field.r#type);
                known.push(field);
            }
            Some(r#type) if *r#type == field.r#type => {}
            Some(r#type) => {
                return Err(LakeError::TypeConflict {
                    column: field.name,
                    expected: format!("{:?}", r#type),
                    found: format!("{:?}", field.r#type),
                    path: path.to_owned(),
                });
            }
        }
    }
    Ok(())
}

/// Whether a field in a file is a base column.
pub(crate) fn is_base(field: &ArrowField) -> bool {
    field
        .metadata()
        .get(PLACE)
        .is_some_and(|place| place == BASE)
}

/// The column of a field in a file. Without metadata (a file of another tool) it counts as an
/// item attribute of its name, unless `base` knows it.
pub(crate) fn from_arrow(
    field: &ArrowField,
    base: &[Field],
    path: &Path,
) -> Result<Field, LakeError> {
    let Some(r#type) = column_type(field.data_type()) else {
        return Err(LakeError::UnknownType {
            column: field.name().clone(),
            found: field.data_type().to_string(),
            path: path.to_owned(),
        });
    };
    let metadata = field.metadata();
    let get = |key: &str| metadata.get(key).map(String::as_str);
    Ok(from_metadata(field.name(), r#type, base, get))
}

/// The column of a name and type, and of what [`metadata`] kept of it.
pub(crate) fn from_metadata<'a>(
    name: &'a str,
    r#type: ColumnType,
    base: &[Field],
    get: impl Fn(&str) -> Option<&'a str>,
) -> Field {
    let known = base.iter().find(|base| base.name == name);
    let place = get(PLACE);
    let origin = match (place.and_then(AttributePlace::parse), known) {
        (Some(place), _) => attribute(place, get(KEY).unwrap_or(name)),
        (None, None) if place != Some(BASE) => attribute(AttributePlace::Item, name),
        (None, _) => ColumnOrigin::Base,
    };
    let word = get(LAYOUT);
    let layout = LAYOUTS.iter().find(|(_, name)| Some(*name) == word);
    Field {
        name: name.to_owned(),
        r#type,
        origin,
        layout: match (layout, known) {
            (Some((layout, _)), _) => *layout,
            (None, Some(known)) => known.layout,
            (None, None) => Layout::Repeating,
        },
    }
}

fn attribute(place: AttributePlace, key: &str) -> ColumnOrigin {
    ColumnOrigin::Attribute {
        place,
        key: key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use otolith_tables::{Table, base_fields};

    fn check(field: &Field) {
        let base = base_fields(Table::Logs);
        let read = from_arrow(&to_arrow(field), &base, Path::new("x"));
        assert_eq!(read.as_ref().ok(), Some(field), "{read:?}");
    }

    #[test]
    fn fields_are_read_back() {
        for field in Table::ALL.into_iter().flat_map(base_fields) {
            check(&field);
        }
        for r#type in [
            ColumnType::Timestamp,
            ColumnType::Int64,
            ColumnType::Double,
            ColumnType::String,
            ColumnType::Boolean,
            ColumnType::Int64List,
            ColumnType::DoubleList,
        ] {
            for place in ["item", "resource", "scope"] {
                check(&Field {
                    name: "body".to_owned(),
                    r#type,
                    origin: attribute(AttributePlace::parse(place).unwrap(), "Body.Key\u{e9}"),
                    layout: Layout::Distinct,
                });
            }
        }
    }

    #[test]
    fn fields_of_other_tools_are_taken_by_name() {
        let base = base_fields(Table::Logs);
        let read = |field| from_arrow(&field, &base, Path::new("x"));
        let body = read(ArrowField::new("body", DataType::Utf8, true)).unwrap();
        assert_eq!(body.origin, ColumnOrigin::Base);
        let other = read(ArrowField::new("other", DataType::Boolean, true)).unwrap();
        assert_eq!(other.origin, attribute(AttributePlace::Item, "other"));
        let unknown = read(ArrowField::new("n", DataType::UInt64, true)).unwrap_err();
        assert!(matches!(unknown, LakeError::UnknownType { .. }));
    }
}
