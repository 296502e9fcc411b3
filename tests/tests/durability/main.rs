//! Durability of the server binary: it is killed, its log is torn and old files are restored while devices
//! work.

mod backup;
mod books;
mod crew;
mod dice;
mod imports;
mod kill;
mod log;
mod postgres;
mod restore;
mod server;
mod torn;
mod webhooks;
