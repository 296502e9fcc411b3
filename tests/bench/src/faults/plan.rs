//! Plans for the proxy: one decision for each request, the same for the same seed.

use std::time::Duration;

use fastrand::Rng;

/// Longest delay of a request or an answer in a random plan.
const MAX_DELAY_MILLIS: u64 = 1_500;

/// Treatment of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hurt {
    /// Forwarded unchanged.
    Pass,
    /// The connection is reset before the server gets the request.
    Refuse,
    /// The request is dropped and the connection closed without an answer.
    DropBefore,
    /// The server processes the request, and the connection is closed without an answer.
    DropAfterCommit,
    /// The server answers, and the connection is closed in the middle of the body.
    Truncate,
    /// Another host answers with an HTML page and status 200, like a captive portal.
    ForeignBody,
    /// A gateway answers with this status.
    Status(u16),
    /// The request reaches the server this much later.
    Delay(Duration),
    /// The server answers at once, but its answer arrives this much later.
    HoldAnswer(Duration),
    /// The request reaches the server twice, and the second answer counts.
    Twice,
    /// The request arrives without its cookie: the server does not know the device.
    SignedOut,
}

/// Treatment of all requests from now on.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    /// Every request passes.
    Calm,
    /// This happens to every request.
    Always(Hurt),
    /// This happens to the next few requests, then they pass.
    Next(u32, Hurt),
    /// A random treatment of the next few requests, then they pass.
    Mixed(u32, Rng),
    /// Every request or answer is delayed randomly.
    Late(Rng),
}

impl Plan {
    /// Decides about the next request.
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
