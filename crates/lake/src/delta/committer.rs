//! Makes a version of a table appear at once and for good.

use std::path::PathBuf;

use delta_kernel::committer::{CommitMetadata, CommitResponse, Committer, PublishMetadata};
use delta_kernel::engine::to_json_bytes;
use delta_kernel::{
    Engine, FileMeta, FilteredEngineData, KernelError, KernelResult, KernelResultIterator,
};

use url::Url;

use crate::disk::{self, Aside, Durability};
use crate::error::LakeError;

/// Writes the actions aside, syncs them, and links the file to the name of its version unless
/// another writer has taken that. The committer of the kernel does not sync.
#[derive(Debug)]
pub(super) struct DurableCommitter {
    /// A directory of the lake that this process has for itself.
    pub aside: PathBuf,
    pub durability: Durability,
}

impl Committer for DurableCommitter {
    fn commit(
        &self,
        _: &dyn Engine,
        actions: KernelResultIterator<'_, FilteredEngineData>,
        commit_metadata: CommitMetadata,
    ) -> KernelResult<CommitResponse> {
        let version = commit_metadata.version();
        let location = commit_metadata.published_commit_path()?;
        let path = to_path(&location)?;
        if let Some(directory) = path.parent() {
            disk::create_dir_all(directory).map_err(other)?;
        }
        let json = to_json_bytes(actions)?;
        let aside = Aside {
            directory: &self.aside,
            durability: self.durability,
        };
        if !aside.write_new(&path, &json).map_err(other)? {
            return Ok(CommitResponse::Conflict { version });
        }
        let modified = commit_metadata.in_commit_timestamp();
        Ok(CommitResponse::Committed {
            file_meta: FileMeta::new(location, modified, json.len() as u64),
        })
    }

    fn is_catalog_committer(&self) -> bool {
        false
    }

    fn publish(&self, _: &dyn Engine, metadata: PublishMetadata) -> KernelResult<()> {
        match metadata.commits_to_publish().is_empty() {
            true => Ok(()),
            false => Err(KernelError::generic("there is no catalog to publish from")),
        }
    }
}

/// The path of a file.
pub(super) fn to_path(url: &Url) -> KernelResult<PathBuf> {
    url.to_file_path()
        .map_err(|()| KernelError::generic(format!("not a path of a file: `{url}`")))
}

/// An error of ours on its way through the kernel.
pub(super) fn other(error: LakeError) -> KernelError {
    KernelError::GenericError {
        source: Box::new(error),
    }
}
