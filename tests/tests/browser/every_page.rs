//! A table of every page of the app in every state, and the walk over it.
//!
//! `LOTBOOK_STATES=stock,sync` narrows a walk to the states whose names begin so.

use anyhow::{Context, Result, ensure};

use crate::device::Device;
use crate::network;
use crate::report::Report;
use crate::site::{Site, WORLDS, World};

/// Line between two parts of [`STATES`]. States of one part do not build on those of another.
const PART: &str = "----";
/// A line is a state: its world, with `+` and what is broken before the page begins; its name; its address; the steps from
/// there. Elements go by their `data-test`: `!save` clicks, `price=2` fills in, `toast` waits; `>{code}` scans. `{product}` has
/// lots and the barcode `{code}`, `{counted}` has lots and the barcode `{other}`, `{bare}` has none, `{long}` has a name that no list has room for, `{bin}` is where goods lie. Those of an order build on each other.
const STATES: &str = "
new             new-device             /stock                       empty-not-enrolled
new             enrol                  /enrol                       enrol-form
new             enrol-faults           /enrol                       !enrol-submit enrol-code-fault
downloading+sync-hangs downloading     /stock                       empty-downloading
online+open-hangs opening              /stock
online+open-fails open-failed          /stock                       open-error
online+reads-hang loading              {product}                    loading
online+rest-hangs rest-waited-for      {product}                    loading
online+rest-fails rest-not-loaded      {product}                    back-to-stock
online+reads-fail read-failed          {product}                    read-failure
online+reads-hang stock-reading        /stock                       loading
online+reads-fail stock-unreadable     /stock                       read-failure
online+nearly-full nearly-full         /stock                       storage-notice
online+device-full storage-full        {product}/work/pick          quantity=1 !save storage-full
new             new-home               /                            home
new             new-inbox              /inbox                       inbox-empty
new             new-welcome            /welcome                     welcome-page
online          home                   /                            home
online          start-receive          /work/receive                start
online          start-put-away         /work/put-away               start
online          start-pick             /work/pick                   start
online          start-move             /work/move                   start
online          start-adjust           /work/adjust                 start
online          start-count            /work/count                  start
online          transfer               /transfer                    transfer
online          transfer-lines         /transfer                    transfer-search={sku} !match transfer-line
online          delivery               /work/receive                !delivery delivery-page delivery-line
online          delivery-close         /work/receive                !delivery delivery-page !delivery-close reason-sheet
online+flash-stays flash-right         {product}/work/pick          work-form >{code} flash
online+flash-stays flash-wrong         {product}/work/pick          work-form >{other} flash
online+camera   camera-looking         /stock                       !open-camera camera-words
online+camera-refused camera-refused   /stock                       !open-camera camera-trouble
online          scan-question          /stock                       product-row >010{code}10AB2117 scan-reading
online          bin                    /bin/{bin}                   bin-lot
online          bin-empty              /bin/ZZ-99                   bin-page
online          settings               /settings                    settings-page
online          scanner-test           /scanner                     scanner-test-page
online          commands               /commands                    commands-page command
online          welcome                /welcome                     welcome-page
online          stock                  /stock                       product-row
online          stock-found            /stock                       search=washer product-row
online          stock-similar          /stock                       search=washre product-row
online          home-matches           /                            home-scan=washer match
online          stock-filters          /stock                       !stock-narrow stock-filter
online          stock-nothing-found    /stock                       search=zzzzz empty-search
online          product                {product}                    on-hand
online          product-lot            {product}                    !choose-lot lot-works
online          product-lot-sheet      {product}                    !choose-lot !lot-edit lot-sheet
online          product-long-name      {long}                       on-hand
online          product-no-lots        {bare}                       no-lots
online          product-delete         {bare}                       !delete-product delete-confirm
online          product-undeletable    {product}                    !delete-product delete-refused
online          product-unknown        /product/00000000-0000-4000-8000-000000000000 unknown-product
online          product-edit           {product}/edit               product-form
online          product-new            /product/new                 product-form
online          product-new-faults     /product/new                 !save name-fault
online          receive                {product}/work/receive       work-form
online          receive-faults         {product}/work/receive       !save lot-code-fault
online          receive-lots           {product}/work/receive       !change-lot lot-picker
online          pick                   {product}/work/pick          work-form
online          pick-long-name         {long}/work/pick             work-form
online          pick-faults            {product}/work/pick          quantity=0 !save quantity-fault
online          pick-nothing           {bare}/work/pick             no-lots
online          move                   {product}/work/move          work-form
online          put-away               {product}/work/put-away      work-form
online          adjust                 {product}/work/adjust        work-form
online          count                  {product}/work/count         work-form
online          draft                  {product}/work/receive       lot-code=L9 quantity=7 !back on-hand !action-receive draft
----
online          saved                  {product}/work/pick          quantity=1 !save toast
online          home-worked            {product}/work/pick          quantity=1 !save toast !back !nav-work recent-row
online          home-reversed          {product}/work/move          to=B-99 quantity=1 !save toast !back !nav-work !recent-reverse reversed
online          history-reversed       {product}/history            timeline-row
online          pick-other-lot         {product}/work/pick          !change-lot !lot-row:last-child fefo-advice
online          pick-no-reason         {product}/work/pick          !change-lot !lot-row:last-child !save reason-fault
online          count-again            {product}/work/count         quantity=7 !save toast
online          sell-empty             /checkout                    empty-cart
online          sell-matches           /checkout                    order-search=a match
online          sell                   /checkout                    order-search={sku} !match cart-line-total
online          sell-quantity          /checkout                    !cart-quantity quantity-sheet
online          sell-too-much          /checkout                    !cart-quantity quantity=99999 !quantity-done shortage
online          sync                   /sync                        sync-page
online          sync-checked           /sync                        !check-data check-result
online          sync-sign-out          /sync                        !sign-out sign-out-sheet
online          inbox-unknown          /inbox                       >4006381333931 unknown-code-card
online          assign-search          /inbox                       >4006381333931 !unknown-assign assign-search={sku} assign-match
online          assign-confirm         /inbox                       >4006381333931 !unknown-assign assign-search={sku} !assign-match assign-confirm
online          inbox-below-zero       {counted}/work/pick          quantity=5000 !save toast !back !nav-inbox exception-card[data-kind=below_zero]
online+flash-stays flash-unknown       /settings                    >4006381333931 flash
online          lots                   /lots                        survey-lot
online          lots-filters           /lots                        !lots-more lots-bin
online          lots-none              /lots?q=zzzzz                lots-none
online          report                 /report                      stock-value
online          history                {product}/history            timeline-row
online          history-empty          {bare}/history               history-empty
online          not-found              /nowhere                     not-found
working-offline working-offline        /stock                       working-offline-notice
working-offline product-pending        {product}                    on-hand
working-offline sync-waiting           /sync                        queue-row
working-offline sync-save-unsent       /sync                        !save-unsent save-unsent-sheet
working-offline sync-sign-out-unsent   /sync                        !sign-out sign-out-words
conflict        sync-conflict          /sync                        attention-link
conflict        inbox-conflict         /inbox                       field-choice
conflict        inbox-moved-count      /inbox                       exception-card[data-kind=moved_while_counted]
conflict        stock-attention        /stock                       attention-count
no-server       no-server              /stock                       no-server-notice
no-server       sync-no-server         /sync                        no-server-notice
offline         offline                /stock                       offline-notice
offline         product-offline        {product}                    as-of
offline         sell-offline           /checkout                    !cart-quantity quantity=1 !quantity-done !place-order order-placed
offline         sync-offline           /sync                        queue-row
offline         history-offline        {product}/history            history-offline
offline         lots-offline           /lots                        survey-lot
offline         report-offline         /report                      missing-lots
update-ready    update-ready           /stock                       update-notice
people          who                    /                            who-page people
people          who-pin                /                            !person[data-id] pin-pad
people          who-wrong-pin          /                            !person[data-id] pin=0000 !pin-confirm pin-fault
people          who-no-such-badge      /                            who-page >NOBODY-7 toast
people          looking                /stock                       !who-look product-row switch-person
people          signed-in              /                            >WORKER-1 home switch-person
people          product-locked         {product}                    >WORKER-1 on-hand needs-approval
people          approval               {product}/edit               >WORKER-1 price=9.99 !save approval-sheet
people          approval-pin           {product}/edit               >WORKER-1 price=9.99 !save approval-sheet !person pin-pad
people          history-people         {product}/history            >WORKER-1 timeline-row
signed-out      signed-out             /stock                       sign-in-notice
signed-out      sync-signed-out        /sync                        sign-in-notice
";

