//! The part of the store for other systems, on any engine of SQL.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{Order, Row};
use sync::{UnixMillis, Versioned};
use uuid::Uuid;

use super::super::{
    Answered, ApiKey, ApiStore, Consent, Import, KeyedRequest, KnownKeys, ListQuery, Movement, NamedKeys,
    NewKey, Page, PlacedOrder, Position, Since, StoreFault,
};
use super::engine::{Engine, Lane};
use super::session::Session;
use super::store::SqlStore;
use super::{api_keys, api_reads, api_writes, keys};

#[async_trait]
impl<E: Engine> ApiStore for SqlStore<E> {
    async fn add_key(&self, key: NewKey) -> Result<ApiKey, StoreFault> {
        let recorder = self.engine().recorder();
        self.write(Lane::of(&key.site), move |session| api_keys::add(session, &recorder, &key)).await
    }

    async fn api_key(&self, site: &str, secret_hash: [u8; 32]) -> Result<Option<ApiKey>, StoreFault> {
        let site = site.to_owned();
        self.engine().read(move |session| api_keys::by_secret(session, &site, secret_hash)).await
    }

    async fn api_keys(&self, site: &str) -> Result<Vec<ApiKey>, StoreFault> {
        let site = site.to_owned();
        self.engine().read(move |session| api_keys::all(session, &site)).await
    }

    async fn revoke_key(&self, site: &str, key: Uuid, now: UnixMillis) -> Result<bool, StoreFault> {
        let (name, recorder) = (site.to_owned(), self.engine().recorder());
        self.write(Lane::of(site), move |session| api_keys::revoke(session, &recorder, &name, key, now)).await
    }

    async fn saw_key(&self, site: &str, key: Uuid, now: UnixMillis) -> Result<(), StoreFault> {
        let name = site.to_owned();
        self.write(Lane::of(site), move |session| api_keys::saw(session, &name, key, now)).await
    }

    async fn list(&self, site: &str, query: ListQuery) -> Result<Page<Versioned<Row>>, StoreFault> {
        let site = site.to_owned();
        self.engine().read(move |session| api_reads::list(session, &site, &query)).await
    }

    async fn movements(
        &self,
        site: &str,
        after: Position,
        max_rows: usize,
    ) -> Result<Since<Movement>, StoreFault> {
        let site = site.to_owned();
        self.engine().read(move |session| api_reads::movements(session, &site, after, max_rows)).await
    }

    async fn orders(
        &self,
        site: &str,
        after: u64,
        max_rows: usize,
    ) -> Result<Since<PlacedOrder>, StoreFault> {
        let site = site.to_owned();
        self.engine().read(move |session| api_reads::orders(session, &site, after, max_rows)).await
    }

    async fn known_keys_of(&self, site: &str, named: NamedKeys) -> Result<KnownKeys, StoreFault> {
        let site = site.to_owned();
        self.engine().read(move |session| keys::known_keys_of(session, &site, &named)).await
    }

    async fn answered(&self, request: &KeyedRequest) -> Result<Option<Answered>, StoreFault> {
        let request = request.clone();
        self.engine().read(move |session| api_writes::answered(session, &request)).await
    }

    async fn import_once(
        &self,
        request: KeyedRequest,
        import: Arc<Import>,
        warnings: Vec<String>,
        consent: Consent,
    ) -> Result<Answered, StoreFault> {
        let lane = lane_of(&request);
        let work = move |session: &dyn Session| {
            api_writes::once(session, &request, |rev| {
                api_writes::import(session, (&request, rev), &import, &warnings, &consent)
            })
        };
        self.engine().write(lane, work).await
    }

    async fn order_once(&self, request: KeyedRequest, orders: Vec<Order>) -> Result<Answered, StoreFault> {
        let lane = lane_of(&request);
        let work = move |session: &dyn Session| {
            api_writes::once(session, &request, |rev| api_writes::orders(session, (&request, rev), &orders))
        };
        self.engine().write(lane, work).await
    }
}

/// A key takes turns with the devices of its site.
fn lane_of(request: &KeyedRequest) -> Lane {
    Lane { site: Some(request.site.clone()), device: Some(request.key) }
}
