//! Keys of other systems, what they read in parts, and what they write once.

use std::sync::Arc;

use anyhow::Context as _;
use domain::{Action, Order, OrderLine, Quantity};
use uuid::Uuid;

use super::super::{
    Answered, ApiKey, Consent, KeyedRequest, ListQuery, ListTable, NamedKeys, NewKey, Position,
    RequestOutcome, Store, StoreFault,
};
use super::fixture::{
    Checked, Engine, Holder, NOW, SITE, Sender, at_once, create, days_ago, import, lot_of, on_hand,
    one_store, open, order, pick, product, receive, site, two_stores,
};
use crate::api_keys::KeyScope;

const DAY_MILLIS: u64 = 24 * 3_600_000;
/// Requests at once.
const RACERS: usize = 8;

fn new_key(number: u8, name: &str, scopes: &[KeyScope]) -> NewKey {
    NewKey {
        key: Uuid::from_u128(number.into()),
        site: SITE.into(),
        name: name.into(),
        scopes: scopes.to_vec(),
        secret_hash: [number; 32],
        now: NOW,
    }
}

/// A key is found by its secret at its own site, until it is revoked. Names of keys in use differ.
pub async fn a_key_is_found_at_its_site_until_it_is_revoked(engine: &dyn Engine) -> Checked {
    let [store, other] = two_stores(engine).await?;
    store.ensure_site("elsewhere").await?;
    let scopes = [KeyScope::ProductsRead, KeyScope::OrdersWrite];
    let added = store.add_key(new_key(1, "ERP", &scopes)).await?;
    let expected = ApiKey {
        key: Uuid::from_u128(1),
        site: SITE.into(),
        name: "ERP".into(),
        scopes: scopes.to_vec(),
        created_at: NOW,
        last_used_at: None,
    };
    assert_eq!(added, expected);
    assert_eq!(other.api_key(SITE, [1; 32]).await?, Some(expected.clone()));
    assert_eq!(other.api_key("elsewhere", [1; 32]).await?, None);
    assert_eq!(other.api_key(SITE, [2; 32]).await?, None);
    let taken = other.add_key(new_key(2, "ERP", &scopes)).await;
    assert!(matches!(taken, Err(StoreFault::Invalid { code: "name_taken", .. })), "{taken:?}");
    let nowhere = NewKey { site: "nowhere".into(), ..new_key(3, "Shop", &[]) };
    assert!(matches!(store.add_key(nowhere).await, Err(StoreFault::Invalid { code: "unknown_site", .. })));
    store.add_key(new_key(4, "A shop", &[])).await?;
    let names: Vec<String> = other.api_keys(SITE).await?.into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["A shop", "ERP"]);

    store.saw_key(SITE, expected.key, NOW.plus(5)).await?;
    let seen = ApiKey { last_used_at: Some(NOW.plus(5)), ..expected.clone() };
    assert_eq!(other.api_key(SITE, [1; 32]).await?, Some(seen));
    assert!(!store.revoke_key("elsewhere", expected.key, NOW).await?);
    assert!(store.revoke_key(SITE, expected.key, NOW).await?);
    assert!(!other.revoke_key(SITE, expected.key, NOW).await?, "it is revoked already");
    assert_eq!(other.api_key(SITE, [1; 32]).await?, None);
    store.add_key(new_key(5, "ERP", &scopes)).await?;
    Ok(())
}

fn request(name: &str, body: u8) -> KeyedRequest {
    KeyedRequest {
        site: SITE.into(),
        key: Uuid::from_u128(1),
        author: "ERP".into(),
        request: name.into(),
        body_hash: [body; 32],
        now: NOW,
    }
}

fn is_repeat(answer: &Answered) -> Option<bool> {
    if let Answered::Booked { is_repeat, .. } = answer { Some(*is_repeat) } else { None }
}

