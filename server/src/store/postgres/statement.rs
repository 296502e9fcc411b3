//! Statements, which can be sent before the answers to those before them have come. They have no names and bring the types of
//! their parameters: nothing of them is left in the server's session.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

use super::super::StoreFault;
use super::super::sql::session::{Insert, Keyed, Param};
use super::arrays::Arrays;

/// Keys in one query.
const MAX_KEYS_PER_QUERY: usize = 2_000;
/// Rows in one `INSERT`.
const MAX_ROWS_PER_INSERT: usize = 2_000;

/// A parameter with its type.
type Typed<'p> = (&'p (dyn ToSql + Sync), Type);

/// A statement and its parameters.
#[derive(Debug)]
pub(super) struct Statement<'s> {
    sql: String,
    values: Values<'s>,
}

#[derive(Debug)]
enum Values<'s> {
    Plain(&'s [Param<'s>]),
    /// The arrays come after the site.
    Keyed(&'s str, Arrays<'s>),
    Arrays(Arrays<'s>),
}

impl<'s> Statement<'s> {
    pub(super) fn plain(sql: &str, params: &'s [Param<'s>]) -> Self {
        Self { sql: numbered(sql), values: Values::Plain(params) }
    }

    /// The statements of a query for many keys.
    pub(super) fn keyed(
        keyed: Keyed<'_>,
        site: &'s str,
        keys: &'s [Vec<Param<'s>>],
    ) -> Result<Vec<Self>, StoreFault> {
        let Keyed { select, key, tail } = keyed;
        let names: Vec<String> = (1..=key.len()).map(|at| format!("key_{at}")).collect();
        let equal = |(column, name): (&&str, &String)| format!("{column} = keys.{name}");
        let condition: Vec<String> = key.iter().zip(&names).map(equal).collect();
        let of_part = |keys: &'s [Vec<Param<'s>>]| {
            let arrays = Arrays::of(keys, key.len())?;
            // One look-up for each key, whatever the planner believes of tables that it has no figures of: OFFSET keeps it from
            // joining the keys with all rows of the site.
            let sql = format!(
                "SELECT found.* FROM unnest({}) AS keys ({}) \
                 CROSS JOIN LATERAL ({select} AND {} {tail} OFFSET 0) AS found",
                arrays.casts(2),
                names.join(", "),
                condition.join(" AND ")
            );
            Ok(Self { sql: numbered(&sql), values: Values::Keyed(site, arrays) })
        };
        keys.chunks(MAX_KEYS_PER_QUERY).map(of_part).collect()
    }

    /// The statements that insert rows.
    pub(super) fn inserts(insert: Insert<'_>, rows: &'s [Vec<Param<'s>>]) -> Result<Vec<Self>, StoreFault> {
        let Insert { table, columns, .. } = insert;
        let of_part = |rows: &'s [Vec<Param<'s>>]| {
            let arrays = Arrays::of(rows, insert.names().count())?;
            let sql = format!(
                "INSERT INTO {table} ({columns}) SELECT * FROM unnest({}){}",
                arrays.casts(1),
                insert.on_conflict()
            );
            Ok(Self { sql, values: Values::Arrays(arrays) })
        };
        rows.chunks(MAX_ROWS_PER_INSERT).map(of_part).collect()
    }

    pub(super) fn sql(&self) -> &str {
        &self.sql
    }

    pub(super) fn params(&self) -> Vec<Typed<'_>> {
        match &self.values {
            Values::Plain(params) => params.iter().map(typed).collect(),
            Values::Keyed(site, arrays) => {
                let site: Typed<'_> = (site, Type::TEXT);
                std::iter::once(site).chain(arrays.typed()).collect()
            }
            Values::Arrays(arrays) => arrays.typed().collect(),
        }
    }

    /// Runs it. Returns the number of rows that it affects.
    pub(super) async fn execute(&self, client: &Client) -> Result<u64, Error> {
        client.execute_typed(&self.sql, &self.params()).await
    }
}

fn typed<'p>(param: &'p Param<'_>) -> Typed<'p> {
    match param {
        Param::Text(text) => (text, Type::TEXT),
        Param::Int(number) => (number, Type::INT8),
        Param::Id(id) => (id, Type::UUID),
        Param::Bytes(bytes) => (bytes, Type::BYTEA),
        Param::Flag(flag) => (flag, Type::BOOL),
    }
}

/// A request whose answer is still to come.
pub(super) struct Sent<F: Future> {
    request: Pin<Box<F>>,
    answer: Option<F::Output>,
}

impl<F: Future> Sent<F> {
    /// Sends a request, which its first poll does.
    pub(super) async fn send(request: F) -> Self {
        let mut request = Box::pin(request);
        let poll = |context: &mut Context<'_>| match request.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => Poll::Ready(None),
        };
        let answer = poll_fn(poll).await;
        Self { request, answer }
    }

    /// Waits for the answer. Those to requests that were sent before have to be read first.
    pub(super) async fn answer(self) -> F::Output {
        match self.answer {
            Some(answer) => answer,
            None => self.request.await,
        }
    }
}

/// A statement whose parameters are called `$1` and not `?1`. A question mark that no digit follows stays.
fn numbered(sql: &str) -> String {
    let mut numbered = String::with_capacity(sql.len());
    let mut rest = sql.chars().peekable();
    while let Some(char) = rest.next() {
        let is_parameter = char == '?' && rest.peek().is_some_and(char::is_ascii_digit);
        numbered.push(if is_parameter { '$' } else { char });
    }
    numbered
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn parameters_are_numbered_with_dollars() {
        assert_eq!(numbered("SELECT ?1, '?' WHERE a = ?12 -- ?"), "SELECT $1, '?' WHERE a = $12 -- ?");
    }
}
