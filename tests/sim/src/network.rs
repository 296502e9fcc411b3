//! The network between a device and the server, and the faults of requests and answers.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use domain::{Action, Row, Warehouse};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sync::{
    Answer, AuditRequest, AuditResponse, Outcome, Receipt, SyncRequest, SyncResponse, Transport,
    TransportError, UnixMillis, Verdict,
};
use uuid::Uuid;

use crate::books::{Engine, Loss};
use crate::clock::VirtualClock;
use crate::data::DeviceData;
use crate::dice::Dice;
use crate::server::{Letter, SimServer};
use crate::trace::Trace;
use crate::variant::Variant;

/// A device's timeout for an answer, as in the browser's transport.
const TIMEOUT_MILLIS: u64 = 30_000;
/// Maximum number of requests in transit whose device has timed out.
const MAX_LATE_LETTERS: usize = 20;
const REQUESTS_PER_LOST_CONNECTION: u32 = 20;
const PORTAL: &str = "<html><body>Please accept our terms</body></html>";

/// The network state shared by all devices.
#[derive(Debug)]
pub struct Air {
    /// The server.
    pub server: SimServer,
    /// The world's time.
    pub clock: VirtualClock,
    /// The run's decisions.
    pub dice: Dice,
    /// The broken behaviour.
    pub variant: Variant,
    /// The trace of the run.
    pub trace: Trace,
    /// Whether faults happen.
    pub has_faults: Cell<bool>,
    /// Requests that arrive after their device has timed out.
    pub late: RefCell<Vec<Letter>>,
    /// The first violation found during the run.
    pub alarm: RefCell<Option<String>>,
}

/// One device's end.
#[derive(Debug)]
pub struct Link {
    /// The shared state.
    pub air: Rc<Air>,
    /// The device's name, for the trace.
    pub name: String,
    /// The device's token.
    pub token: RefCell<String>,
    /// The site whose data the device holds.
    pub home: String,
    /// The site of its token: another one while the device was carried over there.
    pub token_site: RefCell<String>,
    /// Whether the device has a network.
    pub is_online: Cell<bool>,
    /// The time of the last attempt to send.
    pub tried_at: Cell<u64>,
    /// Whether its build writes actions in the first schema.
    pub is_old_build: Cell<bool>,
    /// Mutations that the server cannot parse.
    pub poison: RefCell<BTreeSet<Uuid>>,
    /// The device's storage, for the variant that clears it.
    pub storage: RefCell<Option<DeviceData>>,
    /// Whether this link has no faults.
    is_calm: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Arrives,
    Slow,
    Refused,
    LostOnTheWay,
    ArrivesLate,
    AnswerLost,
    Twice,
    CutOff,
    Portal,
    Busy,
    Hangs,
    SignIn,
}

/// Each fate with a frequency proportional to its occurrences here.
const FATES: [Fate; 24] = [
    Fate::Arrives,
    Fate::Arrives,
    Fate::Arrives,
    Fate::Arrives,
    Fate::Arrives,
    Fate::Arrives,
    Fate::Arrives,
    Fate::Slow,
    Fate::Slow,
    Fate::Slow,
    Fate::AnswerLost,
    Fate::AnswerLost,
    Fate::AnswerLost,
    Fate::Twice,
    Fate::Twice,
    Fate::Refused,
    Fate::LostOnTheWay,
    Fate::ArrivesLate,
    Fate::ArrivesLate,
    Fate::CutOff,
    Fate::Portal,
    Fate::Busy,
    Fate::SignIn,
    Fate::Hangs,
];

impl Air {
    /// Records the first violation.
    pub fn alarm(&self, what: String) {
        self.alarm.borrow_mut().get_or_insert(what);
    }

    /// Delivers a request to the server; `None` if the server is down.
    pub fn deliver(&self, letter: &Letter) -> Option<(u16, Vec<u8>)> {
        if !self.server.is_up.get() {
            return None;
        }
        let answer = match self.loss() {
            Some(loss) => {
                self.trace.tell(|| format!("the database's connections are lost: {loss:?}"));
                self.server.answer_and_lose(letter, loss)
            }
            None => self.server.answer(letter),
        };
        match answer {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.alarm(format!("the server broke: {error:#}"));
                None
            }
        }
    }
}