/// An import under one name is written once, however often it comes, and another one under the same name never.
pub async fn a_request_imports_once(engine: &dyn Engine) -> Checked {
    let [store, other] = two_stores(engine).await?;
    let lot = lot_of(&product(1), "A-1");
    let goods = |units| Arc::new(import(vec![product(1)], vec![(lot.clone(), Quantity::units(units))]));
    let booked =
        store.import_once(request("r-1", 1), goods(5), vec!["odd".into()], Consent::Everything).await?;
    let outcome =
        RequestOutcome::Imported { added: 2, changed: 0, unchanged: 0, warnings: vec!["odd".into()] };
    let Answered::Booked { rev, .. } = booked else { panic!("{booked:?}") };
    assert_eq!(booked, Answered::Booked { outcome: outcome.clone(), rev, is_repeat: false });
    assert_eq!(site(&*store, SITE).await?.rev, rev);

    let mut device = Sender::new(SITE, 7);
    device.book(&*store, [pick(&lot, 2)]).await?;
    let rev = site(&*store, SITE).await?.rev;
    let repeated = Answered::Booked { outcome, rev, is_repeat: true };
    assert_eq!(other.answered(&request("r-1", 1)).await?, Some(repeated.clone()));
    let again = other.import_once(request("r-1", 1), goods(5), Vec::new(), Consent::Everything).await?;
    assert_eq!(again, repeated, "as it was answered then");
    assert_eq!(on_hand(&*store, &lot).await?, Some(Quantity::units(3)), "the pick is not undone");
    let reused = other.import_once(request("r-1", 2), goods(9), Vec::new(), Consent::Everything).await?;
    assert_eq!(reused, Answered::OtherBody);
    assert_eq!(on_hand(&*store, &lot).await?, Some(Quantity::units(3)));

    // A refusal is not kept: the same name may come with consent.
    let refused = store.import_once(request("r-2", 3), goods(9), Vec::new(), Consent::NoStock).await?;
    let Answered::Stock(changes) = refused else { panic!("{refused:?}") };
    assert_eq!((changes[0].before, changes[0].after), (Quantity::units(3), Quantity::units(9)));
    assert_eq!(store.answered(&request("r-2", 3)).await?, None);
    assert_eq!(site(&*store, SITE).await?.rev, rev, "nothing is written");
    let agreed = store.import_once(request("r-2", 4), goods(9), Vec::new(), Consent::Everything).await?;
    assert_eq!(is_repeat(&agreed), Some(false));
    // Another key may use the same name.
    let others = KeyedRequest { key: Uuid::from_u128(2), ..request("r-2", 5) };
    assert_eq!(
        is_repeat(&store.import_once(others, goods(9), Vec::new(), Consent::NoStock).await?),
        Some(false)
    );
    let of_erp = store.movements(SITE, Position::default(), 100).await?.page.rows;
    let authors: Vec<&str> = of_erp.iter().map(|movement| movement.author.as_str()).collect();
    assert_eq!(authors, ["ERP", "Ada", "ERP"]);
    Ok(())
}

fn placed(action: Action) -> Order {
    if let Action::PlaceOrder(order) = action { order } else { panic!("an order") }
}

