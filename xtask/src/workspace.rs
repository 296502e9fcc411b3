//! Paths in the repository and in the target directory.

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;
use std::path::PathBuf;

/// The repository's folders.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, wherever it is configured.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo for the paths.
    pub(crate) fn find() -> Result<Self> {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .context("cargo cannot read the workspace; mend Cargo.toml first")?;
        Ok(Self { root: metadata.workspace_root.into(), target: metadata.target_directory.into() })
    }

    /// The linker's output of the app; the profile's name comes from `index.html` and `Cargo.toml`.
    pub(crate) fn linked_app(&self, is_debug: bool) -> PathBuf {
        let profile = if is_debug { "debug" } else { "wasm" };
        self.target.join("wasm32-unknown-unknown").join(profile).join("app.wasm")
    }

    /// The built app.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// The folder for tools that the system lacks.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }
}
