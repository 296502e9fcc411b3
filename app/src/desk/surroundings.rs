//! The default reactions to scans, for pages that do not handle them.

use gloo_timers::callback::Timeout;
use sync::StoreError;
use yew::prelude::*;
use yew_router::AnyRoute;
use yew_router::prelude::*;

use super::answers::Answers;
use super::command::Command;
use super::scan::Scanned;
use super::scan_question::Question;
use super::undo::undo_last;
use crate::book::Book;
use crate::book::look_up::LookUp;
use crate::book::lots_found::LotFound;
use crate::device::feedback::{self, Feedback};
use crate::device::used_bins;
use crate::route::Route;
use crate::ui::chip::Tone;
use crate::ui::toasts::Toast;
use crate::use_today::today;
use crate::words::language::{t, tf};

/// A look-up that takes longer shows a notice.
const SLOW_LOOK_UP_MILLIS: u32 = 400;
/// Products that a person is asked to choose from.
const MAX_OFFERED_PRODUCTS: usize = 12;

/// The address of the page, without its query.
pub(super) fn path() -> String {
    web_sys::window().and_then(|window| window.location().pathname().ok()).unwrap_or_default()
}

/// What reactions need.
#[derive(Clone)]
pub(super) struct Surroundings {
    pub(super) book: Book,
    pub(super) answers: Answers,
    pub(super) navigator: Navigator,
}

impl Surroundings {
    /// Looks a code up on this device. A bin that was used here comes before a lot; a code that can only be an item's is no
    /// lot.
    pub(super) async fn find(&self, scanned: &Scanned) -> Result<Option<LookUp>, StoreError> {
        if scanned.is_part() {
            return Ok(None);
        }
        if scanned.lot_code.is_some() && !scanned.is_item {
            return self.book.find_lot_code(&scanned.code).await;
        }
        let mut found = self.book.find_code(&scanned.code).await?;
        if found.is_none() && scanned.is_item {
            // A list of products may have the identifier before the number.
            found = self.book.find_code(&format!("01{:0>14}", scanned.code)).await?;
        }
        if scanned.scale.is_some() {
            // A bin may have the item's number as its name.
            return Ok(found.filter(|found| matches!(found, LookUp::Product { .. })));
        }
        let found = found.or_else(|| used_bins::find(&scanned.code).map(LookUp::Bin));
        if found.is_some() || scanned.is_item {
            return Ok(found);
        }
        self.book.find_lot_code(&scanned.code).await
    }

    /// A scale's label with the code of the product on this device: the whole code, whose weight is then ignored, or the
    /// item's. Other scans stay as they are.
    pub(super) async fn weighed(&self, scanned: Scanned) -> Scanned {
        let Some(label) = scanned.scale.clone() else { return scanned };
        if self.has_product(&scanned.code).await {
            return Scanned { scale: None, ..scanned };
        }
        for code in label.item_codes() {
            if self.has_product(code).await {
                return Scanned { code: code.to_owned(), ..scanned };
            }
        }
        Scanned { code: label.item, ..scanned }
    }

    /// Asks the server for a code; of a scale's label for the item, by each number that it may be listed under.
    pub(super) async fn ask_server(&self, scanned: &Scanned) -> LookUp {
        let answer = self.book.ask_server(&scanned.code, scanned.is_item).await;
        let (Some(label), LookUp::Unknown { .. }) = (&scanned.scale, &answer) else { return answer };
        for code in label.item_codes().into_iter().filter(|code| *code != scanned.code) {
            if let found @ LookUp::Product { .. } = self.book.ask_server(code, true).await {
                return found;
            }
        }
        answer
    }

    async fn has_product(&self, code: &str) -> bool {
        matches!(self.book.find_code(code).await, Ok(Some(LookUp::Product { .. })))
    }

