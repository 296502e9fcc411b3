//! The port to the office on any engine of SQL.

use async_trait::async_trait;
use sync::UnixMillis;
use uuid::Uuid;

use super::super::StoreFault;
use super::super::office::{
    Account, Actor, LogEntry, NewAccount, NewLink, NewSession, OfficeAct, OfficeSession, OfficeStore,
};
use super::engine::{Engine, Lane};
use super::store::SqlStore;
use super::{office_accounts, office_acts, office_log};

#[async_trait]
impl<E: Engine> OfficeStore for SqlStore<E> {
    async fn add_account(&self, new: NewAccount, link: NewLink, by: Actor) -> Result<(), StoreFault> {
        self.write(Lane::default(), move |session| office_accounts::add(session, &new, &link, &by)).await
    }

    async fn add_link(&self, link: NewLink, by: Actor, now: UnixMillis) -> Result<bool, StoreFault> {
        self.write(Lane::default(), move |session| office_accounts::add_link(session, &link, &by, now)).await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreFault> {
        self.engine().read(office_accounts::all).await
    }

    async fn close_account(&self, account: Uuid, by: Actor, now: UnixMillis) -> Result<bool, StoreFault> {
        let recorder = self.engine().recorder();
        self.write(Lane::default(), move |session| {
            office_accounts::close(session, &recorder, account, (&by, now))
        })
        .await
    }

    async fn account_by_login(&self, login_key: &str) -> Result<Option<(Account, String)>, StoreFault> {
        let login_key = login_key.to_owned();
        self.engine().read(move |session| office_accounts::by_login(session, &login_key)).await
    }

    async fn account_by_link(
        &self,
        link_hash: [u8; 32],
        now: UnixMillis,
    ) -> Result<Option<Account>, StoreFault> {
        self.engine().read(move |session| office_accounts::by_link(session, link_hash, now)).await
    }

    async fn set_password(
        &self,
        link_hash: [u8; 32],
        password_hash: String,
        new: NewSession,
    ) -> Result<Option<Account>, StoreFault> {
        self.write(Lane::default(), move |session| {
            office_accounts::set_password(session, link_hash, &password_hash, &new)
        })
        .await
    }

    async fn sign_in(&self, account: &Account, new: NewSession) -> Result<bool, StoreFault> {
        let account = account.clone();
        self.write(Lane::default(), move |session| office_accounts::sign_in(session, &account, &new)).await
    }

    async fn sign_in_failed(&self, actor: Actor, now: UnixMillis) -> Result<(), StoreFault> {
        self.write(Lane::default(), move |session| office_log::sign_in_failed(session, &actor, now)).await
    }

    async fn session(
        &self,
        token_hash: [u8; 32],
        now: UnixMillis,
    ) -> Result<Option<(OfficeSession, Account)>, StoreFault> {
        self.engine().read(move |session| office_accounts::by_token(session, token_hash, now)).await
    }

    async fn sessions(&self, account: Uuid, now: UnixMillis) -> Result<Vec<OfficeSession>, StoreFault> {
        self.engine().read(move |session| office_accounts::sessions(session, account, now)).await
    }

    async fn saw_session(&self, id: Uuid, now: UnixMillis) -> Result<(), StoreFault> {
        self.write(Lane::default(), move |session| office_accounts::saw(session, id, now)).await
    }

    async fn end_session(&self, by: Actor, id: Uuid, now: UnixMillis) -> Result<bool, StoreFault> {
        self.write(Lane::default(), move |session| office_accounts::end(session, &by, id, now)).await
    }

    async fn act(&self, act: OfficeAct, by: Actor, now: UnixMillis) -> Result<bool, StoreFault> {
        let recorder = self.engine().recorder();
        let lane = Lane::of(act.site());
        self.write(lane, move |session| office_acts::act(session, &recorder, &act, (&by, now))).await
    }

    async fn office_log(
        &self,
        site: Option<&str>,
        before: Option<(UnixMillis, Uuid)>,
        max_entries: usize,
    ) -> Result<Vec<LogEntry>, StoreFault> {
        let site = site.map(str::to_owned);
        self.engine()
            .read(move |session| office_log::read(session, site.as_deref(), before, max_entries))
            .await
    }
}
