//! The queue of scans: scans during a look-up are kept, and each is offered to the page on top first.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use gloo_timers::future::TimeoutFuture;
use sync::UnixMillis;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::wasm_split;
use web_sys::HtmlInputElement;
use yew::prelude::*;
use yew_router::prelude::*;

use super::answers::Answers;
use super::badge::{badge_codes, take_badge};
use super::command::Command;
use super::scan::{Meaning, Scanned, fault_in_words, meaning_of, scanned};
use super::scan_listener::{Outcomes, ScanListener};
use super::scan_place::fill;
use super::scan_question::Question;
use super::surroundings::{Surroundings, path};
use crate::book::look_up::LookUp;
use crate::book::lots_found::LotFound;
use crate::device::feedback::{self, Feedback};
use crate::device::preferences::Preferences;
use crate::rest::NotLoaded;
use crate::route::Route;
use crate::use_book::use_book;
use crate::use_today::today;
use crate::words::faults_in_words::not_loaded;
use crate::words::faults_in_words::store_fault;
use crate::words::language::{t, tf};

/// Maximum number of queued scans; more than a person scans during one look-up.
const MAX_QUEUED_SCANS: usize = 50;
/// Two reads of the same label within this time are one scan: people are slower, but a scanner may read it
/// twice.
const MAX_ECHO_MILLIS: u64 = 300;
/// Number of checks for the next page, and the time between two checks: two seconds in total.
const MAX_PAGE_LOOKS: u32 = 125;
const PAGE_LOOK_MILLIS: u32 = 16;

/// The stage of resolving a scan; a page is offered each stage until it accepts one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Found {
    /// The scanner's raw input.
    Raw(String),
    /// A command.
    Command(Command),
    /// Parsed, not looked up yet.
    Code(Scanned),
    /// A product.
    Product(Uuid, Scanned),
    /// A lot by its own code. A page that does not accept it is offered its product, with the lot as on a label.
    Lot(LotFound, Scanned),
    /// A bin in its stored spelling, and whether the scan is an echo.
    Bin(String, bool),
    /// An expected delivery.
    Delivery(Uuid),
    /// Unknown on this device, and never used as a bin; the server has not been asked yet.
    Unlisted(Scanned),
}

/// A page's handler of scans: returns whether it accepts a scan.
#[derive(Clone, PartialEq)]
pub(crate) struct ScanTarget {
    pub(crate) on_scan: Callback<Found, bool>,
}

struct Waiting {
    code: String,
    is_typed: bool,
    is_echo: bool,
    /// The field it is meant for.
    field: Option<HtmlInputElement>,
}

#[derive(Default)]
struct Hub {
    waiting: RefCell<VecDeque<Waiting>>,
    is_busy: Cell<bool>,
    target: RefCell<Option<ScanTarget>>,
    /// The address of the page that registered its handler last.
    heard_at: RefCell<String>,
    /// Number of running operations that the next scan has to wait for.
    holds: Cell<u32>,
    surroundings: RefCell<Option<Surroundings>>,
    /// The last scan and its time, so that one label in view of the scanner is not counted twice.
    last: RefCell<(String, UnixMillis)>,
}

/// Delays scans until dropped.
pub(crate) struct Hold(Scans);

impl Drop for Hold {
    fn drop(&mut self) {
        let holds = &self.0.0.holds;
        holds.set(holds.get().saturating_sub(1));
    }
}

/// The entry point for scans.
#[derive(Clone, Default)]
pub(crate) struct Scans(Rc<Hub>);

impl PartialEq for Scans {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Scans {
    /// Submits a scanned code; scans are handled one by one, in order.
    pub(crate) fn submit(&self, code: &str) {
        self.queue(code, false, None);
    }

    /// Submits a code typed for look-up.
    pub(crate) fn submit_typed(&self, code: &str) {
        self.queue(code, true, None);
    }

    fn queue(&self, code: &str, is_typed: bool, field: Option<HtmlInputElement>) {
        let code = code.trim_matches(|char: char| char.is_whitespace() && char != domain::GROUP_SEPARATOR);
        if code.is_empty() {
            return;
        }
        let since_same = self.since_same(code);
        let blanking_millis = Preferences::load().scanner.blanking_millis;
        if since_same.is_some_and(|millis| millis < u64::from(blanking_millis)) {
            return;
        }
        let is_echo = !is_typed && since_same.is_some_and(|millis| millis < MAX_ECHO_MILLIS);
        let is_full = self.0.waiting.borrow().len() >= MAX_QUEUED_SCANS;
        match (is_full, self.surroundings()) {
            (true, Some(around)) => around.answers.wrong(
                t("Too many scans at once"),
                tf("{code} was skipped. Wait a moment, then scan again.", &[("code", &code)]),
            ),
            (true, None) => {}
            (false, _) => self.0.waiting.borrow_mut().push_back(Waiting {
                code: code.to_owned(),
                is_typed,
                is_echo,
                field,
            }),
        }
        if !self.0.is_busy.replace(true) {
            let scans = self.clone();
            spawn_local(async move {
                if let Err(error) = process_queue(scans.clone()).await {
                    scans.give_up(not_loaded(error));
                }
            });
        }
    }

