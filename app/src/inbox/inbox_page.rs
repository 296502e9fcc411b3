//! Everything that needs a person's attention, the most severe first.

use domain::{Action, Conflict, ExceptionKind, LotStatus, StockException};
use sync::sort_by;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::Routable;

use super::assign_code::AssignCode;
use super::attention_list::{AttentionList, use_attention_list};
use super::conflict_card::{ConflictCard, SettleConflict};
use super::exception_card::ExceptionCard;
use super::unknown_code_card::unknown_code_card;
use super::use_inbox::{Inbox, use_inbox};
use crate::book::lot_filter::{Expiry, LotFilter};
use crate::desk::reason_sheet::ReasonSheet;
use crate::goods::use_survey::use_survey;
use crate::route::Route;
use crate::sending::save_unsent::use_save_unsent;
use crate::ui::button::{button, choice, link_button};
use crate::ui::chip::{Tone, chip};
use crate::ui::icon::{Glyph, icon};
use crate::ui::page_head::PageHead;
use crate::ui::placeholder::{Placeholder, read_failure, skeleton};
use crate::ui::use_clock::use_now;
use crate::ui::use_loaded::Loaded;
use crate::use_book::use_book;
use crate::use_today::use_today;
use crate::words::language::{key, t, tf, tn};

/// Maximum number of cards of a kind; the rest is counted.
const MAX_CARDS: usize = 100;

/// The kind of entries to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    All,
    /// Changes that were not booked.
    Changes,
    /// Stock exceptions.
    Stock,
    /// Codes that are unknown, or that two products have.
    Codes,
}

impl Kind {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::All, key("All"), "inbox-all"),
        (Self::Changes, key("Not booked"), "inbox-changes"),
        (Self::Stock, key("Stock"), "inbox-stock"),
        (Self::Codes, key("Barcodes"), "inbox-codes"),
    ];

    fn holds(self, other: Self) -> bool {
        self == Self::All || self == other
    }
}

const fn kind_of(exception: &StockException) -> Kind {
    match exception.kind {
        ExceptionKind::BelowZero | ExceptionKind::MovedWhileCounted => Kind::Stock,
        ExceptionKind::DuplicateBarcode => Kind::Codes,
    }
}

/// The open sheet of a card.
#[derive(Clone, Default, PartialEq)]
enum Asking {
    #[default]
    Nothing,
    /// Asks for the reason why it is acceptable.
    Reason(StockException),
    /// Asks which product has this code.
    Product(String),
    /// Asks whether this change of another device is to be discarded.
    Settling(Conflict),
}

/// The page.
#[component]
pub(crate) fn InboxPage() -> Html {
    let (book, now) = (use_book(), use_now());
    let inbox = use_inbox();
    let shown = use_state(Kind::default);
    let asking = use_state(Asking::default);
    let attention = use_attention_list(now);
    use_effect_with((), {
        let book = book.clone();
        move |()| {
            // If the look-up fails, it is repeated when the page opens again.
            spawn_local(async move { drop(book.settle_known_codes().await) });
        }
    });
    let ask = {
        let asking = asking.setter();
        Callback::from(move |next| asking.set(next))
    };
    let on_forget = Callback::from(move |code: String| {
        let book = book.clone();
        // If it fails, the code stays in the list.
        spawn_local(async move { drop(book.settle_code(&code).await) });
    });
    let body = match &inbox {
        Loaded::Loading if attention.cards.is_empty() => skeleton(),
        Loaded::Failed(message) => read_failure(message),
        Loaded::Loading => cards(&attention, &Inbox::default(), &shown, (ask, on_forget)),
        Loaded::Ready(found) => cards(&attention, found, &shown, (ask, on_forget)),
    };
    html! {
        <div class="page inbox-page" data-test="inbox-page">
            <PageHead title={t("Inbox")} />
            { body }
            { attention.sheet }
            { sheet(&asking) }
        </div>
    }
}

