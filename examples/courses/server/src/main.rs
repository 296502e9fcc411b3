//! The example's server: that of any model, with some courses to begin with.

use courses::{Courses, NAMES};
use server::any::Book;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let book = Book::<Courses>::from_arguments(&NAMES, include_str!("first-rows.json"))?;
    book.serve(axum::Router::new()).await
}
