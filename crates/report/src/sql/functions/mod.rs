//! Functions that the engine lacks.

mod json;
mod time;

use polars::prelude::{PolarsResult, UserDefinedFunction, polars_bail};
use polars::sql::FunctionRegistry;

/// All functions of our own.
pub(super) struct Functions(Vec<UserDefinedFunction>);

impl Functions {
    pub(super) fn new() -> Self {
        Self([time::functions(), json::functions()].concat())
    }
}

impl FunctionRegistry for Functions {
    fn register(&mut self, name: &str, _: UserDefinedFunction) -> PolarsResult<()> {
        polars_bail!(InvalidOperation: "no function is added to a query, `{name}` neither")
    }

    fn get_udf(&self, name: &str) -> PolarsResult<Option<UserDefinedFunction>> {
        Ok(self.0.iter().find(|f| f.name.as_str() == name).cloned())
    }

    fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|f| f.name.as_str() == name)
    }
}
