//! The office: who may do what ([`roles`]), and the requests and answers between its page and the server ([`messages`]).

#![warn(clippy::wildcard_enum_match_arm)]

pub mod messages;
pub mod roles;
