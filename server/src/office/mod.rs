//! The office: accounts of people who administer sites, and their passwords.

mod accounts;
mod password;

pub use accounts::{LINK_LIFE_MILLIS, login_key, new_account, new_link, new_session, set_password};
pub use password::{PasswordFault, Passwords, check_password};
