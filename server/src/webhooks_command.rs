//! The command `webhooks`: its options and what it prints.

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::CalendarDate;
use server::store::Store;
use server::store::webhooks::{EventKind, Webhook};
use server::webhooks::new_webhook;
use sync::UnixMillis;
use uuid::Uuid;

use crate::terminal::printable;
use crate::{SiteArgs, counted, grouped};

/// Pending events are counted up to here.
const MAX_COUNTED_EVENTS: u64 = 10_000;
/// The characters of an id that are shown; any beginning of it that is one webhook's will do.
const SHOWN_ID_CHARS: usize = 8;

#[derive(Debug, Args)]
pub(crate) struct WebhooksArgs {
    #[command(subcommand)]
    command: WebhooksCommand,
}

#[derive(Debug, Subcommand)]
enum WebhooksCommand {
    /// Tell a URL what is booked from now on, and print the secret of the signatures, once
    Create(CreateArgs),
    /// List the webhooks of a site, with what they have not been told yet
    List(SiteArgs),
    /// Remove a webhook: nothing more is sent to it
    Remove(OneArgs),
    /// Try a webhook again that failed or was given up; it is told everything since
    Retry(OneArgs),
}

#[derive(Debug, Args)]
struct CreateArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// Where events are posted as JSON, such as https://erp.example/lotbook
    #[arg(long, value_name = "URL")]
    url: String,
    /// An event to tell: product.changed, delivery.changed, movement.booked or order.booked; give it once for each
    #[arg(long = "event", required = true, value_name = "EVENT", value_delimiter = ',')]
    events: Vec<EventKind>,
}

#[derive(Debug, Args)]
struct OneArgs {
    #[command(flatten)]
    site: SiteArgs,
    /// The webhook's id in the list of `webhooks list`
    #[arg(long, value_name = "ID")]
    webhook: String,
}

pub(crate) async fn run(args: WebhooksArgs, now: UnixMillis) -> Result<()> {
    match args.command {
        WebhooksCommand::Create(args) => create(args, now).await,
        WebhooksCommand::List(args) => list(args).await,
        WebhooksCommand::Remove(OneArgs { site, webhook }) => {
            let store = site.database.database()?.open_existing().await?;
            let found = one(store.as_ref(), &site.site, &webhook).await?;
            store.remove_webhook(&site.site, found.id, now).await?;
            println!("{} is removed. Nothing more is sent to {}.", short(found.id), printable(&found.url));
            Ok(())
        }
        WebhooksCommand::Retry(OneArgs { site, webhook }) => {
            let store = site.database.database()?.open_existing().await?;
            let found = one(store.as_ref(), &site.site, &webhook).await?;
            store.retry_webhook(&site.site, found.id).await?;
            println!("{} is tried again within seconds by the running server.", short(found.id));
            if found.state.failures > 0 && store.has_forgotten(&found).await? {
                println!(
                    "Some of what it had not been told is forgotten by now, such as deletions: compare what the receiver has with an \
                     export."
                );
            }
            Ok(())
        }
    }
}

async fn create(args: CreateArgs, now: UnixMillis) -> Result<()> {
    let CreateArgs { site, url, events } = args;
    let new = new_webhook(&site.site, &url, &events, now)??;
    let store = site.database.database()?.open_existing().await?;
    let (id, secret, told) = (new.id, new.secret.clone(), names(&new.kinds));
    store.add_webhook(new).await?;
    println!("{} tells {} of {told} from now on.", short(id), printable(&url));
    println!("Its secret, which is not shown again: {}", secret.expose());
    if url.starts_with("http:") {
        println!("What is sent to an http URL is signed, but can be read on the way.");
    }
    Ok(())
}

async fn list(args: SiteArgs) -> Result<()> {
    let store = args.database.database()?.open_to_read().await?;
    let webhooks = store.webhooks(&args.site).await?;
    for webhook in &webhooks {
        let pending = match store.pending_events(webhook, MAX_COUNTED_EVENTS).await? {
            MAX_COUNTED_EVENTS => format!("{} or more events", grouped(MAX_COUNTED_EVENTS)),
            pending => counted(pending, "event", "events"),
        };
        let (id, url) = (short(webhook.id), printable(&webhook.url));
        let is_dead = if webhook.state.dead_at.is_some() { "dead" } else { "active" };
        println!("{id}  {is_dead}  {pending} pending  {url}  {}", names(&webhook.kinds));
        if let Some(trouble) = trouble(webhook) {
            println!("    {trouble}");
        }
    }
    println!("{}.", counted(webhooks.len(), "webhook", "webhooks"));
    Ok(())
}

/// What is wrong with a webhook, and what to do.
fn trouble(webhook: &Webhook) -> Option<String> {
    let state = &webhook.state;
    let day = |at| CalendarDate::of(at, 0);
    let attempts = counted(state.failures, "attempt", "attempts");
    let since = state.failing_since.map(|at| format!(" since {}", day(at))).unwrap_or_default();
    let reason = printable(&state.last_error);
    match state.dead_at {
        Some(at) => Some(format!(
            "given up on {} after {attempts}: {reason}. Mend the receiver, then run `lotbook-server webhooks retry --webhook {}`.",
            day(at),
            short(webhook.id)
        )),
        None if state.failures > 0 => Some(format!("failing{since}, {attempts}: {reason}.")),
        None => None,
    }
}

/// The webhook whose id begins so.
async fn one(store: &dyn Store, site: &str, beginning: &str) -> Result<Webhook> {
    let beginning = beginning.to_lowercase();
    let known = store.webhooks(site).await?;
    let mut found = known.into_iter().filter(|webhook| webhook.id.to_string().starts_with(&beginning));
    match (found.next(), found.next()) {
        (Some(one), None) if !beginning.is_empty() => Ok(one),
        (None, _) => bail!(
            "The site \"{site}\" has no webhook {beginning}. `lotbook-server webhooks list` lists them."
        ),
        (Some(_), _) => bail!("Several webhooks begin with \"{beginning}\". Give more of the id."),
    }
}

fn short(id: Uuid) -> String {
    id.to_string().chars().take(SHOWN_ID_CHARS).collect()
}

fn names(kinds: &[EventKind]) -> String {
    kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}
