//! The command `import`: its options, its question, and what it prints.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use server::csv::{DecimalSign, FileEncoding, Reading, Source};
use server::import::{ImportOptions, ImportReport, Prepared, listed, prepare};
use server::store::{Consent, KnownKeys, Store};
use sync::UnixMillis;

use crate::terminal::printable;
use crate::{SiteArgs, counted, grouped};

#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The file of products
    #[arg(long, value_name = "FILE", required_unless_present_any = ["lots", "deliveries"])]
    products: Option<PathBuf>,
    /// The file of lots
    #[arg(long, value_name = "FILE")]
    lots: Option<PathBuf>,
    /// The file of deliveries
    #[arg(long, value_name = "FILE")]
    deliveries: Option<PathBuf>,
    /// List bad lines and import the others; without this option, a bad line stops the import
    #[arg(long)]
    skip_bad: bool,
    /// Check the files and print what would change, without writing anything
    #[arg(long)]
    dry_run: bool,
    /// Change the stock of lots without asking
    #[arg(long, conflicts_with = "dry_run")]
    yes: bool,
    /// The decimal sign of quantities; without this option, 1,250 and 1.250 are refused, as they have two readings
    #[arg(long, value_name = "SIGN")]
    decimal: Option<DecimalSign>,
    /// The encoding of files without a byte order mark [default: utf-8]
    #[arg(long, value_name = "NAME")]
    encoding: Option<FileEncoding>,
}

/// Imports the files, after a question if that changes the stock of lots.
pub(crate) async fn run(args: ImportArgs, now: UnixMillis) -> Result<()> {
    let ImportArgs { site, products, lots, deliveries, skip_bad, dry_run, yes, decimal, encoding } = args;
    let database = site.database.database()?.clone();
    let site = site.site;
    let reading = Reading { decimal, encoding };
    let open = |path: Option<PathBuf>| {
        let source = path.as_deref().map(Source::open).transpose()?;
        anyhow::Ok(source.map(|source| source.read_as(reading)))
    };
    let (products, lots, deliveries) = (open(products)?, open(lots)?, open(deliveries)?);
    let options = ImportOptions { site, products, lots, deliveries, skip_bad };
    if dry_run && database.is_missing() {
        let prepared = prepare(&KnownKeys::default(), options, now)?;
        print_dry_run(&prepared, &prepared.for_empty_site());
        return Ok(());
    }
    let store = database.open_current().await?;
    let store = store.as_ref();
    let prepared = prepare(&store.known_keys(&options.site).await?, options, now)?;
    if dry_run {
        let report = prepared.write(store, Consent::Nothing).await?;
        print_dry_run(&prepared, &report);
        return Ok(());
    }
    let consent = if yes { Consent::Everything } else { Consent::NoStock };
    let report = prepared.write(store, consent).await?;
    print_remarks(&report);
    let ImportReport { imported, stock, .. } =
        if report.is_written { report } else { confirmed(&prepared, store, report).await? };
    println!(
        "Imported {} new and {} changed rows; {} were already there.",
        grouped(imported.added),
        grouped(imported.changed),
        grouped(imported.unchanged)
    );
    if !stock.is_empty() {
        println!("The stock of {} was changed.", counted(stock.len(), "lot", "lots"));
    }
    Ok(())
}

/// Asks whether stock may be changed, and imports the files then.
async fn confirmed(prepared: &Prepared, store: &dyn Store, report: ImportReport) -> Result<ImportReport> {
    let lots = counted(report.stock.len(), "lot", "lots");
    eprint!("The stock of {lots} would change:\n{}", printable(&prepared.stock_listed(&report.stock)));
    if !io::stdin().is_terminal() {
        bail!(
            "Nothing was imported: the stock of {lots} would change. Add --yes if the quantities in the file are right."
        );
    }
    eprint!("Change the stock of {lots}? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if !is_yes(&answer) {
        bail!("Nothing was imported.");
    }
    let report = prepared.write(store, Consent::These(report.stock)).await?;
    if !report.is_written {
        bail!("Nothing was imported: stock has changed since the question. Import the files again.");
    }
    Ok(report)
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

fn print_dry_run(prepared: &Prepared, report: &ImportReport) {
    print_remarks(report);
    let ImportReport { imported, stock, .. } = report;
    println!(
        "Nothing was written. The import would add {} and change {} rows; {} are already there.",
        grouped(imported.added),
        grouped(imported.changed),
        grouped(imported.unchanged)
    );
    if !stock.is_empty() {
        let lots = counted(stock.len(), "lot", "lots");
        print!("The stock of {lots} would change:\n{}", printable(&prepared.stock_listed(stock)));
    }
}

fn print_remarks(report: &ImportReport) {
    for warning in &report.warnings {
        eprintln!("Note: {}.", printable(warning));
    }
    if !report.skipped.is_empty() {
        eprintln!("Skipped:\n{}", printable(&listed(&report.skipped)));
    }
}

#[cfg(test)]
mod tests {
    use super::is_yes;

    #[test]
    fn only_a_yes_is_a_yes() {
        assert!(["y", "Y\n", " yes ", "YES\r\n"].into_iter().all(is_yes));
        assert!(!["", "\n", "n", "no", "yep", "j"].into_iter().any(is_yes));
    }
}
