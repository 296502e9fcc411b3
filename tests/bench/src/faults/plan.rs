//! What the proxy does to the requests that reach it, one decision for each, the same for the same seed.

use std::time::Duration;

use fastrand::Rng;

/// The longest that a request or an answer is held up in a mixed plan.
const MAX_DELAY_MILLIS: u64 = 1_500;

/// What happens to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hurt {
    /// Nothing.
    Pass,
    /// The connection is reset before anything is read of it.
    Refuse,
    /// The request is swallowed, and the connection closed without an answer.
    DropBefore,
    /// The server answers, and the connection is closed before a byte of that.
    DropAfterCommit,
    /// The server answers, and the connection is closed in the middle of the body.
    Truncate,
    /// Somebody else answers with a page of HTML and status 200.
    ForeignBody,
    /// A gateway answers with this status.
    Status(u16),
    /// The request reaches the server this much later.
    Delay(Duration),
    /// The server answers at once, and that arrives this much later.
    HoldAnswer(Duration),
    /// The request reaches the server twice, and the second answer counts.
    Twice,
    /// The request arrives without its cookie: the server does not know the device.
    SignedOut,
}

/// What happens to the requests from now on.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Nothing.
    Calm,
    /// This to every one.
    Always(Hurt),
    /// This to the next few, nothing afterwards.
    Next(u32, Hurt),
    /// Anything to the next few, nothing afterwards.
    Mixed(u32, Rng),
    /// Every one is late by some time.
    Late(Rng),
}

impl Plan {
    /// What happens to the next request.
    pub(crate) fn next(&mut self) -> Hurt {
        match self {
            Self::Calm => Hurt::Pass,
            Self::Always(hurt) => *hurt,
            Self::Next(left, hurt) => {
                if take_one(left) {
                    *hurt
                } else {
                    Hurt::Pass
                }
            }
            Self::Mixed(left, rng) => {
                if take_one(left) {
                    any(rng)
                } else {
                    Hurt::Pass
                }
            }
            Self::Late(rng) => late(rng),
        }
    }
}

fn take_one(left: &mut u32) -> bool {
    let is_left = *left > 0;
    *left = left.saturating_sub(1);
    is_left
}

fn any(rng: &mut Rng) -> Hurt {
    match rng.u8(..10) {
        0 => Hurt::Pass,
        1 => Hurt::Refuse,
        2 => Hurt::DropBefore,
        3 => Hurt::DropAfterCommit,
        4 => Hurt::Truncate,
        5 => Hurt::ForeignBody,
        6 => Hurt::Status(500),
        7 => Hurt::Status(503),
        8 => Hurt::Twice,
        _ => late(rng),
    }
}

fn late(rng: &mut Rng) -> Hurt {
    let delay = Duration::from_millis(rng.u64(..MAX_DELAY_MILLIS));
    if rng.bool() { Hurt::Delay(delay) } else { Hurt::HoldAnswer(delay) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_for_the_next_few_ends() {
        let mut plan = Plan::Next(2, Hurt::Refuse);
        assert_eq!([plan.next(), plan.next(), plan.next()], [Hurt::Refuse, Hurt::Refuse, Hurt::Pass]);
    }

    #[test]
    fn a_mixed_plan_is_the_same_for_the_same_seed_and_ends() {
        let decisions = |seed| {
            let mut plan = Plan::Mixed(40, Rng::with_seed(seed));
            (0..45).map(|_| plan.next()).collect::<Vec<_>>()
        };
        assert_eq!(decisions(7), decisions(7));
        assert_ne!(decisions(7), decisions(8));
        assert!(decisions(7)[40..].iter().all(|hurt| *hurt == Hurt::Pass));
        for wanted in [Hurt::Refuse, Hurt::DropAfterCommit, Hurt::ForeignBody, Hurt::Twice] {
            assert!((0..9).flat_map(decisions).any(|hurt| hurt == wanted), "{wanted:?} never happens");
        }
    }
}
