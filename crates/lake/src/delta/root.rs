//! The URLs by which the kernel knows the files of a lake.

use std::fs;
use std::path::{Path, PathBuf};

use url::Url;

use crate::error::LakeError;
use crate::names;

/// What the kernel takes for an escape once too often.
const DOUBLY_UNDONE: &str = "%25";

/// The directory of a lake, as it was named and as it is: URLs have no working directory to start
/// from, and the kernel takes `..` out of them.
#[derive(Clone, Debug)]
pub(super) struct Root {
    named: PathBuf,
    is: PathBuf,
}

impl Root {
    /// `lake` is how the paths of all files of the lake begin.
    ///
    /// # Errors
    ///
    /// If there is no such directory, or the kernel would take it for another one.
    pub fn new(lake: &Path) -> Result<Self, LakeError> {
        let is = fs::canonicalize(lake).map_err(LakeError::io("find", lake))?;
        let is_unknown = |c: char| c == '\\' || c.is_ascii_control();
        let has_log = is.iter().any(|name| name == names::LOG);
        let is_bad = |path: &str| path.contains(is_unknown) || path.contains(DOUBLY_UNDONE);
        if has_log || is.to_str().is_none_or(is_bad) {
            return Err(LakeError::BadPlace { path: is });
        }
        Ok(Self {
            named: lake.to_owned(),
            is,
        })
    }

    /// The URL of a directory of the lake, to which names can be added.
    pub fn directory_url(&self, path: &Path) -> Result<Url, LakeError> {
        Url::from_directory_path(self.absolute(path)?).map_err(|()| outside(path))
    }

    fn absolute(&self, path: &Path) -> Result<PathBuf, LakeError> {
        let inside = path.strip_prefix(&self.named).map_err(|_| outside(path))?;
        Ok(self.is.join(inside))
    }
}

fn outside(path: &Path) -> LakeError {
    LakeError::OutsideLake {
        path: path.to_owned(),
    }
}