impl Air {
    /// The moment at which the server's database loses the connection of a request, if it does. Only some engines have any.
    fn loss(&self) -> Option<Loss> {
        let may_lose = self.has_faults.get() && self.server.engine() == Engine::Postgres;
        let is_lost = may_lose && self.dice.once_in(REQUESTS_PER_LOST_CONNECTION);
        is_lost.then(|| self.dice.pick(&[Loss::InWrite, Loss::InCommit]).copied()).flatten()
    }
}

impl Link {
    /// A link with all faults.
    pub fn new(air: &Rc<Air>, name: &str, site: &str, token: &str) -> Self {
        Self {
            air: Rc::clone(air),
            name: name.to_owned(),
            token: RefCell::new(token.to_owned()),
            home: site.to_owned(),
            token_site: RefCell::new(site.to_owned()),
            is_online: Cell::new(true),
            tried_at: Cell::new(0),
            is_old_build: Cell::new(false),
            poison: RefCell::default(),
            storage: RefCell::default(),
            is_calm: false,
        }
    }

    /// A link without faults.
    pub fn calm(air: &Rc<Air>, name: &str, site: &str, token: &str) -> Self {
        Self { is_calm: true, ..Self::new(air, name, site, token) }
    }

    /// Whether its token is of another site than its data.
    pub fn is_abroad(&self) -> bool {
        *self.token_site.borrow() != self.home
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &'static str,
        request: &impl Serialize,
    ) -> Result<T, TransportError> {
        let air = &self.air;
        self.tried_at.set(air.clock.millis());
        air.clock.step().await;
        let body = serde_json::to_value(request).map_err(|_| TransportError::Garbled)?;
        let body = self.as_this_build_writes(body).to_string().into_bytes();
        let letter = Letter { path, token: self.token.borrow().clone(), body };
        let is_abroad = self.is_abroad();
        let fate = self.fate();
        let worth_a_line = air.has_faults.get() && !self.is_calm;
        air.trace.tell_if(worth_a_line, || format!("{} asks {path}: {fate:?}", self.name));
        let (status, mut body) = self.carry(&letter, fate).await?;
        air.clock.step().await;
        if fate == Fate::CutOff {
            body.truncate(body.len() / 2);
        }
        air.trace.tell_if(false, || {
            let [request, answer] = [&letter.body, &body].map(|body| String::from_utf8_lossy(body));
            format!("{} sent {request} and got {status} {answer}", self.name)
        });
        self.read(status, &body, is_abroad)
    }

    fn fate(&self) -> Fate {
        if !self.is_online.get() {
            return Fate::Refused;
        }
        let fates = if self.air.has_faults.get() && !self.is_calm { &FATES[..] } else { &FATES[..1] };
        self.air.dice.pick(fates).copied().unwrap_or(Fate::Arrives)
    }