    /// The only one of `lots`, else the one that the user chooses.
    pub(super) async fn choose(&self, lots: &[LotFound]) -> Option<LotFound> {
        if lots.len() > MAX_OFFERED_PRODUCTS {
            let code: &dyn std::fmt::Display = &lots.first().map_or("", LotFound::lot_code);
            let detail = tf("Many products have a lot {lot}. Scan the product first.", &[("lot", code)]);
            self.answers.wrong(t("Which product is it?"), detail);
            return None;
        }
        if lots.len() > 1 {
            let (question, answer) = Question::of_lots(lots);
            self.answers.ask(question);
            return lots.get(answer.await.ok()?).cloned();
        }
        lots.first().cloned()
    }

    pub(super) fn open(&self, route: &Route) {
        feedback::give(Feedback::Right);
        self.navigator.push(route);
    }

    /// Opens the product at the lot, and says if the lot is not for use.
    pub(super) fn open_lot(&self, lot: &LotFound) {
        if !self.answers.refuses(lot, today(&self.book)) {
            feedback::give(Feedback::Right);
        }
        self.navigator.push(&AnyRoute::new(Route::at_lot(lot.product, lot.first_id())));
    }

    /// Runs a command that the page does not handle.
    pub(super) fn obey(&self, command: Command) {
        let route = match command {
            Command::Home => Route::Home,
            Command::Start(operation) => Route::Start { operation },
            Command::Transfer => Route::Transfer,
            Command::Sell => Route::Checkout,
            Command::Back => return self.navigator.back(),
            Command::Undo => return undo_last(&self.book, &self.answers.toasts),
            _ => {
                let detail = tf("“{command}” does nothing on this page.", &[("command", &command.words())]);
                return self.answers.wrong(t("Nothing to do"), detail);
            }
        };
        self.navigator.push(&route);
    }

    /// Shows after a moment that the server is being asked, unless the returned timeout is dropped before.
    pub(super) fn say_if_slow(&self, code: &str) -> Timeout {
        let (toasts, code) = (self.answers.toasts.clone(), code.to_owned());
        Timeout::new(SLOW_LOOK_UP_MILLIS, move || {
            toasts.show(Toast::new(Tone::Info, t("Asking the server…"), code));
        })
    }

    pub(super) async fn keep_unknown(&self, scanned: &Scanned, message: String) {
        let code = &scanned.code;
        if scanned.is_mistyped() {
            let detail = tf("The check digit of {code} is wrong. Type it again.", &[("code", code)]);
            return self.answers.wrong(t("Mistyped code"), detail);
        }
        // A search word is not an unknown label, so it is not kept.
        let is_kept = is_like_a_code(code) && self.book.keep_unknown(code, path()).await.is_ok();
        let detail =
            if is_kept { tf("{message} Saved to the inbox.", &[("message", &message)]) } else { message };
        let (navigator, path) = (self.navigator.clone(), new_product_path(scanned));
        let add = Callback::from(move |()| navigator.push(&AnyRoute::new(path.clone())));
        let toast = Toast::new(Tone::Waiting, t("Unknown code"), detail).offering(t("Add"), add);
        self.answers.unknown(toast, code);
    }
}

fn is_like_a_code(text: &str) -> bool {
    text.chars().any(|char| char.is_ascii_digit()) && !text.contains(char::is_whitespace)
}

/// The address of the form for a new product with a scanned label; saving it leads back to this page.
fn new_product_path(scanned: &Scanned) -> String {
    let encode = |value: &str| String::from(js_sys::encode_uri_component(value));
    let search = web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default();
    let here = format!("{}{search}", path());
    let mut query = vec![format!("barcode={}", encode(&scanned.code)), format!("then={}", encode(&here))];
    query.extend(scanned.lot_code.as_ref().map(|code| format!("code={}", encode(code))));
    query.extend(scanned.expires_on.map(|date| format!("expires={date}")));
    format!("{}?{}", Route::NewProduct.to_path(), query.join("&"))
}
