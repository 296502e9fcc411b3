//! The port to webhooks on any engine of SQL.

use async_trait::async_trait;
use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::super::webhooks::{EventBatch, Lease, NewWebhook, Position, Webhook, Webhooks};
use super::engine::{Engine, Lane};
use super::store::SqlStore;
use super::{webhook_events, webhooks};

#[async_trait]
impl<E: Engine> Webhooks for SqlStore<E> {
    async fn add_webhook(&self, new: NewWebhook) -> Result<(), StoreFault> {
        self.write(Lane::of(&new.site), move |session| webhooks::add(session, &new)).await
    }

    async fn webhooks(&self, site: &str) -> Result<Vec<Webhook>, StoreFault> {
        let site = site.to_owned();
        self.engine().read(move |session| webhooks::all(session, &site)).await
    }

    async fn pending_events(&self, webhook: &Webhook, most: u64) -> Result<u64, StoreFault> {
        let webhook = webhook.clone();
        self.engine().read(move |session| webhook_events::pending(session, &webhook, most)).await
    }

    async fn has_forgotten(&self, webhook: &Webhook) -> Result<bool, StoreFault> {
        let webhook = webhook.clone();
        self.engine().read(move |session| webhooks::has_forgotten(session, &webhook)).await
    }

    async fn remove_webhook(&self, site: &str, id: Uuid, now: UnixMillis) -> Result<bool, StoreFault> {
        let (name, recorder) = (site.to_owned(), self.engine().recorder());
        self.write(Lane::of(site), move |session| {
            webhooks::remove(session, &recorder, (name.as_str(), id), now)
        })
        .await
    }

    async fn retry_webhook(&self, site: &str, id: Uuid) -> Result<bool, StoreFault> {
        let name = site.to_owned();
        self.write(Lane::of(site), move |session| webhooks::retry(session, &name, id)).await
    }

    async fn due_webhooks(&self, owner: Uuid, now: UnixMillis) -> Result<Vec<(String, Uuid)>, StoreFault> {
        self.engine().read(move |session| webhooks::due(session, owner, now)).await
    }

    async fn next_events(&self, site: &str, id: Uuid) -> Result<Option<(Webhook, EventBatch)>, StoreFault> {
        let site = site.to_owned();
        match self.engine().read(move |session| webhook_events::next(session, &site, id)).await {
            Err(StoreFault::Importing) => Ok(None),
            next => next,
        }
    }

    async fn lease_webhook(&self, site: &str, id: Uuid, lease: Lease) -> Result<bool, StoreFault> {
        let name = site.to_owned();
        self.write(Lane::of(site), move |session| webhooks::lease(session, &name, id, lease)).await
    }

    async fn settle_webhook(
        &self,
        webhook: &Webhook,
        owner: Uuid,
        until: Option<UnixMillis>,
    ) -> Result<bool, StoreFault> {
        let webhook = webhook.clone();
        let lane = Lane::of(&webhook.site);
        self.write(lane, move |session| webhooks::settle(session, &webhook, owner, until)).await
    }

    async fn skip_to(&self, webhook: &Webhook, position: Position) -> Result<(), StoreFault> {
        let webhook = webhook.clone();
        let lane = Lane::of(&webhook.site);
        self.write(lane, move |session| webhooks::skip_to(session, &webhook, &position)).await
    }
}
