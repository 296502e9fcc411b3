//! A browser's page as a [`Host`].

use std::cell::RefCell;

use browser::{
    BroadcastEnd, BrowserTimer, FetchTransport, Received, WebLock, new_uuid_v7, register_background_sync,
};
use futures::future::LocalBoxFuture;
use schema::IdbStore;
use sync::{AppNames, Channel, Model, Notice, Relay, StoreError};
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;

use crate::client::Client;
use crate::host::Host;

/// The client of a page.
pub type PageClient<M> = Client<Page<M>>;

/// A page's ports: IndexedDB, `fetch`, a Web Lock, the browser's clock and a `BroadcastChannel`.
#[derive(Debug)]
pub struct Page<M: Model> {
    names: &'static AppNames,
    store: IdbStore<M>,
    transport: FetchTransport,
    turn: WebLock,
    timer: BrowserTimer,
    channel: PageChannel,
}

/// Opened by [`listen`]: a page that has not read its data yet has nothing to bring up to date.
#[derive(Debug, Default)]
pub struct PageChannel(RefCell<Option<BroadcastEnd>>);

impl Channel for PageChannel {
    fn tell(&self, notice: &Notice) {
        if let Some(channel) = &*self.0.borrow() {
            channel.tell(notice);
        }
    }
}

impl<M: Model> Page<M> {
    /// Opens the page's database.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn open(names: &'static AppNames) -> Result<Self, StoreError> {
        Ok(Self {
            store: IdbStore::open(names.database(), new_uuid_v7(), names.scope).await?,
            names,
            transport: FetchTransport::new(names),
            turn: WebLock::new(names),
            timer: BrowserTimer,
            channel: PageChannel::default(),
        })
    }

    /// The application's names.
    pub fn names(&self) -> &'static AppNames {
        self.names
    }
}

/// Opens a page's database and follows the other windows and the worker from here on.
///
/// # Errors
/// [`StoreError`].
pub async fn open_page<M: Model>(names: &'static AppNames) -> Result<PageClient<M>, StoreError> {
    let client = Client::open(Page::open(names).await?).await?;
    listen(&client, |client, received| {
        if let Some(notice) = received.parse() {
            spawn_local(async move { client.hear(notice).await });
        }
    });
    Ok(client)
}

/// Opens the client's end of the channel. `on_notice` is to parse the notice and call [`Client::hear`], in place or once
/// the code for that is loaded.
pub fn listen<M: Model>(client: &PageClient<M>, on_notice: impl Fn(PageClient<M>, Received) + 'static) {
    let weak = client.downgrade();
    let page = client.host();
    let channel = BroadcastEnd::open(page.names, move |notice| {
        if let Some(client) = weak.upgrade() {
            on_notice(client, notice);
        }
    });
    page.channel.0.replace(Some(channel));
}

impl<M: Model> Host for Page<M> {
    type Model = M;
    type Wire = Relay<M>;
    type Store = IdbStore<M>;
    type Transport = FetchTransport;
    type Turn = WebLock;
    type Timer = BrowserTimer;
    type Channel = PageChannel;

    fn store(&self) -> &IdbStore<M> {
        &self.store
    }

    fn transport(&self) -> &FetchTransport {
        &self.transport
    }

    fn turn(&self) -> &WebLock {
        &self.turn
    }

    fn timer(&self) -> &BrowserTimer {
        &self.timer
    }

    fn channel(&self) -> &PageChannel {
        &self.channel
    }

    fn scope(&self) -> &str {
        self.names.scope
    }

    fn new_id(&self) -> Uuid {
        new_uuid_v7()
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        spawn_local(task);
    }

    fn request_background_sync(&self) {
        spawn_local(async {
            register_background_sync().await;
        });
    }
}
