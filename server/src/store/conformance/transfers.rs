//! Goods that go from one site to another.

use anyhow::Context as _;
use domain::{Action, Delivery, Order, OrderLine, Quantity, delivery_key, product_key};
use sync::Verdict;
use uuid::Uuid;

use super::super::Store;
use super::super::transfers::TransferState;
use super::fixture::{
    Checked, Engine, Holder, NOW, SITE, Sender, create, lot_of, one_store, open, product, receive,
    two_stores, verdicts,
};

const NORTH: &str = "north";
/// The order that sends goods.
const ORDER: Uuid = Uuid::from_u128(0x7E);

/// Sends some of the first two products to a site.
fn send(to_site: &str, quantities: [i64; 2]) -> Action {
    let lines = [1, 2].into_iter().zip(quantities).map(|(number, units)| OrderLine {
        lot: lot_of(&product(number), "A-1"),
        quantity: Quantity::units(units),
        unit_price_minor: 0,
    });
    let (number, currency) = ("T-1".to_owned(), "EUR".to_owned());
    let lines = lines.filter(|line| line.quantity > Quantity::ZERO).collect();
    Action::PlaceOrder(Order { id: ORDER, number, currency, lines, to_site: Some(to_site.into()) })
}

/// Two products with stock at the site, of which the other site has the second under its own id.
async fn stocked(store: &dyn Store) -> anyhow::Result<(Sender, Sender)> {
    store.ensure_site(NORTH).await?;
    let (mut here, mut there) = (Sender::new(SITE, 1), Sender::new(NORTH, 2));
    let [first, second] = [1, 2].map(|number| lot_of(&product(number), "A-1"));
    let work =
        [create(1), create(2), receive(&first, Quantity::units(9)), receive(&second, Quantity::units(9))];
    here.book(store, work).await?;
    let other_id = domain::Product { id: Uuid::from_u128(0x22), ..product(2) };
    there.book(store, [Action::CreateProduct(other_id)]).await?;
    Ok((here, there))
}

async fn expected(store: &dyn Store) -> anyhow::Result<Option<Delivery>> {
    let held = Holder::all_of(store, NORTH).await?;
    Ok(held.rows.get(&delivery_key(ORDER)).and_then(|held| held.row.delivery()).cloned())
}

async fn forward(store: &dyn Store) -> anyhow::Result<u64> {
    open(|| store.forward_transfers(NOW)).await
}

async fn state(store: &dyn Store) -> anyhow::Result<Vec<(TransferState, i64, i64)>> {
    let found = store.transfers(SITE, 10).await?;
    let sums = found.iter().map(|transfer| {
        let sent: i64 = transfer.lines.iter().map(|line| line.sent.0).sum();
        let received: i64 = transfer.lines.iter().map(|line| line.received.0).sum();
        (transfer.state, sent / 1_000, received / 1_000)
    });
    Ok(sums.collect())
}