/// All entries of the kind that is `shown`.
fn cards(
    attention: &AttentionList,
    found: &Inbox,
    shown: &UseStateHandle<Kind>,
    (ask, on_forget): (Callback<Asking>, Callback<String>),
) -> Html {
    let kind = **shown;
    let counts = Counts::of(attention.cards.len(), found);
    html! {
        <>
            if counts.of_kind(Kind::All) > 0 {
                { filter(kind, &counts, &shown.setter()) }
            }
            if kind.holds(Kind::Changes) && !attention.cards.is_empty() {
                <section aria-label={t("Needs attention")} data-test="attention">
                    <h2 class="section-title">{ tn(attention.cards.len(), "{n} needs attention", "{n} need attention") }</h2>
                    <div class="attention-cards">{ for attention.cards.iter().cloned() }</div>
                    <SaveUnsentWork />
                </section>
            }
            // Its own parent element: when a sibling is removed while this is redrawn, Yew would look for its
            // position there.
            <div class="own-place"><SiteCards found={found.clone()} {kind} {ask} {on_forget} /></div>
            if counts.of_kind(kind) == 0 {
                { nothing() }
            }
            if kind.holds(Kind::Stock) {
                <div class="own-place"><ExpiredCard /></div>
            }
        </>
    }
}

/// A button to export refused changes as a table.
#[component]
fn SaveUnsentWork() -> Html {
    let save = use_save_unsent();
    let face = html! { <>{ icon(Glyph::Receive) }{ t("Back up unsent work") }</> };
    html! {
        <>
            <div class="section-ways">
                { button("button", face, save.open.reform(|_: MouseEvent| ()), "attention-save") }
            </div>
            { save.sheet }
        </>
    }
}

/// The number of entries of each kind.
struct Counts([(Kind, usize); 3]);

impl Counts {
    fn of(attention: usize, inbox: &Inbox) -> Self {
        let exceptions = |kind| inbox.exceptions.iter().filter(|one| kind_of(one) == kind).count();
        let codes = exceptions(Kind::Codes) + inbox.codes.len();
        let changes = attention + inbox.conflicts.len();
        Self([(Kind::Changes, changes), (Kind::Stock, exceptions(Kind::Stock)), (Kind::Codes, codes)])
    }

    fn of_kind(&self, kind: Kind) -> usize {
        self.0.iter().filter(|(of, _)| kind.holds(*of)).map(|(_, count)| count).sum()
    }
}

fn filter(shown: Kind, counts: &Counts, setter: &UseStateSetter<Kind>) -> Html {
    let one = |(kind, words, test): (Kind, &'static str, &'static str)| {
        let setter = setter.clone();
        let onclick = Callback::from(move |_: MouseEvent| setter.set(kind));
        html! {
            <span class="counted-choice">
                { choice(t(words), shown == kind, onclick, test) }
                <span class="muted" aria-hidden="true" translate="no">{ counts.of_kind(kind) }</span>
            </span>
        }
    };
    html! {
        <div class="choices" role="group" aria-label={t("Show")}>{ for Kind::ALL.map(one) }</div>
    }
}

#[derive(Properties, PartialEq)]
struct SiteCardsProps {
    found: Inbox,
    kind: Kind,
    ask: Callback<Asking>,
    on_forget: Callback<String>,
}

/// The site's exceptions, unknown codes, and changes of other devices.
#[component]
fn SiteCards(props: &SiteCardsProps) -> Html {
    let (book, now) = (use_book(), use_now());
    let mine = book.device_name();
    let name_of = |id| book.label(id).map(|label| label.name);
    let wanted = |one: &&StockException| props.kind.holds(kind_of(one));
    let mut exceptions: Vec<&StockException> = props.found.exceptions.iter().filter(wanted).collect();
    // A stable sort: kinds in the order of their severity, each with the newest first.
    sort_by(&mut exceptions, |a, b| a.kind.cmp(&b.kind));
    let card = |exception: &&StockException| {
        let asked = (*exception).clone();
        ExceptionCard {
            exception,
            name_of: &name_of,
            is_mine: mine.as_deref() == Some(&exception.author),
            on_seen: props.ask.reform(move |()| Asking::Reason(asked.clone())),
        }
        .view(now)
    };
    let codes = props.found.codes.iter().filter(|_| props.kind.holds(Kind::Codes));
    let on_assign = props.ask.reform(Asking::Product);
    let on_settle = props.ask.reform(Asking::Settling);
    let conflicts =
        props.found.conflicts.iter().filter(|_| props.kind.holds(Kind::Changes)).map(|conflict| {
            let (key, conflict, on_settle) = (conflict.id.to_string(), conflict.clone(), on_settle.clone());
            html! { <ConflictCard key={key} {conflict} {on_settle} /> }
        });
    let cards: Vec<Html> = exceptions
        .iter()
        .map(card)
        .chain(codes.map(|code| unknown_code_card(code, now, &on_assign, &props.on_forget)))
        .chain(conflicts)
        .collect();
    if cards.is_empty() {
        return Html::default();
    }
    let beyond = cards.len().saturating_sub(MAX_CARDS);
    html! {
        <section aria-label={t("At this site")}>
            <h2 class="section-title">{ t("At this site") }</h2>
            <div class="attention-cards">{ for cards.into_iter().take(MAX_CARDS) }</div>
            if beyond > 0 {
                <p class="muted">{ tn(beyond, "and {n} more", "and {n} more") }</p>
            }
        </section>
    }
}

