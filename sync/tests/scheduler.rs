//! Tests when a round is due, for all events and wrong clocks.
#![allow(clippy::expect_used, reason = "a test fails loudly")]

use sync::{
    Connection, Ended, Event, Order, OtherSite, Scheduler, SchedulerConfig, TransportError, UnixMillis,
};

const NOW: UnixMillis = UnixMillis(1_000_000);

fn scheduler() -> Scheduler {
    Scheduler::new(SchedulerConfig::default(), 7)
}

fn start(reason: &'static str) -> Order {
    Order::StartRound { reason, steal: false }
}

fn fail(scheduler: &mut Scheduler, error: TransportError, now: UnixMillis) {
    scheduler.handle(Event::RoundEnded(Ended::Failed(error)), now);
}

#[test]
fn starts_one_round_at_a_time_and_another_for_new_mutations() {
    let mut scheduler = scheduler();
    assert!(scheduler.handle(Event::Started, NOW).contains(&start("start")));
    let during = scheduler.handle(Event::Enqueued, NOW);
    assert_eq!(during, [Order::RegisterBackgroundSync]);
    let after = scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), NOW);
    assert_eq!(after, [start("more")]);
    scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), NOW);
    assert_eq!(scheduler.poll_timeout(), Some((NOW.plus(60_000), "interval")));
}

#[test]
fn retries_back_off_up_to_the_limit() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Enqueued, NOW);
    let mut now = NOW;
    let mut waits = Vec::new();
    for _ in 0..20 {
        fail(&mut scheduler, TransportError::Unreachable, now);
        let (due, _) = scheduler.poll_timeout().expect("a pending mutation is always tried again");
        waits.push(due.since(now));
        now = due;
        assert_eq!(scheduler.handle(Event::Woken, now).len(), 1);
    }
    assert!(waits[0] <= 1_000 && waits.iter().all(|wait| *wait <= 60_000), "{waits:?}");
    assert!(waits[19] >= 30_000, "{waits:?}");
    assert_eq!(scheduler.connection(), Connection::ServerUnreachable);
}

#[test]
fn works_offline_until_the_user_ends_it() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::WorkOffline(true), NOW);
    for event in [Event::Online, Event::Visible, Event::Enqueued, Event::Poked, Event::Woken] {
        let orders = scheduler.handle(event, NOW.plus(600_000));
        assert!(!orders.iter().any(|order| matches!(order, Order::StartRound { .. })));
    }
    assert_eq!(scheduler.connection(), Connection::WorkingOffline);
    assert_eq!(scheduler.poll_timeout(), None);
    let orders = scheduler.handle(Event::WorkOffline(false), NOW);
    assert_eq!(orders, [start("back online by choice")]);
}

#[test]
fn without_a_network_retries_are_rarer_but_one_stays_due() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Offline, NOW);
    scheduler.handle(Event::Enqueued, NOW);
    let (due, _) = scheduler.poll_timeout().expect("an attempt");
    assert!(due <= NOW.plus(60_000));
    assert_eq!(scheduler.handle(Event::Woken, due), [start("retry")]);
}

#[test]
fn a_lost_sign_in_pauses_rounds_and_a_new_one_resumes_them() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Started, NOW);
    fail(&mut scheduler, TransportError::SignInNeeded, NOW);
    assert_eq!(scheduler.connection(), Connection::SignInNeeded);
    assert_eq!(scheduler.handle(Event::Enqueued, NOW), [Order::RegisterBackgroundSync]);
    assert_eq!(scheduler.handle(Event::SignedIn, NOW), [start("signed in")]);
}

#[test]
fn at_another_site_rounds_pause_until_the_device_is_signed_in_at_its_own() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Started, NOW);
    let sites = OtherSite { held: "north".to_owned(), asked: "south".to_owned() };
    fail(&mut scheduler, TransportError::OtherSite(sites), NOW);
    assert_eq!(scheduler.connection(), Connection::OtherSite);
    assert_eq!(scheduler.handle(Event::Enqueued, NOW), [Order::RegisterBackgroundSync]);
    assert_eq!(scheduler.handle(Event::Visible, NOW), []);
    let (due, _) = scheduler.poll_timeout().expect("another window may have signed in");
    assert!((30_000..=60_000).contains(&due.since(NOW)), "{due:?}");
    assert_eq!(scheduler.handle(Event::SignedIn, NOW), [start("signed in")]);
}