    fn tell_torn(&self) {
        if let Some(around) = self.surroundings() {
            around.answers.wrong(t("Only part of a scan arrived"), t("Scan the label again."));
        }
    }

    /// Milliseconds since the same code, if it was the last one.
    fn since_same(&self, code: &str) -> Option<u64> {
        let now = browser::now();
        let (last, at) = self.0.last.replace((code.to_owned(), now));
        (last == code).then(|| now.since(at))
    }

    /// Drops the queue, because it cannot be handled.
    fn give_up(&self, message: String) {
        let waiting = self.0.waiting.take();
        self.0.is_busy.set(false);
        if let (Some(around), Some(Waiting { code, .. })) = (self.surroundings(), waiting.front()) {
            around.answers.wrong(&tf("{code} was not looked up", &[("code", code)]), message);
        }
    }

    /// Handles the queued scans one by one.
    async fn process_queue(&self) {
        loop {
            let next = self.0.waiting.borrow_mut().pop_front();
            let Some(waiting) = next else { break };
            // A badge is for no page.
            if self.take_badge(&waiting).await {
                continue;
            }
            self.wait_for_page().await;
            self.deal_with(waiting).await;
        }
        self.0.is_busy.set(false);
    }

    /// Takes a badge at a site with people.
    async fn take_badge(&self, waiting: &Waiting) -> bool {
        let Some(around) = self.surroundings().filter(|_| !waiting.is_typed) else { return false };
        // Without people, nothing is a badge.
        drop(around.book.have_people().await);
        if around.book.people().is_empty() {
            return false;
        }
        let scanner = Preferences::load().scanner.scanner();
        let meaning = meaning_of(&waiting.code, scanner, None, today(&around.book)).ok();
        take_badge(&around.book, &around.answers, badge_codes(&waiting.code, meaning.as_ref()))
    }

    /// Waits for the effects of the previous scan: a save, and the page after it. A scan is meant for the
    /// page that the person expects, however fast they scan.
    async fn wait_for_page(&self) {
        for _ in 0..MAX_PAGE_LOOKS {
            let path = path();
            let is_here = *self.0.heard_at.borrow() == path
                || !Route::recognize(&path).is_some_and(|route| route.hears_scans());
            if self.0.holds.get() == 0 && is_here {
                return;
            }
            TimeoutFuture::new(PAGE_LOOK_MILLIS).await;
        }
    }

    /// Offers scans to `target` first, from now on. It belongs to the page at the current address.
    pub(crate) fn listen(&self, target: ScanTarget) {
        self.0.target.replace(Some(target));
        self.0.heard_at.replace(path());
    }

    /// Removes `target`, unless a later page has replaced it already.
    pub(crate) fn unlisten(&self, target: &ScanTarget) {
        let is_mine = self.0.target.borrow().as_ref() == Some(target);
        if is_mine {
            self.0.target.replace(None);
            self.0.heard_at.take();
        }
    }

    /// Delays scans until the returned value is dropped.
    pub(crate) fn hold(&self) -> Hold {
        self.0.holds.set(self.0.holds.get() + 1);
        Hold(self.clone())
    }

    async fn deal_with(&self, Waiting { code: text, is_typed, is_echo, field }: Waiting) {
        let Some(around) = self.surroundings() else { return };
        if self.offer(Found::Raw(text.clone())) {
            return;
        }
        let today = today(&around.book);
        let preferences = Preferences::load();
        let scale = preferences.scale_pattern.parse().ok();
        let code = match meaning_of(&text, preferences.scanner.scanner(), scale.as_ref(), today) {
            Ok(Meaning::Command(command)) => {
                if !self.offer(Found::Command(command)) {
                    around.obey(command);
                }
                return;
            }
            Ok(Meaning::NoCommand(code)) => {
                let detail = tf("There is no command “{code}”. Scan it again.", &[("code", &code)]);
                return around.answers.wrong(t("Unknown command"), detail);
            }
            Ok(Meaning::Code(code)) => code,
            Ok(Meaning::Unclear(readings)) => {
                let (question, answer) = Question::of_readings(&readings);
                around.answers.ask(question);
                let Some(reading) = answer.await.ok().and_then(|at| readings.get(at)) else { return };
                scanned(reading, today)
            }
            Err(fault) => {
                return around.answers.wrong(t("This label cannot be read"), fault_in_words(&fault));
            }
        };
        let code = Scanned { is_typed, is_echo, ..code };
        if let Some((field, text)) = field.and_then(|field| part_for(field, &code)) {
            // If the field has this value already, the scan may confirm it.
            if fill(&field, &text) || !self.offer(Found::Code(code)) {
                feedback::give(Feedback::Right);
            }
            return;
        }
        if !self.offer(Found::Code(code.clone())) {
            self.look_up(&around, code).await;
        }
    }

