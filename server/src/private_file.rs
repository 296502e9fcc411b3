//! Files that only the server's own user may read: they hold stock, names and hashes of tokens.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

/// Options that create a file with the mode 0600. The mode of an existing file is kept.
pub(crate) fn options() -> OpenOptions {
    let mut options = File::options();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Opens a file for writing and creates it if needed; its content is kept.
pub(crate) fn open_or_create(path: &Path) -> io::Result<File> {
    options().create(true).truncate(false).write(true).open(path)
}

/// Makes the creation, renaming and removal of files in the folder of `path` durable.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    // Other systems cannot open a folder as a file.
    #[cfg(unix)]
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