#[test]
fn a_sign_in_page_is_tried_again_gently_and_at_once_when_the_page_is_shown() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Started, NOW);
    fail(&mut scheduler, TransportError::SignInPage, NOW);
    assert_eq!(scheduler.connection(), Connection::SignInPage);
    let (due, _) = scheduler.poll_timeout().expect("a retry");
    assert!((30_000..=60_000).contains(&due.since(NOW)), "{due:?}");
    assert_eq!(scheduler.handle(Event::Enqueued, NOW), [Order::RegisterBackgroundSync]);
    scheduler.handle(Event::Offline, NOW);
    assert_eq!(scheduler.connection(), Connection::Offline, "first of all there is no network");
    assert_eq!(scheduler.handle(Event::Online, NOW), [start("online")]);
    fail(&mut scheduler, TransportError::SignInPage, NOW);
    assert_eq!(scheduler.handle(Event::Visible, NOW), [start("visible")], "signed in, and back");
    scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), NOW);
    assert_eq!(scheduler.connection(), Connection::Online);
}

#[test]
fn a_mutation_saved_during_a_retry_is_sent_next() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Automatic(false), NOW);
    scheduler.handle(Event::Manual, NOW);
    fail(&mut scheduler, TransportError::Unreachable, NOW);
    let (due, _) = scheduler.poll_timeout().expect("a retry");
    scheduler.handle(Event::Woken, due);
    scheduler.handle(Event::Enqueued, due);
    let orders = scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), due);
    assert_eq!(orders, [start("more")]);
}

#[test]
fn a_busy_server_is_not_asked_again_before_the_time_that_it_names() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Manual, NOW);
    for asked in [4_000, 1_000, 7_000] {
        fail(&mut scheduler, TransportError::Busy { retry_after_millis: Some(asked) }, NOW);
        let (due, _) = scheduler.poll_timeout().expect("a retry");
        assert!((NOW.plus(asked)..=NOW.plus(asked + asked / 2)).contains(&due), "{due:?}");
        scheduler.handle(Event::Manual, NOW);
    }
}

/// After an outage the streams of all devices come back as well, and tell of what others have sent.
#[test]
fn a_device_that_was_told_to_wait_is_not_called_back_by_the_work_of_others() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Started, NOW);
    fail(&mut scheduler, TransportError::Busy { retry_after_millis: Some(20_000) }, NOW);
    let due = scheduler.poll_timeout().expect("a retry");
    assert_eq!(scheduler.handle(Event::Poked, NOW.plus(1_000)), []);
    assert_eq!(scheduler.poll_timeout(), Some(due));
    assert_eq!(scheduler.handle(Event::Woken, due.0), [start("retry")]);
    scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), due.0);
    assert_eq!(scheduler.handle(Event::Poked, due.0), [start("poked")]);
    // A server that does not answer has named no time.
    fail(&mut scheduler, TransportError::Unreachable, due.0);
    assert_eq!(scheduler.handle(Event::Poked, due.0), [start("poked")]);
}

#[test]
fn a_clock_set_back_does_not_delay_the_next_retry() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Manual, NOW.plus(86_400_000));
    fail(&mut scheduler, TransportError::Unreachable, NOW.plus(86_400_000));
    scheduler.handle(Event::Enqueued, NOW);
    let (due, _) = scheduler.poll_timeout().expect("a retry");
    assert!(due <= NOW.plus(60_000));
}

#[test]
fn a_successful_round_overrides_the_browsers_offline_event() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Offline, NOW);
    scheduler.handle(Event::Manual, NOW);
    scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), NOW);
    assert_eq!(scheduler.connection(), Connection::Online);
}