/// Orders of one request are booked together or not at all, and each once under its id.
pub async fn a_request_places_orders_once(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let lot = lot_of(&product(1), "A-1");
    let mut device = Sender::new(SITE, 7);
    device.book(store, [create(1), receive(&lot, Quantity::units(10))]).await?;
    let (one, two) = (
        placed(order(1, "W-1", std::slice::from_ref(&lot))),
        placed(order(2, "W-2", std::slice::from_ref(&lot))),
    );
    let unknown = placed(order(3, "W-3", &[lot_of(&product(9), "A-1")]));
    let rev = site(store, SITE).await?.rev;
    let refused = store.order_once(request("o-1", 1), vec![one.clone(), unknown]).await?;
    let Answered::Orders(refusals) = refused else { panic!("{refused:?}") };
    assert_eq!((refusals.len(), refusals[0].at), (1, 1));
    assert!(refusals[0].message.contains("doesn't have this product"), "{refusals:?}");
    assert_eq!(site(store, SITE).await?.rev, rev, "not even a conflict is kept");

    let booked = store.order_once(request("o-1", 2), vec![one.clone(), two.clone()]).await?;
    let Answered::Booked { outcome: RequestOutcome::Ordered(orders), is_repeat: false, .. } = &booked else {
        panic!("{booked:?}")
    };
    assert!(orders.iter().all(|order| order.is_new));
    assert_eq!(on_hand(store, &lot).await?, Some(Quantity::units(8)));
    let again = store.order_once(request("o-1", 2), vec![one.clone(), two.clone()]).await?;
    assert_eq!(is_repeat(&again), Some(true));
    assert_eq!(store.order_once(request("o-1", 3), vec![one.clone()]).await?, Answered::OtherBody);

    // Under another name: what is booked stays, and other lines under its id are refused.
    let three = placed(order(4, "W-4", std::slice::from_ref(&lot)));
    let mixed = store.order_once(request("o-2", 4), vec![two.clone(), three]).await?;
    let Answered::Booked { outcome: RequestOutcome::Ordered(orders), .. } = mixed else {
        panic!("{mixed:?}")
    };
    assert_eq!(orders.iter().map(|order| order.is_new).collect::<Vec<_>>(), [false, true]);
    let line = OrderLine { quantity: Quantity::units(2), ..one.lines[0].clone() };
    let changed = Order { lines: vec![line], ..one.clone() };
    let refused = store.order_once(request("o-3", 5), vec![changed]).await?;
    assert!(
        matches!(&refused, Answered::Orders(orders) if orders[0].message.contains("already")),
        "{refused:?}"
    );
    let twice = placed(order(5, "W-5", std::slice::from_ref(&lot)));
    let refused = store.order_once(request("o-4", 6), vec![twice.clone(), twice]).await?;
    assert!(matches!(&refused, Answered::Orders(orders) if orders[0].at == 1), "{refused:?}");
    assert_eq!(on_hand(store, &lot).await?, Some(Quantity::units(7)));

    let since = store.orders(SITE, 0, 2).await?;
    let numbers: Vec<&str> = since.page.rows.iter().map(|order| order.number.as_str()).collect();
    assert_eq!((numbers, since.page.more), (vec!["W-1", "W-2"], true));
    assert_eq!((&since.page.rows[0].lines, since.page.rows[0].total_minor), (&one.lines, 295));
    assert_eq!(since.page.skus.get(&product(1).id).map(String::as_str), Some("SKU-1"));
    let rest = store.orders(SITE, since.page.rows[1].rev, 2).await?;
    assert_eq!((rest.page.rows.len(), rest.page.more), (1, false));
    Ok(())
}

/// One request that comes several times at once is booked once, on whichever servers.
pub async fn the_same_request_at_once_is_booked_once(engine: &dyn Engine) -> Checked {
    let stores = two_stores(engine).await?;
    let lot = lot_of(&product(1), "A-1");
    let mut device = Sender::new(SITE, 7);
    device.book(&*stores[0], [create(1), receive(&lot, Quantity::units(100))]).await?;
    for round in 0..5_u8 {
        let name = format!("r-{round}");
        let sold = placed(order(u128::from(round) + 1, &name, std::slice::from_ref(&lot)));
        let answers = at_once((0..RACERS).map(|at| {
            let (store, sold, request) = (Arc::clone(&stores[at % 2]), sold.clone(), request(&name, round));
            async move { open(|| store.order_once(request.clone(), vec![sold.clone()])).await }
        }))
        .await?;
        let repeats = answers.iter().filter(|answer| is_repeat(answer) == Some(true)).count();
        assert_eq!(repeats, RACERS - 1, "{answers:?}");
        assert_eq!(on_hand(&*stores[1], &lot).await?, Some(Quantity::units(99 - i64::from(round))));
    }
    Ok(())
}

