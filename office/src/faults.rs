//! Refusals and faults in words.

use crate::words::t;

/// A refusal of the server, or that there was no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Zero without an answer.
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Fault {
    pub(crate) fn unreachable() -> Self {
        Self { status: 0, code: "unreachable".to_owned(), message: String::new() }
    }

    pub(crate) fn garbled() -> Self {
        Self { status: 0, code: "garbled".to_owned(), message: String::new() }
    }

    /// Whether the session has ended.
    pub(crate) fn is_signed_out(&self) -> bool {
        self.status == 401
    }

    /// One sentence. Rare ones are the server's own, in English.
    pub(crate) fn words(&self) -> String {
        match self.code.as_str() {
            "unreachable" => t("Can't reach the server. Check the network, then try again."),
            "garbled" => t("The server answered something unexpected. Reload the page."),
            "office_sign_in_needed" => t("Your session has ended. Sign in again."),
            "wrong_password" => t("The login name or the password is wrong."),
            "bad_link" => t("This link has expired or been used. Ask for a new one."),
            "bad_password" => t("Use at least 12 characters, and not the login name."),
            "too_many_attempts" => t("Too many attempts. Wait a minute, then try again."),
            "no_role" | "role_too_low" => t("Your role doesn't allow this. Ask an admin."),
            "name_taken" => t("There is a key with this name. Choose another name."),
            "login_taken" => t("There is an account with this name, or there was one. Choose another name."),
            "own_account" => t("This is your own account. Another admin can close it."),
            "bad_url" => t("Enter an address that begins with https:// or http://."),
            "too_many_webhooks" => t("The site has the most webhooks that it can have. Delete one first."),
            "gone" => t("It is not there any more. Reload the list."),
            "busy" | "importing" => t("The server is busy. Try again in a few seconds."),
            _ if self.message.is_empty() => t("The server answered something unexpected. Reload the page."),
            _ => return self.message.clone(),
        }
        .to_owned()
    }
}
