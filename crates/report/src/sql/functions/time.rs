//! Buckets of time.

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, civil};
use polars::prelude::*;

/// What is said of other arguments than times.
const NO_TIME: &str = "buckets are cut from times; cast the column: CAST(x AS TIMESTAMP)";

/// `otolith_bin(time, width, origin)`, in nanoseconds, and `otolith_bin_months(time, width, origin)`,
/// in months since 1970: the start of the bucket in UTC. `date_trunc` and the like become these.
pub(super) fn functions() -> Vec<UserDefinedFunction> {
    vec![
        bucket("otolith_bin", |nanos, width, origin| {
            let (width, origin) = (i128::from(width), i128::from(origin));
            (width > 0).then(|| (nanos - origin).div_euclid(width) * width + origin)
        }),
        bucket("otolith_bin_months", |nanos, width, origin| {
            let time = Timestamp::from_nanosecond(nanos).ok()?;
            let day = time.to_zoned(TimeZone::UTC).date();
            let months = (i64::from(day.year()) - 1970) * 12 + i64::from(day.month()) - 1;
            let start = (months - origin).checked_div_euclid(width)? * width + origin;
            first_of(start).map(Timestamp::as_nanosecond)
        }),
    ]
}

/// The start of a month, counted since January 1970.
fn first_of(month: i64) -> Option<Timestamp> {
    let year = i16::try_from(1970 + month.div_euclid(12)).ok()?;
    let number = i8::try_from(month.rem_euclid(12) + 1).ok()?;
    let day = civil::Date::new(year, number, 1).unwrap_or(date(1970, 1, 1));
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// A function of a time and two constants.
fn bucket(
    name: &'static str,
    start: impl Fn(i128, i64, i64) -> Option<i128> + Send + Sync + 'static,
) -> UserDefinedFunction {
    let fun = move |columns: &mut [Column]| {
        let [time, width, origin] = columns else {
            polars_bail!(InvalidOperation: "{name} takes three arguments");
        };
        let (width, origin) = (constant(width)?, constant(origin)?);
        let (scale, dtype) = scale(time.dtype())?;
        let times = time.cast(&dtype)?.cast(&DataType::Int64)?;
        let starts: Int64Chunked = times.i64()?.apply(|value| {
            let nanos = i128::from(value?) * scale;
            let start = start(nanos, width, origin)?;
            i64::try_from(start.div_euclid(scale)).ok()
        });
        let starts = starts.into_column().cast(&dtype)?;
        Ok(starts.with_name(time.name().clone()))
    };
    let output = |_: &Schema, fields: &[Field]| {
        let [time, ..] = fields else {
            polars_bail!(InvalidOperation: "a time is missing");
        };
        Ok(Field::new(time.name().clone(), scale(time.dtype())?.1))
    };
    UserDefinedFunction::new(name.into(), BaseColumnUdf::new(fun, output))
}

fn constant(column: &Column) -> PolarsResult<i64> {
    let value = column.get(0)?.extract::<i64>();
    value.ok_or_else(|| polars_err!(InvalidOperation: "widths of buckets are literals"))
}

/// Nanoseconds of one unit of a type of times, and the type of its buckets.
fn scale(dtype: &DataType) -> PolarsResult<(i128, DataType)> {
    Ok(match dtype {
        DataType::Datetime(unit, _) => {
            let nanos = match unit {
                TimeUnit::Nanoseconds => 1,
                TimeUnit::Microseconds => 1_000,
                TimeUnit::Milliseconds => 1_000_000,
            };
            (nanos, DataType::Datetime(*unit, None))
        }
        DataType::Date => (1_000, DataType::Datetime(TimeUnit::Microseconds, None)),
        _ => polars_bail!(InvalidOperation: "{NO_TIME}"),
    })
}
