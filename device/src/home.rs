//! A device's folder: its database, its identity with the token, and the lock of rounds.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use device_store::SqliteStore;
use domain::Warehouse;
use serde::{Deserialize, Serialize};
use sync::Store as _;
use uuid::Uuid;

use crate::error::DeviceError;

/// A device's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home(PathBuf);

/// Which device this is, and how it reaches its server. The file holds the token, so only its owner may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The server's base URL, without a slash at its end.
    pub server: String,
    /// The bearer token.
    pub token: String,
    /// The device's id on the server.
    pub device: Uuid,
    /// Its name, which is the author of its work.
    pub name: String,
    /// The prefix of its order numbers.
    pub prefix: String,
    /// Its site.
    pub site: String,
    /// The id of its database: another one in the same folder is not this device's.
    pub client: Uuid,
}

impl Home {
    /// The folder `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database.
    pub fn database(&self) -> PathBuf {
        self.0.join("lotbook.db")
    }

    /// The identity.
    pub fn identity_file(&self) -> PathBuf {
        self.0.join("device.json")
    }

    /// The lock that a process holds during a round.
    pub fn lock(&self) -> PathBuf {
        self.0.join("round.lock")
    }

    pub(crate) fn fault(file: &Path, reason: impl ToString) -> DeviceError {
        DeviceError::File { file: file.to_owned(), reason: reason.to_string() }
    }

    /// Creates the folder for its owner alone.
    pub(crate) fn create(&self) -> Result<(), DeviceError> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.0).map_err(|error| Self::fault(&self.0, error))
    }

    /// The stored identity. `None` before the device is connected.
    ///
    /// # Errors
    /// [`DeviceError::File`] if it cannot be read.
    pub fn identity(&self) -> Result<Option<Identity>, DeviceError> {
        let file = self.identity_file();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Self::fault(&file, error)),
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            let reason = format!("{error}; connect again with a new link, work that was not sent stays");
            Self::fault(&file, reason)
        })
    }

    /// Replaces the identity; after an interruption, the old one or the new one is there.
    pub(crate) fn keep_identity(&self, identity: &Identity) -> Result<(), DeviceError> {
        let (file, part) = (self.identity_file(), self.0.join("device.json.part"));
        let write = || -> io::Result<()> {
            let mut options = File::options();
            options.create(true).truncate(true).write(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            let mut opened = options.open(&part)?;
            opened.write_all(serde_json::to_string_pretty(identity)?.as_bytes())?;
            opened.sync_all()?;
            fs::rename(&part, &file)?;
            #[cfg(unix)]
            File::open(&self.0)?.sync_all()?;
            Ok(())
        };
        write().map_err(|error| Self::fault(&file, error))
    }

    /// Opens the stock book of a connected device.
    pub(crate) async fn open_store(
        &self,
        identity: &Identity,
    ) -> Result<SqliteStore<Warehouse>, DeviceError> {
        let file = self.database();
        let fault = |error| DeviceError::of_store(error, &file);
        let store = SqliteStore::open(&file).map_err(fault)?;
        let client = store.outbox(0).await.map_err(fault)?.client;
        if client != identity.client {
            let reason = "it is the stock book of another device; connect again with a new link".to_owned();
            return Err(Self::fault(&file, reason));
        }
        Ok(store)
    }
}
