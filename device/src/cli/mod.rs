//! Runs one command and prints its result.

pub(crate) mod args;
mod print;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use device::{Device, DeviceError, Home, Link, Remedy, connect};
use tokio::runtime;
use tokio::task::LocalSet;

use args::{Args, Command};
use print::Printer;

/// Threads that receive answers while the main one stores rows.
const RECEIVING_THREADS: usize = 1;

/// Runs the command and returns its exit code.
pub(crate) fn run(args: Args) -> ExitCode {
    let printer = Printer { json: args.json };
    let runtime = runtime::Builder::new_multi_thread().worker_threads(RECEIVING_THREADS).enable_all().build();
    let done = match runtime {
        Ok(runtime) => LocalSet::new().block_on(&runtime, carry_out(args, printer)),
        Err(error) => Err(DeviceError::Refused(format!("This process cannot start: {error}."))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            printer.error(&error);
            ExitCode::from(match error.remedy() {
                Remedy::Correct => 1,
                Remedy::Wait => 3,
                Remedy::Administrator => 4,
                Remedy::Machine => 5,
            })
        }
    }
}

/// The folder by `--home`, else the user's own.
fn home(given: Option<PathBuf>) -> Result<Home, DeviceError> {
    let of_user = || {
        let data = std::env::var_os("XDG_DATA_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let data = data.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
        data.map(|data| data.join("lotbook-device"))
    };
    let unknown = || DeviceError::Refused("Say with --home where this device's folder is.".to_owned());
    given.or_else(of_user).map(Home::new).ok_or_else(unknown)
}

async fn carry_out(args: Args, printer: Printer) -> Result<(), DeviceError> {
    let home = home(args.home)?;
    if let Command::Connect { link, name, moved } = args.command {
        let identity = connect(&home, &Link::read(&link)?, name.as_deref(), moved).await?;
        printer.connected(&identity);
        return Ok(());
    }
    let device = Device::open(&home).await?;
    match args.command {
        Command::Connect { .. } => {}
        Command::Sync => {
            let synced = device.sync(|notice| printer.progress(notice)).await?;
            printer.synced(&synced, &device);
        }
        Command::Watch => watch::watch(&device, printer).await,
        Command::Stock { code } => printer.stock(&device.stock(&code).await?),
        Command::Receive(request) => printer.saved(&device.receive(&request.into()).await?),
        Command::Pick(request) => printer.saved(&device.pick(&request.into()).await?),
        Command::Move(request) => printer.saved(&device.move_lot(&request.into()).await?),
        Command::Count(request) => printer.saved(&device.count(&request.into()).await?),
        Command::Queue { discard, retry } => {
            if let Some(id) = discard {
                device.discard(id).await?;
            }
            if let Some(id) = retry {
                device.retry(id).await?;
            }
            printer.queue(&device.queue().await?, device.unreadable());
        }
        Command::ExportUnsent { to } => export_unsent(&device, to, printer).await?,
    }
    Ok(())
}

async fn export_unsent(device: &Device, to: Option<PathBuf>, printer: Printer) -> Result<(), DeviceError> {
    let unsent = device.unsent().await?;
    let text = serde_json::to_string_pretty(&unsent)
        .map_err(|error| DeviceError::Refused(format!("The work cannot be written: {error}.")))?;
    let Some(file) = to else {
        printer.text(&text);
        return Ok(());
    };
    let write = || -> std::io::Result<()> {
        let mut opened = std::fs::File::options().create_new(true).write(true).open(&file)?;
        std::io::Write::write_all(&mut opened, text.as_bytes())?;
        opened.sync_all()
    };
    write().map_err(|error| DeviceError::File { file: file.clone(), reason: error.to_string() })?;
    printer.exported(unsent.mutations.len(), &file);
    Ok(())
}
