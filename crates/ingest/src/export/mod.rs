//! A lake back into requests.

mod error;
mod lake;
mod options;
mod requests;

pub use error::ExportError;
pub use lake::export;
pub(crate) use lake::{LakeRequest, Visit};
pub use options::{ExportFormat, ExportOptions};
pub(crate) use requests::Encode;
pub use requests::Exported;
