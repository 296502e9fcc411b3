//! Lots that devices do not hold, because they are not available: fetched for reports, and added to the survey.

use domain::UnavailableAnswer;
use sync::{TransportError, UnixMillis};

use super::Book;

const PATH: &str = "/api/lots/unavailable";
/// Timeout of one part.
const PART_TIMEOUT_MILLIS: u32 = 15_000;
/// Maximum parts: 50,000 lots. Reports say how many lots are beyond.
const MAX_PARTS: usize = 25;
/// Time before the server is asked again, for each part after the first.
const REST_MILLIS_A_PART: u64 = 60_000;

/// The last answer about these lots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RemoteLots {
    /// The server's time of the answer.
    pub(crate) as_of: UnixMillis,
    /// The number of lots that were too many to fetch.
    pub(crate) left_out: u64,
    /// The device's time before which it is not asked again.
    rests_until: UnixMillis,
}

/// Whether the survey has these lots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum RemoteState {
    /// The server has not answered yet.
    #[default]
    Asking,
    /// It has them as of that answer.
    Known(RemoteLots),
    /// The server has never answered.
    Missing,
}

impl Book {
    /// Fetches the lots and puts them into the survey, unless they are new enough.
    pub(crate) async fn fetch_remote_lots(&self) -> RemoteState {
        let known = self.remote_lots();
        if let Some(known) = known.filter(|known| browser::now() < known.rests_until) {
            return RemoteState::Known(known);
        }
        match self.ask_for_remote_lots().await {
            Ok(fetched) => RemoteState::Known(fetched),
            Err(_) => known.map_or(RemoteState::Missing, RemoteState::Known),
        }
    }

    async fn ask_for_remote_lots(&self) -> Result<RemoteLots, TransportError> {
        let first = part(&self.at_site(PATH)).await?;
        let all: u64 = first.totals.iter().map(|total| total.lots).sum();
        let UnavailableAnswer { mut lots, mut next, as_of, .. } = first;
        let mut rest_millis = 0;
        for _ in 1..MAX_PARTS {
            let Some(after) = next.take() else { break };
            let further = part(&self.at_site(&format!("{PATH}?after={after}"))).await?;
            lots.extend(further.lots);
            next = further.next;
            rest_millis += REST_MILLIS_A_PART;
        }
        let fetched = u64::try_from(lots.len()).unwrap_or(u64::MAX);
        let left_out = if next.is_some() { all.saturating_sub(fetched) } else { 0 };
        let fetched = RemoteLots { as_of, left_out, rests_until: browser::now().plus(rest_millis) };
        self.take_in_remote_lots(&lots, fetched);
        Ok(fetched)
    }
}

async fn part(path: &str) -> Result<UnavailableAnswer, TransportError> {
    let answer = browser::get_json(path, PART_TIMEOUT_MILLIS).await?;
    // A server before this route has no answer.
    answer.ok_or(TransportError::Garbled)
}
