//! The server binary under power cuts: it is killed, its log is torn, its files are put back, while devices work.

mod backup;
mod books;
mod crew;
mod dice;
mod kill;
mod log;
mod server;
mod torn;