/// Requests are known by their names for 30 days.
pub async fn old_requests_are_forgotten(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let at =
        |days: u64| KeyedRequest { now: NOW.plus(days * DAY_MILLIS), ..request(&format!("r-{days}"), 1) };
    for (days, number) in [(0, 1), (20, 2)] {
        let goods = Arc::new(import(vec![product(number)], Vec::new()));
        store.import_once(at(days), goods, Vec::new(), Consent::Everything).await?;
    }
    let later = |days: u64| NOW.plus(days * DAY_MILLIS);
    assert_eq!(store.forget_receipts(later(29)).await?, 0);
    assert_eq!(store.forget_receipts(later(31)).await?, 1);
    assert_eq!(store.answered(&at(0)).await?, None);
    assert!(store.answered(&at(20)).await?.is_some());
    Ok(())
}

/// Reading movements on from the last one gives each entry of the ledger once, whatever is booked meanwhile.
pub async fn movements_are_read_once(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let (first, second) = (lot_of(&product(1), "A-1"), lot_of(&product(1), "B-1"));
    let mut device = Sender::new(SITE, 7);
    device.book(store, [create(1), receive(&first, Quantity::units(50))]).await?;
    let (mut at, mut seen) = (Position::default(), Vec::new());
    for round in 0..30 {
        let since = store.movements(SITE, at, 2).await?;
        let positions: Vec<Position> = since.page.rows.iter().map(|movement| movement.at).collect();
        assert!(positions.is_sorted() && positions.iter().all(|position| *position > at), "{positions:?}");
        at = positions.last().copied().unwrap_or(at);
        seen.extend(since.page.rows);
        if round < 10 {
            // Three entries of one revision are split by a limit of two.
            let sold =
                order(round + 1, &format!("W-{round}"), &[first.clone(), second.clone(), first.at("C-1")]);
            device.book(store, [sold]).await?;
        } else if !since.page.more {
            break;
        }
    }
    assert_eq!(seen.len(), 31);
    let all = store.movements(SITE, Position::default(), 1_000).await?;
    assert_eq!((seen, all.page.more), (all.page.rows, false));
    assert_eq!((all.rev, all.epoch), (site(store, SITE).await?.rev, site(store, SITE).await?.epoch));
    assert_eq!(store.movements(SITE, at, 2).await?.page.rows, []);
    Ok(())
}

/// Movements of packed months are told no more: a read says through which revision, and has all those after it.
pub async fn movements_after_packed_months_are_read(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    store.ensure_site("other").await?;
    let (mut device, bin) = (Sender::new(SITE, 7), lot_of(&product(1), "A-1"));
    device.now = days_ago(900);
    device.book(store, [create(1), receive(&bin, Quantity::units(50)), pick(&bin, 1), pick(&bin, 2)]).await?;
    device.now = days_ago(5);
    device.book(store, [pick(&bin, 3), pick(&bin, 4)]).await?;
    let before = store.movements(SITE, Position::default(), 100).await?;
    assert_eq!((before.page.rows.len(), before.packed_rev), (5, 0));

    assert_eq!(store.pack_ledger(NOW).await?, 3);
    let (packed, kept) = before.page.rows.split_at(3);
    let through = packed.last().context("a packed movement")?.at;
    let after = store.movements(SITE, Position::default(), 100).await?;
    assert_eq!((after.packed_rev, after.rev, after.epoch), (through.rev, before.rev, before.epoch));
    assert_eq!((&after.page.rows[..], after.page.more), (kept, false));
    let since = store.movements(SITE, through, 1).await?;
    assert_eq!((&since.page.rows[..], since.page.more, since.packed_rev), (&kept[..1], true, through.rev));
    assert_eq!(store.movements("other", Position::default(), 1).await?.packed_rev, 0);
    Ok(())
}