#[test]
fn a_hanging_round_is_abandoned_and_retried() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Manual, NOW);
    scheduler.handle(Event::Progressed, NOW.plus(50_000));
    assert_eq!(scheduler.handle(Event::Woken, NOW.plus(90_000)), [], "it made progress");
    let (due, _) = scheduler.poll_timeout().expect("an end of patience");
    assert_eq!(due, NOW.plus(140_000));
    assert_eq!(scheduler.connection(), Connection::ServerUnreachable);
    assert_eq!(scheduler.handle(Event::Woken, due), [Order::AbandonRound]);
    let (due, _) = scheduler.poll_timeout().expect("a retry");
    assert_eq!(scheduler.handle(Event::Woken, due), [start("retry")]);
}

#[test]
fn a_server_counts_as_reached_once_it_has_answered() {
    let mut scheduler = scheduler();
    assert_eq!(scheduler.connection(), Connection::Connecting);
    scheduler.handle(Event::Heard { from_server: false }, NOW);
    assert_eq!(scheduler.connection(), Connection::Connecting, "another window's round failed");
    scheduler.handle(Event::Heard { from_server: true }, NOW);
    assert_eq!(scheduler.connection(), Connection::Online);
}

#[test]
fn a_late_answer_counts_as_no_server_until_it_comes() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Manual, NOW);
    for (event, passed) in [(Event::Progressed, 2_000), (Event::Progressed, 20_000)] {
        let (due, _) = scheduler.poll_timeout().expect("a limit");
        assert_eq!(scheduler.handle(Event::Woken, due), []);
        assert_eq!(scheduler.connection(), Connection::ServerUnreachable);
        scheduler.handle(event, NOW.plus(passed));
        assert_eq!(scheduler.connection(), Connection::Online);
        assert_eq!(scheduler.poll_timeout().map(|(due, _)| due), Some(NOW.plus(passed + 5_000)));
    }
}

#[test]
fn a_lost_stream_makes_an_idle_device_try_the_server_at_once() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Manual, NOW);
    scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), NOW);
    scheduler.handle(Event::StreamLost, NOW.plus(1_000));
    let (due, _) = scheduler.poll_timeout().expect("a round");
    assert!(due <= NOW.plus(4_000), "{due:?}");
    assert_eq!(scheduler.handle(Event::Woken, due), [start("stream lost")]);
    fail(&mut scheduler, TransportError::Unreachable, due);
    let retry = scheduler.poll_timeout();
    scheduler.handle(Event::StreamLost, due);
    assert_eq!(scheduler.poll_timeout(), retry, "it is known already");
}

#[test]
fn a_silent_holder_of_the_lock_loses_it() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Manual, NOW);
    scheduler.handle(Event::RoundEnded(Ended::Elsewhere), NOW);
    scheduler.handle(Event::Heard { from_server: true }, NOW.plus(40_000));
    for (passed, steal) in [(50_000, false), (84_000, false), (86_000, true)] {
        let orders = scheduler.handle(Event::Manual, NOW.plus(passed));
        assert_eq!(orders, [Order::StartRound { reason: "manual", steal }], "after {passed} ms");
        scheduler.handle(Event::RoundEnded(Ended::Elsewhere), NOW.plus(passed));
    }
    scheduler.handle(Event::Manual, NOW.plus(90_000));
    scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), NOW.plus(90_000));
    assert_eq!(scheduler.handle(Event::Manual, NOW.plus(190_000)), [start("manual")]);
}

#[test]
fn automatic_rounds_can_be_switched_off() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Automatic(false), NOW);
    scheduler.handle(Event::Manual, NOW);
    scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), NOW);
    assert_eq!(scheduler.poll_timeout(), None);
}

#[test]
fn switching_automatic_rounds_off_cancels_the_due_one() {
    let mut scheduler = scheduler();
    scheduler.handle(Event::Manual, NOW);
    scheduler.handle(Event::RoundEnded(Ended::Done { more: false }), NOW);
    assert!(scheduler.poll_timeout().is_some());
    scheduler.handle(Event::Automatic(false), NOW);
    assert_eq!(scheduler.poll_timeout(), None);
}
