//! The part: finished rows of one table and date, in column form, ready to be written.

use crate::database::DatabaseName;
use crate::table::Table;

/// Type of a column, as any engine reads it. No unsigned and no nanosecond types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// Microseconds since the Unix epoch, UTC.
    Timestamp,
    /// 64-bit signed integer.
    Int64,
    /// 64-bit float.
    Double,
    /// UTF-8 text.
    String,
    /// Truth value.
    Boolean,
    /// List of 64-bit signed integers, items never null.
    Int64List,
    /// List of 64-bit floats, items never null.
    DoubleList,
}

/// Where the attributes of a column stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttributePlace {
    /// On the item itself (span, event, link, record, point, exemplar).
    Item,
    /// On the resource.
    Resource,
    /// On the scope.
    Scope,
}

impl AttributePlace {
    /// The word for the place in metadata: `item`, `resource` or `scope`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Item => "item",
            Self::Resource => "resource",
            Self::Scope => "scope",
        }
    }

    /// The place of a word made by [`Self::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Item, Self::Resource, Self::Scope]
            .into_iter()
            .find(|place| place.as_str() == word)
    }
}

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ColumnOrigin {
    /// A base column of the table.
    Base,
    /// The values of one attribute key that fit the column's type.
    Attribute {
        /// Where the attribute stood.
        place: AttributePlace,
        /// The key as sent, before normalising.
        key: String,
    },
}

/// A column of a table in a lake. Never changes once it exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Column name.
    pub name: String,
    /// Column type.
    pub r#type: ColumnType,
    /// What it holds. Written into the files' metadata, so that a reader of the lake knows the
    /// key as sent.
    pub origin: ColumnOrigin,
    /// What fits the values best in a file.
    pub layout: Layout,
}

/// How the values of a column are distributed: a hint for the file encoding, without meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Few distinct values: dictionary.
    Repeating,
    /// Times, counters and other slowly changing integers: delta encoding, no dictionary.
    Rising,
    /// Mostly distinct (ids, bodies): no dictionary.
    Distinct,
}

/// Text values one after another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strings {
    /// `len + 1` rising offsets into `bytes`, the first 0.
    pub offsets: Vec<i32>,
    /// The texts, valid UTF-8 between any two offsets.
    pub bytes: Vec<u8>,
}

impl Strings {
    /// No texts.
    pub fn empty() -> Self {
        Self {
            offsets: vec![0],
            bytes: Vec::new(),
        }
    }

    /// The bytes of a text.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    #[inline]
    pub fn get(&self, index: usize) -> &[u8] {
        &self.bytes[self.offsets[index] as usize..self.offsets[index + 1] as usize]
    }
}

/// Values of a column, one per row; a null row holds any value (0, `""`, empty list).
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// For [`ColumnType::Int64`] and [`ColumnType::Timestamp`].
    Int64(Vec<i64>),
    /// For [`ColumnType::Double`].
    Double(Vec<f64>),
    /// For [`ColumnType::Boolean`].
    Boolean(Vec<bool>),
    /// For [`ColumnType::String`].
    String(Strings),
    /// For [`ColumnType::String`] with few distinct values: one index into the dictionary per row.
    Dictionary {
        /// Index per row; of a null row any index.
        indices: Vec<i32>,
        /// The distinct texts.
        dictionary: Strings,
    },
    /// For [`ColumnType::Int64List`]: `rows + 1` offsets into the items.
    Int64List {
        /// `rows + 1` rising offsets into `items`, the first 0.
        offsets: Vec<i32>,
        /// The items of all lists.
        items: Vec<i64>,
    },
    /// For [`ColumnType::DoubleList`].
    DoubleList {
        /// `rows + 1` rising offsets into `items`, the first 0.
        offsets: Vec<i32>,
        /// The items of all lists.
        items: Vec<f64>,
    },
}

/// A column of a part.
#[derive(Clone, Debug)]
pub struct PartColumn {
    /// Its definition.
    pub field: Field,
    /// Its values.
    pub values: Values,
    /// True where the row has a value; `None` when every row has one.
    pub validity: Option<Vec<bool>>,
}

/// Finished rows of one table and date: sorted by time, every column as long as `row_count`.
///
/// Columns stand in the order of the table's definition, then attribute columns in the order in
/// which they came to exist. The `date` is not a column here: it becomes the directory.
#[derive(Clone, Debug)]
pub struct Part {
    /// The database.
    pub database: DatabaseName,
    /// The table.
    pub table: Table,
    /// Days since 1970-01-01 of every row (UTC).
    pub date: i32,
    /// Number of rows, at least 1.
    pub row_count: usize,
    /// The columns.
    pub columns: Vec<PartColumn>,
}