    async fn look_up(&self, around: &Surroundings, code: Scanned) {
        let code = around.weighed(code).await;
        let found = match around.find(&code).await {
            Ok(Some(found)) => found,
            Ok(None) if self.offer(Found::Unlisted(code.clone())) => return,
            Ok(None) if code.is_part() => {
                let detail = t("Not a product label. Scan another code on the goods.");
                return around.answers.wrong(t("This label cannot be read"), detail.to_owned());
            }
            Ok(None) => {
                let _notice = around.say_if_slow(&code.code);
                around.ask_server(&code).await
            }
            Err(error) => LookUp::Failed(store_fault(&error)),
        };
        match found {
            LookUp::Bin(location) if self.offer(Found::Bin(location.clone(), code.is_echo)) => {}
            LookUp::Delivery(id) if self.offer(Found::Delivery(id)) => {}
            LookUp::Product { id, unit } => {
                let code = code.in_unit(&unit);
                let unread = code.other_amount(&unit);
                if !self.offer(Found::Product(id, code)) {
                    around.open(&Route::Product { id });
                } else if let Some(unread) = unread {
                    around.answers.wrong(t("Quantity not read"), unread);
                }
            }
            LookUp::Lots(lots) => self.take_lot(around, lots, code).await,
            LookUp::Bin(location) => around.open(&Route::Bin { location }),
            LookUp::Delivery(id) => around.open(&Route::Delivery { id }),
            LookUp::Unknown { message } => around.keep_unknown(&code, message).await,
            LookUp::Failed(message) => {
                around.answers.wrong(&tf("{code} was not looked up", &[("code", &code.code)]), message);
            }
        }
    }

    /// Offers the lot that is meant to the page: of the page's own product if it has one. By default opens its product.
    async fn take_lot(&self, around: &Surroundings, mut lots: Vec<LotFound>, code: Scanned) {
        let route = Route::recognize(&path());
        let own = route.as_ref().and_then(Route::product);
        if lots.iter().any(|lot| Some(lot.product) == own) {
            lots.retain(|lot| Some(lot.product) == own);
        }
        // An operation is on one product: which other product it is makes no difference.
        let is_at_work = matches!(route, Some(Route::Work { .. }));
        if is_at_work && lots.first().is_some_and(|lot| self.offer_lot(around, lot, &code)) {
            return;
        }
        let Some(lot) = around.choose(&lots).await else { return };
        if !self.offer_lot(around, &lot, &code) {
            around.open_lot(&lot);
        }
    }

    /// Offers a lot to the page, then as goods with that lot on their label.
    fn offer_lot(&self, around: &Surroundings, lot: &LotFound, code: &Scanned) -> bool {
        let lot_code = Some(lot.lot_code().to_owned());
        let code = Scanned { lot_code, ..code.clone() }.in_unit(&lot.unit);
        let unread = code.other_amount(&lot.unit);
        let is_taken = self.offer(Found::Lot(lot.clone(), code.clone()))
            || self.offer(Found::Product(lot.product, code));
        if let Some(unread) = unread.filter(|_| is_taken) {
            around.answers.wrong(t("Quantity not read"), unread);
        }
        is_taken
    }

    /// Offers it to the page on top, and returns whether the page accepts it.
    fn offer(&self, found: Found) -> bool {
        let target = self.0.target.borrow().clone();
        target.is_some_and(|target| target.on_scan.emit(found))
    }

    fn surroundings(&self) -> Option<Surroundings> {
        self.0.surroundings.borrow().clone()
    }
}

/// Handles the queued scans with code from the split-off part of the wasm.
#[wasm_split(rest, fallible, return_wrapper(let work = _; { work.await; Ok(()) } -> Result<(), NotLoaded>))]
fn process_queue(scans: Scans) -> LocalBoxFuture<'static, ()> {
    async move { scans.process_queue().await }.boxed_local()
}

/// The part of a scan for the field that had the focus, if it is still there.
fn part_for(field: HtmlInputElement, scanned: &Scanned) -> Option<(HtmlInputElement, String)> {
    let takes = field.get_attribute("data-scan").filter(|_| field.is_connected())?;
    Some((field, scanned.part_for(&takes)?))
}

/// Listens for scans anywhere. Use it once, near the root.
#[hook]
pub(crate) fn use_scan_listener(scans: &Scans, answers: &Answers) {
    let (book, navigator) = (use_book(), use_navigator());
    if let Some(navigator) = navigator {
        let around = Surroundings { book, answers: answers.clone(), navigator };
        scans.0.surroundings.replace(Some(around));
    }
    use_effect_with(scans.clone(), |scans| {
        let scans = scans.clone();
        let torn = scans.clone();
        let listener = ScanListener::new(Outcomes {
            on_scan: Box::new(move |code, field| scans.queue(&code, false, field)),
            on_torn: Box::new(move || torn.tell_torn()),
        });
        move || drop(listener)
    });
}