/// One step towards a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    Click(&'a str),
    Fill(&'a str, &'a str),
    Wait(&'a str),
    Scan(&'a str),
}

/// A page in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State<'a> {
    pub(crate) name: &'a str,
    world: World,
    pub(crate) broken: Option<&'a str>,
    pub(crate) path: &'a str,
    pub(crate) steps: Vec<Step<'a>>,
}

impl<'a> State<'a> {
    fn read(line: &'a str) -> Result<Self> {
        let mut words = line.split_whitespace();
        let mut next = || words.next().with_context(|| format!("the state {line:?} lacks a column"));
        let (around, name, path) = (next()?, next()?, next()?);
        let (world, broken) = match around.split_once('+') {
            Some((world, broken)) => (world, Some(broken)),
            None => (around, None),
        };
        let step = |word: &'a str| match word.split_at(1) {
            ("!", test) => Step::Click(test),
            (">", code) => Step::Scan(code),
            _ => match word.split_once('=').filter(|(test, _)| !test.contains('[')) {
                Some((test, text)) => Step::Fill(test, text),
                None => Step::Wait(word),
            },
        };
        Ok(Self { name, world: World::read(world)?, broken, path, steps: words.map(step).collect() })
    }
}

/// All states of a text like [`STATES`].
fn read(text: &'static str) -> Result<Vec<State<'static>>> {
    text.lines().filter(|line| !line.is_empty() && *line != PART).map(State::read).collect()
}

/// The states whose names `LOTBOOK_STATES` begins; all of them without it.
fn narrowed(states: Vec<State<'static>>) -> Result<Vec<State<'static>>> {
    let wanted = std::env::var("LOTBOOK_STATES").unwrap_or_default();
    let is_wanted = |state: &State<'_>| wanted.split(',').any(|name| state.name.starts_with(name));
    ensure!(read(STATES)?.iter().any(is_wanted), "no state's name begins with one of {wanted:?}");
    Ok(states.into_iter().filter(is_wanted).collect())
}

/// All states.
pub(crate) fn every_state() -> Result<Vec<State<'static>>> {
    narrowed(read(STATES)?)
}

/// The states of one of the table's parts, from 0.
pub(crate) fn states_of_part(part: usize) -> Result<Vec<State<'static>>> {
    let text = STATES.split(PART).nth(part).with_context(|| format!("the table has no part {part}"))?;
    narrowed(read(text)?)
}

