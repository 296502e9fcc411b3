//! The state of a webhook after an attempt: it goes on, waits, or is given up.

use sync::UnixMillis;

use super::receiver::Answer;
use crate::store::webhooks::{Position, WebhookState};

/// The wait after a first failure; it doubles with each further one.
const FIRST_RETRY_MILLIS: u64 = 5_000;
/// The longest wait.
const MAX_RETRY_MILLIS: u64 = 10 * 60 * 1_000;
/// Doublings of the wait; with more it would be longer than the longest.
const MAX_DOUBLINGS: u64 = 16;
/// A webhook that failed for so long is dead,
const MAX_FAILING_MILLIS: u64 = 5 * 24 * 60 * 60 * 1_000;
/// but not before so many attempts: the server's clock may have been set, or the server may have been off.
const MIN_FAILURES_OF_DEAD: u64 = 20;
const MAX_ERROR_CHARS: usize = 300;

/// The state after an answer. `through` is the position of delivered events; `random` is any number, for the jitter.
pub(super) fn after(
    state: &WebhookState,
    answer: &Answer,
    through: &Position,
    now: UnixMillis,
    random: u64,
) -> WebhookState {
    if matches!(answer, Answer::Delivered) {
        return WebhookState { delivered_at: Some(now), ..WebhookState::after(through.clone()) };
    }
    let failures = state.failures.saturating_add(1);
    let since = state.failing_since.unwrap_or(now);
    let wait = retry_after_millis(failures, random).max(asked_millis(answer));
    let is_dead = matches!(answer, Answer::Gone)
        || (now.since(since) >= MAX_FAILING_MILLIS && failures >= MIN_FAILURES_OF_DEAD);
    WebhookState {
        position: state.position.clone(),
        failures,
        failing_since: Some(since),
        next_attempt_at: now.plus(wait),
        last_error: answer.to_string().chars().take(MAX_ERROR_CHARS).collect(),
        delivered_at: state.delivered_at,
        dead_at: is_dead.then_some(now),
    }
}

/// The wait that the receiver asks for, within our limit.
fn asked_millis(answer: &Answer) -> u64 {
    match answer {
        Answer::Refused { retry_after_millis: Some(millis), .. } => (*millis).min(MAX_RETRY_MILLIS),
        Answer::Refused { retry_after_millis: None, .. }
        | Answer::Delivered
        | Answer::Gone
        | Answer::Unreachable(_) => 0,
    }
}

/// The wait after so many failures: half of it is fixed, so that it grows, and half is random, so that webhooks that failed
/// together do not come back together.
fn retry_after_millis(failures: u64, random: u64) -> u64 {
    let doublings = failures.saturating_sub(1).min(MAX_DOUBLINGS);
    let whole = FIRST_RETRY_MILLIS.saturating_mul(1 << doublings).min(MAX_RETRY_MILLIS);
    let half = whole / 2;
    half + random % (half + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn failed(state: &WebhookState, now: UnixMillis) -> WebhookState {
        let answer = Answer::Unreachable("it is off".to_owned());
        after(state, &answer, &Position::end_of(9), now, 0)
    }

    #[test]
    fn waits_grow_and_differ_within_limits() {
        for (failures, most) in [(1, 5_000), (2, 10_000), (3, 20_000), (8, 600_000), (u64::MAX, 600_000)] {
            assert_eq!(retry_after_millis(failures, 0), most / 2, "{failures}");
            assert_eq!(retry_after_millis(failures, most / 2), most, "{failures}");
            assert_eq!(retry_after_millis(failures, 7), most / 2 + 7, "{failures}");
        }
    }

    #[test]
    fn a_failure_keeps_the_position_and_a_delivery_moves_it() {
        let start = WebhookState::after(Position::end_of(4));
        let first = failed(&start, NOW);
        assert_eq!((first.failures, first.failing_since, first.dead_at), (1, Some(NOW), None));
        assert_eq!((&first.position, first.last_error.as_str()), (&start.position, "it is off"));
        assert_eq!(first.next_attempt_at, NOW.plus(2_500));
        let second = failed(&first, NOW.plus(2_500));
        assert_eq!((second.failures, second.failing_since), (2, Some(NOW)));
        assert_eq!(second.next_attempt_at, NOW.plus(2_500 + 5_000));
        let told = after(&second, &Answer::Delivered, &Position::end_of(9), NOW.plus(9_000), 0);
        let expected =
            WebhookState { delivered_at: Some(NOW.plus(9_000)), ..WebhookState::after(Position::end_of(9)) };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_wait() {
        let start = WebhookState::after(Position::end_of(4));
        let wait = |millis| {
            let answer = Answer::Refused { status: 503, retry_after_millis: Some(millis) };
            after(&start, &answer, &Position::end_of(9), NOW, 0).next_attempt_at.since(NOW)
        };
        assert_eq!((wait(1), wait(60_000), wait(u64::MAX)), (2_500, 60_000, MAX_RETRY_MILLIS));
    }

    #[test]
    fn a_webhook_dies_after_days_of_failures_or_when_it_is_gone() {
        let mut state = WebhookState::after(Position::end_of(4));
        let mut now = NOW;
        for _ in 1..MIN_FAILURES_OF_DEAD {
            state = failed(&state, now);
            now = now.plus(MAX_FAILING_MILLIS);
            assert_eq!(state.dead_at, None, "{state:?}");
        }
        assert_eq!(failed(&state, now).dead_at, Some(now));
        let early = NOW.plus(MAX_FAILING_MILLIS - 1);
        assert_eq!(failed(&WebhookState { failures: 900, ..state.clone() }, early).dead_at, None);
        let gone =
            after(&WebhookState::after(Position::end_of(4)), &Answer::Gone, &Position::end_of(9), NOW, 0);
        assert_eq!((gone.dead_at, gone.position), (Some(NOW), Position::end_of(4)));
    }
}