/// Lots past their expiry that are still in stock: one card for all of them.
#[component]
fn ExpiredCard() -> Html {
    let (book, today) = (use_book(), use_today());
    let state = use_survey();
    let version = book.survey_state().version;
    let expired = use_memo((version, today), {
        let book = book.clone();
        move |(_, today)| {
            let status = Some(LotStatus::Available);
            let filter = LotFilter { expiry: Expiry::Expired, status, ..LotFilter::default() };
            book.select_lots(&filter, *today).rows.len()
        }
    });
    if let (false, Some(percent)) = (state.is_ready, state.percent) {
        let words = tf("Checking expiry dates: {percent} %", &[("percent", &percent)]);
        return html! { <p class="muted" data-test="expired-progress">{ words }</p> };
    }
    if *expired == 0 {
        return Html::default();
    }
    let (expiry, status) = (Expiry::Expired.code(), LotStatus::Available.code());
    let href = format!("{}?expiry={expiry}&status={status}", Route::Lots.to_path());
    html! {
        <section aria-label={t("Worth checking")}>
            <h2 class="section-title">{ t("Worth checking") }</h2>
            <article class="card attention tone-waiting" data-test="expired-card" data-count={expired.to_string()}>
                { chip(Tone::Waiting, Some(Glyph::Triangle), t("Expired"), "expired-kind") }
                <h3>{ tn(*expired, "{n} lot has expired", "{n} lots have expired") }</h3>
                <p>{ t("They're still marked as available. Remove or quarantine them.") }</p>
                <div class="ways">{ link_button("button strong", href, t("Show them").into(), "expired-open") }</div>
            </article>
        </section>
    }
}

fn nothing() -> Html {
    let placeholder = Placeholder {
        glyph: Glyph::Tick,
        title: t("Nothing needs attention"),
        text: t("Rejected changes, stock differences and unknown codes appear here."),
        test: "inbox-empty",
    };
    placeholder.view(Html::default())
}

fn sheet(asking: &UseStateHandle<Asking>) -> Html {
    let setter = asking.setter();
    let on_close = Callback::from(move |()| setter.set(Asking::Nothing));
    match &**asking {
        Asking::Nothing => Html::default(),
        Asking::Reason(exception) => settling(exception.clone(), on_close),
        Asking::Product(code) => html! { <AssignCode code={code.clone()} {on_close} /> },
        Asking::Settling(conflict) => html! { <SettleConflict conflict={conflict.clone()} {on_close} /> },
    }
}

/// Asks for a confirmation that an exception is acceptable, with a reason.
fn settling(exception: StockException, on_close: Callback<()>) -> Html {
    let suggestions: Vec<AttrValue> = reasons(exception.kind).map(|reason| t(reason).into()).into();
    let action = Callback::from(move |reason| {
        let seen = Some(exception.sighting());
        let StockException { kind, product_id, lot, .. } = exception.clone();
        Action::ResolveException { kind, product_id, lot, reason, seen }
    });
    html! {
        <ReasonSheet title={t("Resolve this?")} label={t("Note")} {suggestions} confirm={t("Resolve")}
            saved={t("It's resolved for everyone once synced.")} {action} {on_close}>
            <p>{ t("It leaves everyone's inbox. Quantities don't change.") }</p>
        </ReasonSheet>
    }
}

/// Frequent reasons.
const fn reasons(kind: ExceptionKind) -> [&'static str; 2] {
    match kind {
        ExceptionKind::BelowZero => [key("Receipt is booked late"), key("Counted by sight")],
        ExceptionKind::MovedWhileCounted => [key("The count is right"), key("The difference is explained")],
        ExceptionKind::DuplicateBarcode => [key("Same goods, two products"), key("Supplier reuses the code")],
    }
}