    async fn carry(&self, letter: &Letter, fate: Fate) -> Result<(u16, Vec<u8>), TransportError> {
        let air = &self.air;
        match fate {
            Fate::Refused => return Err(TransportError::Unreachable),
            Fate::Hangs => air.clock.hang().await,
            Fate::Portal => return Ok((200, PORTAL.as_bytes().to_vec())),
            Fate::Busy => return Ok((503, Vec::new())),
            Fate::SignIn => {
                return Ok((401, br#"{"code":"sign_in_needed","message":"Who is it?"}"#.to_vec()));
            }
            Fate::LostOnTheWay | Fate::ArrivesLate => {
                if fate == Fate::ArrivesLate && air.late.borrow().len() < MAX_LATE_LETTERS {
                    air.late.borrow_mut().push(letter.clone());
                }
                air.clock.sleep(TIMEOUT_MILLIS).await;
                return Err(TransportError::TimedOut);
            }
            Fate::Slow => air.clock.sleep(u64::from(air.dice.roll(25_000))).await,
            Fate::Arrives | Fate::AnswerLost | Fate::Twice | Fate::CutOff => {}
        }
        if fate == Fate::Twice {
            drop(air.deliver(letter));
        }
        let answer = air.deliver(letter).ok_or(TransportError::Unreachable)?;
        if fate == Fate::AnswerLost {
            air.clock.step().await;
            return Err(TransportError::Unreachable);
        }
        Ok(answer)
    }

    fn read<T: DeserializeOwned>(
        &self,
        status: u16,
        body: &[u8],
        is_abroad: bool,
    ) -> Result<T, TransportError> {
        let text = String::from_utf8_lossy(body);
        let answer =
            Answer { is_redirect: false, status, content_type: "", retry_after_millis: None, body: &text };
        match answer.failure() {
            None => serde_json::from_slice(body).map_err(|_| TransportError::Garbled),
            Some(failure) => {
                if let TransportError::Refused { message, .. } = &failure {
                    self.air.alarm(format!("the server refused {}'s whole request: {message}", self.name));
                }
                if !is_abroad && let TransportError::OtherSite(sites) = &failure {
                    self.air.alarm(format!("{} was refused at its own site: {sites:?}", self.name));
                }
                Err(failure)
            }
        }
    }

    /// Rewrites mutations as an old build writes them, and as only a future build could parse them.
    fn as_this_build_writes(&self, mut body: Value) -> Value {
        let poison = self.poison.borrow();
        if self.air.variant == Variant::SiteOfToken {
            body["site"] = self.token_site.borrow().clone().into();
        } else if self.is_old_build.get()
            && !self.is_abroad()
            && let Some(fields) = body.as_object_mut()
        {
            // The old build does not name its site.
            fields.remove("site");
        }
        for mutation in body["mutations"].as_array_mut().into_iter().flatten() {
            let is_edit = |kind: &String| kind.starts_with("update_") || kind.starts_with("delete_");
            let is_based = mutation["action"].as_object().is_some_and(|fields| fields.keys().any(is_edit));
            if self.air.variant == Variant::NoBase && !is_based {
                mutation["base"] = 0.into();
            }
            let reason = mutation["action"]["adjust_lot"]["reason"].as_str();
            let is_reversal = reason.is_some_and(|reason| reason.starts_with("reversal"));
            if self.air.variant == Variant::NoSubject && is_reversal {
                mutation["replaces"] = Value::Null;
            }
            let id = mutation["id"].as_str().and_then(|text| Uuid::parse_str(text).ok());
            if id.is_some_and(|id| poison.contains(&id)) {
                mutation["schema"] = 99.into();
                mutation["action"] = serde_json::json!({ "teleport_lot": {} });
            } else if self.is_old_build.get() {
                let (kind, payload) =
                    match mutation["action"].as_object().and_then(|fields| fields.iter().next()) {
                        Some((kind, payload)) => (kind.clone(), payload.clone()),
                        None => continue,
                    };
                mutation["schema"] = 1.into();
                mutation["action"] = serde_json::json!({ "kind": kind, "payload": payload });
            }
        }
        body
    }
}

impl Transport<Warehouse> for Link {
    async fn exchange(&self, request: &SyncRequest<Action>) -> Result<SyncResponse<Row>, TransportError> {
        let answer = self.post("/api/sync", request).await;
        match (self.air.variant, answer) {
            (
                Variant::AnyAnswerIsAck,
                Err(TransportError::Garbled | TransportError::SignInPage | TransportError::Busy { .. }),
            ) => Ok(as_if_acknowledged(request)),
            (Variant::DropOnSignIn, Err(TransportError::SignInNeeded)) => {
                if let Some(storage) = &*self.storage.borrow() {
                    storage.tamper(|queue, _| queue.retain(|_, record| !record.is_pending()));
                }
                Err(TransportError::SignInNeeded)
            }
            (_, answer) => answer,
        }
    }

    async fn audit(&self, request: &AuditRequest) -> Result<AuditResponse<Row>, TransportError> {
        if !self.air.variant.has_audit() {
            return Err(TransportError::Unreachable);
        }
        self.post("/api/audit", request).await
    }
}

/// The response that an engine assumes if it does not check the answer.
fn as_if_acknowledged(request: &SyncRequest<Action>) -> SyncResponse<Row> {
    let outcome = Outcome {
        verdict: Verdict::Applied,
        code: String::new(),
        message: String::new(),
        rows: Vec::new(),
        removed: Vec::new(),
    };
    let receipts = request.mutations.iter();
    let receipts = receipts.map(|sent| Receipt { seq: sent.seq, id: sent.id, outcome: outcome.clone() });
    SyncResponse {
        protocol: request.protocol,
        site: request.site.clone(),
        epoch: request.epoch.unwrap_or_default(),
        server_time: UnixMillis(0),
        receipts: receipts.collect(),
        known_seq: request.last_outcome_seq,
        rows: Vec::new(),
        removed: Vec::new(),
        replaced: None,
        cursor: request.cursor.clone(),
        more: false,
        tables: Vec::new(),
    }
}
