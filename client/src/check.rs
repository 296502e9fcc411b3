//! Comparing every row with the server's, when a person asks for it.

use futures::channel::mpsc;
use futures::future::join;
use sync::{Notice, RoundError};

use crate::client::Client;
use crate::host::Host;
use crate::round::{audit_all, next_notices};

impl<H: Host> Client<H> {
    /// Compares every row with the server's and fetches parts that differ again. `on_progress` gets the number of rows
    /// compared so far. Returns that number at the end, and the number of parts that differed.
    ///
    /// # Errors
    /// [`RoundError`]; repairs before the failure stay.
    pub async fn check_rows(&self, on_progress: impl Fn(usize)) -> Result<(usize, usize), RoundError> {
        let (sender, mut repairs) = mpsc::unbounded();
        let tell = |notice: &Notice| {
            self.tell(notice);
            // Fails only when the check is being dropped.
            drop(sender.unbounded_send(notice.clone()));
        };
        let checking = async {
            let host = self.host();
            let checked = audit_all(self.relay(), host.transport(), host.timer(), &tell, on_progress).await;
            sender.close_channel();
            checked
        };
        let following = async {
            while let Some(notices) = next_notices(&mut repairs).await {
                self.follow_round(notices).await;
            }
        };
        let (checked, ()) = join(checking, following).await;
        // Other windows took a repair for a part of a round.
        self.tell(&Notice::RoundEnded { ok: checked.is_ok() });
        if let Err(error) = &checked {
            self.note_round_error(error);
        }
        checked
    }
}