/// The states with these names.
pub(crate) fn states_named(names: &[&str]) -> Result<Vec<State<'static>>> {
    let chosen: Vec<_> = read(STATES)?.into_iter().filter(|state| names.contains(&state.name)).collect();
    ensure!(chosen.len() == names.len(), "some of {names:?} are not in the table");
    Ok(chosen)
}

/// Shows the states one after another on one device, in `language`, and runs `check` on each.
///
/// # Errors
/// With all faults of all states, at the end.
pub(crate) async fn walk(
    states: Vec<State<'_>>,
    language: &'static str,
    mut check: impl AsyncFnMut(&Device, &mut Report) -> Result<()>,
) -> Result<()> {
    let mut site = Site::start(language).await?;
    let mut report = Report::default();
    // Worlds after the last one of these states are not brought about.
    let last = states.iter().filter_map(|state| WORLDS.iter().position(|world| *world == state.world)).max();
    for world in WORLDS.into_iter().take(last.map_or(0, |last| last + 1)) {
        site.enter(world).await.with_context(|| format!("the walk cannot enter {world:?}"))?;
        for state in states.iter().filter(|state| state.world == world) {
            report.begin(state.name);
            match site.show(state).await {
                Ok(()) => check(&site.device, &mut report).await?,
                Err(error) => report.fault(&format!("it does not come about: {error:#}")),
            }
        }
    }
    drop(site);
    network::up()?;
    report.end()
}

#[test]
fn the_parts_together_are_the_whole_table() -> Result<()> {
    let parts: Result<Vec<_>> = (0..2).map(states_of_part).collect();
    ensure!(parts?.concat() == every_state()?, "a state is in no part, or in two");
    ensure!(states_of_part(2).is_err(), "no test walks through a third part");
    Ok(())
}

#[test]
fn a_state_is_read_from_its_line() -> Result<()> {
    let read = State::read("online+device-full  full  {product}  quantity=1 !save storage-full")?;
    let steps = vec![Step::Fill("quantity", "1"), Step::Click("save"), Step::Wait("storage-full")];
    let expected =
        State { name: "full", world: World::Online, broken: Some("device-full"), path: "{product}", steps };
    ensure!(read == expected, "{read:?}");
    ensure!(State::read("online stock").is_err() && State::read("space stock /").is_err());
    Ok(())
}
