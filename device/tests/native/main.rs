//! `lotbook-device` against the real server: connected, offline, killed, with damaged files and on a full disk.

mod damage;
mod first_sync;
mod full_disk;
mod kills;
mod machine;
mod proxy;
mod story;
