//! The commands `people` and `settings`: their options and what they print.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use domain::{CalendarDate, MAX_PEOPLE, Person, Role, SettingName, SiteSetting};
use server::people::{self, MAX_PEOPLE_FILE_BYTES, PersonFields};
use server::store::people::SiteChange;
use server::store::transfers::{Transfer, TransferLine, TransferState};
use sync::UnixMillis;

use crate::terminal::printable;
use crate::{SiteArgs, counted};

#[derive(Debug, Args)]
pub(crate) struct PeopleArgs {
    #[command(subcommand)]
    command: PeopleCommand,
}

#[derive(Debug, Subcommand)]
enum PeopleCommand {
    /// Add a person: from the first one on, roles decide who may do what at the site
    Add(AddArgs),
    /// List everybody with their role
    List(SiteArgs),
    /// Change a person; what is left out stays
    Change(ChangeArgs),
    /// Put a number in the place of the name of somebody who has left; their work stays
    Forget(NameArgs),
    /// Add and change people from a CSV file, all or none
    ///
    /// The first line names the columns: name, and any of initials, badge, pin, role, language and active (yes or no). Somebody of a
    /// known name is changed.
    Import(ImportPeopleArgs),
}

#[derive(Debug, Args)]
struct FieldArgs {
    /// Two letters or so, for small places; those of the name by default
    #[arg(long, value_name = "LETTERS")]
    initials: Option<String>,
    /// The code on their badge; "" for none
    #[arg(long, value_name = "CODE")]
    badge: Option<String>,
    /// 4 to 12 digits; "" for none
    #[arg(long, value_name = "DIGITS")]
    pin: Option<String>,
    /// viewer, worker, lead, supervisor or admin
    #[arg(long, value_name = "ROLE", value_parser = people::role)]
    role: Option<Role>,
    /// The language of their screens: en, de, es or ar; "" for the device's
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
}

#[derive(Debug, Args)]
struct AddArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Their name, as colleagues know it
    #[arg(long)]
    name: String,
    #[command(flatten)]
    fields: FieldArgs,
}

#[derive(Debug, Args)]
struct ChangeArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Their name in the list of `people list`
    #[arg(long)]
    name: String,
    /// Their new name
    #[arg(long, value_name = "NAME")]
    new_name: Option<String>,
    #[command(flatten)]
    fields: FieldArgs,
    /// They have left
    #[arg(long, conflicts_with = "returned")]
    retired: bool,
    /// They are back
    #[arg(long)]
    returned: bool,
}

#[derive(Debug, Args)]
struct NameArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Their name in the list of `people list`
    #[arg(long)]
    name: String,
}

#[derive(Debug, Args)]
struct ImportPeopleArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl FieldArgs {
    fn fields(self, name: Option<String>, active: Option<bool>) -> PersonFields {
        let Self { initials, badge, pin, role, language } = self;
        PersonFields { name, initials, badge, pin, language, role, active }
    }
}

pub(crate) async fn run(args: PeopleArgs, now: UnixMillis) -> Result<()> {
    match args.command {
        PeopleCommand::Add(AddArgs { site, name, fields }) => {
            let store = site.database.database()?.open_existing().await?;
            let person =
                people::add(store.as_ref(), &site.site, fields.fields(Some(name), None), now).await?;
            println!("{}", line(&person));
        }
        PeopleCommand::List(site) => list(&site).await?,
        PeopleCommand::Change(args) => change(args, now).await?,
        PeopleCommand::Forget(NameArgs { site, name }) => {
            let store = site.database.database()?.open_existing().await?;
            let number = people::forget(store.as_ref(), &site.site, &name, now).await?;
            println!("{} is \"{number}\" from now on, in histories as well.", printable(&name));
        }
        PeopleCommand::Import(ImportPeopleArgs { site, file }) => {
            let bytes =
                fs::metadata(&file).with_context(|| format!("{} cannot be read", file.display()))?.len();
            ensure!(
                bytes <= MAX_PEOPLE_FILE_BYTES,
                "{} is too large: a site has at most {MAX_PEOPLE} people.",
                file.display()
            );
            let text =
                fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
            let store = site.database.database()?.open_existing().await?;
            let done = people::import(store.as_ref(), &site.site, &text, now)
                .await
                .with_context(|| format!("{} was not imported", file.display()))?;
            println!("{} added, {} changed.", counted(done.added, "person", "people"), done.changed);
        }
    }
    Ok(())
}

