//! A lake back into requests.

mod error;
mod lake;
mod options;
mod requests;

pub use error::ExportError;
pub use lake::export;
pub use options::{ExportFormat, ExportOptions};
pub use requests::Exported;
