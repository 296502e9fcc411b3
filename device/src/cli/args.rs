//! The command line.

use std::path::PathBuf;

use clap::{Args as Arguments, Parser, Subcommand};
use device::{Count, Move, Pick, Receive};
use uuid::Uuid;

const AFTER_HELP: &str = "\
Stock work is saved on this device first, also without a network; `sync` or `watch` sends it. A lot is named by its printed
code and its bin, a product by barcode, GS1 label or SKU.

Exit codes:
  0  done
  1  refused: nothing was saved, the sentence says why
  2  wrong arguments
  3  not now: the server cannot be reached or is busy, or another process is syncing; saved work stays
  4  the server refuses this device or this version; saved work stays
  5  a file or the disk of this machine cannot be used";

/// Lotbook's stock book on a device without a browser.
#[derive(Debug, Parser)]
#[command(name = "lotbook-device", version, after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The device's folder
    #[arg(long, global = true, env = "LOTBOOK_DEVICE_HOME", value_name = "DIR")]
    pub(crate) home: Option<PathBuf>,
    /// Print one JSON object per line, for scripts; errors too, on standard error
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Connect this device with a one-time link of `lotbook-server enrol`
    Connect {
        /// The link
        link: String,
        /// The device's name [default: that of the link]
        #[arg(long)]
        name: Option<String>,
        /// The server of this device's stock has moved to the address of the link
        #[arg(long)]
        moved: bool,
    },
    /// Send what is saved, and fetch what is new
    Sync,
    /// Stay connected: sync at once after every change here or on the server, until interrupted
    Watch,
    /// Show a product's lots, a bin's content, or the lots with a lot code
    Stock {
        /// Barcode, GS1 label, SKU, bin or lot code
        code: String,
    },
    /// Goods were received
    Receive(ReceiveArgs),
    /// Goods were picked: from the lot that expires first, unless a lot is named
    Pick(PickArgs),
    /// Goods were moved to another bin
    Move(MoveArgs),
    /// A lot was counted
    Count(CountArgs),
    /// List what waits to be sent and what the server did not book
    Queue {
        /// Undo an entry that waits, or give up one that was not booked
        #[arg(long, value_name = "ID", conflicts_with = "retry")]
        discard: Option<Uuid>,
        /// Send an entry again that was not booked
        #[arg(long, value_name = "ID")]
        retry: Option<Uuid>,
    },
    /// Write what was not sent, for `lotbook-server import-unsent` or another device
    ExportUnsent {
        /// The file [default: standard output]
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

#[derive(Arguments, Debug)]
pub(crate) struct ReceiveArgs {
    /// The product's code
    code: String,
    /// The lot code on the goods
    #[arg(long)]
    lot: String,
    /// The bin
    #[arg(long)]
    bin: String,
    /// Such as 12 or 0.5
    #[arg(long)]
    quantity: String,
    /// The last day they may be used, such as 2027-01-31; a known lot keeps its own
    #[arg(long, value_name = "DATE")]
    expires: Option<String>,
    /// The number of the delivery they are of
    #[arg(long, value_name = "NUMBER")]
    delivery: Option<String>,
}

#[derive(Arguments, Debug)]
pub(crate) struct PickArgs {
    /// The product's code
    code: String,
    /// Such as 12 or 0.5
    #[arg(long)]
    quantity: String,
    /// The lot code
    #[arg(long)]
    lot: Option<String>,
    /// The bin
    #[arg(long)]
    bin: Option<String>,
    /// Why not the lot that expires first: `damaged`, `not-found: bin was empty`
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Arguments, Debug)]
pub(crate) struct MoveArgs {
    /// The product's code
    code: String,
    /// The lot code
    #[arg(long)]
    lot: String,
    /// The bin they were in; needed if the lot is in several
    #[arg(long, value_name = "BIN")]
    from: Option<String>,
    /// The bin they are in now
    #[arg(long, value_name = "BIN")]
    to: String,
    /// Such as 12 or 0.5
    #[arg(long)]
    quantity: String,
}

#[derive(Arguments, Debug)]
pub(crate) struct CountArgs {
    /// The product's code
    code: String,
    /// The lot code
    #[arg(long)]
    lot: String,
    /// The bin
    #[arg(long)]
    bin: String,
    /// The quantity that is there
    #[arg(long, value_name = "QUANTITY")]
    counted: String,
}

impl From<ReceiveArgs> for Receive {
    fn from(args: ReceiveArgs) -> Self {
        let ReceiveArgs { code, lot, bin, quantity, expires, delivery } = args;
        Self { code, lot, bin, quantity, expires_on: expires, delivery }
    }
}

impl From<PickArgs> for Pick {
    fn from(args: PickArgs) -> Self {
        let PickArgs { code, quantity, lot, bin, reason } = args;
        Self { code, quantity, lot, bin, reason }
    }
}

impl From<MoveArgs> for Move {
    fn from(args: MoveArgs) -> Self {
        let MoveArgs { code, lot, from, to, quantity } = args;
        Self { code, lot, from, to, quantity }
    }
}

impl From<CountArgs> for Count {
    fn from(args: CountArgs) -> Self {
        let CountArgs { code, lot, bin, counted } = args;
        Self { code, lot, bin, counted }
    }
}
