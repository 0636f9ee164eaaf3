//! What the log tells of a part, so that readers can pass it over: taken from the part's footer.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, StructArray, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field as ArrowField, Fields, TimeUnit};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::file::statistics::Statistics;

use crate::error::LakeError;
use crate::field;

/// The column whose bounds are the time range of a part.
const TIME: &str = "time";
/// Bounds of times in the log end at milliseconds. The exact ones stand beside, where readers that
/// do not know them pass them over.
const EXACT_TIME: &str = "otolithTimeMicros";

/// What is known of a part without reading its rows.
#[derive(Clone, Debug)]
pub(crate) struct PartStats {
    pub rows: u64,
    /// Least and greatest `time` in microseconds.
    pub time_range: Option<(i64, i64)>,
    /// Base columns whose bounds are known.
    columns: Vec<ColumnStats>,
}

#[derive(Clone, Debug)]
struct ColumnStats {
    name: String,
    nulls: i64,
    bounds: Bounds,
}

#[derive(Clone, Debug)]
enum Bounds {
    Ints(i64, i64),
    Times(i64, i64),
    /// All values are null.
    None,
}

impl PartStats {
    /// Reads the footer of a part.
    pub fn of(metadata: &ArrowReaderMetadata) -> Self {
        let schema = metadata.schema();
        let file = metadata.metadata();
        let mut columns: Vec<ColumnStats> = Vec::new();
        let leaves = file.file_metadata().schema_descr().columns();
        for (index, leaf) in leaves.iter().enumerate() {
            let [name] = leaf.path().parts() else {
                continue;
            };
            let Ok(field) = schema.field_with_name(name) else {
                continue;
            };
            if !field::is_base(field) {
                continue;
            }
            let mut nulls = Some(0);
            let mut bounds = Some(Bounds::None);
            for group in file.row_groups() {
                let statistics = group.column(index).statistics();
                let count = statistics.and_then(Statistics::null_count_opt);
                nulls = nulls
                    .zip(count)
                    .map(|(sum, count)| sum + count.cast_signed());
                let all_null = count == Some(group.num_rows().unsigned_abs());
                if !all_null {
                    let of_group = statistics.and_then(|s| bounds_of(field, s));
                    bounds = bounds.zip(of_group).and_then(|(a, b)| a.with(b));
                }
            }
            if let (Some(nulls), Some(bounds)) = (nulls, bounds) {
                columns.push(ColumnStats {
                    name: name.clone(),
                    nulls,
                    bounds,
                });
            }
        }
        let time = columns.iter().find(|column| column.name == TIME);
        Self {
            rows: file.file_metadata().num_rows().unsigned_abs(),
            time_range: match time.map(|column| &column.bounds) {
                Some(Bounds::Times(first, last)) => Some((*first, *last)),
                _ => None,
            },
            columns,
        }
    }

    /// The statistics as the log takes them.
    pub fn to_struct(&self) -> StructArray {
        let nulls = self.columns.iter().map(|column| {
            let array: ArrayRef = Arc::new(Int64Array::from(vec![column.nulls]));
            (column.name.as_str(), array)
        });
        let bounds = |pick: fn(&Bounds) -> Option<ArrayRef>| {
            self.columns
                .iter()
                .filter_map(move |column| Some((column.name.as_str(), pick(&column.bounds)?)))
        };
        let int = |int| Arc::new(Int64Array::from(vec![int])) as ArrayRef;
        let mut stats = vec![
            ("numRecords", int(self.rows.cast_signed())),
            ("nullCount", Arc::new(record(nulls))),
            ("minValues", Arc::new(record(bounds(Bounds::least)))),
            ("maxValues", Arc::new(record(bounds(Bounds::greatest)))),
            ("tightBounds", Arc::new(BooleanArray::from(vec![true]))),
        ];
        if let Some((first, last)) = self.time_range {
            let exact = record([("min", int(first)), ("max", int(last))]);
            stats.push((EXACT_TIME, Arc::new(exact)));
        }
        record(stats)
    }

    /// Rows and time range out of the JSON of the log. What is missing or odd is not known.
    pub fn from_json(json: Option<&str>) -> (Option<u64>, Option<(i64, i64)>) {
        let stats: serde_json::Value = json
            .and_then(|json| serde_json::from_str(json).ok())
            .unwrap_or_default();
        let exact = |side: &str| stats[EXACT_TIME][side].as_i64();
        if let Some(range) = exact("min").zip(exact("max")) {
            return (stats["numRecords"].as_u64(), Some(range));
        }
        let time = |bounds: &str| {
            let text = stats[bounds][TIME].as_str()?;
            let time: jiff::Timestamp = text.parse().ok()?;
            Some(time.as_microsecond())
        };
        let range = time("minValues").zip(time("maxValues"));
        let range = range.map(|(first, last)| (first, last.saturating_add(999)));
        (stats["numRecords"].as_u64(), range)
    }
}

impl Bounds {
    fn with(self, other: Self) -> Option<Self> {
        Some(match (self, other) {
            (Self::None, other) => other,
            (Self::Ints(a, b), Self::Ints(c, d)) => Self::Ints(a.min(c), b.max(d)),
            (Self::Times(a, b), Self::Times(c, d)) => Self::Times(a.min(c), b.max(d)),
            _ => return None,
        })
    }

    fn least(&self) -> Option<ArrayRef> {
        self.side(|least, _| least)
    }

    fn greatest(&self) -> Option<ArrayRef> {
        self.side(|_, greatest| greatest)
    }

    fn side(&self, pick: fn(i64, i64) -> i64) -> Option<ArrayRef> {
        Some(match self {
            Self::Ints(a, b) => Arc::new(Int64Array::from(vec![pick(*a, *b)])),
            Self::Times(a, b) => {
                let time = TimestampMicrosecondArray::from(vec![pick(*a, *b)]);
                Arc::new(time.with_timezone("UTC"))
            }
            Self::None => return None,
        })
    }
}

/// Bounds of texts are not told: the log keeps them when the rows are long dropped, and readers
/// find them in the footers.
fn bounds_of(field: &ArrowField, statistics: &Statistics) -> Option<Bounds> {
    match (field.data_type(), statistics) {
        (DataType::Int64, Statistics::Int64(values)) => {
            Some(Bounds::Ints(*values.min_opt()?, *values.max_opt()?))
        }
        (DataType::Timestamp(TimeUnit::Microsecond, _), Statistics::Int64(values)) => {
            Some(Bounds::Times(*values.min_opt()?, *values.max_opt()?))
        }
        _ => None,
    }
}

/// A struct of one row.
fn record<'a>(columns: impl IntoIterator<Item = (&'a str, ArrayRef)>) -> StructArray {
    let (fields, arrays): (Vec<_>, Vec<_>) = columns
        .into_iter()
        .map(|(name, array)| {
            let field = ArrowField::new(name, array.data_type().clone(), true);
            (Arc::new(field), array)
        })
        .unzip();
    if fields.is_empty() {
        return StructArray::new_empty_fields(1, None);
    }
    StructArray::new(Fields::from(fields), arrays, None)
}

/// Reads the footer of a Parquet file.
pub(crate) fn footer(path: &Path) -> Result<ArrowReaderMetadata, LakeError> {
    let file = File::open(path).map_err(LakeError::io("open", path))?;
    let footer = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new());
    footer.map_err(|source| LakeError::Read {
        path: path.to_owned(),
        source,
    })
}