/// What a site sends is expected at the other one, once, whoever forwards it and how often; it is settled when it has come.
pub async fn goods_arrive_once_at_the_other_site(engine: &dyn Engine) -> Checked {
    let [store, other] = two_stores(engine).await?;
    let (mut here, mut there) = stocked(store.as_ref()).await?;
    here.book(store.as_ref(), [send(NORTH, [3, 2])]).await?;
    assert_eq!(state(other.as_ref()).await?, [(TransferState::Sent, 5, 0)]);
    assert_eq!(expected(store.as_ref()).await?, None);
    let both = futures::join!(forward(store.as_ref()), forward(other.as_ref()));
    assert!(both.0? + both.1? >= 1);
    let delivery = expected(other.as_ref()).await?.context("a delivery")?;
    assert_eq!((delivery.number.as_str(), delivery.supplier.as_str()), ("T-1", SITE));
    let lines: Vec<_> = delivery.lines.iter().map(|line| (line.product_id, line.expected)).collect();
    let copied = Uuid::new_v5(&product(1).id, NORTH.as_bytes());
    assert_eq!(lines.len(), 2);
    assert!(
        lines.contains(&(copied, Quantity::units(3)))
            && lines.contains(&(Uuid::from_u128(0x22), Quantity::units(2)))
    );
    let held = Holder::all_of(store.as_ref(), NORTH).await?;
    let copy = held.rows.get(&product_key(copied)).and_then(|held| held.row.product());
    assert_eq!(
        copy.map(|product| product.sku.as_str()),
        Some("SKU-1"),
        "a product that the site did not have"
    );
    assert_eq!(forward(store.as_ref()).await?, 0, "nothing is due");
    assert_eq!(state(store.as_ref()).await?, [(TransferState::Expected, 5, 0)]);

    let came = |id: Uuid, units| Action::ReceiveLot {
        lot: domain::LotRef::new(id, "L1", "B-1"),
        quantity: Quantity::units(units),
        expires_on: None,
        received_on: None,
        delivery: Some(ORDER),
    };
    there.book(store.as_ref(), [came(copied, 3), came(Uuid::from_u128(0x22), 2)]).await?;
    assert_eq!(forward(other.as_ref()).await?, 1);
    assert_eq!(state(store.as_ref()).await?, [(TransferState::Settled, 5, 5)]);
    assert_eq!(forward(store.as_ref()).await?, 0);
    let held = Holder::all_of(store.as_ref(), SITE).await?;
    assert_eq!(held.rows.values().filter_map(|held| held.row.conflict()).count(), 0);
    let orders = store.orders(SITE, 0, 10).await?;
    assert_eq!(orders.page.rows.len(), 0, "it is no sale");
    Ok(())
}

/// What is missing when the other site closes the delivery is in the inbox of the site that sent it.
pub async fn what_is_missing_is_told_where_it_came_from(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    let (mut here, mut there) = stocked(store.as_ref()).await?;
    here.book(store.as_ref(), [send(NORTH, [3, 2])]).await?;
    forward(store.as_ref()).await?;
    let came = Action::ReceiveLot {
        lot: domain::LotRef::new(Uuid::from_u128(0x22), "L1", "B-1"),
        quantity: Quantity::units(2),
        expires_on: None,
        received_on: None,
        delivery: Some(ORDER),
    };
    there.book(store.as_ref(), [came]).await?;
    assert_eq!(forward(store.as_ref()).await?, 0, "more may come");
    there.book(store.as_ref(), [Action::CloseDelivery { id: ORDER, reason: "lost".into() }]).await?;
    assert_eq!(forward(store.as_ref()).await?, 1);
    assert_eq!(state(store.as_ref()).await?, [(TransferState::Short, 5, 2)]);
    let held = Holder::all_of(store.as_ref(), SITE).await?;
    let told: Vec<_> = held.rows.values().filter_map(|held| held.row.conflict()).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].code.as_str(), told[0].verdict), ("transfer_short", Verdict::Applied));
    assert_eq!(told[0].message, "Of transfer T-1 to north, only this came: 0 of 3 Product 1.");
    here.book(store.as_ref(), [Action::CloseConflict { id: told[0].id }]).await?;
    assert_eq!(forward(store.as_ref()).await?, 0);
    Ok(())
}

/// Goods cannot be sent to a site that does not exist, nor to where they are.
pub async fn goods_go_to_other_sites_only(engine: &dyn Engine) -> Checked {
    let store = one_store(engine).await?;
    let (mut here, _) = stocked(store.as_ref()).await?;
    for site in ["south", SITE] {
        let pushed = here.push(store.as_ref(), [send(site, [1, 0])]).await?;
        assert_eq!(verdicts(&pushed), [(Verdict::Rejected, "unknown_site")], "{site}");
    }
    assert_eq!(state(store.as_ref()).await?, []);
    Ok(())
}