async fn change(args: ChangeArgs, now: UnixMillis) -> Result<()> {
    let ChangeArgs { site, name, new_name, fields, retired, returned } = args;
    let active = (retired || returned).then_some(returned);
    let store = site.database.database()?.open_existing().await?;
    let person =
        people::change(store.as_ref(), &site.site, &name, fields.fields(new_name, active), now).await?;
    println!("{}", line(&person));
    Ok(())
}

async fn list(site: &SiteArgs) -> Result<()> {
    let store = site.database.database()?.open_to_read().await?;
    let found = store.site_people(&site.site).await?;
    for person in &found.people {
        println!("{}", line(person));
    }
    println!("{}.", counted(found.people.len(), "person", "people"));
    Ok(())
}

fn line(person: &Person) -> String {
    let Person { name, initials, badge, pin, language, role, active, .. } = person;
    let mut marks = Vec::new();
    marks.extend(badge.map(|_| "badge"));
    marks.extend(pin.as_ref().map(|_| "PIN"));
    marks.extend((!active).then_some("retired"));
    let language = if language.is_empty() { String::new() } else { format!("  {language}") };
    printable(&format!("{name}  {initials}  {}{language}  {}", role.code(), marks.join(", ")))
        .trim_end()
        .to_owned()
}

#[derive(Debug, Args)]
pub(crate) struct SettingsArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The setting to change; without it, all are listed
    #[arg(value_name = "NAME", requires = "value")]
    name: Option<String>,
    /// Its value
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: Option<String>,
}

/// Transfers that are listed; earlier ones are left out.
const MAX_LISTED_TRANSFERS: usize = 100;

pub(crate) async fn transfers(args: &SiteArgs) -> Result<()> {
    let store = args.database.database()?.open_to_read().await?;
    let found = store.transfers(&args.site, MAX_LISTED_TRANSFERS).await?;
    for Transfer { number, to_site, sent_at, state, lines, .. } in &found {
        let state = match state {
            TransferState::Sent => "sent",
            TransferState::Expected => "expected there",
            TransferState::Settled => "received",
            TransferState::Short => "received short",
        };
        println!(
            "{}  to {}  {}  {state}",
            printable(number),
            printable(to_site),
            CalendarDate::of(*sent_at, 0)
        );
        for TransferLine { sku, name, sent, received, .. } in lines {
            println!("    {}  {}: {sent} sent, {received} received", printable(sku), printable(name));
        }
    }
    println!("{}.", counted(found.len(), "transfer", "transfers"));
    Ok(())
}

pub(crate) async fn settings(args: SettingsArgs, now: UnixMillis) -> Result<()> {
    let SettingsArgs { site, name, value } = args;
    if let Some((code, value)) = name.zip(value) {
        ensure!(
            code != SettingName::BadgeKey.code(),
            "The key of badges cannot be changed: no badge would be known."
        );
        let store = site.database.database()?.open_existing().await?;
        let settings = vec![SiteSetting { code, value }];
        store.change_site(SiteChange { site: site.site.clone(), people: Vec::new(), settings, now }).await?;
    }
    let store = site.database.database()?.open_to_read().await?;
    let found = store.site_people(&site.site).await?;
    for name in SettingName::ALL.into_iter().filter(|name| *name != SettingName::BadgeKey) {
        let value = found.setting(name);
        println!(
            "{}  {}",
            name.code(),
            if value.is_empty() { "(not set)".to_owned() } else { printable(value) }
        );
    }
    Ok(())
}