async fn listed(store: &dyn Store, query: ListQuery) -> anyhow::Result<Vec<String>> {
    let (mut keys, mut query) = (Vec::new(), query);
    loop {
        let page = store.list(SITE, query.clone()).await?;
        let key = |row: &domain::Row| <domain::Warehouse as sync::Records>::key(row).key;
        let part: Vec<String> = page.rows.iter().map(|held| key(&held.row)).collect();
        assert!(part.len() <= query.max_rows);
        query.after = part.last().cloned().unwrap_or_default();
        keys.extend(part);
        if !page.more {
            return Ok(keys);
        }
    }
}

/// A list is read in parts, in the order of keys, without deleted rows, and for one product.
pub async fn lists_are_read_in_parts(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut device = Sender::new(SITE, 7);
    for number in 1..=7 {
        let bins =
            ["A-1", "B-1", "C-1"].map(|bin| receive(&lot_of(&product(number), bin), Quantity::units(1)));
        device.book(store, [create(number)].into_iter().chain(bins)).await?;
    }
    device.book(store, [create(8), Action::DeleteProduct { id: product(8).id }]).await?;
    let query = |table, sku: Option<&str>| ListQuery {
        table,
        after: String::new(),
        sku: sku.map(str::to_owned),
        is_open: false,
        max_rows: 2,
    };
    let held = Holder::all_of(store, SITE).await?;
    let keys = |table: &str, product: &str| -> Vec<String> {
        let of_table = held.rows.keys().filter(|key| key.table == table && key.key.starts_with(product));
        of_table.map(|key| key.key.clone()).collect()
    };
    assert_eq!(listed(store, query(ListTable::Products, None)).await?, keys(domain::PRODUCTS, ""));
    assert_eq!(listed(store, query(ListTable::Lots, None)).await?, keys(domain::LOTS, ""));
    let third = product(3).id.to_string();
    assert_eq!(listed(store, query(ListTable::Lots, Some("sku-3"))).await?, keys(domain::LOTS, &third));
    assert_eq!(listed(store, query(ListTable::Products, Some("SKU-3"))).await?, [third]);
    assert_eq!(listed(store, query(ListTable::Products, Some("SKU-8"))).await?, [""; 0], "deleted");
    let bad = ListQuery { after: "x".into(), ..query(ListTable::Lots, None) };
    assert!(matches!(store.list(SITE, bad).await, Err(StoreFault::Invalid { code: "bad_cursor", .. })));
    let page = store.list(SITE, query(ListTable::Lots, Some("SKU-3"))).await?;
    assert_eq!(page.skus.get(&product(3).id).map(String::as_str), Some("SKU-3"));
    Ok(())
}

/// Keys are looked up by the names of some rows, in any spelling, with the products that hold ids.
pub async fn named_keys_are_found(engine: &dyn Engine) -> Checked {
    let store = &*one_store(engine).await?;
    let mut device = Sender::new(SITE, 7);
    device.book(store, (1..=5).map(create)).await?;
    device.book(store, [super::fixture::renamed(4, "NEW-4")]).await?;
    let named = NamedKeys {
        skus: vec!["sku-1".into(), "SKU-4".into(), "nothing".into()],
        ids: [product(4).id].into(),
        id_attempts: 1,
        has_deliveries: false,
    };
    let known = store.known_keys_of(SITE, named).await?;
    assert_eq!(known.products.get("SKU-1").map(|known| known.id), Some(product(1).id));
    assert_eq!(known.products.get("SKU-4"), None);
    assert_eq!(known.products.get("NEW-4").map(|known| known.id), Some(product(4).id), "it has the id");
    assert_eq!((known.products.get("SKU-2"), known.id_attempts), (None, Some(1)));
    let nothing = store.known_keys_of(SITE, NamedKeys::default()).await?;
    assert!(nothing.products.is_empty());
    Ok(())
}
