//! The command `restore`: its options and what it prints.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use server::database_lock::DatabaseLock;
use server::store::sqlite::{CarriedOver, restore};
use sync::UnixMillis;

use crate::counted;
use crate::database_args::DatabaseArgs;

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    /// The backup
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    /// Restore although the security log is missing: devices that were revoked since the backup are let in again
    #[arg(long)]
    without_security_log: bool,
}

pub(crate) fn run(args: &RestoreArgs, now: UnixMillis) -> Result<()> {
    let RestoreArgs { database, from, without_security_log } = args;
    let file = database.database()?.file()?;
    let lock = DatabaseLock::take(file)?;
    let restored = restore(lock.database(), from, *without_security_log, now)?;
    println!("Restored {} from {}.", file.display(), from.display());
    match restored.carried {
        Some(carried) => print_carried(carried),
        None => println!(
            "Without a security log: devices that were disconnected since the backup may be connected again. Look at \
             `devices`, and disconnect what is lost with `revoke`."
        ),
    }
    if let Some(aside) = restored.aside {
        println!("The old files are kept as {}; delete them when all is well.", aside.display());
    }
    Ok(())
}

fn print_carried(carried: CarriedOver) {
    let CarriedOver { revoked, codes, webhooks, enrolled, left_out, unreadable, .. } = carried;
    let CarriedOver { keys_added, keys_revoked, keys_left_out, accounts_closed, .. } = carried;
    println!(
        "Carried over from the security log: {}, {}, {}.",
        counted(revoked, "revoked device", "revoked devices"),
        counted(enrolled, "enrolled device", "enrolled devices"),
        counted(codes, "used code", "used codes"),
    );
    if webhooks > 0 {
        println!("{} removed again.", counted(webhooks, "webhook is", "webhooks are"));
    }
    if keys_added + keys_revoked > 0 {
        println!(
            "And of other systems: {}, {}.",
            counted(keys_revoked, "revoked key", "revoked keys"),
            counted(keys_added, "new key", "new keys"),
        );
    }
    if accounts_closed > 0 {
        let closed = counted(accounts_closed, "account of the office is", "accounts of the office are");
        println!("{closed} closed again.");
    }
    if keys_left_out > 0 {
        println!("{} to be made again.", counted(keys_left_out, "key has", "keys have"));
    }
    if left_out > 0 {
        println!("{} to be enrolled again.", counted(left_out, "device has", "devices have"));
    }
    if unreadable > 0 {
        println!("{} of the security log could not be read.", counted(unreadable, "line", "lines"));
    }
}
